/* Packs the codes of bytes with AVX-512 (VBMI): 64 are looked up and put together by fours. */
#include "literals.h"

#include <immintrin.h>

#define VECTOR 64

/* A table of 256 bytes. */
struct lookup {
    __m512i parts[4];
};

static inline struct lookup load(const uint8_t bytes[256])
{
    struct lookup lookup;
    for (int i = 0; i < 4; i++)
        lookup.parts[i] = _mm512_loadu_si512(bytes + i * VECTOR);
    return lookup;
}

static inline __m512i look_up(const struct lookup *in, __m512i bytes)
{
    __m512i lower = _mm512_permutex2var_epi8(in->parts[0], bytes, in->parts[1]);
    __m512i upper = _mm512_permutex2var_epi8(in->parts[2], bytes, in->parts[3]);
    return _mm512_mask_mov_epi8(lower, _mm512_movepi8_mask(bytes), upper);
}

/* Four codes behind each other in each place, and how many bits that are. */
struct fours {
    uint64_t codes[VECTOR / 8];
    uint64_t lengths[VECTOR / 8];
};

/* words: in each 16 bits a code and above it, from bit 12 on, its length. */
static inline void join(__m512i words, struct fours *fours)
{
    __m512i code = _mm512_set1_epi32(0xfff), length = _mm512_set1_epi32(15);
    __m512i first = _mm512_and_si512(_mm512_srli_epi32(words, 12), length);
    __m512i second = _mm512_and_si512(_mm512_srli_epi32(words, 16), code);
    __m512i pairs =
        _mm512_or_si512(_mm512_and_si512(words, code), _mm512_sllv_epi32(second, first));
    __m512i lengths = _mm512_add_epi32(first, _mm512_srli_epi32(words, 28));
    __m512i low = _mm512_set1_epi64(0xffffffff);
    first = _mm512_and_si512(lengths, low);
    second = _mm512_srli_epi64(pairs, 32);
    __m512i codes = _mm512_or_si512(_mm512_and_si512(pairs, low), _mm512_sllv_epi64(second, first));
    _mm512_storeu_si512(fours->codes, codes);
    _mm512_storeu_si512(fours->lengths, _mm512_add_epi64(first, _mm512_srli_epi64(lengths, 32)));
}

/* The two fours of a lane of 128 bits. */
static inline void add_lane(struct codec_bits *bits, const struct fours *fours, int lane)
{
    for (int i = 2 * lane; i < 2 * lane + 2; i++) {
        codec_bits_add(bits, fours->codes[i], (unsigned)fours->lengths[i]);
        codec_bits_flush(bits);
    }
}

void codec_literals_write_avx512(const struct codec_literals *literals, const uint8_t *bytes,
                                 size_t size, struct codec_bits *out)
{
    struct codec_bits bits = *out; /* in registers: nobody gets its address */
    const struct lookup low = load(literals->low), high = load(literals->high);
    size_t i = 0;
    for (; i + VECTOR <= size; i += VECTOR) {
        struct fours left, right; /* of each 16 bytes the first 8, and the others */
        __m512i in = _mm512_loadu_si512(bytes + i);
        __m512i lows = look_up(&low, in), highs = look_up(&high, in);
        join(_mm512_unpacklo_epi8(lows, highs), &left);
        join(_mm512_unpackhi_epi8(lows, highs), &right);
        for (int lane = 0; lane < VECTOR / 16; lane++) {
            add_lane(&bits, &left, lane);
            add_lane(&bits, &right, lane);
        }
    }
    *out = bits;
    codec_literals_write_portable(literals, bytes + i, size - i, out);
}
