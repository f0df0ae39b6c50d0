/* The measures' loops, their one source. Included once per instruction set. */

/*
 * What it gives is the same on every instruction set: sums are of eight lanes in one order, what is
 * counted are integers, and doubles know IEEE + - * / alone.
 */

#include "measuring.h"
#include "measuring_lanes.h"

#include <stdbool.h>

#define SUMS  8             /* partial sums of a block, whatever a register holds */
#define PARTS (SUMS / WIDE) /* vectors that hold them */

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
static struct measuring_moments moments(const float *x, size_t count)
{
    size_t whole = count - count % SUMS;
    vdouble sums[PARTS] = {0}, squares[PARTS] = {0};
    for (size_t i = 0; i < whole; i += SUMS)
        add_values(x + i, sums);
    double mean = mean_of(sums, x + whole, count);
    for (size_t i = 0; i < whole; i += SUMS)
        add_squares(x + i, mean, squares);
    return (struct measuring_moments){mean, squares_of(squares, x + whole, count, mean)};
}

/* ---- The tally ---- */

/* The cells of x, see measuring.h; NaN is in cell 0. */
LANES_INLINE vint cells_of(vfloat x)
{
    const float middle = 0.5f * MEASURING_BINS;
    vfloat v = lanes_min(lanes_max((x + 1.0f) * 0.5f, lanes_all(0.0f)), lanes_all(1.0f));
    vint level = __builtin_convertvector(v * 255.0f, vint); /* as dissolve_render */
    vfloat place = x * (float)MEASURING_BINS_IN_ONE;        /* exact: a power of two */
    place = lanes_min(lanes_max(place, lanes_all(-middle - 1)), lanes_all(middle + 0.5f));
    vint bin = lanes_floor(place) + (place == middle); /* a mask is -1 where it is true */
    return level + bin + (MEASURING_BINS / 2 + 1);
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
                              vdouble squares[PARTS], uint32_t *const row[MEASURING_SLOTS],
                              size_t from, size_t slots)
{
    add_squares(x, mean, squares);
    for (size_t j = 0; j < SUMS; j++)
        row[(from + j) % slots][cells[j]]++;
}

/* Pass two over a block. `slots` is a constant of each call, for speed. */
LANES_INLINE double count_cells(const float *x, const int32_t *cells, size_t count, double mean,
                                uint32_t *const row[MEASURING_SLOTS], size_t slots)
{
    size_t whole = count - count % SUMS, i = 0;
    vdouble squares[PARTS] = {0};
    for (; slots == 3 && i + 3 * SUMS <= count; i += 3 * SUMS) {
        count_group(x + i, cells + i, mean, squares, row, 0, slots);
        count_group(x + i + SUMS, cells + i + SUMS, mean, squares, row, SUMS, slots);
        count_group(x + i + 2 * SUMS, cells + i + 2 * SUMS, mean, squares, row, 2 * SUMS, slots);
    }
    for (; slots == MEASURING_SLOTS && i < whole; i += SUMS)
        count_group(x + i, cells + i, mean, squares, row, 0, slots);
    for (size_t j = i; j < whole; j += SUMS)
        add_squares(x + j, mean, squares);
    for (; i < count; i++)
        row[i % slots][cells[i]]++;
    return squares_of(squares, x + whole, count, mean);
}

static struct measuring_moments tally(const float *x, size_t first, size_t count,
                                      struct measuring_counts *counts)
{
    int32_t cells[MEASURING_BLOCK];
    uint32_t *row[MEASURING_SLOTS];
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
        squares = count_cells(x, cells, count, mean, row, MEASURING_SLOTS);
    return (struct measuring_moments){mean, squares};
}

/* ---- Histograms ---- */

static void ends(const float *x, size_t n, float *lowest, float *highest)
{
    vfloat low = lanes_all(x[0]), high = low, low2 = low, high2 = low;
    size_t whole = n - n % (2 * LANES);
    *lowest = *highest = x[0];
    for (size_t i = 0; i < whole; i += 2 * LANES) { /* two at a time wait half as long */
        vfloat a = lanes_load(x + i), b = lanes_load(x + i + LANES);
        low = lanes_min(a, low);
        high = lanes_max(a, high);
        low2 = lanes_min(b, low2);
        high2 = lanes_max(b, high2);
    }
    low = lanes_min(low2, low);
    high = lanes_max(high2, high);
    for (size_t j = 0; j < LANES; j++) {
        *lowest = low[j] < *lowest ? low[j] : *lowest;
        *highest = high[j] > *highest ? high[j] : *highest;
    }
    for (size_t i = whole; i < n; i++) {
        *lowest = x[i] < *lowest ? x[i] : *lowest;
        *highest = x[i] > *highest ? x[i] : *highest;
    }
}

/* A ruler in every lane. */
struct ruler {
    vfloat scale, origin, top, sure;
};

/* The places of LANES values; a mask of those in doubt. */
LANES_INLINE vint find_places(const float *x, const struct ruler *ruler, int32_t *place)
{
    vfloat at = lanes_load(x) * ruler->scale + ruler->origin;
    at = lanes_min(lanes_max(at, lanes_all(0.5f)), ruler->top);
    vint whole = __builtin_convertvector(at, vint);
    vfloat apart = at - __builtin_convertvector(whole, vfloat) - 0.5f;
    memcpy(place, &whole, sizeof whole);
    return (vfloat)((vint)apart & INT32_MAX) > ruler->sure;
}

/* To gather a mask's bits takes as long as all the rest: only where one is set, and once more. */
static bool places(const float *x, size_t groups, const struct measuring_ruler *flat,
                   int32_t *place, uint32_t *doubts)
{
    const struct ruler ruler = {lanes_all(flat->scale), lanes_all(flat->origin),
                                lanes_all(flat->top), lanes_all(flat->sure)};
    bool found = false;
    for (size_t g = 0; g < groups; g++, x += MEASURING_PLACES, place += MEASURING_PLACES) {
        vint any = {0};
        for (size_t i = 0; i < MEASURING_PLACES; i += LANES)
            any |= find_places(x + i, &ruler, place + i);
        doubts[g] = 0;
        if (!lanes_bits(any))
            continue;
        found = true;
        for (size_t i = 0; i < MEASURING_PLACES; i += LANES)
            doubts[g] |= lanes_bits(find_places(x + i, &ruler, place + i)) << i;
    }
    return found;
}

/* ---- Bell curves ---- */

/*
 * Adding this to a double of less than 2^51 rounds it to a whole number, which then stands in the
 * lower bits.
 */
#define ROUNDER 0x1.8p52

/* 2^k, where rounder is ROUNDER + k, -1022 <= k <= 1023. */
LANES_INLINE vdouble power_of_two(vdouble rounder)
{
    return (vdouble)(((vlong)rounder + 1023) << 52);
}

/*
 * e^r for |r| <= ln(2)/2 by its Taylor polynomial of degree 13, whose error is 4e-18; in pairs, and
 * pairs of pairs (Estrin's scheme), for in a row each term would wait for the one before.
 */
LANES_INLINE vdouble exponential_near_zero(vdouble r)
{
    vdouble r2 = r * r, r4 = r2 * r2;
    vdouble p0 = r + 1.0;
    vdouble p2 = r * (1.0 / 6) + 1.0 / 2;
    vdouble p4 = r * (1.0 / 120) + 1.0 / 24;
    vdouble p6 = r * (1.0 / 5040) + 1.0 / 720;
    vdouble p8 = r * (1.0 / 362880) + 1.0 / 40320;
    vdouble p10 = r * (1.0 / 39916800) + 1.0 / 3628800;
    vdouble p12 = r * (1.0 / 6227020800) + 1.0 / 479001600;
    vdouble high = (p8 + p10 * r2) + p12 * r4;
    return (p0 + p2 * r2) + ((p4 + p6 * r2) + high * r4) * r4;
}

/*
 * e^y, y <= 746, within 5e-16 of its value, or half of the smallest double; infinite beyond the
 * largest. y = k ln 2 + r, with ln 2 in two parts, the first of which k times is exact (fdlibm's
 * e_exp.c). Half of k at a time, so that both powers are normal numbers.
 */
LANES_INLINE vdouble exponential(vdouble y)
{
    const vdouble least = lanes_all_double(-746.0);
    vlong held = (vlong)(y > least);
    y = (vdouble)((held & (vlong)y) | (~held & (vlong)least));
    vdouble k = (y * 0x1.71547652b82fep+0 + ROUNDER) - ROUNDER;
    vdouble r = (y - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
    vdouble half = k * 0.5 + ROUNDER;
    vdouble rest = (k - (half - ROUNDER)) + ROUNDER;
    return exponential_near_zero(r) * power_of_two(half) * power_of_two(rest);
}

LANES_INLINE vdouble gauss_of(vdouble x, const struct measuring_gauss *gauss)
{
    vdouble z = (x - gauss->mean) / gauss->sd;
    return exponential(gauss->peak - 0.5 * z * z);
}

static void add_gauss(const double *x, size_t n, const struct measuring_gauss *gauss, double *sums)
{
    size_t whole = n - n % WIDE;
    for (size_t i = 0; i < whole; i += WIDE) {
        vdouble at, sum;
        memcpy(&at, x + i, sizeof at);
        memcpy(&sum, sums + i, sizeof sum);
        sum += gauss_of(at, gauss);
        memcpy(sums + i, &sum, sizeof sum);
    }
    if (whole < n) {
        vdouble at = lanes_all_double(gauss->mean), sum = {0};
        memcpy(&at, x + whole, (n - whole) * sizeof *x);
        memcpy(&sum, sums + whole, (n - whole) * sizeof *x);
        sum += gauss_of(at, gauss);
        memcpy(sums + whole, &sum, (n - whole) * sizeof *x);
    }
}

const struct measuring MEASURING_SYMBOL = {
    .moments = moments, .tally = tally, .ends = ends, .places = places, .gauss = add_gauss};
