/* Windows of frames go through three stations: stepped, encoded, sent. */
#include "pipeline.h"

#include "call.h"

#include <dissolve/squares.h>
#include <stdlib.h>

/* What the frames of one window may take, raw; one frame is always allowed. */
#define WINDOW_BYTES ((size_t)6 << 20)
#define WINDOW_MOST  64
#define WINDOW_FIRST 1
#define WINDOWS      3

/* Frames that take no more than this together, and fit one window, are one: each window more costs
   its threads some waking up, and so little is soon done. */
#define SMALL_BYTES ((size_t)2 << 20)

struct window {
    struct api_slot *slots;
    struct dissolve_frame *frames;
    size_t count;
    struct dissolve_batch encoding;
    struct run *run;
};

/* How `count` frames are cut into windows. */
struct cut {
    size_t first; /* frames of the first window */
    size_t room;  /* of any other, at the most */
    bool small;   /* all of them together */
};

struct run {
    struct api_pipeline *pipeline;
    struct cut cut;
    size_t taken; /* frames that already belong to a window */
    struct window windows[WINDOWS];
};

/* No overflow: a state of so many floats is in memory. */
static size_t frame_bytes(size_t elements, bool pixels, bool state)
{
    return elements * ((pixels ? 1 : 0) + (state ? sizeof(float) : 0));
}

/* The first window is short, unless it is the only one and small. */
static struct cut cut_of(size_t bytes, size_t count)
{
    size_t room = bytes > 0 ? WINDOW_BYTES / bytes : WINDOW_MOST;
    if (room > count)
        room = count;
    room = room < 1 ? 1 : room > WINDOW_MOST ? WINDOW_MOST : room;
    size_t all;
    bool small = !__builtin_mul_overflow(bytes, count, &all) && all <= SMALL_BYTES;
    bool only = small && count <= room;
    return (struct cut){.first = only ? room : WINDOW_FIRST, .room = room, .small = small};
}

size_t api_pipeline_windows(size_t elements, bool pixels, bool state, size_t count)
{
    const struct cut cut = cut_of(frame_bytes(elements, pixels, state), count);
    return 1 + (count - cut.first + cut.room - 1) / cut.room;
}

static enum dissolve_status open_squares(size_t n, struct dissolve_squares **squares)
{
    if (!*squares)
        return dissolve_squares_create(n, squares);
    dissolve_squares_reset(*squares);
    return DISSOLVE_OK;
}

static enum dissolve_status open_tally(const struct api_pipeline *pipeline, struct api_slot *slot)
{
    if (pipeline->want_measures == API_MEASURE_NOTHING)
        return DISSOLVE_OK;
    if (pipeline->want_measures == API_MEASURE_MOMENTS && !slot->tally)
        return dissolve_tally_create_moments(pipeline->elements, &slot->tally);
    if (!slot->tally)
        return dissolve_tally_create(pipeline->elements, pipeline->channels, &slot->tally);
    dissolve_tally_reset(slot->tally);
    return DISSOLVE_OK;
}

/* Makes what a slot lacks, and empties what it has. */
static enum dissolve_status slot_open(const struct api_pipeline *pipeline, struct api_slot *slot)
{
    size_t n = pipeline->elements;
    enum dissolve_status status = DISSOLVE_OK;
    if (pipeline->want_pixels && !slot->pixel_room && !(slot->pixel_room = malloc(n)))
        return DISSOLVE_NO_MEMORY;
    if (pipeline->want_state && !slot->state_room &&
        !(slot->state_room = malloc(n * sizeof(float)))) /* no overflow: a state has this size */
        return DISSOLVE_NO_MEMORY;
    if (pipeline->want_terms)
        status = open_squares(n, &slot->before);
    if (pipeline->want_terms && status == DISSOLVE_OK)
        status = open_squares(n, &slot->noise);
    if (status != DISSOLVE_OK)
        return status;
    return open_tally(pipeline, slot);
}

static void slot_free(struct api_slot *slot)
{
    free(slot->pixel_room);
    free(slot->state_room);
    dissolve_tally_destroy(slot->tally);
    dissolve_squares_destroy(slot->before);
    dissolve_squares_destroy(slot->noise);
    codec_buffer_free(&slot->bytes);
}

static enum dissolve_status window_open(struct window *window, size_t room)
{
    if (window->slots)
        return DISSOLVE_OK;
    window->slots = calloc(room, sizeof *window->slots);
    window->frames = calloc(room, sizeof *window->frames);
    return window->slots && window->frames ? DISSOLVE_OK : DISSOLVE_NO_MEMORY;
}

static void window_free(struct window *window, size_t room)
{
    for (size_t i = 0; window->slots && i < room; i++)
        slot_free(&window->slots[i]);
    free(window->slots);
    free(window->frames);
}

/* Gives the next frames to the window and tells the engine where to put them. */
static enum dissolve_status fill(struct run *run, struct window *window)
{
    struct api_pipeline *pipeline = run->pipeline;
    size_t left = pipeline->count - run->taken;
    size_t most = run->taken == 0 ? run->cut.first : run->cut.room;
    enum dissolve_status status = window_open(window, run->cut.room);
    window->run = run;
    window->count = left < most ? left : most;
    for (size_t i = 0; i < window->count && status == DISSOLVE_OK; i++) {
        struct api_slot *slot = &window->slots[i];
        status = slot_open(pipeline, slot);
        slot->ordinal = run->taken + i;
        slot->t = pipeline->t[slot->ordinal];
        bool input = slot->t == 0 && pipeline->input_pixels;
        slot->pixels = input ? pipeline->input_pixels : slot->pixel_room;
        slot->state = slot->state_room;
        window->frames[i] = (struct dissolve_frame){.t = slot->t,
                                                    .state = slot->state_room,
                                                    .pixels = input ? NULL : slot->pixel_room,
                                                    .tally = slot->tally,
                                                    .before = slot->before,
                                                    .noise = slot->noise};
    }
    run->taken += window->count;
    return status;
}

static enum dissolve_status begin_steps(struct run *run, struct window *window)
{
    enum dissolve_status status = fill(run, window);
    if (status == DISSOLVE_OK)
        status = dissolve_process_begin(run->pipeline->process, run->pipeline->job, window->frames,
                                        window->count);
    return status;
}

static enum dissolve_status finish_steps(struct run *run)
{
    double start = api_now_ms();
    enum dissolve_status status =
        dissolve_process_finish(run->pipeline->process, run->pipeline->job);
    run->pipeline->diffuse_ms += api_now_ms() - start;
    return status;
}

static void encode_slot(void *context, size_t index)
{
    struct window *window = context;
    struct api_pipeline *pipeline = window->run->pipeline;
    struct api_slot *slot = &window->slots[index];
    if (slot->tally)
        dissolve_tally_read(slot->tally, &slot->measures);
    slot->terms.made = pipeline->want_terms && slot->t > pipeline->start;
    if (slot->terms.made) {
        slot->terms.before = dissolve_squares_rms(slot->before);
        slot->terms.noise = dissolve_squares_rms(slot->noise);
    }
    slot->bytes.size = 0;
    slot->status = pipeline->encode(pipeline->context, slot);
}

static void begin_encoding(struct run *run, struct window *window)
{
    window->encoding =
        (struct dissolve_batch){.task = encode_slot, .context = window, .count = window->count};
    dissolve_job_submit(run->pipeline->job, &window->encoding);
}

static enum dissolve_status finish_encoding(struct run *run, struct window *window)
{
    double start = api_now_ms();
    enum dissolve_status status = dissolve_job_wait(run->pipeline->job, &window->encoding);
    run->pipeline->encode_ms += api_now_ms() - start;
    for (size_t i = 0; i < window->count && status == DISSOLVE_OK; i++)
        status = window->slots[i].status;
    return status;
}

static enum dissolve_status emit(struct api_pipeline *pipeline, struct api_slot *slot)
{
    enum dissolve_status status = pipeline->emit(pipeline->context, slot);
    if (status == DISSOLVE_OK)
        pipeline->emitted++;
    return status;
}

static enum dissolve_status send_window(struct run *run, struct window *window)
{
    struct api_pipeline *pipeline = run->pipeline;
    enum dissolve_status status = DISSOLVE_OK;
    for (size_t i = 0; i < window->count && status == DISSOLVE_OK; i++)
        status = emit(pipeline, &window->slots[i]);
    return status;
}

/*
 * The first window is sent as soon as it is encoded. If there is much to come, it leaves at once;
 * little may wait to be sent together, as an answer of known length.
 */
static enum dissolve_status send_first(struct run *run)
{
    struct api_pipeline *pipeline = run->pipeline;
    enum dissolve_status status = send_window(run, &run->windows[0]);
    return status == DISSOLVE_OK && !run->cut.small ? pipeline->flush(pipeline->context) : status;
}

static struct window *window_at(struct run *run, size_t k)
{
    return &run->windows[k % WINDOWS];
}

static enum dissolve_status first_failure(enum dissolve_status a, enum dissolve_status b)
{
    return a != DISSOLVE_OK ? a : b;
}

/*
 * Window k has been begun: wait for it, set k encoding and k + 1 stepping, send k - 1 meanwhile
 * (0 has gone already), wait for k's encoding. Whatever was started is waited for, failure or not,
 * for it uses memory that is freed next.
 */
static enum dissolve_status turn(struct run *run, size_t k)
{
    struct window *window = window_at(run, k);
    enum dissolve_status status = finish_steps(run);
    if (status != DISSOLVE_OK)
        return status;
    begin_encoding(run, window);
    bool stepping = false;
    if (run->taken < run->pipeline->count) {
        status = begin_steps(run, window_at(run, k + 1));
        stepping = status == DISSOLVE_OK;
    }
    if (status == DISSOLVE_OK && k > 1)
        status = send_window(run, window_at(run, k - 1));
    if (status != DISSOLVE_OK)
        dissolve_job_cancel(run->pipeline->job);
    status = first_failure(status, finish_encoding(run, window));
    if (status == DISSOLVE_OK && k == 0 && stepping)
        status = send_first(run);
    if (status != DISSOLVE_OK && stepping)
        status = first_failure(status, finish_steps(run));
    return status;
}

enum dissolve_status api_pipeline_run(struct api_pipeline *pipeline)
{
    size_t bytes = frame_bytes(pipeline->elements, pipeline->want_pixels, pipeline->want_state);
    struct run run = {.pipeline = pipeline, .cut = cut_of(bytes, pipeline->count)};
    enum dissolve_status status = begin_steps(&run, &run.windows[0]);
    size_t k = 0;
    for (bool last = false; status == DISSOLVE_OK && !last; k++) {
        last = run.taken == pipeline->count;
        status = turn(&run, k);
    }
    if (status == DISSOLVE_OK)
        status = send_window(&run, window_at(&run, k - 1));
    for (size_t i = 0; i < WINDOWS; i++)
        window_free(&run.windows[i], run.cut.room);
    return status;
}
