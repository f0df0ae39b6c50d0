/*
 * epoll_wait, in the place of the C library's, for the sake of libmicrohttpd (0.9.75): it asks for
 * 128 events at a time, asks again when it got as many, and only then looks at what it got; and it
 * asks again with all of its patience. So where 128 connections are ready together, or 256, and no
 * other becomes so, they would wait for as long as a connection may be idle. Who got all that was
 * asked for is not kept waiting here: there is nothing, or more, at once.
 */
#include "epoll.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>

void http_epoll_stand_in(void)
{
}

/* libmicrohttpd finds it by its name, the name of what it stands for. */
__attribute__((visibility("default"))) int epoll_wait(int epfd, struct epoll_event *events,
                                                      int maxevents, int timeout)
{
    static _Thread_local bool full; /* this thread's last one; each has one set that it waits for */
    int count = epoll_pwait(epfd, events, maxevents, full ? 0 : timeout, NULL);
    full = count == maxevents;
    return count;
}
