/* The memory of all requests: its parts, what one client may have, and what is released. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "failing_malloc.h"
#include "http/memory.h"

enum { KIB = 1 << 10, SIZE = 1024 * KIB, BODIES = 256 * KIB, RESERVE = 128 * KIB };

static const struct http_client anna = {.prefix = 1, .family = 2};
static const struct http_client ben = {.prefix = 2, .family = 2};
static const struct http_client carl = {.prefix = 3, .family = 2};

static atomic_uint releases;

static void count_release(void *context)
{
    (void)context;
    releases++;
}

static struct http_memory *create(void)
{
    const struct http_memory_options options = {
        .size = SIZE, .bodies = BODIES, .reserve = RESERVE, .released = count_release};
    struct http_memory *memory = http_memory_create(&options);
    assert_non_null(memory);
    releases = 0;
    return memory;
}

static void destroy(struct http_memory *memory)
{
    assert_int_equal(http_memory_taken(memory).all, 0);
    assert_int_equal(http_memory_taken(memory).bodies, 0);
    http_memory_destroy(memory);
}

/* Small ones are from the reserve; one that grows leaves it. */
static void bodies_grow_out_of_the_reserve(void **state)
{
    struct http_charge charge = {0}, other = {0};
    (void)state;
    struct http_memory *memory = create();
    assert_true(http_memory_add_body(memory, &charge, &anna, 60 * KIB));
    assert_true(charge.from_reserve);
    assert_false(http_memory_add_body(memory, &other, &anna, 200 * KIB)); /* half of the bodies' */
    assert_true(http_memory_add_body(memory, &other, &anna, 5 * KIB));
    assert_false(other.from_reserve); /* the client has 60 of its 64 */
    assert_true(http_memory_add_body(memory, &charge, &anna, 5 * KIB));
    assert_false(charge.from_reserve);
    assert_int_equal(charge.body, 65 * KIB);
    assert_int_equal(http_memory_taken(memory).bodies, 70 * KIB);
    assert_int_equal(http_memory_taken(memory).all, 70 * KIB);
    assert_false(http_memory_add_body(memory, &charge, &anna, 59 * KIB)); /* 129 of 128 */
    assert_int_equal(charge.body, 65 * KIB);
    assert_true(http_memory_add_body(memory, &charge, &anna, 58 * KIB));
    http_memory_release_body(memory, &charge);
    http_memory_release_body(memory, &charge);
    assert_int_equal(http_memory_taken(memory).all, 5 * KIB);
    http_memory_release(memory, &other);
    destroy(memory);
}

/* However many large bodies there are, and whoever has them, a small one is taken. */
static void small_bodies_have_a_reserve(void **state)
{
    struct http_charge large[2] = {{0}}, small[3] = {{0}};
    (void)state;
    struct http_memory *memory = create();
    assert_true(http_memory_add_body(memory, &large[0], &anna, 128 * KIB));
    assert_true(http_memory_add_body(memory, &large[1], &ben, 128 * KIB));
    assert_false(http_memory_fits_body(memory, &carl, 65 * KIB));
    assert_true(http_memory_fits_body(memory, &carl, 64 * KIB));
    assert_true(http_memory_fits_body(memory, &anna, 64 * KIB));
    assert_true(http_memory_add_body(memory, &small[0], &anna, 64 * KIB));
    assert_false(http_memory_fits_body(memory, &anna, 1)); /* it has half of the reserve */
    assert_false(http_memory_add_body(memory, &small[1], &anna, 1));
    assert_true(http_memory_add_body(memory, &small[2], &carl, 64 * KIB));
    assert_true(http_memory_bodies_pressed(memory));
    for (size_t i = 0; i < 2; i++)
        http_memory_release(memory, &large[i]);
    for (size_t i = 0; i < 3; i++)
        http_memory_release(memory, &small[i]);
    assert_false(http_memory_bodies_pressed(memory));
    destroy(memory);
}

static void kept_responses_are_among_the_bodies(void **state)
{
    struct http_charge charge = {0};
    (void)state;
    struct http_memory *memory = create();
    assert_true(http_memory_add_kept(memory, &charge, &anna, 100 * KIB));
    assert_true(http_memory_add_kept(memory, &charge, &anna, 28 * KIB));
    assert_false(http_memory_add_kept(memory, &charge, &anna, 1));
    assert_int_equal(charge.kept, 128 * KIB);
    assert_int_equal(http_memory_taken(memory).bodies, 128 * KIB);
    http_memory_release_body(memory, &charge); /* it has none */
    assert_int_equal(charge.kept, 128 * KIB);
    http_memory_release(memory, &charge);
    destroy(memory);
}

static void computations_have_what_is_left(void **state)
{
    struct http_charge charges[3] = {{0}};
    (void)state;
    struct http_memory *memory = create();
    assert_true(http_memory_set_job(memory, &charges[0], &anna, 600 * KIB, false));
    assert_false(http_memory_fits_job(memory, &charges[1], &ben, 297 * KIB, false));
    assert_false(http_memory_set_job(memory, &charges[1], &ben, 297 * KIB, false));
    assert_int_equal(releases, 0);
    assert_true(http_memory_set_job(memory, &charges[0], &anna, 500 * KIB, true)); /* less */
    assert_int_equal(releases, 1);
    assert_true(http_memory_set_job(memory, &charges[1], &ben, 297 * KIB, false));
    assert_true(http_memory_add_body(memory, &charges[2], &carl, 99 * KIB));
    assert_false(http_memory_add_body(memory, &charges[2], &carl, KIB)); /* 896 in all */
    for (size_t i = 0; i < 3; i++)
        http_memory_release(memory, &charges[i]);
    assert_int_equal(releases, 1); /* none was refused since */
    destroy(memory);
}

/* Unless no other computation has any memory. */
static void while_others_wait_a_client_has_half(void **state)
{
    struct http_charge charges[3] = {{0}};
    (void)state;
    struct http_memory *memory = create();
    assert_true(http_memory_set_job(memory, &charges[0], &anna, 600 * KIB, true));
    assert_false(http_memory_set_job(memory, &charges[1], &anna, 1, true));
    assert_true(http_memory_set_job(memory, &charges[1], &anna, 1, false));
    assert_true(http_memory_set_job(memory, &charges[2], &ben, 200 * KIB, true));
    http_memory_release(memory, &charges[0]);
    assert_true(http_memory_set_job(memory, &charges[1], &anna, 512 * KIB, true));
    assert_false(http_memory_set_job(memory, &charges[1], &anna, 513 * KIB, true));
    http_memory_release(memory, &charges[1]);
    http_memory_release(memory, &charges[2]);
    http_memory_release(memory, &charges[2]);
    destroy(memory);
}

/* Memory of waiting computations does not hold a client to its half: none would ever release. */
static void computations_that_wait_do_not_stop_each_other(void **state)
{
    struct http_charge charges[3] = {{0}};
    (void)state;
    struct http_memory *memory = create();
    for (size_t i = 0; i < 2; i++)
        assert_true(http_memory_set_job(memory, &charges[i], i == 0 ? &anna : &ben, KIB, true));
    assert_true(http_memory_set_job(memory, &charges[2], &carl, KIB, true)); /* it goes on */
    assert_false(http_memory_set_job(memory, &charges[0], &anna, 600 * KIB, true));
    assert_false(http_memory_fits_job(memory, &charges[1], &ben, 600 * KIB, true));
    http_memory_release(memory, &charges[2]);
    assert_int_equal(releases, 1);
    assert_true(http_memory_fits_job(memory, &charges[1], &ben, 600 * KIB, true));
    assert_true(http_memory_set_job(memory, &charges[1], &ben, 600 * KIB, true));
    assert_false(http_memory_fits_job(memory, &charges[0], &anna, 297 * KIB, true));
    assert_true(http_memory_set_job(memory, &charges[1], &ben, 512 * KIB, true));
    assert_true(http_memory_set_job(memory, &charges[0], &anna, 300 * KIB, true));
    assert_false(http_memory_set_job(memory, &charges[0], &anna, 385 * KIB, true)); /* all */
    http_memory_release(memory, &charges[0]);
    assert_false(http_memory_fits_job(memory, &charges[2], &ben, 1, true)); /* it has half */
    http_memory_release(memory, &charges[1]);
    http_memory_release(memory, &charges[2]);
    destroy(memory);
}

static void without_memory_for_a_client_nothing_is_taken(void **state)
{
    struct http_charge charge = {0};
    (void)state;
    struct http_memory *memory = create();
    for (long n = 0; n < 2; n++) {
        fail_allocation(n);
        bool taken = http_memory_add_body(memory, &charge, &anna, 1);
        bool failed = allocation_failed();
        assert_int_equal(taken, !failed);
        assert_null(charge.client);
        fail_allocation(n);
        taken = http_memory_set_job(memory, &charge, &anna, 1, false);
        failed = allocation_failed();
        assert_int_equal(taken, !failed);
    }
    assert_true(http_memory_set_job(memory, &charge, &anna, 0, false));
    assert_null(charge.client);
    fail_allocation(0);
    assert_null(http_memory_create(&(struct http_memory_options){.size = 1}));
    allocation_failed();
    http_memory_destroy(NULL);
    destroy(memory);
}

static void *take_and_release(void *argument)
{
    struct http_memory *memory = argument;
    for (uint64_t i = 0; i < 3000; i++) {
        struct http_charge charge = {0};
        const struct http_client client = {.prefix = i % 7, .family = 2};
        bool body = http_memory_add_body(memory, &charge, &client, i % 1000 + 1);
        bool kept = http_memory_add_kept(memory, &charge, &client, i % 777 + 1);
        bool job = http_memory_set_job(memory, &charge, &client, i % 999 * KIB, i % 2 == 0);
        assert_true(charge.body == (body ? i % 1000 + 1 : 0));
        assert_true(charge.kept == (kept ? i % 777 + 1 : 0));
        assert_true(charge.job == (job ? i % 999 * KIB : 0));
        assert_true(http_memory_taken(memory).all <= SIZE);
        http_memory_release(memory, &charge);
        assert_null(charge.client);
    }
    return NULL;
}

static void many_threads_leave_nothing(void **state)
{
    pthread_t threads[4];
    (void)state;
    struct http_memory *memory = create();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_release, memory), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    destroy(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_grow_out_of_the_reserve),
        cmocka_unit_test(small_bodies_have_a_reserve),
        cmocka_unit_test(kept_responses_are_among_the_bodies),
        cmocka_unit_test(computations_have_what_is_left),
        cmocka_unit_test(while_others_wait_a_client_has_half),
        cmocka_unit_test(computations_that_wait_do_not_stop_each_other),
        cmocka_unit_test(without_memory_for_a_client_nothing_is_taken),
        cmocka_unit_test(many_threads_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
