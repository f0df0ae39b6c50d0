/* The worker pool: one mutex, and a ring of jobs that have tasks, of which each gets as much time.
 */
#include <dissolve/pool.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* The pool's mutex guards every member below but `cancelled`, and every batch. */
struct dissolve_job {
    struct dissolve_pool *pool;
    struct dissolve_batch *first; /* batches with unclaimed tasks, oldest first */
    struct dissolve_batch *last;
    struct dissolve_job *next; /* in the ring, while `first` is set */
    struct dissolve_job *previous;
    int64_t used;            /* nanoseconds of workers, see ring_insert */
    pthread_cond_t progress; /* a batch of this job has come to its end */
    atomic_bool cancelled;
};

struct dissolve_pool {
    pthread_mutex_t mutex;
    pthread_cond_t work;       /* the ring is no longer empty, or the pool is closing */
    struct dissolve_job *ring; /* any of them, the one after that which was served last */
    bool closing;
    unsigned threads;
    pthread_t workers[];
};

static bool batch_over(const struct dissolve_batch *batch)
{
    return batch->finished == batch->claimed && (batch->dropped || batch->claimed == batch->count);
}

/* The job in the ring that has used the least; of equals the first from `ring` on. */
static struct dissolve_job *find_least(const struct dissolve_pool *pool)
{
    struct dissolve_job *least = pool->ring;
    for (struct dissolve_job *job = least->next; job != pool->ring; job = job->next) {
        if (job->used < least->used)
            least = job;
    }
    return least;
}

/* A job that was not there has saved up no time: it has used no less than those that were. */
static void ring_insert(struct dissolve_pool *pool, struct dissolve_job *job)
{
    if (pool->ring) {
        int64_t least = find_least(pool)->used;
        if (job->used < least)
            job->used = least;
        job->next = pool->ring;
        job->previous = pool->ring->previous;
        job->previous->next = job;
        job->next->previous = job;
    } else {
        job->next = job->previous = job;
        pool->ring = job;
    }
}

static void ring_remove(struct dissolve_pool *pool, struct dissolve_job *job)
{
    if (pool->ring == job)
        pool->ring = job->next == job ? NULL : job->next;
    job->previous->next = job->next;
    job->next->previous = job->previous;
}

/* Claims the next task of the job that has used the least. */
static struct dissolve_batch *claim(struct dissolve_pool *pool, struct dissolve_job **owner,
                                    size_t *index)
{
    struct dissolve_job *job = find_least(pool);
    struct dissolve_batch *batch = job->first;
    *owner = job;
    *index = batch->claimed++;
    pool->ring = job->next;
    if (batch->claimed == batch->count) {
        job->first = batch->next;
        if (!job->first)
            ring_remove(pool, job);
    }
    return batch;
}

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void *worker(void *argument)
{
    struct dissolve_pool *pool = argument;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->ring && !pool->closing)
            pthread_cond_wait(&pool->work, &pool->mutex);
        if (!pool->ring)
            break;
        struct dissolve_job *job;
        size_t index;
        struct dissolve_batch *batch = claim(pool, &job, &index);
        pthread_mutex_unlock(&pool->mutex);
        int64_t begun = now_ns();
        batch->task(batch->context, index);
        int64_t used = now_ns() - begun;
        pthread_mutex_lock(&pool->mutex);
        job->used += used;
        batch->finished++;
        if (batch_over(batch))
            pthread_cond_broadcast(&job->progress);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

unsigned dissolve_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (unsigned)count : 1;
}

static void stop_workers(struct dissolve_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->threads; i++)
        pthread_join(pool->workers[i], NULL);
}

/* Four times what the deepest task takes, the exact measures of a mixture: see marginal.h. */
enum { STACK = 1 << 20 };

/*
 * Signals are the program's business, so that the workers inherit a mask that blocks all of them
 * but SIGSYS: a program that watches its system calls by seccomp would be ended by it.
 */
static bool start_workers(struct dissolve_pool *pool, unsigned threads)
{
    pthread_attr_t attributes;
    sigset_t blocked, before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    bool fits = pthread_attr_setstacksize(&attributes, STACK) == 0;
    while (fits && pool->threads < threads &&
           pthread_create(&pool->workers[pool->threads], &attributes, worker, pool) == 0)
        pool->threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return pool->threads == threads;
}

enum dissolve_status dissolve_pool_create(unsigned threads, struct dissolve_pool **out)
{
    *out = NULL;
    if (threads == 0)
        threads = dissolve_processors();
    struct dissolve_pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->workers[0]);
    if (!pool)
        return DISSOLVE_NO_MEMORY;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    if (!start_workers(pool, threads)) {
        dissolve_pool_destroy(pool);
        return DISSOLVE_SYSTEM;
    }
    *out = pool;
    return DISSOLVE_OK;
}

void dissolve_pool_destroy(struct dissolve_pool *pool)
{
    if (!pool)
        return;
    stop_workers(pool);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

unsigned dissolve_pool_threads(const struct dissolve_pool *pool)
{
    return pool->threads;
}

enum dissolve_status dissolve_job_create(struct dissolve_pool *pool, struct dissolve_job **out)
{
    struct dissolve_job *job = *out = calloc(1, sizeof *job);
    if (!job)
        return DISSOLVE_NO_MEMORY;
    job->pool = pool;
    pthread_cond_init(&job->progress, NULL);
    atomic_init(&job->cancelled, false);
    return DISSOLVE_OK;
}

void dissolve_job_destroy(struct dissolve_job *job)
{
    if (!job)
        return;
    pthread_cond_destroy(&job->progress);
    free(job);
}

void dissolve_job_cancel(struct dissolve_job *job)
{
    struct dissolve_pool *pool = job->pool;
    atomic_store(&job->cancelled, true);
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    if (job->first)
        ring_remove(pool, job);
    for (struct dissolve_batch *batch = job->first; batch; batch = batch->next)
        batch->dropped = true;
    job->first = NULL;
    pthread_cond_broadcast(&job->progress);
    pthread_mutex_unlock(&pool->mutex);
}

bool dissolve_job_cancelled(const struct dissolve_job *job)
{
    return atomic_load(&job->cancelled);
}

/* Without workers: all of it, here and now. */
static void run_batch(const struct dissolve_job *job, struct dissolve_batch *batch)
{
    batch->dropped = false;
    for (batch->claimed = 0; batch->claimed < batch->count && !batch->dropped;) {
        batch->dropped = atomic_load(&job->cancelled);
        if (!batch->dropped)
            batch->task(batch->context, batch->claimed++);
    }
    batch->finished = batch->claimed;
}

void dissolve_job_submit(struct dissolve_job *job, struct dissolve_batch *batch)
{
    struct dissolve_pool *pool = job->pool;
    if (!pool) {
        run_batch(job, batch);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    batch->next = NULL;
    batch->claimed = batch->finished = 0;
    batch->dropped = batch->count > 0 && atomic_load(&job->cancelled);
    if (batch->count > 0 && !batch->dropped) {
        if (job->first) {
            job->last->next = batch;
        } else {
            job->first = batch;
            ring_insert(pool, job);
        }
        job->last = batch;
        pthread_cond_broadcast(&pool->work);
    }
    pthread_mutex_unlock(&pool->mutex);
}

enum dissolve_status dissolve_job_wait(struct dissolve_job *job, struct dissolve_batch *batch)
{
    struct dissolve_pool *pool = job->pool;
    if (!pool)
        return batch->dropped ? DISSOLVE_CANCELLED : DISSOLVE_OK;
    pthread_mutex_lock(&pool->mutex);
    while (!batch_over(batch))
        pthread_cond_wait(&job->progress, &pool->mutex);
    bool dropped = batch->dropped;
    pthread_mutex_unlock(&pool->mutex);
    return dropped ? DISSOLVE_CANCELLED : DISSOLVE_OK;
}
