/* A few lanes of arithmetic that gives the same bits on every instruction set. */
#ifndef ENGINE_LANES_H
#define ENGINE_LANES_H

/*
 * Written with the vector types that gcc and clang share, eight lanes where registers hold them
 * and four elsewhere. The operations that need an instruction by name, or another order of lanes,
 * stand in the first part, once per instruction set. Only IEEE + - * sqrt, explicit fma, and
 * integers: each has one right answer, so each instruction set gives it.
 */

#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#if defined(__AVX2__) && defined(__FMA__)
#define LANES 8
#else
#define LANES 4
#endif

typedef float vfloat __attribute__((vector_size(4 * LANES)));
typedef int32_t vint __attribute__((vector_size(4 * LANES)));
typedef uint32_t vuint __attribute__((vector_size(4 * LANES)));
typedef uint64_t vlong __attribute__((vector_size(4 * LANES))); /* half as many, twice as wide */

#define LANES_INLINE static inline __attribute__((always_inline))

#if LANES == 8

/*
 * The order of a step's LANES Philox blocks: which block is in which 64-bit lane of the even
 * vector (the odd one holds those LANES_ODD further), chosen so that lanes_weave and
 * lanes_transpose, neither of which leaves its half of a register, put the normals in order.
 */
#define LANES_EVEN ((vlong){0, 4, 1, 5})
#define LANES_ODD  2

LANES_INLINE vfloat lanes_fma(vfloat a, vfloat b, vfloat c)
{
    return (vfloat)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

LANES_INLINE vfloat lanes_sqrt(vfloat a)
{
    return (vfloat)_mm256_sqrt_ps((__m256)a);
}

/* The products of the low halves of each 64-bit lane. */
LANES_INLINE vlong lanes_mul32(vlong a, vlong b)
{
    return (vlong)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}

/* Interleaves the low halves of two vectors: even[0], odd[0], even[1], odd[1]... */
LANES_INLINE vuint lanes_weave(vlong even, vlong odd)
{
    return (vuint)_mm256_blend_epi32((__m256i)even, (__m256i)(odd << 32), 0xaa);
}

/* From element j of every block in n[j] to the elements in order. */
LANES_INLINE void lanes_transpose(vfloat n[4])
{
    vfloat a = __builtin_shufflevector(n[0], n[1], 0, 8, 1, 9, 4, 12, 5, 13);
    vfloat b = __builtin_shufflevector(n[2], n[3], 0, 8, 1, 9, 4, 12, 5, 13);
    vfloat c = __builtin_shufflevector(n[0], n[1], 2, 10, 3, 11, 6, 14, 7, 15);
    vfloat d = __builtin_shufflevector(n[2], n[3], 2, 10, 3, 11, 6, 14, 7, 15);
    n[0] = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
    n[1] = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
    n[2] = __builtin_shufflevector(c, d, 0, 1, 8, 9, 4, 5, 12, 13);
    n[3] = __builtin_shufflevector(c, d, 2, 3, 10, 11, 6, 7, 14, 15);
}

/* max(a, 0), then min(a, 1). */
LANES_INLINE vfloat lanes_clip01(vfloat a)
{
    return (vfloat)_mm256_min_ps(_mm256_max_ps((__m256)a, _mm256_setzero_ps()), _mm256_set1_ps(1));
}

/* Stores four vectors of integers 0..255 as bytes, in order. */
LANES_INLINE void lanes_store_bytes(const vint v[4], uint8_t *bytes)
{
    __m256i low = _mm256_packs_epi32((__m256i)v[0], (__m256i)v[1]);
    __m256i high = _mm256_packs_epi32((__m256i)v[2], (__m256i)v[3]);
    __m256i packed = _mm256_packus_epi16(low, high);
    __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256((__m256i *)bytes, _mm256_permutevar8x32_epi32(packed, order));
}

#else

#define LANES_EVEN ((vlong){0, 2})
#define LANES_ODD  1

LANES_INLINE void lanes_transpose(vfloat n[4])
{
    vfloat a = __builtin_shufflevector(n[0], n[1], 0, 4, 1, 5);
    vfloat b = __builtin_shufflevector(n[2], n[3], 0, 4, 1, 5);
    vfloat c = __builtin_shufflevector(n[0], n[1], 2, 6, 3, 7);
    vfloat d = __builtin_shufflevector(n[2], n[3], 2, 6, 3, 7);
    n[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    n[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    n[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    n[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

#ifdef __SSE2__

/*
 * Two exact fmas without the instruction: a * b is exact in double; the sum with c is rounded to
 * odd there (Boldo, Melquiond: Emulation of FMA and correctly rounded sums, 2008), so that the
 * second rounding, to float, is the only one that counts.
 */
LANES_INLINE __m128 lanes_fma_low(__m128 a, __m128 b, __m128 c)
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

LANES_INLINE vfloat lanes_fma(vfloat a, vfloat b, vfloat c)
{
    __m128 x = (__m128)a, y = (__m128)b, z = (__m128)c;
    __m128 high = lanes_fma_low(_mm_movehl_ps(x, x), _mm_movehl_ps(y, y), _mm_movehl_ps(z, z));
    return (vfloat)_mm_movelh_ps(lanes_fma_low(x, y, z), high);
}

LANES_INLINE vfloat lanes_sqrt(vfloat a)
{
    return (vfloat)_mm_sqrt_ps((__m128)a);
}

LANES_INLINE vlong lanes_mul32(vlong a, vlong b)
{
    return (vlong)_mm_mul_epu32((__m128i)a, (__m128i)b);
}

LANES_INLINE vuint lanes_weave(vlong even, vlong odd)
{
    __m128i low_halves = _mm_set_epi32(0, -1, 0, -1);
    return (vuint)_mm_or_si128(_mm_and_si128((__m128i)even, low_halves), (__m128i)(odd << 32));
}

LANES_INLINE vfloat lanes_clip01(vfloat a)
{
    return (vfloat)_mm_min_ps(_mm_max_ps((__m128)a, _mm_setzero_ps()), _mm_set1_ps(1));
}

LANES_INLINE void lanes_store_bytes(const vint v[4], uint8_t *bytes)
{
    __m128i low = _mm_packs_epi32((__m128i)v[0], (__m128i)v[1]);
    __m128i high = _mm_packs_epi32((__m128i)v[2], (__m128i)v[3]);
    _mm_storeu_si128((__m128i *)bytes, _mm_packus_epi16(low, high));
}

#else

/* Left to the compiler: fmaf is an instruction wherever there is one. */
LANES_INLINE vfloat lanes_fma(vfloat a, vfloat b, vfloat c)
{
    vfloat r = a;
    for (int i = 0; i < LANES; i++)
        r[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return r;
}

LANES_INLINE vfloat lanes_sqrt(vfloat a)
{
    vfloat r = a;
    for (int i = 0; i < LANES; i++)
        r[i] = __builtin_sqrtf(a[i]);
    return r;
}

LANES_INLINE vlong lanes_mul32(vlong a, vlong b)
{
    return (a & 0xffffffff) * (b & 0xffffffff);
}

LANES_INLINE vuint lanes_weave(vlong even, vlong odd)
{
    vuint r = {0};
    for (int i = 0; i < LANES / 2; i++) {
        r[2 * i] = (uint32_t)even[i];
        r[2 * i + 1] = (uint32_t)odd[i];
    }
    return r;
}

LANES_INLINE vfloat lanes_clip01(vfloat a)
{
    vfloat r = a;
    for (int i = 0; i < LANES; i++) {
        float positive = a[i] > 0 ? a[i] : 0;
        r[i] = positive < 1 ? positive : 1;
    }
    return r;
}

LANES_INLINE void lanes_store_bytes(const vint v[4], uint8_t *bytes)
{
    for (int i = 0; i < 4 * LANES; i++)
        bytes[i] = (uint8_t)v[i / LANES][i % LANES];
}

#endif
#endif

/* The same value in every lane. */
LANES_INLINE vfloat lanes_all(float value)
{
    return (vfloat){0} + value;
}

LANES_INLINE vlong lanes_all64(uint64_t value)
{
    return (vlong){0} + value;
}

LANES_INLINE vfloat lanes_load(const float *from)
{
    vfloat v;
    memcpy(&v, from, sizeof v);
    return v;
}

LANES_INLINE void lanes_store(float *to, vfloat v)
{
    memcpy(to, &v, sizeof v);
}

#endif
