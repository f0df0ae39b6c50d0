/* The measures' inner loops, compiled once per instruction set; the kernel's choice is theirs. */
#ifndef ENGINE_MEASURING_H
#define ENGINE_MEASURING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
