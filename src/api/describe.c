/* Writes the members that several answers share. */
#include "describe.h"

#include <dissolve/noise.h>
#include <inttypes.h>
#include <stdio.h>

void api_describe_run(struct json_writer *json, const struct api_parameters *parameters)
{
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, parameters->seed);
    json_key(json, "seed");
    json_text(json, seed);
    json_key(json, "steps");
    json_integer(json, parameters->steps);
    json_key(json, "sampler");
    json_text(json, "chain");
    json_key(json, "schedule");
    json_text(json, "constant");
    json_key(json, "beta");
    json_number(json, parameters->beta);
    json_key(json, "noise_version");
    json_integer(json, DISSOLVE_NOISE_VERSION);
}

void api_describe_step(struct json_writer *json, const struct dissolve_schedule *schedule,
                       uint32_t t)
{
    json_key(json, "t");
    json_integer(json, t);
    json_key(json, "beta");
    if (t == 0)
        json_null(json);
    else
        json_number(json, dissolve_schedule_beta(schedule, t));
    json_key(json, "alpha_bar");
    json_number(json, dissolve_schedule_alpha_cumprod(schedule, t));
    json_key(json, "snr");
    json_number(json, dissolve_schedule_snr(schedule, t));
}

void api_describe_moments(struct json_writer *json, const struct dissolve_measures *measures)
{
    json_key(json, "mean");
    json_number(json, measures->mean);
    json_key(json, "std");
    json_number(json, measures->std);
}

void api_describe_image(struct json_writer *json, const struct dissolve_measures *measures,
                        unsigned channels)
{
    api_describe_moments(json, measures);
    json_key(json, "entropy_bits");
    json_numbers(json, measures->entropy_bits, channels);
    json_key(json, "entropy");
    json_numbers(json, measures->entropy, channels);
    json_key(json, "clipped");
    json_number(json, measures->clipped);
}
