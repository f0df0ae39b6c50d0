/* From a text to a value, or to a problem that says what was expected. */
#include "parameter_readers.h"

#include "codec/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(enum api_format) == sizeof(int) &&
                   sizeof(enum dissolve_sampler) == sizeof(int) &&
                   sizeof(enum codec_compression) == sizeof(int),
               "api_read_word writes an int");

static void *target(struct api_reading *reading, const struct api_rule *rule)
{
    return (char *)reading->parameters + rule->at;
}

bool api_parse_whole(const char *text, uint64_t top, uint64_t *value)
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

/* How a number has to be written, where it is one that JSON's grammar does not have. */
static const char *spelling_hint(const char *text)
{
    const char *unsigned_text = text + (*text == '-');
    size_t length = strlen(text);
    bool foreign = *text == '+' || *text == ' ' || *unsigned_text == '.' ||
                   (length > 1 && text[length - 1] == '.');
    return foreign ? ", written as in JSON (0.5 and 5, not .5, 5. or +5)" : "";
}

bool api_read_wide(struct api_reading *reading, const struct api_rule *rule,
                   const struct api_argument *argument, struct api_problem *problem)
{
    uint64_t value;
    if (!api_parse_whole(argument->text, rule->high, &value) || value < rule->low)
        return api_argument_refuse(
            argument, problem,
            "%s must be a whole number from %" PRIu64 " to %" PRIu64 ", in decimal%s",
            argument->name, rule->low, rule->high, spelling_hint(argument->text));
    memcpy(target(reading, rule), &value, sizeof value);
    return true;
}

bool api_read_whole(struct api_reading *reading, const struct api_rule *rule,
                    const struct api_argument *argument, struct api_problem *problem)
{
    uint64_t value;
    if (!api_parse_whole(argument->text, rule->high, &value) || value < rule->low)
        return api_argument_refuse(
            argument, problem, "%s must be a whole number from %" PRIu64 " to %" PRIu64 "%s",
            argument->name, rule->low, rule->high, spelling_hint(argument->text));
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

bool api_read_share(struct api_reading *reading, const struct api_rule *rule,
                    const struct api_argument *argument, struct api_problem *problem)
{
    double value;
    if (!parse_real(argument->text, &value) || !(value >= 0 && value <= 1))
        return api_argument_refuse(argument, problem, "%s must be a number from 0 to 1%s",
                                   argument->name, spelling_hint(argument->text));
    memcpy(target(reading, rule), &value, sizeof value);
    return true;
}

bool api_read_real(struct api_reading *reading, const struct api_rule *rule,
                   const struct api_argument *argument, struct api_problem *problem)
{
    double value;
    if (!parse_real(argument->text, &value))
        return api_argument_refuse(argument, problem, "%s must be a finite number%s",
                                   argument->name, spelling_hint(argument->text));
    memcpy(target(reading, rule), &value, sizeof value);
    return true;
}

/* "format must be png, zip or json" */
static bool refuse_word(const struct api_reading *reading, const struct api_rule *rule,
                        const struct api_argument *argument, struct api_problem *problem)
{
    char list[160];
    api_words_list(rule->words, reading->endpoint, list, sizeof list);
    bool known = api_word_matches(rule->words, reading->endpoint, argument->text);
    return api_argument_refuse(argument, problem, "%s must be %s%s", argument->name, list,
                               known ? ", in lower case" : "");
}

/* Enumerations and truth values alike are as large as an int, or a bool; see the table. */
bool api_read_word(struct api_reading *reading, const struct api_rule *rule,
                   const struct api_argument *argument, struct api_problem *problem)
{
    const struct api_word *word =
        api_word_find(rule->words, reading->endpoint, argument->text, strlen(argument->text));
    if (!word)
        return refuse_word(reading, rule, argument, problem);
    memcpy(target(reading, rule), &word->value, sizeof word->value);
    return true;
}

bool api_read_flag(struct api_reading *reading, const struct api_rule *rule,
                   const struct api_argument *argument, struct api_problem *problem)
{
    const struct api_word *word =
        api_word_find(rule->words, reading->endpoint, argument->text, strlen(argument->text));
    if (!word)
        return refuse_word(reading, rule, argument, problem);
    bool flag = word->value;
    memcpy(target(reading, rule), &flag, sizeof flag);
    return true;
}

/* Resolved once steps is known. */
bool api_read_later(struct api_reading *reading, const struct api_rule *rule,
                    const struct api_argument *argument, struct api_problem *problem)
{
    (void)reading, (void)rule, (void)argument, (void)problem;
    return true;
}

/* "lo,hi" */
bool api_read_range(struct api_reading *reading, const struct api_rule *rule,
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
                                   "range must be two finite numbers lo,hi with lo <= hi%s",
                                   spelling_hint(text));
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

bool api_read_betas(struct api_reading *reading, const struct api_rule *rule,
                    const struct api_argument *argument, struct api_problem *problem)
{
    (void)rule;
    struct api_parameters *parameters = reading->parameters;
    parameters->betas = calloc(DISSOLVE_MAX_STEPS, sizeof *parameters->betas);
    if (!parameters->betas)
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    size_t count = parse_list(argument->text, parameters->betas);
    if (count == 0)
        return api_argument_refuse(argument, problem,
                                   "%s must be a list of 1 to %d finite numbers%s", argument->name,
                                   DISSOLVE_MAX_STEPS, spelling_hint(argument->text));
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
bool api_read_content(struct api_reading *reading, const struct api_rule *rule,
                      const struct api_argument *argument, struct api_problem *problem)
{
    struct api_parameters *parameters = reading->parameters;
    const char *text = argument->text;
    parameters->content_count = 0;
    for (bool more = true; more;) {
        size_t size = strcspn(text, ",");
        const struct api_word *word = api_word_find(rule->words, reading->endpoint, text, size);
        if (!word || !add_content(parameters, (enum api_content)word->value))
            return api_argument_refuse(argument, problem,
                                       "content must be x, noise, velocity or several of them, "
                                       "separated by commas, none twice");
        more = text[size] == ',';
        text += size + more;
    }
    return true;
}
