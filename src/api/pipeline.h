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

/* What to run. Everything is borrowed. */
struct api_pipeline {
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

    /* Sends a slot's bytes. On the caller's thread, one at a time, in order. */
    enum dissolve_status (*emit)(void *context, struct api_slot *slot);

    /* What has been sent is to leave now; called once, if there is more than one window. */
    enum dissolve_status (*flush)(void *context);

    double diffuse_ms; /* waited for the steps, and for the encoding; added to */
    double encode_ms;
    size_t emitted; /* frames that were sent */
};

/* In how many windows `count` frames of so many elements go. */
size_t api_pipeline_windows(size_t elements, bool pixels, bool state, size_t count);

/*
 * Runs all windows. While one is sent, the next is encoded and the one after it stepped, so that
 * memory holds three windows, whatever the number of steps. The first is short, so that the first
 * frame leaves early; but a small job has one window. Returns the first failure: of encode, emit,
 * DISSOLVE_CANCELLED...
 */
DISSOLVE_MUST_USE enum dissolve_status api_pipeline_run(struct api_pipeline *pipeline);

#endif
