/* Images in: a file as it is or in a form, and what it says of x_0. */
#include "codec/npy.h"
#include "media_type.h"
#include "run.h"
#include "service.h"
#include "unknown_body.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_image(const struct codec_field *field)
{
    return strcmp(field->name, "image") == 0;
}

/*
 * Finds the picture. A file under a name that is neither `image` nor a parameter's is most likely
 * the picture; some clients send a file name with every field, parameters included.
 */
static bool find_image(struct api_body *body, struct api_problem *problem)
{
    for (size_t i = 0; i < body->form.count; i++) {
        const struct codec_field *field = &body->form.fields[i];
        if (field->is_file && !is_image(field) && !api_parameters_know(field->name))
            return api_problem_blame(problem, 400, API_FAULT_PARAMETER, field->name,
                                     "Unknown field `%s`; send the picture in the field `image`.",
                                     field->name);
        if (!is_image(field))
            continue;
        if (body->bytes)
            return api_problem_blame(problem, 400, API_FAULT_PARAMETER, "image",
                                     "image is given twice");
        body->bytes = field->data;
        body->size = field->size;
        body->type = field->content_type;
    }
    return body->bytes || api_problem_blame(problem, 400, API_FAULT_PARAMETER, "image",
                                            "The form has no file field named image; send the "
                                            "picture in the field `image`.");
}

/* The form's field `image` is the file; every other field is a parameter. */
static bool parse_form(struct api_run *run, struct api_problem *problem)
{
    const struct api_request *request = &run->call->request;
    struct api_body *body = &run->body;
    char detail[CODEC_DETAIL];
    enum dissolve_status status = codec_form_parse(request->content_type, request->body,
                                                   request->body_size, &body->form, detail);
    if (status == DISSOLVE_MALFORMED)
        return api_problem_set(problem, 400, "%s", detail);
    if (status != DISSOLVE_OK)
        return api_problem_from_status(problem, status, detail);
    if (!find_image(body, problem))
        return false;
    for (size_t i = 0; i < body->form.count; i++) {
        const struct codec_field *field = &body->form.fields[i];
        if (!is_image(field) && !api_arguments_add(&run->arguments, API_FROM_FORM, field->name,
                                                   field->data, field->size, problem))
            return false;
    }
    return true;
}

static bool is_image_type(const char *type)
{
    return api_media_type_is_image(type) || api_media_type_is(type, "application/x-npy") ||
           api_media_type_is_open(type);
}

/* The first bytes say what it is, whatever its type says. */
static enum api_body_kind kind_of(const struct api_body *body)
{
    switch (codec_signature_find(body->bytes, body->size).kind) {
    case CODEC_KIND_NPY:
        return API_BODY_NPY;
    case CODEC_KIND_PNG:
    case CODEC_KIND_JPEG:
        return API_BODY_IMAGE;
    case CODEC_KIND_JSON:
    case CODEC_KIND_OTHER:
        break;
    }
    return API_BODY_UNKNOWN;
}

static bool is_form(const struct api_run *run)
{
    return api_media_type_is(run->call->request.content_type, "multipart/form-data");
}

bool api_image_identify(struct api_run *run, struct api_problem *problem)
{
    if (!is_form(run) && !is_image_type(run->call->request.content_type))
        return api_problem_set(problem, 415,
                               "The Content-Type is not one of a picture; send a PNG, a JPEG or "
                               "an NPY array as an image type, application/x-npy, "
                               "application/octet-stream or multipart/form-data.");
    run->body.kind = API_BODY_IMAGE; /* until its first bytes are looked at */
    return true;
}

bool api_image_parse(struct api_run *run, struct api_problem *problem)
{
    const struct api_request *request = &run->call->request;
    struct api_body *body = &run->body;
    if (is_form(run)) {
        if (!parse_form(run, problem))
            return false;
    } else {
        body->bytes = request->body;
        body->size = request->body_size;
        body->type = request->content_type;
    }
    if (body->size == 0)
        return api_problem_set(problem, 400, "the image is empty");
    body->kind = kind_of(body);
    return true;
}

static bool set_size(struct api_run *run, size_t width, size_t height, struct api_problem *problem)
{
    struct api_subject *subject = &run->subject;
    subject->width = (uint32_t)width;
    subject->height = (uint32_t)height;
    subject->channels = run->parameters.channels == API_CHANNELS_GRAY ? 1 : 3;
    subject->elements = width * height * subject->channels; /* no overflow: of at most max-pixels */
    return api_sheet_check(run, problem);
}

static bool make_state(struct api_run *run, struct api_problem *problem)
{
    struct api_subject *subject = &run->subject;
    subject->state = calloc(subject->elements, sizeof *subject->state);
    return subject->state || api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
}

/* Decoded pixels, made grey if that is asked for, become the state; they stay, as frame 0. */
static bool take_pixels(struct api_run *run, struct codec_image *image, struct api_problem *problem)
{
    struct api_subject *subject = &run->subject;
    if (run->parameters.channels == API_CHANNELS_GRAY)
        codec_image_to_gray(image);
    if (image->width != subject->width || image->height != subject->height)
        return api_problem_from_status(problem, DISSOLVE_INVALID, NULL);
    if (!make_state(run, problem))
        return false;
    if (image->pixels16)
        dissolve_from_pixels16(image->pixels16, subject->elements, subject->state);
    else
        dissolve_from_pixels(image->pixels, subject->elements, subject->state);
    subject->pixels = image->pixels;
    image->pixels = NULL;
    return true;
}

static bool probe_file(struct api_run *run, struct api_problem *problem)
{
    const struct api_body *body = &run->body;
    const uint64_t most = api_service_limits(run->call->service)->max_pixels;
    struct codec_image_info *info = &run->body.picture;
    char detail[CODEC_DETAIL] = "";
    if (run->parameters.start_step > 0)
        return api_parameters_blame(&run->arguments, "start_step", problem,
                                    "start_step needs the state itself, as NPY: a picture is "
                                    "clipped");
    enum dissolve_status status = codec_image_probe(body->bytes, body->size, most, info, detail);
    if (status != DISSOLVE_OK)
        return api_problem_from_status(problem, status, detail);
    return set_size(run, info->width, info->height, problem);
}

static bool load_file(struct api_run *run, struct api_problem *problem)
{
    const struct api_body *body = &run->body;
    const uint64_t most = api_service_limits(run->call->service)->max_pixels;
    struct codec_image image = {0};
    char detail[CODEC_DETAIL] = "";
    enum dissolve_status status =
        codec_image_decode(body->bytes, body->size, most, &run->cancel, &image, detail);
    bool loaded = status == DISSOLVE_OK ? take_pixels(run, &image, problem)
                                        : api_problem_from_status(problem, status, detail);
    codec_image_free(&image);
    return loaded;
}

/* ---- Arrays ---- */

/* How an array is an image: (height, width), (height, width, 1 or 3), and 1s before that. */
struct shape {
    size_t width, height;
    unsigned channels;
};

static bool find_shape(const struct codec_npy *npy, struct shape *shape)
{
    const size_t *sides = npy->shape;
    size_t dims = npy->dims;
    for (; dims > 3 && sides[0] == 1; dims--)
        sides++;
    if (dims == 3 && sides[2] != 1 && sides[2] != 3 && sides[0] == 1) { /* (1, height, width) */
        dims--;
        sides++;
    }
    if (dims < 2 || dims > 3)
        return false;
    *shape = (struct shape){
        .height = sides[0], .width = sides[1], .channels = dims == 3 ? (unsigned)sides[2] : 1};
    return (dims == 2 || sides[2] == 1 || sides[2] == 3) && shape->width > 0 && shape->height > 0;
}

static bool check_array(const struct api_run *run, const struct codec_npy *npy, struct shape *shape,
                        struct api_problem *problem)
{
    uint64_t most = api_service_limits(run->call->service)->max_pixels;
    switch (npy->type) {
    case CODEC_NPY_U8:
    case CODEC_NPY_U16:
    case CODEC_NPY_F16:
    case CODEC_NPY_F32:
    case CODEC_NPY_F64:
        break;
    default:
        return api_problem_set(problem, 422,
                               "an array is an image if its type is uint8, uint16 or a float");
    }
    if (!find_shape(npy, shape))
        return api_problem_set(problem, 422,
                               "an array is an image if its shape is (height, width) or (height, "
                               "width, 3)");
    if (shape->width > UINT32_MAX || shape->height > UINT32_MAX ||
        shape->width > most / shape->height)
        return api_problem_set(problem, 422,
                               "the array has %zu x %zu pixels; the limit is %" PRIu64,
                               shape->width, shape->height, most);
    return true;
}

/* Grey to RGB by repetition, RGB to grey by the weights of codec_image_to_gray. */
static void convert(const float *from, size_t pixels, unsigned channels, float *to)
{
    for (size_t i = 0; i < pixels; i++) {
        const float *p = from + i * (channels == 1 ? 3 : 1);
        if (channels == 3)
            to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = p[0];
        else
            to[i] =
                (float)((19595.0 * (double)p[0] + 38470.0 * (double)p[1] + 7471.0 * (double)p[2]) /
                        65536.0);
    }
}

/* Floats are the state as it is, but for the number of channels. */
static bool take_state(struct api_run *run, const struct shape *shape, const float *values,
                       struct api_problem *problem)
{
    struct api_subject *subject = &run->subject;
    if (!make_state(run, problem))
        return false;
    if (shape->channels == subject->channels)
        memcpy(subject->state, values, subject->elements * sizeof *values);
    else
        convert(values, shape->width * shape->height, subject->channels, subject->state);
    return true;
}

/* Whole numbers are pixels, 8 or 16 bits deep; grey ones are repeated, as those of a file. */
static enum dissolve_status make_image(const struct codec_npy *npy, const struct shape *shape,
                                       const float *values, struct codec_image *image)
{
    size_t pixels = shape->width * shape->height;
    bool deep = npy->type == CODEC_NPY_U16;
    *image = (struct codec_image){
        .width = (uint32_t)shape->width, .height = (uint32_t)shape->height, .channels = 3};
    /* NOLINTNEXTLINE: no side of the shape is 0, see find_shape */
    image->pixels = calloc(pixels, 3);
    image->pixels16 = deep ? calloc(pixels, 3 * sizeof *image->pixels16) : NULL;
    if (!image->pixels || (deep && !image->pixels16))
        return DISSOLVE_NO_MEMORY;
    for (size_t i = 0; i < 3 * pixels; i++) {
        unsigned value = (unsigned)values[shape->channels == 3 ? i : i / 3];
        if (deep)
            image->pixels16[i] = (uint16_t)value;
        image->pixels[i] = (uint8_t)(deep ? value >> 8 : value);
    }
    return DISSOLVE_OK;
}

static bool load_pixels(struct api_run *run, const struct codec_npy *npy, const struct shape *shape,
                        const float *values, struct api_problem *problem)
{
    struct codec_image image = {0};
    enum dissolve_status status = make_image(npy, shape, values, &image);
    bool loaded = status == DISSOLVE_OK ? take_pixels(run, &image, problem)
                                        : api_problem_from_status(problem, status, NULL);
    codec_image_free(&image);
    return loaded;
}

static bool all_finite(const float *values, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++)
        finite = finite && isfinite(values[i]);
    return finite;
}

/* Its header and its shape, as probe_array has checked them, or finds them at fault. */
static bool open_array(const struct api_run *run, struct codec_npy *npy, struct shape *shape,
                       struct api_problem *problem)
{
    char detail[CODEC_DETAIL] = "";
    enum dissolve_status status = codec_npy_open(run->body.bytes, run->body.size, npy, detail);
    if (status != DISSOLVE_OK)
        return api_problem_from_status(problem, status, detail);
    return check_array(run, npy, shape, problem);
}

static bool probe_array(struct api_run *run, struct api_problem *problem)
{
    struct codec_npy npy;
    struct shape shape = {0};
    if (!open_array(run, &npy, &shape, problem))
        return false;
    run->body.array_elements = npy.count;
    run->body.array_bits = npy.type == CODEC_NPY_U16 ? 16 : npy.type == CODEC_NPY_U8 ? 8 : 0;
    return set_size(run, shape.width, shape.height, problem);
}

static bool load_array(struct api_run *run, struct api_problem *problem)
{
    struct codec_npy npy;
    struct shape shape = {0};
    if (!open_array(run, &npy, &shape, problem))
        return false;
    float *values = calloc(npy.count, sizeof *values);
    if (!values)
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    codec_npy_floats(&npy, values);
    bool whole = npy.type == CODEC_NPY_U8 || npy.type == CODEC_NPY_U16;
    bool loaded;
    if (!all_finite(values, npy.count))
        loaded =
            api_problem_set(problem, 422, "the array has values that are not finite in float32");
    else if (whole)
        loaded = load_pixels(run, &npy, &shape, values, problem);
    else
        loaded = take_state(run, &shape, values, problem);
    free(values);
    return loaded;
}

/* A body whose type claims what it is not is broken: 422 instead of 415. */
static bool refuse_body(const struct api_body *body, struct api_problem *problem)
{
    const struct codec_signature signature = codec_signature_find(body->bytes, body->size);
    bool broken = api_media_type_is_png_or_jpeg(body->type) ||
                  api_media_type_is(body->type, "application/x-npy");
    return api_unknown_body_refuse(problem, broken ? 422 : 415, &signature,
                                   "a PNG, a JPEG or an NPY array");
}

bool api_image_probe(struct api_run *run, struct api_problem *problem)
{
    switch (run->body.kind) {
    case API_BODY_NPY:
        return probe_array(run, problem);
    case API_BODY_IMAGE:
        return probe_file(run, problem);
    default:
        return refuse_body(&run->body, problem);
    }
}

bool api_image_load(struct api_run *run, struct api_problem *problem)
{
    return run->body.kind == API_BODY_NPY ? load_array(run, problem) : load_file(run, problem);
}
