/* Where things are in a plot: the sizes of its sheet and panels, and from values to pixels. */
#ifndef CODEC_PLOT_AREA_H
#define CODEC_PLOT_AREA_H

#include "plot.h"

/*
 * A sheet of panels, all of one size, in whole pixels. Within a panel (0, 0) is its top left
 * corner. Panels are (panel_width + gap_x) and (panel_height + gap_y) apart; the first is at (left,
 * top).
 */
struct plot_area {
    long width, height;
    long left, top, right, bottom; /* where the panels are */
    long panel_width, panel_height;
    long gap_x, gap_y;
    size_t columns, rows;
    bool small; /* panels with a title each; else there is one large panel */

    /* The legend begins here; its text stands on this line. */
    long legend_x, legend_y;

    /* The plot's, with the defaults in place. */
    double x_low, x_high, y_high;
};

/* DISSOLVE_INVALID: the plot is outside its ranges. */
DISSOLVE_MUST_USE enum dissolve_status plot_area_of(const struct codec_plot *plot,
                                                    struct plot_area *area);

/* The legend's width in pixels, as well as one can tell without the font. */
long plot_legend_width(const struct codec_plot *plot);

/* How far outside of its panel anything is drawn, in pixels, before the panel's edge cuts it. */
#define PLOT_OVERHANG 4

/*
 * A finite value as hundredths of a pixel within the panel, at most `overhang` pixels outside of
 * it: x from the left, density from the top down.
 */
long plot_across(const struct plot_area *area, double x, long overhang);
long plot_down(const struct plot_area *area, double density, long overhang);

#endif
