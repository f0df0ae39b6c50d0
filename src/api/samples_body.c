/* Samples in: JSON, a mixture to draw from, an NPY or the bare numbers. */
#include "codec/npy.h"
#include "media_type.h"
#include "run.h"
#include "service.h"
#include "unknown_body.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "samples are little-endian, and copied as they are"
#endif

static const char accepted[] = "JSON, an NPY array, or float32 numbers as application/octet-stream";

static bool is_samples_type(const char *type)
{
    return api_media_type_is(type, "application/json") ||
           api_media_type_is(type, "application/x-npy") || api_media_type_is_open(type);
}

static bool refuse_kind(const struct codec_signature *signature, const char *type,
                        struct api_problem *problem)
{
    bool picture = signature->kind == CODEC_KIND_PNG || signature->kind == CODEC_KIND_JPEG;
    if (picture)
        return api_problem_set(problem, 415,
                               "This looks like %s. Send a picture to /v1/images; here, send %s.",
                               signature->name, accepted);
    int status = api_media_type_is(type, "application/x-npy")  ? 422
                 : api_media_type_is(type, "application/json") ? 400
                                                               : 415;
    return api_unknown_body_refuse(problem, status, signature, accepted);
}

/*
 * Under application/octet-stream all bytes but an NPY are numbers. Under any other type the first
 * bytes decide, and where they do not, JSON's parser says what is wrong with text that claims to be
 * JSON.
 */
static bool find_kind(const struct api_request *request, enum api_body_kind *kind,
                      struct api_problem *problem)
{
    const char *type = request->content_type;
    const struct codec_signature signature =
        codec_signature_find(request->body, request->body_size);
    bool claims_json = api_media_type_is(type, "application/json");
    bool is_foreign = signature.name && !signature.text;
    if (signature.kind == CODEC_KIND_NPY)
        *kind = API_BODY_NPY;
    else if (api_media_type_is(type, "application/octet-stream"))
        *kind = API_BODY_RAW;
    else if (signature.kind == CODEC_KIND_JSON || (claims_json && !is_foreign))
        *kind = API_BODY_JSON;
    else
        return refuse_kind(&signature, type, problem);
    return true;
}

bool api_samples_identify(struct api_run *run, struct api_problem *problem)
{
    const struct api_request *request = &run->call->request;
    struct api_body *body = &run->body;
    if (!is_samples_type(request->content_type))
        return api_problem_set(problem, 415,
                               "The Content-Type is not one of application/json, "
                               "application/x-npy and application/octet-stream; send %s.",
                               accepted);
    if (request->body_size == 0)
        return api_problem_set(problem, 400, "the body is empty: send samples or a mixture");
    body->bytes = request->body;
    body->size = request->body_size;
    return find_kind(request, &body->kind, problem);
}

bool api_samples_parse(struct api_run *run, struct api_problem *problem)
{
    struct api_body *body = &run->body;
    return body->kind != API_BODY_JSON || json_body_read((const char *)body->bytes, body->size,
                                                         &body->json, &run->arguments, problem);
}

/* ---- How many samples there are ---- */

static bool probe_raw(struct api_run *run, struct api_problem *problem)
{
    const struct api_body *body = &run->body;
    if (body->size % sizeof(float) != 0)
        return api_problem_set(problem, 400,
                               "the body has %zu bytes, which are no whole number of float32",
                               body->size);
    run->subject.elements = body->size / sizeof(float);
    return true;
}

static bool probe_npy(struct api_run *run, struct api_problem *problem)
{
    struct codec_npy npy;
    char detail[CODEC_DETAIL] = "";
    enum dissolve_status status = codec_npy_open(run->body.bytes, run->body.size, &npy, detail);
    if (status != DISSOLVE_OK)
        return api_problem_from_status(problem, status, detail);
    if (npy.count == 0)
        return api_problem_set(problem, 400, "the array is empty");
    run->subject.elements = npy.count;
    return true;
}

/* As many elements as the largest image has. */
static bool check_count(const struct api_run *run, uint64_t count, struct api_problem *problem)
{
    uint64_t most = 3 * api_service_limits(run->call->service)->max_pixels;
    return count <= most || api_problem_blame(problem, 422, API_FAULT_POINTER, "/mixture/count",
                                              "count must be at most %" PRIu64, most);
}

static bool probe_json(struct api_run *run, struct api_problem *problem)
{
    const struct json_body *json = &run->body.json;
    if (!json->has_mixture) {
        run->subject.elements = json->sample_count;
        return true;
    }
    if (run->parameters.start_step > 0)
        return api_parameters_blame(&run->arguments, "start_step", problem,
                                    "start_step needs the samples themselves, not a mixture");
    run->subject.elements = (size_t)json->mixture_count;
    return check_count(run, json->mixture_count, problem);
}

bool api_samples_probe(struct api_run *run, struct api_problem *problem)
{
    run->subject.channels = 1;
    switch (run->body.kind) {
    case API_BODY_RAW:
        return probe_raw(run, problem);
    case API_BODY_NPY:
        return probe_npy(run, problem);
    case API_BODY_JSON:
    case API_BODY_IMAGE:
    case API_BODY_UNKNOWN:
        break;
    }
    return probe_json(run, problem);
}

/* ---- The samples ---- */

static bool check_finite(const struct api_subject *subject, struct api_problem *problem)
{
    for (size_t i = 0; i < subject->elements; i++) {
        if (!isfinite(subject->state[i]))
            return api_problem_set(problem, 422, "sample %zu is not finite in float32", i);
    }
    return true;
}

static bool load_npy(struct api_run *run, struct api_problem *problem)
{
    struct codec_npy npy;
    char detail[CODEC_DETAIL] = "";
    enum dissolve_status status = codec_npy_open(run->body.bytes, run->body.size, &npy, detail);
    if (status != DISSOLVE_OK)
        return api_problem_from_status(problem, status, detail);
    codec_npy_floats(&npy, run->subject.state);
    return check_finite(&run->subject, problem);
}

static bool load_json(struct api_run *run)
{
    struct json_body *json = &run->body.json;
    if (json->has_mixture) {
        dissolve_mixture_draw(&json->mixture, run->parameters.seed, run->parameters.offset,
                              run->subject.elements, run->subject.state);
    } else {
        run->subject.state = json->samples;
        json->samples = NULL;
    }
    return true;
}

bool api_samples_load(struct api_run *run, struct api_problem *problem)
{
    const struct api_body *body = &run->body;
    struct api_subject *subject = &run->subject;
    bool is_there = body->kind == API_BODY_JSON && !body->json.has_mixture;
    if (!is_there)
        subject->state = calloc(subject->elements, sizeof *subject->state);
    if (!is_there && !subject->state)
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    if (body->kind == API_BODY_NPY)
        return load_npy(run, problem);
    if (body->kind == API_BODY_JSON)
        return load_json(run);
    memcpy(subject->state, body->bytes, body->size);
    return check_finite(subject, problem);
}
