/* The parameters of a computation: read from their texts, checked, with defaults filled in. */
#ifndef API_PARAMETERS_H
#define API_PARAMETERS_H

#include "arguments.h"
#include "selection.h"

/* Which endpoint reads the parameters: it decides which are known and what is default. */
enum api_endpoint {
    API_IMAGES_FRAMES = 1,
    API_SAMPLES_HISTOGRAMS = 2,
};

/* The forms an answer can take. */
enum api_format {
    API_FORMAT_UNSAID, /* by Accept */
    API_FORMAT_PNG,
    API_FORMAT_ZIP,
    API_FORMAT_JSON,
};

/* Freed with api_parameters_free. */
struct api_parameters {
    uint32_t steps;
    double beta;
    uint64_t seed;
    struct api_selection frames;
    enum api_format format;
    uint32_t delay; /* milliseconds */
    uint32_t bins;
    bool has_range;
    double range[2];
};

/*
 * Reads all arguments; every one must be known to the endpoint and be given once. Where no seed is
 * given a random one is drawn. On a problem *parameters is empty.
 */
DISSOLVE_MUST_USE bool api_parameters_read(enum api_endpoint endpoint,
                                           const struct api_arguments *arguments,
                                           struct api_parameters *parameters,
                                           struct api_problem *problem);

void api_parameters_free(struct api_parameters *parameters);

#endif
