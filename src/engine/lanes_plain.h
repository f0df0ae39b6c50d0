/* lanes.h for any processor: four lanes, left to the compiler. */
#ifndef ENGINE_LANES_PLAIN_H
#define ENGINE_LANES_PLAIN_H

#include "lanes_vectors.h"

#ifdef LANES_PLAIN

#define LANES_BLOCKS ((vlong){0, 1})

/* fmaf is an instruction wherever there is one. */
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

LANES_INLINE vfloat lanes_clip(vfloat a, float low, float top)
{
    vfloat r = a;
    for (int i = 0; i < LANES; i++) {
        float held = a[i] > low ? a[i] : low;
        r[i] = held < top ? held : top;
    }
    return r;
}

LANES_INLINE vint lanes_floor(vfloat a)
{
    vint whole = __builtin_convertvector(a, vint);
    return whole + (__builtin_convertvector(whole, vfloat) > a);
}

LANES_INLINE vdouble lanes_widen(const float *x)
{
    return (vdouble){(double)x[0], (double)x[1]};
}

LANES_INLINE vlong lanes_mul32(vlong a, vlong b)
{
    return (a & 0xffffffff) * (b & 0xffffffff);
}

LANES_INLINE vlong lanes_xor(vlong a, vlong b, vlong c)
{
    return a ^ b ^ c;
}

/* By number, not by place in memory: the order of bytes does not matter. */
LANES_INLINE vuint lanes_pair(vlong a, vlong b)
{
    return (vuint){(uint32_t)a[0], (uint32_t)b[0], (uint32_t)a[1], (uint32_t)b[1]};
}

LANES_INLINE vuint lanes_pair_high(vlong a, vlong b)
{
    return lanes_pair(a >> 32, b >> 32);
}

LANES_INLINE void lanes_zip(vfloat a, vfloat b, vfloat out[2])
{
    out[0] = (vfloat){a[0], b[0], a[1], b[1]};
    out[1] = (vfloat){a[2], b[2], a[3], b[3]};
}

LANES_INLINE void lanes_store_bytes(const vint v[4], uint8_t *bytes)
{
    for (int i = 0; i < 4 * LANES; i++)
        bytes[i] = (uint8_t)v[i / LANES][i % LANES];
}

#endif
#endif
