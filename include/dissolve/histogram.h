/* Histograms as numpy.histogram counts them. */
#ifndef DISSOLVE_HISTOGRAM_H
#define DISSOLVE_HISTOGRAM_H

#include <dissolve/status.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

#define DISSOLVE_MAX_BINS 4096

/*
 * Counts x[0..n), each converted to double, in `bins` (1..DISSOLVE_MAX_BINS) bins of equal width,
 * exactly as numpy.histogram does: edges as numpy.linspace makes them, bin i holds
 * edges[i] <= x < edges[i + 1], the last one its right edge too. range[0] <= range[1], both
 * finite, are the outermost edges; range NULL: the smallest and the largest x. Equal ends are
 * moved apart by 0.5 on each side. n is at least 1 and every x finite.
 *
 * edges has room for bins + 1, counts for bins; *outside gets the number of x outside the edges.
 * DISSOLVE_INVALID: bins, n or range is out of range, or the edges are infinitely far apart.
 * Pure; any thread.
 *
 * Where double has no room for that many edges and some coincide, values go to the bins that
 * numpy gives them. Where numpy itself fails (equal ends beyond 2^53 cannot be moved apart; ends
 * are less than bins / DBL_MAX apart), x goes to the last bin whose left edge is not above it.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_histogram(const float *x, size_t n, size_t bins,
                                                          const double *range, double *edges,
                                                          uint64_t *counts, uint64_t *outside);

/*
 * density[i] = counts[i] / (width of bin i) / (sum of counts), as numpy's density=True divides;
 * all zero where nothing was counted. A bin of width 0 gets infinity, or NaN if it is empty.
 */
void dissolve_histogram_density(size_t bins, const double *edges, const uint64_t *counts,
                                double *density);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
