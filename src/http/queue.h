/* A bounded queue of work, fair between clients, and the threads that run it. */
#ifndef HTTP_QUEUE_H
#define HTTP_QUEUE_H

#include "client.h"

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_queue;

struct http_queue_options {
    unsigned threads; /* at least 1: work begins only while less than that runs and does not rest */
    unsigned spares;  /* threads beside those, for the places of what rests */
    size_t capacity;  /* how much may wait beyond a piece for each of those */
    unsigned per_client; /* pieces of one client that may run and not rest at a time; below
                            `threads`, one client's may also fill at most three quarters of the
                            capacity; at least 1 */
    uint64_t room;       /* of what rests; see http_queue_rest */
};

/*
 * A piece of work is the caller's memory, so that handing it over cannot fail for want of any.
 * What is not said to be the caller's is the queue's own, and zero before it is handed over.
 */
struct http_work {
    void (*run)(struct http_work *work); /* the caller's */
    struct http_client client;           /* the caller's: for whom it runs */
    uint64_t cost;                       /* the caller's: an estimate, in any unit */
    uint64_t turn;                       /* the smallest runs next */
    struct http_work *next;
    struct http_work **link;    /* what points to it; NULL: it does not wait */
    struct http_worker *worker; /* that runs it, or has; NULL: none has begun */
};

/* Starts all threads. The options are copied. NULL: it could not. */
DISSOLVE_MUST_USE struct http_queue *http_queue_create(const struct http_queue_options *options);

/*
 * Runs on one of the threads. Clients take turns, so that a client's next piece waits for at most
 * one of each other client's, and beside it for those that run; of a client's own pieces the one
 * with the least cost runs first, and of equals the first that came. false: full, for all or for
 * this client, or closed: it will not run. Takes a time that is linear in what waits.
 */
DISSOLVE_MUST_USE bool http_queue_submit(struct http_queue *queue, struct http_work *work);

/* Takes back what no thread has begun; its place is free. false: it runs, or has run, or never was
 * there. */
DISSOLVE_MUST_USE bool http_queue_withdraw(struct http_queue *queue, struct http_work *work);

/*
 * Whether the thread that runs the work only waits, for somebody outside. Then another takes its
 * place, if there is a spare one, and if all that rests, `size` of it this, fits into the room.
 * When it goes on, it runs beside what took its place, and nothing else begins until there is a
 * place again. Work that does not run cannot rest, and what ends no longer does. Any thread, as
 * often as it likes.
 */
void http_queue_rest(struct http_queue *queue, const struct http_work *work, bool rests,
                     uint64_t size);

/* How many pieces of work rest. */
size_t http_queue_resting(struct http_queue *queue);

/* Whether a submit of this client's would be refused right now. */
bool http_queue_full(struct http_queue *queue, const struct http_client *client);

/* How many pieces of work wait for a thread. */
size_t http_queue_length(struct http_queue *queue);

/* Whether all that was submitted has run, or was withdrawn. */
bool http_queue_idle(struct http_queue *queue);

/* Refuses further work and returns when all that was submitted has run. NULL is fine. */
void http_queue_close(struct http_queue *queue);

/* Closes it and frees it. NULL is fine. */
void http_queue_destroy(struct http_queue *queue);

#endif
