/* One thread that watches sockets and deadlines for everybody else. */
#ifndef HTTP_WATCHER_H
#define HTTP_WATCHER_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stdint.h>

struct http_watcher;

/*
 * What is watched. seen is called by the watcher's thread with the epoll events, or once with 0
 * when the deadline has passed; false: forget it. It must be quick and must not call the watcher.
 * Once forgotten, for whatever reason, nothing calls seen any more; then the descriptor is closed
 * if owned, and forgotten is called unless it is NULL.
 */
struct http_watch {
    int fd;
    uint32_t events; /* of epoll */
    bool owned;
    int64_t deadline; /* http_clock_now() + milliseconds; 0: none */
    bool (*seen)(void *context, uint32_t events);
    void (*forgotten)(void *context);
    void *context;
};

/* NULL: it could not. */
DISSOLVE_MUST_USE struct http_watcher *http_watcher_create(void);

/* Ends the thread and forgets all that is watched. NULL is fine. */
void http_watcher_destroy(struct http_watcher *watcher);

/*
 * Begins to watch and returns an id that no other watch will ever have; 0: it could not, and the
 * descriptor and the context are still the caller's. Any thread.
 */
DISSOLVE_MUST_USE uint64_t http_watcher_add(struct http_watcher *watcher,
                                            const struct http_watch *watch);

/* Forgets a watch. seen is not running when this returns. An id that is gone already is fine. */
void http_watcher_remove(struct http_watcher *watcher, uint64_t id);

/* Calls every watch as if its peer had hung up. Any thread. */
void http_watcher_hang_up(struct http_watcher *watcher);

#endif
