/* Those who take too long: what becomes of their connections. */
#ifndef HTTP_PATIENCE_H
#define HTTP_PATIENCE_H

#include "configuration.h"
#include "connections.h"
#include "metrics.h"

struct http_patience {
    const struct http_configuration *configuration; /* its timeouts */
    struct http_metrics *metrics;
    struct http_queue *queue;
    struct http_memory *memory;
    atomic_bool stopping; /* requests have no time left */
};

/*
 * An attendant's; context is the patience. Heads and bodies have their time, however slowly they
 * come. A job has its time, in the queue and at work, without what it waits for its reader; then it
 * is answered by 504, or cut off if its answer has begun. An answer has its time until all of it
 * has been sent. While stopping, bodies and jobs are answered by 503.
 */
void http_patience_check(void *context, struct http_connection *connection, int64_t now);

/*
 * The attendant's, when all have been checked. While new work waits for a thread or for memory, or
 * three quarters of what bodies may have are taken, the slowest client of those checked is cut off
 * that took its response, or sent its body, with less than min-rate over the last period: a reader
 * by a reset, a body by a 408.
 */
void http_patience_checked(void *context, struct http_connection *first);

/*
 * The same, of a client that closed the connection or its sending side. A client that closed the
 * connection (EPOLLHUP, EPOLLERR) has its job stopped at once. One that closed its sending side may
 * still read, and is served: its request, once complete, is answered. Since TCP does not tell it
 * from a client that closed the connection, http_patience_check tests it a second later, if its
 * response has not begun: 100 (Continue) is sent, by which a closed socket is known within a round
 * trip, and the job stops. HTTP/1.0 has no such response; there the job stops after that second. A
 * request that is incomplete a second after the last bytes came is given up.
 *
 * libmicrohttpd sees none of it while the connection is suspended; nor, until a timeout, where the
 * end came together with a part of a request, because after a short read it waits for an edge that
 * has been already. Shutting the socket down makes another edge.
 */
void http_patience_left(void *context, struct http_connection *connection);

#endif
