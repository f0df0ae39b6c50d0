/* Carries a state through the steps, tile by tile and window by window. */
#include <dissolve/process.h>

#include "kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fits the first-level cache of any processor of the last decade, twice. */
#define DEFAULT_TILE 4096
#define MAX_TILE     16384

struct dissolve_process {
    float *state;
    size_t n;
    uint64_t seed;
    uint64_t offset;
    size_t tile;
    uint32_t steps;
    uint32_t t; /* where the state stands */

    /* the window that runs */
    struct dissolve_batch batch;
    const struct dissolve_frame *frames;
    size_t frame_count;

    struct kernel_step step[]; /* step[t - 1] makes x_t */
};

static void make_steps(struct dissolve_process *process, const struct dissolve_schedule *schedule)
{
    for (uint32_t t = 1; t <= process->steps; t++) {
        double beta = dissolve_schedule_beta(schedule, t);
        process->step[t - 1].signal = (float)sqrt(1 - beta);
        process->step[t - 1].noise = (float)sqrt(beta);
    }
}

/* Whole blocks of the tally, so that each tile adds whole pieces. */
static size_t choose_tile(size_t wish)
{
    if (wish == 0)
        return DEFAULT_TILE;
    return (wish + DISSOLVE_TALLY_BLOCK - 1) / DISSOLVE_TALLY_BLOCK * DISSOLVE_TALLY_BLOCK;
}

enum dissolve_status dissolve_process_create(const struct dissolve_process_options *options,
                                             float *state, size_t n, struct dissolve_process **out)
{
    *out = NULL;
    if (n == 0 || n > SIZE_MAX / sizeof *state || n > UINT64_MAX - options->offset ||
        options->tile > MAX_TILE)
        return DISSOLVE_INVALID;
    uint32_t steps = dissolve_schedule_steps(options->schedule);
    struct dissolve_process *process = calloc(1, sizeof *process + steps * sizeof process->step[0]);
    if (!process)
        return DISSOLVE_NO_MEMORY;
    process->state = state;
    process->n = n;
    process->seed = options->seed;
    process->offset = options->offset;
    process->tile = choose_tile(options->tile);
    process->steps = steps;
    make_steps(process, options->schedule);
    *out = process;
    return DISSOLVE_OK;
}

void dissolve_process_destroy(struct dissolve_process *process)
{
    free(process);
}

/* A tile's elements x[0 .. count), the first of which is element `first` of the state. */
static void deliver(const struct dissolve_frame *frame, const float *x, size_t first, size_t count)
{
    if (frame->state)
        memcpy(frame->state + first, x, count * sizeof *x);
    if (frame->pixels)
        kernel_active()->render(x, count, frame->pixels + first);
    if (frame->tally)
        dissolve_tally_add(frame->tally, first, x, count);
}

/*
 * One task: a tile through the whole window. The tile is copied to where the kernel can work on
 * whole groups; the elements that pad it on either side are carried along and thrown away.
 */
static void run_tile(void *context, size_t index)
{
    const struct dissolve_process *process = context;
    size_t first = index * process->tile;
    size_t count = process->n - first < process->tile ? process->n - first : process->tile;
    size_t lead = (size_t)((process->offset + first) % KERNEL_GROUP);
    size_t groups = (lead + count + KERNEL_GROUP - 1) / KERNEL_GROUP;
    struct kernel_noise noise = {.seed = process->seed,
                                 .block = (process->offset + first - lead) / 4,
                                 .stream = DISSOLVE_STREAM_CHAIN};
    _Alignas(32) float scratch[MAX_TILE + 2 * KERNEL_GROUP];
    float *x = scratch + lead;
    memset(scratch, 0, lead * sizeof *x);
    memcpy(x, process->state + first, count * sizeof *x);
    memset(x + count, 0, (groups * KERNEL_GROUP - lead - count) * sizeof *x);

    uint32_t t = process->t;
    for (size_t i = 0; i < process->frame_count; i++) {
        const struct dissolve_frame *frame = &process->frames[i];
        kernel_active()->run(scratch, groups, &noise, t + 1, process->step + t, frame->t - t);
        t = frame->t;
        deliver(frame, x, first, count);
    }
    memcpy(process->state + first, x, count * sizeof *x);
}

static bool frames_in_order(const struct dissolve_process *process,
                            const struct dissolve_frame *frames, size_t count)
{
    if (count == 0 || frames[0].t < process->t || frames[count - 1].t > process->steps)
        return false;
    for (size_t i = 1; i < count; i++) {
        if (frames[i].t <= frames[i - 1].t)
            return false;
    }
    return true;
}

enum dissolve_status dissolve_process_begin(struct dissolve_process *process,
                                            struct dissolve_job *job,
                                            const struct dissolve_frame *frames, size_t count)
{
    if (!frames_in_order(process, frames, count))
        return DISSOLVE_INVALID;
    process->frames = frames;
    process->frame_count = count;
    process->batch = (struct dissolve_batch){
        .task = run_tile,
        .context = process,
        .count = process->n / process->tile + (process->n % process->tile != 0),
    };
    dissolve_job_submit(job, &process->batch);
    return DISSOLVE_OK;
}

enum dissolve_status dissolve_process_finish(struct dissolve_process *process,
                                             struct dissolve_job *job)
{
    enum dissolve_status status = dissolve_job_wait(job, &process->batch);
    if (status == DISSOLVE_OK)
        process->t = process->frames[process->frame_count - 1].t;
    return status;
}

static void scale_pixels(float *x, size_t n, float top)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 2 * (x[i] / top) - 1;
}

void dissolve_from_pixels(const uint8_t *pixels, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = pixels[i];
    scale_pixels(x, n, 255);
}

void dissolve_from_pixels16(const uint16_t *pixels, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = pixels[i];
    scale_pixels(x, n, 65535);
}

void dissolve_render(const float *x, size_t n, uint8_t *pixels)
{
    kernel_active()->render(x, n, pixels);
}
