/* A bounded pipe of bytes from the job thread that makes an answer to the socket thread. */
#ifndef HTTP_PIPE_H
#define HTTP_PIPE_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One thread writes, one reads, any may abort. The pipe stays closed to its reader, so that the
 * writer may still take everything back, until it is full, flushed, ended or aborted.
 */
struct http_pipe;

enum http_pipe_state {
    HTTP_PIPE_DATA,     /* bytes were read */
    HTTP_PIPE_EMPTY,    /* none for now */
    HTTP_PIPE_COMPLETE, /* none will come: that was all */
    HTTP_PIPE_BROKEN,   /* none will come, although something is missing */
};

/*
 * capacity: the most bytes it holds, at least 1; SIZE_MAX: no bound, writing never waits. Memory
 * is taken as it is needed. notify(context) is called without any lock held, by the thread that
 * writes, ends or aborts. NULL: no memory.
 */
DISSOLVE_MUST_USE struct http_pipe *http_pipe_create(size_t capacity, void (*notify)(void *context),
                                                     void *context);

/* NULL is fine. */
void http_pipe_destroy(struct http_pipe *pipe);

/* From now on bytes are counted, not kept: the body of an answer to HEAD. Before any write. */
void http_pipe_count_only(struct http_pipe *pipe);

/* Writer: from now on the pipe holds at most so many bytes, at least 1. Before any write. */
void http_pipe_bound(struct http_pipe *pipe, size_t capacity);

/*
 * Writer: copies the bytes in, waits while it is full; many at once, into an open pipe, are not
 * copied, and it waits until they have been read. false: aborted, or no memory.
 */
DISSOLVE_MUST_USE bool http_pipe_write(struct http_pipe *pipe, const void *bytes, size_t size);

/* Writer: opens the pipe to the reader now. */
void http_pipe_flush(struct http_pipe *pipe);

/* Writer: takes back everything written. false: too late, the pipe is open. */
DISSOLVE_MUST_USE bool http_pipe_restart(struct http_pipe *pipe);

/* Writer: no more bytes. complete = false: the reader must not take what it got for the whole. */
void http_pipe_end(struct http_pipe *pipe, bool complete);

/* Nobody reads any more: the writer's waits and writes return false, the reader sees BROKEN. */
void http_pipe_abort(struct http_pipe *pipe);

/*
 * The same, if the pipe is open and has not ended: what is closed to its reader can still be
 * answered otherwise, and what has ended needs nobody any more.
 */
void http_pipe_abort_if_open(struct http_pipe *pipe);

/* How the writer fares: for how many milliseconds it has waited for its reader. */
struct http_pipe_progress {
    int64_t waited;
    int64_t waiting; /* part of it: since the reader has taken half of the capacity; 0: no wait */
    bool ended;
};

/* At that time, of http_clock_now(). Any thread. */
struct http_pipe_progress http_pipe_progress(struct http_pipe *pipe, int64_t now);

/*
 * Reader: asks to be notified, once, as soon as a read returns anything but EMPTY. false: it does
 * so already, and nothing was asked.
 */
DISSOLVE_MUST_USE bool http_pipe_await(struct http_pipe *pipe);

/* Reader: takes up to size >= 1 bytes, never waits. *count is their number, 0 unless DATA. */
enum http_pipe_state http_pipe_read(struct http_pipe *pipe, void *bytes, size_t size,
                                    size_t *count);

/*
 * Reader: true if the answer is complete and not a byte of it was read yet. *bytes, valid until
 * destroy, is then all of it; NULL if the bytes were only counted.
 */
bool http_pipe_whole(struct http_pipe *pipe, const void **bytes, size_t *size);

#endif
