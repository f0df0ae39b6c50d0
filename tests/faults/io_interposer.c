/*
 * A library to preload (LD_PRELOAD) into the server: it lets chosen input and output calls fail, or
 * do less than was asked for, as a test outside the process says.
 *
 * Between the two is a file, which IO_FAULTS names and both map: a struct io_faults, zero at first.
 * To arm it: first = 0, the other members, first. Calls of the chosen kind are counted, whichever
 * thread makes them.
 *
 * A socket that an edge-triggered epoll set has is reported again only when it becomes ready, which
 * one that never ceased to be does not. So its watch is renewed whenever a call on it pretends that
 * there is nothing more to read, or no room to write.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum call { RECEIVE, SEND, ACCEPT, WAIT, WATCH, DUPLICATE, CREATE_EVENT, WRITE_LOG };

struct io_faults {
    _Atomic int64_t call;   /* the kind that fails */
    _Atomic int64_t count;  /* calls of it since this was zero */
    _Atomic int64_t first;  /* the number, from 1, of the one that fails; 0: none */
    _Atomic int64_t every;  /* not zero: so does each `every`-th call after it */
    _Atomic int64_t error;  /* its errno; 0: it handles one byte, or one event */
    _Atomic int64_t failed; /* how many did */
};

#define EXPORTED __attribute__((visibility("default")))

/* The next function of that name: a sanitizer's, or the C library's. */
#define NEXT(name) ((__typeof__(&name))next_function(#name, &next_##name))

static void *next_recvfrom, *next_send, *next_sendmsg, *next_accept4, *next_epoll_pwait,
    *next_epoll_ctl, *next_fcntl, *next_eventfd, *next_write;

int eventfd(unsigned count, int flags);

static void *next_function(const char *name, void **found)
{
    if (*found == NULL)
        *found = dlsym(RTLD_NEXT, name);
    return *found;
}

static struct io_faults *_Atomic shared;

/* All are looked up before the sandbox, in which no file can be opened. */
__attribute__((constructor)) static void share(void)
{
    const char *path = getenv("IO_FAULTS");
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        abort(); /* a test that can let nothing fail would pass */
    void *mapped = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED || NEXT(recvfrom) == NULL || NEXT(send) == NULL ||
        NEXT(sendmsg) == NULL || NEXT(accept4) == NULL || NEXT(epoll_pwait) == NULL ||
        NEXT(epoll_ctl) == NULL || NEXT(fcntl) == NULL || NEXT(eventfd) == NULL ||
        NEXT(write) == NULL)
        abort();
    close(file);
    atomic_store(&shared, mapped);
}

/* What becomes of a call: it is carried out, carried out in part, or it has failed. */
enum fate { WHOLE, PART, FAILED };

static enum fate decide(enum call call)
{
    struct io_faults *faults = atomic_load(&shared);
    if (faults == NULL || atomic_load(&faults->call) != (int64_t)call)
        return WHOLE;
    int64_t number = atomic_fetch_add(&faults->count, 1) + 1;
    int64_t first = atomic_load(&faults->first), every = atomic_load(&faults->every);
    bool chosen = first != 0 && (number == first ||
                                 (number > first && every != 0 && (number - first) % every == 0));
    if (!chosen)
        return WHOLE;
    atomic_fetch_add(&faults->failed, 1);
    int error = (int)atomic_load(&faults->error);
    if (error == 0)
        return PART;
    errno = error;
    return FAILED;
}

/* ---- Watches ---- */

enum { DESCRIPTORS = 1 << 12 };

/* The edge-triggered watch of a descriptor, of which its socket thread alone knows. */
static struct watch {
    int set;
    struct epoll_event event; /* without events: there is none */
} watches[DESCRIPTORS];

EXPORTED int epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    if (operation == EPOLL_CTL_ADD && decide(WATCH) == FAILED)
        return -1;
    bool is_edge_triggered = event != NULL && (event->events & EPOLLET) != 0;
    if (fd >= 0 && fd < DESCRIPTORS && operation == EPOLL_CTL_ADD && is_edge_triggered)
        watches[fd] = (struct watch){set, *event};
    else if (fd >= 0 && fd < DESCRIPTORS && operation == EPOLL_CTL_DEL && watches[fd].set == set)
        watches[fd] = (struct watch){0};
    return NEXT(epoll_ctl)(set, operation, fd, event);
}

static void renew_watch(int fd)
{
    int error = errno;
    if (fd >= 0 && fd < DESCRIPTORS && watches[fd].event.events != 0)
        (void)!NEXT(epoll_ctl)(watches[fd].set, EPOLL_CTL_MOD, fd, &watches[fd].event);
    errno = error;
}

EXPORTED int epoll_pwait(int set, struct epoll_event *events, int most, int timeout,
                         const sigset_t *signals)
{
    enum fate fate = decide(WAIT);
    if (fate == FAILED)
        return -1;
    return NEXT(epoll_pwait)(set, events, fate == PART ? 1 : most, timeout, signals);
}

/* ---- Bytes ---- */

EXPORTED ssize_t recvfrom(int fd, void *restrict bytes, size_t size, int flags,
                          struct sockaddr *restrict from, socklen_t *restrict from_size)
{
    enum fate fate = decide(RECEIVE);
    ssize_t count = -1;
    if (fate != FAILED)
        count =
            NEXT(recvfrom)(fd, bytes, fate == PART && size > 1 ? 1 : size, flags, from, from_size);
    if (fate != WHOLE)
        renew_watch(fd);
    return count;
}

EXPORTED ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    enum fate fate = decide(SEND);
    ssize_t count = -1;
    if (fate != FAILED)
        count = NEXT(send)(fd, bytes, fate == PART && size > 1 ? 1 : size, flags);
    if (fate != WHOLE)
        renew_watch(fd);
    return count;
}

EXPORTED ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    enum fate fate = decide(SEND);
    ssize_t count = -1;
    if (fate == WHOLE)
        return NEXT(sendmsg)(fd, message, flags);
    if (fate == PART && message->msg_iovlen > 0) {
        struct msghdr part = *message;
        struct iovec first = {message->msg_iov[0].iov_base, 1};
        part.msg_iov = &first;
        part.msg_iovlen = 1;
        count = NEXT(sendmsg)(fd, &part, flags);
    }
    renew_watch(fd);
    return count;
}

EXPORTED ssize_t write(int fd, const void *bytes, size_t size)
{
    enum fate fate = fd == STDERR_FILENO ? decide(WRITE_LOG) : WHOLE;
    if (fate == FAILED)
        return -1;
    return NEXT(write)(fd, bytes, fate == PART && size > 1 ? 1 : size);
}

/* ---- Descriptors ---- */

EXPORTED int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
    return decide(ACCEPT) == FAILED ? -1 : NEXT(accept4)(fd, address, size, flags);
}

EXPORTED int eventfd(unsigned count, int flags)
{
    return decide(CREATE_EVENT) == FAILED ? -1 : NEXT(eventfd)(count, flags);
}

EXPORTED int fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (command == F_DUPFD_CLOEXEC && decide(DUPLICATE) == FAILED)
        return -1;
    return NEXT(fcntl)(fd, command, argument);
}
