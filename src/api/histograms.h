/* The histograms of one frame, as both of their forms need them. */
#ifndef API_HISTOGRAMS_H
#define API_HISTOGRAMS_H

#include "run.h"

/* One histogram, of samples or of a channel. */
struct api_bins {
    double edges[DISSOLVE_MAX_BINS + 1];
    double density[DISSOLVE_MAX_BINS];
    uint64_t counts[DISSOLVE_MAX_BINS];
    uint64_t outside;
};

/* Room for one histogram and, for an image, one channel's values; freed with api_frame_bins_free.
 */
struct api_frame_bins {
    struct api_bins *bins;
    const float *values; /* of the channel; a state of one channel is not copied */
    size_t count;
    float *room;
};

DISSOLVE_MUST_USE enum dissolve_status api_frame_bins_open(const struct api_run *run,
                                                           struct api_frame_bins *frame);
void api_frame_bins_free(struct api_frame_bins *frame);

/* Fills `bins` with channel c of a state, and lets `values` be it. Any thread. */
DISSOLVE_MUST_USE enum dissolve_status api_frame_bins_fill(const struct api_run *run,
                                                           const float *state, unsigned channel,
                                                           struct api_frame_bins *frame);

/* "r", "g", "b" or "gray". */
const char *api_channel_name(const struct api_subject *subject, unsigned channel);

/* The exact law of x_t, if a mixture is dissolved. false: there is none. */
bool api_exact_law(const struct api_run *run, uint32_t t, struct dissolve_marginal *law);

#endif
