/* A place is counted memory, because a connection and what lingers on it end in either order. */
#include "seats.h"

#include <stdlib.h>

struct http_seat {
    struct http_seats *seats;
    struct http_address peer;
    bool counted; /* among its address's */
    atomic_uint holders;
};

static struct http_seat *refuse_seat(struct http_seats *seats, struct http_seat *seat,
                                     enum http_rejection cause, enum http_rejection *reason)
{
    atomic_fetch_sub(&seats->taken, 1);
    free(seat);
    *reason = cause;
    return NULL;
}

struct http_seat *http_seat_take(struct http_seats *seats, const struct http_address *peer,
                                 enum http_rejection *reason)
{
    if (atomic_fetch_add(&seats->taken, 1) >= seats->limit)
        return refuse_seat(seats, NULL, HTTP_REJECTED_CONNECTIONS, reason);
    struct http_seat *seat = calloc(1, sizeof *seat);
    if (seat == NULL)
        return refuse_seat(seats, NULL, HTTP_REJECTED_NO_MEMORY, reason);
    seat->seats = seats;
    atomic_init(&seat->holders, 1);
    seat->counted = peer != NULL && seats->peers != NULL;
    if (seat->counted) {
        seat->peer = *peer;
        if (!http_peers_enter(seats->peers, peer))
            return refuse_seat(seats, seat, HTTP_REJECTED_CONNECTIONS_PER_ADDRESS, reason);
    }
    return seat;
}

void http_seat_hold(struct http_seat *seat)
{
    atomic_fetch_add(&seat->holders, 1);
}

void http_seat_release(struct http_seat *seat)
{
    if (seat == NULL || atomic_fetch_sub(&seat->holders, 1) != 1)
        return;
    if (seat->counted)
        http_peers_leave(seat->seats->peers, &seat->peer);
    atomic_fetch_sub(&seat->seats->taken, 1);
    free(seat);
}

size_t http_seats_taken(const struct http_seats *seats)
{
    return atomic_load(&seats->taken);
}
