/* The exact law of a mixture's samples after t steps: density, moments, entropy, distance to noise.
 */
#ifndef DISSOLVE_MARGINAL_H
#define DISSOLVE_MARGINAL_H

#include <dissolve/mixture.h>
#include <dissolve/pool.h>
#include <dissolve/status.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* One frame takes at most this many points of quadrature; beyond it has no entropy and no KL. */
#define DISSOLVE_MARGINAL_MAX_POINTS 10000000

/*
 * x_t of a mixture x_0: x_t | x_0 ~ N(m x_0, v) with m = sqrt(abar_t) and v = 1 - abar_t (Ho, Jain,
 * Abbeel 2020, equation 4), so x_t is a mixture too, with the same weights and with the components
 * N(m means[k], m^2 stds[k]^2 + v). Where m = 0 and v = 1 it is N(0, 1), whatever x_0 was.
 *
 * The mixture is borrowed and checked (dissolve_mixture_check). Components of weight 0 do not count
 * in anything below. All functions are pure, any thread; they use up to 256 KiB of stack.
 */
struct dissolve_marginal {
    const struct dissolve_mixture *mixture;
    double signal;   /* m(0, t), 0..1 */
    double variance; /* v(0, t), 0..1 */
};

/*
 * Why the entropy of the lesson's mixture falls while that of an image rises: noise draws every law
 * towards N(0, 1), that is, to entropy ln(2 pi e) / 2 = 1.4189 nats and to variance 1, from either
 * side. A small step changes the entropy by (J - 1) beta / 2, where J is the Fisher information of
 * the law (de Bruijn's identity), and J is at least 1 / variance. An image in [-1, 1] has a
 * variance below 1, thus J > 1: its entropy, at most ln 2 = 0.69, rises at every step. The lesson's
 * mixture has variance 9.5 and entropy 2.16 nats. It is wider than the noise and shrinks to it, and
 * its entropy falls, once J < 1: under small betas it rises first, for as long as the noise fills
 * what is empty between the components. What goes one way for every law is kl: no step raises it
 * (the data processing inequality; a step leaves N(0, 1) as it is), and it tends to 0.
 */
struct dissolve_marginal_measures {
    double mean; /* of x_t */
    double std;  /* of x_t; exact moments, both always finite */

    /* The differential entropy -integral p ln p in nats, and KL(p || N(0, 1)) =
       integral p ln(p / phi) = (mean^2 + std^2 + ln(2 pi)) / 2 - entropy in nats, never below 0.
       Both are within 1e-8 max(1, |value|), or NaN: where a component is a single point (sd 0 at
       t: no density), or where dissolve_marginal_points exceeds DISSOLVE_MARGINAL_MAX_POINTS. */
    double entropy;
    double kl;
};

/*
 * How many points of quadrature one frame takes, to be held against a limit of work before any
 * measure is asked for: a frame costs at most points * components exponentials. The trapezoid rule
 * goes over the union of the components' ranges, mean +- 10 sd, with a spacing of a quarter of the
 * smallest sd, so a single component has 81 points; components that do not reach each other leave
 * the room between them out. 0 where a component's sd is 0 at t, UINT64_MAX beyond counting.
 */
uint64_t dissolve_marginal_points(const struct dissolve_marginal *marginal);

/*
 * density[i] = p(x[i]) for finite x[0..n); 0 where it is below the range of double. NaN everywhere
 * where a component's sd is 0 at t. Costs at most n * components exponentials.
 */
void dissolve_marginal_density(const struct dissolve_marginal *marginal, const double *x, size_t n,
                               double *density);

/*
 * The measures by quadrature. Terms are added in one order, so that they are the same everywhere
 * but for the last place of the C library's exp and log. They may take minutes, so that they end
 * early once `job` is cancelled, which is looked at every 64 points: DISSOLVE_CANCELLED, and the
 * measures are of no use. NULL: nothing cancels them.
 */
DISSOLVE_MUST_USE enum dissolve_status
dissolve_marginal_measure(const struct dissolve_marginal *marginal, const struct dissolve_job *job,
                          struct dissolve_marginal_measures *measures);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
