/* lanes.h for any x86-64: four lanes, and fma by way of double. */
#ifndef ENGINE_LANES_SSE2_H
#define ENGINE_LANES_SSE2_H

#include "lanes_vectors.h"

#ifdef LANES_SSE2
#include <float.h>
#include <immintrin.h>

#define LANES_BLOCKS ((vlong){0, 1})

/*
 * Two exact fmas without the instruction: a * b is exact in double; the sum with c is rounded to
 * odd there (Boldo, Melquiond: Emulation of FMA and correctly rounded sums, 2008), so that the
 * second rounding, to float, is the only one that counts.
 */
LANES_INLINE __m128 lanes_fma_odd(__m128 a, __m128 b, __m128 c)
{
    __m128d product = _mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b));
    __m128d addend = _mm_cvtps_pd(c);
    __m128d sum = _mm_add_pd(product, addend);
    __m128d back = _mm_sub_pd(sum, product);
    __m128d error =
        _mm_add_pd(_mm_sub_pd(product, _mm_sub_pd(sum, back)), _mm_sub_pd(addend, back));
    __m128d zero = _mm_setzero_pd();
    __m128i inexact = _mm_castpd_si128(_mm_cmpneq_pd(error, zero));
    __m128i nearer = /* all ones: the true sum lies nearer to zero */
        _mm_castpd_si128(_mm_xor_pd(_mm_cmplt_pd(sum, zero), _mm_cmplt_pd(error, zero)));
    __m128i bits = _mm_castpd_si128(sum);
    __m128i one = _mm_set1_epi64x(1);
    __m128i even = _mm_sub_epi64(_mm_and_si128(bits, one), one);
    __m128i outwards = _mm_or_si128(nearer, one); /* -1 or 1 */
    bits = _mm_add_epi64(bits, _mm_and_si128(_mm_and_si128(inexact, even), outwards));
    return _mm_cvtpd_ps(_mm_castsi128_pd(bits));
}

static __attribute__((noinline, cold)) __m128 lanes_fma_rare(__m128 a, __m128 b, __m128 c)
{
    __m128 high = lanes_fma_odd(_mm_movehl_ps(a, a), _mm_movehl_ps(b, b), _mm_movehl_ps(c, c));
    return _mm_movelh_ps(lanes_fma_odd(a, b, c), high);
}

LANES_INLINE __m128d lanes_fma_double(__m128 a, __m128 b, __m128 c)
{
    return _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b)), _mm_cvtps_pd(c));
}

/*
 * Four exact fmas. The sum of the exact product and c is rounded to double, then to float; the two
 * roundings differ from one only if the first one ended midway between two floats, of which 2^29
 * doubles hold one: the lower 29 bits are 1 and zeros. Those, and the results so small that their
 * midways look otherwise, take the longer way.
 */
LANES_INLINE vfloat lanes_fma(vfloat a, vfloat b, vfloat c)
{
    __m128 x = (__m128)a, y = (__m128)b, z = (__m128)c;
    __m128d low = lanes_fma_double(x, y, z);
    __m128d high = lanes_fma_double(_mm_movehl_ps(x, x), _mm_movehl_ps(y, y), _mm_movehl_ps(z, z));
    __m128 sum = _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
    __m128i ends = _mm_castps_si128(
        _mm_shuffle_ps(_mm_castpd_ps(low), _mm_castpd_ps(high), _MM_SHUFFLE(2, 0, 2, 0)));
    __m128i cut = _mm_and_si128(ends, _mm_set1_epi32(0x1fffffff));
    __m128 midway = _mm_castsi128_ps(_mm_cmpeq_epi32(cut, _mm_set1_epi32(0x10000000)));
    __m128 size = _mm_and_ps(sum, _mm_castsi128_ps(_mm_set1_epi32(0x7fffffff)));
    __m128 small = _mm_cmple_ps(size, _mm_set1_ps(FLT_MIN));
    if (__builtin_expect(_mm_movemask_ps(_mm_or_ps(midway, small)) != 0, 0))
        return (vfloat)lanes_fma_rare(x, y, z);
    return (vfloat)sum;
}

LANES_INLINE vfloat lanes_sqrt(vfloat a)
{
    return (vfloat)_mm_sqrt_ps((__m128)a);
}

LANES_INLINE vfloat lanes_clip(vfloat a, float low, float top)
{
    return (vfloat)_mm_min_ps(_mm_max_ps((__m128)a, _mm_set1_ps(low)), _mm_set1_ps(top));
}

LANES_INLINE vint lanes_floor(vfloat a)
{
    vint whole = __builtin_convertvector(a, vint);
    return whole + (__builtin_convertvector(whole, vfloat) > a);
}

LANES_INLINE vdouble lanes_widen(const float *x)
{
    return (vdouble)_mm_cvtps_pd(_mm_castsi128_ps(_mm_loadu_si64(x)));
}

LANES_INLINE vlong lanes_mul32(vlong a, vlong b)
{
    return (vlong)_mm_mul_epu32((__m128i)a, (__m128i)b);
}

LANES_INLINE vlong lanes_xor(vlong a, vlong b, vlong c)
{
    return a ^ b ^ c;
}

LANES_INLINE vuint lanes_pair(vlong a, vlong b)
{
    return (vuint)((a & 0xffffffff) | (b << 32));
}

LANES_INLINE vuint lanes_pair_high(vlong a, vlong b)
{
    return (vuint)((a >> 32) | (b & ~(uint64_t)0xffffffff));
}

LANES_INLINE void lanes_zip(vfloat a, vfloat b, vfloat out[2])
{
    out[0] = (vfloat)_mm_unpacklo_ps((__m128)a, (__m128)b);
    out[1] = (vfloat)_mm_unpackhi_ps((__m128)a, (__m128)b);
}

LANES_INLINE void lanes_store_bytes(const vint v[4], uint8_t *bytes)
{
    __m128i low = _mm_packs_epi32((__m128i)v[0], (__m128i)v[1]);
    __m128i high = _mm_packs_epi32((__m128i)v[2], (__m128i)v[3]);
    _mm_storeu_si128((__m128i *)bytes, _mm_packus_epi16(low, high));
}

#endif
#endif
