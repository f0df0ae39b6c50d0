/* What a pipe borrows from its writer: the order of the bytes, and when they are given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "failing_malloc.h"
#include "pipe_fixture.h"

static void read_range(struct http_pipe *pipe, size_t from, size_t to)
{
    unsigned char bytes[MANY];
    while (from < to) {
        size_t count, most = to - from < 777 ? to - from : 777;
        assert_int_equal(http_pipe_read(pipe, bytes, most, &count), HTTP_PIPE_DATA);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(bytes[i], byte_at(from + i));
        from += count;
    }
}

static void bytes_are_borrowed_if_they_do_not_fit(void **state)
{
    struct fixture fixture;
    unsigned char own[2 * CAPACITY];
    (void)state;
    for (size_t i = 0; i < sizeof own; i++)
        own[i] = byte_at(10 + i);
    set_up(&fixture, CAPACITY);
    assert_true(write_range(fixture.pipe, 0, 10));
    assert_true(http_pipe_write_borrowed(fixture.pipe, own, CAPACITY - 11)); /* they fit */
    assert_false(http_pipe_must_wait(fixture.pipe, CAPACITY - 1));
    tear_down(&fixture);

    set_up(&fixture, CAPACITY);
    assert_true(write_range(fixture.pipe, 0, 10));
    assert_true(http_pipe_arm_reader(fixture.pipe));
    assert_true(http_pipe_write_borrowed(fixture.pipe, own, sizeof own));
    assert_int_equal(notified(&fixture), 1);
    assert_false(http_pipe_must_wait(fixture.pipe, 10)); /* none of the first ten */
    assert_true(http_pipe_must_wait(fixture.pipe, 10 + sizeof own));
    read_range(fixture.pipe, 0, 10 + sizeof own - 1);
    assert_int_equal(value_of(&fixture.drained), 0);
    read_range(fixture.pipe, 10 + sizeof own - 1, 10 + sizeof own);
    assert_int_equal(value_of(&fixture.drained), 1);
    assert_false(http_pipe_must_wait(fixture.pipe, 10 + sizeof own));
    http_pipe_end(fixture.pipe, true);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_COMPLETE);
    tear_down(&fixture);
}

/* A mark says what is waited for, and what is borrowed behind it may stay. */
static void marks_divide_what_is_borrowed(void **state)
{
    enum { PART = CAPACITY * 2, PARTS = 40 };
    struct fixture fixture;
    static unsigned char own[PART * PARTS];
    (void)state;
    for (size_t i = 0; i < sizeof own; i++)
        own[i] = byte_at(i);
    set_up(&fixture, CAPACITY);
    for (size_t i = 0; i < PARTS; i++)
        assert_true(http_pipe_write_borrowed(fixture.pipe, own + i * PART, PART));
    for (size_t i = 0; i < PARTS; i++) {
        assert_true(http_pipe_must_wait(fixture.pipe, (i + 1) * PART));
        read_range(fixture.pipe, i * PART, (i + 1) * PART - 1);
        assert_int_equal(value_of(&fixture.drained), i);
        read_range(fixture.pipe, (i + 1) * PART - 1, (i + 1) * PART);
        assert_int_equal(value_of(&fixture.drained), i + 1);
    }
    tear_down(&fixture);
}

static uint32_t random_of(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Whatever is copied, borrowed and read, in pieces of any size: the bytes keep their order. */
static void copied_and_borrowed_bytes_keep_their_order(void **state)
{
    enum { ROUNDS = 20000, LONGEST = 3 * CAPACITY };
    static unsigned char own[64][LONGEST];
    (void)state;
    for (uint32_t seed = 1; seed <= 5; seed++) {
        struct fixture fixture;
        uint32_t dice = seed;
        size_t written = 0, read = 0, next = 0;
        uint64_t marks[64] = {0};
        set_up(&fixture, CAPACITY);
        for (size_t round = 0; round < ROUNDS; round++) {
            unsigned char *bytes = own[next % 64];
            size_t size = random_of(&dice) % LONGEST + 1;
            bool borrow = random_of(&dice) % 2 == 0;
            while (http_pipe_must_wait(fixture.pipe, marks[next % 64])) {
                size_t most = written - read < 1000 ? written - read : 1000;
                read_range(fixture.pipe, read, read + most);
                read += most;
            }
            for (size_t i = 0; i < size; i++)
                bytes[i] = byte_at(written + i);
            assert_true(borrow ? http_pipe_write_borrowed(fixture.pipe, bytes, size)
                               : http_pipe_write(fixture.pipe, bytes, size));
            written += size;
            marks[next++ % 64] = borrow ? written : 0;
        }
        http_pipe_end(fixture.pipe, true);
        read_range(fixture.pipe, read, written);
        assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_COMPLETE);
        tear_down(&fixture);
    }
}

/* The list of what is borrowed is the pipe's own memory, too. */
static void the_list_of_borrowed_bytes_counts_as_memory(void **state)
{
    enum { PIECES = 1000 };
    struct fixture fixture;
    (void)state;
    set_up(&fixture, 1);
    assert_true(http_pipe_write(fixture.pipe, "x", 1));
    size_t before = http_pipe_memory(fixture.pipe);
    for (size_t i = 0; i < PIECES; i++)
        assert_true(http_pipe_write_borrowed(fixture.pipe, "y", 1));
    assert_true(http_pipe_memory(fixture.pipe) >= before + PIECES * sizeof(void *));
    tear_down(&fixture);
}

/* Copied or borrowed: without memory for it the pipe is aborted, and nothing is borrowed any more.
 */
static void without_memory_the_pipe_is_aborted(void **state)
{
    (void)state;
    for (unsigned borrowed = 0; borrowed < 2; borrowed++) {
        struct fixture fixture;
        set_up(&fixture, CAPACITY);
        char *own = test_malloc(MANY);
        memset(own, 1, MANY);
        for (size_t i = 0; i < 16; i++) /* the list of them is full */
            assert_true(http_pipe_write_borrowed(fixture.pipe, own, MANY));
        assert_true(http_pipe_must_wait(fixture.pipe, 1));
        fail_allocation(0);
        bool written = borrowed ? http_pipe_write_borrowed(fixture.pipe, own, MANY)
                                : http_pipe_write(fixture.pipe, own, MANY);
        bool failed = allocation_failed();
        assert_true(failed);
        assert_false(written);
        test_free(own);
        assert_int_equal(value_of(&fixture.drained), 1);
        assert_false(http_pipe_must_wait(fixture.pipe, MANY));
        assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_BROKEN);
        tear_down(&fixture);
    }
    fail_allocation(0);
    struct http_pipe *pipe = http_pipe_create(CAPACITY, &(struct http_pipe_events){0});
    bool failed = allocation_failed();
    assert_true(failed);
    assert_null(pipe);
}

struct race {
    struct fixture fixture;
    size_t most; /* bytes until the reader aborts */
    bool aborts;
};

static void *read_or_abort(void *argument)
{
    struct race *race = argument;
    struct fixture *fixture = &race->fixture;
    unsigned char bytes[500];
    size_t position = 0, count;
    enum http_pipe_state state;
    while ((state = http_pipe_read(fixture->pipe, bytes, sizeof bytes, &count)) !=
               HTTP_PIPE_COMPLETE &&
           state != HTTP_PIPE_BROKEN) {
        for (size_t i = 0; i < count; i++)
            assert_int_equal(bytes[i], byte_at(position + i));
        position += count;
        if (race->aborts && position >= race->most)
            http_pipe_abort(fixture->pipe);
        if (state == HTTP_PIPE_EMPTY && http_pipe_arm_reader(fixture->pipe))
            sem_wait(&fixture->notified);
    }
    return NULL;
}

/*
 * A writer that uses its buffer again as soon as it may, beside a reader that takes everything or
 * aborts halfway: each wait ends by one notification, and the sanitizers see no late read.
 */
static void borrowing_beside_a_reader(void **state)
{
    enum { BUFFER = 3 * CAPACITY, ROUNDS = 60 };
    (void)state;
    for (size_t most = 0; most < ROUNDS * BUFFER; most += 7001) {
        struct race race = {.most = most, .aborts = most > 0};
        struct fixture *fixture = &race.fixture;
        pthread_t reader;
        bool written = true;
        size_t position = 0;
        set_up(fixture, CAPACITY);
        assert_int_equal(pthread_create(&reader, NULL, read_or_abort, &race), 0);
        for (size_t round = 0; round < ROUNDS && written; round++) {
            unsigned char *own = test_malloc(BUFFER);
            for (size_t i = 0; i < BUFFER; i++)
                own[i] = byte_at(position + i);
            written = http_pipe_write(fixture->pipe, own, round) &&
                      http_pipe_write_borrowed(fixture->pipe, own + round, BUFFER - round);
            position += BUFFER;
            if (http_pipe_must_wait(fixture->pipe, position))
                sem_wait(&fixture->drained);
            assert_int_equal(value_of(&fixture->drained), 0);
            test_free(own);
        }
        http_pipe_end(fixture->pipe, true);
        pthread_join(reader, NULL);
        assert_int_equal(value_of(&fixture->drained), 0);
        assert_true(written || race.aborts);
        tear_down(fixture);
    }
}

/* Once aborted, no byte that was borrowed is looked at. */
static void an_abort_ends_the_waiting_and_the_borrowing(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, CAPACITY);
    unsigned char *own = test_malloc(MANY);
    memset(own, 1, MANY);
    assert_true(http_pipe_write_borrowed(fixture.pipe, own, MANY));
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_DATA);
    assert_true(http_pipe_must_wait(fixture.pipe, MANY));
    http_pipe_abort(fixture.pipe);
    test_free(own);
    assert_int_equal(value_of(&fixture.drained), 1);
    assert_int_equal(read_one(fixture.pipe), HTTP_PIPE_BROKEN);
    assert_false(http_pipe_must_wait(fixture.pipe, MANY));
    assert_false(http_pipe_write_borrowed(fixture.pipe, "x", 1));
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_borrowed_if_they_do_not_fit),
        cmocka_unit_test(marks_divide_what_is_borrowed),
        cmocka_unit_test(copied_and_borrowed_bytes_keep_their_order),
        cmocka_unit_test(the_list_of_borrowed_bytes_counts_as_memory),
        cmocka_unit_test(without_memory_the_pipe_is_aborted),
        cmocka_unit_test(borrowing_beside_a_reader),
        cmocka_unit_test(an_abort_ends_the_waiting_and_the_borrowing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
