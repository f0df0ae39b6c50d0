/* The measures' loops, their one source. Included once per instruction set. */

/*
 * What it gives is the same on every instruction set: what is counted are integers, and doubles
 * know IEEE + - * / alone.
 */

#include "measuring.h"
#include "measuring_lanes.h"

#include <stdbool.h>

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

const struct measuring MEASURING_SYMBOL = {.ends = ends, .places = places, .gauss = add_gauss};
