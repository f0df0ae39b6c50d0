/* From the body to the last byte: gather, read, choose, load, check, run. */
#include "run.h"

#include "codec/digest.h"
#include "codec/number.h"
#include "cost.h"
#include "facts.h"
#include "forms.h"
#include "memory.h"
#include "service.h"
#include "warnings.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void api_run_destroy(struct api_run *run)
{
    if (!run)
        return;
    codec_buffer_free(&run->output.recipe);
    codec_buffer_free(&run->output.scratch);
    codec_zip_destroy(run->output.zip);
    free(run->output.records);
    free(run->output.sheet);
    api_pipeline_destroy(run->pipeline);
    dissolve_process_destroy(run->process);
    free(run->subject.state);
    free(run->subject.x0);
    free(run->subject.pixels);
    dissolve_schedule_destroy(run->schedule);
    json_body_free(&run->body.json);
    codec_form_free(&run->body.form);
    api_parameters_free(&run->parameters);
    api_arguments_free(&run->arguments);
    free(run);
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

/* ---- The work ---- */

/* 1 + ceil(log2 steps): the most draws that one frame of the tree sampler takes. */
static uint64_t tree_depth(uint32_t steps)
{
    uint64_t depth = 1;
    while (steps > 1ull << (depth - 1))
        depth++;
    return depth;
}

static struct api_windows windows_of(const struct api_run *run)
{
    return api_pipeline_windows(run->subject.elements, run->form->wants_pixels,
                                run->form->wants_state, run->parameters.frames.count);
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
    uint64_t together = steps + (windows_of(run).count - 1) * depth;
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

static struct api_footprint footprint_of(const struct api_run *run)
{
    const struct api_parameters *parameters = &run->parameters;
    const struct json_body *json = &run->body.json;
    const struct api_form *form = run->form;
    const struct api_windows windows = windows_of(run);
    const struct api_sheet sheet = api_sheet_of(run);
    return (struct api_footprint){
        .format = run->offer->format,
        .compression = parameters->compression,
        .gzip = api_may_compress(run->call, run->offer->media_type),
        .pixels = form->wants_pixels,
        .state = form->wants_state,
        .tally = form->wants_measures == API_MEASURE_ALL,
        .targets = api_parameters_want_targets(parameters),
        .steps = parameters->schedule.steps,
        .frames = parameters->frames.count,
        .windows = windows.count,
        .window_frames = windows.frames,
        .threads = api_service_threads(run->call->service),
        .elements = run->subject.elements,
        .channels = run->subject.channels,
        .bins = (run->computation->endpoint & API_HISTOGRAMS) ? parameters->bins : 0,
        .components = json->has_mixture ? json->mixture.components : 0,
        .text_samples = json->has_mixture ? 0 : json->sample_count,
        .sheet = form == &api_form_sheet ? sheet.columns * sheet.rows : 0,
        .picture = run->body.picture,
        .array_elements = run->subject.width > 0 ? run->body.array_elements : 0,
        .array_bits = run->body.array_bits,
    };
}

/* Whether the work is within the limit, and may be done now. */
static bool check_work(struct api_run *run, const struct api_work *work,
                       struct api_problem *problem)
{
    uint64_t estimate = api_cost_estimate(work);
    return is_allowed(run, estimate) &&
           api_check_work(run->call->service, run->computation->endpoint, estimate, problem);
}

/* Whether the subject, which is not made yet, may be: its work and its memory. */
static bool admit(struct api_run *run, struct api_problem *problem)
{
    const struct api_computation *computation = run->computation;
    if (run->subject.elements > SIZE_MAX / sizeof *run->subject.state)
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    run->call->timing->state = run->subject.elements * sizeof *run->subject.state;
    struct api_work work = work_of(run);
    if (!check_work(run, &work, problem))
        return false;
    if (!computation->exact_points)
        return true;
    work.exact = computation->exact_points(run);
    return check_work(run, &work, problem);
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

static uint64_t mark(void *context)
{
    const struct api_run *run = context;
    return run->call->borrowed;
}

static bool must_wait(void *context, uint64_t mark)
{
    const struct api_run *run = context;
    return api_must_wait(run->call, mark);
}

static enum dissolve_status encode_nothing(void *context, struct api_slot *slot)
{
    (void)context, (void)slot;
    return DISSOLVE_OK;
}

/* ---- The frames ---- */

/* Begins the form's one way through all frames. */
static enum dissolve_status begin_pass(struct api_run *run)
{
    const struct api_form *form = run->form;
    const struct api_parameters *parameters = &run->parameters;
    const struct api_subject *subject = &run->subject;
    const struct dissolve_process_options process = {.schedule = run->schedule,
                                                     .seed = parameters->seed,
                                                     .offset = parameters->offset,
                                                     .sampler = parameters->sampler,
                                                     .start = parameters->start_step};
    enum dissolve_status status =
        dissolve_process_create(&process, subject->state, subject->elements, &run->process);
    if (status != DISSOLVE_OK)
        return status;
    const struct api_pipeline_options pipeline = {
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
        .mark = mark,
        .must_wait = must_wait,
    };
    return api_pipeline_create(&pipeline, &run->pipeline);
}

/* For the figures: so many frames were made, and what that took. */
static void end_pass(struct api_run *run)
{
    const struct api_parameters *parameters = &run->parameters;
    struct api_timing *timing = run->call->timing;
    const struct api_pipeline_figures figures = api_pipeline_figures(run->pipeline);
    timing->diffuse += figures.diffuse_ms;
    timing->encode += figures.encode_ms;
    if (figures.emitted > 0) {
        uint64_t steps = parameters->frames.t[figures.emitted - 1] - parameters->start_step;
        timing->frames += figures.emitted;
        timing->elements += run->subject.elements * steps;
    }
    api_pipeline_destroy(run->pipeline);
    run->pipeline = NULL;
    dissolve_process_destroy(run->process);
    run->process = NULL;
}

/* Goes on with the pass. The next one begins from x_0 again. */
static enum dissolve_status continue_pass(struct api_run *run, bool *paused)
{
    struct api_subject *subject = &run->subject;
    enum dissolve_status status = DISSOLVE_OK;
    if (!run->pipeline) {
        if (run->output.pass > 0)
            memcpy(subject->state, subject->x0, subject->elements * sizeof *subject->x0);
        status = begin_pass(run);
    }
    if (status == DISSOLVE_OK)
        status = api_pipeline_continue(run->pipeline, paused);
    if (run->pipeline && !*paused)
        end_pass(run);
    return status;
}

/* ---- Before the first frame ---- */

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

/* ---- The stages ---- */

static void release_body(struct api_run *run)
{
    codec_form_free(&run->body.form);
    run->body.bytes = NULL;
    run->body.size = 0;
    api_release_body(run->call);
}

/* A status as the end of a stage. */
static enum api_progress progress_of(enum dissolve_status status, struct api_problem *problem)
{
    if (status == DISSOLVE_OK)
        return API_COMPLETE;
    (void)api_problem_from_status(problem, status, NULL);
    return API_INCOMPLETE;
}

static enum api_progress identify_body(struct api_run *run, struct api_problem *problem)
{
    bool identified = api_arguments_add_query(&run->arguments, &run->call->request, problem) &&
                      run->computation->identify(run, problem);
    return identified ? API_COMPLETE : API_INCOMPLETE;
}

/* Waits for memory, beside the body, or refuses what will never have so much. */
static enum api_progress reserve(struct api_run *run, uint64_t bytes, struct api_problem *problem)
{
    if (!api_check_memory(run->call->service, bytes, problem))
        return API_INCOMPLETE;
    return api_reserve(run->call, bytes) ? API_COMPLETE : API_WAITS_FOR_MEMORY;
}

static enum api_progress reserve_for_text(struct api_run *run, struct api_problem *problem)
{
    if (run->body.kind != API_BODY_JSON)
        return API_COMPLETE;
    return reserve(run, api_memory_of_json(run->body.size), problem);
}

/* A mixture that has been read has little while it waits for more. Less is always granted. */
static void release_text(struct api_run *run)
{
    const struct json_body *json = &run->body.json;
    if (json->has_mixture)
        (void)!api_reserve(run->call, api_memory_of_mixture(json->mixture.components));
}

static enum api_progress parse_body(struct api_run *run, struct api_problem *problem)
{
    const struct api_computation *computation = run->computation;
    bool parsed =
        computation->parse(run, problem) &&
        api_parameters_read(computation->endpoint, &run->arguments, &run->parameters, problem) &&
        may_make_schedule(run) &&
        api_make_schedule(&run->arguments, &run->parameters, &run->schedule, problem) &&
        api_choose_form(run, problem) && computation->probe(run, problem) && admit(run, problem);
    if (parsed)
        release_text(run);
    return parsed ? API_COMPLETE : API_INCOMPLETE;
}

static enum api_progress reserve_for_frames(struct api_run *run, struct api_problem *problem)
{
    const struct api_footprint footprint = footprint_of(run);
    return reserve(run, api_memory_estimate(&footprint), problem);
}

static enum api_progress load_subject(struct api_run *run, struct api_problem *problem)
{
    if (!run->computation->load(run, problem))
        return API_INCOMPLETE;
    enum dissolve_status status = make_recipe(run);
    if (status == DISSOLVE_OK && run->offer->format == API_FORMAT_MULTIPART)
        make_boundary(run);
    if (status == DISSOLVE_OK)
        status = keep_x0(run);
    if (status == DISSOLVE_OK)
        release_body(run);
    return progress_of(status, problem);
}

static enum api_progress send_frames(struct api_run *run, struct api_problem *problem)
{
    size_t passes = run->form->each_content ? run->parameters.content_count : 1;
    enum dissolve_status status = DISSOLVE_OK;
    while (run->output.pass < passes && status == DISSOLVE_OK) {
        bool paused = false;
        status = continue_pass(run, &paused);
        if (paused)
            return API_WAITS_FOR_READER;
        run->output.pass++;
    }
    return progress_of(status, problem);
}

static enum api_progress close_form(struct api_run *run, struct api_problem *problem)
{
    return progress_of(run->form->close ? run->form->close(run) : DISSOLVE_OK, problem);
}

/* What is borrowed from the run is freed with it. */
static enum api_progress await_reader(struct api_run *run, struct api_problem *problem)
{
    const struct api_call *call = run->call;
    (void)problem;
    bool waits = call->borrowed > 0 && api_must_wait(call, call->borrowed);
    return waits ? API_WAITS_FOR_READER : API_COMPLETE;
}

/* In their order; one that has to wait is begun again, and goes on where it was. */
static const struct {
    enum api_progress (*advance)(struct api_run *run, struct api_problem *problem);
    bool decodes; /* its time counts as decoding */
} stages[] = {
    {identify_body, true},       {reserve_for_text, false}, {parse_body, true},
    {reserve_for_frames, false}, {load_subject, true},      {send_frames, false},
    {close_form, false},         {await_reader, false},
};

static bool is_cancelled(void *job)
{
    return dissolve_job_cancelled(job);
}

struct api_run *api_run_create(struct api_call *call, const struct api_computation *computation)
{
    struct api_run *run = malloc(sizeof *run);
    if (run)
        *run = (struct api_run){.call = call,
                                .cancel = {.cancelled = is_cancelled, .context = call->job},
                                .computation = computation};
    return run;
}

enum api_progress api_run_continue(struct api_run *run, struct api_problem *problem)
{
    enum api_progress progress = API_COMPLETE;
    while (run->stage < sizeof stages / sizeof stages[0] && progress == API_COMPLETE) {
        double start = api_now_ms();
        progress = stages[run->stage].advance(run, problem);
        if (stages[run->stage].decodes)
            run->call->timing->decode += api_now_ms() - start;
        if (progress == API_COMPLETE)
            run->stage++;
    }
    return progress;
}
