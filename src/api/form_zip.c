/* A ZIP of PNG files, with a manifest behind them. */
#include "describe.h"
#include "forms.h"

#include <stdio.h>
#include <stdlib.h>

/* As many digits as the last step needs, at least four. */
static void frame_name(const struct api_run *run, uint32_t t, char *name, size_t room)
{
    int digits = run->parameters.schedule.steps > 9999 ? 5 : 4;
    snprintf(name, room, "frame-%0*u.png", digits, t);
}

/* What is large enough to be borrowed is a frame, the manifest or the directory, which stay. */
static bool write_zip(void *context, const void *bytes, size_t size)
{
    struct api_run *run = context;
    return api_write_borrowed(run->call, bytes, size) == DISSOLVE_OK;
}

enum dissolve_status api_open_archive(struct api_run *run)
{
    return codec_zip_create(write_zip, run, &run->output.zip);
}

static enum dissolve_status open_zip(struct api_run *run)
{
    struct api_output *output = &run->output;
    output->records = calloc(run->parameters.frames.count, sizeof *output->records);
    if (!output->records)
        return DISSOLVE_NO_MEMORY;
    return api_open_archive(run);
}

static enum dissolve_status encode_zip(void *context, struct api_slot *slot)
{
    return api_encode_png(context, slot, &slot->bytes);
}

static enum dissolve_status emit_zip(void *context, struct api_slot *slot)
{
    struct api_run *run = context;
    char name[32];
    frame_name(run, slot->t, name, sizeof name);
    run->output.records[slot->ordinal] =
        (struct api_record){.measures = slot->measures, .terms = slot->terms};
    return codec_zip_add(run->output.zip, name, slot->bytes.data, slot->bytes.size);
}

/* As used: variances, after parameterization and rescaling. */
static void describe_betas(struct json_writer *json, const struct dissolve_schedule *schedule)
{
    json_key(json, "betas");
    json_open(json, '[');
    for (uint32_t t = 1; t <= dissolve_schedule_steps(schedule); t++)
        json_number(json, dissolve_schedule_beta(schedule, t));
    json_close(json, ']');
}

static enum dissolve_status make_manifest(struct api_run *run)
{
    const struct api_selection *frames = &run->parameters.frames;
    struct json_writer json = {.out = &run->output.scratch};
    char name[32];
    json_open(&json, '{');
    api_describe_recipe(&json, run);
    api_describe_size(&json, &run->subject);
    describe_betas(&json, run->schedule);
    json_key(&json, "frames");
    json_open(&json, '[');
    for (size_t i = 0; i < frames->count; i++) {
        const struct api_record *record = &run->output.records[i];
        frame_name(run, frames->t[i], name, sizeof name);
        json_open(&json, '{');
        json_key(&json, "file");
        json_text(&json, name);
        api_describe_step(&json, run->schedule, frames->t[i]);
        api_describe_image(&json, &record->measures, run->subject.channels);
        api_describe_terms(&json, run, frames->t[i], &record->terms);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    return json.status;
}

static enum dissolve_status close_zip(struct api_run *run)
{
    struct api_output *output = &run->output;
    enum dissolve_status status = make_manifest(run);
    if (status == DISSOLVE_OK)
        status =
            codec_zip_add(output->zip, "manifest.json", output->scratch.data, output->scratch.size);
    return status == DISSOLVE_OK ? codec_zip_finish(output->zip) : status;
}

const struct api_form api_form_zip = {.wants_pixels = true,
                                      .wants_measures = API_MEASURE_ALL,
                                      .open = open_zip,
                                      .encode = encode_zip,
                                      .emit = emit_zip,
                                      .close = close_zip};
