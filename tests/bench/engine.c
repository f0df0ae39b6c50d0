/* The engine alone: nanoseconds for each element, of a step and of its parts; the samplers. */
#include <dissolve/dissolve.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A few steps to see what one costs, and few frames of many steps to see what they cost. */
enum {
    ELEMENTS = 512 * 512 * 3,
    STEPS = 20,
    ROUNDS = 9,
    MANY_STEPS = 1000,
    FRAMES = 10,
    SAMPLER_ROUNDS = 3,
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void require(enum dissolve_status status)
{
    if (status != DISSOLVE_OK) {
        fprintf(stderr, "bench_engine: %s\n", dissolve_status_text(status));
        exit(1);
    }
}

/* Seconds that the frames take, without setting up. */
static double run(struct dissolve_pool *pool, const struct dissolve_process_options *options,
                  float *state, const struct dissolve_frame *frames, size_t count)
{
    struct dissolve_process *process = NULL;
    struct dissolve_job *job = NULL;
    memset(state, 0, ELEMENTS * sizeof *state);
    require(dissolve_job_create(pool, &job));
    require(dissolve_process_create(options, state, ELEMENTS, &process));
    double start = seconds();
    require(dissolve_process_begin(process, job, frames, count));
    require(dissolve_process_finish(process, job));
    double taken = seconds() - start;
    dissolve_process_destroy(process);
    dissolve_job_destroy(job);
    return taken;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of some rounds, after one that does not count. */
static double median(struct dissolve_pool *pool, const struct dissolve_process_options *options,
                     const struct dissolve_frame *frames, size_t count, int rounds)
{
    double taken[ROUNDS];
    float *state = malloc(ELEMENTS * sizeof *state);
    if (!state)
        require(DISSOLVE_NO_MEMORY);
    run(pool, options, state, frames, count);
    for (int round = 0; round < rounds; round++)
        taken[round] = run(pool, options, state, frames, count);
    free(state);
    qsort(taken, (size_t)rounds, sizeof *taken, compare);
    return taken[rounds / 2];
}

static struct dissolve_schedule *schedule_of(struct dissolve_schedule_options options)
{
    struct dissolve_schedule *schedule = NULL;
    require(dissolve_schedule_create(&options, &schedule, NULL));
    return schedule;
}

/* Nanoseconds per element and step of the chain. */
static void print_step(struct dissolve_pool *pool)
{
    struct dissolve_schedule *schedule =
        schedule_of((struct dissolve_schedule_options){.steps = STEPS, .beta = 0.25});
    struct dissolve_process_options options = {.schedule = schedule, .seed = 42};
    struct dissolve_frame last = {.t = STEPS};
    double taken = median(pool, &options, &last, 1, ROUNDS);
    printf(" %.6f\n", taken * 1e9 / ((double)ELEMENTS * STEPS));
    dissolve_schedule_destroy(schedule);
}

/* The same with every state rendered, as pictures need it: all frames in one window. */
static void print_frame(struct dissolve_pool *pool)
{
    struct dissolve_schedule *schedule =
        schedule_of((struct dissolve_schedule_options){.steps = STEPS, .beta = 0.25});
    struct dissolve_process_options options = {.schedule = schedule, .seed = 42};
    struct dissolve_frame frames[STEPS];
    uint8_t *pixels = malloc((size_t)ELEMENTS * STEPS);
    if (!pixels)
        require(DISSOLVE_NO_MEMORY);
    for (uint32_t i = 0; i < STEPS; i++)
        frames[i] = (struct dissolve_frame){.t = i + 1, .pixels = pixels + (size_t)i * ELEMENTS};
    double taken = median(pool, &options, frames, STEPS, ROUNDS);
    printf(" %.6f\n", taken * 1e9 / ((double)ELEMENTS * STEPS));
    free(pixels);
    dissolve_schedule_destroy(schedule);
}

/*
 * A tile's worth of elements that stays in the cache, as the process renders it: nanoseconds per
 * element of the normals alone and of rendering alone, on this thread.
 */
static void print_parts(void)
{
    enum { TILE = 2048, TIMES = 384 };
    static float x[TILE];
    static uint8_t pixels[TILE];
    double drawn[ROUNDS], rendered[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        for (uint32_t i = 0; i < TIMES; i++)
            dissolve_normals(42, DISSOLVE_STREAM_CHAIN, i, 0, TILE, x);
        double between = seconds();
        for (uint32_t i = 0; i < TIMES; i++)
            dissolve_render(x, TILE, pixels);
        drawn[round] = between - start;
        rendered[round] = seconds() - between;
    }
    qsort(drawn, ROUNDS, sizeof *drawn, compare);
    qsort(rendered, ROUNDS, sizeof *rendered, compare);
    double scale = 1e9 / ((double)TILE * TIMES);
    printf(" %.6f %.6f\n", drawn[ROUNDS / 2] * scale, rendered[ROUNDS / 2] * scale);
}

/* Milliseconds of chain, jump and tree for the states at 100, 200... of 1,000 steps. */
static void print_samplers(struct dissolve_pool *pool)
{
    struct dissolve_schedule *schedule =
        schedule_of((struct dissolve_schedule_options){.kind = DISSOLVE_SCHEDULE_LINEAR,
                                                       .steps = MANY_STEPS,
                                                       .beta_start = 1e-4,
                                                       .beta_end = 0.02});
    float *states = malloc(sizeof *states * ELEMENTS * FRAMES);
    if (!states)
        require(DISSOLVE_NO_MEMORY);
    struct dissolve_frame frames[FRAMES];
    for (uint32_t i = 0; i < FRAMES; i++)
        frames[i] = (struct dissolve_frame){.t = (i + 1) * (MANY_STEPS / FRAMES),
                                            .state = states + (size_t)i * ELEMENTS};
    for (enum dissolve_sampler sampler = DISSOLVE_SAMPLER_CHAIN; sampler <= DISSOLVE_SAMPLER_TREE;
         sampler++) {
        struct dissolve_process_options options = {
            .schedule = schedule, .sampler = sampler, .seed = 42};
        printf(" %.6f", median(pool, &options, frames, FRAMES, SAMPLER_ROUNDS) * 1e3);
    }
    printf("\n");
    free(states);
    dissolve_schedule_destroy(schedule);
}

int main(int argc, char **argv)
{
    long threads = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    const char *what = argc > 2 ? argv[2] : "step";
    bool step = strcmp(what, "step") == 0, frame = strcmp(what, "frame") == 0,
         parts = strcmp(what, "parts") == 0, samplers = strcmp(what, "samplers") == 0;
    if (threads < 1 || threads > 1024 || argc > 3 || !(step || frame || parts || samplers)) {
        fprintf(stderr, "usage: bench_engine THREADS [step|frame|parts|samplers] "
                        "(DISSOLVE_ISA forces an instruction set)\n");
        return 2;
    }
    const char *isa = NULL;
    struct dissolve_pool *pool = NULL;
    require(dissolve_isa(&isa));
    require(dissolve_pool_create((unsigned)threads, &pool));
    printf("%s", isa);
    if (step)
        print_step(pool);
    if (frame)
        print_frame(pool);
    if (parts)
        print_parts();
    if (samplers)
        print_samplers(pool);
    dissolve_pool_destroy(pool);
    return 0;
}
