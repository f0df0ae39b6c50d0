/* Histograms as JSON: one of each frame, or of each of its channels. */
#include "describe.h"
#include "forms.h"
#include "histograms.h"

#include <math.h>
#include <stdlib.h>

static enum dissolve_status open_document(struct api_run *run)
{
    struct json_writer json = {.out = &run->output.scratch};
    json_open(&json, '{');
    api_describe_run(&json, run);
    if (run->subject.width > 0)
        api_describe_size(&json, &run->subject);
    json_key(&json, "bins");
    json_integer(&json, run->parameters.bins);
    json_key(&json, "frames");
    json_open(&json, '[');
    return json.status == DISSOLVE_OK ? api_run_write_scratch(run) : json.status;
}

static void describe_bins(struct json_writer *json, const struct api_bins *bins, size_t count)
{
    json_key(json, "edges");
    json_numbers(json, bins->edges, count + 1);
    json_key(json, "counts");
    json_integers(json, bins->counts, count);
    json_key(json, "density");
    json_numbers(json, bins->density, count);
    json_key(json, "outside");
    json_integer(json, bins->outside);
}

/* ---- Samples ---- */

/* The density in the middle of each bin; null if there is none. */
static void describe_density(struct json_writer *json, const struct dissolve_marginal *law,
                             const double *edges, size_t count)
{
    double centres[DISSOLVE_MAX_BINS], density[DISSOLVE_MAX_BINS];
    for (size_t i = 0; i < count; i++)
        centres[i] = edges[i] + (edges[i + 1] - edges[i]) / 2;
    dissolve_marginal_density(law, centres, count, density);
    json_key(json, "density");
    if (isnan(density[0]))
        json_null(json);
    else
        json_numbers(json, density, count);
}

static enum dissolve_status describe_exact(struct json_writer *json,
                                           const struct dissolve_marginal *law,
                                           const struct dissolve_job *job, const double *edges,
                                           size_t count)
{
    struct dissolve_marginal_measures measures;
    enum dissolve_status status = dissolve_marginal_measure(law, job, &measures);
    if (status != DISSOLVE_OK)
        return status;
    json_key(json, "exact");
    json_open(json, '{');
    describe_density(json, law, edges, count);
    json_key(json, "mean");
    json_number(json, measures.mean);
    json_key(json, "std");
    json_number(json, measures.std);
    json_key(json, "entropy");
    json_number(json, measures.entropy);
    json_key(json, "kl");
    json_number(json, measures.kl);
    json_close(json, '}');
    return json->status;
}

static enum dissolve_status encode_samples(void *context, struct api_slot *slot)
{
    const struct api_run *run = context;
    struct api_frame_bins frame = {0};
    struct dissolve_marginal law;
    enum dissolve_status status = api_frame_bins_open(run, &frame);
    if (status == DISSOLVE_OK)
        status = api_frame_bins_fill(run, slot->state, 0, &frame);
    if (status == DISSOLVE_OK) {
        struct json_writer json = {.out = &slot->bytes, .comma = slot->ordinal > 0};
        json_open(&json, '{');
        api_describe_step(&json, run->schedule, slot->t);
        describe_bins(&json, frame.bins, run->parameters.bins);
        api_describe_moments(&json, &slot->measures);
        api_describe_terms(&json, run, slot->t, &slot->terms);
        if (api_exact_law(run, slot->t, &law))
            status = describe_exact(&json, &law, run->call->job, frame.bins->edges,
                                    run->parameters.bins);
        json_close(&json, '}');
        if (status == DISSOLVE_OK)
            status = json.status;
    }
    api_frame_bins_free(&frame);
    return status;
}

const struct api_form api_form_sample_histograms = {.wants_state = true,
                                                    .wants_measures = API_MEASURE_MOMENTS,
                                                    .open = open_document,
                                                    .encode = encode_samples,
                                                    .emit = api_emit_bytes,
                                                    .close = api_close_json};

/* ---- Images ---- */

/* mean, std, entropy, entropy_bits and clipped of one channel alone. */
static enum dissolve_status describe_channel(struct json_writer *json,
                                             const struct api_frame_bins *frame)
{
    struct dissolve_tally *tally;
    struct dissolve_measures measures;
    enum dissolve_status status = dissolve_tally_create(frame->count, 1, &tally);
    if (status != DISSOLVE_OK)
        return status;
    dissolve_tally_add(tally, 0, frame->values, frame->count);
    dissolve_tally_read(tally, &measures);
    dissolve_tally_destroy(tally);
    api_describe_moments(json, &measures);
    json_key(json, "entropy");
    json_number(json, measures.entropy[0]);
    json_key(json, "entropy_bits");
    json_number(json, measures.entropy_bits[0]);
    json_key(json, "clipped");
    json_number(json, measures.clipped);
    return json->status;
}

static enum dissolve_status describe_channels(struct json_writer *json, const struct api_run *run,
                                              const struct api_slot *slot,
                                              struct api_frame_bins *frame)
{
    enum dissolve_status status = DISSOLVE_OK;
    json_key(json, "channels");
    json_open(json, '[');
    for (unsigned c = 0; c < run->subject.channels && status == DISSOLVE_OK; c++) {
        status = api_frame_bins_fill(run, slot->state, c, frame);
        if (status != DISSOLVE_OK)
            break;
        json_open(json, '{');
        json_key(json, "channel");
        json_text(json, api_channel_name(&run->subject, c));
        describe_bins(json, frame->bins, run->parameters.bins);
        status = describe_channel(json, frame);
        json_close(json, '}');
    }
    json_close(json, ']');
    return status;
}

static enum dissolve_status encode_image(void *context, struct api_slot *slot)
{
    const struct api_run *run = context;
    struct api_frame_bins frame = {0};
    enum dissolve_status status = api_frame_bins_open(run, &frame);
    if (status == DISSOLVE_OK) {
        struct json_writer json = {.out = &slot->bytes, .comma = slot->ordinal > 0};
        json_open(&json, '{');
        api_describe_step(&json, run->schedule, slot->t);
        api_describe_terms(&json, run, slot->t, &slot->terms);
        status = describe_channels(&json, run, slot, &frame);
        json_close(&json, '}');
        if (status == DISSOLVE_OK)
            status = json.status;
    }
    api_frame_bins_free(&frame);
    return status;
}

const struct api_form api_form_image_histograms = {.wants_state = true,
                                                   .open = open_document,
                                                   .encode = encode_image,
                                                   .emit = api_emit_bytes,
                                                   .close = api_close_json};
