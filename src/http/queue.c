/* The bounded queue: one mutex, one condition, a list of waiting work. */
#include "queue.h"

#include <pthread.h>
#include <stdlib.h>

/* The mutex is a leaf: work runs without it. */
struct http_queue {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct http_work *first;
    struct http_work **last;
    size_t waiting;
    size_t unfinished; /* waiting or running */
    size_t capacity;   /* of both together */
    bool closed;
    unsigned started;
    pthread_t threads[];
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

static void *serve(void *argument)
{
    struct http_queue *queue = argument;
    pthread_mutex_lock(&queue->mutex);
    for (;;) {
        while (queue->first == NULL && !queue->closed)
            pthread_cond_wait(&queue->changed, &queue->mutex);
        struct http_work *work = queue->first;
        if (work == NULL)
            break;
        unlink_work(queue, work);
        pthread_mutex_unlock(&queue->mutex);
        work->run(work);
        pthread_mutex_lock(&queue->mutex);
        queue->unfinished--;
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

struct http_queue *http_queue_create(unsigned threads, size_t capacity)
{
    struct http_queue *queue = calloc(1, sizeof *queue + threads * sizeof queue->threads[0]);
    if (queue == NULL)
        return NULL;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
    queue->last = &queue->first;
    queue->capacity = threads + capacity;
    while (queue->started < threads &&
           pthread_create(&queue->threads[queue->started], NULL, serve, queue) == 0)
        queue->started++;
    if (queue->started < threads) {
        http_queue_destroy(queue);
        return NULL;
    }
    return queue;
}

static bool refuses(const struct http_queue *queue)
{
    return queue->closed || queue->unfinished >= queue->capacity;
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
    pthread_mutex_unlock(&queue->mutex);
    while (queue->started > 0)
        pthread_join(queue->threads[--queue->started], NULL);
}

void http_queue_destroy(struct http_queue *queue)
{
    if (queue == NULL)
        return;
    http_queue_close(queue);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}
