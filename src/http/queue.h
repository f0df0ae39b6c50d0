/* A bounded queue of work and the threads that do it. */
#ifndef HTTP_QUEUE_H
#define HTTP_QUEUE_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>

struct http_queue;

/*
 * A piece of work is the caller's memory, so that handing it over cannot fail for want of any.
 * All of it but `run` is the queue's own, and zero before it is handed over.
 */
struct http_work {
    void (*run)(struct http_work *work);
    struct http_work *next;
    struct http_work **link; /* what points to it; NULL: it does not wait */
};

/*
 * Starts `threads` >= 1 threads; beyond one piece of work for each of them, at most `capacity` may
 * wait. NULL: it could not.
 */
DISSOLVE_MUST_USE struct http_queue *http_queue_create(unsigned threads, size_t capacity);

/* Runs, first come first served, on one of the threads. false: full or closed, it will not run. */
DISSOLVE_MUST_USE bool http_queue_submit(struct http_queue *queue, struct http_work *work);

/* Takes back what no thread has begun; its place is free. false: it runs, or has run, or never was
 * there. */
DISSOLVE_MUST_USE bool http_queue_withdraw(struct http_queue *queue, struct http_work *work);

/* Whether a submit would be refused right now. */
bool http_queue_full(struct http_queue *queue);

/* How many pieces of work wait for a thread. */
size_t http_queue_length(struct http_queue *queue);

/* Refuses further work and returns when all that was submitted has run. NULL is fine. */
void http_queue_close(struct http_queue *queue);

/* Closes it and frees it. NULL is fine. */
void http_queue_destroy(struct http_queue *queue);

#endif
