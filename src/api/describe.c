/* Writes the members that several answers share. */
#include "describe.h"

#include "facts.h"
#include "warnings.h"

#include <math.h>

void api_describe_run(struct json_writer *json, const struct api_run *run)
{
    struct api_fact facts[API_MAX_FACTS];
    size_t count = api_facts_of_run(run->computation->endpoint, &run->parameters, facts);
    api_facts_to_json(json, facts, count, true);
    api_warnings_to_json(json, &run->parameters.schedule, run->schedule);
}

void api_describe_recipe(struct json_writer *json, const struct api_run *run)
{
    struct api_fact facts[API_MAX_FACTS];
    size_t count = api_facts_of_run(run->computation->endpoint, &run->parameters, facts);
    api_facts_to_json(json, facts, count, false);
    api_warnings_to_json(json, &run->parameters.schedule, run->schedule);
}

void api_describe_size(struct json_writer *json, const struct api_subject *subject)
{
    json_key(json, "width");
    json_integer(json, subject->width);
    json_key(json, "height");
    json_integer(json, subject->height);
    json_key(json, "channels");
    json_integer(json, subject->channels);
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

void api_describe_terms(struct json_writer *json, const struct api_run *run, uint32_t t,
                        const struct api_terms *terms)
{
    if (!run->parameters.terms)
        return;
    json_key(json, "terms");
    if (!terms->made) {
        json_null(json);
        return;
    }
    double beta = dissolve_schedule_beta(run->schedule, t);
    json_open(json, '{');
    json_key(json, "deterministic");
    /* 1 - sqrt(1 - b), without the cancellation where b is small */
    json_number(json, beta / (1 + sqrt(1 - beta)) * terms->before);
    json_key(json, "stochastic");
    json_number(json, sqrt(beta) * terms->noise);
    json_close(json, '}');
}
