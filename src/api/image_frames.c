/* POST /v1/images/frames: an image in, its frames out. */
#include "accept.h"
#include "call.h"
#include "codec/multipart.h"
#include "frame_forms.h"
#include "media_type.h"
#include "service.h"

#include <dissolve/process.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Everything this request owns, freed in one place. */
struct work {
    struct codec_form form;
    struct api_arguments arguments;
    struct api_parameters parameters;
    struct codec_image image;
    struct dissolve_schedule *schedule;
    struct dissolve_process *process;
    float *state;
    struct frame_answer answer;
};

static void work_free(struct work *work)
{
    frame_answer_free(&work->answer);
    dissolve_process_destroy(work->process);
    free(work->state);
    dissolve_schedule_destroy(work->schedule);
    codec_image_free(&work->image);
    api_parameters_free(&work->parameters);
    api_arguments_free(&work->arguments);
    codec_form_free(&work->form);
}

/* Where the image's bytes are. */
struct file {
    const uint8_t *bytes;
    size_t size;
};

/* The form's field `image` is the file; every other field is a parameter. */
static bool read_form(const struct api_request *request, struct work *work, struct file *file,
                      struct api_problem *problem)
{
    char detail[CODEC_DETAIL];
    enum dissolve_status status = codec_form_parse(request->content_type, request->body,
                                                   request->body_size, &work->form, detail);
    if (status == DISSOLVE_MALFORMED)
        return api_problem_set(problem, 400, "%s", detail);
    if (status != DISSOLVE_OK)
        return api_problem_from_status(problem, status, detail);
    for (size_t i = 0; i < work->form.count; i++) {
        const struct codec_field *field = &work->form.fields[i];
        if (strcmp(field->name, "image") != 0) {
            if (!api_arguments_add(&work->arguments, API_FROM_FORM, field->name, field->data,
                                   field->size, problem))
                return false;
        } else if (file->bytes) {
            return api_problem_blame(problem, 400, API_FAULT_PARAMETER, "image",
                                     "image is given twice");
        } else {
            *file = (struct file){.bytes = field->data, .size = field->size};
        }
    }
    return file->bytes || api_problem_blame(problem, 400, API_FAULT_PARAMETER, "image",
                                            "the form has no file field named image");
}

static bool read_body(const struct api_request *request, struct work *work, struct file *file,
                      struct api_problem *problem)
{
    const char *type = request->content_type;
    if (api_media_type_is(type, "multipart/form-data"))
        return read_form(request, work, file, problem);
    if (type && !api_media_type_is(type, "image/png") && !api_media_type_is_unsaid(type))
        return api_problem_set(problem, 415,
                               "send image/png, application/octet-stream or multipart/form-data");
    *file = (struct file){.bytes = request->body, .size = request->body_size};
    return file->size > 0 || api_problem_set(problem, 400, "the body is empty: send an image");
}

/* Chooses the form by `format`, else by Accept. */
static bool choose_form(const struct api_request *request, struct work *work,
                        struct api_problem *problem)
{
    static const char *const offers[] = {"image/png", "image/apng", "application/zip",
                                         "application/json"};
    static const enum api_format formats[] = {API_FORMAT_PNG, API_FORMAT_PNG, API_FORMAT_ZIP,
                                              API_FORMAT_JSON};
    enum api_format format = work->parameters.format;
    int choice = 0;
    if (format == API_FORMAT_UNSAID) {
        choice = api_accept_choose(request->accept, offers, 4);
        if (choice < 0)
            return api_problem_set(problem, 406,
                                   "frames are offered as image/png, image/apng, "
                                   "application/zip and application/json");
    } else {
        while (formats[choice] != format)
            choice++;
    }
    struct frame_answer *answer = &work->answer;
    answer->media_type = offers[choice];
    bool single = work->parameters.frames.count == 1;
    if (formats[choice] == API_FORMAT_ZIP)
        answer->form = &frame_form_zip;
    else if (formats[choice] == API_FORMAT_JSON)
        answer->form = &frame_form_json;
    else
        answer->form = single ? &frame_form_png : &frame_form_apng;
    if (answer->form == &frame_form_png)
        answer->media_type = offers[0];
    return true;
}

static bool decode(struct api_call *call, struct file file, struct work *work,
                   struct api_problem *problem)
{
    char detail[CODEC_DETAIL] = "";
    double start = api_now_ms();
    enum dissolve_status status = codec_png_decode(
        file.bytes, file.size, api_service_limits(call->service)->max_pixels, &work->image, detail);
    call->timing->decode += api_now_ms() - start;
    return status == DISSOLVE_OK || api_problem_from_status(problem, status, detail);
}

/* The frames of steps that are never asked for are not computed, so that they are no work. */
static bool check_work(struct api_call *call, const struct work *work, size_t elements,
                       struct api_problem *problem)
{
    return api_check_work(call->service, elements, api_selection_last(&work->parameters.frames),
                          problem);
}

/* x_0 from the pixels, and the process over it. */
static enum dissolve_status prepare(struct work *work, size_t elements)
{
    const struct api_parameters *parameters = &work->parameters;
    struct dissolve_schedule_options schedule = {
        .kind = DISSOLVE_SCHEDULE_CONSTANT, .steps = parameters->steps, .beta = parameters->beta};
    enum dissolve_status status = dissolve_schedule_create(&schedule, &work->schedule, NULL);
    if (status != DISSOLVE_OK)
        return status;
    work->state = calloc(elements, sizeof *work->state);
    if (!work->state)
        return DISSOLVE_NO_MEMORY;
    if (work->image.pixels16)
        dissolve_from_pixels16(work->image.pixels16, elements, work->state);
    else
        dissolve_from_pixels(work->image.pixels, elements, work->state);
    struct dissolve_process_options process = {.schedule = work->schedule,
                                               .seed = parameters->seed};
    return dissolve_process_create(&process, work->state, elements, &work->process);
}

/* The answer begins with its first frame, so that a failure before it can still be told. */
static enum dissolve_status emit(void *context, struct api_slot *slot)
{
    struct frame_answer *answer = context;
    if (slot->ordinal == 0) {
        api_start_computation(answer->call, answer->media_type, answer->parameters->seed);
        enum dissolve_status status = answer->form->open(answer);
        if (status != DISSOLVE_OK)
            return status;
    }
    return answer->form->emit(answer, slot);
}

static enum dissolve_status run(struct api_call *call, struct work *work, size_t elements)
{
    struct frame_answer *answer = &work->answer;
    answer->call = call;
    answer->parameters = &work->parameters;
    answer->schedule = work->schedule;
    answer->image = &work->image;
    struct api_pipeline pipeline = {
        .process = work->process,
        .job = call->job,
        .t = work->parameters.frames.t,
        .count = work->parameters.frames.count,
        .elements = elements,
        .channels = work->image.channels,
        .want_pixels = true,
        .want_measures = answer->form->wants_measures,
        .input_pixels = work->image.pixels,
        .context = answer,
        .encode = answer->form->encode,
        .emit = emit,
    };
    enum dissolve_status status = api_pipeline_run(&pipeline);
    call->timing->diffuse += pipeline.diffuse_ms;
    call->timing->encode += pipeline.encode_ms;
    return status == DISSOLVE_OK ? answer->form->close(answer) : status;
}

static bool answer(struct api_call *call, struct work *work, struct api_problem *problem)
{
    struct file file = {0};
    if (!api_arguments_add_query(&work->arguments, call->request, problem) ||
        !read_body(call->request, work, &file, problem) ||
        !api_parameters_read(API_IMAGES_FRAMES, &work->arguments, &work->parameters, problem) ||
        !choose_form(call->request, work, problem) || !decode(call, file, work, problem))
        return false;
    size_t elements = (size_t)work->image.width * work->image.height * work->image.channels;
    if (!check_work(call, work, elements, problem))
        return false;
    enum dissolve_status status = prepare(work, elements);
    if (status == DISSOLVE_OK)
        status = run(call, work, elements);
    return status == DISSOLVE_OK || api_problem_from_status(problem, status, NULL);
}

bool api_images_frames(struct api_call *call, struct api_problem *problem)
{
    struct work work = {0};
    bool complete = answer(call, &work, problem);
    work_free(&work);
    return complete;
}
