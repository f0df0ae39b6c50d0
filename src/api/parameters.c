/* One table of parameters, a reader for each kind of value, and what they mean to each other. */
#include "parameters.h"

#include "codec/number.h"

#include <dissolve/dissolve.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MAX_DELAY  60000
#define MAX_OFFSET (1ull << 62)

/* A parameter's word and what it stands for. A list ends with a NULL name. */
struct word {
    const char *name;
    int value;
    unsigned endpoints; /* 0: all of them */
};

static const struct word schedules[] = {
    {"constant", DISSOLVE_SCHEDULE_CONSTANT, 0},
    {"linear", DISSOLVE_SCHEDULE_LINEAR, 0},
    {"scaled_linear", DISSOLVE_SCHEDULE_SCALED_LINEAR, 0},
    {"cosine", DISSOLVE_SCHEDULE_COSINE, 0},
    {"sigmoid", DISSOLVE_SCHEDULE_SIGMOID, 0},
    {"squaredcos_cap_v2", DISSOLVE_SCHEDULE_COSINE, 0},
    {NULL, 0, 0},
};

static const struct word parameterizations[] = {
    {"variance", DISSOLVE_VARIANCE, 0},
    {"std", DISSOLVE_STD, 0},
    {NULL, 0, 0},
};

static const struct word samplers[] = {
    {"chain", DISSOLVE_SAMPLER_CHAIN, 0},
    {"jump", DISSOLVE_SAMPLER_JUMP, 0},
    {"tree", DISSOLVE_SAMPLER_TREE, 0},
    {NULL, 0, 0},
};

#define IMAGES     (API_IMAGES_FRAMES | API_IMAGES_HISTOGRAMS)
#define SAMPLES    (API_SAMPLES_FRAMES | API_SAMPLES_HISTOGRAMS)
#define FRAMES     (API_IMAGES_FRAMES | API_SAMPLES_FRAMES)
#define HISTOGRAMS (API_IMAGES_HISTOGRAMS | API_SAMPLES_HISTOGRAMS)
#define RUNS       (IMAGES | SAMPLES)
#define ALL        (RUNS | API_SCHEDULE)

static const struct word formats[] = {
    {"png", API_FORMAT_PNG, API_IMAGES_FRAMES},
    {"zip", API_FORMAT_ZIP, API_IMAGES_FRAMES},
    {"multipart", API_FORMAT_MULTIPART, API_IMAGES_FRAMES},
    {"json", API_FORMAT_JSON, ALL},
    {"npy", API_FORMAT_NPY, FRAMES},
    {"npz", API_FORMAT_NPZ, FRAMES},
    {"svg", API_FORMAT_SVG, HISTOGRAMS},
    {NULL, 0, 0},
};

static const struct word channels[] = {
    {"rgb", API_CHANNELS_RGB, 0}, {"gray", API_CHANNELS_GRAY, 0}, {NULL, 0, 0}};

static const struct word compressions[] = {
    {"none", CODEC_COMPRESSION_NONE, 0},
    {"fast", CODEC_COMPRESSION_FAST, 0},
    {"best", CODEC_COMPRESSION_BEST, 0},
    {NULL, 0, 0},
};

static const struct word layouts[] = {
    {"animation", API_LAYOUT_ANIMATION, 0},
    {"strip", API_LAYOUT_STRIP, 0},
    {"grid", API_LAYOUT_GRID, 0},
    {NULL, 0, 0},
};

static const struct word contents[] = {
    {"x", API_CONTENT_X, 0},
    {"noise", API_CONTENT_NOISE, 0},
    {"velocity", API_CONTENT_VELOCITY, 0},
    {NULL, 0, 0},
};

static const struct word measures[] = {{"terms", true, 0}, {NULL, 0, 0}};
static const struct word truths[] = {{"true", true, 0}, {"false", false, 0}, {NULL, 0, 0}};

struct reading;
struct rule;

typedef bool reader(struct reading *reading, const struct rule *rule,
                    const struct api_argument *argument, struct api_problem *problem);

/* What is known of a parameter: its values, and where they go. */
struct rule {
    const char *name;
    const char *alias; /* another name for it, or NULL */
    unsigned endpoints;
    reader *read;
    size_t at; /* in struct api_parameters */
    uint64_t low, high;
    const struct word *words;
    bool is_list; /* may be a JSON array of numbers */
};

/* The parameters on their way, and the arguments they came from, by the rule's place. */
enum { MAX_RULES = 32 };
struct reading {
    enum api_endpoint endpoint;
    struct api_parameters *parameters;
    const struct api_argument *given[MAX_RULES];
};

static void *target(struct reading *reading, const struct rule *rule)
{
    return (char *)reading->parameters + rule->at;
}

/* Decimal digits only, up to `top`. */
static bool parse_whole(const char *text, uint64_t top, uint64_t *value)
{
    uint64_t v = 0;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > top || v > (top - digit) / 10)
            return false;
        v = 10 * v + digit;
    }
    *value = v;
    return true;
}

static bool read_wide(struct reading *reading, const struct rule *rule,
                      const struct api_argument *argument, struct api_problem *problem)
{
    uint64_t value;
    if (!parse_whole(argument->text, rule->high, &value) || value < rule->low)
        return api_argument_refuse(argument, problem,
                                   "%s must be a whole number from %" PRIu64 " to %" PRIu64
                                   ", in decimal",
                                   argument->name, rule->low, rule->high);
    memcpy(target(reading, rule), &value, sizeof value);
    return true;
}

static bool read_whole(struct reading *reading, const struct rule *rule,
                       const struct api_argument *argument, struct api_problem *problem)
{
    uint64_t value;
    if (!parse_whole(argument->text, rule->high, &value) || value < rule->low)
        return api_argument_refuse(argument, problem,
                                   "%s must be a whole number from %" PRIu64 " to %" PRIu64,
                                   argument->name, rule->low, rule->high);
    uint32_t narrow = (uint32_t)value;
    memcpy(target(reading, rule), &narrow, sizeof narrow);
    return true;
}

/* A whole text that is one finite number. */
static bool parse_real(const char *text, double *value)
{
    size_t size = strlen(text);
    return size > 0 && codec_number_parse(text, size, value) == size && isfinite(*value);
}

static bool read_share(struct reading *reading, const struct rule *rule,
                       const struct api_argument *argument, struct api_problem *problem)
{
    double value;
    if (!parse_real(argument->text, &value) || !(value >= 0 && value <= 1))
        return api_argument_refuse(argument, problem, "%s must be a number from 0 to 1",
                                   argument->name);
    memcpy(target(reading, rule), &value, sizeof value);
    return true;
}

static bool read_real(struct reading *reading, const struct rule *rule,
                      const struct api_argument *argument, struct api_problem *problem)
{
    double value;
    if (!parse_real(argument->text, &value))
        return api_argument_refuse(argument, problem, "%s must be a finite number", argument->name);
    memcpy(target(reading, rule), &value, sizeof value);
    return true;
}

static bool fits(const struct word *word, enum api_endpoint endpoint)
{
    return word->endpoints == 0 || word->endpoints & endpoint;
}

/* The word that text[0..size) spells, NULL if none does. */
static const struct word *find_word(const struct word *words, enum api_endpoint endpoint,
                                    const char *text, size_t size)
{
    for (; words->name; words++) {
        if (fits(words, endpoint) && strlen(words->name) == size &&
            memcmp(words->name, text, size) == 0)
            return words;
    }
    return NULL;
}

/* "format must be png, zip or json" */
static bool refuse_word(const struct rule *rule, enum api_endpoint endpoint,
                        const struct api_argument *argument, struct api_problem *problem)
{
    char list[160] = "";
    size_t used = 0, left = 0;
    for (const struct word *word = rule->words; word->name; word++)
        left += fits(word, endpoint);
    for (const struct word *word = rule->words; word->name; word++) {
        if (!fits(word, endpoint))
            continue;
        left--;
        const char *link = left > 1 ? ", " : left == 1 ? " or " : "";
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", word->name, link);
    }
    return api_argument_refuse(argument, problem, "%s must be %s", argument->name, list);
}

/* Enumerations and truth values alike are as large as an int, or a bool; see the table. */
static bool read_word(struct reading *reading, const struct rule *rule,
                      const struct api_argument *argument, struct api_problem *problem)
{
    const struct word *word =
        find_word(rule->words, reading->endpoint, argument->text, strlen(argument->text));
    if (!word)
        return refuse_word(rule, reading->endpoint, argument, problem);
    memcpy(target(reading, rule), &word->value, sizeof word->value);
    return true;
}

static bool read_flag(struct reading *reading, const struct rule *rule,
                      const struct api_argument *argument, struct api_problem *problem)
{
    const struct word *word =
        find_word(rule->words, reading->endpoint, argument->text, strlen(argument->text));
    if (!word)
        return refuse_word(rule, reading->endpoint, argument, problem);
    bool flag = word->value;
    memcpy(target(reading, rule), &flag, sizeof flag);
    return true;
}

/* Resolved once steps is known. */
static bool note(struct reading *reading, const struct rule *rule,
                 const struct api_argument *argument, struct api_problem *problem)
{
    (void)reading, (void)rule, (void)argument, (void)problem;
    return true;
}

/* "lo,hi" */
static bool read_range(struct reading *reading, const struct rule *rule,
                       const struct api_argument *argument, struct api_problem *problem)
{
    (void)rule;
    double *range = reading->parameters->range;
    const char *text = argument->text;
    size_t size = strlen(text);
    size_t low = codec_number_parse(text, size, &range[0]);
    size_t high = 0;
    if (low > 0 && text[low] == ',')
        high = codec_number_parse(text + low + 1, size - low - 1, &range[1]);
    if (high == 0 || low + 1 + high != size || !isfinite(range[0]) || !isfinite(range[1]) ||
        range[0] > range[1] || !isfinite(range[1] - range[0]))
        return api_argument_refuse(argument, problem,
                                   "range must be two finite numbers lo,hi with lo <= hi");
    reading->parameters->has_range = true;
    return true;
}

/* "0.1,0.2": how many numbers, 0 if it is no such list. */
static size_t parse_list(const char *text, double *values)
{
    size_t size = strlen(text), at = 0, count = 0;
    for (; count < DISSOLVE_MAX_STEPS; at++) {
        size_t length = codec_number_parse(text + at, size - at, &values[count]);
        if (length == 0 || !isfinite(values[count]))
            return 0;
        count++;
        at += length;
        if (at == size)
            return count;
        if (text[at] != ',')
            return 0;
    }
    return 0;
}

static bool read_betas(struct reading *reading, const struct rule *rule,
                       const struct api_argument *argument, struct api_problem *problem)
{
    (void)rule;
    struct api_parameters *parameters = reading->parameters;
    parameters->betas = calloc(DISSOLVE_MAX_STEPS, sizeof *parameters->betas);
    if (!parameters->betas)
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    size_t count = parse_list(argument->text, parameters->betas);
    if (count == 0)
        return api_argument_refuse(argument, problem, "%s must be a list of 1 to %d finite numbers",
                                   argument->name, DISSOLVE_MAX_STEPS);
    parameters->schedule.kind = DISSOLVE_SCHEDULE_CUSTOM;
    parameters->schedule.betas = parameters->betas;
    parameters->schedule.steps = (uint32_t)count;
    return true;
}

static bool add_content(struct api_parameters *parameters, enum api_content content)
{
    for (size_t i = 0; i < parameters->content_count; i++) {
        if (parameters->content[i] == content)
            return false;
    }
    parameters->content[parameters->content_count++] = content;
    return true;
}

/* "x,noise" */
static bool read_content(struct reading *reading, const struct rule *rule,
                         const struct api_argument *argument, struct api_problem *problem)
{
    struct api_parameters *parameters = reading->parameters;
    const char *text = argument->text;
    parameters->content_count = 0;
    for (bool more = true; more;) {
        size_t size = strcspn(text, ",");
        const struct word *word = find_word(rule->words, reading->endpoint, text, size);
        if (!word || !add_content(parameters, (enum api_content)word->value))
            return api_argument_refuse(argument, problem,
                                       "content must be x, noise, velocity or several of them, "
                                       "separated by commas, none twice");
        more = text[size] == ',';
        text += size + more;
    }
    return true;
}

_Static_assert(sizeof(enum api_format) == sizeof(int) &&
                   sizeof(enum dissolve_sampler) == sizeof(int) &&
                   sizeof(enum codec_compression) == sizeof(int),
               "read_word writes an int");

#define AT(member) offsetof(struct api_parameters, member)

/* The ones that other code here asks for come first, in this order. */
enum { STEPS, BETA, BETAS, SCHEDULE, SEED, GIVEN_FRAMES, START_STEP, DELAY };

/* clang-format off */
static const struct rule rules[] = {
    [STEPS] = {"steps", "num_train_timesteps", ALL, read_whole, AT(schedule.steps), 0, DISSOLVE_MAX_STEPS, NULL, false},
    [BETA] = {"beta", NULL, ALL, read_share, AT(schedule.beta), 0, 0, NULL, false},
    [BETAS] = {"betas", "trained_betas", ALL, read_betas, 0, 0, 0, NULL, true},
    [SCHEDULE] = {"schedule", "beta_schedule", ALL, read_word, AT(schedule.kind), 0, 0, schedules, false},
    [SEED] = {"seed", NULL, RUNS, read_wide, AT(seed), 0, UINT64_MAX, NULL, false},
    [GIVEN_FRAMES] = {"frames", NULL, RUNS, note, 0, 0, 0, NULL, true},
    [START_STEP] = {"start_step", NULL, RUNS, read_whole, AT(start_step), 0, DISSOLVE_MAX_STEPS, NULL, false},
    [DELAY] = {"delay", NULL, API_IMAGES_FRAMES | HISTOGRAMS, read_whole, AT(delay), 0, MAX_DELAY, NULL, false},
    {"beta_start", NULL, ALL, read_real, AT(schedule.beta_start), 0, 0, NULL, false},
    {"beta_end", NULL, ALL, read_real, AT(schedule.beta_end), 0, 0, NULL, false},
    {"max_beta", NULL, ALL, read_real, AT(schedule.max_beta), 0, 0, NULL, false},
    {"rescale_zero_snr", NULL, ALL, read_flag, AT(schedule.rescale_zero_snr), 0, 0, truths, false},
    {"parameterization", NULL, ALL, read_word, AT(schedule.parameterization), 0, 0, parameterizations, false},
    {"sampler", NULL, RUNS, read_word, AT(sampler), 0, 0, samplers, false},
    {"format", NULL, ALL, read_word, AT(format), 0, 0, formats, false},
    {"channels", NULL, IMAGES, read_word, AT(channels), 0, 0, channels, false},
    {"compression", NULL, API_IMAGES_FRAMES, read_word, AT(compression), 0, 0, compressions, false},
    {"layout", NULL, API_IMAGES_FRAMES | HISTOGRAMS, read_word, AT(layout), 0, 0, layouts, false},
    {"content", NULL, FRAMES, read_content, 0, 0, 0, contents, false},
    {"measures", NULL, RUNS, read_flag, AT(terms), 0, 0, measures, false},
    {"bins", NULL, HISTOGRAMS, read_whole, AT(bins), 1, DISSOLVE_MAX_BINS, NULL, false},
    {"range", NULL, HISTOGRAMS, read_range, 0, 0, 0, NULL, true},
    {"offset", NULL, SAMPLES, read_wide, AT(offset), 0, MAX_OFFSET, NULL, false},
};
/* clang-format on */

static const size_t rule_count = sizeof rules / sizeof rules[0];
_Static_assert(sizeof rules / sizeof rules[0] <= MAX_RULES, "an argument for each rule");

static bool names_rule(const char *name, const struct rule *rule)
{
    return strcmp(name, rule->name) == 0 || (rule->alias && strcmp(name, rule->alias) == 0);
}

static bool read_argument(struct reading *reading, const struct api_argument *argument,
                          struct api_problem *problem)
{
    for (size_t i = 0; i < rule_count; i++) {
        const struct rule *rule = &rules[i];
        if (!(rule->endpoints & reading->endpoint) || !names_rule(argument->name, rule))
            continue;
        if (reading->given[i])
            return api_argument_refuse(argument, problem, "%s is given twice", rule->name);
        if (argument->is_list && !rule->is_list)
            return api_argument_refuse(argument, problem, "%s must not be an array",
                                       argument->name);
        reading->given[i] = argument;
        return rule->read(reading, rule, argument, problem);
    }
    return api_argument_refuse(argument, problem, "unknown parameter %.64s", argument->name);
}

/* betas make the schedule, alone; beta belongs to the constant one. */
static bool settle_schedule(const struct reading *reading, struct api_problem *problem)
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
    if (betas && steps && parse_whole(steps->text, DISSOLVE_MAX_STEPS, &said)) {
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
static bool settle_start(const struct reading *reading, struct api_problem *problem)
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

static bool settle_frames(const struct reading *reading, struct api_problem *problem)
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

static bool settle_seed(const struct reading *reading, struct api_problem *problem)
{
    uint64_t *seed = &reading->parameters->seed;
    if (reading->given[SEED] || getrandom(seed, sizeof *seed, 0) == sizeof *seed)
        return true;
    return api_problem_from_status(problem, DISSOLVE_SYSTEM, NULL);
}

static struct api_parameters defaults(enum api_endpoint endpoint)
{
    bool samples = endpoint & SAMPLES;
    return (struct api_parameters){
        .schedule = {.steps = samples ? 40 : 20,
                     .beta = samples ? 0.5 : 0.25,
                     .beta_start = 1e-4,
                     .beta_end = 0.02,
                     .max_beta = 0.999},
        .delay = endpoint & HISTOGRAMS ? 100 : 200,
        .bins = 50,
        .content_count = 1, /* x */
    };
}

bool api_parameters_read(enum api_endpoint endpoint, const struct api_arguments *arguments,
                         struct api_parameters *parameters, struct api_problem *problem)
{
    struct reading reading = {.endpoint = endpoint, .parameters = parameters};
    *parameters = defaults(endpoint);
    bool fine = true;
    for (size_t i = 0; fine && i < arguments->count; i++)
        fine = read_argument(&reading, &arguments->list[i], problem);
    fine = fine && settle_schedule(&reading, problem) && settle_start(&reading, problem);
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

static const struct rule *rule_of(const char *name)
{
    const struct rule *rule = rules;
    while (strcmp(rule->name, name) != 0)
        rule++;
    return rule;
}

bool api_parameters_blame(const struct api_arguments *arguments, const char *name,
                          struct api_problem *problem, const char *format, ...)
{
    const struct rule *rule = rule_of(name);
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

/* The first word for a value. */
static const char *word_for(const struct word *words, int value)
{
    while (words->value != value)
        words++;
    return words->name;
}

const char *api_schedule_name(enum dissolve_schedule_kind kind)
{
    return kind == DISSOLVE_SCHEDULE_CUSTOM ? "custom" : word_for(schedules, (int)kind);
}

const char *api_sampler_name(enum dissolve_sampler sampler)
{
    return word_for(samplers, (int)sampler);
}

const char *api_parameterization_name(enum dissolve_parameterization parameterization)
{
    return word_for(parameterizations, (int)parameterization);
}

const char *api_content_name(enum api_content content)
{
    return word_for(contents, (int)content);
}
