/* The parameters of a computation: read from their texts, checked, with defaults filled in. */
#ifndef API_PARAMETERS_H
#define API_PARAMETERS_H

#include "arguments.h"
#include "codec/png.h"
#include "selection.h"

#include <dissolve/process.h>

/* Which endpoint reads the parameters: it decides which are known and what is default. */
enum api_endpoint {
    API_IMAGES_FRAMES = 1,
    API_IMAGES_HISTOGRAMS = 2,
    API_SAMPLES_FRAMES = 4,
    API_SAMPLES_HISTOGRAMS = 8,
    API_SCHEDULE = 16,
};

/* Sets of them. */
enum {
    API_IMAGES = API_IMAGES_FRAMES | API_IMAGES_HISTOGRAMS,
    API_SAMPLES = API_SAMPLES_FRAMES | API_SAMPLES_HISTOGRAMS,
    API_FRAMES = API_IMAGES_FRAMES | API_SAMPLES_FRAMES,
    API_HISTOGRAMS = API_IMAGES_HISTOGRAMS | API_SAMPLES_HISTOGRAMS,
    API_RUNS = API_IMAGES | API_SAMPLES,
    API_ALL = API_RUNS | API_SCHEDULE,
};

/* The forms an answer can take. */
enum api_format {
    API_FORMAT_UNSAID, /* by Accept */
    API_FORMAT_PNG,
    API_FORMAT_ZIP,
    API_FORMAT_MULTIPART,
    API_FORMAT_JSON,
    API_FORMAT_NPY,
    API_FORMAT_NPZ,
    API_FORMAT_SVG,
};

enum api_channels { API_CHANNELS_RGB, API_CHANNELS_GRAY };

/* What a frame of an NPY holds; see dissolve/target.h for the last two. */
enum api_content { API_CONTENT_X, API_CONTENT_NOISE, API_CONTENT_VELOCITY, API_CONTENT_COUNT };

/* How several frames lie in one picture. */
enum api_layout { API_LAYOUT_ANIMATION, API_LAYOUT_STRIP, API_LAYOUT_GRID };

/* Freed with api_parameters_free. */
struct api_parameters {
    struct dissolve_schedule_options schedule; /* its betas are `betas` */
    double *betas;
    enum dissolve_sampler sampler;
    uint32_t start_step; /* 0..steps; the body is x of that step */
    uint64_t seed;
    struct api_selection frames; /* none before start_step */
    enum api_format format;
    enum api_channels channels;
    enum codec_compression compression;
    enum api_layout layout;
    uint32_t delay; /* milliseconds */
    uint32_t bins;
    bool has_range;
    double range[2];
    uint64_t offset; /* of the first sample, 0..2^62 */
    enum api_content content[API_CONTENT_COUNT];
    size_t content_count; /* at least 1, no content twice */
    bool terms;           /* measures=terms */
};

/*
 * Reads all arguments; every one must be known to the endpoint and be given once, under its name or
 * its alias. Where no seed is given a random one is drawn. On a problem *parameters is empty.
 */
DISSOLVE_MUST_USE bool api_parameters_read(enum api_endpoint endpoint,
                                           const struct api_arguments *arguments,
                                           struct api_parameters *parameters,
                                           struct api_problem *problem);

void api_parameters_free(struct api_parameters *parameters);

/* True if any endpoint has a parameter of this name or alias. */
bool api_parameters_know(const char *name);

/* A 400 that blames a parameter as the request gave it, under an alias, say. Returns false. */
bool api_parameters_blame(const struct api_arguments *arguments, const char *name,
                          struct api_problem *problem, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether anything but x was asked for. */
bool api_parameters_want_targets(const struct api_parameters *parameters);

/* Whether the schedule has beta_start and beta_end, which scale_betas scales. */
bool api_schedule_has_ends(enum dissolve_schedule_kind kind);

/* The parameters' own words for these values; static. */
const char *api_schedule_name(enum dissolve_schedule_kind kind);
const char *api_sampler_name(enum dissolve_sampler sampler);
const char *api_parameterization_name(enum dissolve_parameterization parameterization);
const char *api_content_name(enum api_content content);

#endif
