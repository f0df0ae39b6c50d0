/* Chain, jump and tree, bit by bit against the contract's formulas written out once more. */
#include "failing_malloc.h"
#include "made.h"
#include "walk.h"

#include "engine/kernel.h"
#include "engine/tree.h"

enum {
    N = 5003, /* prime: no tile or group fits */
    STEPS = 21,
    SEED = 77,
};

/* Betas as they come, zeros and ones among them, and nothing but zeros. */
static const double schedules[][STEPS] = {
    {1e-4, 2e-3, .01, .02, .03, .05, .08, .1, .2, .05, .3,
     .02,  .2,   .1,  .4,  .01, .2,  .3,  .5, .1, .9},
    {0, 0, .1, .2, 0, .3, 0, 0, 0, .1, .2, 0, .1, .1, 0, .1, .3, .1, 0, 0, 0},
    {.1, .1, .1, .2, 0, 1, 0, .1, .2, 0, 1, 1, .1, 0, 0, 0, 0, .1, 0, .1, 1},
    {1, .1, .2, .3, 0, 0, 0, .1, .1, .1, .4, .1, .1, .1, .1, .1, .1, .1, .1, .1, 0},
    {0},
};

enum {
    SCHEDULES = sizeof schedules / sizeof schedules[0],
};

/* Frames asked for, each list ended by END. */
#define END UINT32_MAX
static const uint32_t lists[][STEPS + 2] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, END},
    {21, END},
    {0, END},
    {1, END},
    {20, END},
    {4, 5, 6, 12, 21, END},
    {0, 3, 10, 11, 20, END},
    {7, 8, 13, END},
};

enum {
    LISTS = sizeof lists / sizeof lists[0],
};

static size_t length(const uint32_t *list)
{
    size_t count = 0;
    while (list[count] != END)
        count++;
    return count;
}

static float *new_states(size_t count)
{
    float *states = calloc(count, N * sizeof *states);
    assert_non_null(states);
    return states;
}

/* With a -0, which is delivered as it is where no step is taken. */
static float *input(void)
{
    float *x = made(3, N, -15, 0.25f);
    x[0] = -0.0f;
    return x;
}

/* x_t from x_s in one draw. In place. */
static void jump_by_hand(const double *betas, enum dissolve_stream stream, uint32_t s, uint32_t t,
                         float *x)
{
    static float noise[N];
    struct transition st = transition(betas, s, t);
    float m = (float)st.m, c = (float)sqrt(st.v);
    dissolve_normals(SEED, stream, t, 0, N, noise);
    for (size_t i = 0; i < N; i++)
        x[i] = fmaf(m, x[i], c * noise[i]);
}

static void a_jump_is_the_contract_s_formula(void **state)
{
    (void)state;
    float *x0 = input(), *x = input(), *states = new_states(STEPS + 1);
    for (size_t k = 0; k < SCHEDULES; k++) {
        struct dissolve_schedule *schedule = schedule_of(schedules[k], STEPS);
        struct walk plain = {.schedule = schedule, .sampler = DISSOLVE_SAMPLER_JUMP, .seed = SEED};
        for (size_t l = 0; l < LISTS; l++) {
            uint32_t t = 0;
            walk(&plain, x0, N, lists[l], length(lists[l]), states);
            memcpy(x, x0, N * sizeof *x);
            for (size_t i = 0; lists[l][i] != END; i++) {
                if (lists[l][i] > t)
                    jump_by_hand(schedules[k], DISSOLVE_STREAM_JUMP, t, lists[l][i], x);
                t = lists[l][i];
                assert_memory_equal(states + i * N, x, N * sizeof *x);
            }
        }
        dissolve_schedule_destroy(schedule);
    }
    free(x0);
    free(x);
    free(states);
}

/* Makes x[(a + b) / 2] and all between a and b, from x[a] and x[b]; x[t] is at x + t * N. */
static void grow_by_hand(const double *betas, uint32_t a, uint32_t b, float *x)
{
    static float noise[N];
    uint32_t u = (a + b) / 2;
    if (u == a)
        return;
    struct transition au = transition(betas, a, u), ub = transition(betas, u, b);
    double v = transition(betas, a, b).v;
    const float *left = x + (size_t)a * N, *right = x + (size_t)b * N;
    float *between = x + (size_t)u * N;
    if (v == 0) {
        memcpy(between, left, N * sizeof *x);
    } else {
        float p = (float)(ub.v * au.m / v), q = (float)(au.v * ub.m / v);
        float r = (float)sqrt(au.v * ub.v / v);
        dissolve_normals(SEED, DISSOLVE_STREAM_TREE, u, 0, N, noise);
        for (size_t i = 0; i < N; i++)
            between[i] = fmaf(p, left[i], fmaf(q, right[i], r * noise[i]));
    }
    grow_by_hand(betas, a, u, x);
    grow_by_hand(betas, u, b, x);
}

/* All of a tree's states. */
static float *tree_by_hand(const double *betas, const float *x0)
{
    float *x = new_states(STEPS + 1);
    memcpy(x, x0, N * sizeof *x);
    memcpy(x + (size_t)STEPS * N, x0, N * sizeof *x);
    jump_by_hand(betas, DISSOLVE_STREAM_TREE, 0, STEPS, x + (size_t)STEPS * N);
    grow_by_hand(betas, 0, STEPS, x);
    return x;
}

static void a_tree_is_the_contract_s_formula_whatever_is_asked_for(void **state)
{
    (void)state;
    float *x0 = input(), *states = new_states(STEPS + 1);
    for (size_t k = 0; k < SCHEDULES; k++) {
        float *expected = tree_by_hand(schedules[k], x0);
        struct dissolve_schedule *schedule = schedule_of(schedules[k], STEPS);
        struct walk plain = {.schedule = schedule, .sampler = DISSOLVE_SAMPLER_TREE, .seed = SEED};
        for (size_t l = 0; l < LISTS; l++) {
            walk(&plain, x0, N, lists[l], length(lists[l]), states);
            for (size_t i = 0; lists[l][i] != END; i++)
                assert_memory_equal(states + i * N, expected + lists[l][i] * N, N * sizeof *states);
        }
        dissolve_schedule_destroy(schedule);
        free(expected);
    }
    free(x0);
    free(states);
}

/* The chain is test_process.c's. */
static void threads_tiles_and_windows_change_no_bit(void **state)
{
    (void)state;
    static const struct walk cuts[] = {
        {.threads = 2, .window = 1},
        {.threads = 3, .tile = 1},
        {.threads = 2, .tile = 2048},
        {.threads = 1, .tile = 2049, .window = 3},
        {.threads = 7, .tile = 1024, .window = 4},
        {.threads = 2, .tile = 16384, .window = 21},
    };
    float *x0 = input(), *expected = new_states(STEPS + 1), *states = new_states(STEPS + 1);
    struct dissolve_schedule *schedule = schedule_of(schedules[2], STEPS);
    for (enum dissolve_sampler sampler = DISSOLVE_SAMPLER_JUMP; sampler <= DISSOLVE_SAMPLER_TREE;
         sampler++) {
        for (size_t l = 0; l < LISTS; l++) {
            size_t count = length(lists[l]);
            struct walk plain = {.schedule = schedule, .sampler = sampler, .seed = SEED};
            walk(&plain, x0, N, lists[l], count, expected);
            for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
                struct walk cut = cuts[i];
                cut.schedule = schedule;
                cut.sampler = sampler;
                cut.seed = SEED;
                walk(&cut, x0, N, lists[l], count, states);
                assert_memory_equal(states, expected, count * N * sizeof *states);
            }
        }
    }
    dissolve_schedule_destroy(schedule);
    free(x0);
    free(expected);
    free(states);
}

static void pieces_with_offsets_make_the_whole(void **state)
{
    (void)state;
    static const size_t borders[] = {0, 1, 33, 1000, 2503, 2504, N};
    const uint64_t far = (uint64_t)1
                         << 62; /* beyond 32 bits, and no piece's first group is whole */
    float *x0 = input(), *whole = new_states(STEPS + 1), *piece = new_states(STEPS + 1);
    struct dissolve_schedule *schedule = schedule_of(schedules[0], STEPS);
    for (enum dissolve_sampler sampler = DISSOLVE_SAMPLER_CHAIN; sampler <= DISSOLVE_SAMPLER_TREE;
         sampler++) {
        size_t count = length(lists[5]);
        struct walk all = {
            .schedule = schedule, .sampler = sampler, .seed = SEED, .offset = far + 7};
        walk(&all, x0, N, lists[5], count, whole);
        for (size_t b = 0; b + 1 < sizeof borders / sizeof borders[0]; b++) {
            size_t n = borders[b + 1] - borders[b];
            struct walk one = all;
            one.offset += borders[b];
            one.threads = 2;
            one.window = 2;
            walk(&one, x0 + borders[b], n, lists[5], count, piece);
            for (size_t i = 0; i < count; i++)
                assert_memory_equal(piece + i * n, whole + i * N + borders[b], n * sizeof *piece);
        }
    }
    dissolve_schedule_destroy(schedule);
    free(x0);
    free(whole);
    free(piece);
}

/* Going on from x_s, a frame of the unbroken run, gives that run's later frames. */
static void a_run_goes_on_from_any_of_its_frames(void **state)
{
    (void)state;
    float *x0 = input(), *whole = new_states(STEPS + 1), *rest = new_states(STEPS + 1);
    for (size_t k = 0; k < SCHEDULES; k++) {
        struct dissolve_schedule *schedule = schedule_of(schedules[k], STEPS);
        for (enum dissolve_sampler sampler = DISSOLVE_SAMPLER_CHAIN;
             sampler <= DISSOLVE_SAMPLER_JUMP; sampler++) {
            const uint32_t *list = lists[sampler == DISSOLVE_SAMPLER_CHAIN ? 0 : 6];
            size_t count = length(list);
            struct walk unbroken = {.schedule = schedule, .sampler = sampler, .seed = SEED};
            walk(&unbroken, x0, N, list, count, whole);
            for (size_t i = 0; i < count; i++) {
                struct walk broken = unbroken;
                broken.start = list[i];
                broken.window = 3;
                /* With x_s among its frames, and without. */
                for (size_t from = i; from <= i + 1 && from < count; from++) {
                    walk(&broken, whole + i * N, N, list + from, count - from, rest);
                    assert_memory_equal(rest, whole + from * N, (count - from) * N * sizeof *rest);
                }
            }
        }
        dissolve_schedule_destroy(schedule);
    }
    free(x0);
    free(whole);
    free(rest);
}

static void no_step_and_one_step(void **state)
{
    (void)state;
    static const uint32_t both[] = {0, 1};
    static const enum dissolve_stream streams[] = {DISSOLVE_STREAM_CHAIN, DISSOLVE_STREAM_JUMP,
                                                   DISSOLVE_STREAM_TREE};
    static const double betas[] = {0.3};
    float *x = input(), *states = new_states(2);
    struct dissolve_schedule *none = schedule_of(betas, 0), *one = schedule_of(betas, 1);
    for (enum dissolve_sampler sampler = DISSOLVE_SAMPLER_CHAIN; sampler <= DISSOLVE_SAMPLER_TREE;
         sampler++) {
        struct walk short_walk = {.schedule = none, .sampler = sampler, .seed = SEED};
        float *x1 = input();
        walk(&short_walk, x, N, both, 1, states);
        assert_memory_equal(states, x, N * sizeof *x);
        short_walk.schedule = one;
        walk(&short_walk, x, N, both, 2, states);
        assert_memory_equal(states, x, N * sizeof *x);
        jump_by_hand(betas, streams[sampler], 0, 1, x1);
        assert_memory_equal(states + N, x1, N * sizeof *x);
        free(x1);
    }
    dissolve_schedule_destroy(none);
    dissolve_schedule_destroy(one);
    free(x);
    free(states);
}

/* A frame's pixels and measures are those of its state, whatever tiles the sampler takes. */
static void pixels_and_measures_are_the_state_s(void **state)
{
    (void)state;
    struct dissolve_schedule *schedule = schedule_of(schedules[0], STEPS);
    struct dissolve_tally *tally;
    struct dissolve_pool *pool;
    struct dissolve_job *job;
    static float x[N];
    static uint8_t pixels[N], expected[N];
    float *x0 = input();
    assert_int_equal(dissolve_tally_create(N, 1, &tally), DISSOLVE_OK);
    assert_int_equal(dissolve_pool_create(2, &pool), DISSOLVE_OK);
    assert_int_equal(dissolve_job_create(pool, &job), DISSOLVE_OK);
    for (enum dissolve_sampler sampler = DISSOLVE_SAMPLER_JUMP; sampler <= DISSOLVE_SAMPLER_TREE;
         sampler++) {
        for (uint32_t t = 0; t <= STEPS; t += 7) {
            struct dissolve_process_options options = {.schedule = schedule, .sampler = sampler};
            struct dissolve_frame frame = {.t = t, .state = x, .pixels = pixels, .tally = tally};
            struct dissolve_measures got = {0}, wanted = {0};
            struct dissolve_process *process;
            dissolve_tally_reset(tally);
            assert_int_equal(dissolve_process_create(&options, x0, N, &process), DISSOLVE_OK);
            assert_int_equal(dissolve_process_begin(process, job, &frame, 1), DISSOLVE_OK);
            assert_int_equal(dissolve_process_finish(process, job), DISSOLVE_OK);
            dissolve_process_destroy(process);
            dissolve_render(x, N, expected);
            assert_memory_equal(pixels, expected, N);
            dissolve_tally_read(tally, &got);
            dissolve_tally_reset(tally);
            dissolve_tally_add(tally, 0, x, N);
            dissolve_tally_read(tally, &wanted);
            assert_memory_equal(&got, &wanted, sizeof got);
        }
    }
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
    dissolve_tally_destroy(tally);
    dissolve_schedule_destroy(schedule);
    free(x0);
}

static uint32_t ceil_log2(uint32_t n)
{
    uint32_t bits = 0;
    while ((uint32_t)1 << bits < n)
        bits++;
    return bits;
}

/* Follows a plan with the numbers of its states alone; returns the draws it takes. */
static size_t follow(const struct tree_plan *plan, uint32_t steps)
{
    uint32_t held[TREE_SLOTS] = {0}; /* x_0 in slot 0 */
    size_t draws = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct tree_move *move = &plan->moves[i];
        assert_true(move->to < TREE_SLOTS);
        if (move->kind == TREE_JUMP) {
            assert_int_equal(move->t, steps);
            assert_int_equal(held[move->left], 0);
        } else {
            assert_int_equal(move->t, (held[move->left] + held[move->right]) / 2);
            assert_true(held[move->left] < move->t && move->t < held[move->right]);
        }
        if (move->frame)
            assert_int_equal(move->frame->t, move->t);
        held[move->to] = move->t;
        draws += move->kind != TREE_COPY;
    }
    return draws;
}

static void one_frame_of_a_tree_takes_a_logarithm_of_draws(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 7, 1000, 4097, 8192, 8193, DISSOLVE_MAX_STEPS};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        uint32_t steps = sizes[k];
        struct dissolve_schedule_options options = {.steps = steps, .beta = 0.001};
        struct dissolve_schedule *schedule;
        assert_int_equal(dissolve_schedule_create(&options, &schedule, NULL), DISSOLVE_OK);
        struct tree_plan *plan = tree_plan_create(schedule);
        assert_non_null(plan);
        size_t most = 0;
        for (uint32_t t = 0; t <= steps; t++) {
            struct dissolve_frame frame = {.t = t};
            tree_plan_make(plan, &frame, 1);
            size_t draws = follow(plan, steps);
            most = draws > most ? draws : most;
            assert_true(t == 0 ? draws == 0 && plan->input == &frame
                               : !plan->input && plan->moves[draws - 1].frame == &frame);
        }
        assert_int_equal(most, 1 + ceil_log2(steps));

        /* All frames share their ways. */
        struct dissolve_frame *all = calloc(steps + 1, sizeof *all);
        assert_non_null(all);
        for (uint32_t t = 0; t <= steps; t++)
            all[t].t = t;
        tree_plan_make(plan, all, steps + 1);
        assert_int_equal(follow(plan, steps), steps);
        free(all);
        free(plan);
        dissolve_schedule_destroy(schedule);
    }
}

static void every_kernel_bridges_with_the_same_bits(void **state)
{
    (void)state;
    enum { GROUPS = 64, COUNT = GROUPS * KERNEL_GROUP, U = 9 };
    static const char *const names[] = {"baseline", "avx2", "avx512", "neon"};
    static float x[COUNT], noise[COUNT];
    const struct kernel_bridge weights = {0.3f, 0.6f, 0.4f};
    const struct kernel_noise source = {.seed = SEED, .block = 16, .stream = DISSOLVE_STREAM_TREE};
    float *a = made(1, COUNT, -15, 0.0f), *b = made(2, COUNT, -14, 1.0f);
    dissolve_normals(SEED, DISSOLVE_STREAM_TREE, U, 64, COUNT, noise);
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const struct kernel *kernel = kernel_named(names[k]);
        if (!kernel) /* baseline is everywhere */
            continue;
        kernel->bridge(x, a, b, GROUPS, &source, U, &weights);
        for (size_t i = 0; i < COUNT; i++)
            assert_true(x[i] == fmaf(0.3f, a[i], fmaf(0.6f, b[i], 0.4f * noise[i])));
    }
    free(a);
    free(b);
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    static const double betas[] = {.1, .2, .3, .4, .5};
    static const struct {
        int sampler;
        uint32_t start;
        enum dissolve_status status;
    } cases[] = {
        {DISSOLVE_SAMPLER_CHAIN, 5, DISSOLVE_OK},
        {DISSOLVE_SAMPLER_CHAIN, 6, DISSOLVE_INVALID},
        {DISSOLVE_SAMPLER_JUMP, 5, DISSOLVE_OK},
        {DISSOLVE_SAMPLER_JUMP, 6, DISSOLVE_INVALID},
        {DISSOLVE_SAMPLER_TREE, 0, DISSOLVE_OK},
        {DISSOLVE_SAMPLER_TREE, 1, DISSOLVE_INVALID},
        {DISSOLVE_SAMPLER_TREE + 1, 0, DISSOLVE_INVALID},
    };
    struct dissolve_schedule *schedule = schedule_of(betas, 5);
    float x[10] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dissolve_process_options options = {
            .schedule = schedule,
            .sampler = (enum dissolve_sampler)cases[i].sampler,
            .start = cases[i].start,
        };
        struct dissolve_process *process = (void *)(uintptr_t)1;
        assert_int_equal(dissolve_process_create(&options, x, 10, &process), cases[i].status);
        assert_true((process != NULL) == (cases[i].status == DISSOLVE_OK));
        dissolve_process_destroy(process);
    }
    dissolve_schedule_destroy(schedule);
}

static void frames_out_of_place_are_refused(void **state)
{
    (void)state;
    static const double betas[] = {.1, .2, .3, .4, .5};
    struct dissolve_schedule *schedule = schedule_of(betas, 5);
    struct dissolve_squares *squares;
    struct dissolve_pool *pool;
    struct dissolve_job *job;
    float x[10] = {0};
    assert_int_equal(dissolve_squares_create(10, &squares), DISSOLVE_OK);
    assert_int_equal(dissolve_pool_create(1, &pool), DISSOLVE_OK);
    assert_int_equal(dissolve_job_create(pool, &job), DISSOLVE_OK);
    const struct dissolve_frame beyond = {.t = 6}, back = {.t = 2}, fine = {.t = 3};
    const struct dissolve_frame before = {.t = 4, .before = squares};
    const struct dissolve_frame noise = {.t = 4, .noise = squares};
    const struct dissolve_frame *const refused[] = {&beyond, &back, &before, &noise};
    for (enum dissolve_sampler sampler = DISSOLVE_SAMPLER_JUMP; sampler <= DISSOLVE_SAMPLER_TREE;
         sampler++) {
        struct dissolve_process_options options = {.schedule = schedule, .sampler = sampler};
        struct dissolve_process *process;
        assert_int_equal(dissolve_process_create(&options, x, 10, &process), DISSOLVE_OK);
        assert_int_equal(dissolve_process_begin(process, job, &fine, 1), DISSOLVE_OK);
        assert_int_equal(dissolve_process_finish(process, job), DISSOLVE_OK);
        for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
            assert_int_equal(dissolve_process_begin(process, job, refused[i], 1), DISSOLVE_INVALID);
        dissolve_process_destroy(process);
    }
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
    dissolve_squares_destroy(squares);
    dissolve_schedule_destroy(schedule);
}

static void without_memory_there_is_no_process(void **state)
{
    (void)state;
    static const double betas[] = {.1, .2};
    struct dissolve_schedule *schedule = schedule_of(betas, 2);
    float x[10] = {0};
    for (enum dissolve_sampler sampler = DISSOLVE_SAMPLER_CHAIN; sampler <= DISSOLVE_SAMPLER_TREE;
         sampler++) {
        struct dissolve_process_options options = {.schedule = schedule, .sampler = sampler};
        for (long failing = 0; failing < 2; failing++) {
            struct dissolve_process *process = (void *)(uintptr_t)1;
            fail_allocation(failing);
            enum dissolve_status status = dissolve_process_create(&options, x, 10, &process);
            assert_true(allocation_failed());
            assert_int_equal(status, DISSOLVE_NO_MEMORY);
            assert_null(process);
        }
    }
    dissolve_schedule_destroy(schedule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jump_is_the_contract_s_formula),
        cmocka_unit_test(a_tree_is_the_contract_s_formula_whatever_is_asked_for),
        cmocka_unit_test(threads_tiles_and_windows_change_no_bit),
        cmocka_unit_test(pieces_with_offsets_make_the_whole),
        cmocka_unit_test(a_run_goes_on_from_any_of_its_frames),
        cmocka_unit_test(no_step_and_one_step),
        cmocka_unit_test(pixels_and_measures_are_the_state_s),
        cmocka_unit_test(one_frame_of_a_tree_takes_a_logarithm_of_draws),
        cmocka_unit_test(every_kernel_bridges_with_the_same_bits),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(frames_out_of_place_are_refused),
        cmocka_unit_test(without_memory_there_is_no_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
