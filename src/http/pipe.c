/* The bounded pipe: a ring in one block of memory, and bytes that its writer lends. */
#include "pipe.h"

#include "clock.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The mutex is a leaf: nothing is called with it held. */
struct http_pipe {
    pthread_mutex_t mutex;
    pthread_cond_t drained;
    void (*notify)(void *context);
    void *context;
    unsigned char *ring;
    size_t allocated;
    size_t capacity;
    size_t first; /* of the bytes in the ring */
    size_t used;
    const unsigned char *lent; /* the writer's own bytes, behind those in the ring */
    size_t lent_size;
    size_t total; /* bytes ever written, for count_only */
    bool count_only;
    bool open;  /* to the reader */
    bool taken; /* a byte was read */
    bool ended;
    bool complete;
    bool aborted;
    bool awaited;
    int64_t waited;      /* milliseconds of the writer's waits that are over */
    int64_t waits_since; /* 0: it does not wait */
    size_t taken_since;
};

enum {
    FIRST_ALLOCATION = 1024, /* enough for most documents, and what malloc has at hand */
    LENT_LEAST = 1 << 16,    /* from here on it is cheaper to wait until the reader has copied the
                                bytes than to copy them into the ring as well */
};

struct http_pipe *http_pipe_create(size_t capacity, void (*notify)(void *context), void *context)
{
    struct http_pipe *pipe = malloc(sizeof *pipe);
    if (pipe == NULL)
        return NULL;
    *pipe = (struct http_pipe){.notify = notify, .context = context, .capacity = capacity};
    pthread_mutex_init(&pipe->mutex, NULL);
    pthread_cond_init(&pipe->drained, NULL);
    return pipe;
}

void http_pipe_destroy(struct http_pipe *pipe)
{
    if (pipe == NULL)
        return;
    pthread_cond_destroy(&pipe->drained);
    pthread_mutex_destroy(&pipe->mutex);
    free(pipe->ring);
    free(pipe);
}

void http_pipe_count_only(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->count_only = true;
    pthread_mutex_unlock(&pipe->mutex);
}

void http_pipe_bound(struct http_pipe *pipe, size_t capacity)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->capacity = capacity;
    pthread_mutex_unlock(&pipe->mutex);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Moves the bytes to a block with room for `more`; more <= capacity - used. */
static bool grow(struct http_pipe *pipe, size_t more)
{
    size_t needed = pipe->used + more;
    if (needed <= pipe->allocated)
        return true;
    size_t size = pipe->allocated > SIZE_MAX / 2 ? SIZE_MAX : pipe->allocated * 2;
    if (size < FIRST_ALLOCATION)
        size = FIRST_ALLOCATION;
    size = smaller(size, pipe->capacity);
    if (size < needed)
        size = needed;
    unsigned char *ring = malloc(size);
    if (ring == NULL)
        return false;
    if (pipe->used > 0) {
        size_t straight = smaller(pipe->used, pipe->allocated - pipe->first);
        memcpy(ring, pipe->ring + pipe->first, straight);
        memcpy(ring + straight, pipe->ring, pipe->used - straight);
    }
    free(pipe->ring);
    pipe->ring = ring;
    pipe->allocated = size;
    pipe->first = 0;
    return true;
}

/* Copies in what fits and returns its size; 0: no memory. */
static size_t put(struct http_pipe *pipe, const unsigned char *bytes, size_t size)
{
    size_t count = smaller(size, pipe->capacity - pipe->used);
    if (!grow(pipe, count))
        return 0;
    size_t end = pipe->first + pipe->used;
    if (end >= pipe->allocated)
        end -= pipe->allocated;
    size_t straight = smaller(count, pipe->allocated - end);
    memcpy(pipe->ring + end, bytes, straight);
    memcpy(pipe->ring, bytes + straight, count - straight);
    pipe->used += count;
    return count;
}

static bool readable(const struct http_pipe *pipe)
{
    return pipe->open && (pipe->used > 0 || pipe->lent_size > 0 || pipe->ended || pipe->aborted);
}

/* Whether the caller, once it has unlocked the mutex, must call notify. */
static bool wake(struct http_pipe *pipe)
{
    if (!pipe->awaited || !readable(pipe))
        return false;
    pipe->awaited = false;
    return true;
}

static void unlock_and_wake(struct http_pipe *pipe)
{
    bool notify = wake(pipe);
    pthread_mutex_unlock(&pipe->mutex);
    if (notify)
        pipe->notify(pipe->context);
}

/* What has been waited is over, and what is waited from now on is counted anew. */
static void count_wait(struct http_pipe *pipe, int64_t from_now_on)
{
    if (pipe->waits_since != 0)
        pipe->waited += http_clock_now() - pipe->waits_since;
    pipe->waits_since = from_now_on;
    pipe->taken_since = 0;
}

/*
 * Waits until what is lent has been read and half of the ring is free, so that writer and reader do
 * not take turns at every byte.
 */
static void wait_for_reader(struct http_pipe *pipe)
{
    pipe->open = true;
    unlock_and_wake(pipe);
    pthread_mutex_lock(&pipe->mutex);
    count_wait(pipe, http_clock_now());
    while (!pipe->aborted && (pipe->used > pipe->capacity / 2 || pipe->lent_size > 0))
        pthread_cond_wait(&pipe->drained, &pipe->mutex);
    count_wait(pipe, 0);
}

static void lend(struct http_pipe *pipe, const unsigned char *bytes, size_t size)
{
    pipe->lent = bytes;
    pipe->lent_size = size;
    wait_for_reader(pipe);
    pipe->lent_size = 0; /* aborted: nobody may look at them any more */
}

bool http_pipe_write(struct http_pipe *pipe, const void *bytes, size_t size)
{
    const unsigned char *next = bytes;
    pthread_mutex_lock(&pipe->mutex);
    pipe->total += size;
    while (size > 0 && !pipe->count_only && !pipe->aborted) {
        if (pipe->open && size >= LENT_LEAST) {
            lend(pipe, next, size);
            break;
        }
        if (pipe->used == pipe->capacity) {
            wait_for_reader(pipe);
            continue;
        }
        size_t count = put(pipe, next, size);
        if (count == 0) {
            pipe->open = true;
            pipe->aborted = true;
        }
        next += count;
        size -= count;
    }
    bool written = !pipe->aborted;
    unlock_and_wake(pipe);
    return written;
}

void http_pipe_flush(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->open = pipe->open || !pipe->count_only; /* with nothing to read, the end opens it */
    unlock_and_wake(pipe);
}

bool http_pipe_restart(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    bool closed = !pipe->open;
    if (closed) {
        pipe->used = 0;
        pipe->total = 0;
    }
    pthread_mutex_unlock(&pipe->mutex);
    return closed;
}

void http_pipe_end(struct http_pipe *pipe, bool complete)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->open = true;
    pipe->ended = true;
    pipe->complete = complete;
    unlock_and_wake(pipe);
}

static void abort_locked(struct http_pipe *pipe)
{
    pipe->open = true;
    pipe->aborted = true;
    pthread_cond_signal(&pipe->drained);
}

void http_pipe_abort(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    abort_locked(pipe);
    unlock_and_wake(pipe);
}

void http_pipe_abort_if_open(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    if (pipe->open && !pipe->ended)
        abort_locked(pipe);
    unlock_and_wake(pipe);
}

struct http_pipe_progress http_pipe_progress(struct http_pipe *pipe, int64_t now)
{
    pthread_mutex_lock(&pipe->mutex);
    struct http_pipe_progress progress = {.waited = pipe->waited, .ended = pipe->ended};
    if (pipe->waits_since != 0 && now > pipe->waits_since)
        progress.waiting = now - pipe->waits_since;
    pthread_mutex_unlock(&pipe->mutex);
    progress.waited += progress.waiting;
    return progress;
}

bool http_pipe_await(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->awaited = !readable(pipe);
    bool awaited = pipe->awaited;
    pthread_mutex_unlock(&pipe->mutex);
    return awaited;
}

static size_t take_from_ring(struct http_pipe *pipe, unsigned char *bytes, size_t size)
{
    size_t count = smaller(size, pipe->used);
    size_t straight = smaller(count, pipe->allocated - pipe->first);
    memcpy(bytes, pipe->ring + pipe->first, straight);
    memcpy(bytes + straight, pipe->ring, count - straight);
    pipe->first += count;
    if (pipe->first >= pipe->allocated)
        pipe->first -= pipe->allocated;
    pipe->used -= count;
    return count;
}

static size_t take_what_is_lent(struct http_pipe *pipe, unsigned char *bytes, size_t size)
{
    size_t count = smaller(size, pipe->lent_size);
    memcpy(bytes, pipe->lent, count);
    pipe->lent += count;
    pipe->lent_size -= count;
    return count;
}

static size_t take(struct http_pipe *pipe, unsigned char *bytes, size_t size)
{
    size_t count =
        pipe->used > 0 ? take_from_ring(pipe, bytes, size) : take_what_is_lent(pipe, bytes, size);
    pipe->taken = true;
    pipe->taken_since += count;
    if (pipe->waits_since != 0 && pipe->taken_since >= pipe->capacity / 2)
        count_wait(pipe, http_clock_now());
    if (pipe->used <= pipe->capacity / 2 && pipe->lent_size == 0)
        pthread_cond_signal(&pipe->drained);
    return count;
}

enum http_pipe_state http_pipe_read(struct http_pipe *pipe, void *bytes, size_t size, size_t *count)
{
    enum http_pipe_state state = HTTP_PIPE_EMPTY;
    *count = 0;
    pthread_mutex_lock(&pipe->mutex);
    if (pipe->aborted || (pipe->ended && !pipe->complete)) {
        state = HTTP_PIPE_BROKEN;
    } else if (pipe->open && (pipe->used > 0 || pipe->lent_size > 0)) {
        *count = take(pipe, bytes, size);
        state = HTTP_PIPE_DATA;
    } else if (pipe->ended) {
        state = HTTP_PIPE_COMPLETE;
    }
    pthread_mutex_unlock(&pipe->mutex);
    return state;
}

bool http_pipe_whole(struct http_pipe *pipe, const void **bytes, size_t *size)
{
    pthread_mutex_lock(&pipe->mutex);
    bool whole = pipe->ended && pipe->complete && !pipe->aborted && !pipe->taken;
    /* An unread ring has its first byte at the start unless it wrapped, which takes a read. */
    *bytes = whole && !pipe->count_only ? pipe->ring : NULL;
    *size = pipe->count_only ? pipe->total : pipe->used;
    pthread_mutex_unlock(&pipe->mutex);
    return whole;
}
