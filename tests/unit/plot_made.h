/* Plots made of numbers that are a function of an index, and how they are put before a judge. */
#ifndef TESTS_PLOT_MADE_H
#define TESTS_PLOT_MADE_H

#include <math.h>
#include <string.h>

#include "codec/plot.h"
#include "expect.h"
#include "judge.h"

#define MAX_BINS  64
#define MAX_EXACT 40

/* A frame with its numbers. */
struct made_frame {
    double edges[CODEC_PLOT_MAX_SERIES][MAX_BINS + 1];
    double density[CODEC_PLOT_MAX_SERIES][MAX_BINS];
    double exact_x[MAX_EXACT], exact_density[MAX_EXACT];
    struct codec_plot_series series[CODEC_PLOT_MAX_SERIES];
    struct codec_plot_frame frame;
};

/* Between 0 and 1, a function of the number alone. */
static double draw(size_t number)
{
    uint64_t mixed = ((uint64_t)number + 1) * 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u;
    return (double)(mixed >> 11) * 0x1p-53;
}

/*
 * Bins that reach over the plot on both sides in some frames, some bars empty, some too high, some
 * that have no width and so no density.
 */
static void make_series(const struct codec_plot *plot, size_t number, size_t bins, double *edges,
                        double *density)
{
    double span = plot->x_high - plot->x_low;
    double low = plot->x_low + span * (draw(number) - 0.3);
    double step = span * (0.02 + draw(number + 50)) / (double)bins;
    for (size_t i = 0; i <= bins; i++)
        edges[i] = low + step * (double)i;
    for (size_t i = 0; i < bins; i++) {
        density[i] = plot->y_high * 1.2 * draw(number * 100 + i);
        if (draw(number * 300 + i) < 0.2)
            density[i] = 0;
    }
    if (bins < 8)
        return;
    edges[3] = edges[4];
    density[3] = INFINITY;
    density[5] = NAN;
    density[6] = plot->y_high * 1e300;
    density[7] = plot->y_high * 1e-9;
}

static void make_frame(const struct codec_plot *plot, size_t index, size_t bins, size_t exact,
                       struct made_frame *made)
{
    for (size_t i = 0; i < plot->series; i++) {
        make_series(plot, index * 7 + i, bins, made->edges[i], made->density[i]);
        made->series[i] = (struct codec_plot_series){bins, made->edges[i], made->density[i]};
    }
    for (size_t i = 0; i < exact; i++) {
        made->exact_x[i] =
            plot->x_low + (plot->x_high - plot->x_low) * ((double)i / (double)exact * 1.2 - 0.1);
        made->exact_density[i] = plot->y_high * 1.3 * draw(index * 1000 + i);
    }
    if (exact > 5)
        made->exact_density[5] = NAN;
    made->frame = (struct codec_plot_frame){
        .index = index,
        .t = (uint32_t)(3 * index),
        .alpha_bar = index % 4 == 3 ? NAN : exp(-(double)index / 3),
        .series = made->series,
        .exact_count = exact,
        .exact_x = made->exact_x,
        .exact_density = made->exact_density,
    };
}

static void append(struct codec_buffer *out, const char *text)
{
    assert_int_equal(codec_buffer_append(out, text, strlen(text)), DISSOLVE_OK);
}

static enum dissolve_status append_document(struct codec_buffer *out, const struct codec_plot *plot,
                                            size_t bins, size_t exact)
{
    struct made_frame made;
    enum dissolve_status status = codec_plot_head(plot, out);
    for (size_t i = 0; !status && i < plot->frames; i++) {
        make_frame(plot, i, bins, exact, &made);
        status = codec_plot_frame(plot, &made.frame, out);
    }
    return status ? status : codec_plot_tail(plot, out);
}

static const struct codec_plot mixture = {
    .layout = CODEC_PLOT_ANIMATION,
    .frames = 41,
    .delay_ms = 100,
    .x_low = -10,
    .x_high = 10,
    .y_high = 0.5,
    .series = 1,
    .exact = true,
    .subtitle = "constant, beta 0.5, 40 steps, chain, seed 42",
};

#endif
