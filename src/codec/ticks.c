/* Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten. */
#include "ticks.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Powers of ten that are exact as doubles. */
#define EXACT_POWER 22

/* A step this much too small still counts as enough: the quotients are rounded. */
#define SLACK 1e-9

/* Beyond it a multiple of the step and its neighbours are the same double, or nearly. */
#define MAX_MULTIPLE 1e14

/* Steps outside of this are next to the ends of the doubles' range. */
#define MIN_STEP 1e-290
#define MAX_STEP 1e300

#define MINUS "\xe2\x88\x92"

double codec_decimal_value(struct codec_decimal number)
{
    double value = (double)number.digits;
    /* A division by an exact power is rounded once; by 10^-1, which is not exact, twice. */
    if (number.exponent >= 0)
        return value * pow(10.0, number.exponent);
    if (number.exponent >= -EXACT_POWER)
        return value / pow(10.0, -number.exponent);
    return value / pow(10.0, EXACT_POWER) * pow(10.0, number.exponent + EXACT_POWER);
}

struct codec_decimal codec_decimal_round(double value, int figures)
{
    if (value == 0.0 || !isfinite(value))
        return (struct codec_decimal){0};
    int exponent = (int)floor(log10(fabs(value))) - figures + 1;
    /* In two factors, for 10^-exponent may be beyond the doubles. */
    int half = exponent / 2;
    double scaled = value * pow(10.0, -half) * pow(10.0, half - exponent);
    return (struct codec_decimal){llround(scaled), exponent};
}

/* The digits of a number without trailing zeros, and where its decimal point is. */
struct digits {
    char text[24];
    int count;
    int point; /* the value is 0.text * 10^point */
};

static struct digits split(struct codec_decimal number)
{
    struct digits result = {.count = 0};
    uint64_t rest = number.digits < 0 ? 0 - (uint64_t)number.digits : (uint64_t)number.digits;
    int exponent = number.exponent;
    while (rest > 0 && rest % 10 == 0) {
        rest /= 10;
        exponent++;
    }
    char reversed[24];
    for (; rest > 0; rest /= 10)
        reversed[result.count++] = (char)('0' + rest % 10);
    for (int i = 0; i < result.count; i++)
        result.text[i] = reversed[result.count - 1 - i];
    result.point = result.count + exponent;
    return result;
}

/* A text that grows; every number fits in its room. */
struct piece {
    char *text;
    size_t bytes;
    size_t characters;
};

static void put(struct piece *piece, const char *bytes, size_t size, size_t characters)
{
    memcpy(piece->text + piece->bytes, bytes, size);
    piece->bytes += size;
    piece->characters += characters;
}

static void put_zeros(struct piece *piece, int count)
{
    for (int i = 0; i < count; i++)
        put(piece, "0", 1, 1);
}

static void put_plain(struct piece *piece, const struct digits *digits)
{
    int whole = digits->point < 0 ? 0 : digits->point;
    int known = whole < digits->count ? whole : digits->count;
    if (whole == 0)
        put_zeros(piece, 1);
    put(piece, digits->text, (size_t)known, (size_t)known);
    put_zeros(piece, whole - known);
    if (known == digits->count)
        return;
    put(piece, ".", 1, 1);
    put_zeros(piece, whole - digits->point);
    put(piece, digits->text + known, (size_t)(digits->count - known),
        (size_t)(digits->count - known));
}

static void put_exponent(struct piece *piece, int exponent)
{
    char text[8];
    size_t at = sizeof text;
    int rest = exponent < 0 ? -exponent : exponent;
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    put(piece, "e", 1, 1);
    if (exponent < 0)
        put(piece, MINUS, strlen(MINUS), 1);
    put(piece, text + at, sizeof text - at, sizeof text - at);
}

size_t codec_decimal_print(struct codec_decimal number, char text[CODEC_DECIMAL_ROOM])
{
    struct digits digits = split(number);
    struct piece piece = {.text = text};
    /* Many figures are as long with an exponent, and harder to compare: 1000000.5 and 1000001. */
    int most = digits.count > 3 ? 15 : 6;
    if (number.digits < 0)
        put(&piece, MINUS, strlen(MINUS), 1);
    if (digits.count == 0) {
        put_zeros(&piece, 1);
    } else if (digits.point > -4 && digits.point <= most) {
        put_plain(&piece, &digits);
    } else {
        put(&piece, digits.text, 1, 1);
        if (digits.count > 1) {
            put(&piece, ".", 1, 1);
            put(&piece, digits.text + 1, (size_t)digits.count - 1, (size_t)digits.count - 1);
        }
        put_exponent(&piece, digits.point - 1);
    }
    piece.text[piece.bytes] = 0;
    return piece.characters;
}

/* The smallest step of 1, 2 or 5 times a power of ten that is not below `least`. */
static struct codec_decimal find_step(double least)
{
    static const int factors[] = {1, 2, 5};
    int exponent = (int)floor(log10(least));
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        struct codec_decimal step = {factors[i], exponent};
        if (codec_decimal_value(step) >= least * (1.0 - SLACK))
            return step;
    }
    return (struct codec_decimal){1, exponent + 1};
}

void codec_ticks_find(double low, double high, int most, struct codec_ticks *ticks)
{
    ticks->count = 0;
    double least = (high - low) / most;
    if (!(least >= MIN_STEP && least <= MAX_STEP))
        return;
    struct codec_decimal step = find_step(least);
    double width = codec_decimal_value(step);
    double first = ceil(low / width - SLACK);
    double last = floor(high / width + SLACK);
    if (!(fabs(first) <= MAX_MULTIPLE && fabs(last) <= MAX_MULTIPLE))
        return;
    for (double at = first; at <= last && ticks->count < CODEC_MAX_TICKS; at++)
        ticks->at[ticks->count++] =
            (struct codec_decimal){(int64_t)at * step.digits, step.exponent};
}
