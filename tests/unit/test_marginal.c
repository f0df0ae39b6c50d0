/* Laws of mixtures at t against fractions and scipy's quad, and what must hold for every law. */
#include "expect.h"
#include <dissolve/marginal.h>
#include <dissolve/schedule.h>
#include <math.h>

enum { PLACES = 7 };

struct marginal_case {
    struct dissolve_mixture mixture;
    double signal, variance;
    double length; /* of the union of mean +- 10 sd, in units of the smallest sd */
    size_t pieces; /* of that union */
    struct dissolve_marginal_measures expected;
    double x[PLACES], density[PLACES];
};

#include "marginal_table.inc"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct dissolve_mixture lesson = {
    3,
    (const double[]){0.5, 0.3, 0.2},
    (const double[]){0.0, 5.0, -3.0},
    (const double[]){1.0, 0.5, 1.5},
};

/* ln(2 pi e) / 2, the entropy of N(0, 1). */
static const double entropy_of_noise = 1.41893853320467274178;

static struct dissolve_marginal_measures measure(const struct dissolve_marginal *marginal)
{
    struct dissolve_marginal_measures measures;

    assert_int_equal(dissolve_marginal_measure(marginal, NULL, &measures), DISSOLVE_OK);
    return measures;
}

static struct dissolve_marginal_measures measure_at(const struct dissolve_mixture *mixture,
                                                    double signal, double variance)
{
    return measure(&(struct dissolve_marginal){mixture, signal, variance});
}

static struct dissolve_marginal marginal_of(const struct marginal_case *c)
{
    assert_int_equal(dissolve_mixture_check(&c->mixture), DISSOLVE_OK);
    return (struct dissolve_marginal){&c->mixture, c->signal, c->variance};
}

static void near(size_t number, const char *what, double got, double expected, double allowed)
{
    if (!(fabs(got - expected) <= allowed))
        fail_msg("case %zu: %s is %.17g, not %.17g", number, what, got, expected);
}

/* Ten times closer than the contract asks for. */
static void test_measures(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(marginal_cases); i++) {
        const struct dissolve_marginal marginal = marginal_of(&marginal_cases[i]);
        const struct dissolve_marginal_measures got = measure(&marginal);
        const struct dissolve_marginal_measures *expected = &marginal_cases[i].expected;

        near(i, "mean", got.mean, expected->mean, 1e-14 * (fabs(expected->mean) + expected->std));
        near(i, "std", got.std, expected->std, 1e-14 * expected->std);
        near(i, "entropy", got.entropy, expected->entropy, 1e-9 * fmax(1, fabs(expected->entropy)));
        near(i, "kl", got.kl, expected->kl, 1e-9 * fmax(1, fabs(expected->kl)));
        assert_true(got.kl >= 0.0);
    }
}

/* Four a deviation and one at an end; each end of a piece may be moved out to a multiple of 1/4. */
static void test_points(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(marginal_cases); i++) {
        const struct marginal_case *c = &marginal_cases[i];
        const struct dissolve_marginal marginal = marginal_of(c);
        double points = (double)dissolve_marginal_points(&marginal);
        double fewest = 4.0 * c->length + (double)c->pieces;

        if (!(points > fewest - 1e-3 && points < fewest + 2.001 * (double)c->pieces))
            fail_msg("case %zu: %.17g points, not %.17g", i, points, fewest);
    }
}

static void test_density(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(marginal_cases); i++) {
        const struct marginal_case *c = &marginal_cases[i];
        const struct dissolve_marginal marginal = marginal_of(c);
        double got[PLACES + 1] = {[PLACES] = -77.0};

        dissolve_marginal_density(&marginal, c->x, PLACES, got);
        for (size_t k = 0; k < PLACES; k++)
            near(i, "density", got[k], c->density[k], 1e-12 * c->density[k] + 1e-320);
        assert_true(got[PLACES] == -77.0);
        dissolve_marginal_density(&marginal, c->x, 0, got + PLACES);
        assert_true(got[PLACES] == -77.0);
    }
}

/* Beyond the range of double it is 0, and next to that as small as it is. */
static void test_far_away(void **state)
{
    static const double x[] = {-1e308, -1e5, -60.0, 70.0, 1e5, 1e308};
    double density[COUNT(x)];

    (void)state;
    dissolve_marginal_density(&(struct dissolve_marginal){&lesson, 1.0, 0.0}, x, COUNT(x), density);
    assert_true(density[0] == 0.0 && density[1] == 0.0 && density[4] == 0.0 && density[5] == 0.0);
    assert_true(density[2] > 0.0 && density[2] < 1e-300);
    assert_true(density[3] == 0.0);
}

/* Laws to run the process on: wide, narrow, far away, lopsided, nearly points, nearly noise. */
static const struct dissolve_mixture laws[] = {
    {3, (const double[]){0.5, 0.3, 0.2}, (const double[]){0, 5, -3}, (const double[]){1, 0.5, 1.5}},
    {2, (const double[]){1, 1}, (const double[]){-0.5, 0.5}, (const double[]){0.01, 0.2}},
    {2, (const double[]){1, 3}, (const double[]){100, -40}, (const double[]){1, 20}},
    {2, (const double[]){1, 1e-12}, (const double[]){0, 5}, (const double[]){0.5, 0.25}},
    {3, (const double[]){1, 2, 4}, (const double[]){-1, 0, 0.9},
     (const double[]){1e-4, 1e-3, 1e-4}},
    {1, (const double[]){1}, (const double[]){0}, (const double[]){1.05}},
};

/* Those with a variance below 1. */
static const size_t narrow_laws[] = {1, 3, 4};

typedef void visit(uint32_t t, const struct dissolve_marginal_measures *before,
                   const struct dissolve_marginal_measures *after);

/* Looks at every step of a constant schedule; gives the measures after the last. */
static struct dissolve_marginal_measures walk(const struct dissolve_mixture *mixture, double beta,
                                              uint32_t steps, visit *look)
{
    struct dissolve_marginal_measures before = measure_at(mixture, 1.0, 0.0);

    for (uint32_t t = 1; t <= steps; t++) {
        double kept = t * log1p(-beta);
        struct dissolve_marginal_measures after =
            measure_at(mixture, exp(0.5 * kept), -expm1(kept));

        look(t, &before, &after);
        before = after;
    }
    return before;
}

/* The measures may be 1e-9 off: below that there is no saying what falls. */
static void kl_falls(uint32_t t, const struct dissolve_marginal_measures *before,
                     const struct dissolve_marginal_measures *after)
{
    if (before->kl > 1e-9 ? !(after->kl < before->kl) : !(after->kl <= 1e-9))
        fail_msg("step %u: KL from %.17g to %.17g", t, before->kl, after->kl);
}

static void entropy_rises(uint32_t t, const struct dissolve_marginal_measures *before,
                          const struct dissolve_marginal_measures *after)
{
    if (entropy_of_noise - before->entropy > 1e-9 ? !(after->entropy > before->entropy)
                                                  : !(after->entropy > entropy_of_noise - 1e-9))
        fail_msg("step %u: entropy from %.17g to %.17g", t, before->entropy, after->entropy);
}

static const struct {
    double beta;
    uint32_t steps; /* that leave less than 1e-16 of the signal */
} runs[] = {{0.02, 3700}, {0.25, 260}, {0.5, 110}, {0.99, 17}};

static void test_kl_falls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(laws); i++) {
        for (size_t j = 0; j < COUNT(runs); j++) {
            struct dissolve_marginal_measures last =
                walk(&laws[i], runs[j].beta, runs[j].steps, kl_falls);

            assert_true(last.kl <= 1e-13);
            assert_true(fabs(last.entropy - entropy_of_noise) < 1e-13);
            assert_true(fabs(last.mean) < 1e-13 && fabs(last.std - 1.0) < 1e-13);
        }
    }
}

static void test_entropy_of_narrow_laws_rises(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(narrow_laws); i++) {
        assert_true(measure_at(&laws[narrow_laws[i]], 1.0, 0.0).std < 1.0);
        for (size_t j = 0; j < COUNT(runs); j++)
            walk(&laws[narrow_laws[i]], runs[j].beta, runs[j].steps, entropy_rises);
    }
}

/* As the header tells it: falls on the whole, after a rise where the steps are small. */
static void test_entropy_of_the_lesson(void **state)
{
    double start = measure_at(&lesson, 1.0, 0.0).entropy, before = start;

    (void)state;
    assert_true(start > 2.16 && start < 2.17);
    for (uint32_t t = 1; t <= 20; t++) {
        double kept = pow(0.5, t), after = measure_at(&lesson, sqrt(kept), 1.0 - kept).entropy;

        assert_true(after < before && after > entropy_of_noise);
        before = after;
    }
    assert_true(before < 1.42);
    assert_true(measure_at(&lesson, sqrt(0.99), 0.01).entropy > start);
}

/* One Gaussian has closed forms, at any scale. */
static void test_one_gaussian(void **state)
{
    (void)state;
    for (int power = -300; power <= 37; power++) {
        double weight = 1.0, mean = 0.0, std = pow(10.0, power);
        struct dissolve_mixture mixture = {1, &weight, &mean, &std};
        struct dissolve_marginal marginal = {&mixture, 1.0, 0.0};
        struct dissolve_marginal_measures got = measure(&marginal);
        double entropy = entropy_of_noise + log(std), kl = 0.5 * (std * std - 1.0) - log(std);

        assert_int_equal(dissolve_marginal_points(&marginal), 81);
        assert_true(fabs(got.entropy - entropy) <= 1e-13 * fmax(1.0, fabs(entropy)));
        assert_true(fabs(got.kl - kl) <= 1e-13 * fmax(1.0, kl));
    }
}

/* A component that has no weight changes nothing, whatever it is. */
static void test_no_weight(void **state)
{
    const double weights[] = {0, 0.5, 0, 0.3, 0.2, 0}, means[] = {1e30, 0, 0, 5, -3, 1};
    const double stds[] = {0, 1, 0, 0.5, 1.5, 1e-9}, x[] = {0.0, 1.0, 4.0};
    const struct dissolve_mixture mixture = {6, weights, means, stds};
    const struct dissolve_marginal padded = {&mixture, 1.0, 0.0}, plain = {&lesson, 1.0, 0.0};
    struct dissolve_marginal_measures got = measure(&padded), expected = measure(&plain);
    double density[3], expected_density[3];

    (void)state;
    assert_int_equal(dissolve_marginal_points(&padded), dissolve_marginal_points(&plain));
    assert_memory_equal(&got, &expected, sizeof got);
    dissolve_marginal_density(&padded, x, 3, density);
    dissolve_marginal_density(&plain, x, 3, expected_density);
    assert_memory_equal(density, expected_density, sizeof density);
}

/* A single point among the components: no density, but moments. */
static void test_point(void **state)
{
    const double weights[] = {3, 1}, means[] = {0, 8}, stds[] = {2, 0}, x[] = {0.0, 8.0};
    const struct dissolve_mixture mixture = {2, weights, means, stds};
    const struct dissolve_marginal marginal = {&mixture, 1.0, 0.0}, noised = {&mixture, 0.6, 0.64};
    struct dissolve_marginal_measures got = measure(&marginal);
    double density[2];

    (void)state;
    assert_int_equal(dissolve_marginal_points(&marginal), 0);
    assert_true(isnan(got.entropy) && isnan(got.kl));
    assert_true(got.mean == 2.0 && fabs(got.std - sqrt(15.0)) < 1e-15);
    dissolve_marginal_density(&marginal, x, 2, density);
    assert_true(isnan(density[0]) && isnan(density[1]));
    assert_true(dissolve_marginal_points(&noised) > 0);
    assert_true(isfinite(measure(&noised).entropy));
}

static struct dissolve_marginal_measures beside_one(double std, uint64_t *points)
{
    const double weights[] = {0.5, 0.5}, means[] = {0, 0}, stds[] = {std, 1};
    const struct dissolve_mixture mixture = {2, weights, means, stds};
    const struct dissolve_marginal marginal = {&mixture, 1.0, 0.0};

    *points = dissolve_marginal_points(&marginal);
    return measure(&marginal);
}

static void test_too_many_points(void **state)
{
    struct dissolve_marginal_measures got;
    uint64_t points;

    (void)state;
    got = beside_one(8.01e-6, &points);
    assert_true(points > 9900000 && points <= DISSOLVE_MARGINAL_MAX_POINTS);
    assert_true(isfinite(got.entropy) && isfinite(got.kl));
    got = beside_one(7.99e-6, &points);
    assert_true(points > DISSOLVE_MARGINAL_MAX_POINTS && points < 10100000);
    assert_true(isnan(got.entropy) && isnan(got.kl));
    assert_true(got.mean == 0.0 && fabs(got.std - sqrt(0.5)) < 1e-10);
    got = beside_one(1e-300, &points);
    assert_true(points == UINT64_MAX && isnan(got.entropy));
    got = beside_one(1e-320, &points);
    assert_true(points == UINT64_MAX && isnan(got.kl) && isfinite(got.std));
}

/* As many components as there may be: on one another they are one, apart their weights count. */
static void test_many_components(void **state)
{
    enum { N = DISSOLVE_MAX_COMPONENTS };
    static double weights[N], means[N], stds[N];
    const struct dissolve_mixture mixture = {N, weights, means, stds};
    const struct dissolve_marginal marginal = {&mixture, 1.0, 0.0};
    struct dissolve_marginal_measures got;

    (void)state;
    for (size_t k = 0; k < N; k++) {
        weights[k] = 3.0;
        stds[k] = 0.5;
    }
    got = measure(&marginal);
    assert_int_equal(dissolve_marginal_points(&marginal), 81);
    assert_true(fabs(got.entropy - (entropy_of_noise + log(0.5))) < 1e-12);
    assert_true(fabs(got.std - 0.5) < 1e-13);
    for (size_t k = 0; k < N; k++)
        means[k] = 100.0 * (double)(k * 1237 % N);
    got = measure(&marginal);
    assert_int_equal(dissolve_marginal_points(&marginal), 81 * N);
    assert_true(fabs(got.entropy - (entropy_of_noise + log(0.5 * N))) < 1e-12);
}

/* Neither the order of the components nor the scale of the weights matters, nor a shift to h. */
static void test_same_law(void **state)
{
    const double weights[] = {0.2e300, 0.5e300, 0.3e300}, means[] = {-3, 0, 5},
                 stds[] = {1.5, 1, 0.5};
    const double shifted[] = {1e6 - 3, 1e6, 1e6 + 5};
    const struct dissolve_mixture turned = {3, weights, means, stds},
                                  far = {3, weights, shifted, stds};

    (void)state;
    for (double kept = 1.0; kept > 1e-6; kept *= 0.5) {
        double signal = sqrt(kept), variance = 1.0 - kept;
        struct dissolve_marginal_measures expected = measure_at(&lesson, signal, variance);
        struct dissolve_marginal_measures got = measure_at(&turned, signal, variance);

        assert_true(fabs(got.entropy - expected.entropy) < 1e-14);
        assert_true(fabs(got.kl - expected.kl) < 1e-14);
        assert_true(fabs(measure_at(&far, signal, variance).entropy - expected.entropy) < 1e-13);
    }
}

/* Components a few of double's steps apart, far from 0, where no sum with their means is exact. */
static void test_far_from_zero(void **state)
{
    enum { N = 40 };
    static const double starts[] = {1e6, -1e6, 0x1p20 - 0x1p-30, 0x1p20 - 0x1p-33};
    double weights[N], near_means[N], far_means[N], stds[N];
    const struct dissolve_mixture here = {N, weights, near_means, stds};
    const struct dissolve_mixture there = {N, weights, far_means, stds};
    uint64_t word = 1;

    (void)state;
    for (size_t run = 0; run < 400; run++) {
        double start = starts[run % COUNT(starts)], signal = 1.0 - 0.001 * (double)run;

        for (size_t k = 0; k < N; k++) {
            word = word * 6364136223846793005u + 1442695040888963407u;
            weights[k] = (double)(1 + (word >> 61));
            stds[k] = 0x1p-32 * (0.03 + 0.1 * (double)((word >> 50) % 8));
            far_means[k] = start + 0x1p-32 * (double)((word >> 40) % (40 + run));
            near_means[k] = far_means[k] - start; /* exact */
        }
        assert_true(fabs(measure_at(&there, signal, 0.0).entropy -
                         measure_at(&here, signal, 0.0).entropy) < 1e-9);
    }
}

/* What a schedule says goes in as it is; the last step of a run may leave nothing of x_0. */
static void test_with_schedule(void **state)
{
    struct dissolve_schedule_options options = {.steps = 1, .beta = 1.0};
    struct dissolve_schedule *schedule = NULL;
    struct dissolve_marginal_measures got;
    double kept;

    (void)state;
    assert_int_equal(dissolve_schedule_create(&options, &schedule, NULL), DISSOLVE_OK);
    kept = dissolve_schedule_alpha_cumprod(schedule, 1);
    got = measure_at(&laws[2], sqrt(kept), 1.0 - kept);
    assert_true(got.mean == 0.0 && got.std == 1.0);
    assert_true(got.kl >= 0.0 && got.kl < 1e-14);
    assert_true(fabs(got.entropy - entropy_of_noise) < 1e-14);
    dissolve_schedule_destroy(schedule);
}

/* Minutes of quadrature are not begun, or not gone on with, once nobody wants them. */
static void test_cancelled(void **state)
{
    static double weights[DISSOLVE_MAX_COMPONENTS], means[DISSOLVE_MAX_COMPONENTS],
        stds[DISSOLVE_MAX_COMPONENTS];
    struct dissolve_mixture mixture = {DISSOLVE_MAX_COMPONENTS, weights, means, stds};
    struct dissolve_marginal law = {&mixture, 1.0, 0.0};
    struct dissolve_marginal_measures measures;
    struct dissolve_pool *pool = NULL;
    struct dissolve_job *job = NULL;

    (void)state;
    for (size_t k = 0; k < DISSOLVE_MAX_COMPONENTS; k++) {
        weights[k] = 1.0;
        stds[k] = k ? 10.0 : 1e-4;
    }
    assert_in_range(dissolve_marginal_points(&law), 7000000, DISSOLVE_MARGINAL_MAX_POINTS);
    assert_int_equal(dissolve_pool_create(1, &pool), DISSOLVE_OK);
    assert_int_equal(dissolve_job_create(pool, &job), DISSOLVE_OK);
    law.mixture = &lesson;
    assert_int_equal(dissolve_marginal_measure(&law, job, &measures), DISSOLVE_OK);
    dissolve_job_cancel(job);
    law.mixture = &mixture;
    assert_int_equal(dissolve_marginal_measure(&law, job, &measures), DISSOLVE_CANCELLED);
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_density),
        cmocka_unit_test(test_far_away),
        cmocka_unit_test(test_kl_falls),
        cmocka_unit_test(test_entropy_of_narrow_laws_rises),
        cmocka_unit_test(test_entropy_of_the_lesson),
        cmocka_unit_test(test_one_gaussian),
        cmocka_unit_test(test_no_weight),
        cmocka_unit_test(test_point),
        cmocka_unit_test(test_too_many_points),
        cmocka_unit_test(test_many_components),
        cmocka_unit_test(test_same_law),
        cmocka_unit_test(test_far_from_zero),
        cmocka_unit_test(test_with_schedule),
        cmocka_unit_test(test_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
