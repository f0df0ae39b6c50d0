/* Readers of parameters' texts, one for each kind of value, and the rules that use them. */
#ifndef API_PARAMETER_READERS_H
#define API_PARAMETER_READERS_H

#include "parameter_words.h"

struct api_reading;
struct api_rule;

typedef bool api_reader(struct api_reading *reading, const struct api_rule *rule,
                        const struct api_argument *argument, struct api_problem *problem);

/* What is known of a parameter: its values, and where they go. */
struct api_rule {
    const char *name;
    const char *alias; /* another name for it, or NULL */
    unsigned endpoints;
    api_reader *read;
    size_t at; /* in struct api_parameters */
    uint64_t low, high;
    const struct api_word *words;
    bool is_list; /* may be a JSON array of numbers */
};

/* The parameters on their way, and the arguments they came from, by the rule's place. */
enum { API_MAX_RULES = 32 };
struct api_reading {
    enum api_endpoint endpoint;
    struct api_parameters *parameters;
    const struct api_argument *given[API_MAX_RULES];
};

/* Decimal digits only, up to `top`. */
bool api_parse_whole(const char *text, uint64_t top, uint64_t *value);

api_reader api_read_whole; /* uint32_t, low..high */
api_reader api_read_wide;  /* uint64_t, low..high */
api_reader api_read_share; /* double, 0..1 */
api_reader api_read_real;  /* double, finite */
api_reader api_read_word;  /* an enumeration's constant */
api_reader api_read_flag;  /* bool */
api_reader api_read_range; /* "lo,hi" */
api_reader api_read_betas; /* "0.1,0.2", which make the schedule */
api_reader api_read_content;
api_reader api_read_later; /* nothing: what it means depends on other parameters */

#endif
