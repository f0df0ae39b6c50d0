/* Dissolves 100,000 samples of a mixture in 40 steps and prints the moments of some states. */
#include <dissolve/dissolve.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 100000, STEPS = 40, EVERY = 10, FRAMES = STEPS / EVERY + 1 };

static void check(enum dissolve_status status)
{
    if (status == DISSOLVE_OK)
        return;
    fprintf(stderr, "%s\n", dissolve_status_text(status));
    exit(EXIT_FAILURE);
}

int main(void)
{
    static float state[COUNT];
    const struct dissolve_mixture mixture = {.components = 3,
                                             .weights = (const double[]){0.5, 0.3, 0.2},
                                             .means = (const double[]){0, 5, -3},
                                             .stds = (const double[]){1, 0.5, 1.5}};
    check(dissolve_mixture_check(&mixture));
    dissolve_mixture_draw(&mixture, 42, 0, COUNT, state);

    struct dissolve_schedule *schedule;
    const struct dissolve_schedule_options constant = {.steps = STEPS, .beta = 0.1};
    check(dissolve_schedule_create(&constant, &schedule, NULL));
    struct dissolve_pool *pool;
    struct dissolve_job *job;
    check(dissolve_pool_create(0, &pool));
    check(dissolve_job_create(pool, &job));

    struct dissolve_frame frames[FRAMES] = {0};
    for (uint32_t i = 0; i < FRAMES; i++) {
        frames[i].t = i * EVERY;
        check(dissolve_tally_create_moments(COUNT, &frames[i].tally));
    }
    struct dissolve_process *process;
    const struct dissolve_process_options options = {.schedule = schedule, .seed = 42};
    check(dissolve_process_create(&options, state, COUNT, &process));
    check(dissolve_process_begin(process, job, frames, FRAMES));
    check(dissolve_process_finish(process, job));

    for (int i = 0; i < FRAMES; i++) {
        struct dissolve_measures measures;
        dissolve_tally_read(frames[i].tally, &measures);
        printf("t = %2u: mean %7.4f, std %.4f\n", frames[i].t, measures.mean, measures.std);
        dissolve_tally_destroy(frames[i].tally);
    }
    dissolve_process_destroy(process);
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
    dissolve_schedule_destroy(schedule);
}
