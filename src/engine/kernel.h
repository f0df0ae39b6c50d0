/* The inner loops, compiled once per instruction set, and the choice between them. */
#ifndef ENGINE_KERNEL_H
#define ENGINE_KERNEL_H

#include <dissolve/measure.h>
#include <dissolve/noise.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel works on groups of this many elements: eight Philox blocks. */
#define KERNEL_GROUP 32

/* Philox4x32-10: how often, the multipliers, and what is added to the keys after each round. */
#define PHILOX_ROUNDS 10
#define PHILOX_M0     0xd2511f53u
#define PHILOX_M1     0xcd9e8d57u
#define PHILOX_W0     0x9e3779b9u
#define PHILOX_W1     0xbb67ae85u

/* One step in float32: x_t = fma(signal, x_{t-1}, noise * n_t). */
struct kernel_step {
    float signal; /* sqrt(1 - beta_t) */
    float noise;  /* sqrt(beta_t) */
};

/*
 * A state between two others in float32: x_u = fma(left, x_a, fma(right, x_b, noise * n_u)) (the
 * tree sampler's p, q and r; see process.h).
 */
struct kernel_bridge {
    float left;
    float right;
    float noise;
};

/* Which noise a run of groups takes: block is the first group's first, a multiple of 8. */
struct kernel_noise {
    uint64_t seed;
    uint64_t block;
    enum dissolve_stream stream;
};

/* Moments are taken over blocks of this many elements. */
#define KERNEL_BLOCK DISSOLVE_TALLY_BLOCK

/* Of one block: mean, and sum of the squared distances from it, both in eight partial sums. */
struct kernel_moments {
    double mean;
    double squares;
};

/*
 * A tally counts x both by the level (0..255) that dissolve_render gives it and by its bin among
 * KERNEL_BINS over [-4, 4]. Neither falls as x rises, so their sum tells both: cell 0 is below the
 * bins, cell 1 + bin + level within, the last one above.
 */
#define KERNEL_BINS        256
#define KERNEL_BINS_IN_ONE 32 /* in an interval of length 1 */
#define KERNEL_CELLS       (KERNEL_BINS + 2 + 255)

/*
 * What one thread has counted. Element i counts in slot i % slots: for few channels there are
 * several slots a channel, since adding to one number again and again would wait for the memory
 * each time.
 */
#define KERNEL_SLOTS 4
struct kernel_counts {
    size_t slots; /* 3 or KERNEL_SLOTS, a multiple of the channels */
    uint64_t clipped;
    uint32_t cells[KERNEL_SLOTS][KERNEL_CELLS];
};

/*
 * A histogram's bins in float32: x lies at x * scale + origin, which is 1 at the left edge of the
 * first bin and bins + 1 at the right edge of the last, and is held between 0.5 and top =
 * bins + 1.5. Its whole part, the place, is right where the rest is within `sure` of one half.
 */
struct kernel_ruler {
    float scale;
    float origin;
    float top;
    float sure;
};

/* A bell curve: e^peak at its mean. */
struct kernel_gauss {
    double mean;
    double sd;   /* above 0 */
    double peak; /* at most 746 */
};

/* Places are found for so many values at a time. */
#define KERNEL_PLACES 8

struct kernel {
    const char *name;

    /* Carries x[0 .. 32 groups) through `count` steps; the first is the one that makes x_t. */
    void (*run)(float *x, size_t groups, const struct kernel_noise *noise, uint32_t t,
                const struct kernel_step *steps, size_t count);

    /* Writes x_u between a, x_a, and b, x_b, all of them whole groups; n_u is step u's noise. */
    void (*bridge)(float *x, const float *a, const float *b, size_t groups,
                   const struct kernel_noise *noise, uint32_t u,
                   const struct kernel_bridge *weights);

    /* Writes the normals of `groups` whole groups. */
    void (*normals)(float *normals, size_t groups, const struct kernel_noise *noise, uint32_t t);

    /* dissolve_render of any number of elements. */
    void (*render)(const float *x, size_t n, uint8_t *pixels);

    /* The moments of a block of 1..KERNEL_BLOCK elements. */
    struct kernel_moments (*moments)(const float *x, size_t count);

    /* The same, and counts its elements, first .. first + count - 1. */
    struct kernel_moments (*tally)(const float *x, size_t first, size_t count,
                                   struct kernel_counts *counts);

    /* The smallest and the largest of n >= 1 values. A NaN is found only as x[0]. */
    void (*ends)(const float *x, size_t n, float *lowest, float *highest);

    /* The places of `groups` times KERNEL_PLACES values; bit i of a group's doubts is set where its
       place i must be found in another way. NaN is at place 0. */
    void (*places)(const float *x, size_t groups, const struct kernel_ruler *ruler, int32_t *place,
                   uint8_t *doubts);

    /* sums[i] += exp(peak - ((x[i] - mean) / sd)^2 / 2), the exponential within 5e-16 of its value;
       0 below the range of double, infinite above. The same bits on every instruction set. */
    void (*gauss)(const double *x, size_t n, const struct kernel_gauss *gauss, double *sums);
};

extern const struct kernel kernel_baseline;
#ifdef __x86_64__
extern const struct kernel kernel_avx2;
#endif

/* The kernel in use; see dissolve_isa. */
const struct kernel *kernel_active(void);

/* The kernel of that name if this build and this processor have it, else NULL. */
const struct kernel *kernel_named(const char *name);

#endif
