/* Round numbers along an axis, and decimal numbers as people write them. */
#ifndef CODEC_TICKS_H
#define CODEC_TICKS_H

#include <stddef.h>
#include <stdint.h>

/* The number digits * 10^exponent, exactly. |digits| is at most 10^17. */
struct codec_decimal {
    int64_t digits;
    int exponent;
};

/* Room for a printed decimal and its NUL. */
#define CODEC_DECIMAL_ROOM 40

/* The nearest double, where the exponent is within -22..22; elsewhere it is that but for rounding.
 */
double codec_decimal_value(struct codec_decimal number);

/* A finite value, rounded to `figures` (1..15) significant figures. */
struct codec_decimal codec_decimal_round(double value, int figures);

/*
 * Prints it in UTF-8 with a minus sign (U+2212) and without superfluous zeros: "0.05", "12000".
 * Below 0.0001 and, with few figures, from a million it has an exponent: "2.5e8". Returns how many
 * characters (not bytes) that is; a NUL follows.
 */
size_t codec_decimal_print(struct codec_decimal number, char text[CODEC_DECIMAL_ROOM]);

/* The most ticks that an axis may have. */
#define CODEC_MAX_TICKS 16

struct codec_ticks {
    size_t count;
    struct codec_decimal at[CODEC_MAX_TICKS]; /* ascending, each within low..high */
};

/*
 * Finds the multiples of a step in low..high. The step is 1, 2 or 5 times a power of ten, the
 * smallest that makes at most most + 1 ticks; most is 1..CODEC_MAX_TICKS - 1. There are none where
 * low < high does not hold or doubles are too coarse for such a step.
 */
void codec_ticks_find(double low, double high, int most, struct codec_ticks *ticks);

#endif
