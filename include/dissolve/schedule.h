/* How much noise each step adds: the table of betas and what follows from it. */
#ifndef DISSOLVE_SCHEDULE_H
#define DISSOLVE_SCHEDULE_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* The largest number of steps a schedule may have. */
#define DISSOLVE_MAX_STEPS 10000

/* The number of steps at which scale_betas changes no end, and the cap on each scaled number. */
#define DISSOLVE_SCALE_STEPS 1000
#define DISSOLVE_SCALE_CAP   0.999

/*
 * One step is x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) n_t with n_t ~ N(0, I)
 * (Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, 2020, equation 2). t counts steps
 * applied: t = 0 is the input, t = 1..steps are its noised descendants.
 */
struct dissolve_schedule;

/*
 * The numbers of a schedule, i = 0..steps - 1 for t = i + 1; names and formulas as in Hugging
 * Face's diffusers. linspace is numpy's: it ends at exactly its end, and of one number it gives the
 * start.
 */
enum dissolve_schedule_kind {
    DISSOLVE_SCHEDULE_CONSTANT,      /* beta for every t */
    DISSOLVE_SCHEDULE_LINEAR,        /* linspace(beta_start, beta_end, steps) (Ho et al. 2020) */
    DISSOLVE_SCHEDULE_SCALED_LINEAR, /* linspace(sqrt(beta_start), sqrt(beta_end), steps)^2
                                        (Rombach et al.: Latent Diffusion Models, 2022) */
    DISSOLVE_SCHEDULE_COSINE,        /* min(1 - f((i + 1)/steps) / f(i/steps), max_beta),
                                        f(u) = cos^2((u + 0.008)/1.008 pi/2)
                                        (Nichol, Dhariwal: Improved DDPM, 2021, equation 17) */
    DISSOLVE_SCHEDULE_SIGMOID,       /* l(linspace(-6, 6, steps)) (beta_end - beta_start) +
                                        beta_start, l(x) = 1/(1 + exp(-x)) (GeoDiff, 2022) */
    DISSOLVE_SCHEDULE_CUSTOM,        /* betas */
};

/* What the numbers of a schedule are. */
enum dissolve_parameterization {
    DISSOLVE_VARIANCE, /* each is beta_t, the variance of the noise */
    DISSOLVE_STD,      /* each is its standard deviation: beta_t is its square */
};

/*
 * A member that the kind does not name is not read. There are no defaults: a 0 is a 0. Every number
 * that a schedule makes, variance or standard deviation, has to lie in 0..1; the ends, the cap and
 * the rest may be any that lead to such numbers; no rounding takes one out of the range that the
 * formula keeps in it. 0 leaves x as it is, 1 replaces it by noise.
 */
struct dissolve_schedule_options {
    enum dissolve_schedule_kind kind; /* 0: constant */
    uint32_t steps;                   /* 0..DISSOLVE_MAX_STEPS */
    double beta;                      /* constant */
    double beta_start;                /* linear, scaled_linear, sigmoid */
    double beta_end;                  /* likewise; may be the smaller one */
    /*
     * linear, scaled_linear, sigmoid: multiplies beta_start and beta_end by 1000/steps, so that a
     * schedule of any length adds about as much noise as one of 1000 steps, and caps each number
     * of the schedule at 0.999, before the parameterization squares it (as max_beta caps those of
     * cosine). No multiplication takes place for steps = 0. Source: OpenAI's guided-diffusion,
     * get_named_beta_schedule (Dhariwal, Nichol: Diffusion Models Beat GANs, 2021), and
     * denoising-diffusion-pytorch, linear_beta_schedule; the cap is that of both for cosine.
     */
    bool scale_betas;
    double max_beta;     /* cosine; from 1 on it caps nothing */
    const double *betas; /* custom: steps of them, borrowed during the call */
    enum dissolve_parameterization parameterization; /* 0: variance */
    /*
     * Takes away the signal that is left at the end (Lin et al.: Common Diffusion Noise Schedules
     * and Sample Steps are Flawed, 2024, algorithm 1). With s_t = sqrt(alpha_cumprod_t) of the
     * betas so far and s'_t = (s_t - s_T) s_1 / (s_1 - s_T),
     * beta_t becomes 1 - (s'_t / s'_{t-1})^2; beta_1 stays, beta_T becomes exactly 1.
     * Once s'_{t-1} = 0, where the formula says nothing (only betas of 0 follow, or a beta was 1
     * already), beta_t stays for t < T. So a beta of 0 stays 0 everywhere before T.
     * Invalid if s_1 = s_T: fewer than two steps, no noise after the first, or beta_1 = 1.
     */
    bool rescale_zero_snr;
};

/* Why a schedule cannot be. */
struct dissolve_schedule_fault {
    uint32_t t;   /* the first step at fault, 1..steps; 0: no single step is (rescaling that is not
                     possible, too many steps, an unknown constant, custom without betas) */
    double value; /* what the schedule would make of step t, before the parameterization squares
                     it: outside 0..1, or a NaN; 0 if t = 0 */
};

/*
 * Builds a schedule; *schedule is the caller's, to be given to dissolve_schedule_destroy.
 * DISSOLVE_INVALID: something is outside its range; *fault, unless NULL, says what. No other status
 * writes to it. DISSOLVE_NO_MEMORY. On an error *schedule is NULL.
 * A schedule never changes, so any number of threads may read it.
 */
DISSOLVE_MUST_USE enum dissolve_status
dissolve_schedule_create(const struct dissolve_schedule_options *options,
                         struct dissolve_schedule **schedule,
                         struct dissolve_schedule_fault *fault);

/* Frees a schedule; NULL is fine. */
void dissolve_schedule_destroy(struct dissolve_schedule *schedule);

uint32_t dissolve_schedule_steps(const struct dissolve_schedule *schedule);

/* beta_t, 0..1, for t = 1..steps: a variance, after parameterization and rescaling. */
double dissolve_schedule_beta(const struct dissolve_schedule *schedule, uint32_t t);

/*
 * alphas_cumprod: prod_{s <= t} (1 - beta_s) for t = 0..steps, as exp(L_t), L_t the sum of
 * log1p(-beta_s). 1 at t = 0, exactly 0 after a step with beta = 1.
 */
double dissolve_schedule_alpha_cumprod(const struct dissolve_schedule *schedule, uint32_t t);

/*
 * Signal-to-noise ratio alpha_cumprod / (1 - alpha_cumprod) (Kingma et al.: Variational Diffusion
 * Models, 2021) for t = 0..steps, as 1 / expm1(-L_t). INFINITY while no noise has been added, 0
 * after a step with beta = 1.
 */
double dissolve_schedule_snr(const struct dissolve_schedule *schedule, uint32_t t);

/*
 * Its natural logarithm for t = 0..steps, as L_t - log(-expm1(L_t)): finite also where the ratio
 * is too small for a double. INFINITY while no noise has been added, -INFINITY after a beta of 1.
 */
double dissolve_schedule_log_snr(const struct dissolve_schedule *schedule, uint32_t t);

/*
 * KL(q(x_t | x_0) || N(0, 1)) in nats for t = 0..steps, averaged over data x_0 of unit variance and
 * mean 0: (v + m^2 - 1 - log v) / 2 = -log(1 - alpha_cumprod) / 2. INFINITY while no noise has been
 * added, 0 after a step with beta = 1.
 */
double dissolve_schedule_kl(const struct dissolve_schedule *schedule, uint32_t t);

/*
 * Many steps in one: x_to | x_from ~ N(*signal x_from, *variance I), exactly, with signal =
 * exp((L_to - L_from)/2) and variance = -expm1(L_to - L_from), both in 0..1, the variance never a
 * -0. 0 <= from <= to <= steps. No noise in between (from = to, or betas of 0 only) gives 1 and 0,
 * a beta of 1 in from + 1..to gives 0 and 1. The sums carry twice a double's digits, so that the
 * difference of two is as good as a sum over the steps between, and the float32 coefficients made
 * of it do not depend on a C library's last digits.
 */
void dissolve_schedule_transition(const struct dissolve_schedule *schedule, uint32_t from,
                                  uint32_t to, double *signal, double *variance);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
