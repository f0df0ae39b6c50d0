/* Estimates the time of one processor core that a request takes, before it is computed. */
#ifndef API_COST_H
#define API_COST_H

#include "codec/image.h"
#include "parameters.h"

/* What a request asks for, as far as its cost depends on it. Zero-initialised: nothing. */
struct api_work {
    enum api_endpoint endpoint;
    enum api_format format; /* of the response; not API_FORMAT_UNSAID */
    enum codec_compression compression;
    enum dissolve_sampler sampler;
    bool terms; /* measures=terms */
    bool gzip;  /* the response is sent with Content-Encoding: gzip */

    uint64_t steps;      /* of the schedule */
    uint64_t frames;     /* in the response */
    uint64_t passes;     /* over the frames: one for each content */
    uint64_t draws;      /* normals drawn for each element, in one pass */
    uint64_t elements;   /* of a state */
    uint64_t channels;   /* of a state; 1 for samples */
    uint64_t bins;       /* of a histogram */
    uint64_t components; /* of a mixture; 0: the samples are given */
    uint64_t exact;      /* points times components over all frames, for the exact distribution */

    struct codec_image_info picture; /* the file to decode; zero: none */
};

/*
 * Estimated nanoseconds of one core, UINT64_MAX where they are more. The estimate grows with every
 * number above. It is the sum of `src/api/cost.c`'s terms, whose coefficients were measured on one
 * machine; `./dev bench work` compares estimates with processor time. What a content costs more or
 * less than a typical one (a PNG of noise or of flat colours) stays within a factor of about two.
 */
uint64_t api_cost_estimate(const struct api_work *work);

#endif
