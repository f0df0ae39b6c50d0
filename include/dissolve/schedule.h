/* How much noise each step adds: the table of betas and what follows from it. */
#ifndef DISSOLVE_SCHEDULE_H
#define DISSOLVE_SCHEDULE_H

#include <dissolve/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest number of steps a schedule may have. */
#define DISSOLVE_MAX_STEPS 10000

/*
 * One step is x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) n_t with n_t ~ N(0, I)
 * (Ho, Jain, Abbeel: Denoising Diffusion Probabilistic Models, 2020, equation 2). t counts steps
 * applied: t = 0 is the input, t = 1..steps are its noised descendants.
 */
struct dissolve_schedule;

enum dissolve_schedule_kind {
    DISSOLVE_SCHEDULE_CONSTANT, /* beta_t = beta for every t */
};

struct dissolve_schedule_options {
    enum dissolve_schedule_kind kind; /* default: constant */
    uint32_t steps;                   /* 0..DISSOLVE_MAX_STEPS */
    double beta; /* constant: 0..1; 0 leaves x as it is, 1 replaces it by noise */
};

/*
 * Builds a schedule; *schedule is the caller's, to be given to dissolve_schedule_destroy.
 * DISSOLVE_INVALID: steps or a beta is outside its range. On an error *schedule is NULL.
 * A schedule never changes, so any number of threads may read it.
 */
DISSOLVE_MUST_USE enum dissolve_status
dissolve_schedule_create(const struct dissolve_schedule_options *options,
                         struct dissolve_schedule **schedule);

/* Frees a schedule; NULL is fine. */
void dissolve_schedule_destroy(struct dissolve_schedule *schedule);

uint32_t dissolve_schedule_steps(const struct dissolve_schedule *schedule);

/* beta_t, 0..1, for t = 1..steps. */
double dissolve_schedule_beta(const struct dissolve_schedule *schedule, uint32_t t);

/*
 * alphas_cumprod: prod_{s <= t} (1 - beta_s) for t = 0..steps, from a sum of log1p(-beta_s) in
 * double. 1 at t = 0, exactly 0 after a step with beta = 1.
 */
double dissolve_schedule_alpha_cumprod(const struct dissolve_schedule *schedule, uint32_t t);

/*
 * Signal-to-noise ratio alpha_cumprod / (1 - alpha_cumprod) (Kingma et al.: Variational Diffusion
 * Models, 2021) for t = 0..steps; INFINITY while no noise has been added.
 */
double dissolve_schedule_snr(const struct dissolve_schedule *schedule, uint32_t t);

#ifdef __cplusplus
}
#endif

#endif
