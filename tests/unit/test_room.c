/* The room for bodies: its bound, what comes back, and many threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "http/room.h"

static void there_is_so_much_and_no_more(void **state)
{
    (void)state;
    struct http_room room = {.size = 10};
    assert_true(http_room_has(&room, 10));
    assert_false(http_room_has(&room, 11));
    assert_true(http_room_take(&room, 7));
    assert_false(http_room_take(&room, 4));
    assert_false(http_room_take(&room, UINT64_MAX));
    assert_false(http_room_has(&room, UINT64_MAX));
    assert_int_equal(http_room_taken(&room), 7);
    assert_true(http_room_take(&room, 3));
    assert_false(http_room_take(&room, 1));
    assert_true(http_room_take(&room, 0));
    http_room_give(&room, 4);
    assert_true(http_room_has(&room, 4));
    assert_true(http_room_take(&room, 4));
    http_room_give(&room, 10);
    assert_int_equal(http_room_taken(&room), 0);
}

static void without_a_bound_there_is_always_room(void **state)
{
    (void)state;
    struct http_room room = {.size = UINT64_MAX};
    assert_true(http_room_take(&room, UINT64_MAX - 1));
    assert_true(http_room_take(&room, 1));
    assert_false(http_room_take(&room, 1));
}

enum { THREADS = 4, TURNS = 20000, SIZE = 3 };

static void *come_and_go(void *context)
{
    struct http_room *room = context;
    size_t taken = 0;
    for (int i = 0; i < TURNS; i++) {
        if (!http_room_take(room, 1))
            continue;
        taken++;
        if (http_room_taken(room) > SIZE)
            return NULL;
        http_room_give(room, 1);
    }
    return taken > 0 ? context : NULL;
}

static void threads_never_pass_the_bound(void **state)
{
    (void)state;
    struct http_room room = {.size = SIZE};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &room), 0);
    for (int i = 0; i < THREADS; i++) {
        void *kept = NULL;
        assert_int_equal(pthread_join(threads[i], &kept), 0);
        assert_non_null(kept);
    }
    assert_int_equal(http_room_taken(&room), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_so_much_and_no_more),
        cmocka_unit_test(without_a_bound_there_is_always_room),
        cmocka_unit_test(threads_never_pass_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
