/* The JSON members that say where a frame stands in its run, and what was measured of it. */
#ifndef API_DESCRIBE_H
#define API_DESCRIBE_H

#include "json_write.h"
#include "pipeline.h"
#include "run.h"

/* seed, steps, sampler, schedule...: see facts.h; and warnings, if there are any: see warnings.h */
void api_describe_run(struct json_writer *json, const struct api_run *run);

/* The same without a custom schedule's betas, which then stand elsewhere. */
void api_describe_recipe(struct json_writer *json, const struct api_run *run);

/* width, height, channels */
void api_describe_size(struct json_writer *json, const struct api_subject *subject);

/* t, beta, alpha_bar, snr; null at t = 0 and where there is no noise yet */
void api_describe_step(struct json_writer *json, const struct dissolve_schedule *schedule,
                       uint32_t t);

/* mean, std */
void api_describe_moments(struct json_writer *json, const struct dissolve_measures *measures);

/* mean, std, entropy_bits, entropy, clipped; the entropies one for each channel */
void api_describe_image(struct json_writer *json, const struct dissolve_measures *measures,
                        unsigned channels);

/*
 * terms, where they were asked for: the RMS of (sqrt(1 - beta_t) - 1) x_{t-1} and of sqrt(beta_t)
 * n_t; null where no step has been made.
 */
void api_describe_terms(struct json_writer *json, const struct api_run *run, uint32_t t,
                        const struct api_terms *terms);

#endif
