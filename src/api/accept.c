/* Reads an Accept header against a list of offers. */
#include "accept.h"

#include <string.h>
#include <strings.h>

/* A media range, type/subtype, or a coding, with parameters, of which only q counts. */
struct range {
    const char *text;
    size_t length; /* without parameters */
    int quality;   /* thousandths */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* "0.8" as 800; what is no number counts as 1. */
static int read_quality(const char *text, const char *end)
{
    if (text == end || *text < '0' || *text > '1')
        return 1000;
    int quality = (*text++ - '0') * 1000;
    if (text < end && *text == '.')
        text++;
    for (int place = 100; place > 0 && text < end && *text >= '0' && *text <= '9'; place /= 10)
        quality += (*text++ - '0') * place;
    return quality > 1000 ? 1000 : quality;
}

static int find_quality(const char *text, const char *end)
{
    for (const char *at = text; at < end; at++) {
        if (*at != ';')
            continue;
        const char *name = at + 1;
        while (name < end && is_space(*name))
            name++;
        if (end - name > 2 && (*name == 'q' || *name == 'Q') && name[1] == '=')
            return read_quality(name + 2, end);
    }
    return 1000;
}

/* The next range of a comma-separated header; false at its end. */
static bool next_range(const char **at, struct range *range)
{
    const char *text = *at;
    while (is_space(*text) || *text == ',')
        text++;
    if (*text == '\0')
        return false;
    const char *end = text + strcspn(text, ",");
    size_t length = strcspn(text, ";,");
    while (length > 0 && is_space(text[length - 1]))
        length--;
    *range = (struct range){.text = text, .length = length, .quality = find_quality(text, end)};
    *at = end;
    return true;
}

/* 0: no match, 1: any type, 2: any subtype, 3: exactly. */
static int specificity(const struct range *range, const char *offer)
{
    if (range->length == 3 && memcmp(range->text, "*/*", 3) == 0)
        return 1;
    size_t type = strcspn(offer, "/") + 1;
    if (range->length == type + 1 && range->text[type] == '*')
        return strncasecmp(range->text, offer, type) == 0 ? 2 : 0;
    if (range->length == strlen(offer) && strncasecmp(range->text, offer, range->length) == 0)
        return 3;
    return 0;
}

/* An offer's quality is that of the most specific range that matches it. */
struct rating {
    int quality;
    int specificity;
    int position;
};

static struct rating rate(const char *accept, const char *offer)
{
    struct rating rating = {0};
    struct range range;
    for (int position = 0; next_range(&accept, &range); position++) {
        int match = specificity(&range, offer);
        if (match > rating.specificity)
            rating = (struct rating){range.quality, match, position};
    }
    return rating;
}

static bool better(const struct rating *a, const struct rating *b)
{
    if (a->quality != b->quality)
        return a->quality > b->quality;
    if (a->specificity != b->specificity)
        return a->specificity > b->specificity;
    return a->specificity == 3 && a->position < b->position;
}

int api_accept_choose(const char *accept, const char *const *offers, size_t count)
{
    if (!accept || accept[strspn(accept, " \t,")] == '\0')
        return 0;
    int best = -1;
    struct rating best_rating = {0};
    for (size_t i = 0; i < count; i++) {
        struct rating rating = rate(accept, offers[i]);
        if (rating.quality > 0 && better(&rating, &best_rating)) {
            best = (int)i;
            best_rating = rating;
        }
    }
    return best;
}

static bool names(const struct range *range, const char *coding)
{
    return range->length == strlen(coding) && strncasecmp(range->text, coding, range->length) == 0;
}

bool api_accept_gzip(const char *accept_encoding)
{
    struct range range;
    int named = -1, any = 0;
    while (accept_encoding && next_range(&accept_encoding, &range)) {
        if (names(&range, "gzip") || names(&range, "x-gzip"))
            named = range.quality;
        else if (names(&range, "*"))
            any = range.quality;
    }
    return (named < 0 ? any : named) > 0;
}
