/* PNG in all its forms: one frame, an animation, a sheet of frames, a multipart of files. */
#include "codec/png.h"

#include "forms.h"
#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char keyword[] = "dissolved";

/* The colour of a sheet's cells that no frame fills. */
#define EMPTY 255

static struct codec_raster raster_of(const struct api_subject *subject, const uint8_t *pixels)
{
    return (struct codec_raster){.width = subject->width,
                                 .height = subject->height,
                                 .channels = subject->channels,
                                 .pixels = pixels};
}

/* ---- The recipe: how to make the picture again ---- */

static enum dissolve_status append_text(struct codec_buffer *out, const char *text)
{
    return codec_buffer_append(out, text, strlen(text));
}

/* Frames as the parameter `frames` says them: "0-20,25". */
static enum dissolve_status append_frames(struct codec_buffer *out, const uint32_t *t, size_t count)
{
    enum dissolve_status status = DISSOLVE_OK;
    for (size_t i = 0; i < count && status == DISSOLVE_OK; i++) {
        size_t last = i;
        char item[32];
        while (last + 1 < count && t[last + 1] == t[last] + 1)
            last++;
        if (last > i)
            snprintf(item, sizeof item, "%s%" PRIu32 "-%" PRIu32, i > 0 ? "," : "", t[i], t[last]);
        else
            snprintf(item, sizeof item, "%s%" PRIu32, i > 0 ? "," : "", t[i]);
        status = append_text(out, item);
        i = last;
    }
    return status;
}

/* The run's recipe, completed for a picture of these frames, in an empty buffer. */
static enum dissolve_status make_recipe(const struct api_run *run, const uint32_t *t, size_t count,
                                        struct codec_buffer *out)
{
    enum dissolve_status status = append_text(out, (const char *)run->output.recipe.data);
    if (status == DISSOLVE_OK && run->parameters.channels == API_CHANNELS_GRAY)
        status = append_text(out, "&channels=gray");
    if (status == DISSOLVE_OK)
        status = append_text(out, "&t=");
    if (status == DISSOLVE_OK)
        status = append_frames(out, t, count);
    return status == DISSOLVE_OK ? codec_buffer_append(out, "", 1) : status;
}

static struct codec_png_options options_of(const struct api_run *run,
                                           const struct codec_buffer *recipe)
{
    return (struct codec_png_options){.compression = run->parameters.compression,
                                      .keyword = keyword,
                                      .text = (const char *)recipe->data,
                                      .cancel = &run->cancel};
}

/* ---- One frame ---- */

enum dissolve_status api_encode_png(const struct api_run *run, const struct api_slot *slot,
                                    struct codec_buffer *out)
{
    const struct codec_raster raster = raster_of(&run->subject, slot->pixels);
    struct codec_buffer recipe = {0};
    enum dissolve_status status = make_recipe(run, &slot->t, 1, &recipe);
    if (status == DISSOLVE_OK) {
        const struct codec_png_options options = options_of(run, &recipe);
        status = codec_png_encode(&raster, &options, out);
    }
    codec_buffer_free(&recipe);
    return status;
}

static enum dissolve_status encode_png(void *context, struct api_slot *slot)
{
    return api_encode_png(context, slot, &slot->bytes);
}

enum dissolve_status api_emit_bytes(void *context, struct api_slot *slot)
{
    struct api_run *run = context;
    return api_write_borrowed(run->call, slot->bytes.data, slot->bytes.size);
}

const struct api_form api_form_png = {
    .wants_pixels = true, .encode = encode_png, .emit = api_emit_bytes};

/* ---- An animation ---- */

static enum dissolve_status open_animation(struct api_run *run)
{
    const struct api_selection *frames = &run->parameters.frames;
    const struct api_subject *subject = &run->subject;
    struct codec_buffer recipe = {0};
    enum dissolve_status status = make_recipe(run, frames->t, frames->count, &recipe);
    if (status == DISSOLVE_OK) {
        const struct codec_png_options options = options_of(run, &recipe);
        status = codec_apng_head(subject->width, subject->height, subject->channels,
                                 (uint32_t)frames->count, &options, &run->output.scratch);
    }
    codec_buffer_free(&recipe);
    return status == DISSOLVE_OK ? api_run_write_scratch(run) : status;
}

static enum dissolve_status encode_animation(void *context, struct api_slot *slot)
{
    const struct api_run *run = context;
    const struct codec_raster raster = raster_of(&run->subject, slot->pixels);
    const struct codec_png_options options = {.compression = run->parameters.compression,
                                              .cancel = &run->cancel};
    return codec_apng_frame(&raster, (uint32_t)slot->ordinal, run->parameters.delay, &options,
                            &slot->bytes);
}

static enum dissolve_status close_animation(struct api_run *run)
{
    enum dissolve_status status = codec_apng_tail(&run->output.scratch);
    return status == DISSOLVE_OK ? api_run_write_scratch(run) : status;
}

const struct api_form api_form_animation = {.wants_pixels = true,
                                            .open = open_animation,
                                            .encode = encode_animation,
                                            .emit = api_emit_bytes,
                                            .close = close_animation};

/* ---- A sheet ---- */

struct api_sheet api_sheet_of(const struct api_run *run)
{
    size_t count = run->parameters.frames.count, columns = 1;
    if (run->parameters.layout == API_LAYOUT_STRIP)
        return (struct api_sheet){.columns = count, .rows = 1};
    while (columns * columns < count)
        columns++;
    return (struct api_sheet){.columns = columns, .rows = (count + columns - 1) / columns};
}

bool api_sheet_check(const struct api_run *run, struct api_problem *problem)
{
    const struct api_subject *subject = &run->subject;
    uint64_t most = api_service_limits(run->call->service)->max_pixels;
    const struct api_sheet sheet = api_sheet_of(run);
    if (run->form != &api_form_sheet)
        return true;
    uint64_t cells = sheet.columns * sheet.rows;
    if ((uint64_t)subject->width * subject->height <= most / cells &&
        sheet.columns <= INT32_MAX / subject->width && sheet.rows <= INT32_MAX / subject->height)
        return true;
    return api_problem_set(problem, 422,
                           "a sheet of %zu x %zu frames has more pixels than the limit of %" PRIu64
                           "; ask for fewer frames",
                           sheet.columns, sheet.rows, most);
}

static enum dissolve_status open_sheet(struct api_run *run)
{
    const struct api_sheet sheet = api_sheet_of(run);
    size_t size;
    if (__builtin_mul_overflow(run->subject.elements, sheet.columns * sheet.rows, &size) ||
        !(run->output.sheet = malloc(size)))
        return DISSOLVE_NO_MEMORY;
    memset(run->output.sheet, EMPTY, size);
    return DISSOLVE_OK;
}

static enum dissolve_status emit_sheet(void *context, struct api_slot *slot)
{
    struct api_run *run = context;
    const struct api_subject *subject = &run->subject;
    const struct api_sheet sheet = api_sheet_of(run);
    size_t row = (size_t)subject->width * subject->channels;
    size_t line = row * sheet.columns;
    uint8_t *to = run->output.sheet + slot->ordinal / sheet.columns * subject->height * line +
                  slot->ordinal % sheet.columns * row;
    for (size_t y = 0; y < subject->height; y++)
        memcpy(to + y * line, slot->pixels + y * row, row);
    return DISSOLVE_OK;
}

static enum dissolve_status close_sheet(struct api_run *run)
{
    const struct api_selection *frames = &run->parameters.frames;
    const struct api_sheet sheet = api_sheet_of(run);
    struct codec_raster raster = raster_of(&run->subject, run->output.sheet);
    struct codec_buffer recipe = {0};
    raster.width *= (uint32_t)sheet.columns;
    raster.height *= (uint32_t)sheet.rows;
    double start = api_now_ms();
    enum dissolve_status status = make_recipe(run, frames->t, frames->count, &recipe);
    if (status == DISSOLVE_OK) {
        const struct codec_png_options options = options_of(run, &recipe);
        status = codec_png_encode(&raster, &options, &run->output.scratch);
    }
    codec_buffer_free(&recipe);
    run->call->timing->encode += api_now_ms() - start;
    const struct codec_buffer *png = &run->output.scratch;
    return status == DISSOLVE_OK ? api_write_borrowed(run->call, png->data, png->size) : status;
}

const struct api_form api_form_sheet = {
    .wants_pixels = true, .open = open_sheet, .emit = emit_sheet, .close = close_sheet};

/* ---- A part per frame (RFC 2046, 5.1) ---- */

/* The file stays alone in the slot's bytes: its length is part of what goes before it. */
static enum dissolve_status emit_part(void *context, struct api_slot *slot)
{
    struct api_run *run = context;
    char head[200];
    int length =
        snprintf(head, sizeof head,
                 "%s--%s\r\nContent-Type: image/png\r\nContent-Length: %zu\r\n"
                 "Dissolve-Step: %" PRIu32 "\r\n\r\n",
                 slot->ordinal > 0 ? "\r\n" : "", run->output.boundary, slot->bytes.size, slot->t);
    enum dissolve_status status = api_write(run->call, head, (size_t)length);
    if (status == DISSOLVE_OK)
        status = api_write_borrowed(run->call, slot->bytes.data, slot->bytes.size);
    return status == DISSOLVE_OK ? api_flush(run->call) : status;
}

static enum dissolve_status close_parts(struct api_run *run)
{
    char tail[64];
    int length = snprintf(tail, sizeof tail, "\r\n--%s--\r\n", run->output.boundary);
    return api_write(run->call, tail, (size_t)length);
}

const struct api_form api_form_multipart = {
    .wants_pixels = true, .encode = encode_png, .emit = emit_part, .close = close_parts};
