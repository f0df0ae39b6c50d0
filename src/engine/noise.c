/* The noise contract's public face: Philox words and normals of any range of elements. */
#include "kernel.h"

#include <string.h>

void dissolve_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)PHILOX_M0 * c0;
        uint64_t p1 = (uint64_t)PHILOX_M1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

void dissolve_words(uint64_t seed, enum dissolve_stream stream, uint32_t t, uint64_t first,
                    size_t blocks, uint32_t *words)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (size_t i = 0; i < blocks; i++) {
        uint64_t block = first + i;
        const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), t, stream};
        dissolve_philox(counter, key, words + 4 * i);
    }
}

/* The kernel makes whole groups; what sticks out at either end is cut off in a scratch buffer. */
void dissolve_normals(uint64_t seed, enum dissolve_stream stream, uint32_t t, uint64_t first,
                      size_t count, float *normals)
{
    enum { GROUPS = 16, ROOM = GROUPS * KERNEL_GROUP };
    _Alignas(64) float scratch[ROOM];
    while (count > 0) {
        size_t lead = first % KERNEL_GROUP;
        struct kernel_noise noise = {.seed = seed, .block = (first - lead) / 4, .stream = stream};
        size_t take = count < ROOM - lead ? count : ROOM - lead;
        size_t groups = (lead + take + KERNEL_GROUP - 1) / KERNEL_GROUP;
        kernel_active()->normals(scratch, groups, &noise, t);
        memcpy(normals, scratch + lead, take * sizeof *normals);
        normals += take;
        first += take;
        count -= take;
    }
}
