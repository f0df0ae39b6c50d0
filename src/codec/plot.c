/* Histograms drawn as SVG: head, frames and tail of a document, each made without the others. */
#include "plot.h"

#include "plot_area.h"
#include "plot_furniture.h"
#include "svg.h"

#include <inttypes.h>
#include <math.h>

/* Bars at least so wide, in pixels, are set apart by a thin line. */
#define WIDE_BAR 2.5

/* Takes back a part that failed. */
static enum dissolve_status finish(const struct codec_svg *svg, size_t size)
{
    if (svg->status)
        svg->out->size = size;
    return svg->status;
}

static void put_range(struct codec_svg *svg, const struct plot_area *area)
{
    codec_svg_put(svg, "x from ");
    codec_svg_decimal(svg, codec_decimal_round(area->x_low, 6));
    codec_svg_put(svg, " to ");
    codec_svg_decimal(svg, codec_decimal_round(area->x_high, 6));
    codec_svg_put(svg, ", density from 0 to ");
    codec_svg_decimal(svg, codec_decimal_round(area->y_high, 6));
}

/* What the picture shows, for those who do not see it. */
static void put_description(struct codec_svg *svg, const struct codec_plot *plot,
                            const struct plot_area *area)
{
    codec_svg_put(
        svg, "<title id=\"title\">Histograms of x_t, step by step</title>\n<desc id=\"desc\">");
    if (plot->subtitle) {
        codec_svg_text(svg, plot->subtitle, SIZE_MAX);
        codec_svg_put(svg, ": ");
    }
    codec_svg_format(svg, "%zu frame%s of the forward process, ", plot->frames,
                     plot->frames == 1 ? "" : "s");
    codec_svg_put(svg,
                  plot->layout == CODEC_PLOT_ANIMATION ? "one after another; " : "side by side; ");
    put_range(svg, area);
    codec_svg_put(svg, ", with the standard normal density");
    codec_svg_put(svg, plot->exact ? " and the exact density of x_t.</desc>\n" : ".</desc>\n");
}

enum dissolve_status codec_plot_head(const struct codec_plot *plot, struct codec_buffer *out)
{
    struct codec_svg svg = {.out = out};
    struct plot_area area;
    size_t size = out->size;
    enum dissolve_status status = plot_area_of(plot, &area);
    if (status)
        return status;
    codec_svg_put(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
                        "aria-labelledby=\"title desc\" ");
    codec_svg_format(&svg, "width=\"%ld\" height=\"%ld\" viewBox=\"0 0 %ld %ld\">\n", area.width,
                     area.height, area.width, area.height);
    put_description(&svg, plot, &area);
    plot_style(&svg, plot);
    plot_definitions(&svg, &area);
    plot_lettering(&svg, plot, &area);
    if (!area.small)
        codec_svg_format(&svg, "<g transform=\"translate(%ld %ld)\"><use href=\"#g\"/>\n",
                         area.left, area.top);
    return finish(&svg, size);
}

/* Whether bars are wide enough to be told from each other. */
static bool has_wide_bars(const struct plot_area *area, const struct codec_plot_series *series)
{
    double width = (series->edges[series->bins] - series->edges[0]) / (double)series->bins;
    return width / (area->x_high - area->x_low) * (double)area->panel_width >= WIDE_BAR;
}

/* Where bar i is, in hundredths of a pixel; false: nothing of it is to be seen. */
static bool find_bar(const struct plot_area *area, const struct codec_plot_series *series, size_t i,
                     long bar[3])
{
    double low = series->edges[i];
    double high = series->edges[i + 1];
    double density = series->density[i];
    if (!isfinite(low) || !isfinite(high) || !isfinite(density) || !(density > 0))
        return false;
    if (high < area->x_low || low > area->x_high)
        return false;
    bar[0] = plot_across(area, low, PLOT_OVERHANG);
    bar[1] = plot_across(area, high, PLOT_OVERHANG);
    bar[2] = plot_down(area, density, PLOT_OVERHANG);
    return bar[2] < 100 * area->panel_height;
}

/*
 * Path data of the bars. Neighbours are one outline, up and down in steps; with `apart` it goes
 * down to the axis between them. Nothing is drawn along the axis where there are no bars.
 */
static void put_bars(struct codec_svg *svg, const struct plot_area *area,
                     const struct codec_plot_series *series, bool apart)
{
    bool up = false;   /* the pen is on top of the bar before */
    bool near = false; /* the pen is at its right edge */
    for (size_t i = 0; i < series->bins; i++) {
        long bar[3];
        bool seen = find_bar(area, series, i, bar);
        if (up && (apart || !seen))
            codec_svg_format(svg, "V%ld", area->panel_height);
        if (seen && !near) {
            codec_svg_put(svg, "M");
            codec_svg_hundredths(svg, bar[0]);
            codec_svg_format(svg, " %ld", area->panel_height);
        }
        if (seen) {
            codec_svg_put(svg, "V");
            codec_svg_hundredths(svg, bar[2]);
            codec_svg_put(svg, "h");
            codec_svg_hundredths(svg, bar[1] - bar[0]);
        }
        up = near = seen;
    }
    if (up)
        codec_svg_format(svg, "V%ld", area->panel_height);
}

static void put_series(struct codec_svg *svg, const struct codec_plot *plot,
                       const struct plot_area *area, size_t number,
                       const struct codec_plot_series *series)
{
    bool apart = plot->series == 1 && !area->small && has_wide_bars(area, series);
    codec_svg_format(svg, "<path class=\"%s%s%s\" clip-path=\"url(#c)\" d=\"",
                     plot_series_class(plot, number), plot->series > 1 ? " h" : "",
                     apart ? " z" : "");
    put_bars(svg, area, series, apart);
    codec_svg_put(svg, "\"/>");
}

static void put_data(struct codec_svg *svg, const struct codec_plot *plot,
                     const struct plot_area *area, const struct codec_plot_frame *frame)
{
    for (size_t i = 0; i < plot->series; i++)
        put_series(svg, plot, area, i, &frame->series[i]);
    if (frame->exact_count > 0) {
        codec_svg_put(svg, "<path class=\"e\" clip-path=\"url(#c)\" d=\"");
        plot_line(svg, area, frame->exact_count, frame->exact_x, frame->exact_density);
        codec_svg_put(svg, "\"/>");
    }
}

static void put_title(struct codec_svg *svg, const struct codec_plot_frame *frame,
                      const char *class, int y)
{
    codec_svg_format(svg, "<text class=\"%s\" y=\"%d\"><tspan class=\"i\">t</tspan> = %u", class, y,
                     (unsigned)frame->t);
    if (isfinite(frame->alpha_bar)) {
        codec_svg_put(svg,
                      "<tspan class=\"m\" dx=\"12\"><tspan class=\"i\">\xe1\xbe\xb1</tspan> = ");
        codec_svg_decimal(svg, codec_decimal_round(frame->alpha_bar, 3));
        codec_svg_put(svg, "</tspan>");
    }
    codec_svg_put(svg, "</text>");
}

/* A frame that has its slot in time; the last one stands where nothing moves. */
static void put_moving(struct codec_svg *svg, const struct codec_plot *plot,
                       const struct plot_area *area, const struct codec_plot_frame *frame)
{
    uint64_t delay = plot->delay_ms ? plot->delay_ms : CODEC_PLOT_LEAST_DELAY;
    uint64_t before = (plot->frames - frame->index) * delay;
    codec_svg_format(svg, "<g class=\"f%s\" style=\"animation-delay:-%" PRIu64 "ms\">",
                     frame->index + 1 == plot->frames ? " l" : "", before);
    put_title(svg, frame, "t", 30 - (int)area->top);
    put_data(svg, plot, area, frame);
    codec_svg_put(svg, "</g>\n");
}

/* A frame that has its panel; numbers are along the sheet's left edge and below each column. */
static void put_panel(struct codec_svg *svg, const struct codec_plot *plot,
                      const struct plot_area *area, const struct codec_plot_frame *frame)
{
    long column = (long)(frame->index % area->columns);
    long row = (long)(frame->index / area->columns);
    codec_svg_format(svg, "<g class=\"f\" transform=\"translate(%ld %ld)\"><use href=\"#g\"/>",
                     area->left + column * (area->panel_width + area->gap_x),
                     area->top + row * (area->panel_height + area->gap_y));
    put_title(svg, frame, "u", -7);
    put_data(svg, plot, area, frame);
    codec_svg_put(svg, "<use href=\"#o\"/>");
    if (frame->index + area->columns >= plot->frames)
        codec_svg_put(svg, "<use href=\"#x\"/>");
    if (column == 0)
        codec_svg_put(svg, "<use href=\"#y\"/>");
    codec_svg_put(svg, "</g>\n");
}

enum dissolve_status codec_plot_frame(const struct codec_plot *plot,
                                      const struct codec_plot_frame *frame,
                                      struct codec_buffer *out)
{
    struct codec_svg svg = {.out = out};
    struct plot_area area;
    size_t size = out->size;
    enum dissolve_status status = plot_area_of(plot, &area);
    if (status)
        return status;
    if (frame->index >= plot->frames)
        return DISSOLVE_INVALID;
    for (size_t i = 0; i < plot->series; i++) {
        if (frame->series[i].bins == 0)
            return DISSOLVE_INVALID;
    }
    if (!area.small)
        put_moving(&svg, plot, &area, frame);
    else
        put_panel(&svg, plot, &area, frame);
    return finish(&svg, size);
}

enum dissolve_status codec_plot_tail(const struct codec_plot *plot, struct codec_buffer *out)
{
    struct codec_svg svg = {.out = out};
    struct plot_area area;
    size_t size = out->size;
    enum dissolve_status status = plot_area_of(plot, &area);
    if (status)
        return status;
    if (!area.small)
        codec_svg_put(&svg, "<use href=\"#o\"/><use href=\"#x\"/><use href=\"#y\"/></g>\n");
    codec_svg_put(&svg, "</svg>\n");
    return finish(&svg, size);
}
