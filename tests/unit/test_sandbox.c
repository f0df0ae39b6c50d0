/* The sandbox: what every thread is denied and what it still can, in processes that end with it. */
#include "expect.h"

#include "codec/gzip.h"
#include "codec/image.h"
#include "codec/png.h"
#include "failing_malloc.h"
#include "http/sandbox.h"
#include "judge.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

#ifdef SANITIZED
#define ON     HTTP_SANDBOX_UNAVAILABLE
#define FAILED HTTP_SANDBOX_UNAVAILABLE
static const bool enforced = false;
#else
#define ON     HTTP_SANDBOX_ON
#define FAILED HTTP_SANDBOX_FAILED
static const bool enforced = true;
#endif

/* ---- In a process of its own, which ends with 0 if all was as it has to be ---- */

#define REQUIRE(condition)                                                                        \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            fprintf(stderr, "line %d: not so: %s (%s)\n", __LINE__, #condition, strerror(errno)); \
            _exit(1);                                                                             \
        }                                                                                         \
    } while (0)

/* The status that waitpid gives of a process that runs it. */
static int status_of(void (*body)(void))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        body();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void enter(void)
{
    const char *reason = NULL;
    REQUIRE(http_sandbox_enter(&reason) == ON);
    REQUIRE(enforced ? reason == NULL : strstr(reason, "sanitizer") != NULL);
}

/* ---- What is denied ---- */

static void is_counted(void)
{
    uint64_t news = 0;
    int call = 0;
    enter();
    REQUIRE(http_sandbox_violations(NULL) == 0);
    if (!enforced)
        return;
    for (uint64_t i = 1; i <= 3; i++) {
        errno = 0;
        REQUIRE(syscall(SYS_getppid) == -1 && errno == EPERM);
        REQUIRE(http_sandbox_violations(&call) == i && call == SYS_getppid);
    }
    REQUIRE(read(http_sandbox_violation_fd(), &news, sizeof news) == sizeof news && news == 3);
}

static void what_is_denied_is_counted(void **state)
{
    (void)state;
    assert_int_equal(status_of(is_counted), 0);
}

struct attempt {
    const char *name;
    long call;
    long arguments[6];
};

/* No descriptor, so that even what is let through by mistake does nothing: that is EBADF then. */
enum { NONE = -1 };
enum { FASTOPEN_CONNECT = 30, NEW_SOCKET = SOCK_STREAM };

static char no_file[] = "/nonexistent/file";
static char a_file[] = "/proc/self/status";
static char a_program[] = "/bin/true";
static char *no_words[] = {NULL};
static const struct sockaddr_in an_address = {.sin_family = AF_INET};
static const struct sockaddr a_family = {.sa_family = AF_UNSPEC};
static const struct rlimit a_limit = {16, 16};
static const int yes = 1;

#define AT(object) (long)(object)

static const struct attempt attempts[] = {
#ifdef SYS_open
    {"open", SYS_open, {AT(a_file), O_RDONLY}},
    {"creat", SYS_creat, {AT(no_file), 0600}},
    {"fork", SYS_fork, {0}},
    {"unlink", SYS_unlink, {AT(no_file)}},
    {"stat", SYS_stat, {AT(a_file), NONE}},
    {"dup2", SYS_dup2, {NONE, 2}},
#endif
    {"openat", SYS_openat, {AT_FDCWD, AT(a_file), O_RDONLY}},
    {"openat2", SYS_openat2, {AT_FDCWD, AT(a_file), 0, 0}},
    {"memfd_create", SYS_memfd_create, {AT(no_file), 0}},
    {"unlinkat", SYS_unlinkat, {AT_FDCWD, AT(no_file), 0}},
    {"renameat2", SYS_renameat2, {AT_FDCWD, AT(no_file), AT_FDCWD, AT(no_file), 0}},
    {"newfstatat", SYS_newfstatat, {AT_FDCWD, AT(a_file), NONE, 0}},
    {"readlinkat", SYS_readlinkat, {AT_FDCWD, AT(a_file), NONE, 0}},
    {"getdents64", SYS_getdents64, {NONE, 0, 0}},
    {"chdir", SYS_chdir, {AT(no_file)}},
    {"chroot", SYS_chroot, {AT(no_file)}},
    {"ftruncate", SYS_ftruncate, {NONE, 0}},
    {"mount", SYS_mount, {AT(no_file), AT(no_file), AT(no_file), 0, 0}},
    {"io_uring_setup", SYS_io_uring_setup, {0, 0}},

    {"execve", SYS_execve, {AT(a_program), AT(no_words), AT(no_words)}},
    {"execveat", SYS_execveat, {AT_FDCWD, AT(a_program), AT(no_words), AT(no_words), 0}},
    {"clone of a process", SYS_clone, {SIGCHLD}},
    {"clone of a thread", SYS_clone, {CLONE_THREAD | CLONE_SIGHAND | CLONE_VM}},
    {"clone3", SYS_clone3, {NONE, 0}},
    {"ptrace", SYS_ptrace, {PTRACE_ATTACH, NONE, 0, 0}},
    {"process_vm_readv", SYS_process_vm_readv, {NONE, 0, 0, 0, 0, 0}},
    {"process_vm_writev", SYS_process_vm_writev, {NONE, 0, 0, 0, 0, 0}},
    {"kill", SYS_kill, {0, 0}},
    {"tgkill of another", SYS_tgkill, {1, 1, SIGABRT}},
    {"unshare", SYS_unshare, {0}},
    {"setns", SYS_setns, {NONE, 0}},
    {"setuid", SYS_setuid, {NONE}},
    {"setgroups", SYS_setgroups, {0, 0}},
    {"capset", SYS_capset, {0, 0}},
    {"personality", SYS_personality, {0xffffffff}},
    {"prctl", SYS_prctl, {PR_SET_DUMPABLE, 1}},
    {"prlimit64", SYS_prlimit64, {0, RLIMIT_NOFILE, AT(&a_limit), 0}},
    {"prlimit64 of another", SYS_prlimit64, {1, RLIMIT_NOFILE, 0, 0}},
    {"seccomp", SYS_seccomp, {SECCOMP_GET_ACTION_AVAIL, 0, 0}},
    {"bpf", SYS_bpf, {NONE, 0, 0}},
    {"perf_event_open", SYS_perf_event_open, {0, 0, NONE, NONE, 0}},

    {"mmap, executable", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, NONE, 0}},
    {"mprotect, executable", SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}},
    {"pkey_mprotect", SYS_pkey_mprotect, {0, 4096, PROT_READ, 0}},
    {"shmat", SYS_shmat, {NONE, 0, 0}},

    {"socket", SYS_socket, {AF_INET, NEW_SOCKET, 0}},
    {"socketpair", SYS_socketpair, {AF_UNIX, NEW_SOCKET, 0, 0}},
    {"bind", SYS_bind, {NONE, AT(&an_address), sizeof an_address}},
    {"listen", SYS_listen, {NONE, 1}},
    {"connect", SYS_connect, {NONE, AT(&an_address), sizeof an_address}},
    {"connect to a name", SYS_connect, {NONE, AT(&a_family), 110}},
    {"sendto", SYS_sendto, {NONE, 0, 0, 0, AT(&an_address), sizeof an_address}},
    {"sendto that connects", SYS_sendto, {NONE, 0, 0, MSG_FASTOPEN, AT(&an_address), 16}},
    {"sendmsg that connects", SYS_sendmsg, {NONE, 0, MSG_FASTOPEN}},
    {"recvmsg, which takes descriptors in", SYS_recvmsg, {NONE, 0, 0}},
    {"sendmmsg", SYS_sendmmsg, {NONE, 0, 0, 0}},
    {"setsockopt", SYS_setsockopt, {NONE, IPPROTO_TCP, FASTOPEN_CONNECT, AT(&yes), 4}},
    {"setsockopt of the socket", SYS_setsockopt, {NONE, SOL_SOCKET, TCP_NODELAY, AT(&yes), 4}},
    {"fcntl", SYS_fcntl, {NONE, F_SETOWN, 0}},
    {"ioctl", SYS_ioctl, {NONE, 0, 0}},
};

static void is_denied_all(void)
{
    for (size_t i = 0; enforced && i < COUNT(attempts); i++) {
        const long *a = attempts[i].arguments;
        errno = 0;
        long done = syscall(attempts[i].call, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (done != -1 || errno != EPERM) {
            fprintf(stderr, "%s: %ld, %s\n", attempts[i].name, done, strerror(errno));
            _exit(1);
        }
    }
}

/* ---- What works ---- */

/* Made before the sandbox is entered, by the process that enters it. */
struct opened {
    int pair[2];
    int listening;
    int client; /* connected to it */
    int memory; /* /proc/self/statm */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned inside; /* threads that have seen the sandbox, or the thread that entered it */
};

static struct opened opened = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                               .changed = PTHREAD_COND_INITIALIZER};

static void open_all(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, opened.pair) == 0);
    opened.listening = socket(AF_INET, SOCK_STREAM, 0);
    opened.client = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(bind(opened.listening, (struct sockaddr *)&address, size) == 0);
    REQUIRE(listen(opened.listening, 8) == 0);
    REQUIRE(getsockname(opened.listening, (struct sockaddr *)&address, &size) == 0);
    REQUIRE(connect(opened.client, (struct sockaddr *)&address, size) == 0);
    opened.memory = open("/proc/self/statm", O_RDONLY);
    REQUIRE(opened.memory >= 0);
}

static void can_use_memory(void)
{
    for (size_t size = 1; size <= 16u << 20; size *= 4) {
        char *bytes = malloc(size);
        REQUIRE(bytes != NULL);
        bytes[size - 1] = 1;
        bytes = realloc(bytes, 2 * size);
        REQUIRE(bytes != NULL && bytes[size - 1] == 1);
        free(bytes);
    }
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
    page[0] = 1;
    REQUIRE(munmap(page, 4096) == 0);
}

static void can_know_and_wait(void)
{
    struct timespec time = {.tv_nsec = 1};
    struct rlimit limit;
    struct rusage usage;
    cpu_set_t processors;
    char text[64];
    REQUIRE(nanosleep(&time, NULL) == 0);
    REQUIRE(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time) == 0);
    REQUIRE(getrandom(text, sizeof text, 0) == sizeof text);
    REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    REQUIRE(getrusage(RUSAGE_SELF, &usage) == 0);
    REQUIRE(sched_getaffinity(0, sizeof processors, &processors) == 0);
    REQUIRE(pread(opened.memory, text, sizeof text, 0) > 0);
    REQUIRE(prctl(PR_SET_NAME, "inside") == 0);
}

static void can_use_descriptors(void)
{
    int copy = fcntl(opened.pair[0], F_DUPFD_CLOEXEC, 0);
    int event = eventfd(0, EFD_CLOEXEC);
    eventfd_t told;
    char byte = 0;
    REQUIRE(copy >= 0 && event >= 0);
    REQUIRE(send(copy, "a", 1, MSG_NOSIGNAL) == 1);
    REQUIRE(read(opened.pair[1], &byte, 1) == 1 && byte == 'a');
    REQUIRE(eventfd_write(event, 1) == 0 && eventfd_read(event, &told) == 0);
    REQUIRE(close(copy) == 0 && close(event) == 0);
}

static void *thread_inside(void *context)
{
    (void)context;
    pthread_mutex_lock(&opened.mutex);
    while (opened.inside == 0)
        pthread_cond_wait(&opened.changed, &opened.mutex);
    is_denied_all();
    can_use_memory();
    can_know_and_wait();
    can_use_descriptors();
    opened.inside++;
    pthread_mutex_unlock(&opened.mutex);
    return NULL;
}

static void body_of_threads(void)
{
    pthread_t threads[3];
    open_all();
    for (size_t i = 0; i < COUNT(threads); i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_inside, NULL) == 0);
    enter();
    pthread_mutex_lock(&opened.mutex);
    opened.inside = 1;
    pthread_cond_broadcast(&opened.changed);
    pthread_mutex_unlock(&opened.mutex);
    for (size_t i = 0; i < COUNT(threads); i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    REQUIRE(opened.inside == 1 + COUNT(threads));
    is_denied_all();
    can_use_memory();
    can_know_and_wait();
    can_use_descriptors();
}

static void every_thread_is_inside(void **state)
{
    (void)state;
    assert_int_equal(status_of(body_of_threads), 0);
}

/* ---- Connections ---- */

static void body_of_connections(void)
{
    char byte = 0;
    const int on = 1;
    open_all();
    enter();
    int server = accept4(opened.listening, NULL, NULL, SOCK_CLOEXEC);
    REQUIRE(server >= 0);
    REQUIRE(setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    REQUIRE(setsockopt(server, IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0);
    REQUIRE(send(server, "a", 1, 0) == 1 && shutdown(opened.client, SHUT_WR) == 0);
    REQUIRE(recv(server, &byte, 1, 0) == 0);

    /* What it takes to end an answer that is cut off so that the client can tell. */
    REQUIRE(connect(server, &a_family, sizeof a_family.sa_family) == 0);
    errno = 0;
    while (recv(opened.client, &byte, 1, 0) > 0)
        continue;
    REQUIRE(errno == ECONNRESET);

    /* And the same call connects to nothing, whatever the address begins with. */
    for (sa_family_t family = 1; family < AF_MAX; family++) {
        struct sockaddr address = {.sa_family = family};
        REQUIRE(connect(server, &address, sizeof address.sa_family) == -1);
        REQUIRE(connect(opened.pair[0], &address, sizeof address.sa_family) == -1);
    }
}

static void connections_are_taken_and_reset_but_not_made(void **state)
{
    (void)state;
    assert_int_equal(status_of(body_of_connections), 0);
}

/* ---- Codecs ---- */

enum { SIDE = 64 };

static uint8_t jpeg[1 << 16];
static size_t jpeg_size;

static bool count_bytes(void *context, const void *bytes, size_t size)
{
    (void)bytes;
    *(size_t *)context += size;
    return true;
}

static void body_of_codecs(void)
{
    uint8_t pixels[SIDE * SIDE * 3];
    char detail[CODEC_DETAIL];
    struct codec_image image;
    struct codec_buffer png = {0};
    struct codec_gzip *gzip;
    size_t compressed = 0;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * i >> 7);
    enter();
    const struct codec_raster raster = {SIDE, SIDE, 3, pixels};
    const struct codec_png_options best = {.compression = CODEC_COMPRESSION_BEST};
    REQUIRE(codec_png_encode(&raster, &best, &png) == DISSOLVE_OK);
    REQUIRE(codec_image_decode(png.data, png.size, 1 << 20, NULL, &image, detail) == DISSOLVE_OK);
    REQUIRE(memcmp(image.pixels, pixels, sizeof pixels) == 0);
    codec_image_free(&image);
    codec_buffer_free(&png);
    REQUIRE(codec_image_decode(jpeg, jpeg_size, 1 << 20, NULL, &image, detail) == DISSOLVE_OK);
    REQUIRE(image.width == SIDE && image.height == SIDE);
    codec_image_free(&image);
    REQUIRE(codec_image_decode(jpeg, jpeg_size / 2, 1 << 20, NULL, &image, detail) ==
            DISSOLVE_MALFORMED);
    REQUIRE(codec_gzip_create(count_bytes, &compressed, &gzip) == DISSOLVE_OK);
    REQUIRE(codec_gzip_write(gzip, pixels, sizeof pixels) == DISSOLVE_OK);
    REQUIRE(codec_gzip_finish(gzip) == DISSOLVE_OK);
    REQUIRE(compressed > 0);
    codec_gzip_destroy(gzip);
}

static void the_codecs_work_inside(void **state)
{
    (void)state;
    jpeg_size =
        judge("import io, random, sys\n"
              "from PIL import Image, ImageOps\n"
              "image = Image.frombytes('RGB', (64, 64), random.Random(1).randbytes(12288))\n"
              "exif = Image.Exif()\n"
              "exif[0x0112] = 6\n"
              "image.save(sys.stdout.buffer, 'JPEG', progressive=True, exif=exif)\n",
              "", 0, jpeg, sizeof jpeg);
    assert_true(jpeg_size > 1000);
    assert_int_equal(status_of(body_of_codecs), 0);
}

/* ---- Entering ---- */

static void body_of_abort(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    enter();
    abort();
}

static void abort_ends_the_process_by_its_signal(void **state)
{
    (void)state;
    int status = status_of(body_of_abort);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void body_of_a_second_time(void)
{
    const char *reason = NULL;
    enter();
    REQUIRE(http_sandbox_enter(&reason) == FAILED);
    REQUIRE(strlen(reason) > 0);
    is_denied_all();
}

static void a_second_time_fails_and_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(status_of(body_of_a_second_time), 0);
}

/* A filter by hand, on the calling thread: calls of that number fail with the error. */
static void filter(unsigned call, unsigned error)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {COUNT(steps), steps};
    REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    REQUIRE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void require_unavailable(void)
{
    const char *reason = NULL;
    REQUIRE(http_sandbox_enter(&reason) == HTTP_SANDBOX_UNAVAILABLE);
    REQUIRE(strstr(reason, "no seccomp") != NULL);
    int file = open(a_file, O_RDONLY);
    REQUIRE(file >= 0 && close(file) == 0);
}

static void body_of_an_old_kernel(void)
{
    filter(SYS_seccomp, ENOSYS);
    require_unavailable();
}

static void body_of_a_strict_container(void)
{
    filter(SYS_seccomp, EPERM);
    require_unavailable();
}

/* seccomp(2) is there, but takes no filters. */
static void body_of_a_lean_kernel(void)
{
    filter(SYS_seccomp, EINVAL);
    require_unavailable();
}

static void without_seccomp_it_is_unavailable(void **state)
{
    (void)state;
    assert_int_equal(status_of(body_of_an_old_kernel), 0);
    assert_int_equal(status_of(body_of_a_strict_container), 0);
    assert_int_equal(status_of(body_of_a_lean_kernel), 0);
}

static void *thread_of_its_own(void *context)
{
    pthread_barrier_t *barrier = context;
    filter(SYS_acct, EPERM);
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
    return NULL;
}

static void body_of_a_filter_of_its_own(void)
{
    const char *reason = NULL;
    pthread_barrier_t barrier;
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 2);
    REQUIRE(pthread_create(&thread, NULL, thread_of_its_own, &barrier) == 0);
    pthread_barrier_wait(&barrier);
    REQUIRE(http_sandbox_enter(&reason) == FAILED);
    REQUIRE(!enforced || strstr(reason, "a filter of its own") != NULL);
    int file = open(a_file, O_RDONLY);
    REQUIRE(file >= 0 && close(file) == 0);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&barrier);
}

static void a_thread_that_cannot_enter_keeps_all_out(void **state)
{
    (void)state;
    assert_int_equal(status_of(body_of_a_filter_of_its_own), 0);
}

static long failing;

/* A copy that libseccomp keeps for the next rule may fail: then the filter is no worse. */
static void body_of_no_memory(void)
{
    const char *reason = NULL;
    fail_allocation(failing);
    enum http_sandbox entered = http_sandbox_enter(&reason);
    REQUIRE(allocation_failed());
    if (entered == ON) {
        is_denied_all();
        return;
    }
    REQUIRE(entered == HTTP_SANDBOX_FAILED);
    REQUIRE(strcmp(reason, strerror(ENOMEM)) == 0);
    REQUIRE(access(a_file, R_OK) == 0); /* nothing has been entered */
}

/* The reserve, the filter, attributes and rules; beyond them libseccomp breaks down. */
static void without_memory_it_fails_and_says_so(void **state)
{
    (void)state;
    for (failing = 0; failing < 100; failing++)
        assert_int_equal(status_of(body_of_no_memory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_thread_is_inside),
        cmocka_unit_test(connections_are_taken_and_reset_but_not_made),
        cmocka_unit_test(the_codecs_work_inside),
        cmocka_unit_test(abort_ends_the_process_by_its_signal),
        cmocka_unit_test(a_second_time_fails_and_changes_nothing),
        cmocka_unit_test(what_is_denied_is_counted),
        cmocka_unit_test(without_seccomp_it_is_unavailable),
        cmocka_unit_test(a_thread_that_cannot_enter_keeps_all_out),
        cmocka_unit_test(without_memory_it_fails_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
