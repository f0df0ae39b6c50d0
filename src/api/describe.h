/* The JSON members that say what a run was and where a frame stands in it. */
#ifndef API_DESCRIBE_H
#define API_DESCRIBE_H

#include "json_write.h"
#include "parameters.h"

#include <dissolve/measure.h>
#include <dissolve/schedule.h>

/* seed, steps, sampler, schedule, beta, noise_version */
void api_describe_run(struct json_writer *json, const struct api_parameters *parameters);

/* t, beta, alpha_bar, snr; null at t = 0 and where there is no noise yet */
void api_describe_step(struct json_writer *json, const struct dissolve_schedule *schedule,
                       uint32_t t);

/* mean, std */
void api_describe_moments(struct json_writer *json, const struct dissolve_measures *measures);

/* mean, std, entropy_bits, entropy, clipped; the entropies one for each channel */
void api_describe_image(struct json_writer *json, const struct dissolve_measures *measures,
                        unsigned channels);

#endif
