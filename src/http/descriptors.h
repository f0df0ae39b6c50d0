/* The process's file descriptors: those it begins with, and how many it may have. */
#ifndef HTTP_DESCRIPTORS_H
#define HTTP_DESCRIPTORS_H

#include "configuration.h"
#include "log.h"

enum { HTTP_DESCRIPTORS_LEAST = 64 }; /* a lower limit is refused */

struct http_descriptors {
    uint64_t limit;  /* RLIMIT_NOFILE */
    uint64_t asked;  /* max_connections, before it was lowered */
    int for_clients; /* a connection of a client gets a lower number than this */
    bool fits;       /* the limit is at least HTTP_DESCRIPTORS_LEAST */
    bool lowered;    /* max_connections */
};

/*
 * Closes whatever was inherited beside 0, 1 and 2, and opens those of them that are closed on
 * /dev/null: otherwise a socket could become the stderr that the log is written to. Before anything
 * else is opened. false: it could not; errno says why.
 */
DISSOLVE_MUST_USE bool http_descriptors_clean(void);

/*
 * Raises the soft limit to the hard one, and lowers max_connections to what that has room for. The
 * reserve is 40 for the process itself (it has 22 with an admin listener), and for the admin
 * listener's connections and for copies of those that linger a quarter of the rest of the limit, at
 * most 60.
 */
struct http_descriptors http_descriptors_fit(struct http_configuration *configuration);

/* Says what was lowered, or that the limit is too low. */
void http_descriptors_log(const struct http_descriptors *descriptors,
                          const struct http_configuration *configuration, struct http_log *log);

/*
 * Says that a connection was closed for want of descriptors, at most once a second; *logged is 0 at
 * first. One thread at a time.
 */
void http_descriptors_log_exhausted(struct http_log *log, int64_t *logged);

#endif
