/* The codes of bytes one behind the other: every variant writes the bits that one at a time give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/literals.h"

enum { MOST = 1000, ROOM = MOST * CODEC_LITERALS_LONGEST / 8 + 16 };

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Any bits of any length: that they make no code matters to nobody here. */
static void make_codes(uint32_t *seed, uint32_t least, uint32_t most, uint16_t codes[256],
                       uint8_t lengths[256])
{
    for (int v = 0; v < 256; v++) {
        lengths[v] = (uint8_t)(least + next(seed) % (most - least + 1));
        codes[v] = (uint16_t)(next(seed) & ((1u << lengths[v]) - 1));
    }
}

/* One bit at a time; returns how many there are then. */
static size_t put(uint8_t *out, size_t at, unsigned code, unsigned length)
{
    for (unsigned i = 0; i < length; i++, at++)
        out[at / 8] = (uint8_t)(out[at / 8] | (code >> i & 1) << at % 8);
    return at;
}

/* The memory ends where a writer has to end: 8 bytes behind what it adds. */
static void check(const struct codec_literals_variant *variant,
                  const struct codec_literals *literals, const uint8_t *bytes, size_t size,
                  unsigned held)
{
    uint8_t expected[ROOM] = {0};
    size_t bits = put(expected, 0, 0x55, held);
    for (size_t i = 0; i < size; i++)
        bits = put(expected, bits, (unsigned)literals->codes[bytes[i]],
                   (unsigned)literals->lengths[bytes[i]]);
    uint8_t *out = malloc(bits / 8 + 8);
    uint8_t *in = malloc(size + 1); /* nothing behind the bytes is read */
    assert_true(out && in);
    memcpy(in + 1, bytes, size);
    struct codec_bits writer = {.at = out, .held = 0x55u & ((1u << held) - 1), .count = held};
    variant->write(literals, in + 1, size, &writer);
    assert_int_equal((size_t)(writer.at - out) * 8 + writer.count, bits);
    assert_true(writer.count < 8);
    assert_memory_equal(out, expected, bits / 8);
    assert_int_equal(writer.held, expected[bits / 8]);
    free(out);
    free(in);
}

static void variants_write_the_same_bits(void **state)
{
    (void)state;
    uint32_t seed = 1;
    uint8_t bytes[MOST];
    uint16_t codes[256];
    uint8_t lengths[256];
    for (size_t i = 0; i < MOST; i++)
        bytes[i] = (uint8_t)next(&seed);
    for (size_t round = 0; round < 600; round++) {
        struct codec_literals literals;
        uint32_t least = 1 + next(&seed) % CODEC_LITERALS_LONGEST;
        make_codes(&seed, least, CODEC_LITERALS_LONGEST, codes, lengths);
        codec_literals_make(codes, lengths, &literals);
        size_t size = round < 300 ? round : next(&seed) % MOST;
        for (size_t i = 0; i < codec_literals_variant_count; i++) {
            const struct codec_literals_variant *variant = &codec_literals_variants[i];
            if (variant->runs_here())
                check(variant, &literals, bytes, size, round % 8);
        }
    }
}

static void the_last_variant_runs_everywhere(void **state)
{
    (void)state;
    assert_true(codec_literals_variants[codec_literals_variant_count - 1].runs_here());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_write_the_same_bits),
        cmocka_unit_test(the_last_variant_runs_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
