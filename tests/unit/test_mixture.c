/* Mixtures against samples made by an independent script, any cut, and every way to refuse one. */
#include "expect.h"
#include <dissolve/mixture.h>
#include <dissolve/noise.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

struct mixture_sample {
    size_t component;
    double value;
};

struct mixture_case {
    struct dissolve_mixture mixture;
    uint64_t seed, offset;
    size_t count;
    const struct mixture_sample *samples;
};

#include "mixture_table.inc"

/* The table's components are told apart by their values: 1e-5 of a deviation is far less. */
static void test_table(void **state)
{
    float samples[100];

    (void)state;
    for (size_t i = 0; i < sizeof mixture_cases / sizeof mixture_cases[0]; i++) {
        const struct mixture_case *c = &mixture_cases[i];

        assert_true(c->count <= 100);
        assert_int_equal(dissolve_mixture_check(&c->mixture), DISSOLVE_OK);
        dissolve_mixture_draw(&c->mixture, c->seed, c->offset, c->count, samples);
        for (size_t j = 0; j < c->count; j++) {
            size_t k = c->samples[j].component;
            double expected = c->samples[j].value, got = (double)samples[j];
            double allowed = 1e-5 * fmin(c->mixture.stds[k], fabs(expected)) +
                             2e-6 * c->mixture.stds[k] + 1e-7 * fabs(expected);

            if (!(fabs(got - expected) <= allowed))
                fail_msg("case %zu, sample %zu: %.9g, not %.9g", i, j, got, expected);
            if (c->mixture.stds[k] == 0.0)
                assert_true(samples[j] == (float)c->mixture.means[k]);
        }
    }
}

static const struct dissolve_mixture lesson = {
    3,
    (const double[]){0.5, 0.3, 0.2},
    (const double[]){0.0, 5.0, -3.0},
    (const double[]){1.0, 0.5, 1.5},
};

/* Any stretch has the bits of the whole, over the borders of blocks and batches. */
static void test_any_cut(void **state)
{
    enum { N = 5000 };
    const uint64_t base = (UINT64_C(1) << 34) - 1001;
    float *whole = malloc(N * sizeof *whole);

    (void)state;
    assert_non_null(whole);
    dissolve_mixture_draw(&lesson, 42, base, N, whole);
    for (size_t start = 0; start < 9; start++) {
        for (size_t count = 0; count <= N - start; count += count < 12 ? 1U : 509U) {
            float *piece = malloc((count + 1) * sizeof *piece);

            assert_non_null(piece);
            piece[count] = -77.0f;
            dissolve_mixture_draw(&lesson, 42, base + start, count, piece);
            assert_memory_equal(piece, whole + start, count * sizeof *piece);
            assert_true(piece[count] == -77.0f);
            free(piece);
        }
    }
    free(whole);
}

/* Shares, mean and deviation of many samples: seven standard errors is one in 10^11. */
static void test_law(void **state)
{
    enum { N = 200000 };
    float *x = malloc(N * sizeof *x);
    double sum = 0.0, squares = 0.0;
    const double mean = 0.3 * 5 - 0.2 * 3;
    const double second = 0.5 * 1 + 0.3 * (25 + 0.25) + 0.2 * (9 + 2.25);
    const double std = sqrt(second - mean * mean);

    (void)state;
    assert_non_null(x);
    dissolve_mixture_draw(&lesson, 2024, 0, N, x);
    for (size_t i = 0; i < N; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
    }
    assert_true(fabs(sum / N - mean) < 7 * std / sqrt(N));
    assert_true(fabs(squares / N - second) < 7 * 11.0 / sqrt(N)); /* sd of x^2: below 11 */
    free(x);
}

static enum dissolve_status check(double weight, double mean, double std)
{
    const double weights[] = {1.0, weight}, means[] = {0.0, mean}, stds[] = {1.0, std};

    return dissolve_mixture_check(&(struct dissolve_mixture){2, weights, means, stds});
}

static void test_accepted(void **state)
{
    (void)state;
    assert_int_equal(dissolve_mixture_check(&lesson), DISSOLVE_OK);
    assert_int_equal(check(0.0, 0.0, 0.0), DISSOLVE_OK);
    assert_int_equal(check(DBL_MAX, (double)FLT_MAX, 0.0), DISSOLVE_OK);
    assert_int_equal(check(1.0, -(double)FLT_MAX, 0.0), DISSOLVE_OK);
}

static void test_refused(void **state)
{
    const double inf = (double)INFINITY, nan = (double)NAN;

    (void)state;
    assert_int_equal(check(-1e-300, 0.0, 1.0), DISSOLVE_INVALID);
    assert_int_equal(check(inf, 0.0, 1.0), DISSOLVE_INVALID);
    assert_int_equal(check(nan, 0.0, 1.0), DISSOLVE_INVALID);
    assert_int_equal(check(1.0, inf, 1.0), DISSOLVE_INVALID);
    assert_int_equal(check(1.0, nan, 1.0), DISSOLVE_INVALID);
    assert_int_equal(check(1.0, 1e39, 1.0), DISSOLVE_INVALID);
    assert_int_equal(check(1.0, (double)FLT_MAX, 1e32), DISSOLVE_INVALID);
    assert_int_equal(check(1.0, 0.0, -1.0), DISSOLVE_INVALID);
    assert_int_equal(check(1.0, 0.0, inf), DISSOLVE_INVALID);
    assert_int_equal(check(1.0, 0.0, nan), DISSOLVE_INVALID);
    assert_int_equal(check(1.0, 0.0, 1e38), DISSOLVE_INVALID);
}

static void test_refused_as_a_whole(void **state)
{
    static double zeros[DISSOLVE_MAX_COMPONENTS + 1], ones[DISSOLVE_MAX_COMPONENTS + 1];
    const double huge[] = {DBL_MAX, DBL_MAX};
    struct dissolve_mixture mixture = {DISSOLVE_MAX_COMPONENTS, ones, zeros, ones};
    float sample;

    (void)state;
    for (size_t k = 0; k <= DISSOLVE_MAX_COMPONENTS; k++)
        ones[k] = 1.0;
    assert_int_equal(dissolve_mixture_check(&mixture), DISSOLVE_OK);
    dissolve_mixture_draw(&mixture, 1, 0, 1, &sample);
    assert_true(isfinite(sample));
    mixture.components = DISSOLVE_MAX_COMPONENTS + 1;
    assert_int_equal(dissolve_mixture_check(&mixture), DISSOLVE_INVALID);
    mixture.components = 0;
    assert_int_equal(dissolve_mixture_check(&mixture), DISSOLVE_INVALID);
    mixture = (struct dissolve_mixture){2, zeros, zeros, ones};
    assert_int_equal(dissolve_mixture_check(&mixture), DISSOLVE_INVALID);
    mixture = (struct dissolve_mixture){2, huge, zeros, ones};
    assert_int_equal(dissolve_mixture_check(&mixture), DISSOLVE_INVALID);
}

/* Draws points at 0, 1, ..: the component that each sample took. */
static void draw_components(double *weights, size_t components, uint64_t offset, size_t count,
                            float *samples)
{
    static double means[DISSOLVE_MAX_COMPONENTS], stds[DISSOLVE_MAX_COMPONENTS];
    const struct dissolve_mixture mixture = {components, weights, means, stds};

    for (size_t k = 0; k < components; k++)
        means[k] = (double)k;
    dissolve_mixture_draw(&mixture, 5, offset, count, samples);
}

/* As many components as are counted, and as are searched: the rule, word by word. */
static void test_every_number_of_components(void **state)
{
    enum { COUNT = 400, MOST = 150 };
    uint32_t words[COUNT];
    float samples[COUNT];
    double weights[MOST];

    (void)state;
    dissolve_words(5, DISSOLVE_STREAM_COMPONENT, 0, 0, COUNT / 4, words);
    for (size_t components = 1; components <= MOST; components++) {
        double sum = 0.0;

        for (size_t k = 0; k < components; k++) {
            weights[k] = (double)(k * 7919 % 11) + (k == 0);
            sum += weights[k];
        }
        draw_components(weights, components, 0, COUNT, samples);
        for (size_t i = 0; i < COUNT; i++) {
            double u = (double)(words[i] >> 8) * 0x1p-24, below = 0.0;
            size_t k = 0;

            while (k + 1 < components && (below += weights[k] / sum) <= u)
                k++;
            assert_true(samples[i] == (float)k);
        }
    }
}

/* A cumulated weight at u does not exceed it; one that is larger by half a step of u does. */
static void test_thresholds(void **state)
{
    uint32_t words[4];
    float sample;

    (void)state;
    dissolve_words(5, DISSOLVE_STREAM_COMPONENT, 0, 3, 1, words);
    for (size_t components = 2; components <= 100; components += 98) {
        double weights[100] = {0}, u = (double)(words[1] >> 8) * 0x1p-24;

        weights[0] = u;
        weights[1] = 1.0 - u;
        draw_components(weights, components, 13, 1, &sample);
        assert_true(sample == 1.0f);
        weights[0] = u + 0x1p-25;
        weights[1] = 1.0 - weights[0];
        draw_components(weights, components, 13, 1, &sample);
        assert_true(sample == 0.0f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_any_cut),
        cmocka_unit_test(test_law),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_as_a_whole),
        cmocka_unit_test(test_every_number_of_components),
        cmocka_unit_test(test_thresholds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
