/* POST /v1/samples/histograms: samples or a mixture in, a histogram of each frame out. */
#include "accept.h"
#include "call.h"
#include "describe.h"
#include "json.h"
#include "media_type.h"
#include "pipeline.h"
#include "service.h"

#include <dissolve/dissolve.h>
#include <stdlib.h>

/* Everything this request owns, freed in one place. */
struct work {
    struct api_call *call;
    struct json_body body;
    struct api_arguments arguments;
    struct api_parameters parameters;
    struct dissolve_schedule *schedule;
    struct dissolve_process *process;
    float *state;
    size_t count;
};

static void work_free(struct work *work)
{
    dissolve_process_destroy(work->process);
    dissolve_schedule_destroy(work->schedule);
    free(work->state);
    api_parameters_free(&work->parameters);
    api_arguments_free(&work->arguments);
    json_body_free(&work->body);
}

static bool read_request(const struct api_request *request, struct work *work,
                         struct api_problem *problem)
{
    const char *type = request->content_type;
    if (!api_media_type_is(type, "application/json") && !api_media_type_is_unsaid(type))
        return api_problem_set(problem, 415, "send application/json");
    static const char *const offer = "application/json";
    return api_arguments_add_query(&work->arguments, request, problem) &&
           json_body_read((const char *)request->body, request->body_size, &work->body,
                          &work->arguments, problem) &&
           api_parameters_read(API_SAMPLES_HISTOGRAMS, &work->arguments, &work->parameters,
                               problem) &&
           (work->parameters.format == API_FORMAT_JSON ||
            api_accept_choose(request->accept, &offer, 1) == 0 ||
            api_problem_set(problem, 406, "histograms are offered as application/json"));
}

/* As many elements as the largest image has. */
static bool check_count(const struct api_service *service, uint64_t count,
                        struct api_problem *problem)
{
    uint64_t most = 3 * api_service_limits(service)->max_pixels;
    return count <= most ||
           api_problem_blame(problem, 422, API_FAULT_POINTER, "/mixture/count",
                             "count must be at most %llu", (unsigned long long)most);
}

/* The samples become the state; a mixture is drawn into a new one. */
static enum dissolve_status make_state(struct work *work)
{
    if (work->body.samples) {
        work->state = work->body.samples;
        work->body.samples = NULL;
        return DISSOLVE_OK;
    }
    work->state = calloc(work->count, sizeof *work->state);
    if (!work->state)
        return DISSOLVE_NO_MEMORY;
    dissolve_mixture_draw(&work->body.mixture, work->parameters.seed, 0, work->count, work->state);
    return DISSOLVE_OK;
}

static enum dissolve_status prepare(struct work *work)
{
    const struct api_parameters *parameters = &work->parameters;
    struct dissolve_schedule_options schedule = {
        .kind = DISSOLVE_SCHEDULE_CONSTANT, .steps = parameters->steps, .beta = parameters->beta};
    enum dissolve_status status = dissolve_schedule_create(&schedule, &work->schedule, NULL);
    if (status == DISSOLVE_OK)
        status = make_state(work);
    if (status != DISSOLVE_OK)
        return status;
    struct dissolve_process_options process = {.schedule = work->schedule,
                                               .seed = parameters->seed};
    return dissolve_process_create(&process, work->state, work->count, &work->process);
}

/* The arrays of one histogram. */
struct bins {
    double edges[DISSOLVE_MAX_BINS + 1];
    double density[DISSOLVE_MAX_BINS];
    uint64_t counts[DISSOLVE_MAX_BINS];
    uint64_t outside;
};

static void describe_bins(struct json_writer *json, const struct bins *bins, size_t count)
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

static enum dissolve_status encode(void *context, struct api_slot *slot)
{
    const struct work *work = context;
    const struct api_parameters *parameters = &work->parameters;
    struct bins *bins = malloc(sizeof *bins);
    if (!bins)
        return DISSOLVE_NO_MEMORY;
    enum dissolve_status status =
        dissolve_histogram(slot->state, work->count, parameters->bins,
                           parameters->has_range ? parameters->range : NULL, bins->edges,
                           bins->counts, &bins->outside);
    if (status == DISSOLVE_OK) {
        dissolve_histogram_density(parameters->bins, bins->edges, bins->counts, bins->density);
        struct json_writer json = {.out = &slot->bytes, .comma = slot->ordinal > 0};
        json_open(&json, '{');
        api_describe_step(&json, work->schedule, slot->t);
        describe_bins(&json, bins, parameters->bins);
        api_describe_moments(&json, &slot->measures);
        json_close(&json, '}');
        status = json.status;
    }
    free(bins);
    return status;
}

static enum dissolve_status begin(struct work *work)
{
    struct codec_buffer head = {0};
    struct json_writer json = {.out = &head};
    json_open(&json, '{');
    api_describe_run(&json, &work->parameters);
    json_key(&json, "bins");
    json_integer(&json, work->parameters.bins);
    json_key(&json, "frames");
    json_open(&json, '[');
    enum dissolve_status status = json.status;
    if (status == DISSOLVE_OK) {
        api_start_computation(work->call, "application/json", work->parameters.seed);
        status = api_write(work->call, head.data, head.size);
    }
    codec_buffer_free(&head);
    return status;
}

static enum dissolve_status emit(void *context, struct api_slot *slot)
{
    struct work *work = context;
    enum dissolve_status status = slot->ordinal == 0 ? begin(work) : DISSOLVE_OK;
    return status == DISSOLVE_OK ? api_write(work->call, slot->bytes.data, slot->bytes.size)
                                 : status;
}

static enum dissolve_status run(struct work *work)
{
    struct api_pipeline pipeline = {
        .process = work->process,
        .job = work->call->job,
        .t = work->parameters.frames.t,
        .count = work->parameters.frames.count,
        .elements = work->count,
        .channels = 1,
        .want_state = true,
        .want_measures = true,
        .context = work,
        .encode = encode,
        .emit = emit,
    };
    enum dissolve_status status = api_pipeline_run(&pipeline);
    work->call->timing->diffuse += pipeline.diffuse_ms;
    work->call->timing->encode += pipeline.encode_ms;
    return status == DISSOLVE_OK ? api_write(work->call, "]}\n", 3) : status;
}

static bool answer(struct api_call *call, struct work *work, struct api_problem *problem)
{
    double start = api_now_ms();
    bool read = read_request(call->request, work, problem);
    call->timing->decode += api_now_ms() - start;
    if (!read)
        return false;
    uint64_t count = work->body.samples ? work->body.sample_count : work->body.mixture_count;
    if (!check_count(call->service, count, problem) ||
        !api_check_work(call->service, count, api_selection_last(&work->parameters.frames),
                        problem))
        return false;
    work->count = (size_t)count;
    enum dissolve_status status = prepare(work);
    if (status == DISSOLVE_OK)
        status = run(work);
    return status == DISSOLVE_OK || api_problem_from_status(problem, status, NULL);
}

bool api_samples_histograms(struct api_call *call, struct api_problem *problem)
{
    struct work work = {.call = call};
    bool complete = answer(call, &work, problem);
    work_free(&work);
    return complete;
}
