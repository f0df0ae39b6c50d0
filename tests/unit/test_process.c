/* The forward process: the same bytes whatever the threads, tiles, windows and instruction set. */
#include <dissolve/dissolve.h>

#include "engine/kernel.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N     10007 /* prime: no tile or group fits */
#define STEPS 20
#define SEED  0x0123456789abcdefu

/* How a run is cut up; none of it may change the result. */
struct cut {
    unsigned threads;
    size_t tile;
    uint32_t window; /* frames */
    uint64_t offset;
};

/* Every frame of a run: states[t * n], pixels[t * n]. */
struct film {
    float *states;
    uint8_t *pixels;
    struct dissolve_measures measures[STEPS + 1];
};

static struct film new_film(size_t n)
{
    struct film film = {.states = calloc((STEPS + 1) * n, sizeof(float)),
                        .pixels = calloc((STEPS + 1) * n, 1)};
    assert_non_null(film.states);
    assert_non_null(film.pixels);
    return film;
}

static void free_film(struct film *film)
{
    free(film->states);
    free(film->pixels);
}

static float input(uint64_t i)
{
    return (float)((int)(i * 37 % 1001) - 500) / 400;
}

static struct dissolve_schedule *constant(uint32_t steps, double beta)
{
    struct dissolve_schedule_options options = {.steps = steps, .beta = beta};
    struct dissolve_schedule *schedule;
    assert_int_equal(dissolve_schedule_create(&options, &schedule, NULL), DISSOLVE_OK);
    return schedule;
}

static void run(const struct cut *cut, size_t n, struct film *film)
{
    struct dissolve_schedule *schedule = constant(STEPS, 0.25);
    struct dissolve_pool *pool;
    struct dissolve_job *job;
    struct dissolve_process *process;
    assert_int_equal(dissolve_pool_create(cut->threads, &pool), DISSOLVE_OK);
    assert_int_equal(dissolve_job_create(pool, &job), DISSOLVE_OK);
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = input(cut->offset + i);
    struct dissolve_process_options options = {
        .schedule = schedule, .seed = SEED, .offset = cut->offset, .tile = cut->tile};
    assert_int_equal(dissolve_process_create(&options, x, n, &process), DISSOLVE_OK);
    struct dissolve_tally *tally[STEPS + 1];
    struct dissolve_frame frames[STEPS + 1];
    for (uint32_t t = 0; t <= STEPS; t++) {
        assert_int_equal(dissolve_tally_create(n, 1, &tally[t]), DISSOLVE_OK);
        frames[t] = (struct dissolve_frame){.t = t,
                                            .state = film->states + t * n,
                                            .pixels = film->pixels + t * n,
                                            .tally = tally[t]};
    }
    for (uint32_t t = 0; t <= STEPS; t += cut->window) {
        uint32_t count = STEPS + 1 - t < cut->window ? STEPS + 1 - t : cut->window;
        assert_int_equal(dissolve_process_begin(process, job, frames + t, count), DISSOLVE_OK);
        assert_int_equal(dissolve_process_finish(process, job), DISSOLVE_OK);
    }
    assert_memory_equal(x, film->states + STEPS * n, n * sizeof *x);
    for (uint32_t t = 0; t <= STEPS; t++) {
        dissolve_tally_read(tally[t], &film->measures[t]);
        dissolve_tally_destroy(tally[t]);
    }
    dissolve_process_destroy(process);
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
    dissolve_schedule_destroy(schedule);
    free(x);
}

static const struct cut plain = {.threads = 1, .tile = 0, .window = STEPS + 1};

static void the_step_is_the_contract_s_formula(void **state)
{
    (void)state;
    struct film film = new_film(N);
    run(&plain, N, &film);
    float a = (float)sqrt(0.75), c = (float)sqrt(0.25);
    static float x[N], noise[N];
    for (size_t i = 0; i < N; i++)
        x[i] = input(i);
    assert_memory_equal(film.states, x, sizeof x);
    for (uint32_t t = 1; t <= STEPS; t++) {
        dissolve_normals(SEED, DISSOLVE_STREAM_CHAIN, t, 0, N, noise);
        for (size_t i = 0; i < N; i++)
            x[i] = fmaf(a, x[i], c * noise[i]);
        assert_memory_equal(film.states + t * N, x, sizeof x);
    }
    free_film(&film);
}

static void rendering_truncates_as_the_contract_says(void **state)
{
    (void)state;
    struct film film = new_film(N);
    run(&plain, N, &film);
    for (size_t i = 0; i < (STEPS + 1) * (size_t)N; i++) {
        float v = (film.states[i] + 1) / 2;
        v = v < 0 ? 0 : v > 1 ? 1 : v;
        assert_int_equal(film.pixels[i], (uint8_t)(v * 255));
    }
    free_film(&film);
}

static void threads_tiles_and_windows_change_no_bit(void **state)
{
    (void)state;
    static const struct cut cuts[] = {
        {2, 0, STEPS + 1, 0}, {3, 0, 1, 0},     {7, 0, 4, 0},    {1, 1, 2, 0},     {2, 1024, 7, 0},
        {3, 1025, 3, 0},      {7, 4096, 20, 0}, {2, 8192, 5, 0}, {3, 16384, 1, 0}, {7, 3000, 21, 0},
    };
    struct film expected = new_film(N), film = new_film(N);
    run(&plain, N, &expected);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        run(&cuts[i], N, &film);
        assert_memory_equal(film.states, expected.states, (STEPS + 1) * N * sizeof(float));
        assert_memory_equal(film.pixels, expected.pixels, (STEPS + 1) * N);
        assert_memory_equal(film.measures, expected.measures, sizeof film.measures);
    }
    free_film(&film);
    free_film(&expected);
}

static void pieces_with_offsets_make_the_whole(void **state)
{
    (void)state;
    static const size_t borders[] = {0, 1, 33, 1000, 5003, 5004, N};
    struct film whole = new_film(N);
    run(&plain, N, &whole);
    for (size_t i = 0; i + 1 < sizeof borders / sizeof borders[0]; i++) {
        size_t n = borders[i + 1] - borders[i];
        struct cut cut = {.threads = 2, .window = 5, .offset = borders[i]};
        struct film piece = new_film(n);
        run(&cut, n, &piece);
        for (uint32_t t = 0; t <= STEPS; t++)
            assert_memory_equal(piece.states + t * n, whole.states + t * N + borders[i],
                                n * sizeof(float));
        free_film(&piece);
    }
    free_film(&whole);
}

static void beta_0_is_the_identity_and_beta_1_forgets(void **state)
{
    (void)state;
    struct dissolve_pool *pool;
    struct dissolve_job *job;
    assert_int_equal(dissolve_pool_create(2, &pool), DISSOLVE_OK);
    assert_int_equal(dissolve_job_create(pool, &job), DISSOLVE_OK);
    for (int beta = 0; beta <= 1; beta++) {
        struct dissolve_schedule *schedule = constant(3, beta);
        struct dissolve_process_options options = {.schedule = schedule, .seed = 5};
        struct dissolve_process *process;
        float x[100], before[100], noise[100];
        for (size_t i = 0; i < 100; i++)
            before[i] = x[i] = input(i);
        dissolve_normals(5, DISSOLVE_STREAM_CHAIN, 3, 0, 100, noise);
        assert_int_equal(dissolve_process_create(&options, x, 100, &process), DISSOLVE_OK);
        struct dissolve_frame last = {.t = 3};
        assert_int_equal(dissolve_process_begin(process, job, &last, 1), DISSOLVE_OK);
        assert_int_equal(dissolve_process_finish(process, job), DISSOLVE_OK);
        for (size_t i = 0; i < 100; i++)
            assert_true(x[i] == (beta == 0 ? before[i] : noise[i]));
        dissolve_process_destroy(process);
        dissolve_schedule_destroy(schedule);
    }
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    struct dissolve_schedule *schedule = constant(5, 0.5);
    struct dissolve_pool *pool;
    struct dissolve_job *job;
    struct dissolve_process *process;
    float x[10] = {0};
    struct dissolve_process_options options = {.schedule = schedule};
    assert_int_equal(dissolve_pool_create(1, &pool), DISSOLVE_OK);
    assert_int_equal(dissolve_job_create(pool, &job), DISSOLVE_OK);

    assert_int_equal(dissolve_process_create(&options, x, 0, &process), DISSOLVE_INVALID);
    assert_null(process);
    options.offset = UINT64_MAX - 5;
    assert_int_equal(dissolve_process_create(&options, x, 10, &process), DISSOLVE_INVALID);
    options.offset = 0;
    options.tile = 16385;
    assert_int_equal(dissolve_process_create(&options, x, 10, &process), DISSOLVE_INVALID);
    options.tile = 0;
    assert_int_equal(dissolve_process_create(&options, x, 10, &process), DISSOLVE_OK);

    const struct dissolve_frame beyond = {.t = 6};
    const struct dissolve_frame twice[] = {{.t = 2}, {.t = 2}};
    const struct dissolve_frame fine = {.t = 3}, back = {.t = 2};
    assert_int_equal(dissolve_process_begin(process, job, &beyond, 1), DISSOLVE_INVALID);
    assert_int_equal(dissolve_process_begin(process, job, twice, 2), DISSOLVE_INVALID);
    assert_int_equal(dissolve_process_begin(process, job, twice, 0), DISSOLVE_INVALID);
    assert_int_equal(dissolve_process_begin(process, job, &fine, 1), DISSOLVE_OK);
    assert_int_equal(dissolve_process_finish(process, job), DISSOLVE_OK);
    assert_int_equal(dissolve_process_begin(process, job, &back, 1), DISSOLVE_INVALID);

    dissolve_job_cancel(job);
    const struct dissolve_frame last = {.t = 5};
    assert_int_equal(dissolve_process_begin(process, job, &last, 1), DISSOLVE_OK);
    assert_int_equal(dissolve_process_finish(process, job), DISSOLVE_CANCELLED);
    dissolve_process_destroy(process);
    dissolve_process_destroy(NULL);
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
    dissolve_schedule_destroy(schedule);
}

/* A run to t[count - 1], with the squares of what went into the steps of some frames. */
static void run_with_terms(const struct cut *cut, const uint32_t *t, size_t count, float *state,
                           double *before, double *noise)
{
    struct dissolve_schedule *schedule = constant(STEPS, 0.25);
    struct dissolve_pool *pool;
    struct dissolve_job *job;
    struct dissolve_process *process;
    struct dissolve_frame frames[STEPS + 1];
    assert_int_equal(dissolve_pool_create(cut->threads, &pool), DISSOLVE_OK);
    assert_int_equal(dissolve_job_create(pool, &job), DISSOLVE_OK);
    for (size_t i = 0; i < N; i++)
        state[i] = input(i);
    struct dissolve_process_options options = {
        .schedule = schedule, .seed = SEED, .tile = cut->tile};
    assert_int_equal(dissolve_process_create(&options, state, N, &process), DISSOLVE_OK);
    for (size_t i = 0; i < count; i++) {
        frames[i] = (struct dissolve_frame){.t = t[i]};
        assert_int_equal(dissolve_squares_create(N, &frames[i].before), DISSOLVE_OK);
        assert_int_equal(dissolve_squares_create(N, &frames[i].noise), DISSOLVE_OK);
    }
    for (size_t i = 0; i < count; i += cut->window) {
        size_t some = count - i < cut->window ? count - i : cut->window;
        assert_int_equal(dissolve_process_begin(process, job, frames + i, some), DISSOLVE_OK);
        assert_int_equal(dissolve_process_finish(process, job), DISSOLVE_OK);
    }
    /* The last step is past now. */
    struct dissolve_frame past[] = {{.t = t[count - 1], .before = frames[0].before},
                                    {.t = t[count - 1], .noise = frames[0].noise}};
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(dissolve_process_begin(process, job, &past[i], 1), DISSOLVE_INVALID);
    for (size_t i = 0; i < count; i++) {
        before[i] = dissolve_squares_rms(frames[i].before);
        noise[i] = dissolve_squares_rms(frames[i].noise);
        dissolve_squares_destroy(frames[i].before);
        dissolve_squares_destroy(frames[i].noise);
    }
    dissolve_process_destroy(process);
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
    dissolve_schedule_destroy(schedule);
}

static double rms_of(const float *x)
{
    struct dissolve_squares *squares;
    assert_int_equal(dissolve_squares_create(N, &squares), DISSOLVE_OK);
    dissolve_squares_add(squares, 0, x, N);
    double rms = dissolve_squares_rms(squares);
    dissolve_squares_destroy(squares);
    return rms;
}

static void the_terms_are_those_of_the_step(void **state)
{
    (void)state;
    static const struct cut cuts[] = {
        {1, 0, STEPS + 1, 0}, {3, 1024, 1, 0}, {2, 16384, 3, 0}, {7, 3000, 2, 0}};
    static const uint32_t t[] = {0, 1, 2, 3, 9, 10, STEPS};
    enum { COUNT = sizeof t / sizeof t[0] };
    static float end[N], normals[N];
    struct film film = new_film(N);
    run(&plain, N, &film);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        double before[COUNT], noise[COUNT];
        run_with_terms(&cuts[i], t, COUNT, end, before, noise);
        assert_memory_equal(end, film.states + STEPS * N, sizeof end);
        assert_true(before[0] == 0 && noise[0] == 0); /* no step made x_0 */
        for (size_t k = 1; k < COUNT; k++) {
            dissolve_normals(SEED, DISSOLVE_STREAM_CHAIN, t[k], 0, N, normals);
            assert_true(before[k] == rms_of(film.states + (t[k] - 1) * N));
            assert_true(noise[k] == rms_of(normals));
        }
    }
    free_film(&film);
}

static void every_kernel_gives_the_same_bits(void **state)
{
    (void)state;
    enum { GROUPS = 64, COUNT = GROUPS * KERNEL_GROUP };
    static const char *const names[] = {"baseline", "avx2", "avx512", "neon"};
    static float input_of[COUNT], apart[COUNT], first[COUNT], x[COUNT], first_normals[COUNT],
        normals[COUNT];
    static uint8_t first_pixels[COUNT], pixels[COUNT];
    struct kernel_step steps[STEPS];
    for (int i = 0; i < STEPS; i++)
        steps[i] = (struct kernel_step){sqrtf(0.9f - 0.04f * (float)i), sqrtf(0.04f * (float)i)};
    struct kernel_noise noise = {.seed = UINT64_MAX - 12345, .block = ((uint64_t)1 << 33) - 512};
    int found = 0;
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const struct kernel *kernel = kernel_named(names[k]);
        if (!kernel)
            continue;
        for (size_t i = 0; i < COUNT; i++)
            x[i] = input_of[i] = input(i);
        kernel->run(x, x, GROUPS, &noise, 3, steps, STEPS);
        for (int count = 0; count <= STEPS; count++) {
            kernel->run(apart, input_of, GROUPS, &noise, 3, steps, (size_t)count);
            kernel->run(apart, apart, GROUPS, &noise, 3 + (uint32_t)count, steps + count,
                        (size_t)(STEPS - count));
            assert_memory_equal(apart, x, sizeof x);
        }
        kernel->normals(normals, GROUPS, &noise, 9);
        kernel->render(x, COUNT - 5, pixels);
        if (found++ == 0) {
            memcpy(first, x, sizeof x);
            memcpy(first_normals, normals, sizeof normals);
            memcpy(first_pixels, pixels, sizeof pixels);
        }
        assert_memory_equal(x, first, sizeof x);
        assert_memory_equal(normals, first_normals, sizeof normals);
        assert_memory_equal(pixels, first_pixels, sizeof pixels);
    }
#ifdef __x86_64__
    assert_int_equal(found,
                     1 + !!__builtin_cpu_supports("avx2") + !!__builtin_cpu_supports("avx512f"));
#endif
    assert_null(kernel_named("no such set"));
}

static void pixels_become_numbers_from_minus_1_to_1(void **state)
{
    (void)state;
    uint8_t bytes[256], back[256];
    const uint16_t words[] = {0, 1, 32768, 65535};
    float x[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    dissolve_from_pixels(bytes, 256, x);
    for (int i = 0; i < 256; i++)
        assert_true(x[i] == 2 * ((float)i / 255) - 1);
    dissolve_render(x, 256, back);
    for (int i = 0; i < 256; i++)
        assert_true(back[i] == i || back[i] == i - 1);
    dissolve_from_pixels16(words, 4, x);
    for (int i = 0; i < 4; i++)
        assert_true(x[i] == 2 * ((float)words[i] / 65535) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_step_is_the_contract_s_formula),
        cmocka_unit_test(rendering_truncates_as_the_contract_says),
        cmocka_unit_test(threads_tiles_and_windows_change_no_bit),
        cmocka_unit_test(pieces_with_offsets_make_the_whole),
        cmocka_unit_test(beta_0_is_the_identity_and_beta_1_forgets),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(the_terms_are_those_of_the_step),
        cmocka_unit_test(every_kernel_gives_the_same_bits),
        cmocka_unit_test(pixels_become_numbers_from_minus_1_to_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
