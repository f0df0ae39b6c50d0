/* Reads and discards, on the watcher's thread. */
#include "linger.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 2000, READS_AT_ONCE = 16, READ_SIZE = 32768 };

struct leftover {
    int fd;
    uint64_t left; /* bytes that may still come */
    struct http_seat *seat;
};

/* EPOLLHUP ends it only through the reads: a client may have sent all and still wait to read. */
static bool discard(void *context, uint32_t events)
{
    struct leftover *leftover = context;
    char bytes[READ_SIZE];
    if (events == 0)
        return false;
    for (int i = 0; i < READS_AT_ONCE; i++) {
        ssize_t count = recv(leftover->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        if (count == 0 || (uint64_t)count > leftover->left)
            return false;
        leftover->left -= (uint64_t)count;
    }
    return true;
}

static void forget_leftover(void *context)
{
    struct leftover *leftover = context;
    http_seat_release(leftover->seat);
    free(leftover);
}

void http_linger(struct http_watcher *watcher, int fd, uint64_t limit, struct http_seat *seat,
                 int descriptors)
{
    struct leftover *leftover = malloc(sizeof *leftover);
    if (leftover == NULL)
        return;
    *leftover = (struct leftover){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .left = limit, .seat = seat};
    http_seat_hold(seat);
    struct http_watch watch = {.fd = leftover->fd,
                               .events = EPOLLIN,
                               .owned = true,
                               .deadline = http_clock_now() + PATIENCE_MS,
                               .seen = discard,
                               .forgotten = forget_leftover,
                               .context = leftover};
    bool allowed = leftover->fd >= 0 && (descriptors == 0 || leftover->fd < descriptors);
    if (allowed && http_watcher_add(watcher, &watch) != 0)
        return;
    if (leftover->fd >= 0)
        close(leftover->fd);
    forget_leftover(leftover);
}
