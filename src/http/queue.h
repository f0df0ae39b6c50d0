/* A bounded queue of work, fair between clients, and the threads that run it. */
#ifndef HTTP_QUEUE_H
#define HTTP_QUEUE_H

#include "client.h"
#include "memory.h"

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_queue;
struct http_queue_client;

struct http_queue_options {
    unsigned threads;    /* at least 1 */
    size_t capacity;     /* how much that has not begun may wait beyond a piece for each of those */
    unsigned per_client; /* pieces of one client that may run at a time; below `threads`, one
                            client's may also fill at most three quarters of the capacity; at least
                            1 */
    struct http_memory *memory; /* borrowed; NULL: no work asks for any */
};

enum http_work_result {
    HTTP_WORK_DONE,
    HTTP_WORK_PAUSED, /* run again after http_queue_resume */
    HTTP_WORK_WAITS,  /* run again when its charge has the bytes in `memory`; it has few until
                         then, or those that wait could hold what all of them wait for */
};

enum http_work_state { HTTP_WORK_IDLE, HTTP_WORK_WAITING, HTTP_WORK_RUNNING, HTTP_WORK_STOPPED };

/*
 * A piece of work, of the caller's memory. What is not said to be the caller's is the queue's own,
 * and zero before it is handed over.
 */
struct http_work {
    enum http_work_result (*run)(struct http_work *work); /* the caller's; see http_queue_submit */
    struct http_client client;                            /* the caller's: for whom it runs */
    uint64_t cost;              /* the caller's: an estimate, in any unit */
    struct http_charge *charge; /* the caller's: of the queue's memory */
    uint64_t memory; /* the caller's, while it does not wait: bytes of a computation that the charge
                        needs before it runs, at least; the queue sets it to 0 when it has them */
    enum http_work_state state;
    bool begun;
    bool resumed; /* while it ran */
    struct http_queue_client *owner;
    struct http_work *next;
    struct http_work **link; /* what points to it, while it waits */
};

/* Starts all threads. The options are copied. NULL: it could not. */
DISSOLVE_MUST_USE struct http_queue *http_queue_create(const struct http_queue_options *options);

/*
 * Runs the work on one of the threads, until its run returns HTTP_WORK_DONE: then the queue does
 * not look at it any more. Clients take turns, so that a client's next piece waits for at most one
 * of each other client's, and beside it for those that run; of a client's own pieces the one with
 * the least cost runs first, and of equals the one that waits longest. Work whose memory does not
 * fit is passed over. false: full, for all or for this client, or closed, or no memory: it will not
 * run. The time is linear in the clients that have work here; to begin one, in what waits.
 */
DISSOLVE_MUST_USE bool http_queue_submit(struct http_queue *queue, struct http_work *work);

/*
 * Paused work goes on. Any thread, also while it still runs: then its next pause ends at once; also
 * what was withdrawn, which stays so. Never refused.
 */
void http_queue_resume(struct http_queue *queue, struct http_work *work);

/*
 * Takes back work that waits or is paused; its place is free. false: it runs, or is done, or never
 * was there. Of several calls one returns true.
 */
DISSOLVE_MUST_USE bool http_queue_withdraw(struct http_queue *queue, struct http_work *work);

/* Looks again whether memory fits what waits for it: `released` of struct http_memory_options. The
 * context is the queue. */
void http_queue_look(void *context);

/* Whether a submit of this client's would be refused right now. */
bool http_queue_full(struct http_queue *queue, const struct http_client *client);

/* How many pieces of work wait for a thread or for memory, and how many are paused. */
size_t http_queue_length(struct http_queue *queue);
size_t http_queue_paused(struct http_queue *queue);

/* Whether work that has not begun waits, or work that has and needs memory. */
bool http_queue_is_pressed(struct http_queue *queue);

/* Whether all that was submitted is done, or was withdrawn. */
bool http_queue_idle(struct http_queue *queue);

/*
 * Refuses further work and returns when all that was submitted is done or withdrawn, so that what
 * is paused has to be resumed or withdrawn. NULL is fine.
 */
void http_queue_close(struct http_queue *queue);

/* Closes it and frees it. NULL is fine. */
void http_queue_destroy(struct http_queue *queue);

#endif
