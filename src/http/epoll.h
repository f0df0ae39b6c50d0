/* epoll_wait as libmicrohttpd needs it. */
#ifndef HTTP_EPOLL_H
#define HTTP_EPOLL_H

/*
 * Does nothing. Whoever waits calls it once, and so the linker takes epoll_wait from beside it,
 * even where a sanitizer's library has one, too.
 */
void http_epoll_stand_in(void);

#endif
