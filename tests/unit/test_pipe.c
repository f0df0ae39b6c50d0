/* The pipe between a job thread and a socket thread: what opens it, what ends it, who waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "http/clock.h"
#include "pipe_fixture.h"

static void short_answer_is_whole(void **state)
{
    struct fixture fixture;
    const void *bytes;
    size_t size;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(http_pipe_arm_reader(fixture.pipe));
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
    assert_false(http_pipe_arm_reader(fixture.pipe));
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

/* Pauses wherever it has to, as a request's work does. */
static void *write_many(void *argument)
{
    struct fixture *fixture = argument;
    size_t position = 0;
    fixture->written = true;
    for (size_t size = 1; position < MANY && fixture->written; size = size * 5 % 333 + 1) {
        size_t end = MANY - position < size ? MANY : position + size;
        fixture->written = write_range(fixture->pipe, position, end);
        position = end;
        if (http_pipe_must_wait(fixture->pipe, 0))
            sem_wait(&fixture->drained);
    }
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
        if (state == HTTP_PIPE_EMPTY && http_pipe_arm_reader(fixture->pipe))
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
    assert_true(http_pipe_arm_reader(fixture.pipe));
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
    assert_true(http_pipe_arm_reader(fixture.pipe));
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
    assert_true(http_pipe_arm_reader(fixture.pipe));
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
    assert_true(http_pipe_arm_reader(fixture.pipe));
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

/* A writer that has to wait is notified once, when half of the capacity is free. */
static void a_full_pipe_drains(void **state)
{
    struct fixture fixture;
    char bytes[CAPACITY];
    size_t count;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(write_range(fixture.pipe, 0, CAPACITY - 1));
    assert_false(http_pipe_must_wait(fixture.pipe, 0));
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_EMPTY); /* it is closed */
    assert_true(write_range(fixture.pipe, CAPACITY - 1, CAPACITY + 200));
    assert_true(http_pipe_memory(fixture.pipe) >= CAPACITY + 200);
    assert_true(http_pipe_must_wait(fixture.pipe, 0));
    for (size_t left = CAPACITY + 200; left > CAPACITY / 2; left -= count) {
        assert_int_equal(value_of(&fixture.drained), 0);
        assert_int_equal(http_pipe_read(fixture.pipe, bytes, 100, &count), HTTP_PIPE_DATA);
    }
    assert_int_equal(value_of(&fixture.drained), 1);
    assert_false(http_pipe_must_wait(fixture.pipe, 0));
    while (read_one(fixture.pipe) == HTTP_PIPE_DATA)
        continue;
    assert_int_equal(value_of(&fixture.drained), 1);
    tear_down(&fixture);
}

/* A writer that does not wait costs time in proportion to its bytes, and little beside them. */
static void growing_beyond_the_capacity_moves_seldom(void **state)
{
    enum { TOTAL = 4 << 20, PIECE = 100 };
    struct fixture fixture;
    char bytes[PIECE] = {0};
    size_t moves = 0, memory = 0;
    (void)state;
    set_up(&fixture, 1 << 16);
    for (size_t written = 0; written < TOTAL && moves < 200; written += PIECE) {
        assert_true(http_pipe_write(fixture.pipe, bytes, PIECE));
        moves += http_pipe_memory(fixture.pipe) != memory;
        memory = http_pipe_memory(fixture.pipe);
        assert_in_range(memory, written + PIECE, written + written / 6 + (1 << 16));
    }
    assert_in_range(moves, 1, 60);
    tear_down(&fixture);
}

/* The first pieces beyond it take no more than they need. */
static void one_piece_beyond_the_capacity_takes_its_size(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, 2048);
    assert_true(write_range(fixture.pipe, 0, 10));
    assert_true(write_range(fixture.pipe, 10, 1500));
    assert_int_equal(http_pipe_memory(fixture.pipe), 2048);
    assert_true(write_range(fixture.pipe, 1500, 5000));
    assert_int_equal(http_pipe_memory(fixture.pipe), 5000);
    tear_down(&fixture);
}

static void a_pipe_without_a_bound_never_waits(void **state)
{
    struct fixture fixture;
    const void *bytes;
    size_t size;
    (void)state;
    set_up(&fixture, SIZE_MAX);
    assert_true(write_range(fixture.pipe, 0, MANY));
    assert_true(http_pipe_write_borrowed(fixture.pipe, "x", 1));
    assert_false(http_pipe_must_wait(fixture.pipe, MANY + 1));
    http_pipe_end(fixture.pipe, true);
    assert_true(http_pipe_whole(fixture.pipe, &bytes, &size));
    assert_int_equal(size, MANY + 1);
    tear_down(&fixture);
}

/* How long the writer has had to wait, until half of the capacity is read. */
static void waiting_is_measured(void **state)
{
    struct fixture fixture;
    char bytes[2 * CAPACITY];
    size_t count;
    (void)state;
    set_up(&fixture, CAPACITY);
    int64_t later = http_clock_now() + 3600 * 1000;
    assert_true(write_range(fixture.pipe, 0, 2 * CAPACITY));
    assert_int_equal(http_pipe_progress(fixture.pipe, later).waiting, 0);
    assert_true(http_pipe_must_wait(fixture.pipe, 0));
    struct http_pipe_progress progress = http_pipe_progress(fixture.pipe, later);
    assert_in_range(progress.waiting, 3600 * 1000 - 60 * 1000, 3600 * 1000 + 60 * 1000);
    assert_int_equal(progress.waited, progress.waiting);
    assert_false(progress.ended);
    assert_int_equal(http_pipe_read(fixture.pipe, bytes, sizeof bytes, &count), HTTP_PIPE_DATA);
    assert_int_equal(count, 2 * CAPACITY);
    http_pipe_end(fixture.pipe, true);
    progress = http_pipe_progress(fixture.pipe, later);
    assert_int_equal(progress.waiting, 0);
    assert_in_range(progress.waited, 0, 60 * 1000);
    assert_true(progress.ended);
    tear_down(&fixture);
}

/* A writer that asks once more is notified once, and has waited since it asked first. */
static void asking_again_does_not_shorten_the_wait(void **state)
{
    struct fixture fixture;
    char bytes[CAPACITY];
    size_t count;
    (void)state;
    set_up(&fixture, CAPACITY);
    assert_true(write_range(fixture.pipe, 0, CAPACITY));
    assert_true(http_pipe_must_wait(fixture.pipe, 0));
    int64_t since = http_clock_now();
    while (http_clock_now() == since)
        continue;
    int64_t before = http_pipe_progress(fixture.pipe, since + 1000).waiting;
    assert_true(http_pipe_must_wait(fixture.pipe, 0));
    assert_int_equal(http_pipe_progress(fixture.pipe, since + 1000).waiting, before);
    assert_int_equal(http_pipe_read(fixture.pipe, bytes, sizeof bytes, &count), HTTP_PIPE_DATA);
    assert_int_equal(value_of(&fixture.drained), 1);
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
        cmocka_unit_test(a_full_pipe_drains),
        cmocka_unit_test(growing_beyond_the_capacity_moves_seldom),
        cmocka_unit_test(one_piece_beyond_the_capacity_takes_its_size),
        cmocka_unit_test(a_pipe_without_a_bound_never_waits),
        cmocka_unit_test(waiting_is_measured),
        cmocka_unit_test(asking_again_does_not_shorten_the_wait),
        cmocka_unit_test(aborts_only_while_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
