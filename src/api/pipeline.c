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
    size_t sent;   /* of its frames */
    uint64_t mark; /* the end of what they have sent */
    struct dissolve_batch encoding;
    struct api_pipeline *pipeline;
};

/* How `count` frames are cut into windows. */
struct cut {
    size_t first; /* frames of the first window */
    size_t room;  /* of any other, at the most */
    bool small;   /* all of them together */
};

/* Between two calls, window `encoded` is stepped, and those before it are encoded. */
struct api_pipeline {
    struct api_pipeline_options options;
    struct api_pipeline_figures figures;
    struct cut cut;
    size_t taken;   /* frames that already belong to a window */
    size_t filled;  /* windows that have frames */
    size_t encoded; /* windows */
    size_t sent;    /* windows */
    bool paused;
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

struct api_windows api_pipeline_windows(size_t elements, bool pixels, bool state, size_t count)
{
    const struct cut cut = cut_of(frame_bytes(elements, pixels, state), count);
    return (struct api_windows){.count = 1 + (count - cut.first + cut.room - 1) / cut.room,
                                .frames = cut.room};
}

static enum dissolve_status open_squares(size_t n, struct dissolve_squares **squares)
{
    if (!*squares)
        return dissolve_squares_create(n, squares);
    dissolve_squares_reset(*squares);
    return DISSOLVE_OK;
}

static enum dissolve_status open_tally(const struct api_pipeline_options *options,
                                       struct api_slot *slot)
{
    if (options->want_measures == API_MEASURE_NOTHING)
        return DISSOLVE_OK;
    if (options->want_measures == API_MEASURE_MOMENTS && !slot->tally)
        return dissolve_tally_create_moments(options->elements, &slot->tally);
    if (!slot->tally)
        return dissolve_tally_create(options->elements, options->channels, &slot->tally);
    dissolve_tally_reset(slot->tally);
    return DISSOLVE_OK;
}

/* Makes what a slot lacks, and empties what it has. */
static enum dissolve_status slot_open(const struct api_pipeline_options *options,
                                      struct api_slot *slot)
{
    size_t n = options->elements;
    enum dissolve_status status = DISSOLVE_OK;
    if (options->want_pixels && !slot->pixel_room && !(slot->pixel_room = malloc(n)))
        return DISSOLVE_NO_MEMORY;
    if (options->want_state && !slot->state_room &&
        !(slot->state_room = malloc(n * sizeof(float)))) /* no overflow: a state has this size */
        return DISSOLVE_NO_MEMORY;
    if (options->want_terms)
        status = open_squares(n, &slot->before);
    if (options->want_terms && status == DISSOLVE_OK)
        status = open_squares(n, &slot->noise);
    if (status != DISSOLVE_OK)
        return status;
    return open_tally(options, slot);
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
static enum dissolve_status fill_window(struct api_pipeline *pipeline, struct window *window)
{
    const struct api_pipeline_options *options = &pipeline->options;
    size_t left = options->count - pipeline->taken;
    size_t most = pipeline->taken == 0 ? pipeline->cut.first : pipeline->cut.room;
    enum dissolve_status status = window_open(window, pipeline->cut.room);
    window->pipeline = pipeline;
    window->count = left < most ? left : most;
    window->sent = 0;
    for (size_t i = 0; i < window->count && status == DISSOLVE_OK; i++) {
        struct api_slot *slot = &window->slots[i];
        status = slot_open(options, slot);
        slot->ordinal = pipeline->taken + i;
        slot->t = options->t[slot->ordinal];
        slot->position = 0;
        bool input = slot->t == 0 && options->input_pixels;
        slot->pixels = input ? options->input_pixels : slot->pixel_room;
        slot->state = slot->state_room;
        window->frames[i] = (struct dissolve_frame){.t = slot->t,
                                                    .state = slot->state_room,
                                                    .pixels = input ? NULL : slot->pixel_room,
                                                    .tally = slot->tally,
                                                    .before = slot->before,
                                                    .noise = slot->noise};
    }
    pipeline->taken += window->count;
    pipeline->filled++;
    return status;
}

static struct window *window_at(struct api_pipeline *pipeline, size_t k)
{
    return &pipeline->windows[k % WINDOWS];
}

static bool has_frames_left(const struct api_pipeline *pipeline)
{
    return pipeline->taken < pipeline->options.count;
}

/* Of the next window. */
static enum dissolve_status begin_steps(struct api_pipeline *pipeline)
{
    struct window *window = window_at(pipeline, pipeline->filled);
    enum dissolve_status status = fill_window(pipeline, window);
    if (status == DISSOLVE_OK)
        status = dissolve_process_begin(pipeline->options.process, pipeline->options.job,
                                        window->frames, window->count);
    return status;
}

static enum dissolve_status finish_steps(struct api_pipeline *pipeline)
{
    double start = api_now_ms();
    enum dissolve_status status =
        dissolve_process_finish(pipeline->options.process, pipeline->options.job);
    pipeline->figures.diffuse_ms += api_now_ms() - start;
    return status;
}

static void encode_slot(void *context, size_t index)
{
    struct window *window = context;
    const struct api_pipeline_options *options = &window->pipeline->options;
    struct api_slot *slot = &window->slots[index];
    if (slot->tally)
        dissolve_tally_read(slot->tally, &slot->measures);
    slot->terms.made = options->want_terms && slot->t > options->start;
    if (slot->terms.made) {
        slot->terms.before = dissolve_squares_rms(slot->before);
        slot->terms.noise = dissolve_squares_rms(slot->noise);
    }
    slot->bytes.size = 0;
    slot->status = options->encode(options->context, slot);
}

static void begin_encoding(struct api_pipeline *pipeline, struct window *window)
{
    window->encoding =
        (struct dissolve_batch){.task = encode_slot, .context = window, .count = window->count};
    dissolve_job_submit(pipeline->options.job, &window->encoding);
}

static enum dissolve_status finish_encoding(struct api_pipeline *pipeline, struct window *window)
{
    double start = api_now_ms();
    enum dissolve_status status = dissolve_job_wait(pipeline->options.job, &window->encoding);
    pipeline->figures.encode_ms += api_now_ms() - start;
    for (size_t i = 0; i < window->count && status == DISSOLVE_OK; i++)
        status = window->slots[i].status;
    pipeline->encoded++;
    return status;
}

/* Sends the next of the window's frames, or a part of it. */
static enum dissolve_status send_slot(struct api_pipeline *pipeline, struct window *window)
{
    const struct api_pipeline_options *options = &pipeline->options;
    struct api_slot *slot = &window->slots[window->sent];
    slot->unfinished = false;
    enum dissolve_status status = options->emit(options->context, slot);
    if (status == DISSOLVE_OK && !slot->unfinished) {
        window->sent++;
        pipeline->figures.emitted++;
    }
    return status;
}

/* Sends what is left of the first window that is encoded and not sent, while its reader takes it.
 */
static enum dissolve_status send_window(struct api_pipeline *pipeline)
{
    const struct api_pipeline_options *options = &pipeline->options;
    struct window *window = window_at(pipeline, pipeline->sent);
    enum dissolve_status status = DISSOLVE_OK;
    while (window->sent < window->count && !pipeline->paused && status == DISSOLVE_OK) {
        status = send_slot(pipeline, window);
        pipeline->paused = status == DISSOLVE_OK && options->must_wait(options->context, 0);
    }
    if (status == DISSOLVE_OK && window->sent == window->count) {
        window->mark = options->mark(options->context);
        pipeline->sent++;
    }
    return status;
}

/*
 * The first window is sent as soon as it is encoded. If there is much to come, it leaves at once;
 * little may wait to be sent together, as an answer of known length.
 */
static enum dissolve_status send_first(struct api_pipeline *pipeline)
{
    const struct api_pipeline_options *options = &pipeline->options;
    enum dissolve_status status = send_window(pipeline);
    return status == DISSOLVE_OK && !pipeline->cut.small ? options->flush(options->context)
                                                         : status;
}

static enum dissolve_status first_failure(enum dissolve_status a, enum dissolve_status b)
{
    return a != DISSOLVE_OK ? a : b;
}

/*
 * Encodes a window and steps the next, while what is left of the one before it is sent (the first
 * has gone already). Whatever was started is waited for, failure or not, for it uses memory that
 * may be freed next.
 */
static enum dissolve_status run_round(struct api_pipeline *pipeline)
{
    struct window *window = window_at(pipeline, pipeline->encoded);
    enum dissolve_status status = DISSOLVE_OK;
    begin_encoding(pipeline, window);
    bool stepping = false;
    if (has_frames_left(pipeline)) {
        status = begin_steps(pipeline);
        stepping = status == DISSOLVE_OK;
    }
    if (status == DISSOLVE_OK && pipeline->sent < pipeline->encoded)
        status = send_window(pipeline);
    if (status != DISSOLVE_OK)
        dissolve_job_cancel(pipeline->options.job);
    status = first_failure(status, finish_encoding(pipeline, window));
    if (status == DISSOLVE_OK && pipeline->encoded == 1 && stepping)
        status = send_first(pipeline);
    if (stepping)
        status = first_failure(status, finish_steps(pipeline));
    return status;
}

/* The next window's memory may still be lent to the reader. */
static bool must_wait_for_window(struct api_pipeline *pipeline)
{
    const struct api_pipeline_options *options = &pipeline->options;
    if (!has_frames_left(pipeline) || pipeline->filled < WINDOWS)
        return false;
    return options->must_wait(options->context, window_at(pipeline, pipeline->filled)->mark);
}

/* One round more, unless the reader is too far behind, or has all windows but those to be sent. */
static enum dissolve_status advance(struct api_pipeline *pipeline)
{
    if (pipeline->filled == 0) {
        enum dissolve_status status = begin_steps(pipeline);
        return status == DISSOLVE_OK ? finish_steps(pipeline) : status;
    }
    size_t unsent = pipeline->encoded - pipeline->sent;
    if (unsent > 1 || pipeline->encoded == pipeline->filled)
        return send_window(pipeline);
    pipeline->paused = must_wait_for_window(pipeline);
    return pipeline->paused ? DISSOLVE_OK : run_round(pipeline);
}

enum dissolve_status api_pipeline_create(const struct api_pipeline_options *options,
                                         struct api_pipeline **pipeline)
{
    size_t bytes = frame_bytes(options->elements, options->want_pixels, options->want_state);
    *pipeline = calloc(1, sizeof **pipeline);
    if (!*pipeline)
        return DISSOLVE_NO_MEMORY;
    (*pipeline)->options = *options;
    (*pipeline)->cut = cut_of(bytes, options->count);
    return DISSOLVE_OK;
}

/* When all is sent, what is borrowed from the windows has to be taken before they are freed. */
enum dissolve_status api_pipeline_continue(struct api_pipeline *pipeline, bool *paused)
{
    const struct api_pipeline_options *options = &pipeline->options;
    enum dissolve_status status = DISSOLVE_OK;
    pipeline->paused = false;
    while (status == DISSOLVE_OK && !pipeline->paused &&
           (has_frames_left(pipeline) || pipeline->sent < pipeline->filled))
        status = advance(pipeline);
    if (status == DISSOLVE_OK && !pipeline->paused && options->mark(options->context) > 0)
        pipeline->paused = options->must_wait(options->context, options->mark(options->context));
    *paused = status == DISSOLVE_OK && pipeline->paused;
    return status;
}

struct api_pipeline_figures api_pipeline_figures(const struct api_pipeline *pipeline)
{
    return pipeline->figures;
}

void api_pipeline_destroy(struct api_pipeline *pipeline)
{
    if (!pipeline)
        return;
    for (size_t i = 0; i < WINDOWS; i++)
        window_free(&pipeline->windows[i], pipeline->cut.room);
    free(pipeline);
}
