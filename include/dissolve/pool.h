/* The worker threads that all jobs share, fairly. */
#ifndef DISSOLVE_POOL_H
#define DISSOLVE_POOL_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct dissolve_pool;
struct dissolve_job;

/*
 * Starts `threads` workers; 0: one for each processor this process may run on. A process needs
 * one pool. DISSOLVE_SYSTEM: a thread could not be started. On an error *pool is NULL.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_pool_create(unsigned threads,
                                                            struct dissolve_pool **pool);

/* Ends the workers; every job must have been destroyed. NULL is fine. */
void dissolve_pool_destroy(struct dissolve_pool *pool);

unsigned dissolve_pool_threads(const struct dissolve_pool *pool);

/* How many processors this process may run on, at least 1: what 0 threads stand for. */
unsigned dissolve_processors(void);

/*
 * A job is one client of the pool. The workers take the next task from the job whose tasks have
 * taken the least time, so that each job gets as much time as any other, and a small job is not
 * stuck behind a large one. A job saves up no time while it has no tasks. The job belongs to the
 * caller, who destroys it once every batch it submitted has been waited for. NULL is fine for
 * destroy.
 *
 * pool NULL: a job without workers. Its batches run on the thread that submits them, before submit
 * returns: for work that is done sooner than another thread is woken.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_job_create(struct dissolve_pool *pool,
                                                           struct dissolve_job **job);
void dissolve_job_destroy(struct dissolve_job *job);

/* Tasks not begun are dropped from now on; those running go on to their end. Any thread. */
void dissolve_job_cancel(struct dissolve_job *job);
bool dissolve_job_cancelled(const struct dissolve_job *job);

/*
 * `count` calls task(context, 0 .. count - 1), in any order and side by side. A batch is the
 * caller's memory, zero-initialised but for its first three members, and must stay where it is
 * until dissolve_job_wait has returned for it.
 */
struct dissolve_batch {
    void (*task)(void *context, size_t index);
    void *context;
    size_t count;

    /* the pool's own */
    struct dissolve_batch *next;
    size_t claimed;
    size_t finished;
    bool dropped;
};

/* Hands a batch to the workers and returns at once. A job's batches start in the order submitted.
 */
void dissolve_job_submit(struct dissolve_job *job, struct dissolve_batch *batch);

/*
 * Returns when no task of the batch runs or will run. DISSOLVE_CANCELLED: some were dropped.
 * From any thread but a worker.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_job_wait(struct dissolve_job *job,
                                                         struct dissolve_batch *batch);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
