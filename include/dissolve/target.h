/* What a model is trained to predict from x_t: the noise in it, or its velocity. */
#ifndef DISSOLVE_TARGET_H
#define DISSOLVE_TARGET_H

#include <dissolve/schedule.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/*
 * The eps of x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps (Ho, Jain, Abbeel: Denoising Diffusion
 * Probabilistic Models, 2020, equation 4), n elements, for t = 0..steps of the schedule: all the
 * noise from x_0 to x_t in one, whatever sampler made x_t. All 0 where no noise has been added yet.
 * Computed in double, then rounded to float32; x_t itself is rounded, so where abar_t is near 1
 * eps has an error of about 2^-24 |x_t| / sqrt(1 - abar_t). noise may be xt itself. Pure; any
 * thread.
 */
void dissolve_target_noise(const struct dissolve_schedule *schedule, uint32_t t, const float *x0,
                           const float *xt, size_t n, float *noise);

/*
 * v = sqrt(abar_t) eps - sqrt(1 - abar_t) x_0 with that eps (Salimans, Ho: Progressive Distillation
 * for Fast Sampling of Diffusion Models, 2022, v-prediction). All 0 where no noise has been added
 * yet. Computed in double, then rounded to float32; velocity may be xt itself. Pure; any thread.
 */
void dissolve_target_velocity(const struct dissolve_schedule *schedule, uint32_t t, const float *x0,
                              const float *xt, size_t n, float *velocity);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
