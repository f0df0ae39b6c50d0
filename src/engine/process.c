/* Carries a state through the steps, tile by tile and window by window. */
#include <dissolve/process.h>

#include "kernel.h"
#include "tree.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Fits the first-level cache of any processor of the last decade, twice. */
#define DEFAULT_TILE 4096
#define MAX_TILE     16384

/* The tree works on three states at a time, which fit the first-level cache; all its slots together
   fit the second. */
#define TREE_TILE 2048

/* A tile's elements and those that fill up the groups on either side. */
#define ROOM(tile) ((tile) + 2 * KERNEL_GROUP)

struct dissolve_process {
    const struct dissolve_schedule *schedule;
    enum dissolve_sampler sampler;
    float *state;
    size_t n;
    uint64_t seed;
    uint64_t offset;
    size_t tile;
    uint32_t start;
    uint32_t t; /* where the state stands; with the tree, the last frame delivered */

    /* chain: step[t - 1] makes x_t. jump: step[i] makes the window's frame i. tree: NULL. */
    struct kernel_step *step;
    struct tree_plan *plan; /* of the window; tree only */

    /* the window that runs */
    struct dissolve_batch batch;
    const struct dissolve_frame *frames;
    size_t frame_count;
};

static enum dissolve_status make_steps(struct dissolve_process *process)
{
    uint32_t steps = dissolve_schedule_steps(process->schedule);
    /* No overflow: a schedule has DISSOLVE_MAX_STEPS at most. A jump has a frame for t = 0 too. */
    process->step = calloc((size_t)steps + 1, sizeof *process->step);
    if (!process->step)
        return DISSOLVE_NO_MEMORY;
    for (uint32_t t = 1; t <= steps; t++) {
        double beta = dissolve_schedule_beta(process->schedule, t);
        process->step[t - 1].signal = (float)sqrt(1 - beta);
        process->step[t - 1].noise = (float)sqrt(beta);
    }
    return DISSOLVE_OK;
}

static enum dissolve_status make_plan(struct dissolve_process *process)
{
    process->plan = tree_plan_create(process->schedule);
    return process->plan ? DISSOLVE_OK : DISSOLVE_NO_MEMORY;
}

static bool options_fit(const struct dissolve_process_options *options, size_t n)
{
    if (n == 0 || n > SIZE_MAX / sizeof(float) || n > UINT64_MAX - options->offset ||
        options->tile > MAX_TILE || options->start > dissolve_schedule_steps(options->schedule))
        return false;
    switch (options->sampler) {
    case DISSOLVE_SAMPLER_CHAIN:
    case DISSOLVE_SAMPLER_JUMP:
        return true;
    case DISSOLVE_SAMPLER_TREE:
        return options->start == 0;
    }
    return false;
}

/* Whole blocks of the tally, so that each tile adds whole pieces. */
static size_t choose_tile(const struct dissolve_process_options *options)
{
    size_t tile = options->tile ? options->tile : DEFAULT_TILE;
    if (options->sampler == DISSOLVE_SAMPLER_TREE && tile > TREE_TILE)
        tile = TREE_TILE;
    return (tile + DISSOLVE_TALLY_BLOCK - 1) / DISSOLVE_TALLY_BLOCK * DISSOLVE_TALLY_BLOCK;
}

enum dissolve_status dissolve_process_create(const struct dissolve_process_options *options,
                                             float *state, size_t n, struct dissolve_process **out)
{
    *out = NULL;
    if (!options_fit(options, n))
        return DISSOLVE_INVALID;
    struct dissolve_process *process = malloc(sizeof *process);
    if (!process)
        return DISSOLVE_NO_MEMORY;
    *process = (struct dissolve_process){
        .schedule = options->schedule,
        .sampler = options->sampler,
        .state = state,
        .n = n,
        .seed = options->seed,
        .offset = options->offset,
        .tile = choose_tile(options),
        .start = options->start,
        .t = options->start,
    };
    enum dissolve_status status =
        options->sampler == DISSOLVE_SAMPLER_TREE ? make_plan(process) : make_steps(process);
    if (status == DISSOLVE_OK) {
        *out = process;
        process = NULL;
    }
    dissolve_process_destroy(process);
    return status;
}

void dissolve_process_destroy(struct dissolve_process *process)
{
    if (!process)
        return;
    free(process->step);
    free(process->plan);
    free(process);
}

/*
 * A part of the state. It is copied to where the kernel can work on whole groups; the elements that
 * pad it on either side are carried along and thrown away. A frame whose state is wanted is made
 * where it is wanted, if there is nothing to pad.
 */
struct tile {
    size_t first; /* element of the state */
    size_t count;
    size_t lead; /* elements before it in its first group */
    size_t groups;
    struct kernel_noise noise;
};

static struct tile tile_of(const struct dissolve_process *process, size_t index,
                           enum dissolve_stream stream)
{
    struct tile tile = {.first = index * process->tile};
    size_t left = process->n - tile.first;
    tile.count = left < process->tile ? left : process->tile;
    tile.lead = (size_t)((process->offset + tile.first) % KERNEL_GROUP);
    tile.groups = (tile.lead + tile.count + KERNEL_GROUP - 1) / KERNEL_GROUP;
    tile.noise = (struct kernel_noise){.seed = process->seed,
                                       .block = (process->offset + tile.first - tile.lead) / 4,
                                       .stream = stream};
    return tile;
}

static void load(const struct dissolve_process *process, const struct tile *tile, float *groups)
{
    float *x = groups + tile->lead;
    size_t rest = tile->groups * KERNEL_GROUP - tile->lead - tile->count;
    memset(groups, 0, tile->lead * sizeof *x);
    memcpy(x, process->state + tile->first, tile->count * sizeof *x);
    memset(x + tile->count, 0, rest * sizeof *x);
}

static void store(const struct dissolve_process *process, const struct tile *tile,
                  const float *groups)
{
    const float *x = groups + tile->lead;
    if (x != process->state + tile->first) /* where the last frame was to be, too */
        memcpy(process->state + tile->first, x, tile->count * sizeof *x);
}

/* Where the frame's part is to be made: where the caller wants it if whole groups fit there, else
   in `groups`. */
static float *place_for(const struct dissolve_frame *frame, const struct tile *tile, float *groups)
{
    bool fits = tile->lead == 0 && tile->count % KERNEL_GROUP == 0;
    return frame->state && fits ? frame->state + tile->first : groups;
}

static void deliver(const struct dissolve_frame *frame, const struct tile *tile,
                    const float *groups)
{
    const float *x = groups + tile->lead;
    if (frame->state && x != frame->state + tile->first)
        memcpy(frame->state + tile->first, x, tile->count * sizeof *x);
    if (frame->pixels)
        kernel_active()->render(x, tile->count, frame->pixels + tile->first);
    if (frame->tally)
        dissolve_tally_add(frame->tally, tile->first, x, tile->count);
}

/* What goes into step t: the state before it and its noise, made once more for this. */
static void deliver_terms(const struct dissolve_frame *frame, const struct tile *tile,
                          const float *groups, uint32_t t)
{
    _Alignas(64) float normals[ROOM(MAX_TILE)];
    if (frame->before)
        dissolve_squares_add(frame->before, tile->first, groups + tile->lead, tile->count);
    if (frame->noise) {
        kernel_active()->normals(normals, tile->groups, &tile->noise, t);
        dissolve_squares_add(frame->noise, tile->first, normals + tile->lead, tile->count);
    }
}

/* One task: a tile through the whole window. So are the two below. */
static void run_chain(void *context, size_t index)
{
    const struct dissolve_process *process = context;
    const struct kernel *kernel = kernel_active();
    struct tile tile = tile_of(process, index, DISSOLVE_STREAM_CHAIN);
    _Alignas(64) float groups[ROOM(MAX_TILE)];
    const float *x = groups; /* x_t: here or in the last frame's own memory */
    load(process, &tile, groups);

    uint32_t t = process->t;
    for (size_t i = 0; i < process->frame_count; i++) {
        const struct dissolve_frame *frame = &process->frames[i];
        if ((frame->before || frame->noise) && t < frame->t) {
            kernel->run(groups, x, tile.groups, &tile.noise, t + 1, process->step + t,
                        frame->t - 1 - t);
            x = groups;
            t = frame->t - 1;
            deliver_terms(frame, &tile, x, frame->t);
        }
        float *to = place_for(frame, &tile, groups);
        kernel->run(to, x, tile.groups, &tile.noise, t + 1, process->step + t, frame->t - t);
        x = to;
        t = frame->t;
        deliver(frame, &tile, x);
    }
    store(process, &tile, x);
}

static void run_jump(void *context, size_t index)
{
    const struct dissolve_process *process = context;
    const struct kernel *kernel = kernel_active();
    struct tile tile = tile_of(process, index, DISSOLVE_STREAM_JUMP);
    _Alignas(64) float groups[ROOM(MAX_TILE)];
    const float *x = groups; /* as above */
    load(process, &tile, groups);

    for (size_t i = 0; i < process->frame_count; i++) {
        const struct dissolve_frame *frame = &process->frames[i];
        bool there = frame->t == process->t;
        float *to = place_for(frame, &tile, groups);
        kernel->run(to, x, tile.groups, &tile.noise, frame->t, process->step + i, there ? 0 : 1);
        x = to;
        deliver(frame, &tile, x);
    }
    store(process, &tile, x);
}

static void run_tree(void *context, size_t index)
{
    const struct dissolve_process *process = context;
    const struct tree_plan *plan = process->plan;
    const struct kernel *kernel = kernel_active();
    struct tile tile = tile_of(process, index, DISSOLVE_STREAM_TREE);
    size_t size = tile.groups * KERNEL_GROUP * sizeof(float);
    _Alignas(64) float slots[TREE_SLOTS][ROOM(TREE_TILE)];
    load(process, &tile, slots[0]);
    if (plan->input)
        deliver(plan->input, &tile, slots[0]);

    for (size_t i = 0; i < plan->count; i++) {
        const struct tree_move *move = &plan->moves[i];
        float *x = slots[move->to];
        const float *left = slots[move->left], *right = slots[move->right];
        switch (move->kind) {
        case TREE_JUMP:
            kernel->run(x, left, tile.groups, &tile.noise, move->t, &move->jump, 1);
            break;
        case TREE_BRIDGE:
            kernel->bridge(x, left, right, tile.groups, &tile.noise, move->t, &move->bridge);
            break;
        case TREE_COPY:
            memcpy(x, left, size);
            break;
        }
        if (move->frame)
            deliver(move->frame, &tile, x);
    }
}

static bool frames_in_order(const struct dissolve_process *process,
                            const struct dissolve_frame *frames, size_t count)
{
    if (count == 0 || frames[0].t < process->t ||
        frames[count - 1].t > dissolve_schedule_steps(process->schedule))
        return false;
    for (size_t i = 1; i < count; i++) {
        if (frames[i].t <= frames[i - 1].t)
            return false;
    }
    return true;
}

static bool terms_can_be_had(const struct dissolve_process *process,
                             const struct dissolve_frame *frames, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool past = frames[i].t == process->t && process->t > process->start;
        if ((frames[i].before || frames[i].noise) &&
            (process->sampler != DISSOLVE_SAMPLER_CHAIN || past))
            return false;
    }
    return true;
}

/* The jumps to the window's frames. */
static void make_jumps(struct dissolve_process *process)
{
    uint32_t t = process->t;
    for (size_t i = 0; i < process->frame_count; i++) {
        double signal, variance;
        dissolve_schedule_transition(process->schedule, t, process->frames[i].t, &signal,
                                     &variance);
        process->step[i] = (struct kernel_step){(float)signal, (float)sqrt(variance)};
        t = process->frames[i].t;
    }
}

enum dissolve_status dissolve_process_begin(struct dissolve_process *process,
                                            struct dissolve_job *job,
                                            const struct dissolve_frame *frames, size_t count)
{
    static void (*const tasks[])(void *, size_t) = {
        [DISSOLVE_SAMPLER_CHAIN] = run_chain,
        [DISSOLVE_SAMPLER_JUMP] = run_jump,
        [DISSOLVE_SAMPLER_TREE] = run_tree,
    };
    if (!frames_in_order(process, frames, count) || !terms_can_be_had(process, frames, count))
        return DISSOLVE_INVALID;
    process->frames = frames;
    process->frame_count = count;
    if (process->sampler == DISSOLVE_SAMPLER_JUMP)
        make_jumps(process);
    if (process->sampler == DISSOLVE_SAMPLER_TREE)
        tree_plan_make(process->plan, frames, count);
    process->batch = (struct dissolve_batch){
        .task = tasks[process->sampler],
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
