/* The words that parameters take, and what each stands for. */
#ifndef API_PARAMETER_WORDS_H
#define API_PARAMETER_WORDS_H

#include "parameters.h"

/* A list of words ends with a NULL name. Of two words for one value the first is the usual one. */
struct api_word {
    const char *name;
    int value;
    unsigned endpoints; /* that know it; 0: all of them */
};

extern const struct api_word api_schedules[];
extern const struct api_word api_parameterizations[];
extern const struct api_word api_samplers[];
extern const struct api_word api_formats[];
extern const struct api_word api_channels[];
extern const struct api_word api_compressions[];
extern const struct api_word api_layouts[];
extern const struct api_word api_contents[];
extern const struct api_word api_measures[];
extern const struct api_word api_truths[];

/* The word that text[0..size) spells, NULL if none does that the endpoint knows. */
const struct api_word *api_word_find(const struct api_word *words, enum api_endpoint endpoint,
                                     const char *text, size_t size);

/* Whether the text is one of those words, in whatever case. */
bool api_word_matches(const struct api_word *words, enum api_endpoint endpoint, const char *text);

/* Writes "png, zip or json", those that the endpoint knows, as far as fits. */
void api_words_list(const struct api_word *words, enum api_endpoint endpoint, char *list,
                    size_t room);

#endif
