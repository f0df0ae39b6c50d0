/* The bounded pipe: a ring in one block of memory, and between its bytes some that are borrowed. */
#include "pipe.h"

#include "clock.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the writer's that have not been taken. */
struct segment {
    const unsigned char *bytes;
    size_t size;
    uint64_t copied_before; /* bytes ever copied in before them */
    uint64_t end;           /* bytes ever written, they included */
};

/* The mutex is a leaf: nothing is called with it held. */
struct http_pipe {
    pthread_mutex_t mutex;
    struct http_pipe_events events;
    unsigned char *ring;
    size_t allocated;
    size_t capacity;
    size_t first; /* of the bytes in the ring */
    size_t used;
    struct segment *segments; /* a list of those borrowed, from first_segment on */
    size_t segment_room;
    size_t first_segment;
    size_t segment_count;
    uint64_t total;       /* bytes ever written */
    uint64_t copied;      /* bytes ever written into the ring, */
    uint64_t copied_read; /* and taken from it */
    uint64_t mark;        /* that the writer waits for */
    bool count_only;
    bool open;  /* to the reader */
    bool taken; /* a byte was read */
    bool ended;
    bool complete;
    bool aborted;
    bool reader_armed;
    bool writer_waits;
    int64_t waited;      /* milliseconds of the writer's waits that are over */
    int64_t waits_since; /* 0: it does not wait */
    size_t taken_since;
};

enum { FIRST_ALLOCATION = 1024 /* enough for most documents, and what malloc has at hand */ };

struct http_pipe *http_pipe_create(size_t capacity, const struct http_pipe_events *events)
{
    struct http_pipe *pipe = malloc(sizeof *pipe);
    if (pipe == NULL)
        return NULL;
    *pipe = (struct http_pipe){.events = *events, .capacity = capacity};
    pthread_mutex_init(&pipe->mutex, NULL);
    return pipe;
}

void http_pipe_destroy(struct http_pipe *pipe)
{
    if (pipe == NULL)
        return;
    pthread_mutex_destroy(&pipe->mutex);
    free(pipe->ring);
    free(pipe->segments);
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

/* ---- Notifications ---- */

static bool is_readable(const struct http_pipe *pipe)
{
    return pipe->open &&
           (pipe->used > 0 || pipe->segment_count > 0 || pipe->ended || pipe->aborted);
}

/* Whether bytes are borrowed from among the first `mark`. */
static bool borrows_before(const struct http_pipe *pipe, uint64_t mark)
{
    if (pipe->segment_count == 0)
        return false;
    const struct segment *first = &pipe->segments[pipe->first_segment];
    return first->end - first->size < mark;
}

static bool is_drained(const struct http_pipe *pipe)
{
    return pipe->aborted || (pipe->used <= pipe->capacity / 2 && !borrows_before(pipe, pipe->mark));
}

/* What has been waited is over, and what is waited from now on is counted anew. */
static void count_wait(struct http_pipe *pipe, int64_t from_now_on)
{
    if (pipe->waits_since != 0)
        pipe->waited += http_clock_now() - pipe->waits_since;
    pipe->waits_since = from_now_on;
    pipe->taken_since = 0;
}

/* Ends a call that may have changed what is waited for. */
static void unlock_and_notify(struct http_pipe *pipe)
{
    bool readable = pipe->reader_armed && is_readable(pipe);
    bool drained = pipe->writer_waits && is_drained(pipe);
    if (readable)
        pipe->reader_armed = false;
    if (drained) {
        pipe->writer_waits = false;
        count_wait(pipe, 0);
    }
    const struct http_pipe_events events = pipe->events;
    pthread_mutex_unlock(&pipe->mutex);
    if (readable)
        events.readable(events.context);
    if (drained)
        events.drained(events.context);
}

/* ---- The writer ---- */

/*
 * Twice what there is, up to the capacity. Beyond it exactly what is needed first, as a writer that
 * pauses in time does not come back for more, and an eighth more each time from then on.
 */
static size_t next_allocation(const struct http_pipe *pipe, size_t needed)
{
    size_t before = pipe->allocated, size;
    if (__builtin_add_overflow(before, before <= pipe->capacity ? before : before / 8, &size))
        size = SIZE_MAX;
    if (size < FIRST_ALLOCATION)
        size = FIRST_ALLOCATION;
    if (before <= pipe->capacity)
        size = smaller(size, pipe->capacity);
    return size < needed ? needed : size;
}

/* Moves the bytes to a block with room for `more`. */
static bool grow(struct http_pipe *pipe, size_t more)
{
    size_t needed;
    if (__builtin_add_overflow(pipe->used, more, &needed))
        return false;
    if (needed <= pipe->allocated)
        return true;
    size_t size = next_allocation(pipe, needed);
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

static bool copy_in(struct http_pipe *pipe, const unsigned char *bytes, size_t size)
{
    if (!grow(pipe, size))
        return false;
    size_t end = pipe->first + pipe->used;
    if (end >= pipe->allocated)
        end -= pipe->allocated;
    size_t straight = smaller(size, pipe->allocated - end);
    memcpy(pipe->ring + end, bytes, straight);
    memcpy(pipe->ring, bytes + straight, size - straight);
    pipe->used += size;
    pipe->copied += size;
    pipe->open = pipe->open || pipe->used >= pipe->capacity;
    return true;
}

/* A place behind the last segment; NULL: no memory. */
static struct segment *add_segment(struct http_pipe *pipe)
{
    size_t end = pipe->first_segment + pipe->segment_count;
    if (pipe->first_segment > 0 && end == pipe->segment_room) {
        memmove(pipe->segments, pipe->segments + pipe->first_segment,
                pipe->segment_count * sizeof *pipe->segments);
        pipe->first_segment = 0;
        end = pipe->segment_count;
    }
    if (end == pipe->segment_room) {
        size_t room = end == 0 ? 16 : 2 * end;
        struct segment *segments = realloc(pipe->segments, room * sizeof *segments);
        if (segments == NULL)
            return NULL;
        pipe->segments = segments;
        pipe->segment_room = room;
    }
    pipe->segment_count++;
    return &pipe->segments[end];
}

static bool borrow(struct http_pipe *pipe, const unsigned char *bytes, size_t size)
{
    struct segment *segment = add_segment(pipe);
    if (segment == NULL)
        return false;
    *segment = (struct segment){
        .bytes = bytes, .size = size, .copied_before = pipe->copied, .end = pipe->total};
    pipe->open = true;
    return true;
}

static bool may_borrow(const struct http_pipe *pipe, size_t size)
{
    bool fits = pipe->used <= pipe->capacity && size <= pipe->capacity - pipe->used;
    return pipe->capacity < SIZE_MAX && (pipe->open || !fits);
}

static void abort_locked(struct http_pipe *pipe)
{
    pipe->open = true;
    pipe->aborted = true;
    pipe->segment_count = 0;
}

static bool write_bytes(struct http_pipe *pipe, const void *bytes, size_t size, bool borrowed)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->total += size;
    if (size > 0 && !pipe->count_only && !pipe->aborted) {
        bool kept = borrowed && may_borrow(pipe, size) ? borrow(pipe, bytes, size)
                                                       : copy_in(pipe, bytes, size);
        if (!kept)
            abort_locked(pipe);
    }
    bool written = !pipe->aborted;
    unlock_and_notify(pipe);
    return written;
}

bool http_pipe_write(struct http_pipe *pipe, const void *bytes, size_t size)
{
    return write_bytes(pipe, bytes, size, false);
}

bool http_pipe_write_borrowed(struct http_pipe *pipe, const void *bytes, size_t size)
{
    return write_bytes(pipe, bytes, size, true);
}

bool http_pipe_must_wait(struct http_pipe *pipe, uint64_t mark)
{
    pthread_mutex_lock(&pipe->mutex);
    bool full = pipe->used >= pipe->capacity || borrows_before(pipe, mark);
    bool waits = full && !pipe->aborted && !pipe->count_only;
    if (waits) {
        pipe->open = true;
        pipe->mark = mark;
        if (!pipe->writer_waits)
            count_wait(pipe, http_clock_now());
        pipe->writer_waits = true;
    }
    unlock_and_notify(pipe);
    return waits;
}

void http_pipe_flush(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->open = pipe->open || !pipe->count_only; /* with nothing to read, the end opens it */
    unlock_and_notify(pipe);
}

bool http_pipe_restart(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    bool closed = !pipe->open;
    if (closed) {
        free(pipe->ring);
        pipe->ring = NULL;
        pipe->allocated = 0;
        pipe->used = 0;
        pipe->total = 0;
        pipe->copied = 0;
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
    unlock_and_notify(pipe);
}

void http_pipe_abort(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    abort_locked(pipe);
    unlock_and_notify(pipe);
}

void http_pipe_abort_if_open(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    if (pipe->open && !pipe->ended)
        abort_locked(pipe);
    unlock_and_notify(pipe);
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

size_t http_pipe_memory(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    size_t memory = pipe->allocated + pipe->segment_room * sizeof *pipe->segments;
    pthread_mutex_unlock(&pipe->mutex);
    return memory;
}

/* ---- The reader ---- */

bool http_pipe_arm_reader(struct http_pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->reader_armed = !is_readable(pipe);
    bool armed = pipe->reader_armed;
    pthread_mutex_unlock(&pipe->mutex);
    return armed;
}

static size_t take_copied(struct http_pipe *pipe, unsigned char *bytes, size_t size)
{
    size_t count = smaller(size, pipe->used);
    size_t straight = smaller(count, pipe->allocated - pipe->first);
    memcpy(bytes, pipe->ring + pipe->first, straight);
    memcpy(bytes + straight, pipe->ring, count - straight);
    pipe->first += count;
    if (pipe->first >= pipe->allocated)
        pipe->first -= pipe->allocated;
    pipe->used -= count;
    pipe->copied_read += count;
    return count;
}

static size_t take_borrowed(struct http_pipe *pipe, unsigned char *bytes, size_t size)
{
    struct segment *first = &pipe->segments[pipe->first_segment];
    size_t count = smaller(size, first->size);
    memcpy(bytes, first->bytes, count);
    first->bytes += count;
    first->size -= count;
    if (first->size == 0) {
        pipe->segment_count--;
        pipe->first_segment = pipe->segment_count == 0 ? 0 : pipe->first_segment + 1;
    }
    return count;
}

/* Whichever was written first. */
static size_t take(struct http_pipe *pipe, unsigned char *bytes, size_t size)
{
    uint64_t before = size;
    if (pipe->segment_count > 0)
        before = pipe->segments[pipe->first_segment].copied_before - pipe->copied_read;
    size_t count = before > 0 ? take_copied(pipe, bytes, before < size ? (size_t)before : size)
                              : take_borrowed(pipe, bytes, size);
    pipe->taken = true;
    pipe->taken_since += count;
    if (pipe->waits_since != 0 && pipe->taken_since >= pipe->capacity / 2)
        count_wait(pipe, http_clock_now());
    return count;
}

enum http_pipe_state http_pipe_read(struct http_pipe *pipe, void *bytes, size_t size, size_t *count)
{
    enum http_pipe_state state = HTTP_PIPE_EMPTY;
    *count = 0;
    pthread_mutex_lock(&pipe->mutex);
    if (pipe->aborted || (pipe->ended && !pipe->complete)) {
        state = HTTP_PIPE_BROKEN;
    } else if (pipe->open && (pipe->used > 0 || pipe->segment_count > 0)) {
        *count = take(pipe, bytes, size);
        state = HTTP_PIPE_DATA;
    } else if (pipe->ended) {
        state = HTTP_PIPE_COMPLETE;
    }
    unlock_and_notify(pipe);
    return state;
}

bool http_pipe_whole(struct http_pipe *pipe, const void **bytes, size_t *size)
{
    pthread_mutex_lock(&pipe->mutex);
    bool whole =
        pipe->ended && pipe->complete && !pipe->aborted && !pipe->taken && pipe->segment_count == 0;
    /* An unread ring has its first byte at the start unless it wrapped, which takes a read. */
    *bytes = whole && !pipe->count_only ? pipe->ring : NULL;
    *size = pipe->count_only ? (size_t)pipe->total : pipe->used;
    pthread_mutex_unlock(&pipe->mutex);
    return whole;
}
