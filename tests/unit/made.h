/* Reproducible float32 data, made the same way by tests/reference/made.py. */
#ifndef MADE_H
#define MADE_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* n bell-shaped values, about 1.2 * 2^(exponent + 15) wide, around shift; to be freed. */
static inline float *made(uint64_t seed, size_t n, int exponent, float shift)
{
    float *x = malloc(n * sizeof *x);

    if (!x)
        abort();
    for (size_t i = 0; i < n; i++) {
        uint64_t z = seed + (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
        int32_t parts;

        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        z ^= z >> 31;
        parts = (int32_t)((z & 0xFFFF) + (z >> 16 & 0xFFFF) + (z >> 32 & 0xFFFF) + (z >> 48));
        x[i] = (float)(parts - 131070) * ldexpf(1.0f, exponent) + shift;
    }
    return x;
}

#endif
