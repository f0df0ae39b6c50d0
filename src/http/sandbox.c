/* The list of what may be called, made into a filter by libseccomp and given to every thread. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Whatever their arguments are. A name that the architecture has not is passed over. */
static const int ALLOWED[] = {
    /* descriptors that are there */
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait), SCMP_SYS(eventfd2),
    /* connections, from a socket that listens */
    SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(shutdown), SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    /* memory, but for what may make it executable */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    /* locks and processors; the last two are what a thread does that has just been started */
    SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    /* time, for machines on which it is asked of the kernel */
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall),
    SCMP_SYS(timerfd_settime),
    /* signals to oneself, and the end */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    /* what the process is and uses */
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getrusage), SCMP_SYS(getrandom)};

/* One way in which a call is allowed; those of one call are alternatives. */
struct exception {
    int call;
    unsigned conditions;
    struct scmp_arg_cmp condition[2];
};

#define ARGUMENT(number, value)                                              \
    {                                                                        \
        .arg = (number), .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)(value) \
    }
#define WITHOUT(number, bits)                                                                    \
    {                                                                                            \
        .arg = (number), .op = SCMP_CMP_MASKED_EQ, .datum_a = (scmp_datum_t)(bits), .datum_b = 0 \
    }

static const struct exception EXCEPTIONS[] = {
    {SCMP_SYS(mmap), 1, {WITHOUT(2, PROT_EXEC)}},
    {SCMP_SYS(mprotect), 1, {WITHOUT(2, PROT_EXEC)}},
    {SCMP_SYS(fcntl), 1, {ARGUMENT(1, F_DUPFD_CLOEXEC)}},
    {SCMP_SYS(fcntl), 1, {ARGUMENT(1, F_GETFD)}},
    {SCMP_SYS(fcntl), 1, {ARGUMENT(1, F_SETFD)}},
    {SCMP_SYS(fcntl), 1, {ARGUMENT(1, F_GETFL)}},
    {SCMP_SYS(fcntl), 1, {ARGUMENT(1, F_SETFL)}},

    /*
     * An address of two bytes is a family without an address: Linux takes it for AF_UNSPEC alone,
     * which dissolves a connection. What could connect anew in spite of that is sending to an
     * address with MSG_FASTOPEN, and TCP_FASTOPEN_CONNECT.
     */
    {SCMP_SYS(connect), 1, {ARGUMENT(2, sizeof(sa_family_t))}},
    {SCMP_SYS(sendto), 1, {ARGUMENT(4, 0)}},
    {SCMP_SYS(sendmsg), 1, {WITHOUT(2, MSG_FASTOPEN)}},
    {SCMP_SYS(setsockopt), 2, {ARGUMENT(1, IPPROTO_TCP), ARGUMENT(2, TCP_NODELAY)}},
    {SCMP_SYS(setsockopt), 2, {ARGUMENT(1, IPPROTO_TCP), ARGUMENT(2, TCP_CORK)}},

    {SCMP_SYS(ioctl), 1, {ARGUMENT(1, SIOCOUTQ)}},    /* how much a client has not read */
    {SCMP_SYS(prctl), 1, {ARGUMENT(0, PR_SET_NAME)}}, /* by a thread that has just been started */
    {SCMP_SYS(prlimit64), 2, {ARGUMENT(0, 0), ARGUMENT(2, 0)}}, /* reading one's own */
};

/* Returns 0 or a negative errno, as libseccomp does. */
static int add_rules(scmp_filter_ctx filter)
{
    int failed = 0;
    for (size_t i = 0; failed == 0 && i < sizeof ALLOWED / sizeof ALLOWED[0]; i++)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, ALLOWED[i], 0);
    for (size_t i = 0; failed == 0 && i < sizeof EXCEPTIONS / sizeof EXCEPTIONS[0]; i++)
        failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, EXCEPTIONS[i].call,
                                        EXCEPTIONS[i].conditions, EXCEPTIONS[i].condition);
    if (failed == 0) { /* abort() */
        const struct scmp_arg_cmp oneself[] = {ARGUMENT(0, getpid()), ARGUMENT(2, SIGABRT)};
        failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2, oneself);
    }
    return failed;
}

/*
 * By default libseccomp sets no_new_privs. To set what makes it every thread's, it asks the kernel:
 * -EOPNOTSUPP if that, or a container's own filter, has no seccomp(2) or takes no filters.
 */
static int set_attributes(scmp_filter_ctx filter)
{
    int failed = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
    if (failed == 0)
        failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    return failed;
}

/*
 * Where an allocation fails as it makes the program, libseccomp 2.5 crashes or never ends. What
 * this gives back stays with the allocator: several times what the filter takes.
 */
static bool has_memory(void)
{
    void *volatile reserve = malloc(1 << 20); /* volatile, or compilers leave it out */
    free(reserve);
    return reserve != NULL;
}

/* ---- What is denied ---- */

/* The kernel calls one handler for the process, whichever thread it was. */
static atomic_uint_fast64_t violations;
static atomic_int last_call;
static int violation_fd = -1; /* an eventfd; set before the filter is */

#if defined(__x86_64__)
#define RESULT(machine) (machine).gregs[REG_RAX]
#elif defined(__aarch64__)
#define RESULT(machine) (machine).regs[0]
#endif

#ifdef RESULT
static const uint32_t DENIAL = SCMP_ACT_TRAP;

/* The call ends as if the kernel had refused it: seccomp(2), SECCOMP_RET_TRAP. */
static void deny(int signal, siginfo_t *info, void *context)
{
    static const uint64_t one = 1;
    ucontext_t *interrupted = context;
    int before = errno;
    (void)signal;
    atomic_store(&last_call, info->si_syscall);
    atomic_fetch_add(&violations, 1);
    (void)!write(violation_fd, &one, sizeof one);
    RESULT(interrupted->uc_mcontext) = -EPERM;
    errno = before;
}

/* Returns 0 or a negative errno. */
static int watch_violations(void)
{
    const struct sigaction action = {.sa_sigaction = deny, .sa_flags = SA_SIGINFO | SA_RESTART};
    if (violation_fd < 0)
        violation_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return violation_fd >= 0 && sigaction(SIGSYS, &action, NULL) == 0 ? 0 : -errno;
}
#else
static const uint32_t DENIAL = SCMP_ACT_ERRNO(EPERM);

static int watch_violations(void)
{
    return 0;
}
#endif

uint64_t http_sandbox_violations(int *call)
{
    if (call != NULL)
        *call = atomic_load(&last_call);
    return atomic_load(&violations);
}

int http_sandbox_violation_fd(void)
{
    return violation_fd;
}

enum http_sandbox http_sandbox_enter(const char **reason)
{
    scmp_filter_ctx filter = has_memory() ? seccomp_init(DENIAL) : NULL;
    int failed = filter != NULL ? set_attributes(filter) : -ENOMEM;
    bool absent = failed == -EOPNOTSUPP;
    if (failed == 0)
        failed = add_rules(filter);
    if (failed == 0 && !SANITIZED)
        failed = watch_violations();
    if (failed == 0 && !SANITIZED)
        failed = seccomp_load(filter);
    if (filter != NULL)
        seccomp_release(filter);
    if (absent) {
        *reason = "the kernel or the container has no seccomp";
        return HTTP_SANDBOX_UNAVAILABLE;
    }
    if (failed != 0) {
        *reason = failed == -ESRCH ? "a thread has a filter of its own" : strerror(-failed);
        return HTTP_SANDBOX_FAILED;
    }
    if (SANITIZED) {
        *reason = "the build has a sanitizer, which needs more";
        return HTTP_SANDBOX_UNAVAILABLE;
    }
    return HTTP_SANDBOX_ON;
}
