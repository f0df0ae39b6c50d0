/* Schedules against values worked out by other means, and every way they refuse. */
#include "expect.h"
#include <dissolve/schedule.h>
#include <math.h>

static struct dissolve_schedule *constant(uint32_t steps, double beta)
{
    struct dissolve_schedule_options options = {.steps = steps, .beta = beta};
    struct dissolve_schedule *schedule = NULL;

    assert_int_equal(dissolve_schedule_create(&options, &schedule, NULL), DISSOLVE_OK);
    assert_non_null(schedule);
    assert_int_equal(dissolve_schedule_steps(schedule), steps);
    return schedule;
}

static void assert_near(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("%.17g is not near %.17g", got, expected);
}

static void refused(uint32_t steps, double beta, enum dissolve_schedule_kind kind)
{
    struct dissolve_schedule_options options = {.kind = kind, .steps = steps, .beta = beta};
    struct dissolve_schedule *schedule = (void *)&options;

    assert_int_equal(dissolve_schedule_create(&options, &schedule, NULL), DISSOLVE_INVALID);
    assert_null(schedule);
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

static void test_start(void **state)
{
    struct dissolve_schedule *schedule = constant(3, 0.5);

    (void)state;
    assert_true(dissolve_schedule_alpha_cumprod(schedule, 0) == 1.0);
    assert_true(dissolve_schedule_snr(schedule, 0) == (double)INFINITY);
    dissolve_schedule_destroy(schedule);
}

static void test_no_steps(void **state)
{
    struct dissolve_schedule *schedule = constant(0, 0.25);

    (void)state;
    assert_true(dissolve_schedule_alpha_cumprod(schedule, 0) == 1.0);
    assert_true(dissolve_schedule_snr(schedule, 0) == (double)INFINITY);
    dissolve_schedule_destroy(schedule);
}

/* beta = 0 leaves x as it is, and a -0 is a 0. */
static void test_identity(void **state)
{
    struct dissolve_schedule *schedule = constant(5, -0.0);

    (void)state;
    for (uint32_t t = 1; t <= 5; t++) {
        assert_false(signbit(dissolve_schedule_beta(schedule, t)));
        assert_true(dissolve_schedule_alpha_cumprod(schedule, t) == 1.0);
        assert_true(dissolve_schedule_snr(schedule, t) == (double)INFINITY);
    }
    dissolve_schedule_destroy(schedule);
}

static void test_erasure(void **state)
{
    struct dissolve_schedule *schedule = constant(2, 1.0);

    (void)state;
    assert_true(dissolve_schedule_alpha_cumprod(schedule, 0) == 1.0);
    for (uint32_t t = 1; t <= 2; t++) {
        assert_true(dissolve_schedule_beta(schedule, t) == 1.0);
        assert_true(dissolve_schedule_alpha_cumprod(schedule, t) == 0.0);
        assert_true(dissolve_schedule_snr(schedule, t) == 0.0);
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
    dissolve_schedule_destroy(schedule);
}

static void test_refusals(void **state)
{
    const enum dissolve_schedule_kind kind = DISSOLVE_SCHEDULE_CONSTANT;

    (void)state;
    refused(1, nextafter(1.0, 2.0), kind);
    refused(1, -1e-300, kind);
    refused(20, 1.5, kind);
    refused(20, (double)NAN, kind);
    refused(20, (double)INFINITY, kind);
    refused(20, -(double)INFINITY, kind);
    refused(DISSOLVE_MAX_STEPS + 1, 0.25, kind);
    refused(UINT32_MAX, 0.25, kind);
    refused(20, 0.25, (enum dissolve_schedule_kind)99);
    dissolve_schedule_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lesson),    cmocka_unit_test(test_start),
        cmocka_unit_test(test_no_steps),  cmocka_unit_test(test_identity),
        cmocka_unit_test(test_erasure),   cmocka_unit_test(test_tiny_beta),
        cmocka_unit_test(test_underflow), cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
