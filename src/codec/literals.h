/*
 * The codes of single bytes, one behind the other: by what the processor does best, and always the
 * same bits.
 */
#ifndef CODEC_LITERALS_H
#define CODEC_LITERALS_H

#include "bits.h"

#include <stdbool.h>
#include <stddef.h>

/* The longest code: five of them fit beside the rest of a byte into 64 bits. */
#define CODEC_LITERALS_LONGEST 11

/* The code of each byte, in the order in which deflate sends it, made by codec_literals_make. */
struct codec_literals {
    uint64_t codes[256]; /* as wide as the words they are put into, so that none is taken apart */
    uint64_t lengths[256];
    uint8_t low[256];  /* the same in halves, for vectors: of the code 8 bits, */
    uint8_t high[256]; /* and its others; above them, from bit 4 on, the length */
};

/* lengths: 0 (for bytes that do not occur) to CODEC_LITERALS_LONGEST. Pure. */
void codec_literals_make(const uint16_t codes[256], const uint8_t lengths[256],
                         struct codec_literals *literals);

/* Adds the codes of bytes[0..size), which all have one. */
void codec_literals_write(const struct codec_literals *literals, const uint8_t *bytes, size_t size,
                          struct codec_bits *out);

/* A way of writing; runs_here: whether this processor can. */
struct codec_literals_variant {
    const char *name;
    bool (*runs_here)(void);
    void (*write)(const struct codec_literals *literals, const uint8_t *bytes, size_t size,
                  struct codec_bits *out);
};

/* All of this build, the best first; the last one, which is portable, runs everywhere. */
extern const struct codec_literals_variant codec_literals_variants[];
extern const size_t codec_literals_variant_count;

/*
 * The variants themselves. AVX-512 takes two thirds of the time that C alone takes; C alone,
 * compiled with BMI2, takes a fifteenth less with gcc and more with clang, and is not among them.
 */
void codec_literals_write_portable(const struct codec_literals *literals, const uint8_t *bytes,
                                   size_t size, struct codec_bits *out);
void codec_literals_write_avx512(const struct codec_literals *literals, const uint8_t *bytes,
                                 size_t size, struct codec_bits *out);

#endif
