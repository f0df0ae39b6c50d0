/*
 * The bounded queue: one mutex, a list of waiting work, and threads of which the first are called.
 * Fairness is start-time fair queueing: a client's pieces are given turns one after another, from
 * the turn that is served now on, so that a client that has waited for nothing yet comes before the
 * second piece of one that has.
 */
#include "queue.h"

#include "thread.h"

#include <pthread.h>
#include <stdlib.h>

struct http_worker {
    struct http_queue *queue;
    pthread_t thread;
    bool spare; /* it is called only while something rests: so few threads stay warm */
    const struct http_work *work; /* what it runs, which may be freed by now; NULL: nothing */
    struct http_client client;    /* for whom */
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
    uint64_t served; /* the turn of what began last */
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

static bool is_of(const struct http_work *work, const struct http_client *client)
{
    return http_client_compare(&work->client, client) == 0;
}

static size_t all_threads(const struct http_queue_options *options)
{
    return (size_t)options->threads + options->spares;
}

/* How many of the client's pieces run; with or without those that rest. */
static size_t count_running(const struct http_queue *queue, const struct http_client *client,
                            bool resting)
{
    size_t count = 0;
    for (size_t i = 0; i < all_threads(&queue->options); i++) {
        const struct http_worker *worker = &queue->workers[i];
        if (worker->work != NULL && (resting || !worker->rests))
            count += http_client_compare(&worker->client, client) == 0;
    }
    return count;
}

static size_t count_waiting(const struct http_queue *queue, const struct http_client *client)
{
    size_t count = 0;
    for (const struct http_work *work = queue->first; work != NULL; work = work->next)
        count += is_of(work, client);
    return count;
}

/* Whether its client has not as much running as it may have. */
static bool may_begin(const struct http_queue *queue, const struct http_work *work)
{
    return queue->options.per_client >= queue->options.threads ||
           count_running(queue, &work->client, false) < queue->options.per_client;
}

/* Of what may begin the piece whose turn it is; NULL: nothing may. */
static struct http_work *find_turn(const struct http_queue *queue)
{
    struct http_work *next = NULL;
    for (struct http_work *work = queue->first; work != NULL; work = work->next) {
        if ((next == NULL || work->turn < next->turn) && may_begin(queue, work))
            next = work;
    }
    return next;
}

/* Of the pieces of its client the cheapest, which changes turns with it. */
static struct http_work *find_cheapest(const struct http_queue *queue, struct http_work *turn)
{
    struct http_work *cheapest = turn;
    for (struct http_work *work = queue->first; work != NULL; work = work->next) {
        if (work->cost < cheapest->cost && is_of(work, &turn->client))
            cheapest = work;
    }
    uint64_t own = cheapest->turn;
    cheapest->turn = turn->turn;
    turn->turn = own;
    return cheapest;
}

/* What begins next; NULL: there is no thread for it, or nothing that may begin. */
static struct http_work *find_next(const struct http_queue *queue)
{
    if (queue->first == NULL || queue->running - queue->resting >= queue->options.threads)
        return NULL;
    struct http_work *turn = find_turn(queue);
    return turn == NULL ? NULL : find_cheapest(queue, turn);
}

/* Behind what its client has waiting, and no earlier than what is served now. */
static uint64_t turn_of(const struct http_queue *queue, const struct http_client *client)
{
    uint64_t turn = queue->served;
    for (const struct http_work *work = queue->first; work != NULL; work = work->next) {
        if (work->turn > turn && is_of(work, client))
            turn = work->turn;
    }
    return turn + 1;
}

/* Where nothing rests, a place is one of the first threads'. */
static void call(struct http_queue *queue)
{
    if (find_next(queue) == NULL)
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

static void run_work(struct http_worker *worker, struct http_work *work)
{
    struct http_queue *queue = worker->queue;
    queue->served = work->turn;
    unlink_work(queue, work);
    work->worker = worker;
    worker->work = work;
    worker->client = work->client;
    queue->running++;
    call(queue); /* its client may have another piece that may begin, too */
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
        struct http_work *next = find_next(queue);
        if (next != NULL)
            run_work(worker, next);
        else
            pthread_cond_wait(worker->spare ? &queue->vacated : &queue->changed, &queue->mutex);
    }
    call_all(queue); /* the others need not wait for a place any more */
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

static bool start(struct http_queue *queue)
{
    struct http_worker *worker = &queue->workers[queue->started];
    worker->queue = queue;
    worker->spare = queue->started >= queue->options.threads;
    return http_thread_start(&worker->thread, serve, worker);
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

/* Whether the client has its share of threads and of the capacity; the rest is for others. */
static bool has_share(const struct http_queue *queue, const struct http_client *client,
                      size_t spares)
{
    const struct http_queue_options *options = &queue->options;
    if (options->per_client >= options->threads)
        return false;
    size_t share = options->per_client + spares + options->capacity - options->capacity / 4;
    return count_waiting(queue, client) + count_running(queue, client, true) >= share;
}

static bool refuses(const struct http_queue *queue, const struct http_client *client)
{
    const struct http_queue_options *options = &queue->options;
    size_t spares = queue->resting < options->spares ? queue->resting : options->spares;
    return queue->closed || queue->unfinished >= options->threads + spares + options->capacity ||
           has_share(queue, client, spares);
}

bool http_queue_submit(struct http_queue *queue, struct http_work *work)
{
    pthread_mutex_lock(&queue->mutex);
    bool taken = !refuses(queue, &work->client);
    if (taken) {
        work->turn = turn_of(queue, &work->client);
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

bool http_queue_full(struct http_queue *queue, const struct http_client *client)
{
    pthread_mutex_lock(&queue->mutex);
    bool full = refuses(queue, client);
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
