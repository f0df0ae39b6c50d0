/* One table of parameters, and what they mean to each other. */
#include "parameters.h"

#include "api.h"
#include "parameter_readers.h"

#include <dissolve/histogram.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MAX_DELAY  60000
#define MAX_OFFSET (1ull << 62)

#define AT(member) offsetof(struct api_parameters, member)

/* The ones that other code here asks for come first, in this order. */
enum { STEPS, BETA, BETAS, SCHEDULE, SCALE_BETAS, SEED, GIVEN_FRAMES, START_STEP, DELAY };

/* clang-format off */
static const struct api_rule rules[] = {
    [STEPS] = {"steps", "num_train_timesteps", API_ALL, api_read_whole, AT(schedule.steps), 0, DISSOLVE_MAX_STEPS, NULL, false},
    [BETA] = {"beta", NULL, API_ALL, api_read_share, AT(schedule.beta), 0, 0, NULL, false},
    [BETAS] = {"betas", "trained_betas", API_ALL, api_read_betas, 0, 0, 0, NULL, true},
    [SCHEDULE] = {"schedule", "beta_schedule", API_ALL, api_read_word, AT(schedule.kind), 0, 0, api_schedules, false},
    [SCALE_BETAS] = {"scale_betas", NULL, API_ALL, api_read_flag, AT(schedule.scale_betas), 0, 0, api_truths, false},
    [SEED] = {"seed", NULL, API_RUNS, api_read_wide, AT(seed), 0, UINT64_MAX, NULL, false},
    [GIVEN_FRAMES] = {"frames", NULL, API_RUNS, api_read_later, 0, 0, 0, NULL, true},
    [START_STEP] = {"start_step", NULL, API_RUNS, api_read_whole, AT(start_step), 0, DISSOLVE_MAX_STEPS, NULL, false},
    [DELAY] = {"delay", NULL, API_IMAGES_FRAMES | API_HISTOGRAMS, api_read_whole, AT(delay), 0, MAX_DELAY, NULL, false},
    {"beta_start", NULL, API_ALL, api_read_real, AT(schedule.beta_start), 0, 0, NULL, false},
    {"beta_end", NULL, API_ALL, api_read_real, AT(schedule.beta_end), 0, 0, NULL, false},
    {"max_beta", NULL, API_ALL, api_read_real, AT(schedule.max_beta), 0, 0, NULL, false},
    {"rescale_zero_snr", "rescale_betas_zero_snr", API_ALL, api_read_flag, AT(schedule.rescale_zero_snr), 0, 0, api_truths, false},
    {"parameterization", NULL, API_ALL, api_read_word, AT(schedule.parameterization), 0, 0, api_parameterizations, false},
    {"sampler", NULL, API_RUNS, api_read_word, AT(sampler), 0, 0, api_samplers, false},
    {"format", NULL, API_ALL, api_read_word, AT(format), 0, 0, api_formats, false},
    {"channels", NULL, API_IMAGES, api_read_word, AT(channels), 0, 0, api_channels, false},
    {"compression", NULL, API_IMAGES_FRAMES, api_read_word, AT(compression), 0, 0, api_compressions, false},
    {"layout", NULL, API_IMAGES_FRAMES | API_HISTOGRAMS, api_read_word, AT(layout), 0, 0, api_layouts, false},
    {"content", NULL, API_FRAMES, api_read_content, 0, 0, 0, api_contents, false},
    {"measures", NULL, API_RUNS, api_read_flag, AT(terms), 0, 0, api_measures, false},
    {"bins", NULL, API_HISTOGRAMS, api_read_whole, AT(bins), 1, DISSOLVE_MAX_BINS, NULL, false},
    {"range", NULL, API_HISTOGRAMS, api_read_range, 0, 0, 0, NULL, true},
    {"offset", NULL, API_SAMPLES, api_read_wide, AT(offset), 0, MAX_OFFSET, NULL, false},
};
/* clang-format on */

static const size_t rule_count = sizeof rules / sizeof rules[0];
_Static_assert(sizeof rules / sizeof rules[0] <= API_MAX_RULES, "an argument for each rule");

static bool names_rule(const char *name, const struct api_rule *rule)
{
    return strcmp(name, rule->name) == 0 || (rule->alias && strcmp(name, rule->alias) == 0);
}

/* Any endpoint's rule of this name or alias; NULL: there is none. */
static const struct api_rule *find_rule(const char *name)
{
    for (size_t i = 0; i < rule_count; i++) {
        if (names_rule(name, &rules[i]))
            return &rules[i];
    }
    return NULL;
}

bool api_parameters_know(const char *name)
{
    return find_rule(name) != NULL;
}

/* The argument is none of this endpoint's; where it is another's, the problem tells whose. */
static bool refuse_unknown(const struct api_argument *argument, struct api_problem *problem)
{
    const struct api_rule *rule = find_rule(argument->name);
    if (!rule)
        return api_argument_refuse(argument, problem, "unknown parameter %.64s", argument->name);
    char list[160] = "";
    size_t used = 0;
    for (unsigned i = 0, left = rule->endpoints; left; i++, left >>= 1) {
        const char *link = used == 0 ? "" : left == 1 ? " and " : ", ";
        if (left & 1)
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%s", link, api_route_path(i));
    }
    return api_argument_refuse(argument, problem, "%s is a parameter of %s only", argument->name,
                               list);
}

static bool read_argument(struct api_reading *reading, const struct api_argument *argument,
                          struct api_problem *problem)
{
    for (size_t i = 0; i < rule_count; i++) {
        const struct api_rule *rule = &rules[i];
        if (!(rule->endpoints & reading->endpoint) || !names_rule(argument->name, rule))
            continue;
        if (reading->given[i])
            return api_argument_refuse(argument, problem, "the parameter %s is given twice",
                                       rule->name);
        if (argument->is_list && !rule->is_list)
            return api_argument_refuse(argument, problem, "%s must not be an array",
                                       argument->name);
        reading->given[i] = argument;
        return rule->read(reading, rule, argument, problem);
    }
    return refuse_unknown(argument, problem);
}

bool api_schedule_has_ends(enum dissolve_schedule_kind kind)
{
    return kind == DISSOLVE_SCHEDULE_LINEAR || kind == DISSOLVE_SCHEDULE_SCALED_LINEAR ||
           kind == DISSOLVE_SCHEDULE_SIGMOID;
}

/* scale_betas=true needs beta_start and beta_end, which some schedules do not have. */
static bool settle_scaling(const struct api_reading *reading, struct api_problem *problem)
{
    const struct dissolve_schedule_options *schedule = &reading->parameters->schedule;
    const struct api_argument *scaling = reading->given[SCALE_BETAS];
    if (schedule->scale_betas && !api_schedule_has_ends(schedule->kind))
        return api_argument_refuse(scaling, problem,
                                   "Only the schedules linear, scaled_linear and sigmoid take "
                                   "scale_betas=true.");
    return true;
}

/* betas make the schedule, alone; beta belongs to the constant one. */
static bool settle_schedule(const struct api_reading *reading, struct api_problem *problem)
{
    const struct dissolve_schedule_options *schedule = &reading->parameters->schedule;
    const struct api_argument *beta = reading->given[BETA];
    const struct api_argument *betas = reading->given[BETAS];
    const struct api_argument *name = reading->given[SCHEDULE];
    const struct api_argument *steps = reading->given[STEPS];
    if (betas && name)
        return api_argument_refuse(name, problem, "%s and %s exclude each other", name->name,
                                   betas->name);
    if (betas && beta)
        return api_argument_refuse(beta, problem, "beta and %s exclude each other", betas->name);
    if (beta && schedule->kind != DISSOLVE_SCHEDULE_CONSTANT)
        return api_argument_refuse(beta, problem, "beta goes with the constant schedule only");
    uint64_t said = schedule->steps;
    if (betas && steps && api_parse_whole(steps->text, DISSOLVE_MAX_STEPS, &said)) {
        size_t count = 1;
        for (const char *c = betas->text; *c; c++)
            count += *c == ',';
        if (said != count)
            return api_argument_refuse(steps, problem, "%s is not the number of %s, which is %zu",
                                       steps->name, betas->name, count);
    }
    return true;
}

/* A state in the middle of a run can only be carried on, and by a sampler that goes step by step.
 */
static bool settle_start(const struct api_reading *reading, struct api_problem *problem)
{
    const struct api_parameters *parameters = reading->parameters;
    const struct api_argument *start = reading->given[START_STEP];
    if (parameters->start_step > parameters->schedule.steps)
        return api_argument_refuse(start, problem, "start_step is beyond the %" PRIu32 " steps",
                                   parameters->schedule.steps);
    if (parameters->start_step > 0 && parameters->sampler == DISSOLVE_SAMPLER_TREE)
        return api_argument_refuse(start, problem, "start_step does not go with sampler=tree");
    if (parameters->start_step > 0 && api_parameters_want_targets(parameters))
        return api_argument_refuse(start, problem,
                                   "start_step goes with content=x only: the others need x_0");
    return true;
}

static bool settle_frames(const struct api_reading *reading, struct api_problem *problem)
{
    struct api_parameters *parameters = reading->parameters;
    const struct api_argument *frames = reading->given[GIVEN_FRAMES];
    char detail[200];
    enum dissolve_status status =
        api_selection_read(frames ? frames->text : "all", parameters->start_step,
                           parameters->schedule.steps, &parameters->frames, detail, sizeof detail);
    if (status == DISSOLVE_INVALID)
        return api_argument_refuse(frames, problem, "%s", detail);
    return status == DISSOLVE_OK || api_problem_from_status(problem, status, NULL);
}

static bool settle_seed(const struct api_reading *reading, struct api_problem *problem)
{
    uint64_t *seed = &reading->parameters->seed;
    if (reading->given[SEED] || getrandom(seed, sizeof *seed, 0) == sizeof *seed)
        return true;
    return api_problem_from_status(problem, DISSOLVE_SYSTEM, NULL);
}

static struct api_parameters defaults(enum api_endpoint endpoint)
{
    bool samples = endpoint & API_SAMPLES;
    return (struct api_parameters){
        .schedule = {.steps = samples ? 40 : 20,
                     .beta = samples ? 0.5 : 0.25,
                     .beta_start = 1e-4,
                     .beta_end = 0.02,
                     .max_beta = 0.999},
        .delay = endpoint & API_HISTOGRAMS ? 100 : 200,
        .bins = 50,
        .content_count = 1, /* x */
    };
}

bool api_parameters_read(enum api_endpoint endpoint, const struct api_arguments *arguments,
                         struct api_parameters *parameters, struct api_problem *problem)
{
    struct api_reading reading = {.endpoint = endpoint, .parameters = parameters};
    *parameters = defaults(endpoint);
    bool fine = true;
    for (size_t i = 0; fine && i < arguments->count; i++)
        fine = read_argument(&reading, &arguments->list[i], problem);
    fine = fine && settle_schedule(&reading, problem) && settle_scaling(&reading, problem) &&
           settle_start(&reading, problem);
    if (endpoint != API_SCHEDULE)
        fine = fine && settle_frames(&reading, problem) && settle_seed(&reading, problem);
    if (!fine)
        api_parameters_free(parameters);
    return fine;
}

void api_parameters_free(struct api_parameters *parameters)
{
    api_selection_free(&parameters->frames);
    free(parameters->betas);
    *parameters = (struct api_parameters){0};
}

static const struct api_rule *rule_of(const char *name)
{
    const struct api_rule *rule = rules;
    while (strcmp(rule->name, name) != 0)
        rule++;
    return rule;
}

bool api_parameters_blame(const struct api_arguments *arguments, const char *name,
                          struct api_problem *problem, const char *format, ...)
{
    const struct api_rule *rule = rule_of(name);
    struct api_argument unsaid = {.name = (char *)name, .source = API_FROM_QUERY};
    const struct api_argument *argument = &unsaid;
    for (size_t i = 0; i < arguments->count; i++) {
        if (names_rule(arguments->list[i].name, rule))
            argument = &arguments->list[i];
    }
    char detail[sizeof problem->detail];
    va_list values;
    va_start(values, format);
    vsnprintf(detail, sizeof detail, format, values);
    va_end(values);
    return api_argument_refuse(argument, problem, "%s", detail);
}

bool api_parameters_want_targets(const struct api_parameters *parameters)
{
    return parameters->content_count > 1 || parameters->content[0] != API_CONTENT_X;
}
