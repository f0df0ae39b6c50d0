/* PNG files for tests: cases with Pillow's pixels, files made of chunks, and what is expected of
 * them.
 */
#ifndef TESTS_PNG_FILES_H
#define TESTS_PNG_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>

#include "codec/image.h"
#include "png_cases.inc"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ROOM         32768

static size_t from_hex(const char *hex, uint8_t bytes[ROOM])
{
    size_t size = strlen(hex) / 2;
    assert_true(size <= ROOM);
    for (size_t i = 0; i < size; i++) {
        unsigned value;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        bytes[i] = (uint8_t)value;
    }
    return size;
}

static const struct png_case *find_case(const char *name)
{
    for (size_t i = 0; i < COUNT(png_cases); i++)
        if (strcmp(png_cases[i].name, name) == 0)
            return &png_cases[i];
    fail_msg("no case %s", name);
    return NULL;
}

/* ---- files made here ---- */

struct file {
    uint8_t bytes[ROOM];
    size_t size;
};

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void add_chunk(struct file *file, const char *type, const void *data, size_t size)
{
    uint8_t *at = file->bytes + file->size;
    assert_true(file->size + size + 12 <= ROOM);
    put32(at, (uint32_t)size);
    memcpy(at + 4, type, 4);
    if (size > 0)
        memcpy(at + 8, data, size);
    put32(at + 8 + size, libdeflate_crc32(0, at + 4, size + 4));
    file->size += size + 12;
}

static void begin_file(struct file *file, uint32_t width, uint32_t height, unsigned depth,
                       unsigned colour, unsigned interlaced)
{
    uint8_t header[13] = {0};
    put32(header, width);
    put32(header + 4, height);
    header[8] = (uint8_t)depth;
    header[9] = (uint8_t)colour;
    header[12] = (uint8_t)interlaced;
    memcpy(file->bytes, "\x89PNG\r\n\x1a\n", 8);
    file->size = 8;
    add_chunk(file, "IHDR", header, sizeof header);
}

/* Image data of so many zeros, then `extra` bytes behind the compressed ones. */
static void add_zeros(struct file *file, size_t count, size_t extra)
{
    static const uint8_t zeros[ROOM];
    uint8_t packed[ROOM];
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    assert_non_null(compressor);
    size_t size = libdeflate_zlib_compress(compressor, zeros, count, packed, ROOM);
    libdeflate_free_compressor(compressor);
    assert_true(size > 0);
    memset(packed + size, 0, extra);
    add_chunk(file, "IDAT", packed, size + extra);
}

/* ---- decoding ---- */

static void expect_error(const uint8_t *bytes, size_t size, uint64_t max_pixels,
                         enum dissolve_status status, const char *part_of_detail)
{
    struct codec_image image;
    char detail[CODEC_DETAIL];
    memset(&image, 0xff, sizeof image);
    assert_int_equal(codec_png_decode(bytes, size, max_pixels, NULL, &image, detail), status);
    if (!strstr(detail, part_of_detail))
        fail_msg("'%s' has no '%s'", detail, part_of_detail);
    assert_null(image.pixels);
    assert_null(image.pixels16);
    assert_int_equal(image.width, 0);
}

static void expect_malformed(const struct file *file, const char *part_of_detail)
{
    expect_error(file->bytes, file->size, 1000, DISSOLVE_MALFORMED, part_of_detail);
}

static void check_pixels(const struct png_case *one, const struct codec_image *image)
{
    static uint8_t expected[ROOM];
    size_t size = from_hex(one->pixels, expected);
    assert_int_equal(image->width, one->width);
    assert_int_equal(image->height, one->height);
    assert_int_equal(image->channels, 3);
    if (!one->deep) {
        assert_null(image->pixels16);
        assert_memory_equal(image->pixels, expected, size);
        return;
    }
    assert_non_null(image->pixels16);
    for (size_t i = 0; i < size / 2; i++) {
        assert_int_equal(image->pixels[i], expected[2 * i]);
        assert_int_equal(image->pixels16[i], expected[2 * i] << 8 | expected[2 * i + 1]);
    }
}

static void expect_pixels(const uint8_t *bytes, size_t size, const struct png_case *one)
{
    struct codec_image image;
    char detail[CODEC_DETAIL];
    if (codec_png_decode(bytes, size, 1000, NULL, &image, detail))
        fail_msg("%s: %s", one->name, detail);
    assert_string_equal(detail, "");
    check_pixels(one, &image);
    codec_image_free(&image);
}

#endif
