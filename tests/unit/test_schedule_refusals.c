/* Every way in which a schedule cannot be, and what is said of it. */
#include "expect.h"
#include "failing_malloc.h"
#include <dissolve/schedule.h>
#include <math.h>

/* It is refused, and the fault is step t, which would have been `value`, a NaN perhaps. */
static void refused(const struct dissolve_schedule_options *options, uint32_t t, double value)
{
    struct dissolve_schedule *schedule = (void *)&value;
    struct dissolve_schedule_fault fault = {77, 77.0};

    assert_int_equal(dissolve_schedule_create(options, &schedule, &fault), DISSOLVE_INVALID);
    assert_null(schedule);
    assert_int_equal(fault.t, t);
    if (isnan(value))
        assert_true(isnan(fault.value));
    else
        assert_true(fault.value == value || fabs(fault.value - value) <= 1e-14 * fabs(value));
    schedule = (void *)&value;
    assert_int_equal(dissolve_schedule_create(options, &schedule, NULL), DISSOLVE_INVALID);
    assert_null(schedule);
}

static void refused_constant(double beta)
{
    struct dissolve_schedule_options options = {.steps = 20, .beta = beta};

    refused(&options, 1, beta);
}

static void test_rescaling_refusals(void **state)
{
    struct dissolve_schedule_options options = {.rescale_zero_snr = true};

    (void)state;
    options.beta = 0.25;
    refused(&options, 0, 0.0);
    options.steps = 1;
    refused(&options, 0, 0.0);
    options.steps = 20;
    options.beta = 0.0;
    refused(&options, 0, 0.0);
    options.beta = 1.0;
    refused(&options, 0, 0.0);
    options.kind = DISSOLVE_SCHEDULE_CUSTOM;
    options.steps = 3;
    options.betas = (double[]){0.5, 0.0, -0.0};
    refused(&options, 0, 0.0);
    options.betas = (double[]){0.5, 0.0, -0.5}; /* a step at fault goes first */
    refused(&options, 3, -0.5);
}

static void test_refusals(void **state)
{
    struct dissolve_schedule_options options = {.beta = 0.25};

    (void)state;
    refused_constant(nextafter(1.0, 2.0));
    refused_constant(-0x1p-1074);
    refused_constant(1.5);
    refused_constant((double)NAN);
    refused_constant((double)INFINITY);
    refused_constant(-(double)INFINITY);
    options.steps = DISSOLVE_MAX_STEPS + 1;
    refused(&options, 0, 0.0);
    options.steps = UINT32_MAX;
    refused(&options, 0, 0.0);
    options.steps = 20;
    options.kind = (enum dissolve_schedule_kind)(DISSOLVE_SCHEDULE_CUSTOM + 1);
    refused(&options, 0, 0.0);
    options.kind = DISSOLVE_SCHEDULE_CUSTOM; /* without betas */
    refused(&options, 0, 0.0);
    options.kind = DISSOLVE_SCHEDULE_CONSTANT;
    options.parameterization = (enum dissolve_parameterization)(DISSOLVE_STD + 1);
    refused(&options, 0, 0.0);
    dissolve_schedule_destroy(NULL);
}

/* The first step that is not in 0..1, and what it would be; before it is squared, too. */
static void test_faults(void **state)
{
    const double nan = (double)NAN;
    const struct {
        struct dissolve_schedule_options options;
        uint32_t t;
        double value;
    } faults[] = {
        {{.kind = DISSOLVE_SCHEDULE_LINEAR, .steps = 5, .beta_start = 0.5, .beta_end = 1.5},
         4,
         1.25},
        {{.kind = DISSOLVE_SCHEDULE_LINEAR, .steps = 5, .beta_start = 0.5, .beta_end = -0.5},
         4,
         -0.25},
        {{.kind = DISSOLVE_SCHEDULE_LINEAR, .steps = 1, .beta_start = -1.0, .beta_end = 0.5},
         1,
         -1.0},
        {{.kind = DISSOLVE_SCHEDULE_LINEAR, .steps = 2, .beta_start = 0.5, .beta_end = nan},
         1,
         nan},
        {{.kind = DISSOLVE_SCHEDULE_LINEAR, .steps = 9, .beta_start = -1e308, .beta_end = 1e308},
         1,
         nan},
        {{.kind = DISSOLVE_SCHEDULE_SCALED_LINEAR, .steps = 3, .beta_start = 0.25, .beta_end = 4.0},
         2,
         1.5625},
        {{.kind = DISSOLVE_SCHEDULE_SCALED_LINEAR, .steps = 3, .beta_start = -0.1, .beta_end = 0.5},
         1,
         nan},
        {{.kind = DISSOLVE_SCHEDULE_SCALED_LINEAR, .steps = 3, .beta_start = 0.1, .beta_end = -0.5},
         1,
         nan},
        {{.kind = DISSOLVE_SCHEDULE_COSINE, .steps = 3, .max_beta = -0.5}, 1, -0.5},
        {{.kind = DISSOLVE_SCHEDULE_COSINE, .steps = 3, .max_beta = nan}, 1, nan},
        {{.kind = DISSOLVE_SCHEDULE_SIGMOID, .steps = 3, .beta_start = 0.0, .beta_end = 3.0},
         2,
         1.5},
        {{.kind = DISSOLVE_SCHEDULE_SIGMOID, .steps = 3, .beta_start = nan, .beta_end = 0.5},
         1,
         nan},
        /* the cap of scaled ends is an upper one, and hides no NaN */
        {{.kind = DISSOLVE_SCHEDULE_LINEAR,
          .steps = 2,
          .beta_start = 0.004,
          .beta_end = -0.001,
          .scale_betas = true},
         2,
         -0.5},
        {{.kind = DISSOLVE_SCHEDULE_SIGMOID,
          .steps = 1,
          .beta_start = -0.001,
          .beta_end = -0.001,
          .scale_betas = true},
         1,
         -1.0},
        {{.kind = DISSOLVE_SCHEDULE_SCALED_LINEAR,
          .steps = 3,
          .beta_start = -0.1,
          .beta_end = 0.5,
          .scale_betas = true},
         1,
         nan},
        {{.kind = DISSOLVE_SCHEDULE_LINEAR,
          .steps = 2,
          .beta_start = 0.5,
          .beta_end = nan,
          .scale_betas = true},
         1,
         nan},
        {{.kind = DISSOLVE_SCHEDULE_CUSTOM, .steps = 3, .betas = (double[]){0.5, 1.0, 2.0}},
         3,
         2.0},
        {{.kind = DISSOLVE_SCHEDULE_CUSTOM, .steps = 3, .betas = (double[]){0.5, -0.25, nan}},
         2,
         -0.25},
        {{.kind = DISSOLVE_SCHEDULE_CUSTOM, .steps = 3, .betas = (double[]){1.0, 0.0, nan}},
         3,
         nan},
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct dissolve_schedule_options options = faults[i].options;

        refused(&options, faults[i].t, faults[i].value);
        options.parameterization = DISSOLVE_STD;
        refused(&options, faults[i].t, faults[i].value);
        options.rescale_zero_snr = true;
        refused(&options, faults[i].t, faults[i].value);
    }
}

static void accepted(const struct dissolve_schedule_options *options)
{
    struct dissolve_schedule *schedule = NULL;
    struct dissolve_schedule_fault fault = {77, 77.0};

    assert_int_equal(dissolve_schedule_create(options, &schedule, &fault), DISSOLVE_OK);
    assert_non_null(schedule);
    assert_int_equal(fault.t, 77); /* not written to */
    dissolve_schedule_destroy(schedule);
}

/* What a kind does not name is not read; a custom schedule without steps needs no betas. */
static void test_unread(void **state)
{
    const double nan = (double)NAN;
    struct dissolve_schedule_options options = {
        .steps = 2, .beta = 0.5, .beta_start = nan, .beta_end = nan, .max_beta = nan};

    (void)state;
    accepted(&options);
    options.scale_betas = true;
    accepted(&options);
    options = (struct dissolve_schedule_options){.kind = DISSOLVE_SCHEDULE_CUSTOM, .beta = nan};
    accepted(&options);
    options = (struct dissolve_schedule_options){.kind = DISSOLVE_SCHEDULE_LINEAR,
                                                 .beta_start = 0.5,
                                                 .beta_end = 0.5,
                                                 .scale_betas = true}; /* no steps to scale by */
    accepted(&options);
}

/* A fault tells of what was asked, not of memory. */
static void test_no_memory(void **state)
{
    struct dissolve_schedule_options options = {.steps = 2, .beta = 0.5};
    struct dissolve_schedule *schedule = (void *)&options;
    struct dissolve_schedule_fault fault = {77, 77.0};
    enum dissolve_status status;

    (void)state;
    fail_allocation(0);
    status = dissolve_schedule_create(&options, &schedule, &fault);
    assert_true(allocation_failed());
    assert_int_equal(status, DISSOLVE_NO_MEMORY);
    assert_null(schedule);
    assert_int_equal(fault.t, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rescaling_refusals),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_unread),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
