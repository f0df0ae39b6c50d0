/* Uniform histograms with numpy.histogram's edges and numpy.histogram's way to a value's bin. */
#include <dissolve/histogram.h>

#include "measuring.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    CHUNK = 512,    /* values whose places are found before they are counted */
    SLOTS = 4,      /* counts side by side: to add to one again and again is to wait for it */
    SPAN = 1 << 20, /* values counted before they are merged; a uint32_t counts them safely */
    ROOM = DISSOLVE_MAX_BINS + 2,
};

/* The outermost edges, before equal ones are moved apart. */
struct ends {
    double low;
    double high;
};

/* How values are counted: place 0 is below the bins, 1 + bin in them, bins + 1 above. */
struct counter {
    struct ends ends;
    size_t bins;
    double *edges;
    double scale; /* bins per unit */
    struct measuring_ruler ruler;
    uint32_t counts[SLOTS][ROOM];
};

static struct ends ends_of_values(const float *x, size_t n)
{
    float low, high;

    measuring_active()->ends(x, n, &low, &high);
    return (struct ends){(double)low, (double)high};
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

/*
 * The place of x by a guess, right but for a rounding, that is then corrected by one against the
 * edges; 0 where x is in no bin. edges[bins] is infinite meanwhile, so that nothing is moved beyond
 * the last bin.
 */
static size_t exact_place(const struct counter *counter, float x)
{
    const struct ends *ends = &counter->ends;
    double value = (double)x;
    size_t last = counter->bins - 1, bin;

    if (!(value >= ends->low && value <= ends->high))
        return 0;
    bin = (size_t)(int32_t)((value - ends->low) * counter->scale); /* at most one beyond the last */
    bin = bin < last ? bin : last;
    bin -= value < counter->edges[bin]; /* never in the first bin, whose edge is ends.low */
    bin += value >= counter->edges[bin + 1];
    return 1 + bin;
}

/*
 * A guess in float32 is wrong by less than 2^-22 (s + bins + 4) bins, where s = scale max(|low|,
 * |high|): scale, origin, product and sum are each rounded by 2^-24 of at most s + bins + 2, and
 * the edges by much less. Only what lies closer to an edge than that needs more than the guess.
 * false: float32 cannot tell the bins apart.
 */
static bool make_ruler(struct counter *counter)
{
    double far = fmax(fabs(counter->ends.low), fabs(counter->ends.high)) * counter->scale;
    double bins = (double)counter->bins, error = 0x1p-22 * (far + bins + 4.0);

    if (!(error < 0x1p-6) || !(counter->scale >= (double)FLT_MIN) ||
        !(counter->scale <= (double)FLT_MAX))
        return false;
    counter->ruler = (struct measuring_ruler){
        .scale = (float)counter->scale,
        .origin = (float)(1.0 - counter->ends.low * counter->scale),
        .top = (float)(bins + 1.5),
        .sure = (float)(0.5 - error),
    };
    return true;
}

/* Finds the places of a chunk of whole groups, and counts them. */
static void count_chunk(struct counter *counter, const float *x, size_t count)
{
    int32_t place[CHUNK];
    uint32_t doubts[CHUNK / MEASURING_PLACES];
    size_t groups = count / MEASURING_PLACES;
    bool doubtful = measuring_active()->places(x, groups, &counter->ruler, place, doubts);

    for (size_t g = 0; doubtful && g < groups; g++) {
        for (uint32_t left = doubts[g]; left; left &= left - 1) {
            size_t i = g * MEASURING_PLACES + (size_t)__builtin_ctz(left);

            place[i] = (int32_t)exact_place(counter, x[i]);
        }
    }
    for (size_t i = 0; i < count; i += SLOTS) {
        for (size_t j = 0; j < SLOTS; j++)
            counter->counts[j][place[i + j]]++;
    }
}

static void count_span(struct counter *counter, bool ruled, const float *x, size_t n)
{
    size_t whole = ruled ? n - n % MEASURING_PLACES : 0;

    for (size_t done = 0; done < whole; done += CHUNK)
        count_chunk(counter, x + done, whole - done < CHUNK ? whole - done : CHUNK);
    for (size_t i = whole; i < n; i++)
        counter->counts[i % SLOTS][exact_place(counter, x[i])]++;
}

static void count_by_guess(const float *x, size_t n, struct ends ends, double scale, size_t bins,
                           double *edges, uint64_t *counts)
{
    struct counter counter;
    bool ruled;

    counter.ends = ends;
    counter.bins = bins;
    counter.edges = edges;
    counter.scale = scale;
    ruled = make_ruler(&counter);
    edges[bins] = (double)INFINITY;
    for (size_t done = 0; done < n; done += SPAN) {
        for (size_t j = 0; j < SLOTS; j++)
            memset(counter.counts[j], 0, (bins + 2) * sizeof counter.counts[j][0]);
        count_span(&counter, ruled, x + done, n - done < SPAN ? n - done : SPAN);
        for (size_t i = 0; i < bins; i++) {
            for (size_t j = 0; j < SLOTS; j++)
                counts[i] += counter.counts[j][1 + i];
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
