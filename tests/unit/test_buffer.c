/* Buffers: growth, and what cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/buffer.h"
#include "failing_malloc.h"

static void test_append_keeps_every_byte(void **state)
{
    (void)state;
    static uint8_t expected[50000];
    struct codec_buffer buffer = {0};
    size_t size = 0;
    for (size_t step = 0; size + step < sizeof expected; size += step, step++) {
        memset(expected + size, (int)(step % 256), step);
        assert_int_equal(codec_buffer_append(&buffer, expected + size, step), DISSOLVE_OK);
        assert_int_equal(buffer.size, size + step);
        assert_true(buffer.capacity >= buffer.size);
    }
    assert_memory_equal(buffer.data, expected, size);
    codec_buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.size, 0);
    assert_int_equal(buffer.capacity, 0);
    codec_buffer_free(&buffer);
}

static void test_growth_doubles(void **state)
{
    (void)state;
    struct codec_buffer buffer = {0};
    size_t growths = 0;
    for (size_t i = 0; i < 1000000; i++) {
        size_t capacity = buffer.capacity;
        assert_int_equal(codec_buffer_append(&buffer, "b", 1), DISSOLVE_OK);
        growths += buffer.capacity != capacity;
    }
    assert_in_range(growths, 1, 20);
    codec_buffer_free(&buffer);
}

/* What is reserved at once is nearly all there will be: twice of it would not be used. */
static void test_reserve_makes_little_more(void **state)
{
    (void)state;
    struct codec_buffer buffer = {0};
    assert_int_equal(codec_buffer_append(&buffer, "abc", 3), DISSOLVE_OK);
    assert_int_equal(codec_buffer_reserve(&buffer, 70000), DISSOLVE_OK);
    assert_in_range(buffer.capacity, 70003, 70003 + 70003 / 64);
    codec_buffer_free(&buffer);
}

static void test_reserve_makes_room(void **state)
{
    (void)state;
    struct codec_buffer buffer = {0};
    assert_int_equal(codec_buffer_reserve(&buffer, 0), DISSOLVE_OK);
    assert_null(buffer.data);
    assert_int_equal(codec_buffer_append(&buffer, NULL, 0), DISSOLVE_OK);
    assert_int_equal(codec_buffer_append(&buffer, "abc", 3), DISSOLVE_OK);
    assert_int_equal(codec_buffer_reserve(&buffer, 100000), DISSOLVE_OK);
    assert_int_equal(buffer.size, 3);
    const uint8_t *data = buffer.data;
    memset(buffer.data + 3, 1, 100000);
    assert_int_equal(codec_buffer_reserve(&buffer, 100000), DISSOLVE_OK);
    assert_ptr_equal(buffer.data, data);
    assert_memory_equal(buffer.data, "abc", 3);
    codec_buffer_free(&buffer);
}

static void test_no_memory_leaves_it_as_it_was(void **state)
{
    (void)state;
    struct codec_buffer buffer = {0};
    assert_int_equal(codec_buffer_append(&buffer, "abc", 3), DISSOLVE_OK);
    assert_int_equal(codec_buffer_reserve(&buffer, SIZE_MAX), DISSOLVE_NO_MEMORY);
    assert_int_equal(codec_buffer_reserve(&buffer, SIZE_MAX - 3), DISSOLVE_NO_MEMORY);
    assert_int_equal(codec_buffer_reserve(&buffer, PTRDIFF_MAX - 2), DISSOLVE_NO_MEMORY);
    fail_allocation(0);
    assert_int_equal(codec_buffer_append(&buffer, "a string", 1000), DISSOLVE_NO_MEMORY);
    assert_true(allocation_failed());
    fail_allocation(0); /* the step from doubling to the exact size */
    assert_int_equal(codec_buffer_reserve(&buffer, PTRDIFF_MAX - 3), DISSOLVE_NO_MEMORY);
    assert_true(allocation_failed());
    assert_int_equal(buffer.size, 3);
    assert_memory_equal(buffer.data, "abc", 3);
    codec_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_keeps_every_byte),
        cmocka_unit_test(test_growth_doubles),
        cmocka_unit_test(test_reserve_makes_little_more),
        cmocka_unit_test(test_reserve_makes_room),
        cmocka_unit_test(test_no_memory_leaves_it_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
