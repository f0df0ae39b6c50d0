/* One-dimensional mixtures of Gaussians, the lesson's second example. */
#ifndef DISSOLVE_MIXTURE_H
#define DISSOLVE_MIXTURE_H

#include <dissolve/status.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

#define DISSOLVE_MAX_COMPONENTS 4096

/*
 * Component k has weights[k] / (sum of weights) of the mass and is N(means[k], stds[k]^2).
 * |mean| + 6 std is finite in float32, so that every sample is.
 */
struct dissolve_mixture {
    size_t components;     /* 1..DISSOLVE_MAX_COMPONENTS */
    const double *weights; /* finite, none negative, their sum positive and finite */
    const double *means;   /* finite */
    const double *stds;    /* finite, none negative; 0 is a single point */
};

/* DISSOLVE_INVALID: the mixture breaks one of the rules above. */
DISSOLVE_MUST_USE enum dissolve_status
dissolve_mixture_check(const struct dissolve_mixture *mixture);

/*
 * Draws samples offset .. offset + count - 1 of a checked mixture, by the noise contract: sample i
 * takes u_i = (w >> 8) 2^-24, w = word i mod 4 of block i / 4 of DISSOLVE_STREAM_COMPONENT, and
 * the first component whose cumulated normalised weight exceeds u_i, else the last; the sample is
 * (float)(mean + std * n_i), n_i from DISSOLVE_STREAM_MIXTURE. Weights are divided by their sum,
 * then cumulated, both in order and in double. offset + count is at most 2^64. Pure; any thread.
 */
void dissolve_mixture_draw(const struct dissolve_mixture *mixture, uint64_t seed, uint64_t offset,
                           size_t count, float *samples);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
