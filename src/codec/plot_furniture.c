/* What stands around the data of a plot: style, grid, axes, legend, title. */
#include "plot_furniture.h"

#include "number.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* An italic x with a small t below it. */
#define X_T "<tspan class=\"i\">x</tspan><tspan class=\"i s\" dy=\".3em\">t</tspan>"
#define P_T "<tspan class=\"i\">p</tspan><tspan class=\"i s\" dy=\".3em\">t</tspan>"

/* About as wide as a character is, in pixels, at 12 and at 10 pixels. */
#define CHARACTER       7
#define SMALL_CHARACTER 6

/* A series by its name. */
struct look {
    const char *name;
    const char *class;
    const char *label;
};

static const struct look looks[] = {
    {"r", "r", "red"},
    {"g", "g", "green"},
    {"b", "b", "blue"},
    {"gray", "k", "gray"},
};

static const struct look *find_look(const char *name)
{
    for (size_t i = 0; name && i < sizeof looks / sizeof *looks; i++) {
        if (strcmp(looks[i].name, name) == 0)
            return &looks[i];
    }
    return NULL;
}

const char *plot_series_class(const struct codec_plot *plot, size_t series)
{
    const struct look *look = find_look(plot->series_names[series]);
    return look ? look->class : "d";
}

/*
 * Plain properties and not variables, so that programs without them (most that are no browsers)
 * draw the light look.
 */
static const char style[] =
    "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
    "fill:#1f2328;font-variant-numeric:tabular-nums}"
    ".i{font-style:italic}.s{font-size:70%}.m{fill:#59636e;font-weight:400}"
    ".t{font-size:18px;font-weight:600}.t .m{font-size:14px}"
    ".u{font-size:11px;font-weight:600}.u .m,.v text{font-size:10px}.n{fill:#59636e}"
    ".x{text-anchor:middle}.y{text-anchor:end}"
    ":root{background:#fff}.w{fill:#fff}.g0{stroke:#e4e8ec}.a{stroke:#59636e}.g0,.a{fill:none}"
    "path{stroke-linejoin:round}"
    ".d{fill:#6ba6dc;stroke:#6ba6dc}.r{fill:#e5484d;stroke:#c62a2f}.g{fill:#30a46c;stroke:#1c7f4f}"
    ".b{fill:#3e7bfa;stroke:#1d5bd8}.k{fill:#a0a8b0;stroke:#868e96}"
    ".h{fill-opacity:.25}.z{stroke:#fff;stroke-width:.6}"
    ".p{fill:none;stroke:#1f2328;stroke-width:1.5;stroke-dasharray:5 4}"
    ".e{fill:none;stroke:#d9480f;stroke-width:2}"
    "@media(prefers-color-scheme:dark){"
    "text{fill:#e6edf3}.m,.n{fill:#9aa4af}.w{fill:#12161c}:root{background:#12161c}.g0{stroke:#"
    "262c34}.a{stroke:#8b949e}"
    ".d{fill:#3574b3;stroke:#3574b3}.r{fill:#e5484d;stroke:#ff7b7f}.g{fill:#30a46c;stroke:#4cc38a}"
    ".b{fill:#3e7bfa;stroke:#7aa7ff}.k{fill:#6e7781;stroke:#8b949e}.h{fill-opacity:.3}"
    ".z{stroke:#12161c}.p{stroke:#e6edf3}.e{stroke:#ff9f4a}}";

/*
 * One rule hides and shows all frames: each is visible in the first of `frames` parts of its own
 * cycle, which began `index` parts before.
 */
static void put_animation(struct codec_svg *svg, const struct codec_plot *plot)
{
    char share[CODEC_NUMBER_ROOM];
    const uint64_t delay = plot->delay_ms ? plot->delay_ms : CODEC_PLOT_LEAST_DELAY;
    const uint64_t cycle = delay * plot->frames;
    size_t size = codec_number_print(100.0 / (double)plot->frames, share);
    codec_svg_put(svg, ".f{visibility:hidden}.l{visibility:visible}");
    codec_svg_format(svg, "@keyframes f{0%%{visibility:visible}%.*s%%,to{visibility:hidden}}",
                     (int)size, share);
    codec_svg_format(svg, ".f{animation:f %" PRIu64 "ms step-end infinite}", cycle);
    codec_svg_put(svg, "@media(prefers-reduced-motion:reduce){.f{animation:none}}");
}

void plot_style(struct codec_svg *svg, const struct codec_plot *plot)
{
    codec_svg_put(svg, "<style>");
    codec_svg_put(svg, style);
    if (plot->layout == CODEC_PLOT_ANIMATION && plot->frames > 1)
        put_animation(svg, plot);
    codec_svg_put(svg, "</style>\n");
}

/* The numbers along x: as many as fit side by side. */
static void find_x_ticks(const struct plot_area *area, struct codec_ticks *ticks)
{
    const size_t character = area->small ? SMALL_CHARACTER : CHARACTER;
    for (int most = area->small ? 4 : 10; most >= 1; most--) {
        size_t longest = 0;
        codec_ticks_find(area->x_low, area->x_high, most, ticks);
        for (size_t i = 0; i < ticks->count; i++) {
            char text[CODEC_DECIMAL_ROOM];
            size_t size = codec_decimal_print(ticks->at[i], text);
            longest = size > longest ? size : longest;
        }
        if ((longest + 2) * character * ticks->count <= (size_t)area->panel_width)
            return;
    }
}

static void put_grid(struct codec_svg *svg, const struct plot_area *area,
                     const struct codec_ticks *x, const struct codec_ticks *y)
{
    codec_svg_put(svg, "<path id=\"g\" class=\"g0\" d=\"");
    for (size_t i = 0; i < x->count; i++) {
        codec_svg_put(svg, "M");
        codec_svg_hundredths(svg, plot_across(area, codec_decimal_value(x->at[i]), 0));
        codec_svg_format(svg, " 0V%ld", area->panel_height);
    }
    for (size_t i = 0; i < y->count; i++) {
        codec_svg_put(svg, "M0 ");
        codec_svg_hundredths(svg, plot_down(area, codec_decimal_value(y->at[i]), 0));
        codec_svg_format(svg, "H%ld", area->panel_width);
    }
    codec_svg_put(svg, "\"/>\n");
}

/* The bell, drawn where it is not yet flat. */
static void put_normal(struct codec_svg *svg, const struct plot_area *area)
{
    enum { SEGMENTS = 256 };
    double x[SEGMENTS + 1];
    double density[SEGMENTS + 1];
    double low = fmax(area->x_low, -8.0);
    double high = fmin(area->x_high, 8.0);
    for (int i = 0; i <= SEGMENTS; i++) {
        x[i] = low + (high - low) * i / SEGMENTS;
        density[i] = exp(-x[i] * x[i] / 2.0) / sqrt(2.0 * acos(-1.0));
    }
    codec_svg_put(svg, "<path class=\"p\" clip-path=\"url(#c)\" d=\"");
    if (low < high)
        plot_line(svg, area, SEGMENTS + 1, x, density);
    codec_svg_put(svg, "\"/>\n");
}

static void put_axes(struct codec_svg *svg, const struct plot_area *area,
                     const struct codec_ticks *x, const struct codec_ticks *y)
{
    codec_svg_put(svg, "<g id=\"o\">");
    put_normal(svg, area);
    codec_svg_format(svg, "<path class=\"a\" d=\"M0 0V%ldH%ld", area->panel_height,
                     area->panel_width);
    for (size_t i = 0; i < x->count; i++) {
        codec_svg_put(svg, "M");
        codec_svg_hundredths(svg, plot_across(area, codec_decimal_value(x->at[i]), 0));
        codec_svg_format(svg, " %ldv4", area->panel_height);
    }
    for (size_t i = 0; i < y->count; i++) {
        codec_svg_put(svg, "M0 ");
        codec_svg_hundredths(svg, plot_down(area, codec_decimal_value(y->at[i]), 0));
        codec_svg_put(svg, "h-4");
    }
    codec_svg_put(svg, "\"/></g>\n");
}

/* The number at a tick of x, unless it would run into that of the panel beside it. */
static void put_x_number(struct codec_svg *svg, const struct plot_area *area,
                         struct codec_decimal number)
{
    char text[CODEC_DECIMAL_ROOM];
    long size = (long)codec_decimal_print(number, text);
    long half = 50 * size * (area->small ? SMALL_CHARACTER : CHARACTER);
    long margin = area->small ? 50 * area->gap_x : 2400;
    long at = plot_across(area, codec_decimal_value(number), 0);
    if (half > margin + at || half > margin + 100 * area->panel_width - at)
        return;
    codec_svg_put(svg, "<text x=\"");
    codec_svg_hundredths(svg, at);
    codec_svg_format(svg, "\" y=\"%ld\">%s</text>", area->panel_height + (area->small ? 16 : 19),
                     text);
}

static void put_y_number(struct codec_svg *svg, const struct plot_area *area,
                         struct codec_decimal number)
{
    long at = plot_down(area, codec_decimal_value(number), 0);
    codec_svg_put(svg, "<text x=\"-8\" y=\"");
    codec_svg_hundredths(svg, at + (area->small ? 350 : 400));
    codec_svg_put(svg, "\">");
    codec_svg_decimal(svg, number);
    codec_svg_put(svg, "</text>");
}

void plot_definitions(struct codec_svg *svg, const struct plot_area *area)
{
    const char *size = area->small ? " v" : "";
    struct codec_ticks x;
    struct codec_ticks y;
    find_x_ticks(area, &x);
    codec_ticks_find(0, area->y_high, area->small ? 3 : 6, &y);
    codec_svg_format(svg,
                     "<defs><clipPath id=\"c\"><rect width=\"%ld\" height=\"%ld\"/></clipPath>\n",
                     area->panel_width, area->panel_height);
    put_grid(svg, area, &x, &y);
    put_axes(svg, area, &x, &y);
    codec_svg_format(svg, "<g id=\"x\" class=\"x%s\">", size);
    for (size_t i = 0; i < x.count; i++)
        put_x_number(svg, area, x.at[i]);
    codec_svg_format(svg, "</g>\n<g id=\"y\" class=\"y%s\">", size);
    for (size_t i = 0; i < y.count; i++)
        put_y_number(svg, area, y.at[i]);
    codec_svg_put(svg, "</g></defs>\n");
}

void plot_line(struct codec_svg *svg, const struct plot_area *area, size_t count, const double *x,
               const double *density)
{
    const long far = 20000; /* a line's slope must not bend at the panel's edge */
    bool begun = false;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || !isfinite(density[i])) {
            begun = false;
            continue;
        }
        codec_svg_put(svg, begun ? " " : "M");
        codec_svg_hundredths(svg, plot_across(area, x[i], far));
        codec_svg_put(svg, " ");
        codec_svg_hundredths(svg, plot_down(area, density[i], far));
        begun = true;
    }
}

/* A label: markup that is ours, or a text that is not. */
struct label {
    const char *markup;
    const char *text;
    long width;
};

static struct label series_label(const struct codec_plot *plot, size_t series)
{
    const char *name = plot->series_names[series];
    const struct look *look = find_look(name);
    if (!name)
        return (struct label){X_T, NULL, 2 * CHARACTER};
    const char *text = look ? look->label : name;
    size_t size = strlen(text);
    return (struct label){NULL, text, CHARACTER * (long)(size < 12 ? size : 12)};
}

static const struct label exact_label = {"exact " P_T, NULL, 8 * CHARACTER};
static const struct label normal_label = {"<tspan class=\"i\">N</tspan>(0, 1)", NULL,
                                          6 * CHARACTER};

#define SWATCH 20
#define SPACE  24 /* between a swatch and its label (6), and behind the label (18) */

long plot_legend_width(const struct codec_plot *plot)
{
    long width = SWATCH + SPACE + normal_label.width - 18;
    for (size_t i = 0; i < plot->series; i++)
        width += SWATCH + SPACE + series_label(plot, i).width;
    return width + (plot->exact ? SWATCH + SPACE + exact_label.width : 0);
}

/* A label behind its swatch; returns where the next one begins. */
static long put_label(struct codec_svg *svg, const struct label *label, long x, long y)
{
    codec_svg_format(svg, "<text x=\"%ld\" y=\"%ld\">", x + SWATCH + 6, y);
    if (label->markup)
        codec_svg_put(svg, label->markup);
    else
        codec_svg_text(svg, label->text, 12);
    codec_svg_put(svg, "</text>\n");
    return x + SWATCH + SPACE + label->width;
}

static long put_line_entry(struct codec_svg *svg, const char *class, const struct label *label,
                           long x, long y)
{
    codec_svg_format(svg, "<path class=\"%s\" d=\"M%ld %ldh%d\"/>", class, x, y - 4, SWATCH);
    return put_label(svg, label, x, y);
}

static void put_legend(struct codec_svg *svg, const struct codec_plot *plot,
                       const struct plot_area *area)
{
    long x = area->legend_x;
    long y = area->legend_y;
    codec_svg_put(svg, "<g class=\"legend\">\n");
    for (size_t i = 0; i < plot->series; i++) {
        struct label label = series_label(plot, i);
        codec_svg_format(
            svg, "<rect class=\"%s%s\" x=\"%ld\" y=\"%ld\" width=\"%d\" height=\"10\"/>",
            plot_series_class(plot, i), plot->series > 1 ? " h" : "", x, y - 9, SWATCH);
        x = put_label(svg, &label, x, y);
    }
    if (plot->exact)
        x = put_line_entry(svg, "e", &exact_label, x, y);
    put_line_entry(svg, "p", &normal_label, x, y);
    codec_svg_put(svg, "</g>\n");
}

void plot_lettering(struct codec_svg *svg, const struct codec_plot *plot,
                    const struct plot_area *area)
{
    codec_svg_put(svg, "<rect class=\"w\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    if (area->small)
        codec_svg_format(svg, "<text class=\"t\" x=\"%ld\" y=\"30\">Histograms of %s</text>\n",
                         area->left, X_T);
    if (plot->subtitle) {
        codec_svg_format(svg, "<text class=\"n\" x=\"%ld\" y=\"50\">", area->left);
        codec_svg_text(svg, plot->subtitle, (size_t)(area->width - area->left) / CHARACTER);
        codec_svg_put(svg, "</text>\n");
    }
    put_legend(svg, plot, area);
    codec_svg_format(svg, "<text class=\"x i n\" x=\"%ld\" y=\"%ld\">x</text>\n",
                     (area->left + area->right) / 2, area->bottom + 40);
    codec_svg_format(
        svg, "<text class=\"x n\" transform=\"translate(16 %ld)rotate(-90)\">density</text>\n",
        (area->top + area->bottom) / 2);
}
