/* GET /v1/schedule: the table of a schedule, without anything to dissolve. */
#include "accept.h"
#include "call.h"
#include "document.h"
#include "facts.h"
#include "run.h"
#include "warnings.h"

#include <math.h>

/* A column of the table: what it is called, and its value at step t. */
struct column {
    const char *name;
    double (*value)(const struct dissolve_schedule *schedule, uint32_t t);
};

static double alpha(const struct dissolve_schedule *schedule, uint32_t t)
{
    return 1 - dissolve_schedule_beta(schedule, t);
}

static double sqrt_alpha_cumprod(const struct dissolve_schedule *schedule, uint32_t t)
{
    double signal, variance;
    dissolve_schedule_transition(schedule, 0, t, &signal, &variance);
    return signal;
}

static double sqrt_one_minus_alpha_cumprod(const struct dissolve_schedule *schedule, uint32_t t)
{
    double signal, variance;
    dissolve_schedule_transition(schedule, 0, t, &signal, &variance);
    return sqrt(variance);
}

/* As unknown as the ratio itself, where that is beyond a double. */
static double log_snr(const struct dissolve_schedule *schedule, uint32_t t)
{
    bool known = isfinite(dissolve_schedule_snr(schedule, t));
    return known ? dissolve_schedule_log_snr(schedule, t) : (double)NAN;
}

/* Of the variance-preserving SDE dx = drift x dt + diffusion dW, per step (Song et al. 2021). */
static double drift(const struct dissolve_schedule *schedule, uint32_t t)
{
    return 0.0 - dissolve_schedule_beta(schedule, t) / 2; /* never a -0 */
}

static double diffusion(const struct dissolve_schedule *schedule, uint32_t t)
{
    return sqrt(dissolve_schedule_beta(schedule, t));
}

static const struct column columns[] = {
    {"betas", dissolve_schedule_beta},
    {"alphas", alpha},
    {"alphas_cumprod", dissolve_schedule_alpha_cumprod},
    {"sqrt_alphas_cumprod", sqrt_alpha_cumprod},
    {"sqrt_one_minus_alphas_cumprod", sqrt_one_minus_alpha_cumprod},
    {"snr", dissolve_schedule_snr},
    {"log_snr", log_snr},
    {"drift", drift},
    {"diffusion", diffusion},
};

static void write_column(struct json_writer *json, const struct dissolve_schedule *schedule,
                         const struct column *column)
{
    json_key(json, column->name);
    json_open(json, '[');
    for (uint32_t t = 1; t <= dissolve_schedule_steps(schedule); t++)
        json_number(json, column->value(schedule, t));
    json_close(json, ']');
}

/* The first step at which a falling quantity is at `bound` or below, or null. */
static void write_crossing(struct json_writer *json, const struct dissolve_schedule *schedule,
                           const char *name, double bound,
                           double (*value)(const struct dissolve_schedule *, uint32_t))
{
    uint32_t t = 1, steps = dissolve_schedule_steps(schedule);
    while (t <= steps && value(schedule, t) > bound)
        t++;
    json_key(json, name);
    if (t <= steps)
        json_integer(json, t);
    else
        json_null(json);
}

static void write_steps(struct json_writer *json, const struct dissolve_schedule *schedule)
{
    json_key(json, "t");
    json_open(json, '[');
    for (uint32_t t = 1; t <= dissolve_schedule_steps(schedule); t++)
        json_integer(json, t);
    json_close(json, ']');
}

static enum dissolve_status write_table(const struct api_parameters *parameters,
                                        const struct dissolve_schedule *schedule,
                                        struct codec_buffer *out)
{
    struct json_writer json = {.out = out};
    struct api_fact facts[API_MAX_FACTS];
    size_t count = api_facts_of_schedule(parameters, facts);
    json_open(&json, '{');
    api_facts_to_json(&json, facts, count, false); /* custom betas are the first column */
    api_warnings_to_json(&json, &parameters->schedule, schedule);
    write_steps(&json, schedule);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        write_column(&json, schedule, &columns[i]);
    json_key(&json, "crossings");
    json_open(&json, '{');
    write_crossing(&json, schedule, "snr_1", 1, dissolve_schedule_snr);
    write_crossing(&json, schedule, "kl_0.01", 0.01, dissolve_schedule_kl);
    json_close(&json, '}');
    json_close(&json, '}');
    return json.status == DISSOLVE_OK ? codec_buffer_append(out, "\n", 1) : json.status;
}

static bool answer(struct api_call *call, const struct api_parameters *parameters,
                   const struct dissolve_schedule *schedule, struct api_problem *problem)
{
    static const char *const offer = "application/json";
    struct codec_buffer table = {0};
    if (parameters->format == API_FORMAT_UNSAID &&
        api_accept_choose(call->request.accept, &offer, 1) < 0)
        return api_problem_set(problem, 406, "a schedule is offered as application/json");
    enum dissolve_status status = write_table(parameters, schedule, &table);
    bool complete;
    if (status == DISSOLVE_OK) {
        char warning[API_WARNING_SIZE];
        struct api_document document = api_document_of(offer, table.data, table.size);
        if (api_warning_of_schedule(&parameters->schedule, schedule, warning))
            document.warning = warning;
        complete = api_document_send(call, &document);
    } else {
        complete = api_problem_from_status(problem, status, NULL);
    }
    codec_buffer_free(&table);
    return complete;
}

bool api_schedule_table(struct api_call *call, struct api_problem *problem)
{
    struct api_arguments arguments = {0};
    struct api_parameters parameters = {0};
    struct dissolve_schedule *schedule = NULL;
    bool complete = api_arguments_add_query(&arguments, &call->request, problem) &&
                    api_parameters_read(API_SCHEDULE, &arguments, &parameters, problem) &&
                    api_make_schedule(&arguments, &parameters, &schedule, problem) &&
                    answer(call, &parameters, schedule, problem);
    dissolve_schedule_destroy(schedule);
    api_parameters_free(&parameters);
    api_arguments_free(&arguments);
    return complete;
}
