/* The engine alone: prints how many nanoseconds one element takes for one step of the chain. */
#include <dissolve/dissolve.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ELEMENTS = 512 * 512 * 3, STEPS = 20, ROUNDS = 9 };

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

/* Seconds that the steps take, without setting up. */
static double run_chain(struct dissolve_pool *pool, const struct dissolve_schedule *schedule,
                        float *state)
{
    struct dissolve_process_options options = {.schedule = schedule, .seed = 42};
    struct dissolve_frame last = {.t = STEPS};
    struct dissolve_process *process = NULL;
    struct dissolve_job *job = NULL;
    memset(state, 0, ELEMENTS * sizeof *state);
    require(dissolve_job_create(pool, &job));
    require(dissolve_process_create(&options, state, ELEMENTS, &process));
    double start = seconds();
    require(dissolve_process_begin(process, job, &last, 1));
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

int main(int argc, char **argv)
{
    long threads = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (threads < 1 || threads > 1024) {
        fprintf(stderr, "usage: bench_engine THREADS (DISSOLVE_ISA forces an instruction set)\n");
        return 2;
    }
    const char *isa = NULL;
    require(dissolve_isa(&isa));
    struct dissolve_schedule_options constant = {.steps = STEPS, .beta = 0.25};
    struct dissolve_schedule *schedule = NULL;
    struct dissolve_pool *pool = NULL;
    require(dissolve_schedule_create(&constant, &schedule, NULL));
    require(dissolve_pool_create((unsigned)threads, &pool));
    float *state = malloc(ELEMENTS * sizeof *state);
    if (!state)
        require(DISSOLVE_NO_MEMORY);

    double taken[ROUNDS];
    run_chain(pool, schedule, state);
    for (int round = 0; round < ROUNDS; round++)
        taken[round] = run_chain(pool, schedule, state);
    qsort(taken, ROUNDS, sizeof *taken, compare);
    printf("%s %.6f\n", isa, taken[ROUNDS / 2] * 1e9 / ((double)ELEMENTS * STEPS));

    free(state);
    dissolve_pool_destroy(pool);
    dissolve_schedule_destroy(schedule);
    return 0;
}
