/* The noise contract: published vectors, a table made by an independent script, any cut. */
#include "expect.h"
#include <dissolve/noise.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct normal_row {
    uint64_t seed;
    uint32_t stream;
    uint32_t t;
    uint64_t element;
    double value;
};

static const struct normal_row normal_rows[] = {
#include "normals_table.inc"
};

static void assert_within(double got, double expected, uint64_t element)
{
    if (!(fabs(got - expected) <= 2e-6))
        fail_msg("element %#llx: %.9g, not %.9g", (unsigned long long)element, got, expected);
}

static void test_philox_vectors(void **state)
{
    static const struct {
        uint32_t counter[4], key[2], words[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint32_t words[4];

        dissolve_philox(vectors[i].counter, vectors[i].key, words);
        assert_memory_equal(words, vectors[i].words, sizeof words);
    }
}

static void test_known_normals(void **state)
{
    static const double expected[] = {-0.89846320, 0.24316687, -0.96924266, -0.77838646};
    float normals[4];

    (void)state;
    dissolve_normals(0x0123456789abcdef, DISSOLVE_STREAM_TREE, 7, (UINT64_C(1) << 34) + 2, 4,
                     normals);
    for (size_t i = 0; i < 4; i++)
        assert_within((double)normals[i], expected[i], i);
}

/* Each value by itself, and where it stands in a longer run. */
static void test_table(void **state)
{
    size_t count = sizeof normal_rows / sizeof normal_rows[0];

    (void)state;
    assert_true(count >= 300);
    for (size_t i = 0; i < count; i++) {
        const struct normal_row *row = &normal_rows[i];
        enum dissolve_stream stream = (enum dissolve_stream)row->stream;
        uint64_t before = row->element < 37 ? row->element : 37;
        float one, many[38];

        dissolve_normals(row->seed, stream, row->t, row->element, 1, &one);
        assert_within((double)one, row->value, row->element);
        dissolve_normals(row->seed, stream, row->t, row->element - before, before + 1, many);
        assert_memory_equal(&many[before], &one, sizeof one);
    }
}

/* What a counter of 32 bits, or a block number kept in one, would get wrong. */
static void test_words(void **state)
{
    static const uint64_t firsts[] = {0, 1, 0xfffffffe, UINT64_C(1) << 32,
                                      (UINT64_C(1) << 62) - 40};
    static const uint64_t seeds[] = {0, 0x0123456789abcdef, UINT64_MAX};

    (void)state;
    for (size_t f = 0; f < sizeof firsts / sizeof firsts[0]; f++) {
        for (size_t s = 0; s < sizeof seeds / sizeof seeds[0]; s++) {
            uint32_t key[2] = {(uint32_t)seeds[s], (uint32_t)(seeds[s] >> 32)};
            uint32_t words[4 * 40];

            for (size_t blocks = 1; blocks <= 40; blocks += 13) {
                memset(words, 0, sizeof words);
                dissolve_words(seeds[s], DISSOLVE_STREAM_COMPONENT, 10000, firsts[f], blocks,
                               words);
                for (size_t b = 0; b < blocks; b++) {
                    uint64_t block = firsts[f] + b;
                    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), 10000,
                                           DISSOLVE_STREAM_COMPONENT};
                    uint32_t expected[4];

                    dissolve_philox(counter, key, expected);
                    assert_memory_equal(words + 4 * b, expected, sizeof expected);
                }
                for (size_t i = 4 * blocks; i < 4 * 40; i++)
                    assert_int_equal(words[i], 0);
            }
        }
    }
}

/* Every start and length of a stretch gives the bits that the whole has there, and no more. */
static void test_any_cut(void **state)
{
    enum { N = 600 };
    static const uint64_t bases[] = {0, (UINT64_C(1) << 34) - 301};
    float whole[N];
    const float guard = -77.0f;

    (void)state;
    for (size_t b = 0; b < 2; b++) {
        dissolve_normals(42, DISSOLVE_STREAM_CHAIN, 3, bases[b], N, whole);
        for (size_t start = 0; start < 70; start++) {
            for (size_t count = 0; count < N - start; count += count < 80 ? 1U : 61U) {
                /* Of its exact size, so that the address sanitizer sees a step too far. */
                float *piece = malloc((count + 1) * sizeof *piece);

                assert_non_null(piece);
                piece[count] = guard;
                dissolve_normals(42, DISSOLVE_STREAM_CHAIN, 3, bases[b] + start, count, piece);
                assert_memory_equal(piece, whole + start, count * sizeof *piece);
                assert_true(piece[count] == guard);
                free(piece);
            }
        }
    }
}

/* A buffer that begins on no vector's border. */
static void test_unaligned(void **state)
{
    enum { N = 257 };
    float *buffer = malloc((N + 16) * sizeof *buffer);
    float expected[N];

    (void)state;
    assert_non_null(buffer);
    dissolve_normals(7, DISSOLVE_STREAM_JUMP, 1, 9, N, expected);
    for (size_t shift = 0; shift < 16; shift++) {
        dissolve_normals(7, DISSOLVE_STREAM_JUMP, 1, 9, N, buffer + shift);
        assert_memory_equal(buffer + shift, expected, sizeof expected);
    }
    free(buffer);
}

/* Seed, stream and t each change every word: no two purposes share their numbers. */
static void test_distinct(void **state)
{
    uint32_t base[4], other[4][4];

    (void)state;
    dissolve_words(1, DISSOLVE_STREAM_CHAIN, 1, 5, 1, base);
    dissolve_words(2, DISSOLVE_STREAM_CHAIN, 1, 5, 1, other[0]);
    dissolve_words(1 + (UINT64_C(1) << 32), DISSOLVE_STREAM_CHAIN, 1, 5, 1, other[1]);
    dissolve_words(1, DISSOLVE_STREAM_JUMP, 1, 5, 1, other[2]);
    dissolve_words(1, DISSOLVE_STREAM_CHAIN, 2, 5, 1, other[3]);
    for (size_t i = 0; i < 4; i++) {
        for (size_t w = 0; w < 4; w++)
            assert_int_not_equal(base[w], other[i][w]);
    }
}

/* Pairs whose u is 2^-24, the smallest: r is sqrt(48 ln 2), and no normal is larger. */
static void test_end_of_the_tails(void **state)
{
    const struct {
        uint64_t seed;
        enum dissolve_stream stream;
        uint32_t t;
        uint64_t block;
        int pair;
    } ends[] = {
        {42, DISSOLVE_STREAM_CHAIN, 1, 18495139, 0},
        {42, DISSOLVE_STREAM_CHAIN, 1, 41258356, 0},
        {1, DISSOLVE_STREAM_JUMP, 1000, 36684940, 1},
        {UINT64_MAX, DISSOLVE_STREAM_TREE, 10000, 24982563, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        uint32_t words[4];
        float n[4];

        dissolve_words(ends[i].seed, ends[i].stream, ends[i].t, ends[i].block, 1, words);
        assert_int_equal(words[2 * ends[i].pair] >> 8, 0);
        dissolve_normals(ends[i].seed, ends[i].stream, ends[i].t, 4 * ends[i].block, 4, n);
        assert_true(fabs(hypot((double)n[2 * ends[i].pair], (double)n[2 * ends[i].pair + 1]) -
                         5.768107546403532) < 3e-6);
    }
}

static void test_isa(void **state)
{
    const char *name = NULL;
    enum dissolve_status status = dissolve_isa(&name);

    (void)state;
    assert_non_null(name);
    assert_int_equal(status, DISSOLVE_OK);
    if (getenv("DISSOLVE_ISA"))
        assert_string_equal(name, getenv("DISSOLVE_ISA"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_vectors),
        cmocka_unit_test(test_known_normals),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_any_cut),
        cmocka_unit_test(test_unaligned),
        cmocka_unit_test(test_distinct),
        cmocka_unit_test(test_end_of_the_tails),
        cmocka_unit_test(test_isa),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
