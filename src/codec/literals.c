/* Packs the codes of bytes by nothing but C, and knows who does it faster. */
#include "literals.h"

void codec_literals_make(const uint16_t codes[256], const uint8_t lengths[256],
                         struct codec_literals *literals)
{
    for (int v = 0; v < 256; v++) {
        literals->codes[v] = codes[v];
        literals->lengths[v] = lengths[v];
        literals->low[v] = (uint8_t)codes[v];
        literals->high[v] = (uint8_t)(codes[v] >> 8 | lengths[v] << 4);
    }
}

/* Where the codes before them end has to be waited for: five are put together beforehand. */
static inline void add_five(struct codec_bits *bits, const struct codec_literals *literals,
                            const uint8_t *bytes)
{
    const uint64_t *codes = literals->codes, *lengths = literals->lengths;
    uint64_t left = codes[bytes[0]] | codes[bytes[1]] << lengths[bytes[0]];
    uint64_t right = codes[bytes[2]] | codes[bytes[3]] << lengths[bytes[2]];
    uint64_t length = lengths[bytes[0]] + lengths[bytes[1]];
    left |= right << length;
    length += lengths[bytes[2]] + lengths[bytes[3]];
    left |= codes[bytes[4]] << length;
    codec_bits_add(bits, left, (unsigned)(length + lengths[bytes[4]]));
}

void codec_literals_write_portable(const struct codec_literals *literals, const uint8_t *bytes,
                                   size_t size, struct codec_bits *out)
{
    struct codec_bits bits = *out; /* in registers: what is written might be its own bytes */
    size_t i = 0;
    for (; i + 5 <= size; i += 5) {
        add_five(&bits, literals, bytes + i);
        codec_bits_flush(&bits);
    }
    for (; i < size; i++) {
        codec_bits_add(&bits, literals->codes[bytes[i]], (unsigned)literals->lengths[bytes[i]]);
        codec_bits_flush(&bits);
    }
    *out = bits;
}

static bool always(void)
{
    return true;
}

#ifdef __x86_64__
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("bmi2");
}
#endif

const struct codec_literals_variant codec_literals_variants[] = {
#ifdef __x86_64__
    {"avx512", has_avx512, codec_literals_write_avx512},
#endif
    {"portable", always, codec_literals_write_portable},
};

const size_t codec_literals_variant_count =
    sizeof codec_literals_variants / sizeof *codec_literals_variants;

void codec_literals_write(const struct codec_literals *literals, const uint8_t *bytes, size_t size,
                          struct codec_bits *out)
{
    const struct codec_literals_variant *variant = codec_literals_variants;
    while (!variant->runs_here())
        variant++;
    variant->write(literals, bytes, size, out);
}
