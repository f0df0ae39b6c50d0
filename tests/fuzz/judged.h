/* What holds of every set of parameters that was read, and of every problem that was told. */
#ifndef TESTS_FUZZ_JUDGED_H
#define TESTS_FUZZ_JUDGED_H

#include "api/json.h"
#include "api/json_scan.h"
#include "api/parameters.h"
#include "fuzz.h"

#include <dissolve/dissolve.h>
#include <math.h>
#include <sys/types.h>

/* In getrandom's place, so that an input that names no seed does the same each time. */
ssize_t getrandom(void *room, size_t size, unsigned flags);

inline ssize_t getrandom(void *room, size_t size, unsigned flags)
{
    (void)flags;
    memset(room, 0x5a, size);
    return (ssize_t)size;
}

/* The text is one JSON object, as our own reader has it: valid UTF-8, nothing behind it. */
static inline void check_json(const void *text, size_t size)
{
    struct json_scan scan = {0};
    struct api_problem problem = {0};
    bool fine = json_scan(text, size, &scan, &problem);
    if (!fine)
        fprintf(stderr, "%s in: %.*s\n", problem.detail, (int)(size < 2000 ? size : 2000),
                (const char *)text);
    CHECK(fine);
    free(scan.samples);
}

/* The client's fault, in a document that is JSON. */
static inline void check_problem(const struct api_problem *problem)
{
    CHECK(problem->status == 400 || problem->status == 422);
    CHECK(problem->detail[0] != '\0' && strlen(problem->detail) < sizeof problem->detail);
    CHECK(strlen(problem->culprit) < sizeof problem->culprit);
    if (problem->fault == API_FAULT_POINTER)
        CHECK(problem->culprit[0] == '/' || problem->culprit[0] == '\0');
    char *text = json_problem(problem, "id");
    CHECK(text);
    check_json(text, strlen(text));
    free(text);
}

static inline void check_frames(const struct api_parameters *parameters)
{
    const struct api_selection *frames = &parameters->frames;
    CHECK(frames->count > 0 && frames->t[0] >= parameters->start_step);
    for (size_t i = 1; i < frames->count; i++)
        CHECK(frames->t[i - 1] < frames->t[i]);
    CHECK(frames->t[frames->count - 1] <= parameters->schedule.steps);
}

static inline void check_schedule_options(const struct api_parameters *parameters)
{
    const struct dissolve_schedule_options *schedule = &parameters->schedule;
    CHECK(schedule->steps <= DISSOLVE_MAX_STEPS);
    CHECK(schedule->beta >= 0 && schedule->beta <= 1);
    CHECK(isfinite(schedule->beta_start) && isfinite(schedule->beta_end));
    CHECK(isfinite(schedule->max_beta));
    CHECK((schedule->kind == DISSOLVE_SCHEDULE_CUSTOM) == (schedule->betas != NULL));
    CHECK(schedule->betas == parameters->betas);
    for (uint32_t i = 0; schedule->betas && i < schedule->steps; i++)
        CHECK(isfinite(schedule->betas[i]));
}

/* Parameters that were read are in their bounds. */
static inline void check_parameters(enum api_endpoint endpoint,
                                    const struct api_parameters *parameters)
{
    check_schedule_options(parameters);
    CHECK(parameters->start_step <= parameters->schedule.steps);
    if (endpoint != API_SCHEDULE)
        check_frames(parameters);
    CHECK(parameters->bins >= 1 && parameters->bins <= DISSOLVE_MAX_BINS);
    CHECK(parameters->delay <= 60000 && parameters->offset <= 1ull << 62);
    CHECK(isfinite(parameters->range[1] - parameters->range[0]));
    CHECK(parameters->range[0] <= parameters->range[1]);
    CHECK(parameters->content_count >= 1 && parameters->content_count <= API_CONTENT_COUNT);
    for (size_t i = 0; i < parameters->content_count; i++) {
        CHECK((unsigned)parameters->content[i] < API_CONTENT_COUNT);
        for (size_t k = 0; k < i; k++)
            CHECK(parameters->content[i] != parameters->content[k]);
    }
    CHECK((unsigned)parameters->format <= API_FORMAT_SVG);
    CHECK((unsigned)parameters->compression <= CODEC_COMPRESSION_BEST);
}

/* Reads the arguments as an endpoint does; true: they are its parameters, which the caller frees.
 */
static inline bool read_parameters(enum api_endpoint endpoint,
                                   const struct api_arguments *arguments,
                                   struct api_parameters *parameters)
{
    struct api_problem problem = {0};
    if (!api_parameters_read(endpoint, arguments, parameters, &problem)) {
        check_problem(&problem);
        CHECK(!parameters->betas && !parameters->frames.t);
        return false;
    }
    check_parameters(endpoint, parameters);
    return true;
}

#endif
