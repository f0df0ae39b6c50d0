/* The straight way of a computation: steps, encoding and sending of frames, overlapping. */
#ifndef API_PIPELINE_H
#define API_PIPELINE_H

#include "api.h"
#include "codec/buffer.h"

#include <dissolve/process.h>

/* Of the step that made a frame: the root mean squares of the state before it and of its noise. */
struct api_terms {
    bool made; /* there was a step */
    double before;
    double noise;
};

/* A frame on its way. Buffers that were not wanted are NULL. */
struct api_slot {
    uint32_t t;
    size_t ordinal; /* 0 for the first frame asked for */
    const uint8_t *pixels;
    float *state; /* encode may change it */
    struct dissolve_measures measures;
    struct api_terms terms;
    struct codec_buffer bytes; /* what encode made; empty when encode begins */
    size_t position;           /* emit's own: how much it has sent; 0 when it is called first */
    bool unfinished;           /* set by emit: it has more to send; false before each call */

    /* the pipeline's own */
    uint8_t *pixel_room;
    float *state_room;
    struct dissolve_tally *tally;
    struct dissolve_squares *before;
    struct dissolve_squares *noise;
    enum dissolve_status status;
};

/* Which of a frame's measures are taken: the fewer, the faster. */
enum api_measuring {
    API_MEASURE_NOTHING,
    API_MEASURE_MOMENTS, /* mean and std; of the others nothing */
    API_MEASURE_ALL,
};

/* What to run. Everything is borrowed. Callbacks return the first failure, which ends the run. */
struct api_pipeline_options {
    struct dissolve_process *process;
    struct dissolve_job *job;
    const uint32_t *t; /* the frames asked for, ascending */
    size_t count;
    uint32_t start;  /* the t that the process begins with */
    size_t elements; /* of a state */
    unsigned channels;

    bool want_pixels;
    bool want_state;
    enum api_measuring want_measures;
    bool want_terms;
    const uint8_t *input_pixels; /* what t = 0 shows, if pixels are wanted */

    void *context;

    /* Turns a slot's contents into its bytes. In the pool, several at a time, in any order. */
    enum dissolve_status (*encode)(void *context, struct api_slot *slot);

    /*
     * Sends a slot's bytes, or a part of them if it sets the slot's unfinished: then it is called
     * again. On the caller's thread, one at a time, in order. What it lends to the reader stays
     * unchanged until must_wait has been false for the mark that followed.
     */
    enum dissolve_status (*emit)(void *context, struct api_slot *slot);

    /* What has been sent is to leave now; called once, if there is more than one window. */
    enum dissolve_status (*flush)(void *context);

    /* The end of what has been sent so far; and see struct api_reply. */
    uint64_t (*mark)(void *context);
    bool (*must_wait)(void *context, uint64_t mark);
};

/* What a pipeline has done so far. */
struct api_pipeline_figures {
    double diffuse_ms; /* waited for the steps, and for the encoding */
    double encode_ms;
    size_t emitted; /* frames that were sent */
};

struct api_pipeline;

/* In how many windows `count` frames of so many elements go, and the most frames of one. */
struct api_windows {
    size_t count;
    size_t frames;
};
struct api_windows api_pipeline_windows(size_t elements, bool pixels, bool state, size_t count);

/* The options are copied. */
DISSOLVE_MUST_USE enum dissolve_status
api_pipeline_create(const struct api_pipeline_options *options, struct api_pipeline **pipeline);

/*
 * Runs windows until all frames are sent, or until must_wait is true: *paused is true then, and it
 * is to be called again when the reader has taken what it was asked to. While a window is sent, the
 * next is encoded and the one after it stepped, so that memory holds three windows, whatever the
 * number of steps. The first is short, so that the first frame leaves early; but a small job has
 * one window. Whenever it returns, nothing is left in the pool. Returns the first failure: of
 * encode, emit, DISSOLVE_CANCELLED...
 */
DISSOLVE_MUST_USE enum dissolve_status api_pipeline_continue(struct api_pipeline *pipeline,
                                                             bool *paused);

struct api_pipeline_figures api_pipeline_figures(const struct api_pipeline *pipeline);

/* NULL is fine. */
void api_pipeline_destroy(struct api_pipeline *pipeline);

#endif
