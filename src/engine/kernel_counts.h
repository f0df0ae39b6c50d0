/* The kernel's other half: moments, cells of the tally, places in a histogram. Included by
   kernel_template.h, once per instruction set. */

/*
 * All of it gives the same bits on every instruction set: sums in double have eight lanes, whatever
 * a register holds, and what is counted are integers.
 */

#include "kernel.h"
#include "lanes.h"

#define SUMS  8             /* partial sums of a block */
#define WIDE  (LANES / 2)   /* doubles in a vector */
#define PARTS (SUMS / WIDE) /* vectors that hold the partial sums */

/* ---- What needs an instruction by name ---- */

#if LANES == 8

/* The first WIDE floats of x as doubles. */
LANES_INLINE vdouble lanes_widen(const float *x)
{
    return (vdouble)_mm256_cvtps_pd(_mm_loadu_ps(x));
}

LANES_INLINE vint lanes_floor(vfloat a)
{
    return (vint)_mm256_cvttps_epi32(_mm256_floor_ps((__m256)a));
}

/* a > b ? a : b, and a < b ? a : b: b where one is NaN. */
LANES_INLINE vfloat lanes_max(vfloat a, vfloat b)
{
    return (vfloat)_mm256_max_ps((__m256)a, (__m256)b);
}

LANES_INLINE vfloat lanes_min(vfloat a, vfloat b)
{
    return (vfloat)_mm256_min_ps((__m256)a, (__m256)b);
}

/* A bit for each lane of a mask, the first in bit 0. */
LANES_INLINE unsigned lanes_bits(vint mask)
{
    return (unsigned)_mm256_movemask_ps((__m256)mask);
}

#else

/* Of values within the range of an int32_t. */
LANES_INLINE vint lanes_floor(vfloat a)
{
    vint whole = __builtin_convertvector(a, vint);
    return whole + (__builtin_convertvector(whole, vfloat) > a);
}

#ifdef __SSE2__

LANES_INLINE vdouble lanes_widen(const float *x)
{
    return (vdouble)_mm_cvtps_pd(_mm_castsi128_ps(_mm_loadu_si64(x)));
}

LANES_INLINE vfloat lanes_max(vfloat a, vfloat b)
{
    return (vfloat)_mm_max_ps((__m128)a, (__m128)b);
}

LANES_INLINE vfloat lanes_min(vfloat a, vfloat b)
{
    return (vfloat)_mm_min_ps((__m128)a, (__m128)b);
}

LANES_INLINE unsigned lanes_bits(vint mask)
{
    return (unsigned)_mm_movemask_ps((__m128)mask);
}

#else

LANES_INLINE vdouble lanes_widen(const float *x)
{
    vdouble r = {0};
    for (int i = 0; i < WIDE; i++)
        r[i] = (double)x[i];
    return r;
}

LANES_INLINE vfloat lanes_max(vfloat a, vfloat b)
{
    vint mask = a > b;
    return (vfloat)((mask & (vint)a) | (~mask & (vint)b));
}

LANES_INLINE vfloat lanes_min(vfloat a, vfloat b)
{
    vint mask = a < b;
    return (vfloat)((mask & (vint)a) | (~mask & (vint)b));
}

LANES_INLINE unsigned lanes_bits(vint mask)
{
    unsigned bits = 0;
    for (int i = 0; i < LANES; i++)
        bits |= (unsigned)(mask[i] & 1) << i;
    return bits;
}

#endif
#endif

/* ---- Moments ---- */

LANES_INLINE double sum_of(const double lane[SUMS])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

LANES_INLINE void add_values(const float *x, vdouble sums[PARTS])
{
    for (int i = 0; i < PARTS; i++)
        sums[i] += lanes_widen(x + WIDE * i);
}

LANES_INLINE void add_squares(const float *x, double mean, vdouble squares[PARTS])
{
    for (int i = 0; i < PARTS; i++) {
        vdouble distance = lanes_widen(x + WIDE * i) - mean;
        squares[i] += distance * distance;
    }
}

/* The mean of a block whose whole groups of eight have been added up. */
LANES_INLINE double mean_of(const vdouble sums[PARTS], const float *rest, size_t count)
{
    double lane[SUMS];
    memcpy(lane, sums, sizeof lane);
    for (size_t i = 0; i < count % SUMS; i++)
        lane[i] += (double)rest[i];
    return sum_of(lane) / (double)count;
}

LANES_INLINE double squares_of(const vdouble squares[PARTS], const float *rest, size_t count,
                               double mean)
{
    double lane[SUMS];
    memcpy(lane, squares, sizeof lane);
    for (size_t i = 0; i < count % SUMS; i++)
        lane[i] += ((double)rest[i] - mean) * ((double)rest[i] - mean);
    return sum_of(lane);
}

/* In two passes: first the mean, then the distances from it, which lose nothing to a large mean. */
static struct kernel_moments moments(const float *x, size_t count)
{
    size_t whole = count - count % SUMS;
    vdouble sums[PARTS] = {0}, squares[PARTS] = {0};
    for (size_t i = 0; i < whole; i += SUMS)
        add_values(x + i, sums);
    double mean = mean_of(sums, x + whole, count);
    for (size_t i = 0; i < whole; i += SUMS)
        add_squares(x + i, mean, squares);
    return (struct kernel_moments){mean, squares_of(squares, x + whole, count, mean)};
}

/* ---- The tally ---- */

/* The cells of x, see kernel.h; NaN is in cell 0. */
LANES_INLINE vint cells_of(vfloat x)
{
    const float middle = KERNEL_BINS / 2;
    vint level = __builtin_convertvector(lanes_clip01((x + 1.0f) * 0.5f) * 255.0f, vint);
    vfloat place = x * (float)KERNEL_BINS_IN_ONE; /* exact: a power of two */
    place = lanes_min(lanes_max(place, lanes_all(-middle - 1)), lanes_all(middle + 0.5f));
    vint bin = lanes_floor(place) + (place == middle); /* a mask is -1 where it is true */
    return level + bin + (KERNEL_BINS / 2 + 1);
}

/* Cells of eight elements; adds those outside [-1, 1] to `clipped`. */
LANES_INLINE void find_cells(const float *x, int32_t *cells, vint *clipped)
{
    for (int i = 0; i < SUMS; i += LANES) {
        vfloat v = lanes_load(x + i);
        vint cell = cells_of(v);
        *clipped -= (vfloat)((vint)v & INT32_MAX) > 1.0f;
        memcpy(cells + i, &cell, sizeof cell);
    }
}

/* Counts eight elements, the first in slot `from`, while their squares add up. Both wait for
   something else, so together they take hardly longer than one. */
LANES_INLINE void count_group(const float *x, const int32_t *cells, double mean,
                              vdouble squares[PARTS], uint32_t *const row[KERNEL_SLOTS],
                              size_t from, size_t slots)
{
    add_squares(x, mean, squares);
    for (size_t j = 0; j < SUMS; j++)
        row[(from + j) % slots][cells[j]]++;
}

/* Pass two over a block. `slots` is a constant of each call, for speed. */
LANES_INLINE double count_cells(const float *x, const int32_t *cells, size_t count, double mean,
                                uint32_t *const row[KERNEL_SLOTS], size_t slots)
{
    size_t whole = count - count % SUMS, i = 0;
    vdouble squares[PARTS] = {0};
    for (; slots == 3 && i + 3 * SUMS <= count; i += 3 * SUMS) {
        count_group(x + i, cells + i, mean, squares, row, 0, slots);
        count_group(x + i + SUMS, cells + i + SUMS, mean, squares, row, SUMS, slots);
        count_group(x + i + 2 * SUMS, cells + i + 2 * SUMS, mean, squares, row, 2 * SUMS, slots);
    }
    for (; slots == KERNEL_SLOTS && i < whole; i += SUMS)
        count_group(x + i, cells + i, mean, squares, row, 0, slots);
    for (size_t j = i; j < whole; j += SUMS)
        add_squares(x + j, mean, squares);
    for (; i < count; i++)
        row[i % slots][cells[i]]++;
    return squares_of(squares, x + whole, count, mean);
}

static struct kernel_moments tally(const float *x, size_t first, size_t count,
                                   struct kernel_counts *counts)
{
    int32_t cells[KERNEL_BLOCK];
    uint32_t *row[KERNEL_SLOTS];
    size_t whole = count - count % SUMS;
    vdouble sums[PARTS] = {0};
    vint clipped = {0};
    for (size_t i = 0; i < whole; i += SUMS) {
        find_cells(x + i, cells + i, &clipped);
        add_values(x + i, sums);
    }
    if (whole < count) {
        float rest[SUMS] = {0}; /* what fills it up is not clipped */
        memcpy(rest, x + whole, (count - whole) * sizeof *x);
        find_cells(rest, cells + whole, &clipped);
    }
    for (size_t j = 0; j < LANES; j++)
        counts->clipped += (uint64_t)clipped[j];
    for (size_t j = 0; j < counts->slots; j++)
        row[j] = counts->cells[(first + j) % counts->slots];
    double mean = mean_of(sums, x + whole, count), squares;
    if (counts->slots == 3)
        squares = count_cells(x, cells, count, mean, row, 3);
    else
        squares = count_cells(x, cells, count, mean, row, KERNEL_SLOTS);
    return (struct kernel_moments){mean, squares};
}

/* ---- Histograms ---- */

static void ends(const float *x, size_t n, float *lowest, float *highest)
{
    vfloat low = lanes_all(x[0]), high = low;
    size_t whole = n - n % LANES;
    *lowest = *highest = x[0];
    for (size_t i = 0; i < whole; i += LANES) {
        low = lanes_min(lanes_load(x + i), low);
        high = lanes_max(lanes_load(x + i), high);
    }
    for (size_t j = 0; j < LANES; j++) {
        *lowest = low[j] < *lowest ? low[j] : *lowest;
        *highest = high[j] > *highest ? high[j] : *highest;
    }
    for (size_t i = whole; i < n; i++) {
        *lowest = x[i] < *lowest ? x[i] : *lowest;
        *highest = x[i] > *highest ? x[i] : *highest;
    }
}

static void places(const float *x, size_t groups, const struct kernel_ruler *ruler, int32_t *place,
                   uint8_t *doubts)
{
    vfloat scale = lanes_all(ruler->scale), origin = lanes_all(ruler->origin);
    vfloat top = lanes_all(ruler->top), sure = lanes_all(ruler->sure);
    for (size_t g = 0; g < groups; g++) {
        unsigned bits = 0;
        for (int i = 0; i < KERNEL_PLACES; i += LANES, x += LANES, place += LANES) {
            vfloat at = lanes_load(x) * scale + origin;
            at = lanes_min(lanes_max(at, lanes_all(0.5f)), top);
            vint whole = __builtin_convertvector(at, vint);
            vfloat apart = at - __builtin_convertvector(whole, vfloat) - 0.5f;
            bits |= lanes_bits((vfloat)((vint)apart & INT32_MAX) > sure) << i;
            memcpy(place, &whole, sizeof whole);
        }
        doubts[g] = (uint8_t)bits;
    }
}
