/* Training targets against their definitions, for states from every sampler and from anywhere. */
#include "made.h"
#include "walk.h"

enum {
    N = 1003, /* no vector or piece fits */
    STEPS = 10,
    SEED = 5,
};

static const double schedules[][STEPS] = {
    {.1, .1, .2, .2, .3, .1, .1, .2, .3, .4},
    {0, 0, .1, 0, 1e-3, 0, .2, 1, .1, 0},
    {0},
    {1},
};

enum {
    SCHEDULES = sizeof schedules / sizeof schedules[0],
};

static float x0[N];

static int setup(void **state)
{
    (void)state;
    float *x = made(4, N, -15, 0.1f);
    memcpy(x0, x, sizeof x0);
    free(x);
    return 0;
}

/* What rounding the terms of a sum to float32 may do to it. */
static void near(double got, double expected, double terms)
{
    assert_true(fabs(got - expected) <= 0x1p-23 * terms);
}

static void the_noise_is_what_was_added(void **state)
{
    (void)state;
    float *xt = made(6, N, -14, -0.2f), noise[N];
    for (size_t k = 0; k < SCHEDULES; k++) {
        struct dissolve_schedule *schedule = schedule_of(schedules[k], STEPS);
        for (uint32_t t = 0; t <= STEPS; t++) {
            struct transition to = transition(schedules[k], 0, t);
            double s = sqrt(to.v);
            dissolve_target_noise(schedule, t, x0, xt, N, noise);
            for (size_t i = 0; i < N; i++) {
                double signal = to.m * (double)x0[i], added = s * (double)noise[i];
                if (to.v > 0)
                    near(signal + added, (double)xt[i], fabs(signal) + fabs(added));
                else
                    assert_true(noise[i] == 0 && !signbit(noise[i]));
                if (to.v == 1)
                    assert_true(noise[i] == xt[i]);
            }
        }
        dissolve_schedule_destroy(schedule);
    }
    free(xt);
}

static void the_velocity_is_salimans_and_ho_s(void **state)
{
    (void)state;
    float *xt = made(7, N, -14, 0.2f), velocity[N];
    for (size_t k = 0; k < SCHEDULES; k++) {
        struct dissolve_schedule *schedule = schedule_of(schedules[k], STEPS);
        for (uint32_t t = 0; t <= STEPS; t++) {
            struct transition to = transition(schedules[k], 0, t);
            double s = sqrt(to.v);
            dissolve_target_velocity(schedule, t, x0, xt, N, velocity);
            for (size_t i = 0; i < N; i++) {
                double eps = ((double)xt[i] - to.m * (double)x0[i]) / s;
                double v = to.m * eps - s * (double)x0[i];
                if (to.v > 0)
                    near((double)velocity[i], v, fabs(to.m * eps) + fabs(s * (double)x0[i]));
                else
                    assert_true(velocity[i] == 0 && !signbit(velocity[i]));
                if (to.v == 1)
                    assert_true(velocity[i] == -x0[i]);
            }
        }
        dissolve_schedule_destroy(schedule);
    }
    free(xt);
}

/* One jump adds one normal: the noise is that one, but for the rounding of x_t. */
static void one_jump_s_noise_is_its_normal(void **state)
{
    (void)state;
    struct dissolve_schedule *schedule = schedule_of(schedules[0], STEPS);
    struct walk jump = {.schedule = schedule, .sampler = DISSOLVE_SAMPLER_JUMP, .seed = SEED};
    float xt[N], noise[N], normals[N];
    for (uint32_t t = 1; t <= STEPS; t++) {
        walk(&jump, x0, N, &t, 1, xt);
        dissolve_target_noise(schedule, t, x0, xt, N, noise);
        dissolve_normals(SEED, DISSOLVE_STREAM_JUMP, t, 0, N, normals);
        for (size_t i = 0; i < N; i++)
            assert_true(fabsf(noise[i] - normals[i]) <= 2e-6f);
    }
    dissolve_schedule_destroy(schedule);
}

static void in_place_and_in_parts_gives_the_same(void **state)
{
    (void)state;
    struct dissolve_schedule *schedule = schedule_of(schedules[0], STEPS);
    float *xt = made(8, N, -15, 0.0f), noise[N], velocity[N], x[N];
    dissolve_target_noise(schedule, 3, x0, xt, N, noise);
    dissolve_target_velocity(schedule, 3, x0, xt, N, velocity);
    memcpy(x, xt, sizeof x);
    dissolve_target_noise(schedule, 3, x0, x, N, x);
    assert_memory_equal(x, noise, sizeof x);
    memcpy(x, xt, sizeof x);
    dissolve_target_velocity(schedule, 3, x0, x, N, x);
    assert_memory_equal(x, velocity, sizeof x);
    for (size_t part = 1; part < N; part = 3 * part + 1) {
        for (size_t i = 0; i < N; i += part)
            dissolve_target_noise(schedule, 3, x0 + i, xt + i, N - i < part ? N - i : part, x + i);
        assert_memory_equal(x, noise, sizeof x);
    }
    free(xt);
    dissolve_schedule_destroy(schedule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_noise_is_what_was_added),
        cmocka_unit_test(the_velocity_is_salimans_and_ho_s),
        cmocka_unit_test(one_jump_s_noise_is_its_normal),
        cmocka_unit_test(in_place_and_in_parts_gives_the_same),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
