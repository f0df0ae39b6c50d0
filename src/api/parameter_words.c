/* One list a parameter. */
#include "parameter_words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct api_word api_schedules[] = {
    {"constant", DISSOLVE_SCHEDULE_CONSTANT, 0},
    {"linear", DISSOLVE_SCHEDULE_LINEAR, 0},
    {"scaled_linear", DISSOLVE_SCHEDULE_SCALED_LINEAR, 0},
    {"cosine", DISSOLVE_SCHEDULE_COSINE, 0},
    {"sigmoid", DISSOLVE_SCHEDULE_SIGMOID, 0},
    {"squaredcos_cap_v2", DISSOLVE_SCHEDULE_COSINE, 0},
    {NULL, 0, 0},
};

const struct api_word api_parameterizations[] = {
    {"variance", DISSOLVE_VARIANCE, 0},
    {"std", DISSOLVE_STD, 0},
    {NULL, 0, 0},
};

const struct api_word api_samplers[] = {
    {"chain", DISSOLVE_SAMPLER_CHAIN, 0},
    {"jump", DISSOLVE_SAMPLER_JUMP, 0},
    {"tree", DISSOLVE_SAMPLER_TREE, 0},
    {NULL, 0, 0},
};

const struct api_word api_formats[] = {
    {"png", API_FORMAT_PNG, API_IMAGES_FRAMES},
    {"zip", API_FORMAT_ZIP, API_IMAGES_FRAMES},
    {"multipart", API_FORMAT_MULTIPART, API_IMAGES_FRAMES},
    {"json", API_FORMAT_JSON, 0},
    {"npy", API_FORMAT_NPY, API_FRAMES},
    {"npz", API_FORMAT_NPZ, API_FRAMES},
    {"svg", API_FORMAT_SVG, API_HISTOGRAMS},
    {NULL, 0, 0},
};

const struct api_word api_channels[] = {
    {"rgb", API_CHANNELS_RGB, 0}, {"gray", API_CHANNELS_GRAY, 0}, {NULL, 0, 0}};

const struct api_word api_compressions[] = {
    {"none", CODEC_COMPRESSION_NONE, 0},
    {"fast", CODEC_COMPRESSION_FAST, 0},
    {"best", CODEC_COMPRESSION_BEST, 0},
    {NULL, 0, 0},
};

const struct api_word api_layouts[] = {
    {"animation", API_LAYOUT_ANIMATION, 0},
    {"strip", API_LAYOUT_STRIP, 0},
    {"grid", API_LAYOUT_GRID, 0},
    {NULL, 0, 0},
};

const struct api_word api_contents[] = {
    {"x", API_CONTENT_X, 0},
    {"noise", API_CONTENT_NOISE, 0},
    {"velocity", API_CONTENT_VELOCITY, 0},
    {NULL, 0, 0},
};

const struct api_word api_measures[] = {{"terms", true, 0}, {NULL, 0, 0}};
const struct api_word api_truths[] = {{"true", true, 0}, {"false", false, 0}, {NULL, 0, 0}};

static bool fits(const struct api_word *word, enum api_endpoint endpoint)
{
    return word->endpoints == 0 || word->endpoints & endpoint;
}

const struct api_word *api_word_find(const struct api_word *words, enum api_endpoint endpoint,
                                     const char *text, size_t size)
{
    for (; words->name; words++) {
        if (fits(words, endpoint) && strlen(words->name) == size &&
            memcmp(words->name, text, size) == 0)
            return words;
    }
    return NULL;
}

bool api_word_matches(const struct api_word *words, enum api_endpoint endpoint, const char *text)
{
    for (; words->name; words++) {
        if (fits(words, endpoint) && strcasecmp(words->name, text) == 0)
            return true;
    }
    return false;
}

void api_words_list(const struct api_word *words, enum api_endpoint endpoint, char *list,
                    size_t room)
{
    size_t used = 0, left = 0;
    list[0] = '\0';
    for (const struct api_word *word = words; word->name; word++)
        left += fits(word, endpoint);
    for (const struct api_word *word = words; word->name && used < room; word++) {
        if (!fits(word, endpoint))
            continue;
        left--;
        const char *link = left > 1 ? ", " : left == 1 ? " or " : "";
        used += (size_t)snprintf(list + used, room - used, "%s%s", word->name, link);
    }
}

/* The first word for a value. */
static const char *word_for(const struct api_word *words, int value)
{
    while (words->value != value)
        words++;
    return words->name;
}

const char *api_schedule_name(enum dissolve_schedule_kind kind)
{
    return kind == DISSOLVE_SCHEDULE_CUSTOM ? "custom" : word_for(api_schedules, (int)kind);
}

const char *api_sampler_name(enum dissolve_sampler sampler)
{
    return word_for(api_samplers, (int)sampler);
}

const char *api_parameterization_name(enum dissolve_parameterization parameterization)
{
    return word_for(api_parameterizations, (int)parameterization);
}

const char *api_content_name(enum api_content content)
{
    return word_for(api_contents, (int)content);
}
