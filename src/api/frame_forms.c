/* Each form as four functions: open, encode, emit, close. */
#include "frame_forms.h"

#include "codec/base64.h"
#include "codec/png.h"
#include "describe.h"

#include <stdio.h>
#include <stdlib.h>

static struct codec_raster raster_of(const struct frame_answer *answer, const struct api_slot *slot)
{
    return (struct codec_raster){.width = answer->image->width,
                                 .height = answer->image->height,
                                 .channels = answer->image->channels,
                                 .pixels = slot->pixels};
}

static enum dissolve_status write_scratch(struct frame_answer *answer)
{
    enum dissolve_status status =
        api_write(answer->call, answer->scratch.data, answer->scratch.size);
    answer->scratch.size = 0;
    return status;
}

static enum dissolve_status nothing(struct frame_answer *answer)
{
    (void)answer;
    return DISSOLVE_OK;
}

static enum dissolve_status encode_png(void *context, struct api_slot *slot)
{
    struct codec_raster raster = raster_of(context, slot);
    return codec_png_encode(&raster, NULL, &slot->bytes);
}

static enum dissolve_status emit_bytes(void *context, struct api_slot *slot)
{
    struct frame_answer *answer = context;
    return api_write(answer->call, slot->bytes.data, slot->bytes.size);
}

const struct frame_form frame_form_png = {
    .open = nothing, .encode = encode_png, .emit = emit_bytes, .close = nothing};

static enum dissolve_status open_apng(struct frame_answer *answer)
{
    const struct codec_image *image = answer->image;
    enum dissolve_status status =
        codec_apng_head(image->width, image->height, image->channels,
                        (uint32_t)answer->parameters->frames.count, NULL, &answer->scratch);
    return status == DISSOLVE_OK ? write_scratch(answer) : status;
}

static enum dissolve_status encode_apng(void *context, struct api_slot *slot)
{
    const struct frame_answer *answer = context;
    struct codec_raster raster = raster_of(answer, slot);
    return codec_apng_frame(&raster, (uint32_t)slot->ordinal, answer->parameters->delay, NULL,
                            &slot->bytes);
}

static enum dissolve_status close_apng(struct frame_answer *answer)
{
    enum dissolve_status status = codec_apng_tail(&answer->scratch);
    return status == DISSOLVE_OK ? write_scratch(answer) : status;
}

const struct frame_form frame_form_apng = {
    .open = open_apng, .encode = encode_apng, .emit = emit_bytes, .close = close_apng};

/* As many digits as the last step needs, at least four. */
static void frame_name(const struct frame_answer *answer, uint32_t t, char *name, size_t room)
{
    int digits = answer->parameters->steps > 9999 ? 5 : 4;
    snprintf(name, room, "frame-%0*u.png", digits, t);
}

static bool write_zip(void *context, const void *bytes, size_t size)
{
    struct frame_answer *answer = context;
    return api_write(answer->call, bytes, size) == DISSOLVE_OK;
}

static enum dissolve_status open_zip(struct frame_answer *answer)
{
    answer->measures = calloc(answer->parameters->frames.count, sizeof *answer->measures);
    if (!answer->measures)
        return DISSOLVE_NO_MEMORY;
    return codec_zip_create(write_zip, answer, &answer->zip);
}

static enum dissolve_status emit_zip(void *context, struct api_slot *slot)
{
    struct frame_answer *answer = context;
    char name[32];
    frame_name(answer, slot->t, name, sizeof name);
    answer->measures[slot->ordinal] = slot->measures;
    return codec_zip_add(answer->zip, name, slot->bytes.data, slot->bytes.size);
}

static void describe_size(struct json_writer *json, const struct codec_image *image)
{
    json_key(json, "width");
    json_integer(json, image->width);
    json_key(json, "height");
    json_integer(json, image->height);
    json_key(json, "channels");
    json_integer(json, image->channels);
}

static void describe_betas(struct json_writer *json, const struct dissolve_schedule *schedule)
{
    json_key(json, "betas");
    json_open(json, '[');
    for (uint32_t t = 1; t <= dissolve_schedule_steps(schedule); t++)
        json_number(json, dissolve_schedule_beta(schedule, t));
    json_close(json, ']');
}

static enum dissolve_status make_manifest(struct frame_answer *answer)
{
    const struct api_selection *frames = &answer->parameters->frames;
    struct json_writer json = {.out = &answer->scratch};
    char name[32];
    json_open(&json, '{');
    api_describe_run(&json, answer->parameters);
    describe_size(&json, answer->image);
    describe_betas(&json, answer->schedule);
    json_key(&json, "frames");
    json_open(&json, '[');
    for (size_t i = 0; i < frames->count; i++) {
        frame_name(answer, frames->t[i], name, sizeof name);
        json_open(&json, '{');
        json_key(&json, "file");
        json_text(&json, name);
        api_describe_step(&json, answer->schedule, frames->t[i]);
        api_describe_image(&json, &answer->measures[i], answer->image->channels);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    return json.status;
}

static enum dissolve_status close_zip(struct frame_answer *answer)
{
    enum dissolve_status status = make_manifest(answer);
    if (status == DISSOLVE_OK)
        status =
            codec_zip_add(answer->zip, "manifest.json", answer->scratch.data, answer->scratch.size);
    return status == DISSOLVE_OK ? codec_zip_finish(answer->zip) : status;
}

const struct frame_form frame_form_zip = {.wants_measures = true,
                                          .open = open_zip,
                                          .encode = encode_png,
                                          .emit = emit_zip,
                                          .close = close_zip};

/* Everything up to the first frame: the document is closed by close_json. */
static enum dissolve_status open_json(struct frame_answer *answer)
{
    struct json_writer json = {.out = &answer->scratch};
    json_open(&json, '{');
    api_describe_run(&json, answer->parameters);
    describe_size(&json, answer->image);
    json_key(&json, "frames");
    json_open(&json, '[');
    return json.status == DISSOLVE_OK ? write_scratch(answer) : json.status;
}

static enum dissolve_status encode_json(void *context, struct api_slot *slot)
{
    const struct frame_answer *answer = context;
    struct codec_raster raster = raster_of(answer, slot);
    struct codec_buffer png = {0};
    struct json_writer json = {.out = &slot->bytes, .comma = slot->ordinal > 0};
    json_open(&json, '{');
    api_describe_step(&json, answer->schedule, slot->t);
    api_describe_image(&json, &slot->measures, answer->image->channels);
    json_key(&json, "png");
    enum dissolve_status status = json.status;
    if (status == DISSOLVE_OK)
        status = codec_png_encode(&raster, NULL, &png);
    if (status == DISSOLVE_OK)
        status = codec_buffer_append(&slot->bytes, "\"", 1);
    if (status == DISSOLVE_OK)
        status = codec_base64_encode(png.data, png.size, &slot->bytes);
    if (status == DISSOLVE_OK)
        status = codec_buffer_append(&slot->bytes, "\"}", 2);
    codec_buffer_free(&png);
    return status;
}

static enum dissolve_status close_json(struct frame_answer *answer)
{
    return api_write(answer->call, "]}\n", 3);
}

const struct frame_form frame_form_json = {.wants_measures = true,
                                           .open = open_json,
                                           .encode = encode_json,
                                           .emit = emit_bytes,
                                           .close = close_json};

void frame_answer_free(struct frame_answer *answer)
{
    codec_buffer_free(&answer->scratch);
    codec_zip_destroy(answer->zip);
    free(answer->measures);
    answer->zip = NULL;
    answer->measures = NULL;
}
