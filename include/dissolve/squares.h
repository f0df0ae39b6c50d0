/* The root mean square of a state or of a step's noise, gathered in pieces. */
#ifndef DISSOLVE_SQUARES_H
#define DISSOLVE_SQUARES_H

#include <dissolve/measure.h>
#include <dissolve/status.h>
#include <stddef.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * Gathers the sum of the squares of n elements, in pieces and from several threads. The result
 * does not depend on how they were cut: sums are taken in double over blocks of
 * DISSOLVE_TALLY_BLOCK elements, and the blocks' sums are added in order.
 *
 * A step x_t - x_{t-1} = (sqrt(1 - beta_t) - 1) x_{t-1} + sqrt(beta_t) n_t has a deterministic and
 * a stochastic term (Song et al.: Score-Based Generative Modeling through Stochastic Differential
 * Equations, 2021). Their root mean squares are |sqrt(1 - beta_t) - 1| times that of x_{t-1}, and
 * sqrt(beta_t) times that of n_t.
 */
struct dissolve_squares;

/*
 * For n >= 1 elements. DISSOLVE_INVALID: n = 0. On an error *squares is NULL. Destroy takes NULL.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_squares_create(size_t n,
                                                               struct dissolve_squares **squares);
void dissolve_squares_destroy(struct dissolve_squares *squares);

/*
 * Adds x[0..count) as elements first .. first + count - 1. first is a multiple of
 * DISSOLVE_TALLY_BLOCK; so is count, but for the piece that ends at n. Each element is added once.
 * Any threads side by side, each with its own piece.
 */
void dissolve_squares_add(struct dissolve_squares *squares, size_t first, const float *x,
                          size_t count);

/* sqrt(sum of x^2 / n), once every element has been added. */
double dissolve_squares_rms(const struct dissolve_squares *squares);

/* Forgets everything, for another n elements. */
void dissolve_squares_reset(struct dissolve_squares *squares);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
