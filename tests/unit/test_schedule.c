/* Schedules against values worked out by other means. */
#include "expect.h"
#include <dissolve/schedule.h>
#include <math.h>
#include <string.h>

/* Step t of a case, reached in one from step `from`. */
struct schedule_row {
    uint32_t t, from;
    double beta, alpha_cumprod, snr, log_snr, kl, signal, variance;
};

struct schedule_case {
    struct dissolve_schedule_options options;
    uint64_t hash; /* of the float32 coefficients of all steps */
    size_t first, rows;
};

#include "schedule_table.inc"

static struct dissolve_schedule *create(const struct dissolve_schedule_options *options)
{
    struct dissolve_schedule *schedule = NULL;

    assert_int_equal(dissolve_schedule_create(options, &schedule, NULL), DISSOLVE_OK);
    assert_non_null(schedule);
    assert_int_equal(dissolve_schedule_steps(schedule), options->steps);
    return schedule;
}

static struct dissolve_schedule *constant(uint32_t steps, double beta)
{
    struct dissolve_schedule_options options = {.steps = steps, .beta = beta};

    return create(&options);
}

static void assert_near(double got, double expected, double relative)
{
    if (!(got == expected || fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("%.17g is not near %.17g", got, expected);
}

static void check_row(const struct dissolve_schedule *schedule, const struct schedule_row *row)
{
    double signal, variance;

    assert_near(dissolve_schedule_beta(schedule, row->t), row->beta, 1e-13);
    assert_near(dissolve_schedule_alpha_cumprod(schedule, row->t), row->alpha_cumprod, 1e-13);
    assert_near(dissolve_schedule_snr(schedule, row->t), row->snr, 1e-13);
    assert_near(dissolve_schedule_log_snr(schedule, row->t), row->log_snr, 1e-13);
    assert_near(dissolve_schedule_kl(schedule, row->t), row->kl, 1e-13);
    dissolve_schedule_transition(schedule, row->from, row->t, &signal, &variance);
    assert_near(signal, row->signal, 1e-13);
    assert_near(variance, row->variance, 1e-13);
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof schedule_cases / sizeof schedule_cases[0]; i++) {
        const struct schedule_case *c = &schedule_cases[i];
        struct dissolve_schedule *schedule = create(&c->options);

        for (size_t j = 0; j < c->rows; j++)
            check_row(schedule, &schedule_rows[c->first + j]);
        dissolve_schedule_destroy(schedule);
    }
}

/* FNV-1a, a word at a time. */
static void hash_float(uint64_t *hash, double value)
{
    float narrow = (float)value;
    uint32_t word;

    memcpy(&word, &narrow, sizeof word);
    *hash = (*hash ^ word) * 0x100000001b3u;
}

static uint64_t hash_coefficients(const struct dissolve_schedule *schedule)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (uint32_t t = 1; t <= dissolve_schedule_steps(schedule); t++) {
        double signal, variance;

        hash_float(&hash, sqrt(1.0 - dissolve_schedule_beta(schedule, t)));
        hash_float(&hash, sqrt(dissolve_schedule_beta(schedule, t)));
        dissolve_schedule_transition(schedule, 0, t, &signal, &variance);
        hash_float(&hash, signal);
        hash_float(&hash, sqrt(variance));
        dissolve_schedule_transition(schedule, t / 2, t, &signal, &variance);
        hash_float(&hash, signal);
        hash_float(&hash, sqrt(variance));
    }
    return hash;
}

/*
 * What the samplers make of the doubles is, bit for bit, the float32 next to the real number: with
 * any compiler and C library. This program also runs with a C library that is told not to use fma.
 */
static void test_coefficients(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof schedule_cases / sizeof schedule_cases[0]; i++) {
        struct dissolve_schedule *schedule = create(&schedule_cases[i].options);

        if (hash_coefficients(schedule) != schedule_cases[i].hash)
            fail_msg("the coefficients of case %zu differ", i);
        dissolve_schedule_destroy(schedule);
    }
}

/* The values of alphas_cumprod that are published or were worked out elsewhere. */
static void test_known(void **state)
{
    const struct {
        struct dissolve_schedule_options options;
        double expected, relative;
    } known[] = {
        {{.kind = DISSOLVE_SCHEDULE_LINEAR, .beta_start = 1e-4, .beta_end = 0.02},
         4.03583e-5,
         2e-6},
        {{.kind = DISSOLVE_SCHEDULE_SCALED_LINEAR, .beta_start = 0.00085, .beta_end = 0.012},
         4.6601e-3,
         2e-5},
        {{.kind = DISSOLVE_SCHEDULE_LINEAR,
          .beta_start = 1e-4,
          .beta_end = 0.02,
          .scale_betas = true}, /* 1000/1000 changes nothing */
         4.03583e-5,
         2e-6},
        {{.kind = DISSOLVE_SCHEDULE_COSINE, .max_beta = 0.999}, 2.42877e-9, 3e-6},
        {{.kind = DISSOLVE_SCHEDULE_SIGMOID, .beta_start = 1e-4, .beta_end = 0.02},
         3.96818e-5,
         2e-6},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct dissolve_schedule_options options = known[i].options;
        struct dissolve_schedule *schedule;

        options.steps = 1000;
        schedule = create(&options);
        assert_near(dissolve_schedule_alpha_cumprod(schedule, 1000), known[i].expected,
                    known[i].relative);
        dissolve_schedule_destroy(schedule);
    }
}

/* linspace to the last bit: its ends, numpy's (i * step) + start between, start if it is alone. */
static void test_linspace(void **state)
{
    struct dissolve_schedule_options options = {
        .kind = DISSOLVE_SCHEDULE_LINEAR, .steps = 1000, .beta_start = 1e-4, .beta_end = 0.02};
    struct dissolve_schedule *schedule = create(&options);
    double step = (0.02 - 1e-4) / 999.0;

    (void)state;
    for (uint32_t t = 1; t < 1000; t++)
        assert_true(dissolve_schedule_beta(schedule, t) == (t - 1) * step + 1e-4);
    assert_true(dissolve_schedule_beta(schedule, 1000) == 0.02);
    dissolve_schedule_destroy(schedule);

    options.steps = 1;
    options.beta_end = 7.0; /* not reached */
    schedule = create(&options);
    assert_true(dissolve_schedule_beta(schedule, 1) == 1e-4);
    dissolve_schedule_destroy(schedule);

    /* A step that is too small for a double is none, but its multiples are. */
    options = (struct dissolve_schedule_options){
        .kind = DISSOLVE_SCHEDULE_LINEAR, .steps = 5, .beta_start = 0.0, .beta_end = 0x1p-1074};
    schedule = create(&options);
    assert_true(dissolve_schedule_beta(schedule, 2) == 0.0);
    assert_true(dissolve_schedule_beta(schedule, 4) == 0x1p-1074);
    dissolve_schedule_destroy(schedule);
}

/* Sound ends make sound schedules, whatever the rounding: every create here must succeed. */
static void test_rounding(void **state)
{
    const double ends[] = {0.0,  -0.0, 0x1p-1074, 1e-300, 1e-20,         0.1,
                           0.25, 0.3,  0.7,       0.9,    1.0 - 0x1p-53, 1.0};
    const uint32_t steps[] = {1, 2, 3, 7, 10, 49, 50, 999, 1000};
    const size_t count = sizeof ends / sizeof ends[0];

    (void)state;
    for (size_t i = 0; i < count * count * 9 * 3 * 2; i++) {
        struct dissolve_schedule_options options = {
            .kind = DISSOLVE_SCHEDULE_LINEAR,
            .steps = steps[i / 6 % 9],
            .beta_start = ends[i / 54 % count],
            .beta_end = ends[i / 54 / count],
            .parameterization = i % 2 ? DISSOLVE_STD : DISSOLVE_VARIANCE,
        };
        struct dissolve_schedule *schedule;

        if (i / 2 % 3 == 1)
            options.kind = DISSOLVE_SCHEDULE_SCALED_LINEAR;
        if (i / 2 % 3 == 2)
            options.kind = DISSOLVE_SCHEDULE_SIGMOID;
        schedule = create(&options);
        for (uint32_t t = 1; t <= options.steps; t++)
            assert_false(signbit(dissolve_schedule_beta(schedule, t)));
        dissolve_schedule_destroy(schedule);
    }
    for (uint32_t t = 1; t <= 300; t++) {
        struct dissolve_schedule_options options = {
            .kind = DISSOLVE_SCHEDULE_COSINE, .steps = t, .max_beta = 1.0};
        struct dissolve_schedule *schedule = create(&options);

        assert_true(dissolve_schedule_beta(schedule, t) == 1.0);
        dissolve_schedule_destroy(schedule);
    }
}

/* Every pair of a wild schedule: in range, no -0, two parts make the whole. */
static void check_transitions(const struct dissolve_schedule *schedule)
{
    uint32_t steps = dissolve_schedule_steps(schedule);

    for (uint32_t from = 0; from <= steps; from++) {
        double before = 0.0;

        for (uint32_t to = from; to <= steps; to++) {
            double signal, variance, first, rest, ignored;

            dissolve_schedule_transition(schedule, from, to, &signal, &variance);
            assert_true(signal >= 0.0 && signal <= 1.0);
            assert_true(variance >= before * (1.0 - 1e-15) && variance <= 1.0);
            assert_false(signbit(variance));
            before = variance;
            dissolve_schedule_transition(schedule, from, (from + to) / 2, &first, &ignored);
            dissolve_schedule_transition(schedule, (from + to) / 2, to, &rest, &ignored);
            assert_near(signal, first * rest, 1e-12);
            if (from == to)
                assert_true(signal == 1.0 && variance == 0.0);
        }
    }
}

static void test_transitions(void **state)
{
    double betas[60];
    struct dissolve_schedule_options options = {
        .kind = DISSOLVE_SCHEDULE_CUSTOM, .steps = 60, .betas = betas};
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 40; round++) {
        for (int i = 0; i < 60; i++) {
            random = random * 1664525u + 1013904223u;
            betas[i] = pow(10.0, -(double)(random >> 16) / 65536.0 * 25.0 * (round % 8) / 7.0);
            if (random >> 28 == 0)
                betas[i] = 0.0;
            if (round % 8 == 0)
                betas[i] = betas[i] == 0.0 ? 0.0 : 1.0 - 0x1p-53;
        }
        options.rescale_zero_snr = round % 2;
        struct dissolve_schedule *schedule = create(&options);
        check_transitions(schedule);
        dissolve_schedule_destroy(schedule);
    }
}

/* A beta of 1e-12 keeps its digits wherever the sum of logarithms stands. */
static void test_late_tiny_beta(void **state)
{
    double betas[1000], signal, variance;
    struct dissolve_schedule_options options = {
        .kind = DISSOLVE_SCHEDULE_CUSTOM, .steps = 1000, .betas = betas};
    struct dissolve_schedule *schedule;

    (void)state;
    for (int i = 0; i < 1000; i++)
        betas[i] = i % 2 ? 1e-12 : 0.5;
    schedule = create(&options);
    for (uint32_t t = 2; t <= 1000; t += 2) {
        dissolve_schedule_transition(schedule, t - 1, t, &signal, &variance);
        assert_near(variance, 1e-12, 1e-14);
        assert_near(signal, 1.0 - 0.5e-12, 1e-15);
    }
    dissolve_schedule_destroy(schedule);
}

/* Powers of 3/4 are exact in double for the lesson's 20 steps. */
static void test_lesson(void **state)
{
    struct dissolve_schedule *schedule = constant(20, 0.25);
    double alpha = 1.0;

    (void)state;
    for (uint32_t t = 1; t <= 20; t++) {
        alpha *= 0.75;
        assert_true(dissolve_schedule_beta(schedule, t) == 0.25);
        assert_near(dissolve_schedule_alpha_cumprod(schedule, t), alpha, 1e-14);
        assert_near(dissolve_schedule_snr(schedule, t), alpha / (1.0 - alpha), 1e-14);
    }
    dissolve_schedule_destroy(schedule);
}

static void no_noise(const struct dissolve_schedule *schedule, uint32_t t)
{
    double signal, variance;

    assert_true(dissolve_schedule_alpha_cumprod(schedule, t) == 1.0);
    assert_true(dissolve_schedule_snr(schedule, t) == (double)INFINITY);
    assert_true(dissolve_schedule_log_snr(schedule, t) == (double)INFINITY);
    assert_true(dissolve_schedule_kl(schedule, t) == (double)INFINITY);
    dissolve_schedule_transition(schedule, 0, t, &signal, &variance);
    assert_true(signal == 1.0 && variance == 0.0 && !signbit(variance));
}

static void test_start(void **state)
{
    struct dissolve_schedule *schedule = constant(3, 0.5);

    (void)state;
    no_noise(schedule, 0);
    dissolve_schedule_destroy(schedule);
}

static void test_no_steps(void **state)
{
    struct dissolve_schedule *schedule = constant(0, 0.25);

    (void)state;
    no_noise(schedule, 0);
    dissolve_schedule_destroy(schedule);
}

/* beta = 0 leaves x as it is, and a -0 is a 0. */
static void test_identity(void **state)
{
    struct dissolve_schedule *schedule = constant(5, -0.0);

    (void)state;
    for (uint32_t t = 1; t <= 5; t++) {
        assert_false(signbit(dissolve_schedule_beta(schedule, t)));
        no_noise(schedule, t);
    }
    dissolve_schedule_destroy(schedule);
}

static void test_erasure(void **state)
{
    struct dissolve_schedule *schedule = constant(2, 1.0);
    double signal, variance;

    (void)state;
    assert_true(dissolve_schedule_alpha_cumprod(schedule, 0) == 1.0);
    for (uint32_t t = 1; t <= 2; t++) {
        assert_true(dissolve_schedule_beta(schedule, t) == 1.0);
        assert_true(dissolve_schedule_alpha_cumprod(schedule, t) == 0.0);
        assert_true(dissolve_schedule_snr(schedule, t) == 0.0);
        assert_true(dissolve_schedule_log_snr(schedule, t) == -(double)INFINITY);
        assert_true(dissolve_schedule_kl(schedule, t) == 0.0);
        dissolve_schedule_transition(schedule, t - 1, t, &signal, &variance);
        assert_true(signal == 0.0 && variance == 1.0);
    }
    dissolve_schedule_destroy(schedule);
}

/* Where a product of (1 - beta) would lose everything, the sum of logarithms does not. */
static void test_tiny_beta(void **state)
{
    struct dissolve_schedule *schedule = constant(DISSOLVE_MAX_STEPS, 1e-20);

    (void)state;
    assert_true(dissolve_schedule_alpha_cumprod(schedule, 1) == 1.0);
    assert_near(dissolve_schedule_snr(schedule, 1), 1e20, 1e-14);
    assert_near(dissolve_schedule_snr(schedule, DISSOLVE_MAX_STEPS), 1e16, 1e-11);
    dissolve_schedule_destroy(schedule);
}

static void test_underflow(void **state)
{
    struct dissolve_schedule *schedule = constant(DISSOLVE_MAX_STEPS, 0.5);

    (void)state;
    assert_near(dissolve_schedule_alpha_cumprod(schedule, 1000), ldexp(1.0, -1000), 1e-10);
    assert_near(dissolve_schedule_snr(schedule, 1000), ldexp(1.0, -1000), 1e-10);
    assert_true(dissolve_schedule_alpha_cumprod(schedule, DISSOLVE_MAX_STEPS) == 0.0);
    assert_true(dissolve_schedule_snr(schedule, DISSOLVE_MAX_STEPS) == 0.0);
    assert_near(dissolve_schedule_log_snr(schedule, DISSOLVE_MAX_STEPS),
                -DISSOLVE_MAX_STEPS * log(2.0), 1e-14);
    assert_true(dissolve_schedule_kl(schedule, DISSOLVE_MAX_STEPS) == 0.0);
    assert_near(dissolve_schedule_kl(schedule, 1000), ldexp(1.0, -1001), 1e-10);
    dissolve_schedule_destroy(schedule);
}

/* The betas that rescaling makes: checked bits, since 0 and 1 have meanings. */
static void rescales_to(const double *betas, uint32_t steps, const double *expected)
{
    struct dissolve_schedule_options options = {
        .kind = DISSOLVE_SCHEDULE_CUSTOM, .steps = steps, .betas = betas, .rescale_zero_snr = true};
    struct dissolve_schedule *schedule = create(&options);

    for (uint32_t t = 1; t <= steps; t++) {
        double beta = dissolve_schedule_beta(schedule, t);

        if (beta != expected[t - 1] || signbit(beta))
            fail_msg("beta %u is %.17g, not %.17g", t, beta, expected[t - 1]);
    }
    assert_true(dissolve_schedule_alpha_cumprod(schedule, steps) == 0.0);
    dissolve_schedule_destroy(schedule);
}

/* sqrt(1 - 7/16) = 3/4, so that s = 3/4, 9/16 and s' = 3/4, 0; betas of 0 are left alone. */
static void test_rescaling(void **state)
{
    (void)state;
    rescales_to((double[]){0.4375, 0.4375}, 2, (double[]){0.4375, 1.0});
    rescales_to((double[]){0.4375, 0.0, 0.4375}, 3, (double[]){0.4375, 0.0, 1.0});
    rescales_to((double[]){0.0, 0.0, 0.4375}, 3, (double[]){0.0, 0.0, 1.0});
    /* only betas of 0 follow: the signal is gone early, and the last step is 1 as always */
    rescales_to((double[]){0.25, 0.5, 0.0, 0.0}, 4, (double[]){0.25, 1.0, 0.0, 1.0});
    /* no signal was left anyhow */
    rescales_to((double[]){0.25, 1.0, 0.5, 0.0}, 4, (double[]){0.25, 1.0, 0.5, 1.0});
    rescales_to((double[]){0.25, 0.5, 1.0}, 3, (double[]){0.25, 0.5, 1.0});
    rescales_to((double[]){0.25, 0x1p-1074}, 2, (double[]){0.25, 1.0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),          cmocka_unit_test(test_coefficients),
        cmocka_unit_test(test_known),          cmocka_unit_test(test_linspace),
        cmocka_unit_test(test_rounding),       cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_late_tiny_beta), cmocka_unit_test(test_lesson),
        cmocka_unit_test(test_start),          cmocka_unit_test(test_no_steps),
        cmocka_unit_test(test_identity),       cmocka_unit_test(test_erasure),
        cmocka_unit_test(test_tiny_beta),      cmocka_unit_test(test_underflow),
        cmocka_unit_test(test_rescaling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
