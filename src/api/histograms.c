/* Takes a frame's channels apart and counts each of them. */
#include "histograms.h"

#include <stdlib.h>

enum dissolve_status api_frame_bins_open(const struct api_run *run, struct api_frame_bins *frame)
{
    const struct api_subject *subject = &run->subject;
    frame->count = subject->elements / subject->channels;
    frame->bins = malloc(sizeof *frame->bins);
    if (subject->channels > 1)
        frame->room = malloc(frame->count * sizeof *frame->room);
    return frame->bins && (frame->room || subject->channels == 1) ? DISSOLVE_OK
                                                                  : DISSOLVE_NO_MEMORY;
}

void api_frame_bins_free(struct api_frame_bins *frame)
{
    free(frame->bins);
    free(frame->room);
}

enum dissolve_status api_frame_bins_fill(const struct api_run *run, const float *state,
                                         unsigned channel, struct api_frame_bins *frame)
{
    const struct api_parameters *parameters = &run->parameters;
    unsigned channels = run->subject.channels;
    struct api_bins *bins = frame->bins;
    for (size_t i = 0; channels > 1 && i < frame->count; i++)
        frame->room[i] = state[i * channels + channel];
    frame->values = channels > 1 ? frame->room : state;
    enum dissolve_status status =
        dissolve_histogram(frame->values, frame->count, parameters->bins,
                           parameters->has_range ? parameters->range : NULL, bins->edges,
                           bins->counts, &bins->outside);
    if (status == DISSOLVE_OK)
        dissolve_histogram_density(parameters->bins, bins->edges, bins->counts, bins->density);
    return status;
}

const char *api_channel_name(const struct api_subject *subject, unsigned channel)
{
    static const char *const names[] = {"r", "g", "b"};
    return subject->channels == 1 ? "gray" : names[channel];
}

bool api_exact_law(const struct api_run *run, uint32_t t, struct dissolve_marginal *law)
{
    if (!run->body.json.has_mixture)
        return false;
    law->mixture = &run->body.json.mixture;
    dissolve_schedule_transition(run->schedule, 0, t, &law->signal, &law->variance);
    return true;
}
