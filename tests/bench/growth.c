/* One run of the engine: its time and peak memory, for those who ask how they grow. */
#include <dissolve/dissolve.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Frames are made in windows of so many, as the service makes them. */
enum { WINDOW = 4 };

struct plan {
    enum dissolve_sampler sampler;
    size_t elements;
    uint32_t steps;
    uint32_t frames;
    unsigned threads;
};

/* Of processor time: with one thread the time a run takes, whatever else the machine does. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void require(enum dissolve_status status)
{
    if (status != DISSOLVE_OK) {
        fprintf(stderr, "bench_growth: %s\n", dissolve_status_text(status));
        exit(1);
    }
}

/* Of /proc/self/status, in KiB: VmRSS, what is resident, or VmHWM, the most that ever was. */
static unsigned long resident(const char *name)
{
    char line[128];
    unsigned long found = 0;
    size_t length = strlen(name);
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            found = strtoul(line + length + 1, NULL, 10);
    if (status)
        fclose(status);
    return found;
}

/*
 * Frame k of the run, 0 <= k < frames: they are spread evenly. A single one is the last but one,
 * for which the tree goes all the way down.
 */
static uint32_t frame_of(const struct plan *plan, uint32_t k)
{
    if (plan->frames == 1)
        return plan->steps - 1;
    return (uint32_t)((uint64_t)(k + 1) * plan->steps / plan->frames);
}

/* Seconds that the frames take; the schedule's table is there before. */
static double run(const struct plan *plan, struct dissolve_pool *pool, float *state,
                  uint8_t *pixels)
{
    struct dissolve_schedule_options linear = {.kind = DISSOLVE_SCHEDULE_LINEAR,
                                               .steps = plan->steps,
                                               .beta_start = 1e-4,
                                               .beta_end = 0.02};
    struct dissolve_schedule *schedule = NULL;
    struct dissolve_process *process = NULL;
    struct dissolve_job *job = NULL;
    require(dissolve_schedule_create(&linear, &schedule, NULL));
    require(dissolve_job_create(pool, &job));
    struct dissolve_process_options options = {
        .schedule = schedule, .sampler = plan->sampler, .seed = 42};
    double start = seconds();
    require(dissolve_process_create(&options, state, plan->elements, &process));
    struct dissolve_frame window[WINDOW];
    for (uint32_t k = 0; k < plan->frames;) {
        size_t count = 0;
        for (; count < WINDOW && k < plan->frames; count++, k++)
            window[count] = (struct dissolve_frame){.t = frame_of(plan, k),
                                                    .pixels = pixels + count * plan->elements};
        require(dissolve_process_begin(process, job, window, count));
        require(dissolve_process_finish(process, job));
    }
    double taken = seconds() - start;
    dissolve_process_destroy(process);
    dissolve_job_destroy(job);
    dissolve_schedule_destroy(schedule);
    return taken;
}

/* A number from 1 to most, or 0. */
static unsigned long number(const char *text, unsigned long most)
{
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    return *end == '\0' && value <= most ? value : 0;
}

static bool read_plan(int argc, char **argv, struct plan *plan)
{
    static const char *const SAMPLERS[] = {"chain", "jump", "tree"};
    if (argc != 6)
        return false;
    size_t sampler = 0;
    while (sampler < 3 && strcmp(argv[1], SAMPLERS[sampler]) != 0)
        sampler++;
    *plan = (struct plan){.sampler = (enum dissolve_sampler)sampler,
                          .elements = number(argv[2], 1000000000),
                          .steps = (uint32_t)number(argv[3], 10000),
                          .frames = (uint32_t)number(argv[4], 10000),
                          .threads = (unsigned)number(argv[5], 1024)};
    return sampler < 3 && plan->elements && plan->steps > 1 && plan->frames && plan->threads &&
           plan->frames <= plan->steps;
}

int main(int argc, char **argv)
{
    struct plan plan;
    if (!read_plan(argc, argv, &plan)) {
        fprintf(stderr,
                "usage: bench_growth chain|jump|tree ELEMENTS STEPS FRAMES THREADS\n"
                "prints seconds of processor time, and KiB of memory above those at the start\n");
        return 2;
    }
    struct dissolve_pool *pool = NULL;
    require(dissolve_pool_create(plan.threads, &pool));
    unsigned long before = resident("VmRSS");
    size_t held = plan.frames < WINDOW ? plan.frames : WINDOW;
    float *state = malloc(plan.elements * sizeof *state);
    uint8_t *pixels = malloc(plan.elements * held);
    if (!state || !pixels)
        require(DISSOLVE_NO_MEMORY);
    /* Nothing is zero: pages of zeros may be counted, and made, only when they are written. */
    for (size_t i = 0; i < plan.elements; i++)
        state[i] = (float)(i % 255 + 1) / 255;
    memset(pixels, 1, plan.elements * held);

    double taken = run(&plan, pool, state, pixels);
    printf("%.9f %lu\n", taken, resident("VmHWM") - before);
    free(state);
    free(pixels);
    dissolve_pool_destroy(pool);
    return 0;
}
