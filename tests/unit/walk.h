/* Runs a process in any number of windows, tiles and threads, and says what theory expects of it.
 */
#ifndef WALK_H
#define WALK_H

#include "expect.h"

#include <dissolve/dissolve.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How a run is made. Only the first four members may change what comes out of it. */
struct walk {
    const struct dissolve_schedule *schedule;
    enum dissolve_sampler sampler;
    uint64_t seed;
    uint64_t offset;
    uint32_t start;
    size_t tile;
    unsigned threads; /* 0: 1 */
    size_t window;    /* frames in a window; 0: all */
};

/* A schedule of these betas. */
static inline struct dissolve_schedule *schedule_of(const double *betas, uint32_t steps)
{
    struct dissolve_schedule_options options = {
        .kind = DISSOLVE_SCHEDULE_CUSTOM, .steps = steps, .betas = betas};
    struct dissolve_schedule *schedule;
    assert_int_equal(dissolve_schedule_create(&options, &schedule, NULL), DISSOLVE_OK);
    return schedule;
}

/* Carries a copy of x through the frames t[0..count); frame i goes to states + i * n. */
static inline void walk(const struct walk *walk, const float *x, size_t n, const uint32_t *t,
                        size_t count, float *states)
{
    struct dissolve_process_options options = {
        .schedule = walk->schedule,
        .sampler = walk->sampler,
        .seed = walk->seed,
        .offset = walk->offset,
        .start = walk->start,
        .tile = walk->tile,
    };
    struct dissolve_pool *pool;
    struct dissolve_job *job;
    struct dissolve_process *process;
    size_t window = walk->window ? walk->window : count;
    float *state = malloc(n * sizeof *state);
    struct dissolve_frame *frames = calloc(count, sizeof *frames);
    assert_non_null(state);
    assert_non_null(frames);
    memcpy(state, x, n * sizeof *state);
    assert_int_equal(dissolve_pool_create(walk->threads ? walk->threads : 1, &pool), DISSOLVE_OK);
    assert_int_equal(dissolve_job_create(pool, &job), DISSOLVE_OK);
    assert_int_equal(dissolve_process_create(&options, state, n, &process), DISSOLVE_OK);
    for (size_t i = 0; i < count; i++)
        frames[i] = (struct dissolve_frame){.t = t[i], .state = states + i * n};
    for (size_t i = 0; i < count; i += window) {
        size_t some = count - i < window ? count - i : window;
        assert_int_equal(dissolve_process_begin(process, job, frames + i, some), DISSOLVE_OK);
        assert_int_equal(dissolve_process_finish(process, job), DISSOLVE_OK);
    }
    /* Where the state stands afterwards. */
    const float *end = walk->sampler == DISSOLVE_SAMPLER_TREE ? x : states + (count - 1) * n;
    assert_memory_equal(state, end, n * sizeof *state);
    dissolve_process_destroy(process);
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
    free(frames);
    free(state);
}

/* x_to | x_from ~ N(m x_from, v), from the betas of steps 1, 2...: betas[0], betas[1]... */
struct transition {
    double m;
    double v;
};

static inline struct transition transition(const double *betas, uint32_t from, uint32_t to)
{
    long double sum = 0;
    for (uint32_t t = from; t < to; t++)
        sum += log1pl(-(long double)betas[t]); /* -infinity for a beta of 1 */
    return (struct transition){(double)expl(sum / 2), (double)(0 - expm1l(sum))}; /* no -0 */
}

#endif
