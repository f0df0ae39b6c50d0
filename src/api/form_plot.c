/* Histograms as a drawing: an animated SVG, a strip or small multiples. */
#include "codec/plot.h"

#include "forms.h"
#include "histograms.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CURVE = API_PLOT_CURVE, SUBTITLE = 200 };

/* The schedule's own numbers, "beta 0.5". */
static void describe_schedule(const struct dissolve_schedule_options *schedule, char *text,
                              size_t room)
{
    switch (schedule->kind) {
    case DISSOLVE_SCHEDULE_CONSTANT:
        snprintf(text, room, " \u03b2 = %g", schedule->beta);
        break;
    case DISSOLVE_SCHEDULE_LINEAR:
    case DISSOLVE_SCHEDULE_SCALED_LINEAR:
    case DISSOLVE_SCHEDULE_SIGMOID:
        snprintf(text, room, " \u03b2 from %g to %g", schedule->beta_start, schedule->beta_end);
        break;
    case DISSOLVE_SCHEDULE_COSINE:
    case DISSOLVE_SCHEDULE_CUSTOM:
        text[0] = '\0';
        break;
    }
}

static void describe_run(const struct api_parameters *parameters, char text[SUBTITLE])
{
    char schedule[80];
    describe_schedule(&parameters->schedule, schedule, sizeof schedule);
    snprintf(text, SUBTITLE, "%s%s, %" PRIu32 " steps, %s, seed %" PRIu64,
             api_schedule_name(parameters->schedule.kind), schedule, parameters->schedule.steps,
             api_sampler_name(parameters->sampler), parameters->seed);
}

static enum codec_plot_layout layout_of(enum api_layout layout)
{
    if (layout == API_LAYOUT_STRIP)
        return CODEC_PLOT_STRIP;
    return layout == API_LAYOUT_GRID ? CODEC_PLOT_GRID : CODEC_PLOT_ANIMATION;
}

/* Equal ends are moved apart as the histogram's; where those stay equal, by as little as can be. */
static void move_apart(double *low, double *high)
{
    double at = *low;
    if (*low < *high)
        return;
    *low = at - 0.5;
    *high = at + 0.5;
    if (*low < *high)
        return;
    *low = nextafter(at, -DBL_MAX);
    *high = nextafter(at, DBL_MAX);
}

/*
 * The lesson's axes, 20 wide and 0.5 high, unless a range was asked for: on a narrower one a
 * density of the same mass is higher, but no double is beyond DBL_MAX.
 */
static struct codec_plot plot_of(const struct api_run *run, const char *subtitle)
{
    const struct api_parameters *parameters = &run->parameters;
    double low = parameters->has_range ? parameters->range[0] : -10;
    double high = parameters->has_range ? parameters->range[1] : 10;
    double mass = run->subject.width > 0 ? 8 : 4;
    move_apart(&low, &high);
    struct codec_plot plot = {.layout = layout_of(parameters->layout),
                              .frames = parameters->frames.count,
                              .delay_ms = parameters->delay,
                              .x_low = low,
                              .x_high = high,
                              .y_high = fmin(fmax(0.5, mass / (high - low)), DBL_MAX),
                              .series = run->subject.channels,
                              .exact = run->body.json.has_mixture,
                              .subtitle = subtitle};
    for (unsigned c = 0; run->subject.width > 0 && c < run->subject.channels; c++)
        plot.series_names[c] = api_channel_name(&run->subject, c);
    return plot;
}

static enum dissolve_status open_plot(struct api_run *run)
{
    char subtitle[SUBTITLE];
    describe_run(&run->parameters, subtitle);
    const struct codec_plot plot = plot_of(run, subtitle);
    enum dissolve_status status = codec_plot_head(&plot, &run->output.scratch);
    return status == DISSOLVE_OK ? api_run_write_scratch(run) : status;
}

static enum dissolve_status close_plot(struct api_run *run)
{
    const struct codec_plot plot = plot_of(run, NULL);
    enum dissolve_status status = codec_plot_tail(&plot, &run->output.scratch);
    return status == DISSOLVE_OK ? api_run_write_scratch(run) : status;
}

/* The histograms of all channels stand side by side until the frame is drawn. */
static enum dissolve_status count_channels(const struct api_run *run, const float *state,
                                           struct api_frame_bins *frames,
                                           struct codec_plot_series *series)
{
    enum dissolve_status status = DISSOLVE_OK;
    for (unsigned c = 0; c < run->subject.channels && status == DISSOLVE_OK; c++) {
        status = api_frame_bins_open(run, &frames[c]);
        if (status == DISSOLVE_OK)
            status = api_frame_bins_fill(run, state, c, &frames[c]);
        if (status == DISSOLVE_OK)
            series[c] = (struct codec_plot_series){.bins = run->parameters.bins,
                                                   .edges = frames[c].bins->edges,
                                                   .density = frames[c].bins->density};
    }
    return status;
}

static enum dissolve_status draw(const struct api_run *run, const struct codec_plot_series *series,
                                 struct api_slot *slot)
{
    const struct codec_plot plot = plot_of(run, NULL);
    double x[CURVE], density[CURVE];
    struct dissolve_marginal law;
    struct codec_plot_frame frame = {.index = slot->ordinal,
                                     .t = slot->t,
                                     .alpha_bar =
                                         dissolve_schedule_alpha_cumprod(run->schedule, slot->t),
                                     .series = series};
    if (api_exact_law(run, slot->t, &law)) {
        for (size_t i = 0; i < CURVE; i++)
            x[i] = plot.x_low + (plot.x_high - plot.x_low) * (double)i / (CURVE - 1);
        dissolve_marginal_density(&law, x, CURVE, density);
        frame.exact_count = isnan(density[0]) ? 0 : CURVE;
        frame.exact_x = x;
        frame.exact_density = density;
    }
    return codec_plot_frame(&plot, &frame, &slot->bytes);
}

static enum dissolve_status encode(void *context, struct api_slot *slot)
{
    const struct api_run *run = context;
    struct api_frame_bins frames[DISSOLVE_MAX_CHANNELS] = {0};
    struct codec_plot_series series[DISSOLVE_MAX_CHANNELS];
    enum dissolve_status status = count_channels(run, slot->state, frames, series);
    if (status == DISSOLVE_OK)
        status = draw(run, series, slot);
    for (unsigned c = 0; c < run->subject.channels; c++)
        api_frame_bins_free(&frames[c]);
    return status;
}

const struct api_form api_form_plot = {.wants_state = true,
                                       .open = open_plot,
                                       .encode = encode,
                                       .emit = api_emit_bytes,
                                       .close = close_plot};
