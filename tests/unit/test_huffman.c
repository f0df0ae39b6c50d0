/* The Huffman-only deflate stream: libdeflate reads back what was written, for any histogram. */
#include "codec/huffman.h"

#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Writes into memory of the exact size that is promised to be enough, and reads it back. */
static size_t check(const uint8_t *bytes, size_t size)
{
    struct codec_huffman plan;
    codec_huffman_plan(bytes, size, &plan);
    uint8_t *stream = malloc(plan.size + 8);
    uint8_t *back = malloc(size + 1);
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    assert_true(stream && back && decompressor);
    codec_huffman_write(&plan, bytes, size, stream);
    size_t got = SIZE_MAX;
    assert_int_equal(
        libdeflate_zlib_decompress(decompressor, stream, plan.size, back, size + 1, &got),
        LIBDEFLATE_SUCCESS);
    assert_int_equal(got, size);
    assert_memory_equal(back, bytes, size);
    libdeflate_free_decompressor(decompressor);
    free(stream);
    free(back);
    return plan.size;
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void any_histogram_is_read_back(void **state)
{
    (void)state;
    enum { MOST = 70000 };
    static uint8_t bytes[MOST];
    uint32_t seed = 1;
    for (int round = 0; round < 200; round++) {
        size_t size = next(&seed) % (round % 4 ? 500 : MOST);
        uint32_t symbols = 1 + next(&seed) % 256;
        uint32_t skew = next(&seed) % 6;
        for (size_t i = 0; i < size; i++) {
            uint32_t value = next(&seed) % symbols;
            for (uint32_t k = 0; k < skew; k++)
                value = value * (next(&seed) % symbols) / symbols;
            bytes[i] = (uint8_t)value;
        }
        check(bytes, size);
    }
}

static void the_smallest_inputs_are_read_back(void **state)
{
    (void)state;
    static uint8_t bytes[100000];
    check(bytes, 0);
    check(bytes, 1);
    check(bytes, 5);
    check(bytes, sizeof bytes); /* one symbol, a bit each */
    bytes[7] = 255;
    check(bytes, sizeof bytes);
}

/* Fibonacci's numbers as counts make the deepest tree that there is: the limit must hold. */
static void depths_beyond_the_limit_are_cut(void **state)
{
    (void)state;
    enum { DEEP = 24 };
    size_t count[DEEP] = {1, 1}, size = 2;
    for (int i = 2; i < DEEP; i++)
        size += count[i] = count[i - 1] + count[i - 2];
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    size_t at = 0;
    for (int v = 0; v < DEEP; v++) {
        memset(bytes + at, v, count[v]);
        at += count[v];
    }
    struct codec_huffman plan;
    codec_huffman_plan(bytes, size, &plan);
    for (int v = 0; v < 257; v++)
        assert_true(plan.lengths[v] <= CODEC_HUFFMAN_LONGEST);
    check(bytes, size);
    free(bytes);
}

static void noise_takes_what_its_entropy_says(void **state)
{
    (void)state;
    static uint8_t bytes[1 << 20];
    uint32_t seed = 9;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(next(&seed) % 128); /* 7 bits */
    size_t size = check(bytes, sizeof bytes);
    assert_in_range(size, sizeof bytes / 8 * 7, sizeof bytes / 8 * 7 + sizeof bytes / 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_histogram_is_read_back),
        cmocka_unit_test(the_smallest_inputs_are_read_back),
        cmocka_unit_test(depths_beyond_the_limit_are_cut),
        cmocka_unit_test(noise_takes_what_its_entropy_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
