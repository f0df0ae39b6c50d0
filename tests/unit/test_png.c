/* PNG in and out: every kind of PNG against Pillow's pixels, broken files, and what Pillow reads.
 */
#include "failing_malloc.h"
#include "impatient.h"
#include "png_files.h"

static void make_grey(struct file *file, size_t count, size_t extra)
{
    begin_file(file, 6, 4, 8, 0, 0);
    add_zeros(file, count, extra);
    add_chunk(file, "IEND", NULL, 0);
}

static void test_every_kind_is_as_pillow_has_it(void **state)
{
    (void)state;
    static uint8_t bytes[ROOM];
    assert_int_equal(COUNT(png_cases), 2 * 15 + 12);
    for (size_t i = 0; i < COUNT(png_cases); i++) {
        struct codec_image image;
        char detail[CODEC_DETAIL];
        size_t size = from_hex(png_cases[i].file, bytes);
        if (codec_png_decode(bytes, size, 35, NULL, &image, detail))
            fail_msg("%s: %s", png_cases[i].name, detail);
        assert_string_equal(detail, "");
        check_pixels(&png_cases[i], &image);
        codec_image_free(&image);
        assert_null(image.pixels);
    }
}

/* The size of the raw data, by going from pixel to pixel. */
static size_t count_raw(unsigned width, unsigned height, unsigned bits, unsigned interlaced)
{
    /* The pass of a pixel, by its place in a square of 8 x 8. */
    static const char passes[8][9] = {"16462646", "77777777", "56565656", "77777777",
                                      "36463646", "77777777", "56565656", "77777777"};
    size_t total = 0;
    for (char pass = '1'; pass <= '7'; pass++) {
        for (unsigned y = 0; y < height; y++) {
            size_t pixels = 0;
            for (unsigned x = 0; x < width; x++)
                pixels += (interlaced ? passes[y % 8][x % 8] : '1') == pass;
            total += pixels > 0 ? 1 + (pixels * bits + 7) / 8 : 0;
        }
    }
    return total;
}

static void check_raw_size(unsigned width, unsigned height, unsigned depth, unsigned colour,
                           unsigned interlaced)
{
    unsigned channels = colour == 0 ? 1 : 4;
    size_t raw = count_raw(width, height, depth * channels, interlaced);
    for (size_t size = raw - 1; size <= raw + 1; size++) {
        struct file file;
        struct codec_image image;
        char detail[CODEC_DETAIL];
        begin_file(&file, width, height, depth, colour, interlaced);
        add_zeros(&file, size, 0);
        add_chunk(&file, "IEND", NULL, 0);
        enum dissolve_status status =
            codec_png_decode(file.bytes, file.size, UINT64_MAX, NULL, &image, detail);
        assert_int_equal(status, size >= raw ? DISSOLVE_OK : DISSOLVE_MALFORMED);
        codec_image_free(&image);
    }
}

static void test_image_data_has_at_least_its_size(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 10; width++) {
        for (unsigned height = 1; height <= 10; height++) {
            for (unsigned interlaced = 0; interlaced <= 1; interlaced++) {
                check_raw_size(width, height, 1, 0, interlaced);
                check_raw_size(width, height, 4, 0, interlaced);
                check_raw_size(width, height, 16, 6, interlaced);
            }
        }
    }
}

static void test_index_beyond_the_palette_is_black(void **state)
{
    (void)state;
    static const uint8_t stored[] = {0x78, 0x01, 1, 3, 0, 0xfc, 0xff, 0, 0, 1}; /* row: 0, 1 */
    uint8_t data[sizeof stored + 4];
    struct file file;
    struct codec_image image;
    char detail[CODEC_DETAIL];
    memcpy(data, stored, sizeof stored);
    put32(data + sizeof stored, libdeflate_adler32(1, stored + 7, 3));
    begin_file(&file, 2, 1, 8, 3, 0);
    add_chunk(&file, "PLTE", "\x11\x22\x33", 3);
    add_chunk(&file, "IDAT", data, sizeof data);
    add_chunk(&file, "IEND", NULL, 0);
    assert_int_equal(codec_png_decode(file.bytes, file.size, 2, NULL, &image, detail), DISSOLVE_OK);
    assert_memory_equal(image.pixels, "\x11\x22\x33\0\0\0", 6);
    codec_image_free(&image);
}

static void test_a_picture_that_nobody_wants_any_more(void **state)
{
    (void)state;
    enum { BEFORE_INFLATING, BEHIND_IT, NEVER };
    struct file file;
    make_grey(&file, 28, 0);
    for (size_t most = BEFORE_INFLATING; most <= NEVER; most++) {
        struct impatient who = {.most = most};
        struct codec_cancel cancel = cancel_by(&who);
        struct codec_image image;
        char detail[CODEC_DETAIL];
        bool cancelled = most < NEVER;
        assert_int_equal(codec_png_decode(file.bytes, file.size, 1000, &cancel, &image, detail),
                         cancelled ? DISSOLVE_CANCELLED : DISSOLVE_OK);
        assert_int_equal(who.asked, cancelled ? most + 1 : NEVER);
        assert_string_equal(detail, cancelled ? CODEC_CANCELLED : "");
        assert_int_equal(image.pixels == NULL, cancelled);
        codec_image_free(&image);
    }
}

static void test_not_a_png(void **state)
{
    (void)state;
    expect_error(NULL, 0, 1000, DISSOLVE_UNSUPPORTED, "not a PNG");
    expect_error((const uint8_t *)"\x89PNG\r\n\x1a", 7, 1000, DISSOLVE_UNSUPPORTED, "not a PNG");
    expect_error((const uint8_t *)"\xff\xd8\xff\xe0 a JPEG", 11, 1000, DISSOLVE_UNSUPPORTED,
                 "not a PNG");
}

/* A file may end behind its image data, whose CRC the Adler-32 in it makes up for. */
static void test_cut_off_anywhere(void **state)
{
    (void)state;
    enum { CRC = 4, IEND = 12 };
    static const char *const names[] = {"rgb 8 bit", "palette 4 bit interlaced", "profile"};
    static uint8_t bytes[ROOM];
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct png_case *one = find_case(names[i]);
        size_t whole = from_hex(one->file, bytes);
        for (size_t size = 8; size < whole; size++) {
            uint8_t *copy = test_malloc(size); /* exactly as long, for the sanitizer */
            memcpy(copy, bytes, size);
            if (size < whole - IEND - CRC)
                expect_error(copy, size, 1000, DISSOLVE_MALFORMED, "The PNG is cut off");
            else
                expect_pixels(copy, size, one);
            test_free(copy);
        }
    }
}

static void test_one_bit_wrong_anywhere(void **state)
{
    (void)state;
    enum { SIGNATURE = 8, IEND = 12 };
    static uint8_t bytes[ROOM];
    const struct png_case *one = find_case("rgb 8 bit");
    size_t size = from_hex(one->file, bytes);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bit / 8 >= size - IEND)
            expect_pixels(bytes, size, one);
        else
            expect_error(bytes, size, 1000,
                         bit / 8 < SIGNATURE ? DISSOLVE_UNSUPPORTED : DISSOLVE_MALFORMED, "PNG");
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void test_image_data_broken(void **state)
{
    (void)state;
    const size_t raw = 4 * 7;
    struct file file;
    make_grey(&file, raw - 1, 0);
    expect_malformed(&file, "ends before the last row");
    begin_file(&file, 6, 4, 8, 0, 0);
    add_chunk(&file, "IEND", NULL, 0);
    expect_malformed(&file, "image data");
    begin_file(&file, 6, 4, 8, 0, 0);
    add_chunk(&file, "IDAT", "\x78\x9c\x07 nothing", 11);
    add_chunk(&file, "IEND", NULL, 0);
    expect_malformed(&file, "compressed image data is broken");
}

static void test_wrong_adler(void **state)
{
    (void)state;
    struct file file;
    struct file data;
    begin_file(&file, 6, 4, 8, 0, 0);
    size_t header = file.size;
    add_zeros(&file, 28, 0);
    size_t size = file.size - header - 12;
    file.bytes[header + 8 + size - 1] ^= 1;
    begin_file(&data, 6, 4, 8, 0, 0);
    add_chunk(&data, "IDAT", file.bytes + header + 8, size);
    add_chunk(&data, "IEND", NULL, 0);
    expect_malformed(&data, "compressed image data is broken");
}

static void test_broken_chunks(void **state)
{
    (void)state;
    struct file file;
    begin_file(&file, 6, 4, 8, 0, 0);
    file.bytes[file.size - 1] ^= 1;
    expect_malformed(&file, "CRC");
    begin_file(&file, 6, 4, 8, 0, 0);
    add_zeros(&file, 28, 0);
    file.bytes[file.size - 1] ^= 1;
    add_chunk(&file, "IEND", NULL, 0);
    expect_malformed(&file, "CRC");
    begin_file(&file, 6, 4, 8, 0, 0);
    add_chunk(&file, "ABCD", "?", 1);
    expect_malformed(&file, "critical");
    begin_file(&file, 6, 4, 8, 3, 0);
    add_zeros(&file, 28, 0);
    add_chunk(&file, "IEND", NULL, 0);
    expect_malformed(&file, "PLTE");
    begin_file(&file, 6, 4, 3, 0, 0);
    expect_malformed(&file, "The PNG is broken");
    begin_file(&file, 0, 4, 8, 0, 0);
    expect_malformed(&file, "The PNG is broken");
    begin_file(&file, 4, 0, 8, 0, 0);
    expect_malformed(&file, "The PNG is broken");
}

static void test_size_limits(void **state)
{
    (void)state;
    struct file file;
    make_grey(&file, 28, 0);
    expect_error(file.bytes, file.size, 23, DISSOLVE_TOO_LARGE, "6 x 4 pixels; the limit is 23");
    begin_file(&file, 60000, 60000, 8, 2, 0);
    expect_error(file.bytes, file.size, 64000000, DISSOLVE_TOO_LARGE, "60000 x 60000");
    begin_file(&file, 0x7fffffff, 0x7fffffff, 16, 6, 1);
    expect_error(file.bytes, file.size, 64000000, DISSOLVE_TOO_LARGE, "2147483647 x 2147483647");
    expect_error(file.bytes, file.size, UINT64_MAX, DISSOLVE_TOO_LARGE, "too large");
    begin_file(&file, 0x7fffffff, 0x7fffffff, 8, 0, 0);
    expect_error(file.bytes, file.size, UINT64_MAX, DISSOLVE_TOO_LARGE, "too large");
    begin_file(&file, 0x80000000, 1, 8, 2, 0);
    expect_error(file.bytes, file.size, UINT64_MAX, DISSOLVE_MALFORMED, "out of range");
    begin_file(&file, 1, 0x80000000, 8, 2, 0);
    expect_error(file.bytes, file.size, UINT64_MAX, DISSOLVE_MALFORMED, "out of range");
}

/* A few bytes cannot be a terabyte of pixels, so none is asked for. */
static void test_claimed_size_is_not_allocated(void **state)
{
    (void)state;
    struct file file;
    begin_file(&file, 1u << 20, 1u << 20, 8, 0, 0);
    add_zeros(&file, 28, 0);
    add_chunk(&file, "IEND", NULL, 0);
    expect_error(file.bytes, file.size, UINT64_MAX, DISSOLVE_MALFORMED, "before the last row");
}

static void test_decode_no_memory(void **state)
{
    (void)state;
    static const char *const names[] = {"rgb 8 bit", "palette tRNS", "rgba 16 bit interlaced",
                                        "profile"};
    static uint8_t bytes[ROOM];
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t size = from_hex(find_case(names[i])->file, bytes);
        bool failed = true;
        for (long n = 0; failed; n++) {
            struct codec_image image;
            char detail[CODEC_DETAIL];
            fail_allocation(n);
            enum dissolve_status status = codec_png_decode(bytes, size, 1000, NULL, &image, detail);
            failed = allocation_failed();
            assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
            assert_true(failed == (strstr(detail, "not enough memory") != NULL));
            assert_true(failed == !image.pixels);
            codec_image_free(&image);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_is_as_pillow_has_it),
        cmocka_unit_test(test_image_data_has_at_least_its_size),
        cmocka_unit_test(test_index_beyond_the_palette_is_black),
        cmocka_unit_test(test_a_picture_that_nobody_wants_any_more),
        cmocka_unit_test(test_not_a_png),
        cmocka_unit_test(test_cut_off_anywhere),
        cmocka_unit_test(test_one_bit_wrong_anywhere),
        cmocka_unit_test(test_image_data_broken),
        cmocka_unit_test(test_wrong_adler),
        cmocka_unit_test(test_broken_chunks),
        cmocka_unit_test(test_size_limits),
        cmocka_unit_test(test_claimed_size_is_not_allocated),
        cmocka_unit_test(test_decode_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
