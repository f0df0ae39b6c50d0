/*
 * Bits on their way out, the first in the lowest place, as deflate has them. Every function may
 * write up to 8 bytes beyond what it adds.
 */
#ifndef CODEC_BITS_H
#define CODEC_BITS_H

#include <stdint.h>
#include <string.h>

struct codec_bits {
    uint8_t *at;
    uint64_t held;
    unsigned count; /* of the bits held that are not in memory: 0..7 between calls */
};

/* Adds to what is held, and no more: count and what was held before fit into 64 bits. */
static inline void codec_bits_add(struct codec_bits *bits, uint64_t value, unsigned count)
{
    bits->held |= value << bits->count;
    bits->count += count;
}

/* Stores eight bytes and keeps those that are not full; at most 63 bits are held. */
static inline void codec_bits_flush(struct codec_bits *bits)
{
    uint64_t little = __builtin_bswap64(bits->held);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    little = bits->held;
#endif
    memcpy(bits->at, &little, sizeof little);
    bits->at += bits->count >> 3;
    bits->held >>= bits->count & 56;
    bits->count &= 7;
}

/* Fills the last byte with zeros. */
static inline void codec_bits_align(struct codec_bits *bits)
{
    bits->count += 7;
    codec_bits_flush(bits);
    bits->held = 0;
    bits->count = 0;
}

#endif
