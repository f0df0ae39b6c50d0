/* The joint law of the frames: chain, jump and tree draw different noise from one distribution. */
#include "made.h"
#include "walk.h"

enum {
    N = 200000,
    STEPS = 12,
    SEED = 20200619,
};

/*
 * Given x_0, the rest e_t = x_t - m(0,t) x_0 is normal with mean 0 and, for s <= t,
 * cov(e_s, e_t) = m(s,t) v(0,s); all pairs of them are the joint law. Each estimate below is a mean
 * of N independent products, normal to good accuracy, and may be REACH standard errors off: with
 * other seeds, one of about 1,000 comparisons would be with a probability of 2e-6. The seed is
 * fixed, so the tests always give the same answer.
 */
#define REACH 6

static const double schedules[][STEPS] = {
    {.01, .02, .05, .1, .1, .2, .05, .1, .3, .1, .2, .4},
    {0, .05, .1, 0, 0, .2, .1, .1, 0, .3, .1, 0},
    {.1, .05, .1, 1, .2, .1, .1, 0, 1, 0, .1, .2},
    {1, .1, .1, 0, .1, .1, 0, 0, .3, .1, .1, 1},
};

static float *residual[STEPS + 1]; /* e_t in residual[t], x_0 in residual[0] */

static double product_mean(const float *a, const float *b)
{
    double sum = 0;
    for (size_t i = 0; i < N; i++)
        sum += (double)a[i] * (double)b[i];
    return sum / N;
}

static double mean(const float *a)
{
    double sum = 0;
    for (size_t i = 0; i < N; i++)
        sum += (double)a[i];
    return sum / N;
}

static void expect_near(const char *what, uint32_t s, uint32_t t, double got, double expected,
                        double variance)
{
    /* What rounding a state to float32 does to the mean is far below 1e-7. */
    if (!(fabs(got - expected) <= REACH * sqrt(variance / N) + 1e-7))
        fail_msg("%s of x_%u and x_%u: %.6f, not %.6f", what, s, t, got, expected);
}

static void check_law(const double *betas, const uint32_t *t, size_t count)
{
    double power = product_mean(residual[0], residual[0]);
    for (size_t j = 0; j < count; j++) {
        double vt = transition(betas, 0, t[j]).v;
        const float *et = residual[t[j]];
        expect_near("mean", 0, t[j], mean(et), 0, vt);
        expect_near("covariance", 0, t[j], product_mean(residual[0], et), 0, power * vt);
        for (size_t i = 0; i <= j; i++) {
            double vs = transition(betas, 0, t[i]).v;
            double covariance = transition(betas, t[i], t[j]).m * vs;
            expect_near("covariance", t[i], t[j], product_mean(residual[t[i]], et), covariance,
                        vs * vt + covariance * covariance);
        }
    }
}

static void check_sampler(enum dissolve_sampler sampler, size_t window, const uint32_t *t,
                          size_t count)
{
    float *x0 = made(9, N, -15, 0.5f), *states = malloc(count * N * sizeof *states);
    assert_non_null(states);
    residual[0] = x0;
    for (size_t k = 0; k < sizeof schedules / sizeof schedules[0]; k++) {
        struct dissolve_schedule *schedule = schedule_of(schedules[k], STEPS);
        struct walk run = {.schedule = schedule,
                           .sampler = sampler,
                           .seed = SEED + k,
                           .threads = 2,
                           .window = window};
        walk(&run, x0, N, t, count, states);
        for (size_t j = 0; j < count; j++) {
            double m = transition(schedules[k], 0, t[j]).m;
            residual[t[j]] = states + j * N;
            for (size_t i = 0; i < N; i++)
                residual[t[j]][i] = (float)((double)residual[t[j]][i] - m * (double)x0[i]);
        }
        check_law(schedules[k], t, count);
        dissolve_schedule_destroy(schedule);
    }
    free(states);
    free(x0);
}

static const uint32_t all[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
static const uint32_t some[] = {1, 3, 4, 8, 9, 12};

static void the_chain_has_the_law(void **state)
{
    (void)state;
    check_sampler(DISSOLVE_SAMPLER_CHAIN, 0, all, 12);
}

static void jumps_have_the_law(void **state)
{
    (void)state;
    check_sampler(DISSOLVE_SAMPLER_JUMP, 0, all, 12);
    check_sampler(DISSOLVE_SAMPLER_JUMP, 2, some, 6);
}

/* Its frames do not depend on which are asked for (test_sampler.c). */
static void the_tree_has_the_law(void **state)
{
    (void)state;
    check_sampler(DISSOLVE_SAMPLER_TREE, 0, all, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_has_the_law),
        cmocka_unit_test(jumps_have_the_law),
        cmocka_unit_test(the_tree_has_the_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
