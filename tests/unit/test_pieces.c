/* Pieces of deflate put together: read back by zlib, cancelled at each, and without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>
#include <zlib.h>

#include "codec/pieces.h"
#include "failing_malloc.h"
#include "impatient.h"

enum { ROOM = 3 * CODEC_PIECE + 4096 };

static uint8_t bytes[ROOM], packed[ROOM + 4096], unpacked[ROOM];
static struct libdeflate_compressor *compressor;

static int set_up(void **state)
{
    (void)state;
    compressor = libdeflate_alloc_compressor(1);
    return compressor == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    libdeflate_free_compressor(compressor);
    return 0;
}

enum kind { FLAT, NOISE, WORDS, BY_TURNS, KINDS };

/* Words are of few letters, so that there are matches; by turns: some kilobytes of each. */
static void make_bytes(enum kind kind, uint64_t seed)
{
    for (size_t i = 0; i < ROOM; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        enum kind now = kind == BY_TURNS ? (enum kind)(i / 5000 % 3) : kind;
        uint8_t noise = (uint8_t)(seed >> 56), letter = (uint8_t) "abcdeeee"[noise % 8];
        bytes[i] = now == FLAT ? 7 : now == NOISE ? noise : letter;
    }
}

static size_t compress_into(size_t size, size_t room)
{
    size_t written = 1;
    assert_int_equal(codec_pieces_compress(compressor, bytes, size, NULL, packed, room, &written),
                     DISSOLVE_OK);
    return written;
}

static void expect_same(size_t size, size_t written)
{
    uLongf got = ROOM;
    memset(unpacked, 0xee, size);
    assert_int_equal(uncompress(unpacked, &got, packed, written), Z_OK);
    assert_int_equal(got, size);
    assert_memory_equal(unpacked, bytes, size);
}

static void test_it_is_read_back(void **state)
{
    static const size_t sizes[] = {
        1, 1000, CODEC_PIECE, CODEC_PIECE + 1, ROOM, 2 * CODEC_PIECE, 2 * CODEC_PIECE - 1};
    (void)state;
    for (enum kind kind = FLAT; kind < KINDS; kind++) {
        make_bytes(kind, kind);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            size_t written = compress_into(sizes[i], sizeof packed);
            expect_same(sizes[i], written);
        }
    }
}

/* A piece ends anywhere in a byte: of so many that all of the places occur. */
static void test_pieces_of_any_length_in_bits(void **state)
{
    bool seen[8] = {false};
    (void)state;
    make_bytes(WORDS, 9);
    for (size_t i = 0; i < 64; i++) {
        bytes[1000 * i] ^= 0xff; /* which makes some bits more or less */
        expect_same(CODEC_PIECE + 100, compress_into(CODEC_PIECE + 100, sizeof packed));
        size_t first =
            libdeflate_deflate_compress(compressor, bytes, CODEC_PIECE, packed, sizeof packed);
        z_stream reader = {.next_in = packed, .avail_in = (uInt)first};
        assert_int_equal(inflateInit2(&reader, -15), Z_OK);
        reader.next_out = unpacked;
        reader.avail_out = ROOM;
        while (inflate(&reader, Z_BLOCK) == Z_OK && (reader.data_type & 64) == 0)
            continue;
        seen[reader.data_type & 7] = true;
        inflateEnd(&reader);
    }
    for (size_t i = 0; i < 8; i++)
        assert_true(seen[i]);
}

static void test_one_piece_is_as_libdeflate_has_it(void **state)
{
    enum { SIZE = 100000 };
    static uint8_t expected[SIZE];
    (void)state;
    make_bytes(BY_TURNS, 5);
    for (int level = 8; level <= 12; level++) {
        struct libdeflate_compressor *best = libdeflate_alloc_compressor(level);
        size_t written, size = libdeflate_zlib_compress(best, bytes, SIZE, expected, SIZE);
        assert_int_equal(
            codec_pieces_compress(best, bytes, SIZE, NULL, packed, sizeof packed, &written),
            DISSOLVE_OK);
        assert_int_equal(written, size);
        assert_memory_equal(packed, expected, size);
        libdeflate_free_compressor(best);
    }
}

/* What is lost are a few matches at the joints, and the joints. */
static void test_pieces_take_hardly_more(void **state)
{
    (void)state;
    for (enum kind kind = FLAT; kind < KINDS; kind++) {
        make_bytes(kind, 77);
        size_t whole = libdeflate_zlib_compress(compressor, bytes, ROOM, packed, sizeof packed);
        size_t written = compress_into(ROOM, sizeof packed);
        assert_true(whole > 0 && written < whole + whole / 200 + 3 * 200);
    }
}

static void test_room(void **state)
{
    enum { SIZE = 2 * CODEC_PIECE + 5 }; /* so little is stored, which needs no room to work in */
    (void)state;
    make_bytes(BY_TURNS, 3);
    size_t needed = compress_into(SIZE, sizeof packed);
    assert_int_equal(compress_into(SIZE, needed), needed);
    expect_same(SIZE, needed);
    static const size_t parts[] = {0, 1, 5, 6, 7, 100};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        packed[parts[i]] = 0x55;
        assert_int_equal(compress_into(SIZE, parts[i]), 0);
        assert_int_equal(packed[parts[i]], 0x55);
    }
    for (size_t less = 1; less < needed; less += less < 20 ? 1 : needed / 9) {
        packed[needed - less] = 0x55;
        assert_int_equal(compress_into(SIZE, needed - less), 0);
        assert_int_equal(packed[needed - less], 0x55);
    }
}

static void test_cancelled(void **state)
{
    enum { PIECES = 3 };
    (void)state;
    make_bytes(WORDS, 3);
    for (size_t most = 0; most <= PIECES; most++) {
        struct impatient who = {.most = most};
        struct codec_cancel cancel = cancel_by(&who);
        size_t written;
        enum dissolve_status status = codec_pieces_compress(
            compressor, bytes, PIECES * CODEC_PIECE, &cancel, packed, sizeof packed, &written);
        assert_int_equal(status, most < PIECES ? DISSOLVE_CANCELLED : DISSOLVE_OK);
        assert_int_equal(who.asked, most < PIECES ? most + 1 : PIECES);
        assert_int_equal(written > 0, most == PIECES);
    }
}

static void test_no_memory(void **state)
{
    bool failed = true;
    (void)state;
    make_bytes(WORDS, 3);
    for (long n = 0; failed; n++) {
        size_t written;
        fail_allocation(n);
        enum dissolve_status status = codec_pieces_compress(compressor, bytes, 2 * CODEC_PIECE,
                                                            NULL, packed, sizeof packed, &written);
        failed = allocation_failed();
        assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
        assert_int_equal(written > 0, !failed);
        assert_true(failed || n > 0);
    }
    expect_same(2 * CODEC_PIECE, compress_into(2 * CODEC_PIECE, sizeof packed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_read_back),
        cmocka_unit_test(test_pieces_of_any_length_in_bits),
        cmocka_unit_test(test_one_piece_is_as_libdeflate_has_it),
        cmocka_unit_test(test_pieces_take_hardly_more),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
