/* Where things are in a plot: one large panel, or a sheet of small ones. */
#include "plot_area.h"

#include <math.h>

/* Paper around the panels; the header holds title, subtitle and legend. */
#define LEFT         68
#define RIGHT        24
#define HEADER       72
#define FOOT         54
#define LEGEND_ROW   22 /* more header, where the legend has no room beside the title */
#define TITLE_ROOM   200
#define TITLE_LINE   30
#define SUBTITLE_END 72 /* the legend's line where it is below the subtitle */

#define LARGE_WIDTH  632
#define LARGE_HEIGHT 320

/* The gap above a small panel holds its title. */
#define SMALL_WIDTH  180
#define SMALL_HEIGHT 108
#define SMALL_GAP_X  26
#define SMALL_GAP_Y  30
#define SMALL_TITLE  20

static bool in_range(const struct codec_plot *plot, const struct plot_area *area)
{
    bool known = plot->layout == CODEC_PLOT_ANIMATION || plot->layout == CODEC_PLOT_STRIP ||
                 plot->layout == CODEC_PLOT_GRID;
    /* Not so near the ends of the doubles that a quotient overflows. */
    double span = area->x_high - area->x_low;
    return known && plot->frames >= 1 && plot->frames <= CODEC_PLOT_MAX_FRAMES &&
           plot->series >= 1 && plot->series <= CODEC_PLOT_MAX_SERIES && isfinite(area->x_low) &&
           isfinite(area->x_high) && span > 0 && isfinite(span) && isfinite(area->y_high) &&
           area->y_high > 0;
}

static void place_panels(const struct codec_plot *plot, struct plot_area *area)
{
    area->columns = 1;
    area->panel_width = LARGE_WIDTH;
    area->panel_height = LARGE_HEIGHT;
    area->rows = 1;
    area->small = plot->layout != CODEC_PLOT_ANIMATION && plot->frames > 1;
    if (!area->small)
        return;
    area->panel_width = SMALL_WIDTH;
    area->panel_height = SMALL_HEIGHT;
    area->gap_x = SMALL_GAP_X;
    area->gap_y = SMALL_GAP_Y;
    area->top = SMALL_TITLE;
    area->columns = plot->frames;
    if (plot->layout == CODEC_PLOT_GRID)
        area->columns = (size_t)ceil(sqrt((double)plot->frames));
    area->rows = (plot->frames + area->columns - 1) / area->columns;
}

static void place_legend(const struct codec_plot *plot, struct plot_area *area)
{
    long room = area->width - LEFT - RIGHT;
    long legend = plot_legend_width(plot);
    area->legend_x = LEFT;
    area->legend_y = SUBTITLE_END;
    if (legend + TITLE_ROOM > room) {
        area->width = LEFT + (legend > room ? legend : room) + RIGHT;
        area->top += LEGEND_ROW;
        return;
    }
    /* At the right end, but on a wide sheet not out of sight. */
    long end = room < LARGE_WIDTH ? room : LARGE_WIDTH;
    area->legend_x = LEFT + end - legend;
    area->legend_y = TITLE_LINE;
}

enum dissolve_status plot_area_of(const struct codec_plot *plot, struct plot_area *area)
{
    *area = (struct plot_area){
        .x_low = plot->x_low,
        .x_high = plot->x_high,
        .y_high = plot->y_high == 0 ? 0.5 : plot->y_high,
        .left = LEFT,
    };
    if (plot->x_low == 0 && plot->x_high == 0) {
        area->x_low = -10;
        area->x_high = 10;
    }
    if (!in_range(plot, area))
        return DISSOLVE_INVALID;
    place_panels(plot, area);
    long columns = (long)area->columns;
    long rows = (long)area->rows;
    area->right = LEFT + columns * (area->panel_width + area->gap_x) - area->gap_x;
    area->width = area->right + RIGHT;
    area->top += HEADER;
    place_legend(plot, area);
    area->bottom = area->top + rows * (area->panel_height + area->gap_y) - area->gap_y;
    area->height = area->bottom + FOOT;
    return DISSOLVE_OK;
}

/* A share of a length in pixels, as hundredths, not further outside of it than `overhang`. */
static long hundredths(double share, long length, long overhang)
{
    double pixels = share * (double)length;
    if (!(pixels > (double)-overhang)) /* also where a quotient of tiny numbers made a NaN */
        return -100 * overhang;
    if (pixels > (double)(length + overhang))
        return 100 * (length + overhang);
    return lround(100 * pixels);
}

long plot_across(const struct plot_area *area, double x, long overhang)
{
    double share = (x - area->x_low) / (area->x_high - area->x_low);
    return hundredths(share, area->panel_width, overhang);
}

long plot_down(const struct plot_area *area, double density, long overhang)
{
    return 100 * area->panel_height -
           hundredths(density / area->y_high, area->panel_height, overhang);
}
