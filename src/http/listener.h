/* The socket that new connections come in by. */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "address.h"
#include "watcher.h"

struct http_listener;

/* Nothing may be NULL. */
struct http_listener_options {
    const struct http_address *address;
    struct http_watcher *watcher;
    void (*accepted)(void *context, int fd, const struct http_address *peer);
    void (*exhausted)(void *context); /* a connection was closed for want of descriptors */
    void *context;
    int descriptors; /* a connection has a lower number than this; 0: any */
};

/*
 * Listens on the address. From http_listener_start on each new connection is given to accepted, on
 * the watcher's thread, which then owns it; until then connections wait in the system's backlog.
 * The file of a Unix socket has the mode 0666 less the umask; one that nobody listens on is
 * replaced. NULL: the system refused, errno says why (EADDRINUSE: somebody listens there; ENOTSOCK:
 * the path is something else).
 */
DISSOLVE_MUST_USE struct http_listener *
http_listener_open(const struct http_listener_options *options);

/* false: no memory, and nothing is accepted. */
DISSOLVE_MUST_USE bool http_listener_start(struct http_listener *listener);

/* Where it listens: with the port that the system picked, if port 0 was asked for. */
const struct http_address *http_listener_address(const struct http_listener *listener);

/* Stops listening, and removes the file of a Unix socket; accepted is not called any more when this
 * returns. NULL is fine. */
void http_listener_close(struct http_listener *listener);

#endif
