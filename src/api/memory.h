/* Estimates the memory that a request takes beside its body, before it is computed. */
#ifndef API_MEMORY_H
#define API_MEMORY_H

#include "codec/image.h"
#include "parameters.h"

/* What a request asks for, as far as its memory depends on it. Zero-initialised: nothing. */
struct api_footprint {
    enum api_format format; /* of the response; not API_FORMAT_UNSAID */
    enum codec_compression compression;
    bool gzip;   /* the response is sent with Content-Encoding: gzip */
    bool pixels; /* what the form takes of a frame */
    bool state;
    bool tally;   /* entropies and the like, not mean and std alone */
    bool targets; /* x_0 is kept for what is derived from it */

    uint64_t steps;         /* of the schedule */
    uint64_t frames;        /* in the response */
    uint64_t windows;       /* that they go in, */
    uint64_t window_frames; /* and the most frames of one */
    uint64_t threads;       /* of the pool */
    uint64_t elements;      /* of a state */
    uint64_t channels;      /* of a state; 1 for samples */
    uint64_t bins;          /* of a histogram; 0: the response has none */
    uint64_t components;    /* of a mixture; 0: the samples are given */
    uint64_t text_samples;  /* in a JSON body */
    uint64_t sheet;         /* frames that fit on a sheet of all of them; 0: there is no sheet */

    struct codec_image_info picture; /* the file to decode; zero: none */
    uint64_t array_elements;         /* of an NPY body that is an image; 0: it is none */
    unsigned array_bits;             /* of its elements, if they are whole numbers; else 0 */
};

/*
 * Bytes at the worst moment, UINT64_MAX where they are more: when the body is decoded, or when
 * three windows of frames are computed, encoded and sent. The sum of what is allocated, buffer by
 * buffer; tests/unit/test_footprint.c compares it with what is counted. It grows with every number
 * above.
 */
uint64_t api_memory_estimate(const struct api_footprint *footprint);

/*
 * Bytes that reading a JSON body of `size` bytes takes at the most, and the frames of the samples
 * in it; and what a mixture takes that has been read.
 */
uint64_t api_memory_of_json(uint64_t size);
uint64_t api_memory_of_mixture(uint64_t components);

#endif
