/* lanes.h for x86-64 with AVX2 and FMA: eight lanes. */
#ifndef ENGINE_LANES_AVX2_H
#define ENGINE_LANES_AVX2_H

#include "lanes_vectors.h"

#ifdef LANES_AVX2
#include <immintrin.h>

/* lanes_zip does not leave its half of a register; each half ends up with two whole blocks, one in
   either result. */
#define LANES_BLOCKS ((vlong){0, 2, 1, 3})

LANES_INLINE vfloat lanes_fma(vfloat a, vfloat b, vfloat c)
{
    return (vfloat)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

LANES_INLINE vfloat lanes_sqrt(vfloat a)
{
    return (vfloat)_mm256_sqrt_ps((__m256)a);
}

LANES_INLINE vfloat lanes_clip(vfloat a, float low, float top)
{
    return (vfloat)_mm256_min_ps(_mm256_max_ps((__m256)a, _mm256_set1_ps(low)),
                                 _mm256_set1_ps(top));
}

LANES_INLINE vint lanes_floor(vfloat a)
{
    return (vint)_mm256_cvttps_epi32(_mm256_floor_ps((__m256)a));
}

LANES_INLINE vdouble lanes_widen(const float *x)
{
    return (vdouble)_mm256_cvtps_pd(_mm_loadu_ps(x));
}

LANES_INLINE vlong lanes_mul32(vlong a, vlong b)
{
    return (vlong)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}

LANES_INLINE vlong lanes_xor(vlong a, vlong b, vlong c)
{
    return a ^ b ^ c;
}

LANES_INLINE vuint lanes_pair(vlong a, vlong b)
{
    return (vuint)_mm256_blend_epi32((__m256i)a, (__m256i)(b << 32), 0xaa);
}

LANES_INLINE vuint lanes_pair_high(vlong a, vlong b)
{
    return (vuint)_mm256_blend_epi32((__m256i)(a >> 32), (__m256i)b, 0xaa);
}

LANES_INLINE void lanes_zip(vfloat a, vfloat b, vfloat out[2])
{
    out[0] = (vfloat)_mm256_unpacklo_ps((__m256)a, (__m256)b);
    out[1] = (vfloat)_mm256_unpackhi_ps((__m256)a, (__m256)b);
}

LANES_INLINE void lanes_store_bytes(const vint v[4], uint8_t *bytes)
{
    __m256i low = _mm256_packs_epi32((__m256i)v[0], (__m256i)v[1]);
    __m256i high = _mm256_packs_epi32((__m256i)v[2], (__m256i)v[3]);
    __m256i packed = _mm256_packus_epi16(low, high);
    __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256((__m256i *)bytes, _mm256_permutevar8x32_epi32(packed, order));
}

#endif
#endif
