/* What stands around the data of a plot: style, grid, axes, legend, title. */
#ifndef CODEC_PLOT_FURNITURE_H
#define CODEC_PLOT_FURNITURE_H

#include "plot_area.h"
#include "svg.h"

/*
 * Elements that every panel uses by name: "g" the grid below the data, "o" the axes and the normal
 * density over it, "x" and "y" the numbers along the axes. "c" is the clip path of the panel.
 */
void plot_definitions(struct codec_svg *svg, const struct plot_area *area);

/* The <style> element. */
void plot_style(struct codec_svg *svg, const struct codec_plot *plot);

/* The sheet's paper, subtitle, legend and names of the axes; over small panels a title too. */
void plot_lettering(struct codec_svg *svg, const struct codec_plot *plot,
                    const struct plot_area *area);

/* The class of a series' bars. */
const char *plot_series_class(const struct codec_plot *plot, size_t series);

/* Appends path data: straight lines through points; those that are not finite interrupt it. */
void plot_line(struct codec_svg *svg, const struct plot_area *area, size_t count, const double *x,
               const double *density);

#endif
