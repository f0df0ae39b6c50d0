/* lanes.h for NEON on aarch64, which has fma: four lanes. */
#ifndef ENGINE_LANES_NEON_H
#define ENGINE_LANES_NEON_H

#include "lanes_vectors.h"

#ifdef LANES_NEON
#include <arm_neon.h>

#define LANES_BLOCKS ((vlong){0, 1})

LANES_INLINE vfloat lanes_fma(vfloat a, vfloat b, vfloat c)
{
    return (vfloat)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}

LANES_INLINE vfloat lanes_sqrt(vfloat a)
{
    return (vfloat)vsqrtq_f32((float32x4_t)a);
}

LANES_INLINE vfloat lanes_clip(vfloat a, float low, float top)
{
    return (vfloat)vminq_f32(vmaxnmq_f32((float32x4_t)a, vdupq_n_f32(low)), vdupq_n_f32(top));
}

LANES_INLINE vint lanes_floor(vfloat a)
{
    return (vint)vcvtmq_s32_f32((float32x4_t)a);
}

LANES_INLINE vdouble lanes_widen(const float *x)
{
    return (vdouble)vcvt_f64_f32(vld1_f32(x));
}

LANES_INLINE vlong lanes_mul32(vlong a, vlong b)
{
    return (vlong)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
}

LANES_INLINE vlong lanes_xor(vlong a, vlong b, vlong c)
{
    return a ^ b ^ c;
}

LANES_INLINE vuint lanes_pair(vlong a, vlong b)
{
    return (vuint)vtrn1q_u32((uint32x4_t)a, (uint32x4_t)b);
}

LANES_INLINE vuint lanes_pair_high(vlong a, vlong b)
{
    return (vuint)vtrn2q_u32((uint32x4_t)a, (uint32x4_t)b);
}

LANES_INLINE void lanes_zip(vfloat a, vfloat b, vfloat out[2])
{
    out[0] = (vfloat)vzip1q_f32((float32x4_t)a, (float32x4_t)b);
    out[1] = (vfloat)vzip2q_f32((float32x4_t)a, (float32x4_t)b);
}

LANES_INLINE void lanes_store_bytes(const vint v[4], uint8_t *bytes)
{
    int16x8_t low = vcombine_s16(vmovn_s32((int32x4_t)v[0]), vmovn_s32((int32x4_t)v[1]));
    int16x8_t high = vcombine_s16(vmovn_s32((int32x4_t)v[2]), vmovn_s32((int32x4_t)v[3]));
    vst1q_u8(bytes, vcombine_u8(vqmovun_s16(low), vqmovun_s16(high)));
}

#endif
#endif
