/* Uniform histograms with numpy.histogram's edges and numpy.histogram's way to a value's bin. */
#include <dissolve/histogram.h>
#include <math.h>
#include <string.h>

enum {
    WIDTH = 4,
};

/* Vectors of gcc and clang, on any processor: neither finds them by itself in what is done here. */
typedef float floats __attribute__((vector_size(WIDTH * sizeof(float))));
typedef int32_t ints __attribute__((vector_size(WIDTH * sizeof(int32_t))));

/* The outermost edges, before equal ones are moved apart. */
struct ends {
    double low;
    double high;
};

static inline floats choose(ints mask, floats yes, floats no)
{
    return (floats)((mask & (ints)yes) | (~mask & (ints)no));
}

/* A NaN is found only as x[0]; any other is neither smallest nor largest. */
static struct ends ends_of_values(const float *x, size_t n)
{
    const floats zero = {0.0f};
    floats low = zero + x[0], high = low;
    float lowest = x[0], highest = x[0];
    size_t whole = n - n % WIDTH;

    for (size_t i = 0; i < whole; i += WIDTH) {
        floats values;

        memcpy(&values, x + i, sizeof values);
        low = choose(values < low, values, low);
        high = choose(values > high, values, high);
    }
    for (size_t j = 0; j < WIDTH; j++) {
        lowest = low[j] < lowest ? low[j] : lowest;
        highest = high[j] > highest ? high[j] : highest;
    }
    for (size_t i = whole; i < n; i++) {
        lowest = x[i] < lowest ? x[i] : lowest;
        highest = x[i] > highest ? x[i] : highest;
    }
    return (struct ends){(double)lowest, (double)highest};
}

/* bins + 1 edges as numpy.linspace computes them, rounding for rounding. */
static void make_edges(struct ends ends, size_t bins, double *edges)
{
    double delta = ends.high - ends.low;
    double step = delta / (double)bins;

    for (size_t i = 0; i < bins; i++) {
        /* A step that underflows would put every edge in one place. */
        double along = step == 0.0 ? (double)i / (double)bins * delta : (double)i * step;

        edges[i] = along + ends.low;
    }
    edges[bins] = ends.high + 0.0; /* makes a -0 a 0 */
}

/*
 * Where bins are so narrow that their number per unit is infinite, no guess can be made. The
 * lowest bin that may hold x is the last one whose left edge is not above x.
 */
static void count_by_search(const float *x, size_t n, size_t bins, const double *edges,
                            uint64_t *counts)
{
    for (size_t i = 0; i < n; i++) {
        double value = (double)x[i];
        size_t bin = bins - 1;

        if (!(value >= edges[0] && value <= edges[bins]))
            continue;
        while (value < edges[bin])
            bin--;
        counts[bin]++;
    }
}

/* Counts by a guess, right but for a rounding, that is then corrected by one against the edges. */
static void count_by_guess(const float *x, size_t n, struct ends ends, double scale, size_t bins,
                           double *edges, uint64_t *counts)
{
    size_t last = bins - 1;

    edges[bins] = (double)INFINITY; /* so that nothing is moved beyond the last bin, for now */
    for (size_t i = 0; i < n; i++) {
        double value = (double)x[i];
        size_t bin;

        if (!(value >= ends.low && value <= ends.high))
            continue;
        bin = (size_t)(int32_t)((value - ends.low) * scale); /* at most one beyond the last */
        bin = bin < last ? bin : last;
        bin -= value < edges[bin]; /* never in the first bin, whose edge is ends.low */
        bin += value >= edges[bin + 1];
        counts[bin]++;
    }
    edges[bins] = ends.high + 0.0;
}

enum dissolve_status dissolve_histogram(const float *x, size_t n, size_t bins, const double *range,
                                        double *edges, uint64_t *counts, uint64_t *outside)
{
    struct ends ends;
    double scale;

    if (n < 1 || bins < 1 || bins > DISSOLVE_MAX_BINS)
        return DISSOLVE_INVALID;
    ends = range ? (struct ends){range[0], range[1]} : ends_of_values(x, n);
    /* The difference of infinite or NaN ends is not finite either. */
    if (!(ends.low <= ends.high) || !isfinite(ends.high - ends.low))
        return DISSOLVE_INVALID;
    if (ends.low == ends.high) {
        ends.low -= 0.5;
        ends.high += 0.5;
    }

    make_edges(ends, bins, edges);
    for (size_t i = 0; i < bins; i++)
        counts[i] = 0;
    scale = (double)bins / (ends.high - ends.low);
    if (isfinite(scale))
        count_by_guess(x, n, ends, scale, bins, edges, counts);
    else
        count_by_search(x, n, bins, edges, counts);

    *outside = n;
    for (size_t i = 0; i < bins; i++)
        *outside -= counts[i];
    return DISSOLVE_OK;
}

void dissolve_histogram_density(size_t bins, const double *edges, const uint64_t *counts,
                                double *density)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < bins; i++)
        sum += counts[i];
    for (size_t i = 0; i < bins; i++) {
        double width = edges[i + 1] - edges[i];

        density[i] = sum ? (double)counts[i] / width / (double)sum : 0.0;
    }
}
