/* Histograms against numpy.histogram, bit for bit, and where numpy has no answer. */
#include "expect.h"
#include "made.h"
#include <dissolve/histogram.h>
#include <float.h>
#include <string.h>

struct histogram_case {
    const float *values; /* or, where NULL, made from the next three */
    uint64_t seed;
    int exponent;
    float shift;
    size_t n, bins;
    const double *range;
    uint64_t outside;
    size_t stride; /* of the edges and densities that the table holds */
    const double *edges;
    const uint32_t *counts;
    const double *density;
};

#include "histogram_table.inc"

static double edges[DISSOLVE_MAX_BINS + 2], density[DISSOLVE_MAX_BINS + 1];
static uint64_t counts[DISSOLVE_MAX_BINS + 1], outside;

/* Values of exactly the size, so that the address sanitizer sees a read too far. */
static float *values_of(const struct histogram_case *c)
{
    float *x;

    if (!c->values)
        return made(c->seed, c->n, c->exponent, c->shift);
    x = malloc(c->n * sizeof *x);
    assert_non_null(x);
    memcpy(x, c->values, c->n * sizeof *x);
    return x;
}

static int same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void check_case(size_t number, const struct histogram_case *c)
{
    const double guard = 12345.0;
    float *x = values_of(c);

    edges[c->bins + 1] = density[c->bins] = guard;
    counts[c->bins] = 12345;
    assert_int_equal(dissolve_histogram(x, c->n, c->bins, c->range, edges, counts, &outside),
                     DISSOLVE_OK);
    dissolve_histogram_density(c->bins, edges, counts, density);
    assert_true(edges[c->bins + 1] == guard && density[c->bins] == guard);
    assert_int_equal(counts[c->bins], 12345);

    for (size_t i = 0; i <= c->bins; i += c->stride) {
        if (!(edges[i] == c->edges[i / c->stride]) || (edges[i] == 0.0 && signbit(edges[i])))
            fail_msg("case %zu, edge %zu: %a, not %a", number, i, edges[i],
                     c->edges[i / c->stride]);
    }
    for (size_t i = 0; i < c->bins; i++) {
        if (counts[i] != c->counts[i])
            fail_msg("case %zu, bin %zu: %llu, not %u", number, i, (unsigned long long)counts[i],
                     c->counts[i]);
    }
    for (size_t i = 0; i < c->bins; i += c->stride) {
        if (!same(density[i], c->density[i / c->stride]))
            fail_msg("case %zu, density %zu: %a, not %a", number, i, density[i],
                     c->density[i / c->stride]);
    }
    assert_int_equal(outside, c->outside);
    free(x);
}

static void test_numpy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof histogram_cases / sizeof histogram_cases[0]; i++)
        check_case(i, &histogram_cases[i]);
}

/* The rule itself, for every value: edges[i] <= x < edges[i + 1], the last bin closed. */
static void test_rule(void **state)
{
    enum { N = 5000, BINS = 301 };
    float *x = made(99, N, -15, 0.5f);
    const double range[2] = {-1.1, 1.7};
    uint64_t expected[BINS] = {0}, left = N;

    (void)state;
    assert_int_equal(dissolve_histogram(x, N, BINS, range, edges, counts, &outside), DISSOLVE_OK);
    for (size_t i = 0; i < N; i++) {
        for (size_t b = 0; b < BINS; b++) {
            double value = (double)x[i];
            int below_end = b + 1 == BINS ? value <= edges[b + 1] : value < edges[b + 1];

            if (edges[b] <= value && below_end) {
                expected[b]++;
                left--;
            }
        }
    }
    assert_memory_equal(counts, expected, sizeof expected);
    assert_int_equal(outside, left);
    free(x);
}

/* Which bin the rule gives x, where all edges differ; `bins` if none. */
static size_t bin_by_rule(double x, size_t bins)
{
    size_t bin = 0;

    if (!(x >= edges[0] && x <= edges[bins]))
        return bins;
    while (bin + 1 < bins && x >= edges[bin + 1])
        bin++;
    return bin;
}

/* Values on both sides of every edge, where a guess in float32 says nothing, and far outside. */
static void test_edges(void **state)
{
    static const struct {
        double low, high;
        size_t bins;
    } cases[] = {
        {-1, 1, 255},        {-6.1, 7.3, 50},   {0, 1, 10},        {-4, 4, 4096},
        {1e6, 1e6 + 1, 8},   {-1e30, 3e30, 7},  {1e-30, 3e-30, 9}, {100, 101.5, 3},
        {-3e38, 3e38, 4096}, {1e-40, 2e-39, 5}, {5000, 5008, 4},   {-1e-3, 1e-3, 1000},
    };
    static const float odd[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 0.0f};
    static float x[8 * (DISSOLVE_MAX_BINS + 1)];
    static uint64_t expected[DISSOLVE_MAX_BINS + 1];

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const double range[2] = {cases[c].low, cases[c].high};
        size_t bins = cases[c].bins, n = 0;

        assert_int_equal(dissolve_histogram(odd, 1, bins, range, edges, counts, &outside),
                         DISSOLVE_OK);
        for (size_t i = 0; i <= bins; i++) {
            float below = (float)edges[i], above = below;

            x[n++] = below;
            for (int k = 0; k < 3; k++) {
                below = nextafterf(below, -INFINITY);
                above = nextafterf(above, INFINITY);
                x[n++] = below;
                x[n++] = above;
            }
            x[n++] = odd[i % (sizeof odd / sizeof odd[0])];
        }
        memset(expected, 0, sizeof expected);
        for (size_t i = 0; i < n; i++)
            expected[bin_by_rule((double)x[i], bins)]++;
        assert_int_equal(dissolve_histogram(x, n, bins, range, edges, counts, &outside),
                         DISSOLVE_OK);
        assert_memory_equal(counts, expected, bins * sizeof *counts);
        assert_int_equal(outside, expected[bins]);
    }
}

/* So many that they are counted in several parts. */
static void test_many(void **state)
{
    enum { N = 2100007 };
    const double range[2] = {0, 4};
    float *x = malloc(N * sizeof *x);

    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(i % 5) + 0.25f;
    assert_int_equal(dissolve_histogram(x, N, 4, range, edges, counts, &outside), DISSOLVE_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(counts[i], N / 5 + (i < N % 5));
    assert_int_equal(outside, N / 5);
    free(x);
}

/* 2^60 + 0.5 is 2^60: all edges are one, and every x is in the last bin. */
static void test_equal_ends_that_stay(void **state)
{
    const float x[] = {0x1p60f, 0x1p60f, 0x1p60f};
    const double range[2] = {0x1p60, 0x1p60};

    (void)state;
    for (int given = 0; given < 2; given++) {
        assert_int_equal(dissolve_histogram(x, 3, 5, given ? range : NULL, edges, counts, &outside),
                         DISSOLVE_OK);
        for (size_t i = 0; i < 5; i++) {
            assert_true(edges[i] == 0x1p60);
            assert_int_equal(counts[i], i == 4 ? 3 : 0);
        }
        assert_int_equal(outside, 0);
    }
}

/* So narrow that bins per unit is infinite: by the edges alone. */
static void test_denormal_range(void **state)
{
    const float x[] = {0.0f, -0.0f, 1.0f, -1.0f};
    const double range[2] = {0.0, 40 * 0x1p-1074};

    (void)state;
    assert_int_equal(dissolve_histogram(x, 4, 20, range, edges, counts, &outside), DISSOLVE_OK);
    for (size_t i = 0; i <= 20; i++)
        assert_true(edges[i] == (double)(2 * i) * 0x1p-1074);
    assert_int_equal(counts[0], 2);
    assert_int_equal(outside, 2);
}

static void test_nothing_counted(void **state)
{
    const float x[] = {5.0f};
    const double range[2] = {0.0, 1.0};

    (void)state;
    assert_int_equal(dissolve_histogram(x, 1, 3, range, edges, counts, &outside), DISSOLVE_OK);
    assert_int_equal(outside, 1);
    dissolve_histogram_density(3, edges, counts, density);
    for (size_t i = 0; i < 3; i++)
        assert_true(density[i] == 0.0);
}

/* JSON would tell a -0 from a 0. */
static void test_negative_zero(void **state)
{
    const float x[] = {-1.0f, -0.0f};

    (void)state;
    assert_int_equal(dissolve_histogram(x, 2, 4, NULL, edges, counts, &outside), DISSOLVE_OK);
    assert_true(edges[4] == 0.0 && !signbit(edges[4]));
    assert_int_equal(counts[3], 1);
    assert_int_equal(dissolve_histogram(x + 1, 1, 2, NULL, edges, counts, &outside), DISSOLVE_OK);
    assert_true(edges[1] == 0.0 && !signbit(edges[1]));
}

/* Not asked for by the contract, but nothing may be written where it does not belong. */
static void test_not_finite(void **state)
{
    const float x[] = {0.5f, NAN, INFINITY, -INFINITY, 0.25f};
    const double range[2] = {0.0, 1.0};

    (void)state;
    assert_int_equal(dissolve_histogram(x, 5, 4, range, edges, counts, &outside), DISSOLVE_OK);
    assert_int_equal(outside, 3);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 1);
    assert_int_equal(dissolve_histogram(x, 5, 4, NULL, edges, counts, &outside), DISSOLVE_INVALID);
    assert_int_equal(dissolve_histogram(x + 1, 1, 4, NULL, edges, counts, &outside),
                     DISSOLVE_INVALID);
}

static void test_refusals(void **state)
{
    static const double ranges[][2] = {
        {1.0, 0.0},
        {0.0, (double)INFINITY},
        {-(double)INFINITY, 0.0},
        {(double)INFINITY, (double)INFINITY},
        {(double)NAN, 1.0},
        {0.0, (double)NAN},
        {-DBL_MAX, DBL_MAX},
    };
    const float x[] = {0.5f};

    (void)state;
    assert_int_equal(dissolve_histogram(x, 1, 0, NULL, edges, counts, &outside), DISSOLVE_INVALID);
    assert_int_equal(dissolve_histogram(x, 1, DISSOLVE_MAX_BINS + 1, NULL, edges, counts, &outside),
                     DISSOLVE_INVALID);
    assert_int_equal(dissolve_histogram(x, 0, 5, NULL, edges, counts, &outside), DISSOLVE_INVALID);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        assert_int_equal(dissolve_histogram(x, 1, 5, ranges[i], edges, counts, &outside),
                         DISSOLVE_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numpy),
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_equal_ends_that_stay),
        cmocka_unit_test(test_denormal_range),
        cmocka_unit_test(test_nothing_counted),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_negative_zero),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
