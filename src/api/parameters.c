/* One table of parameters, and a reader for each kind of value. */
#include "parameters.h"

#include "codec/number.h"

#include <dissolve/dissolve.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/random.h>

#define MAX_DELAY 60000

/* What the readers fill in: the parameters, and the texts that only make sense together. */
struct reading {
    enum api_endpoint endpoint;
    struct api_parameters *parameters;
    const struct api_argument *frames;
    bool has_seed;
};

typedef bool reader(struct reading *reading, const struct api_argument *argument,
                    struct api_problem *problem);

/* Decimal digits only, up to `top`. */
static bool read_whole(const char *text, uint64_t top, uint64_t *value)
{
    uint64_t v = 0;
    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (v > (top - digit) / 10)
            return false;
        v = 10 * v + digit;
    }
    *value = v;
    return true;
}

static bool read_bounded(const struct api_argument *argument, uint32_t low, uint32_t high,
                         uint32_t *value, struct api_problem *problem)
{
    uint64_t whole;
    if (!read_whole(argument->text, high, &whole) || whole < low)
        return api_argument_refuse(argument, problem,
                                   "%s must be a whole number from %" PRIu32 " to %" PRIu32,
                                   argument->name, low, high);
    *value = (uint32_t)whole;
    return true;
}

static bool read_steps(struct reading *reading, const struct api_argument *argument,
                       struct api_problem *problem)
{
    return read_bounded(argument, 0, DISSOLVE_MAX_STEPS, &reading->parameters->steps, problem);
}

static bool read_delay(struct reading *reading, const struct api_argument *argument,
                       struct api_problem *problem)
{
    return read_bounded(argument, 0, MAX_DELAY, &reading->parameters->delay, problem);
}

static bool read_bins(struct reading *reading, const struct api_argument *argument,
                      struct api_problem *problem)
{
    return read_bounded(argument, 1, DISSOLVE_MAX_BINS, &reading->parameters->bins, problem);
}

static bool read_beta(struct reading *reading, const struct api_argument *argument,
                      struct api_problem *problem)
{
    double value;
    size_t size = strlen(argument->text);
    if (size == 0 || codec_number_parse(argument->text, size, &value) != size ||
        !(value >= 0 && value <= 1))
        return api_argument_refuse(argument, problem, "beta must be a number from 0 to 1");
    reading->parameters->beta = value;
    return true;
}

static bool read_seed(struct reading *reading, const struct api_argument *argument,
                      struct api_problem *problem)
{
    if (!read_whole(argument->text, UINT64_MAX, &reading->parameters->seed))
        return api_argument_refuse(argument, problem,
                                   "seed must be a whole number from 0 to 2^64 - 1, in decimal");
    reading->has_seed = true;
    return true;
}

/* Resolved once steps is known. */
static bool note_frames(struct reading *reading, const struct api_argument *argument,
                        struct api_problem *problem)
{
    (void)problem;
    reading->frames = argument;
    return true;
}

/* "lo,hi" */
static bool read_range(struct reading *reading, const struct api_argument *argument,
                       struct api_problem *problem)
{
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

static bool read_format(struct reading *reading, const struct api_argument *argument,
                        struct api_problem *problem)
{
    static const struct {
        const char *name;
        enum api_format format;
        unsigned endpoints;
    } formats[] = {
        {"png", API_FORMAT_PNG, API_IMAGES_FRAMES},
        {"zip", API_FORMAT_ZIP, API_IMAGES_FRAMES},
        {"json", API_FORMAT_JSON, API_IMAGES_FRAMES | API_SAMPLES_HISTOGRAMS},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (formats[i].endpoints & reading->endpoint &&
            strcmp(argument->text, formats[i].name) == 0) {
            reading->parameters->format = formats[i].format;
            return true;
        }
    }
    return api_argument_refuse(argument, problem, "format must be %s",
                               reading->endpoint == API_IMAGES_FRAMES ? "png, zip or json"
                                                                      : "json");
}

static const struct {
    const char *name;
    unsigned endpoints;
    reader *read;
    bool is_list; /* may be a JSON array of numbers */
} table[] = {
    {"steps", API_IMAGES_FRAMES | API_SAMPLES_HISTOGRAMS, read_steps, false},
    {"beta", API_IMAGES_FRAMES | API_SAMPLES_HISTOGRAMS, read_beta, false},
    {"seed", API_IMAGES_FRAMES | API_SAMPLES_HISTOGRAMS, read_seed, false},
    {"frames", API_IMAGES_FRAMES | API_SAMPLES_HISTOGRAMS, note_frames, true},
    {"format", API_IMAGES_FRAMES | API_SAMPLES_HISTOGRAMS, read_format, false},
    {"delay", API_IMAGES_FRAMES, read_delay, false},
    {"bins", API_SAMPLES_HISTOGRAMS, read_bins, false},
    {"range", API_SAMPLES_HISTOGRAMS, read_range, true},
};

static bool read_argument(struct reading *reading, const struct api_argument *argument,
                          struct api_problem *problem)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!(table[i].endpoints & reading->endpoint) || strcmp(argument->name, table[i].name) != 0)
            continue;
        if (argument->is_list && !table[i].is_list)
            return api_argument_refuse(argument, problem, "%s must not be an array",
                                       argument->name);
        return table[i].read(reading, argument, problem);
    }
    return api_argument_refuse(argument, problem, "unknown parameter %.64s", argument->name);
}

static bool given_before(const struct api_arguments *arguments, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(arguments->list[i].name, arguments->list[index].name) == 0)
            return true;
    }
    return false;
}

static bool read_all(struct reading *reading, const struct api_arguments *arguments,
                     struct api_problem *problem)
{
    for (size_t i = 0; i < arguments->count; i++) {
        const struct api_argument *argument = &arguments->list[i];
        if (given_before(arguments, i))
            return api_argument_refuse(argument, problem, "%.64s is given twice", argument->name);
        if (!read_argument(reading, argument, problem))
            return false;
    }
    return true;
}

static bool draw_seed(uint64_t *seed, struct api_problem *problem)
{
    if (getrandom(seed, sizeof *seed, 0) == sizeof *seed)
        return true;
    return api_problem_from_status(problem, DISSOLVE_SYSTEM, NULL);
}

static bool select_frames(const struct reading *reading, struct api_problem *problem)
{
    struct api_parameters *parameters = reading->parameters;
    char detail[200];
    const char *text = reading->frames ? reading->frames->text : "all";
    enum dissolve_status status =
        api_selection_read(text, parameters->steps, &parameters->frames, detail, sizeof detail);
    if (status == DISSOLVE_INVALID)
        return api_argument_refuse(reading->frames, problem, "%s", detail);
    return status == DISSOLVE_OK || api_problem_from_status(problem, status, NULL);
}

bool api_parameters_read(enum api_endpoint endpoint, const struct api_arguments *arguments,
                         struct api_parameters *parameters, struct api_problem *problem)
{
    bool images = endpoint == API_IMAGES_FRAMES;
    *parameters = (struct api_parameters){
        .steps = images ? 20 : 40, .beta = images ? 0.25 : 0.5, .delay = 200, .bins = 50};
    struct reading reading = {.endpoint = endpoint, .parameters = parameters};
    if (read_all(&reading, arguments, problem) &&
        (reading.has_seed || draw_seed(&parameters->seed, problem)) &&
        select_frames(&reading, problem))
        return true;
    api_parameters_free(parameters);
    return false;
}

void api_parameters_free(struct api_parameters *parameters)
{
    api_selection_free(&parameters->frames);
    *parameters = (struct api_parameters){0};
}
