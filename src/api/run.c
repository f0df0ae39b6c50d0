/* From the body to the last byte: gather, read, choose, load, check, run. */
#include "run.h"

#include "accept.h"
#include "codec/digest.h"
#include "codec/number.h"
#include "cost.h"
#include "facts.h"
#include "service.h"
#include "warnings.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run_free(struct api_run *run)
{
    codec_buffer_free(&run->output.recipe);
    codec_buffer_free(&run->output.scratch);
    codec_zip_destroy(run->output.zip);
    free(run->output.records);
    free(run->output.sheet);
    dissolve_process_destroy(run->process);
    free(run->subject.state);
    free(run->subject.x0);
    free(run->subject.pixels);
    dissolve_schedule_destroy(run->schedule);
    json_body_free(&run->body.json);
    codec_form_free(&run->body.form);
    api_parameters_free(&run->parameters);
    api_arguments_free(&run->arguments);
}

/* ---- The schedule ---- */

/* -0.1 as "-0.1", whatever printf's locale thinks; "not a number" for a NaN. */
static const char *value_text(double value, char text[CODEC_NUMBER_ROOM + 1])
{
    size_t length = codec_number_print(value, text);
    text[length] = '\0';
    return length > 0 ? text : "not a finite number";
}

bool api_make_schedule(const struct api_arguments *arguments,
                       const struct api_parameters *parameters, struct dissolve_schedule **schedule,
                       struct api_problem *problem)
{
    const struct dissolve_schedule_options *options = &parameters->schedule;
    struct dissolve_schedule_fault fault;
    enum dissolve_status status = dissolve_schedule_create(options, schedule, &fault);
    if (status != DISSOLVE_INVALID)
        return status == DISSOLVE_OK || api_problem_from_status(problem, status, NULL);
    if (fault.t == 0)
        return api_parameters_blame(arguments, "rescale_zero_snr", problem,
                                    "this schedule cannot be rescaled: its signal is the same at "
                                    "its first and at its last step");
    char text[CODEC_NUMBER_ROOM + 1];
    return api_parameters_blame(
        arguments, options->kind == DISSOLVE_SCHEDULE_CUSTOM ? "betas" : "schedule", problem,
        "step %" PRIu32 " of the schedule would be %s, outside 0..1", fault.t,
        value_text(fault.value, text));
}

/* ---- The form ---- */

/* The parameter that keeps an answer from having a format; NULL: none does. */
static const char *obstacle(const struct api_parameters *parameters, enum api_format format)
{
    if (api_parameters_want_targets(parameters) && format != API_FORMAT_NPY &&
        format != API_FORMAT_NPZ)
        return "content";
    if (parameters->layout != API_LAYOUT_ANIMATION && format != API_FORMAT_PNG &&
        format != API_FORMAT_SVG)
        return "layout";
    if (parameters->terms && format != API_FORMAT_JSON && format != API_FORMAT_ZIP)
        return "measures";
    return NULL;
}

static bool is_possible(const struct api_parameters *parameters, const struct api_offer *offer)
{
    bool animated = strcmp(offer->media_type, "image/apng") == 0;
    return !obstacle(parameters, offer->format) &&
           !(offer->format == API_FORMAT_NPY && parameters->content_count > 1) &&
           !(animated && parameters->layout != API_LAYOUT_ANIMATION);
}

static const struct api_offer *offer_of(const struct api_computation *computation,
                                        enum api_format format)
{
    const struct api_offer *offer = computation->offers;
    while (offer->format != format)
        offer++;
    return offer;
}

static bool refuse_offer(const struct api_run *run, const char *culprit,
                         const struct api_offer *offer, struct api_problem *problem)
{
    return api_parameters_blame(&run->arguments, culprit, problem,
                                "%s as asked for does not go with an answer of %s", culprit,
                                offer->media_type);
}

static bool take_format(struct api_run *run, struct api_problem *problem)
{
    const struct api_parameters *parameters = &run->parameters;
    enum api_format format = parameters->format;
    const char *culprit = obstacle(parameters, format);
    if (format == API_FORMAT_NPY && parameters->content_count > 1)
        format = API_FORMAT_NPZ;
    run->offer = offer_of(run->computation, format);
    return !culprit || refuse_offer(run, culprit, run->offer, problem);
}

enum { MAX_OFFERS = 8 };

/* Some of an endpoint's offers, and their media types, as api_accept_choose takes them. */
struct choice {
    const struct api_offer *offers[MAX_OFFERS];
    const char *types[MAX_OFFERS];
    size_t count;
};

static struct choice offers_of(const struct api_run *run, bool possible)
{
    const struct api_computation *computation = run->computation;
    struct choice choice = {.count = 0};
    for (size_t i = 0; i < computation->offer_count; i++) {
        const struct api_offer *offer = &computation->offers[i];
        if (possible && !is_possible(&run->parameters, offer))
            continue;
        choice.types[choice.count] = offer->media_type;
        choice.offers[choice.count++] = offer;
    }
    return choice;
}

static const struct api_offer *preferred(const struct api_run *run, const struct choice *choice)
{
    int index = api_accept_choose(run->call->request->accept, choice->types, choice->count);
    return index < 0 ? NULL : choice->offers[index];
}

static bool refuse_accept(const struct choice *choice, struct api_problem *problem)
{
    char list[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < choice->count; i++) {
        size_t left = choice->count - i;
        const char *link = left > 2 ? ", " : left == 2 ? " and " : "";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", choice->types[i], link);
    }
    return api_problem_set(problem, 406, "this answer is offered as %s", list);
}

/*
 * The best of what the parameters allow. Where the client takes none of it, but something that a
 * parameter rules out, that parameter is at fault.
 */
static bool take_accept(struct api_run *run, struct api_problem *problem)
{
    const struct choice possible = offers_of(run, true), all = offers_of(run, false);
    if (possible.count == 0)
        return api_parameters_blame(&run->arguments, run->parameters.terms ? "measures" : "layout",
                                    problem, "no answer has all that is asked for");
    run->offer = preferred(run, &possible);
    if (run->offer)
        return true;
    const struct api_offer *wanted = preferred(run, &all);
    const char *culprit = wanted ? obstacle(&run->parameters, wanted->format) : NULL;
    if (culprit)
        return refuse_offer(run, culprit, wanted, problem);
    return refuse_accept(&possible, problem);
}

static bool choose_form(struct api_run *run, struct api_problem *problem)
{
    const struct api_parameters *parameters = &run->parameters;
    if (parameters->terms && parameters->sampler != DISSOLVE_SAMPLER_CHAIN)
        return api_parameters_blame(&run->arguments, "measures", problem,
                                    "only the steps of sampler=chain have terms");
    if (!(parameters->format == API_FORMAT_UNSAID ? take_accept(run, problem)
                                                  : take_format(run, problem)))
        return false;
    run->form = run->computation->form(run, run->offer->format);
    return true;
}

/* ---- The work ---- */

/* 1 + ceil(log2 steps): the most draws that one frame of the tree sampler takes. */
static uint64_t tree_depth(uint32_t steps)
{
    uint64_t depth = 1;
    while (steps > 1ull << (depth - 1))
        depth++;
    return depth;
}

/*
 * All frames of a tree take a draw each, but every window more goes down to its frames anew; a few
 * frames cost no more than each of them alone.
 */
static uint64_t tree_draws(const struct api_run *run)
{
    const struct api_parameters *parameters = &run->parameters;
    uint64_t count = parameters->frames.count, steps = parameters->schedule.steps;
    uint64_t depth = tree_depth(parameters->schedule.steps);
    uint64_t windows = api_pipeline_windows(run->subject.elements, run->form->wants_pixels,
                                            run->form->wants_state, parameters->frames.count);
    uint64_t together = steps + (windows - 1) * depth;
    return together < count * depth ? together : count * depth;
}

/* How many draws each element takes; steps that no frame needs are not made. */
static uint64_t draws(const struct api_run *run)
{
    const struct api_parameters *parameters = &run->parameters;
    switch (parameters->sampler) {
    case DISSOLVE_SAMPLER_JUMP:
        return parameters->frames.count;
    case DISSOLVE_SAMPLER_TREE:
        return tree_draws(run);
    case DISSOLVE_SAMPLER_CHAIN:
        break;
    }
    return api_selection_last(&parameters->frames) - parameters->start_step;
}

/* Whether work that takes so many nanoseconds may be done now; else it is put off. */
static bool is_allowed(struct api_run *run, uint64_t estimate)
{
    run->call->postponed = estimate > run->call->allowance;
    return !run->call->postponed;
}

/* Whether the table of the schedule may be made now. */
static bool may_make_schedule(struct api_run *run)
{
    const struct api_work work = {.steps = run->parameters.schedule.steps};
    return is_allowed(run, api_cost_estimate(&work));
}

/* All but the points of the exact distribution, which take time to count. */
static struct api_work work_of(const struct api_run *run)
{
    const struct api_parameters *parameters = &run->parameters;
    const struct json_body *json = &run->body.json;
    return (struct api_work){
        .endpoint = run->computation->endpoint,
        .format = run->offer->format,
        .compression = parameters->compression,
        .sampler = parameters->sampler,
        .terms = parameters->terms,
        .gzip = api_may_compress(run->call, run->offer->media_type),
        .steps = parameters->schedule.steps,
        .frames = parameters->frames.count,
        .passes = run->form->each_content ? parameters->content_count : 1,
        .draws = draws(run),
        .elements = run->subject.elements,
        .channels = run->subject.channels,
        .bins = parameters->bins,
        .components = json->has_mixture ? json->mixture.components : 0,
        .picture = run->body.picture,
    };
}

bool api_run_admit(struct api_run *run, uint64_t elements, struct api_problem *problem)
{
    const struct api_computation *computation = run->computation;
    const struct api_service *service = run->call->service;
    if (elements > SIZE_MAX / sizeof *run->subject.state)
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    run->subject.elements = (size_t)elements;
    run->call->timing->state = elements * sizeof *run->subject.state;
    struct api_work work = work_of(run);
    if (!is_allowed(run, api_cost_estimate(&work)) ||
        !api_check_work(service, computation->endpoint, api_cost_estimate(&work), problem))
        return false;
    if (!computation->exact_points)
        return true;
    work.exact = computation->exact_points(run);
    return is_allowed(run, api_cost_estimate(&work)) &&
           api_check_work(service, computation->endpoint, api_cost_estimate(&work), problem);
}

/* ---- The answer ---- */

enum dissolve_status api_run_write_scratch(struct api_run *run)
{
    struct codec_buffer *scratch = &run->output.scratch;
    enum dissolve_status status = api_write(run->call, scratch->data, scratch->size);
    scratch->size = 0;
    return status;
}

static void start_answer(struct api_run *run)
{
    const struct api_offer *offer = run->offer;
    char seed[24], disposition[96], type[96], warning[API_WARNING_SIZE];
    snprintf(seed, sizeof seed, "%" PRIu64, run->parameters.seed);
    snprintf(disposition, sizeof disposition, "%s; filename=\"%s-%s.%s\"",
             offer->attachment ? "attachment" : "inline", run->computation->file_stem, seed,
             offer->extension ? offer->extension : "");
    snprintf(type, sizeof type, "%s", offer->media_type);
    if (offer->format == API_FORMAT_MULTIPART)
        snprintf(type, sizeof type, "%s; boundary=%s", offer->media_type, run->output.boundary);
    struct api_field headers[5] = {
        {"Content-Type", type},
        {"Dissolve-Seed", seed},
        {"Cache-Control", "no-store"},
    };
    size_t used = 3;
    if (offer->extension)
        headers[used++] = (struct api_field){"Content-Disposition", disposition};
    if (api_warning_of_schedule(&run->parameters.schedule, run->schedule, warning))
        headers[used++] = (struct api_field){"Dissolve-Warning", warning};
    run->call->compress = api_may_compress(run->call, offer->media_type);
    api_start(run->call, 200, headers, used);
}

/* The answer begins with its first frame, so that a failure before it can still be told. */
static enum dissolve_status emit(void *context, struct api_slot *slot)
{
    struct api_run *run = context;
    enum dissolve_status status = DISSOLVE_OK;
    if (!run->call->started) {
        start_answer(run);
        if (run->form->open)
            status = run->form->open(run);
    }
    return status == DISSOLVE_OK ? run->form->emit(run, slot) : status;
}

static enum dissolve_status flush(void *context)
{
    struct api_run *run = context;
    return api_flush(run->call);
}

static enum dissolve_status encode_nothing(void *context, struct api_slot *slot)
{
    (void)context, (void)slot;
    return DISSOLVE_OK;
}

/* For the figures: so many frames were made, and what that took. */
static void count(struct api_run *run, size_t frames)
{
    const struct api_parameters *parameters = &run->parameters;
    struct api_timing *timing = run->call->timing;
    if (frames == 0)
        return;
    uint64_t steps = parameters->frames.t[frames - 1] - parameters->start_step;
    timing->frames += frames;
    timing->elements += run->subject.elements * steps;
}

/* The form's one way through all frames. */
static enum dissolve_status run_pass(struct api_run *run)
{
    const struct api_form *form = run->form;
    const struct api_parameters *parameters = &run->parameters;
    const struct api_subject *subject = &run->subject;
    const struct dissolve_process_options options = {.schedule = run->schedule,
                                                     .seed = parameters->seed,
                                                     .offset = parameters->offset,
                                                     .sampler = parameters->sampler,
                                                     .start = parameters->start_step};
    enum dissolve_status status =
        dissolve_process_create(&options, subject->state, subject->elements, &run->process);
    if (status != DISSOLVE_OK)
        return status;
    struct api_pipeline pipeline = {
        .process = run->process,
        .job = run->call->job,
        .t = parameters->frames.t,
        .count = parameters->frames.count,
        .start = parameters->start_step,
        .elements = subject->elements,
        .channels = subject->channels,
        .want_pixels = form->wants_pixels,
        .want_state = form->wants_state,
        .want_measures = form->wants_measures,
        .want_terms = parameters->terms,
        .input_pixels = subject->pixels,
        .context = run,
        .encode = form->encode ? form->encode : encode_nothing,
        .emit = emit,
        .flush = flush,
    };
    status = api_pipeline_run(&pipeline);
    run->call->timing->diffuse += pipeline.diffuse_ms;
    run->call->timing->encode += pipeline.encode_ms;
    count(run, pipeline.emitted);
    dissolve_process_destroy(run->process);
    run->process = NULL;
    return status;
}

/* Keeps x_0 where something is derived from it, or the process begins again from it. */
static enum dissolve_status keep_x0(struct api_run *run)
{
    struct api_subject *subject = &run->subject;
    if (!api_parameters_want_targets(&run->parameters))
        return DISSOLVE_OK;
    subject->x0 = malloc(subject->elements * sizeof *subject->x0);
    if (!subject->x0)
        return DISSOLVE_NO_MEMORY;
    memcpy(subject->x0, subject->state, subject->elements * sizeof *subject->x0);
    return DISSOLVE_OK;
}

static enum dissolve_status make_recipe(struct api_run *run)
{
    struct api_fact facts[API_MAX_FACTS];
    size_t count = api_facts_of_recipe(&run->parameters, facts);
    return api_facts_to_query(facts, count, &run->output.recipe);
}

/*
 * A boundary that no part contains (RFC 2046, 5.1.1): an uncompressed picture can bring any bytes
 * into a part, but not half of the SHA-256 of itself. The NUL behind the recipe divides it from the
 * body.
 */
static void make_boundary(struct api_run *run)
{
    struct api_output *output = &run->output;
    struct codec_sha256 sha256;
    uint8_t digest[CODEC_SHA256_SIZE];
    codec_sha256_init(&sha256);
    codec_sha256_update(&sha256, output->recipe.data, output->recipe.size);
    codec_sha256_update(&sha256, run->body.bytes, run->body.size);
    codec_sha256_finish(&sha256, digest);
    int length = snprintf(output->boundary, sizeof output->boundary, "dissolve-");
    for (size_t i = 0; i < sizeof digest / 2; i++)
        length += snprintf(output->boundary + length, sizeof output->boundary - (size_t)length,
                           "%02x", digest[i]);
}

static enum dissolve_status compute(struct api_run *run)
{
    size_t passes = run->form->each_content ? run->parameters.content_count : 1;
    enum dissolve_status status = make_recipe(run);
    if (status == DISSOLVE_OK && run->offer->format == API_FORMAT_MULTIPART)
        make_boundary(run);
    if (status == DISSOLVE_OK)
        status = keep_x0(run);
    for (size_t pass = 0; pass < passes && status == DISSOLVE_OK; pass++) {
        if (pass > 0)
            memcpy(run->subject.state, run->subject.x0,
                   run->subject.elements * sizeof *run->subject.x0);
        run->output.pass = pass;
        status = run_pass(run);
    }
    return status == DISSOLVE_OK && run->form->close ? run->form->close(run) : status;
}

static bool prepare(struct api_run *run, struct api_problem *problem)
{
    const struct api_computation *computation = run->computation;
    double start = api_now_ms();
    bool ready =
        api_arguments_add_query(&run->arguments, run->call->request, problem) &&
        computation->gather(run, problem) &&
        api_parameters_read(computation->endpoint, &run->arguments, &run->parameters, problem) &&
        may_make_schedule(run) &&
        api_make_schedule(&run->arguments, &run->parameters, &run->schedule, problem) &&
        choose_form(run, problem) && computation->load(run, problem);
    run->call->timing->decode += api_now_ms() - start;
    return ready;
}

static bool answer(struct api_run *run, struct api_problem *problem)
{
    if (!prepare(run, problem))
        return false;
    enum dissolve_status status = compute(run);
    return status == DISSOLVE_OK || api_problem_from_status(problem, status, NULL);
}

static bool is_cancelled(void *job)
{
    return dissolve_job_cancelled(job);
}

bool api_run_answer(struct api_call *call, const struct api_computation *computation,
                    struct api_problem *problem)
{
    struct api_run run = {.call = call,
                          .cancel = {.cancelled = is_cancelled, .context = call->job},
                          .computation = computation};
    bool complete = answer(&run, problem);
    run_free(&run);
    return complete;
}
