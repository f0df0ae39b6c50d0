/* The inner loops, compiled once per instruction set, and the choice between them. */
#ifndef ENGINE_KERNEL_H
#define ENGINE_KERNEL_H

#include "tally.h"
#include <dissolve/noise.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel works on groups of this many elements: sixteen Philox blocks. */
#define KERNEL_GROUP 64

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

/* Which noise a run of groups takes: block is the first group's first, a multiple of 16. */
struct kernel_noise {
    uint64_t seed;
    uint64_t block;
    enum dissolve_stream stream;
};

struct kernel {
    const char *name;

    /* Carries from[0 .. 64 groups) through `count` steps, 0 or more, and writes what comes of it;
       the first is the one that makes x_t. `to` may be `from`. */
    void (*run)(float *to, const float *from, size_t groups, const struct kernel_noise *noise,
                uint32_t t, const struct kernel_step *steps, size_t count);

    /* Writes x_u between a, x_a, and b, x_b, all of them whole groups; n_u is step u's noise. */
    void (*bridge)(float *x, const float *a, const float *b, size_t groups,
                   const struct kernel_noise *noise, uint32_t u,
                   const struct kernel_bridge *weights);

    /* Writes the normals of `groups` whole groups. */
    void (*normals)(float *normals, size_t groups, const struct kernel_noise *noise, uint32_t t);

    /* dissolve_render of any number of elements. */
    void (*render)(const float *x, size_t n, uint8_t *pixels);

    /* The moments of a block of 1..TALLY_BLOCK elements. */
    struct tally_moments (*moments)(const float *x, size_t count);

    /* The same, and counts its elements, first .. first + count - 1. */
    struct tally_moments (*tally)(const float *x, size_t first, size_t count,
                                  struct tally_counts *counts);
};

extern const struct kernel kernel_baseline;
#ifdef __x86_64__
extern const struct kernel kernel_avx512;
extern const struct kernel kernel_avx2;
#endif
#ifdef __aarch64__
extern const struct kernel kernel_neon;
#endif

/* The kernel in use; see dissolve_isa. */
const struct kernel *kernel_active(void);

/* The kernel of that name if this build and this processor have it, else NULL. */
const struct kernel *kernel_named(const char *name);

#endif
