/* The pipe between a job thread and a socket thread: what opens it, what ends it, who waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>

#include "http/clock.h"
#include "http/pipe.h"

enum { CAPACITY = 1000, MANY = 12347 };

struct fixture {
    struct http_pipe *pipe;
    sem_t notified;
    bool written; /* what the writing thread's write returned */
};

static void notify(void *context)
{
    struct fixture *fixture = context;
    sem_post(&fixture->notified);
}

static void set_up(struct fixture *fixture, size_t capacity)
{
    sem_init(&fixture->notified, 0, 0);
    fixture->pipe = http_pipe_create(capacity, notify, fixture);
    assert_non_null(fixture->pipe);
}

static void tear_down(struct fixture *fixture)
{
    http_pipe_destroy(fixture->pipe);
    sem_destroy(&fixture->notified);
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

static int notified(struct fixture *fixture)
{
    int value;
    sem_getvalue(&fixture->notified, &value);
    return value;
}

static void short_answer_is_whole(void **state)
{
    struct fixture fixture;
    const void *bytes;
    size_t size;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(http_pipe_await(fixture.pipe));
    assert_true(http_pipe_write(fixture.pipe, "head", 4));
    assert_true(http_pipe_write(fixture.pipe, "tail", 4));
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_EMPTY);
    assert_false(http_pipe_whole(fixture.pipe, &bytes, &size));
    assert_int_equal(notified(&fixture), 0);
    http_pipe_end(fixture.pipe, true);
    assert_int_equal(notified(&fixture), 1);
    assert_true(http_pipe_whole(fixture.pipe, &bytes, &size));
    assert_int_equal(size, 8);
    assert_memory_equal(bytes, "headtail", 8);
    assert_false(http_pipe_await(fixture.pipe));
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_DATA);
    assert_false(http_pipe_whole(fixture.pipe, &bytes, &size));
    tear_down(&fixture);
}

static void empty_answer_is_complete(void **state)
{
    struct fixture fixture;
    const void *bytes;
    size_t size;
    (void)state;
    set_up(&fixture, CAPACITY);
    http_pipe_end(fixture.pipe, true);
    assert_true(http_pipe_whole(fixture.pipe, &bytes, &size));
    assert_int_equal(size, 0);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_COMPLETE);
    tear_down(&fixture);
}

static void *write_many(void *argument)
{
    struct fixture *fixture = argument;
    fixture->written = write_range(fixture->pipe, 0, MANY);
    http_pipe_end(fixture->pipe, true);
    return NULL;
}

/* Reads in pieces of changing size, waiting for a notification wherever there is nothing. */
static void read_many(struct fixture *fixture)
{
    unsigned char bytes[701];
    size_t position = 0;
    for (size_t size = 1;; size = size * 3 % sizeof bytes + 1) {
        size_t count;
        enum http_pipe_state state = http_pipe_read(fixture->pipe, bytes, size, &count);
        if (state == HTTP_PIPE_COMPLETE)
            break;
        if (state == HTTP_PIPE_EMPTY && http_pipe_await(fixture->pipe))
            sem_wait(&fixture->notified);
        assert_int_not_equal(state, HTTP_PIPE_BROKEN);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(bytes[i], byte_at(position + i));
        position += count;
    }
    assert_int_equal(position, MANY);
}

static void long_answer_streams(void **state)
{
    static const size_t capacities[] = {1, 2, 700, CAPACITY, 8192, MANY, SIZE_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        struct fixture fixture;
        pthread_t writer;
        set_up(&fixture, capacities[i]);
        assert_int_equal(pthread_create(&writer, NULL, write_many, &fixture), 0);
        read_many(&fixture);
        pthread_join(writer, NULL);
        assert_true(fixture.written);
        tear_down(&fixture);
    }
}

static void full_opens_and_abort_frees_the_writer(void **state)
{
    struct fixture fixture;
    pthread_t writer;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(http_pipe_await(fixture.pipe));
    assert_int_equal(pthread_create(&writer, NULL, write_many, &fixture), 0);
    sem_wait(&fixture.notified); /* it is full */
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_DATA);
    http_pipe_abort(fixture.pipe);
    pthread_join(writer, NULL);
    assert_false(fixture.written);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_BROKEN);
    assert_false(http_pipe_write(fixture.pipe, "x", 1));
    tear_down(&fixture);
}

static void abort_tells_the_reader(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(http_pipe_await(fixture.pipe));
    http_pipe_abort(fixture.pipe);
    assert_int_equal(notified(&fixture), 1);
    http_pipe_end(fixture.pipe, false);
    assert_int_equal(notified(&fixture), 1);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_BROKEN);
    tear_down(&fixture);
}

static void broken_end_is_seen_at_once(void **state)
{
    struct fixture fixture;
    const void *bytes;
    size_t size;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(write_range(fixture.pipe, 0, 10));
    http_pipe_end(fixture.pipe, false);
    assert_false(http_pipe_whole(fixture.pipe, &bytes, &size));
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_BROKEN);
    tear_down(&fixture);
}

static void flush_opens_early(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(http_pipe_await(fixture.pipe));
    http_pipe_flush(fixture.pipe);
    assert_int_equal(notified(&fixture), 0); /* open, but there is nothing yet */
    assert_true(http_pipe_write(fixture.pipe, "x", 1));
    assert_int_equal(notified(&fixture), 1);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_DATA);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_EMPTY);
    tear_down(&fixture);
}

static void restart_only_while_closed(void **state)
{
    struct fixture fixture;
    const void *bytes;
    size_t size;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(http_pipe_write(fixture.pipe, "wrong", 5));
    assert_true(http_pipe_restart(fixture.pipe));
    assert_true(http_pipe_write(fixture.pipe, "ok", 2));
    http_pipe_flush(fixture.pipe);
    assert_false(http_pipe_restart(fixture.pipe));
    http_pipe_end(fixture.pipe, true);
    assert_true(http_pipe_whole(fixture.pipe, &bytes, &size));
    assert_int_equal(size, 2);
    assert_memory_equal(bytes, "ok", 2);
    tear_down(&fixture);
}

static void counted_bytes_are_not_kept(void **state)
{
    struct fixture fixture;
    const void *bytes;
    size_t size;
    (void)state;
    set_up(&fixture, CAPACITY);
    http_pipe_count_only(fixture.pipe);
    assert_true(http_pipe_await(fixture.pipe));
    assert_true(write_range(fixture.pipe, 0, MANY)); /* would wait if it were kept */
    http_pipe_flush(fixture.pipe);
    assert_true(write_range(fixture.pipe, 0, 3));
    assert_int_equal(notified(&fixture), 0);
    http_pipe_end(fixture.pipe, true);
    assert_int_equal(notified(&fixture), 1);
    assert_true(http_pipe_whole(fixture.pipe, &bytes, &size));
    assert_null(bytes);
    assert_int_equal(size, MANY + 3);
    tear_down(&fixture);
}

struct writer {
    struct http_pipe *pipe;
    bool written;
};

static void *write_too_much(void *argument)
{
    struct writer *writer = argument;
    writer->written = write_range(writer->pipe, 0, 2 * CAPACITY);
    http_pipe_end(writer->pipe, writer->written);
    return NULL;
}

/* The writer waits for room until somebody reads, and that is told. */
static void waiting_is_measured(void **state)
{
    struct fixture fixture;
    pthread_t thread;
    char bytes[2 * CAPACITY];
    size_t count;
    (void)state;
    set_up(&fixture, CAPACITY);
    struct writer writer = {.pipe = fixture.pipe};
    assert_true(http_pipe_await(fixture.pipe));
    assert_int_equal(http_pipe_progress(fixture.pipe, http_clock_now()).waiting, 0);
    assert_int_equal(pthread_create(&thread, NULL, write_too_much, &writer), 0);
    sem_wait(&fixture.notified); /* it is full, and the writer about to wait */
    int64_t later = http_clock_now() + 3600 * 1000;
    while (http_pipe_progress(fixture.pipe, later).waiting == 0)
        sched_yield();
    struct http_pipe_progress progress = http_pipe_progress(fixture.pipe, later);
    assert_in_range(progress.waiting, 3600 * 1000 - 60 * 1000, 3600 * 1000 + 60 * 1000);
    assert_int_equal(progress.waited, progress.waiting);
    assert_false(progress.ended);
    while (http_pipe_read(fixture.pipe, bytes, sizeof bytes, &count) != HTTP_PIPE_COMPLETE)
        sched_yield();
    pthread_join(thread, NULL);
    assert_true(writer.written);
    progress = http_pipe_progress(fixture.pipe, later);
    assert_int_equal(progress.waiting, 0);
    assert_in_range(progress.waited, 0, 60 * 1000);
    assert_true(progress.ended);
    tear_down(&fixture);
}

enum { MUCH = 200 * 1000 }; /* is lent to the reader */

static unsigned char much[MUCH];

static void *write_much(void *argument)
{
    struct writer *writer = argument;
    writer->written = http_pipe_write(writer->pipe, much, MUCH);
    http_pipe_end(writer->pipe, writer->written);
    return NULL;
}

/* What is copied comes first, and the writer goes on only when all of its own has been read. */
static void much_is_lent(void **state)
{
    struct fixture fixture;
    pthread_t thread;
    char bytes[777];
    size_t count, read = 0;
    (void)state;
    set_up(&fixture, CAPACITY);
    for (size_t i = 0; i < MUCH; i++)
        much[i] = byte_at(10 + i);
    struct writer writer = {.pipe = fixture.pipe};
    assert_true(write_range(fixture.pipe, 0, 10));
    http_pipe_flush(fixture.pipe);
    assert_int_equal(pthread_create(&thread, NULL, write_much, &writer), 0);
    while (read < 10 + MUCH) {
        if (http_pipe_read(fixture.pipe, bytes, sizeof bytes, &count) != HTTP_PIPE_DATA)
            sched_yield();
        for (size_t i = 0; i < count; i++)
            assert_int_equal((unsigned char)bytes[i], byte_at(read + i));
        read += count;
        if (read < 10 + MUCH)
            assert_false(http_pipe_progress(fixture.pipe, http_clock_now()).ended);
    }
    pthread_join(thread, NULL);
    assert_true(writer.written);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_COMPLETE);
    tear_down(&fixture);
}

/* Once aborted nobody may look at what was lent. */
static void what_is_lent_is_taken_back(void **state)
{
    struct fixture fixture;
    pthread_t thread;
    (void)state;
    set_up(&fixture, CAPACITY);
    struct writer writer = {.pipe = fixture.pipe, .written = true};
    http_pipe_flush(fixture.pipe);
    assert_int_equal(pthread_create(&thread, NULL, write_much, &writer), 0);
    while (read_one(fixture.pipe) != HTTP_PIPE_DATA)
        sched_yield();
    http_pipe_abort(fixture.pipe);
    pthread_join(thread, NULL);
    assert_false(writer.written);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_BROKEN);
    tear_down(&fixture);
}

/* What is closed can be answered otherwise, what has ended needs nobody; only between it aborts. */
static void aborts_only_while_open(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(write_range(fixture.pipe, 0, 10));
    http_pipe_abort_if_open(fixture.pipe);
    assert_true(http_pipe_restart(fixture.pipe));
    assert_true(write_range(fixture.pipe, 0, 10));
    http_pipe_flush(fixture.pipe);
    http_pipe_abort_if_open(fixture.pipe);
    assert_false(write_range(fixture.pipe, 10, 20));
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_BROKEN);
    tear_down(&fixture);

    set_up(&fixture, CAPACITY);
    assert_true(write_range(fixture.pipe, 0, 1));
    http_pipe_end(fixture.pipe, true);
    http_pipe_abort_if_open(fixture.pipe);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_DATA);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_COMPLETE);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_answer_is_whole),
        cmocka_unit_test(empty_answer_is_complete),
        cmocka_unit_test(long_answer_streams),
        cmocka_unit_test(full_opens_and_abort_frees_the_writer),
        cmocka_unit_test(abort_tells_the_reader),
        cmocka_unit_test(broken_end_is_seen_at_once),
        cmocka_unit_test(flush_opens_early),
        cmocka_unit_test(restart_only_while_closed),
        cmocka_unit_test(counted_bytes_are_not_kept),
        cmocka_unit_test(waiting_is_measured),
        cmocka_unit_test(much_is_lent),
        cmocka_unit_test(what_is_lent_is_taken_back),
        cmocka_unit_test(aborts_only_while_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
