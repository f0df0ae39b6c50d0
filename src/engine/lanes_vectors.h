/* Vectors of a few lanes, as many as the instruction set's registers hold. */
#ifndef ENGINE_LANES_VECTORS_H
#define ENGINE_LANES_VECTORS_H

/* Written with the vector types that gcc and clang share; see lanes.h for what is done with them.
 */

#include <stdint.h>
#include <string.h>

/*
 * Which of the files lanes_*.h speaks. On x86-64 what the compiler may use decides; the kernel for
 * NEON asks for it, so that a plain one can stand beside it.
 */
#if defined(__AVX512F__)
#define LANES_AVX512
#define LANES 16
#elif defined(__AVX2__) && defined(__FMA__)
#define LANES_AVX2
#define LANES 8
#else
#define LANES 4
#if defined(__SSE2__)
#define LANES_SSE2
#elif !defined(LANES_NEON)
#define LANES_PLAIN
#endif
#endif

typedef float vfloat __attribute__((vector_size(4 * LANES)));
typedef int32_t vint __attribute__((vector_size(4 * LANES)));
typedef uint32_t vuint __attribute__((vector_size(4 * LANES)));
typedef uint64_t vlong __attribute__((vector_size(4 * LANES))); /* half as many, twice as wide */
typedef double vdouble __attribute__((vector_size(4 * LANES))); /* likewise */

#define LANES_INLINE static inline __attribute__((always_inline))

/* The same value in every lane. */
LANES_INLINE vfloat lanes_all(float value)
{
    return (vfloat){0} + value;
}

LANES_INLINE vlong lanes_all64(uint64_t value)
{
    return (vlong){0} + value;
}

/* The same value in both halves of every lane. */
LANES_INLINE vlong lanes_all32(uint32_t value)
{
    return (vlong)((vuint){0} + value);
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
