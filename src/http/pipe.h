/* A bounded pipe of bytes from the request thread that makes a response to the socket thread. */
#ifndef HTTP_PIPE_H
#define HTTP_PIPE_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One thread writes, one reads, any may abort; none ever waits. The pipe stays closed to its
 * reader, so that the writer may still take everything back, until it is full, flushed, ended or
 * aborted, or its writer has to wait.
 */
struct http_pipe;

enum http_pipe_state {
    HTTP_PIPE_DATA,     /* bytes were read */
    HTTP_PIPE_EMPTY,    /* none for now */
    HTTP_PIPE_COMPLETE, /* none will come: that was all */
    HTTP_PIPE_BROKEN,   /* none will come, although something is missing */
};

/*
 * What a pipe notifies of, with `context`; without any lock held, by the thread that writes, ends,
 * aborts or, for drained, reads. NULL: it is never armed.
 */
struct http_pipe_events {
    void (*readable)(void *context); /* see http_pipe_arm_reader */
    void (*drained)(void *context);  /* see http_pipe_must_wait */
    void *context;
};

/*
 * capacity: the most copied bytes with which a writer may go on, at least 1; SIZE_MAX: any number.
 * Memory is taken as it is needed. NULL: no memory.
 */
DISSOLVE_MUST_USE struct http_pipe *http_pipe_create(size_t capacity,
                                                     const struct http_pipe_events *events);

/* NULL is fine. */
void http_pipe_destroy(struct http_pipe *pipe);

/* From now on bytes are counted, not kept: the body of an answer to HEAD. Before any write. */
void http_pipe_count_only(struct http_pipe *pipe);

/* Writer: sets the capacity anew. Before any write. */
void http_pipe_bound(struct http_pipe *pipe, size_t capacity);

/* Writer: copies the bytes in, also beyond the capacity. false: aborted, or no memory. */
DISSOLVE_MUST_USE bool http_pipe_write(struct http_pipe *pipe, const void *bytes, size_t size);

/*
 * Writer: the same, but bytes that do not fit into a closed pipe of limited capacity, or come into
 * an open one, are borrowed: they stay unchanged until http_pipe_must_wait has been false for a
 * mark behind them, or the pipe is aborted. They do not count towards the capacity.
 */
DISSOLVE_MUST_USE bool http_pipe_write_borrowed(struct http_pipe *pipe, const void *bytes,
                                                size_t size);

/*
 * Writer: whether it must wait for the reader, because the copied bytes fill the capacity, or bytes
 * are borrowed from among the first `mark` ever written. true: the pipe is open now, and `drained`
 * is called once, as soon as at most half of the capacity is filled and none of those is borrowed
 * any more, or the pipe is aborted. Perhaps it is called before this returns.
 */
DISSOLVE_MUST_USE bool http_pipe_must_wait(struct http_pipe *pipe, uint64_t mark);

/* Writer: opens the pipe to the reader now. */
void http_pipe_flush(struct http_pipe *pipe);

/* Writer: takes back everything written. false: too late, the pipe is open. */
DISSOLVE_MUST_USE bool http_pipe_restart(struct http_pipe *pipe);

/* Writer: no more bytes. complete = false: the reader must not take what it got for the whole. */
void http_pipe_end(struct http_pipe *pipe, bool complete);

/* Nothing is read any more: writes return false, nothing is borrowed, the reader sees BROKEN. */
void http_pipe_abort(struct http_pipe *pipe);

/*
 * The same, if the pipe is open and has not ended: what is closed to its reader can still be
 * answered otherwise, and what has ended needs no writer.
 */
void http_pipe_abort_if_open(struct http_pipe *pipe);

/* How the writer fares: for how many milliseconds it has had to wait for its reader. */
struct http_pipe_progress {
    int64_t waited;
    int64_t waiting; /* part of it: since the reader has taken half of the capacity; 0: no wait */
    bool ended;
};

/* At that time, of http_clock_now(). Any thread. */
struct http_pipe_progress http_pipe_progress(struct http_pipe *pipe, int64_t now);

/* Bytes of memory that the pipe has for what is copied, and for its list of what is borrowed. Any
 * thread. */
size_t http_pipe_memory(struct http_pipe *pipe);

/*
 * Reader: asks for `readable`, once, as soon as a read returns anything but EMPTY. false: it does
 * so already, and nothing was asked.
 */
DISSOLVE_MUST_USE bool http_pipe_arm_reader(struct http_pipe *pipe);

/* Reader: takes up to size >= 1 bytes. *count is their number, 0 unless DATA. */
enum http_pipe_state http_pipe_read(struct http_pipe *pipe, void *bytes, size_t size,
                                    size_t *count);

/*
 * Reader: true if the answer is complete and not a byte of it was read yet, or borrowed. *bytes,
 * valid until destroy, is then all of it; NULL if the bytes were only counted.
 */
bool http_pipe_whole(struct http_pipe *pipe, const void **bytes, size_t *size);

#endif
