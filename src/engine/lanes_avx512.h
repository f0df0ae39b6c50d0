/* lanes.h for x86-64 with AVX-512F: sixteen lanes. */
#ifndef ENGINE_LANES_AVX512_H
#define ENGINE_LANES_AVX512_H

#include "lanes_vectors.h"

#ifdef LANES_AVX512
#include <immintrin.h>

/* lanes_zip does not leave its quarter of a register; each quarter ends up with two whole blocks,
   one in either result. */
#define LANES_BLOCKS ((vlong){0, 4, 1, 5, 2, 6, 3, 7})

LANES_INLINE vfloat lanes_fma(vfloat a, vfloat b, vfloat c)
{
    return (vfloat)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

LANES_INLINE vfloat lanes_sqrt(vfloat a)
{
    return (vfloat)_mm512_sqrt_ps((__m512)a);
}

LANES_INLINE vfloat lanes_clip(vfloat a, float low, float top)
{
    return (vfloat)_mm512_min_ps(_mm512_max_ps((__m512)a, _mm512_set1_ps(low)),
                                 _mm512_set1_ps(top));
}

LANES_INLINE vint lanes_floor(vfloat a)
{
    return (vint)_mm512_cvt_roundps_epi32((__m512)a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

LANES_INLINE vdouble lanes_widen(const float *x)
{
    return (vdouble)_mm512_cvtps_pd(_mm256_loadu_ps(x));
}

LANES_INLINE vlong lanes_mul32(vlong a, vlong b)
{
    return (vlong)_mm512_mul_epu32((__m512i)a, (__m512i)b);
}

LANES_INLINE vlong lanes_xor(vlong a, vlong b, vlong c)
{
    return (vlong)_mm512_ternarylogic_epi64((__m512i)a, (__m512i)b, (__m512i)c, 0x96);
}

LANES_INLINE vuint lanes_pair(vlong a, vlong b)
{
    return (vuint)_mm512_mask_shuffle_epi32((__m512i)a, 0xaaaa, (__m512i)b, _MM_PERM_CCAA);
}

LANES_INLINE vuint lanes_pair_high(vlong a, vlong b)
{
    return (vuint)_mm512_mask_shuffle_epi32((__m512i)b, 0x5555, (__m512i)a, _MM_PERM_DDBB);
}

LANES_INLINE void lanes_zip(vfloat a, vfloat b, vfloat out[2])
{
    out[0] = (vfloat)_mm512_unpacklo_ps((__m512)a, (__m512)b);
    out[1] = (vfloat)_mm512_unpackhi_ps((__m512)a, (__m512)b);
}

LANES_INLINE void lanes_store_bytes(const vint v[4], uint8_t *bytes)
{
    for (int i = 0; i < 4; i++)
        _mm_storeu_si128((__m128i *)(bytes + 16 * i), _mm512_cvtepi32_epi8((__m512i)v[i]));
}

#endif
#endif
