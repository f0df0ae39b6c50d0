/* The bounded queue: one mutex, a list of waiting work, and a condition for each kind of thread. */
#include "queue.h"

#include <pthread.h>
#include <stdlib.h>

struct worker {
    struct http_queue *queue;
    pthread_t thread;
    bool spare;
    const struct http_work *work; /* what it runs; NULL: nothing */
    bool rests;
    uint64_t size; /* of what rests */
};

/* The mutex is a leaf: work runs without it. */
struct http_queue {
    struct http_queue_options options;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* there is work, or it is closed */
    pthread_cond_t vacated; /* there is work and a place for a spare thread, or it is closed */
    struct http_work *first;
    struct http_work **last;
    size_t waiting;
    size_t unfinished; /* waiting or running */
    size_t resting;
    uint64_t resting_size;
    size_t replaced; /* spare threads that run work */
    bool closed;
    size_t started; /* the creating and closing thread's own */
    struct worker workers[];
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

static void set_rest(struct worker *worker, bool rests, uint64_t size)
{
    struct http_queue *queue = worker->queue;
    if (rests == worker->rests || (rests && size > queue->options.room - queue->resting_size))
        return;
    worker->rests = rests;
    if (rests) {
        worker->size = size;
        queue->resting++;
        queue->resting_size += size;
        if (queue->waiting > 0)
            pthread_cond_signal(&queue->vacated);
    } else {
        queue->resting--;
        queue->resting_size -= worker->size;
    }
}

static void run_first(struct worker *worker)
{
    struct http_queue *queue = worker->queue;
    struct http_work *work = queue->first;
    unlink_work(queue, work);
    worker->work = work;
    queue->replaced += worker->spare;
    pthread_mutex_unlock(&queue->mutex);
    work->run(work);
    pthread_mutex_lock(&queue->mutex);
    set_rest(worker, false, 0);
    worker->work = NULL;
    queue->replaced -= worker->spare;
    queue->unfinished--;
}

/* Until it is closed and all work is done. */
static void *serve(void *argument)
{
    struct worker *worker = argument;
    struct http_queue *queue = worker->queue;
    pthread_mutex_lock(&queue->mutex);
    while (queue->first != NULL || !queue->closed) {
        if (queue->first != NULL)
            run_first(worker);
        else
            pthread_cond_wait(&queue->changed, &queue->mutex);
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

static bool has_place(const struct http_queue *queue)
{
    return queue->first != NULL && queue->replaced < queue->resting;
}

/* Until it is closed; what is left is the others' to do. */
static void *stand_in(void *argument)
{
    struct worker *worker = argument;
    struct http_queue *queue = worker->queue;
    pthread_mutex_lock(&queue->mutex);
    while (!queue->closed) {
        if (has_place(queue))
            run_first(worker);
        else
            pthread_cond_wait(&queue->vacated, &queue->mutex);
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

static size_t all_threads(const struct http_queue_options *options)
{
    return (size_t)options->threads + options->spares;
}

static bool start(struct http_queue *queue)
{
    struct worker *worker = &queue->workers[queue->started];
    worker->queue = queue;
    worker->spare = queue->started >= queue->options.threads;
    return pthread_create(&worker->thread, NULL, worker->spare ? stand_in : serve, worker) == 0;
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
        pthread_cond_signal(&queue->changed);
        if (has_place(queue))
            pthread_cond_signal(&queue->vacated);
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
    for (size_t i = 0; i < all_threads(&queue->options); i++)
        if (queue->workers[i].work == work)
            set_rest(&queue->workers[i], rests, size);
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

void http_queue_close(struct http_queue *queue)
{
    if (queue == NULL)
        return;
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_cond_broadcast(&queue->vacated);
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
