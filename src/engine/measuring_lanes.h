/* Lanes of float, double and integer for the measures: eight where registers hold them, else four.
 */
#ifndef ENGINE_MEASURING_LANES_H
#define ENGINE_MEASURING_LANES_H

/*
 * Written with the vector types that gcc and clang share; only what needs an instruction by name
 * stands here once per instruction set.
 */

#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#ifdef __AVX2__
#define LANES 8
#else
#define LANES 4
#endif

#define WIDE (LANES / 2) /* doubles in a vector */

typedef float vfloat __attribute__((vector_size(4 * LANES)));
typedef int32_t vint __attribute__((vector_size(4 * LANES)));
typedef double vdouble __attribute__((vector_size(4 * LANES)));
typedef uint64_t vlong __attribute__((vector_size(4 * LANES)));

#define LANES_INLINE static inline __attribute__((always_inline))

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

/* The same value in every lane. */
LANES_INLINE vfloat lanes_all(float value)
{
    return (vfloat){0} + value;
}

LANES_INLINE vdouble lanes_all_double(double value)
{
    return (vdouble){0} + value;
}

LANES_INLINE vfloat lanes_load(const float *from)
{
    vfloat v;
    memcpy(&v, from, sizeof v);
    return v;
}

#endif
