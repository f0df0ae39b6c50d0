/* Frames as JSON: pictures in base64, or samples as numbers. */
#include "codec/base64.h"
#include "describe.h"
#include "forms.h"

/* Everything up to the first frame. */
static enum dissolve_status open_document(struct api_run *run, bool image)
{
    struct json_writer json = {.out = &run->output.scratch};
    json_open(&json, '{');
    api_describe_run(&json, run);
    if (image)
        api_describe_size(&json, &run->subject);
    json_key(&json, "frames");
    json_open(&json, '[');
    return json.status == DISSOLVE_OK ? api_run_write_scratch(run) : json.status;
}

enum dissolve_status api_close_json(struct api_run *run)
{
    return api_write(run->call, "]}\n", 3);
}

static enum dissolve_status open_image(struct api_run *run)
{
    return open_document(run, true);
}

static enum dissolve_status encode_image(void *context, struct api_slot *slot)
{
    const struct api_run *run = context;
    struct codec_buffer png = {0};
    struct json_writer json = {.out = &slot->bytes, .comma = slot->ordinal > 0};
    json_open(&json, '{');
    api_describe_step(&json, run->schedule, slot->t);
    api_describe_image(&json, &slot->measures, run->subject.channels);
    api_describe_terms(&json, run, slot->t, &slot->terms);
    json_key(&json, "png");
    enum dissolve_status status = json.status;
    if (status == DISSOLVE_OK)
        status = api_encode_png(run, slot, &png);
    if (status == DISSOLVE_OK)
        status = codec_buffer_append(&slot->bytes, "\"", 1);
    if (status == DISSOLVE_OK)
        status = codec_base64_encode(png.data, png.size, &slot->bytes);
    if (status == DISSOLVE_OK)
        status = codec_buffer_append(&slot->bytes, "\"}", 2);
    codec_buffer_free(&png);
    return status;
}

const struct api_form api_form_image_json = {.wants_pixels = true,
                                             .wants_measures = API_MEASURE_ALL,
                                             .open = open_image,
                                             .encode = encode_image,
                                             .emit = api_emit_bytes,
                                             .close = api_close_json};

static enum dissolve_status open_samples(struct api_run *run)
{
    return open_document(run, false);
}

/*
 * Numbers as text take several times their memory. Up to API_NUMBERS_AT_ONCE are printed in the
 * pool, several frames at a time; more are printed in pieces, each sent before the next.
 */
enum { PIECE = 1 << 16 };

static enum dissolve_status encode_samples(void *context, struct api_slot *slot)
{
    const struct api_run *run = context;
    size_t n = run->subject.elements;
    struct json_writer json = {.out = &slot->bytes, .comma = slot->ordinal > 0};
    json_open(&json, '{');
    api_describe_step(&json, run->schedule, slot->t);
    api_describe_moments(&json, &slot->measures);
    api_describe_terms(&json, run, slot->t, &slot->terms);
    json_key(&json, "samples");
    json_open(&json, '[');
    if (n <= API_NUMBERS_AT_ONCE) {
        json_floats(&json, slot->state, n);
        json_close(&json, ']');
        json_close(&json, '}');
    }
    return json.status;
}

/* The next of the numbers that encode has left, and behind them the end of the frame's object. */
static enum dissolve_status emit_piece(struct api_run *run, struct api_slot *slot)
{
    size_t left = run->subject.elements - slot->position;
    size_t count = left < PIECE ? left : PIECE;
    struct json_writer json = {.out = &run->output.scratch, .comma = slot->position > 0};
    json_floats(&json, slot->state + slot->position, count);
    slot->position += count;
    slot->unfinished = count < left;
    enum dissolve_status status = json.status;
    if (status == DISSOLVE_OK && !slot->unfinished)
        status = codec_buffer_append(&run->output.scratch, "]}", 2);
    return status == DISSOLVE_OK ? api_run_write_scratch(run) : status;
}

static enum dissolve_status emit_samples(void *context, struct api_slot *slot)
{
    struct api_run *run = context;
    enum dissolve_status status = slot->position == 0 ? api_emit_bytes(run, slot) : DISSOLVE_OK;
    return status == DISSOLVE_OK && run->subject.elements > API_NUMBERS_AT_ONCE
               ? emit_piece(run, slot)
               : status;
}

const struct api_form api_form_samples_json = {.wants_state = true,
                                               .wants_measures = API_MEASURE_MOMENTS,
                                               .open = open_samples,
                                               .encode = encode_samples,
                                               .emit = emit_samples,
                                               .close = api_close_json};
