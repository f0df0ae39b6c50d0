/* The bounded queue: one mutex, a list of waiting work, and threads of which the first are called.
 */
#include "queue.h"

#include <pthread.h>
#include <stdlib.h>

struct http_worker {
    struct http_queue *queue;
    pthread_t thread;
    bool spare; /* it is called only while something rests: so few threads stay warm */
    const struct http_work *work; /* what it runs; NULL: nothing */
    bool rests;
    uint64_t size; /* of what rests */
};

/* The mutex is a leaf: work runs without it. */
struct http_queue {
    struct http_queue_options options;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* there is work and a place for it, or it is closed */
    pthread_cond_t vacated; /* the same, for spare threads */
    struct http_work *first;
    struct http_work **last;
    size_t waiting;
    size_t unfinished; /* waiting or running */
    size_t resting;
    uint64_t resting_size;
    size_t running;
    bool closed;
    size_t started; /* the creating and closing thread's own */
    struct http_worker workers[];
};

/* Of a piece that waits. */
static void unlink_work(struct http_queue *queue, struct http_work *work)
{
    *work->link = work->next;
    if (work->next != NULL)
        work->next->link = work->link;
    else
        queue->last = work->link;
    work->link = NULL;
    queue->waiting--;
}

static bool has_place(const struct http_queue *queue)
{
    return queue->first != NULL && queue->running - queue->resting < queue->options.threads;
}

/* Where nothing rests, a place is one of the first threads'. */
static void call(struct http_queue *queue)
{
    if (!has_place(queue))
        return;
    pthread_cond_signal(&queue->changed);
    if (queue->resting > 0)
        pthread_cond_signal(&queue->vacated);
}

static void call_all(struct http_queue *queue)
{
    pthread_cond_broadcast(&queue->changed);
    pthread_cond_broadcast(&queue->vacated);
}

static void set_rest(struct http_worker *worker, bool rests, uint64_t size)
{
    struct http_queue *queue = worker->queue;
    if (rests == worker->rests || (rests && size > queue->options.room - queue->resting_size))
        return;
    worker->rests = rests;
    if (rests) {
        worker->size = size;
        queue->resting++;
        queue->resting_size += size;
        call(queue);
    } else {
        queue->resting--;
        queue->resting_size -= worker->size;
    }
}

static void run_first(struct http_worker *worker)
{
    struct http_queue *queue = worker->queue;
    struct http_work *work = queue->first;
    unlink_work(queue, work);
    work->worker = worker;
    worker->work = work;
    queue->running++;
    pthread_mutex_unlock(&queue->mutex);
    work->run(work);
    pthread_mutex_lock(&queue->mutex);
    set_rest(worker, false, 0);
    worker->work = NULL;
    queue->running--;
    queue->unfinished--;
}

/* Until it is closed and no work waits. */
static void *serve(void *argument)
{
    struct http_worker *worker = argument;
    struct http_queue *queue = worker->queue;
    pthread_mutex_lock(&queue->mutex);
    while (queue->first != NULL || !queue->closed) {
        if (has_place(queue))
            run_first(worker);
        else
            pthread_cond_wait(worker->spare ? &queue->vacated : &queue->changed, &queue->mutex);
    }
    call_all(queue); /* the others need not wait for a place any more */
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

static size_t all_threads(const struct http_queue_options *options)
{
    return (size_t)options->threads + options->spares;
}

static bool start(struct http_queue *queue)
{
    struct http_worker *worker = &queue->workers[queue->started];
    worker->queue = queue;
    worker->spare = queue->started >= queue->options.threads;
    return pthread_create(&worker->thread, NULL, serve, worker) == 0;
}

struct http_queue *http_queue_create(const struct http_queue_options *options)
{
    size_t threads = all_threads(options);
    struct http_queue *queue = calloc(1, sizeof *queue + threads * sizeof queue->workers[0]);
    if (queue == NULL)
        return NULL;
    queue->options = *options;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
    pthread_cond_init(&queue->vacated, NULL);
    queue->last = &queue->first;
    while (queue->started < threads && start(queue))
        queue->started++;
    if (queue->started < threads) {
        http_queue_destroy(queue);
        return NULL;
    }
    return queue;
}

static bool refuses(const struct http_queue *queue)
{
    const struct http_queue_options *options = &queue->options;
    size_t spares = queue->resting < options->spares ? queue->resting : options->spares;
    return queue->closed || queue->unfinished >= options->threads + spares + options->capacity;
}

bool http_queue_submit(struct http_queue *queue, struct http_work *work)
{
    pthread_mutex_lock(&queue->mutex);
    bool taken = !refuses(queue);
    if (taken) {
        work->next = NULL;
        work->link = queue->last;
        *queue->last = work;
        queue->last = &work->next;
        queue->waiting++;
        queue->unfinished++;
        call(queue);
    }
    pthread_mutex_unlock(&queue->mutex);
    return taken;
}

bool http_queue_withdraw(struct http_queue *queue, struct http_work *work)
{
    pthread_mutex_lock(&queue->mutex);
    bool waits = work->link != NULL;
    if (waits) {
        unlink_work(queue, work);
        queue->unfinished--;
    }
    pthread_mutex_unlock(&queue->mutex);
    return waits;
}

void http_queue_rest(struct http_queue *queue, const struct http_work *work, bool rests,
                     uint64_t size)
{
    pthread_mutex_lock(&queue->mutex);
    if (work->worker != NULL && work->worker->work == work)
        set_rest(work->worker, rests, size);
    pthread_mutex_unlock(&queue->mutex);
}

size_t http_queue_resting(struct http_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t resting = queue->resting;
    pthread_mutex_unlock(&queue->mutex);
    return resting;
}

bool http_queue_full(struct http_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool full = refuses(queue);
    pthread_mutex_unlock(&queue->mutex);
    return full;
}

size_t http_queue_length(struct http_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t length = queue->waiting;
    pthread_mutex_unlock(&queue->mutex);
    return length;
}

bool http_queue_idle(struct http_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool idle = queue->unfinished == 0;
    pthread_mutex_unlock(&queue->mutex);
    return idle;
}

void http_queue_close(struct http_queue *queue)
{
    if (queue == NULL)
        return;
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    call_all(queue);
    pthread_mutex_unlock(&queue->mutex);
    while (queue->started > 0)
        pthread_join(queue->workers[--queue->started].thread, NULL);
}

void http_queue_destroy(struct http_queue *queue)
{
    if (queue == NULL)
        return;
    http_queue_close(queue);
    pthread_cond_destroy(&queue->changed);
    pthread_cond_destroy(&queue->vacated);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}
