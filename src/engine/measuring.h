/* The measures' inner loops, compiled once per instruction set; the kernel's choice is theirs. */
#ifndef ENGINE_MEASURING_H
#define ENGINE_MEASURING_H

#include <dissolve/measure.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Moments are taken over blocks of this many elements. */
#define MEASURING_BLOCK DISSOLVE_TALLY_BLOCK

/* Of one block: mean, and sum of the squared distances from it, both in eight partial sums. */
struct measuring_moments {
    double mean;
    double squares;
};

/*
 * A tally counts x both by the level (0..255) that dissolve_render gives it and by its bin among
 * MEASURING_BINS over [-4, 4]. Neither falls as x rises, so their sum tells both: cell 0 is below
 * the bins, cell 1 + bin + level within, the last one above.
 */
#define MEASURING_BINS        256
#define MEASURING_BINS_IN_ONE 32 /* in an interval of length 1 */
#define MEASURING_CELLS       (MEASURING_BINS + 2 + 255)

/*
 * What one thread has counted. Element i counts in slot i % slots: for few channels there are
 * several slots a channel, since adding to one number again and again would wait for the memory
 * each time.
 */
#define MEASURING_SLOTS 4
struct measuring_counts {
    size_t slots; /* 3 or MEASURING_SLOTS, a multiple of the channels */
    uint64_t clipped;
    uint32_t cells[MEASURING_SLOTS][MEASURING_CELLS];
};

/*
 * A histogram's bins in float32: x lies at x * scale + origin, which is 1 at the left edge of the
 * first bin and bins + 1 at the right edge of the last, and is held between 0.5 and top =
 * bins + 1.5. Its whole part, the place, is right where the rest is within `sure` of one half.
 */
struct measuring_ruler {
    float scale;
    float origin;
    float top;
    float sure;
};

/* A bell curve: e^peak at its mean. */
struct measuring_gauss {
    double mean;
    double sd;   /* above 0 */
    double peak; /* at most 746 */
};

/* Places are found for so many values at a time. */
#define MEASURING_PLACES 32

/* Each gives the same bits on every instruction set. */
struct measuring {
    /* The moments of a block of 1..MEASURING_BLOCK elements. */
    struct measuring_moments (*moments)(const float *x, size_t count);

    /* The same, and counts its elements, first .. first + count - 1. */
    struct measuring_moments (*tally)(const float *x, size_t first, size_t count,
                                      struct measuring_counts *counts);

    /* The smallest and the largest of n >= 1 values. A NaN is found only as x[0]. */
    void (*ends)(const float *x, size_t n, float *lowest, float *highest);

    /* The places of `groups` times MEASURING_PLACES values; bit i of a group's doubts is set where
       its place i must be found in another way; true if any is. NaN is at place 0. */
    bool (*places)(const float *x, size_t groups, const struct measuring_ruler *ruler,
                   int32_t *place, uint32_t *doubts);

    /* sums[i] += exp(peak - ((x[i] - mean) / sd)^2 / 2), the exponential within 5e-16 of its value;
       0 below the range of double, infinite above. */
    void (*gauss)(const double *x, size_t n, const struct measuring_gauss *gauss, double *sums);
};

extern const struct measuring measuring_baseline;
#ifdef __x86_64__
extern const struct measuring measuring_avx2;
#endif

/* The loops in use: those of the processor's own set, unless the kernel is the baseline. */
const struct measuring *measuring_active(void);

#endif
