/* The noise contract, version 1: every normal is a pure function of (seed, stream, t, element). */
#ifndef DISSOLVE_NOISE_H
#define DISSOLVE_NOISE_H

#include <dissolve/status.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

#define DISSOLVE_NOISE_VERSION 1

/* What a random number is for; part of the counter, so that no two purposes share a number. */
enum dissolve_stream {
    DISSOLVE_STREAM_CHAIN = 0,     /* the noise of step t of the chain sampler */
    DISSOLVE_STREAM_JUMP = 1,      /* the noise of a jump to t */
    DISSOLVE_STREAM_TREE = 2,      /* the noise of node t of the tree sampler */
    DISSOLVE_STREAM_MIXTURE = 3,   /* the normals of a mixture's samples, t = 0 */
    DISSOLVE_STREAM_COMPONENT = 4, /* the choice of a mixture's component, t = 0 */
};

/*
 * Philox4x32-10 (Salmon et al.: Parallel Random Numbers: As Easy as 1, 2, 3, 2011).
 * Pure; any thread.
 */
void dissolve_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/*
 * Writes the four words of each of `blocks` Philox blocks, starting with block `first`, of the
 * given seed, stream and t: key = (seed mod 2^32, seed >> 32), counter = (block mod 2^32,
 * block >> 32, t, stream). `words` has room for 4 * blocks. Pure; any thread.
 */
void dissolve_words(uint64_t seed, enum dissolve_stream stream, uint32_t t, uint64_t first,
                    size_t blocks, uint32_t *words);

/*
 * Writes the standard normals of elements first .. first + count - 1. Element i takes its pair of
 * words from block i / 4; u = ((w0 >> 8) + 1) 2^-24, r = sqrt(-2 ln u), theta = 2 pi w1 / 2^32 give
 * r cos theta and r sin theta (Box, Muller: A Note on the Generation of Random Normal Deviates,
 * 1958), words 2 and 3 the next two. Each value is within 2e-6 of that formula, and its bits are
 * the same on every machine, thread count and instruction set. Pure; any thread.
 *
 * The tails end: u has 24 bits and is at least 2^-24, so that r and |n| are at most sqrt(48 ln 2) =
 * 5.768 (and the 2e-6). A real normal is beyond that once in 1.2e8 draws.
 */
void dissolve_normals(uint64_t seed, enum dissolve_stream stream, uint32_t t, uint64_t first,
                      size_t count, float *normals);

/*
 * The instruction set of the kernel in use, "baseline", "avx2", "avx512", "neon": the best that the
 * processor runs, or the one that the environment variable DISSOLVE_ISA names. It changes the speed
 * and not one bit of any result. DISSOLVE_INVALID: DISSOLVE_ISA names none that this build and this
 * processor have; the best one is used then, and *name says which. Read once, at the first use of
 * the library; any thread.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_isa(const char **name);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
