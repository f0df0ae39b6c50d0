/* A few lanes of arithmetic that gives the same bits on every instruction set. */
#ifndef ENGINE_LANES_H
#define ENGINE_LANES_H

/*
 * Most of it is the operators of the vector types. What needs an instruction by name, or another
 * order of lanes, stands in one file per instruction set:
 *
 *     LANES_BLOCKS          which block, counted from the vector's first, is in which 64-bit lane
 *     lanes_fma, lanes_sqrt
 *     lanes_clip(a, low, top)  min(max(a, low), top); low where a is NaN
 *     lanes_floor           rounded down to integers, of values within their range
 *     lanes_widen(x)        the first floats of x as doubles, half as many as there are lanes
 *     lanes_mul32(a, b)     the products of the low halves of each 64-bit lane
 *     lanes_xor(a, b, c)    a ^ b ^ c
 *     lanes_pair(a, b)      the low halves of each 64-bit lane, a's in the even places
 *     lanes_pair_high(a, b) the high halves likewise
 *     lanes_zip(a, b, out)  from pairs to blocks: a holds two elements of each block, b the element
 *                           after each of them; out[0], out[1] the elements in order
 *     lanes_store_bytes     stores four vectors of integers 0..255 as bytes, in order
 *
 * Only IEEE + - * sqrt, explicit fma, and integers: each has one right answer, so each instruction
 * set gives it.
 */

#include "lanes_avx2.h"
#include "lanes_avx512.h"
#include "lanes_neon.h"
#include "lanes_plain.h"
#include "lanes_sse2.h"
#include "lanes_vectors.h"

#endif
