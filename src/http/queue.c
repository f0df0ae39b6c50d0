/*
 * The bounded queue: one mutex, threads that wait for work, and a list of the clients that have any
 * here. The first client in it whose work may begin is served, and goes to its end.
 */
#include "queue.h"

#include "thread.h"

#include <pthread.h>
#include <stdlib.h>

struct http_queue_client {
    struct http_client client;
    struct http_queue_client *next, *previous;
    struct http_work *first; /* what waits, in the order in which it came */
    struct http_work **last;
    size_t all;     /* pieces of work that are not done */
    size_t waiting; /* of them in the list, */
    size_t new;     /* and of these, that have not begun or wait for memory */
    size_t running;
};

/*
 * The mutex comes before the memory's, which is a leaf; work runs without it, and nothing that it
 * covers releases memory.
 */
struct http_queue {
    struct http_queue_options options;
    pthread_mutex_t mutex;
    pthread_cond_t changed;           /* some work may begin, or the queue is closed */
    struct http_queue_client clients; /* the list's head and tail */
    size_t waiting;
    size_t new;
    size_t running;
    size_t paused;
    bool closed;
    size_t started; /* the creating and closing thread's own */
    pthread_t threads[];
};

/* ---- Clients ---- */

static void link_client(struct http_queue *queue, struct http_queue_client *client)
{
    client->next = &queue->clients;
    client->previous = queue->clients.previous;
    client->previous->next = client;
    queue->clients.previous = client;
}

static void unlink_client(struct http_queue_client *client)
{
    client->previous->next = client->next;
    client->next->previous = client->previous;
}

static struct http_queue_client *find_client(struct http_queue *queue,
                                             const struct http_client *client)
{
    for (struct http_queue_client *at = queue->clients.next; at != &queue->clients; at = at->next) {
        if (http_client_compare(&at->client, client) == 0)
            return at;
    }
    return NULL;
}

static struct http_queue_client *find_or_add_client(struct http_queue *queue,
                                                    const struct http_client *client)
{
    struct http_queue_client *found = find_client(queue, client);
    if (found != NULL)
        return found;
    struct http_queue_client *added = malloc(sizeof *added);
    if (added == NULL)
        return NULL;
    *added = (struct http_queue_client){.client = *client};
    added->last = &added->first;
    link_client(queue, added);
    return added;
}

/* Of a piece that is done, or withdrawn. */
static void leave_client(struct http_queue_client *client)
{
    client->all--;
    if (client->all > 0)
        return;
    unlink_client(client);
    free(client);
}

/* ---- What waits ---- */

static bool is_new(const struct http_work *work)
{
    return !work->begun || work->memory > 0;
}

static void enqueue(struct http_queue *queue, struct http_work *work)
{
    struct http_queue_client *owner = work->owner;
    work->state = HTTP_WORK_WAITING;
    work->resumed = false;
    work->next = NULL;
    work->link = owner->last;
    *owner->last = work;
    owner->last = &work->next;
    owner->waiting++;
    queue->waiting++;
    owner->new += is_new(work);
    queue->new += is_new(work);
}

static void dequeue(struct http_queue *queue, struct http_work *work)
{
    struct http_queue_client *owner = work->owner;
    *work->link = work->next;
    if (work->next != NULL)
        work->next->link = work->link;
    else
        owner->last = work->link;
    owner->waiting--;
    queue->waiting--;
    owner->new -= is_new(work);
    queue->new -= is_new(work);
}

/* Wakes a thread if there is one for what waits. */
static void call(struct http_queue *queue)
{
    if (queue->waiting > 0 && queue->running < queue->options.threads)
        pthread_cond_signal(&queue->changed);
}

/*
 * A charge that has enough is left as it is: to lower it is a release, after which the memory calls
 * http_queue_look, and the mutex is held here.
 */
static bool has_memory(const struct http_work *work)
{
    return work->memory == 0 || work->memory <= work->charge->job;
}

/* Whether what its client has, and all that the work needs, is within the client's part. */
static bool fits(const struct http_queue *queue, const struct http_work *work)
{
    bool others_wait = queue->waiting > work->owner->waiting;
    return has_memory(work) || http_memory_fits_job(queue->options.memory, work->charge,
                                                    &work->client, work->memory, others_wait);
}

static bool reserve(const struct http_queue *queue, struct http_work *work)
{
    bool others_wait = queue->waiting > work->owner->waiting;
    return has_memory(work) || http_memory_set_job(queue->options.memory, work->charge,
                                                   &work->client, work->memory, others_wait);
}

/* Of the client's work that fits the cheapest; NULL: none may begin. */
static struct http_work *find_cheapest(const struct http_queue *queue,
                                       const struct http_queue_client *client)
{
    struct http_work *cheapest = NULL;
    if (client->running >= queue->options.per_client)
        return NULL;
    for (struct http_work *work = client->first; work != NULL; work = work->next) {
        if ((cheapest == NULL || work->cost < cheapest->cost) && fits(queue, work))
            cheapest = work;
    }
    return cheapest;
}

/* What begins next, with its memory; NULL: nothing may. */
static struct http_work *take_next(struct http_queue *queue)
{
    if (queue->waiting == 0 || queue->running >= queue->options.threads)
        return NULL;
    struct http_queue_client *client = queue->clients.next;
    for (; client != &queue->clients; client = client->next) {
        struct http_work *work = find_cheapest(queue, client);
        if (work == NULL || !reserve(queue, work))
            continue;
        dequeue(queue, work);
        work->memory = 0;
        unlink_client(client);
        link_client(queue, client);
        return work;
    }
    return NULL;
}

/* ---- Threads ---- */

static bool is_idle(const struct http_queue *queue)
{
    return queue->waiting + queue->running + queue->paused == 0;
}

static void wake_if_over(struct http_queue *queue)
{
    if (queue->closed && is_idle(queue))
        pthread_cond_broadcast(&queue->changed);
}

/* Once its run has returned. */
static void put_back(struct http_queue *queue, struct http_work *work,
                     struct http_queue_client *owner, enum http_work_result result)
{
    if (result == HTTP_WORK_DONE) {
        leave_client(owner);
    } else if (result == HTTP_WORK_PAUSED && !work->resumed) {
        work->state = HTTP_WORK_STOPPED;
        queue->paused++;
    } else {
        enqueue(queue, work);
    }
}

static void run_work(struct http_queue *queue, struct http_work *work)
{
    struct http_queue_client *owner = work->owner;
    work->state = HTTP_WORK_RUNNING;
    work->begun = true;
    queue->running++;
    owner->running++;
    call(queue);
    pthread_mutex_unlock(&queue->mutex);
    enum http_work_result result = work->run(work);
    pthread_mutex_lock(&queue->mutex);
    queue->running--;
    owner->running--;
    put_back(queue, work, owner, result);
    call(queue); /* this thread may find something else */
    wake_if_over(queue);
}

/* Until the queue is closed, and no work can come any more. */
static void *serve(void *argument)
{
    struct http_queue *queue = argument;
    pthread_mutex_lock(&queue->mutex);
    while (!queue->closed || !is_idle(queue)) {
        struct http_work *next = take_next(queue);
        if (next != NULL)
            run_work(queue, next);
        else
            pthread_cond_wait(&queue->changed, &queue->mutex);
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

struct http_queue *http_queue_create(const struct http_queue_options *options)
{
    struct http_queue *queue =
        calloc(1, sizeof *queue + options->threads * sizeof queue->threads[0]);
    if (queue == NULL)
        return NULL;
    queue->options = *options;
    queue->clients.next = queue->clients.previous = &queue->clients;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->changed, NULL);
    while (queue->started < options->threads &&
           http_thread_start(&queue->threads[queue->started], serve, queue))
        queue->started++;
    if (queue->started < options->threads) {
        http_queue_destroy(queue);
        return NULL;
    }
    return queue;
}

/* ---- What comes and goes ---- */

/* Whether the client has its share of threads and of the capacity; the rest is for others. */
static bool has_share(const struct http_queue *queue, const struct http_queue_client *client)
{
    const struct http_queue_options *options = &queue->options;
    size_t share = options->per_client + options->capacity - options->capacity / 4;
    return client != NULL && options->per_client < options->threads &&
           client->new + client->running >= share;
}

static bool refuses(const struct http_queue *queue, const struct http_queue_client *client)
{
    const struct http_queue_options *options = &queue->options;
    return queue->closed || queue->new + queue->running >= options->threads + options->capacity ||
           has_share(queue, client);
}

bool http_queue_submit(struct http_queue *queue, struct http_work *work)
{
    pthread_mutex_lock(&queue->mutex);
    bool taken = !refuses(queue, find_client(queue, &work->client));
    if (taken) {
        work->owner = find_or_add_client(queue, &work->client);
        taken = work->owner != NULL;
    }
    if (taken) {
        work->owner->all++;
        enqueue(queue, work);
        call(queue);
    }
    pthread_mutex_unlock(&queue->mutex);
    return taken;
}

void http_queue_resume(struct http_queue *queue, struct http_work *work)
{
    pthread_mutex_lock(&queue->mutex);
    if (work->state == HTTP_WORK_RUNNING) {
        work->resumed = true;
    } else if (work->state == HTTP_WORK_STOPPED) {
        queue->paused--;
        enqueue(queue, work);
        call(queue);
    }
    pthread_mutex_unlock(&queue->mutex);
}

bool http_queue_withdraw(struct http_queue *queue, struct http_work *work)
{
    pthread_mutex_lock(&queue->mutex);
    bool waits = work->state == HTTP_WORK_WAITING;
    bool withdrawn = waits || work->state == HTTP_WORK_STOPPED;
    if (waits)
        dequeue(queue, work);
    else if (withdrawn)
        queue->paused--;
    if (withdrawn) {
        work->state = HTTP_WORK_IDLE;
        leave_client(work->owner);
        call(queue); /* another client may have more now that this one does not wait */
        wake_if_over(queue);
    }
    pthread_mutex_unlock(&queue->mutex);
    return withdrawn;
}

void http_queue_look(void *context)
{
    struct http_queue *queue = context;
    pthread_mutex_lock(&queue->mutex);
    call(queue);
    pthread_mutex_unlock(&queue->mutex);
}

/* ---- Figures, and the end ---- */

bool http_queue_full(struct http_queue *queue, const struct http_client *client)
{
    pthread_mutex_lock(&queue->mutex);
    bool full = refuses(queue, find_client(queue, client));
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

size_t http_queue_paused(struct http_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t paused = queue->paused;
    pthread_mutex_unlock(&queue->mutex);
    return paused;
}

bool http_queue_is_pressed(struct http_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool pressed = queue->new > 0;
    pthread_mutex_unlock(&queue->mutex);
    return pressed;
}

bool http_queue_idle(struct http_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool idle = is_idle(queue);
    pthread_mutex_unlock(&queue->mutex);
    return idle;
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
