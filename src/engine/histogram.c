/* Uniform histograms with numpy.histogram's edges and numpy.histogram's way to a value's bin. */
#include <dissolve/histogram.h>
#include <math.h>

enum {
    BATCH = 1024, /* values whose guesses are made at once, in vectors */
    LANES = 8,
};

/* The outermost edges, before equal ones are moved apart. */
struct ends {
    double low;
    double high;
};

static struct ends ends_of_values(const float *x, size_t n)
{
    float low[LANES], high[LANES];
    size_t whole = n - n % LANES;

    for (size_t j = 0; j < LANES; j++)
        low[j] = high[j] = x[0];
    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            low[j] = x[i + j] < low[j] ? x[i + j] : low[j];
            high[j] = x[i + j] > high[j] ? x[i + j] : high[j];
        }
    }
    for (size_t i = whole; i < n; i++) {
        low[0] = x[i] < low[0] ? x[i] : low[0];
        high[0] = x[i] > high[0] ? x[i] : high[0];
    }
    for (size_t j = 1; j < LANES; j++) {
        low[0] = low[j] < low[0] ? low[j] : low[0];
        high[0] = high[j] > high[0] ? high[j] : high[0];
    }
    return (struct ends){(double)low[0], (double)high[0]};
}

/* bins + 1 edges as numpy.linspace computes them, rounding for rounding. */
static void make_edges(struct ends ends, size_t bins, double *edges)
{
    double delta = ends.high - ends.low;
    double step = delta / (double)bins;

    for (size_t i = 0; i < bins; i++) {
        /* A step that underflows would put every edge in one place. */
        double along = step == 0.0 ? (double)i / (double)bins * delta : (double)i * step;

        edges[i] = along + ends.low + 0.0; /* + 0.0 makes a -0 a 0 */
    }
    edges[bins] = ends.high + 0.0;
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

/* Guesses the bins of x[0..count): right but for the rounding of value and scale. */
static void guess(const float *x, size_t count, struct ends ends, double scale, int32_t last,
                  int32_t *bins, int32_t *inside)
{
    for (size_t i = 0; i < count; i++) {
        double value = (double)x[i];
        int32_t in = (value >= ends.low) & (value <= ends.high);
        double place = in ? (value - ends.low) * scale : 0.0;
        int32_t bin = (int32_t)place;

        bins[i] = bin < last ? bin : last;
        inside[i] = in;
    }
}

/* Counts by a guess that is then corrected by one against the edges themselves. */
static void count_by_guess(const float *x, size_t n, struct ends ends, double scale, size_t bins,
                           double *edges, uint64_t *counts)
{
    int32_t guesses[BATCH], inside[BATCH];

    edges[bins] = (double)INFINITY; /* so that nothing is moved beyond the last bin, for now */
    for (size_t first = 0; first < n; first += BATCH) {
        size_t count = n - first < BATCH ? n - first : BATCH;

        guess(x + first, count, ends, scale, (int32_t)bins - 1, guesses, inside);
        for (size_t i = 0; i < count; i++) {
            double value = (double)x[first + i];
            size_t bin = (size_t)guesses[i];

            /* Nothing inside lies below edges[0]; a value outside is not to be moved at all. */
            bin -= (size_t)((value < edges[bin]) & inside[i]);
            bin += (size_t)((value >= edges[bin + 1]) & inside[i]);
            counts[bin] += (uint64_t)inside[i];
        }
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
