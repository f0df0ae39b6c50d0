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

/* Runs of random lengths, from none to longer than a symbol's most, with noise between them. */
static void runs_are_read_back(void **state)
{
    (void)state;
    enum { MOST = 40000 };
    static uint8_t bytes[MOST];
    uint32_t seed = 3;
    size_t with_runs = 0;
    for (int round = 0; round < 200; round++) {
        size_t size = next(&seed) % MOST;
        uint32_t longest = 1 + next(&seed) % 2000, noise = 1 + next(&seed) % 60;
        for (size_t at = 0; at < size;) {
            size_t length = 1 + next(&seed) % longest;
            length = length < size - at ? length : size - at;
            memset(bytes + at, round % 2 ? 0 : (int)(next(&seed) % 2), length);
            at += length;
            for (uint32_t k = next(&seed) % noise; k > 0 && at < size; k--)
                bytes[at++] = (uint8_t)next(&seed);
        }
        struct codec_huffman plan;
        codec_huffman_plan(bytes, size, &plan);
        with_runs += plan.has_runs;
        check(bytes, size);
    }
    assert_in_range(with_runs, 50, 199);
}

static void one_byte_takes_next_to_nothing(void **state)
{
    (void)state;
    static uint8_t bytes[1 << 20];
    for (size_t size = 1; size < 600; size++)
        check(bytes, size);
    assert_in_range(check(bytes, sizeof bytes), 1, sizeof bytes / 258 / 4 + 50);
}

/* Two bytes, and the end: of one bit and of two, or of less in runs. */
static void two_symbols_are_read_back(void **state)
{
    (void)state;
    static uint8_t bytes[30000];
    for (size_t step = 1; step < 700; step += 3) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = i / step % 2 ? 255 : 7;
        assert_true(check(bytes, sizeof bytes) <= sizeof bytes / 16 * 3 + 60);
    }
}

/* Huffman's blocks and stored ones in one stream, from every number of bits held. */
static void blocks_follow_each_other(void **state)
{
    (void)state;
    enum { PART = 301, PARTS = 40 };
    static uint8_t bytes[PART * PARTS], stream[PART * PARTS * 2], back[PART * PARTS];
    uint32_t seed = 4;
    struct codec_bits bits;
    uint64_t total = 16;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(next(&seed) % (1 + i / PART * 6));
    codec_zlib_begin(stream, &bits);
    for (size_t part = 0; part < PARTS; part++) {
        const uint8_t *from = bytes + part * PART;
        bool last = part == PARTS - 1;
        if (part % 2) {
            codec_stored_head(PART, last, &bits);
            memcpy(bits.at, from, PART);
            bits.at += PART;
            total = (total + 3 + 7) / 8 * 8 + 32 + 8 * PART;
        } else {
            struct codec_huffman plan;
            codec_huffman_plan(from, PART, &plan);
            codec_huffman_block(&plan, from, PART, last, &bits);
            total += plan.bits;
        }
        assert_true(bits.count < 8);
        assert_int_equal((size_t)(bits.at - stream) * 8 + bits.count, total);
    }
    size_t size =
        (size_t)(codec_zlib_end(&bits, libdeflate_adler32(1, bytes, sizeof bytes)) - stream);
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    assert_non_null(decompressor);
    assert_int_equal(
        libdeflate_zlib_decompress(decompressor, stream, size, back, sizeof back, NULL),
        LIBDEFLATE_SUCCESS);
    assert_memory_equal(back, bytes, sizeof bytes);
    libdeflate_free_decompressor(decompressor);
}

/* A block goes on with bytes that its code was not made for, and an empty one says that it ends. */
static void a_block_goes_on(void **state)
{
    (void)state;
    enum { PART = 5000, PARTS = 7 };
    static uint8_t bytes[PART * PARTS], stream[PART * PARTS * 2], back[PART * PARTS];
    uint32_t seed = 6;
    struct codec_huffman plan;
    struct codec_bits bits;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i < 256 ? i : next(&seed) % (256 - i / PART * 30));
    codec_huffman_plan(bytes, PART, &plan);
    codec_zlib_begin(stream, &bits);
    codec_huffman_open(&plan, false, &bits);
    for (size_t part = 0; part < PARTS; part++)
        codec_huffman_add(&plan, bytes + part * PART, PART, &bits);
    codec_huffman_close(&plan, &bits);
    size_t before = (size_t)(bits.at - stream) * 8 + bits.count;
    codec_huffman_end(&bits);
    assert_int_equal((size_t)(bits.at - stream) * 8 + bits.count, before + 10);
    uint8_t *end = codec_zlib_end(&bits, libdeflate_adler32(1, bytes, sizeof bytes));
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    assert_non_null(decompressor);
    assert_int_equal(libdeflate_zlib_decompress(decompressor, stream, (size_t)(end - stream), back,
                                                sizeof back, NULL),
                     LIBDEFLATE_SUCCESS);
    assert_memory_equal(back, bytes, sizeof bytes);
    libdeflate_free_decompressor(decompressor);
}

static void stored_blocks_have_their_size(void **state)
{
    (void)state;
    assert_int_equal(codec_stored_size(0), 5);
    assert_int_equal(codec_stored_size(1), 6);
    assert_int_equal(codec_stored_size(65535), 65540);
    assert_int_equal(codec_stored_size(65536), 65546);
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
        cmocka_unit_test(runs_are_read_back),
        cmocka_unit_test(one_byte_takes_next_to_nothing),
        cmocka_unit_test(two_symbols_are_read_back),
        cmocka_unit_test(blocks_follow_each_other),
        cmocka_unit_test(a_block_goes_on),
        cmocka_unit_test(stored_blocks_have_their_size),
        cmocka_unit_test(noise_takes_what_its_entropy_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
