/* Histograms drawn as SVG: frame by frame as an animation, in one row, or as small multiples. */
#ifndef CODEC_PLOT_H
#define CODEC_PLOT_H

#include "buffer.h"

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A document is codec_plot_head, then codec_plot_frame for index 0..frames - 1 in that order, then
 * codec_plot_tail. Each is a pure function of its arguments: the frames may be made in any order
 * and on any threads, each into a buffer of its own, and put together afterwards.
 *
 * The document is UTF-8, valid XML, needs nothing from elsewhere and runs no script. It has a light
 * and a dark look (prefers-color-scheme) and a background of its own. The animation runs for ever;
 * where motion is not wanted (prefers-reduced-motion), or CSS animations are unknown, the last
 * frame stands. A frame takes a few hundred bytes, and 10 to 20 per bin and 15 per point of its
 * curve.
 */

enum codec_plot_layout {
    CODEC_PLOT_ANIMATION, /* one after another in time */
    CODEC_PLOT_STRIP,     /* side by side in one row */
    CODEC_PLOT_GRID,      /* ceil(sqrt(frames)) columns, filled row by row */
};

#define CODEC_PLOT_MAX_FRAMES 1000000
#define CODEC_PLOT_MAX_SERIES 4

/* How long a frame is seen if the delay is 0, in milliseconds: as short as screens can. */
#define CODEC_PLOT_LEAST_DELAY 16

struct codec_plot {
    enum codec_plot_layout layout;
    size_t frames; /* 1..CODEC_PLOT_MAX_FRAMES */

    /* How long a frame of the animation is seen; 0 is CODEC_PLOT_LEAST_DELAY. */
    uint32_t delay_ms;

    /* What the axes show, finite, x_low < x_high. Both 0: -10 to 10. */
    double x_low, x_high;

    /* The density at the top; what is above is cut there. 0: 0.5. */
    double y_high;

    size_t series; /* 1..CODEC_PLOT_MAX_SERIES histograms a frame */

    /*
     * What the histograms are of. "r", "g", "b" and "gray" have colours of their own and are spelt
     * out; other names stand as they are; NULL is x_t.
     */
    const char *series_names[CODEC_PLOT_MAX_SERIES];

    bool exact;           /* frames have exact curves: the legend says so */
    const char *subtitle; /* the run in words, UTF-8, any characters; NULL: none */
};

/* A histogram: edges[bins + 1], ascending, density[bins]; bins is 1 or more. A bar that is not
 * finite, or empty, is not drawn. */
struct codec_plot_series {
    size_t bins;
    const double *edges;
    const double *density;
};

struct codec_plot_frame {
    size_t index; /* its place in the plot, 0..frames - 1 */
    uint32_t t;
    double alpha_bar;                       /* told beside t; not finite: not told */
    const struct codec_plot_series *series; /* as many as the plot says */

    /* The exact density at ascending x, any number of points; drawn as straight lines. 0: none. */
    size_t exact_count;
    const double *exact_x;
    const double *exact_density;
};

/*
 * Each appends its part to `out`. DISSOLVE_INVALID: an argument is outside its range.
 * DISSOLVE_NO_MEMORY. After an error `out` is as long as before.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_plot_head(const struct codec_plot *plot,
                                                       struct codec_buffer *out);
DISSOLVE_MUST_USE enum dissolve_status codec_plot_frame(const struct codec_plot *plot,
                                                        const struct codec_plot_frame *frame,
                                                        struct codec_buffer *out);
DISSOLVE_MUST_USE enum dissolve_status codec_plot_tail(const struct codec_plot *plot,
                                                       struct codec_buffer *out);

#endif
