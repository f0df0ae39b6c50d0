/* Runs of one byte: what is found is there, none of 15 is missed, lengths are those of RFC 1951. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/runs.h"

enum { SURE = 15, LEAST = 8 };

/* The table of RFC 1951, 3.2.5: the first length of each symbol from 257 on, and its extra bits. */
static const unsigned first_lengths[29] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                           15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                           67, 83, 99, 115, 131, 163, 195, 227, 258};
static const unsigned extra_bits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                        2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};

static void lengths_have_their_symbols(void **state)
{
    (void)state;
    for (size_t length = 3; length <= CODEC_RUN_MOST; length++) {
        unsigned i = 28;
        while (first_lengths[i] > length)
            i--;
        struct codec_run_symbol symbol = codec_run_symbol_of(length);
        assert_int_equal(symbol.symbol, 257 + i);
        assert_int_equal(symbol.extra_bits, extra_bits[i]);
        assert_int_equal(symbol.extra, length - first_lengths[i]);
    }
}

static void every_run_is_cut_into_lengths(void **state)
{
    (void)state;
    for (size_t length = 3; length < 2000; length++) {
        for (size_t part, left = length; left > 0; left -= part) {
            part = codec_run_part(left);
            assert_in_range(part, 3, CODEC_RUN_MOST);
            assert_true(part <= left);
        }
    }
}

/* How many bytes from `at` on are as the one before them. */
static size_t repeats_at(const uint8_t *bytes, size_t at, size_t size)
{
    size_t count = 0;
    while (at + count < size && bytes[at + count] == bytes[at + count - 1])
        count++;
    return count;
}

/* Walks the runs as a writer does. */
static void check(const uint8_t *bytes, size_t size)
{
    size_t from = 0;
    for (;;) {
        struct codec_run run = codec_run_next(bytes, from, size);
        size_t end = run.length > 0 ? run.start : size;
        for (size_t at = from > 0 ? from : 1; at < end; at++)
            assert_true(repeats_at(bytes, at, size) < SURE);
        if (run.length == 0)
            break;
        assert_true(run.start > 0 && run.start >= from && run.length >= LEAST);
        assert_int_equal(run.length, repeats_at(bytes, run.start, size));
        from = run.start + run.length;
    }
}

static void runs_of_every_length_are_found(void **state)
{
    (void)state;
    for (size_t before = 0; before < 20; before++) {
        for (size_t length = 1; length < 40; length++) {
            for (size_t behind = 0; behind < 10; behind++) {
                size_t size = before + length + behind;
                uint8_t *bytes = malloc(size); /* of the exact size, for the sanitizer */
                assert_non_null(bytes);
                for (size_t i = 0; i < size; i++)
                    bytes[i] = (uint8_t)(i >= before && i < before + length ? 200 : i % 100);
                check(bytes, size);
                free(bytes);
            }
        }
    }
}

static void random_runs_are_found(void **state)
{
    (void)state;
    static uint8_t bytes[20000];
    uint32_t seed = 5;
    for (int round = 0; round < 30; round++) {
        for (size_t at = 0; at < sizeof bytes;) {
            seed = seed * 1664525u + 1013904223u;
            size_t length = 1 + (seed >> 24) % (round % 3 ? 40 : 600);
            length = length < sizeof bytes - at ? length : sizeof bytes - at;
            memset(bytes + at, (int)(seed >> 20 & 3), length); /* neighbours may be one */
            at += length;
        }
        check(bytes, sizeof bytes);
    }
}

static void nothing_is_no_run(void **state)
{
    (void)state;
    const uint8_t byte = 0;
    assert_int_equal(codec_run_next(&byte, 0, 0).length, 0);
    assert_int_equal(codec_run_next(&byte, 0, 1).length, 0);
    assert_int_equal(codec_run_next(&byte, 1, 1).length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_have_their_symbols),
        cmocka_unit_test(every_run_is_cut_into_lengths),
        cmocka_unit_test(runs_of_every_length_are_found),
        cmocka_unit_test(random_runs_are_found),
        cmocka_unit_test(nothing_is_no_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
