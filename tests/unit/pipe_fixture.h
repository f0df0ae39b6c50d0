/* A pipe whose notifications are counted, and bytes that say where they are in its stream. */
#ifndef TESTS_PIPE_FIXTURE_H
#define TESTS_PIPE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <semaphore.h>
#include <stdbool.h>

#include "http/pipe.h"

enum { CAPACITY = 1000, MANY = 12347 };

struct fixture {
    struct http_pipe *pipe;
    sem_t notified;
    sem_t drained;
    bool written; /* what the writing thread's last write returned */
};

static void notify(void *context)
{
    struct fixture *fixture = context;
    sem_post(&fixture->notified);
}

static void go_on(void *context)
{
    struct fixture *fixture = context;
    sem_post(&fixture->drained);
}

static void set_up(struct fixture *fixture, size_t capacity)
{
    const struct http_pipe_events events = {
        .readable = notify, .drained = go_on, .context = fixture};
    sem_init(&fixture->notified, 0, 0);
    sem_init(&fixture->drained, 0, 0);
    fixture->pipe = http_pipe_create(capacity, &events);
    assert_non_null(fixture->pipe);
}

static void tear_down(struct fixture *fixture)
{
    http_pipe_destroy(fixture->pipe);
    sem_destroy(&fixture->notified);
    sem_destroy(&fixture->drained);
}

static unsigned char byte_at(size_t position)
{
    return (unsigned char)(position * 7 + position / 251);
}

static bool write_range(struct http_pipe *pipe, size_t from, size_t to)
{
    static unsigned char bytes[MANY];
    for (size_t i = from; i < to; i++)
        bytes[i] = byte_at(i);
    return http_pipe_write(pipe, bytes + from, to - from);
}

static enum http_pipe_state read_one(struct http_pipe *pipe)
{
    char byte;
    size_t count;
    enum http_pipe_state state = http_pipe_read(pipe, &byte, 1, &count);
    assert_int_equal(count, state == HTTP_PIPE_DATA);
    return state;
}

static int value_of(sem_t *semaphore)
{
    int value;
    sem_getvalue(semaphore, &value);
    return value;
}

static int notified(struct fixture *fixture)
{
    return value_of(&fixture->notified);
}

#endif
