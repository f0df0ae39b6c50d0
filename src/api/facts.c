/* Lists a run's facts, and writes them as JSON members or as a query string. */
#include "facts.h"

#include "codec/number.h"

#include <dissolve/noise.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LONGEST_LIST 2048 /* characters, in a query string */

static struct api_fact text(const char *name, const char *value)
{
    return (struct api_fact){.name = name, .kind = API_FACT_TEXT, .text = value};
}

static struct api_fact whole(const char *name, uint64_t value)
{
    return (struct api_fact){.name = name, .kind = API_FACT_WHOLE, .whole = value};
}

static struct api_fact wide(const char *name, uint64_t value)
{
    return (struct api_fact){.name = name, .kind = API_FACT_WIDE, .whole = value};
}

static struct api_fact real(const char *name, double value)
{
    return (struct api_fact){.name = name, .kind = API_FACT_REAL, .real = value};
}

static struct api_fact flag(const char *name, bool value)
{
    return (struct api_fact){.name = name, .kind = API_FACT_FLAG, .whole = value};
}

/* The schedule's name and its own parameters, up to parameterization. */
static size_t list_schedule(const struct dissolve_schedule_options *schedule,
                            struct api_fact *facts)
{
    size_t n = 0;
    facts[n++] = text("schedule", api_schedule_name(schedule->kind));
    switch (schedule->kind) {
    case DISSOLVE_SCHEDULE_CONSTANT:
        facts[n++] = real("beta", schedule->beta);
        break;
    case DISSOLVE_SCHEDULE_LINEAR:
    case DISSOLVE_SCHEDULE_SCALED_LINEAR:
    case DISSOLVE_SCHEDULE_SIGMOID:
        facts[n++] = real("beta_start", schedule->beta_start);
        facts[n++] = real("beta_end", schedule->beta_end);
        if (schedule->scale_betas)
            facts[n++] = flag("scale_betas", true);
        break;
    case DISSOLVE_SCHEDULE_COSINE:
        facts[n++] = real("max_beta", schedule->max_beta);
        break;
    case DISSOLVE_SCHEDULE_CUSTOM:
        facts[n++] = (struct api_fact){.name = "betas",
                                       .kind = API_FACT_LIST,
                                       .list = schedule->betas,
                                       .count = schedule->steps};
        break;
    }
    facts[n++] = text("parameterization", api_parameterization_name(schedule->parameterization));
    return n;
}

size_t api_facts_of_schedule(const struct api_parameters *parameters, struct api_fact *facts)
{
    const struct dissolve_schedule_options *schedule = &parameters->schedule;
    size_t n = 0;
    facts[n++] = whole("steps", schedule->steps);
    n += list_schedule(schedule, facts + n);
    facts[n++] = flag("rescale_zero_snr", schedule->rescale_zero_snr);
    return n;
}

size_t api_facts_of_run(enum api_endpoint endpoint, const struct api_parameters *parameters,
                        struct api_fact *facts)
{
    const struct dissolve_schedule_options *schedule = &parameters->schedule;
    size_t n = 0;
    facts[n++] = wide("seed", parameters->seed);
    facts[n++] = whole("steps", schedule->steps);
    facts[n++] = text("sampler", api_sampler_name(parameters->sampler));
    n += list_schedule(schedule, facts + n);
    facts[n++] = flag("rescale_zero_snr", schedule->rescale_zero_snr);
    facts[n++] = whole("start_step", parameters->start_step);
    facts[n++] = whole("noise_version", DISSOLVE_NOISE_VERSION);
    if (endpoint == API_SAMPLES_FRAMES || endpoint == API_SAMPLES_HISTOGRAMS)
        facts[n++] = whole("offset", parameters->offset);
    return n;
}

size_t api_facts_of_recipe(const struct api_parameters *parameters, struct api_fact *facts)
{
    const struct dissolve_schedule_options *schedule = &parameters->schedule;
    size_t n = 0;
    facts[n++] = whole("noise_version", DISSOLVE_NOISE_VERSION);
    facts[n++] = wide("seed", parameters->seed);
    facts[n++] = whole("steps", schedule->steps);
    n += list_schedule(schedule, facts + n);
    if (schedule->rescale_zero_snr)
        facts[n++] = flag("rescale_zero_snr", true);
    facts[n++] = text("sampler", api_sampler_name(parameters->sampler));
    if (parameters->start_step > 0)
        facts[n++] = whole("start_step", parameters->start_step);
    return n;
}

static void wide_to_json(struct json_writer *json, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    json_text(json, digits);
}

void api_facts_to_json(struct json_writer *json, const struct api_fact *facts, size_t count,
                       bool lists)
{
    for (size_t i = 0; i < count; i++) {
        const struct api_fact *fact = &facts[i];
        if (fact->kind == API_FACT_LIST && !lists)
            continue;
        json_key(json, fact->name);
        switch (fact->kind) {
        case API_FACT_TEXT:
            json_text(json, fact->text);
            break;
        case API_FACT_WHOLE:
            json_integer(json, fact->whole);
            break;
        case API_FACT_WIDE:
            wide_to_json(json, fact->whole);
            break;
        case API_FACT_REAL:
            json_number(json, fact->real);
            break;
        case API_FACT_FLAG:
            json_boolean(json, fact->whole);
            break;
        case API_FACT_LIST:
            json_numbers(json, fact->list, fact->count);
            break;
        }
    }
}

static enum dissolve_status append_text(struct codec_buffer *out, const char *characters)
{
    return codec_buffer_append(out, characters, strlen(characters));
}

static enum dissolve_status append_real(struct codec_buffer *out, double value)
{
    char digits[CODEC_NUMBER_ROOM];
    return codec_buffer_append(out, digits, codec_number_print(value, digits));
}

static enum dissolve_status append_list(struct codec_buffer *out, const struct api_fact *fact)
{
    enum dissolve_status status = DISSOLVE_OK;
    for (size_t i = 0; i < fact->count && status == DISSOLVE_OK; i++) {
        if (i > 0)
            status = append_text(out, ",");
        if (status == DISSOLVE_OK)
            status = append_real(out, fact->list[i]);
    }
    return status;
}

static enum dissolve_status append_value(struct codec_buffer *out, const struct api_fact *fact)
{
    char digits[24];
    switch (fact->kind) {
    case API_FACT_TEXT:
        return append_text(out, fact->text);
    case API_FACT_REAL:
        return append_real(out, fact->real);
    case API_FACT_FLAG:
        return append_text(out, fact->whole ? "true" : "false");
    case API_FACT_LIST:
        return append_list(out, fact);
    case API_FACT_WHOLE:
    case API_FACT_WIDE:
        break;
    }
    snprintf(digits, sizeof digits, "%" PRIu64, fact->whole);
    return append_text(out, digits);
}

enum dissolve_status api_facts_to_query(const struct api_fact *facts, size_t count,
                                        struct codec_buffer *out)
{
    enum dissolve_status status = DISSOLVE_OK;
    for (size_t i = 0; i < count && status == DISSOLVE_OK; i++) {
        size_t before = out->size;
        if (before > 0)
            status = append_text(out, "&");
        if (status == DISSOLVE_OK)
            status = append_text(out, facts[i].name);
        if (status == DISSOLVE_OK)
            status = append_text(out, "=");
        size_t start = out->size;
        if (status == DISSOLVE_OK)
            status = append_value(out, &facts[i]);
        if (facts[i].kind == API_FACT_LIST && out->size - start > LONGEST_LIST)
            out->size = before;
    }
    if (status == DISSOLVE_OK)
        status = codec_buffer_append(out, "", 1);
    return status;
}
