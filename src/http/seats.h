/* The places of connections: of all of them, and of each client address. */
#ifndef HTTP_SEATS_H
#define HTTP_SEATS_H

#include "metrics.h"
#include "peers.h"
#include <stdatomic.h>

/* Zero-initialised but for limit and peers; any thread may call the functions below. */
struct http_seats {
    size_t limit;
    struct http_peers *peers; /* NULL: addresses are not counted */
    atomic_size_t taken;
};

/* One connection's place, which it has until it is closed and nobody lingers on it. */
struct http_seat;

/*
 * Takes a place, held once; peer counts among its address's connections unless it is NULL. NULL: no
 * place is left, or no memory, and *reason says which.
 */
DISSOLVE_MUST_USE struct http_seat *http_seat_take(struct http_seats *seats,
                                                   const struct http_address *peer,
                                                   enum http_rejection *reason);

void http_seat_hold(struct http_seat *seat);

/* The last one gives the place back. NULL is fine. */
void http_seat_release(struct http_seat *seat);

/* How many places are taken. */
size_t http_seats_taken(const struct http_seats *seats);

#endif
