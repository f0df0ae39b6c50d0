/* PNG's options: sizes and pixels of each compression, filters by numpy, text, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/huffman.h"
#include "codec/png.h"
#include "codec/png_compress.h"
#include "codec/png_filter.h"
#include "failing_malloc.h"
#include "impatient.h"
#include "judge.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Signature, header, end, and around the image data: what stands in a PNG beside the zlib stream.
 */
#define AROUND (8 + 25 + 12 + 12)

static const enum codec_compression all[] = {CODEC_COMPRESSION_FAST, CODEC_COMPRESSION_NONE,
                                             CODEC_COMPRESSION_BEST};

static uint32_t next_noise(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 24;
}

/* What may be in a frame. */
enum content { FLAT, NOISE, CLIPPED_NOISE, GRADIENT, PHOTO, HALF, STRIPES, CONTENTS };

static uint8_t value_at(enum content content, uint32_t x, uint32_t y, unsigned c, uint32_t noise)
{
    switch (content) {
    case FLAT:
        return 77;
    case NOISE:
        return (uint8_t)noise;
    case CLIPPED_NOISE: /* a third of it */
        return (uint8_t)(noise < 43 ? 0 : noise > 212 ? 255 : (noise - 43) * 3 / 2);
    case GRADIENT:
        return (uint8_t)((x * (c + 1) + y * 2) / 3);
    case PHOTO: /* slopes, edges, and a little noise */
        return (uint8_t)(x * y / 97 + (x / 40 % 2) * 50 + (y / 23 % 3) * 30 + noise % 4 + c * 9);
    case HALF:
        return (uint8_t)(y < 60 ? 200 + c : noise);
    default:
        return (uint8_t)(x % 7 * 30 + c);
    }
}

/* To be freed: its pixels. */
static struct codec_raster make_raster(enum content content, uint32_t width, uint32_t height,
                                       unsigned channels)
{
    uint8_t *pixels = malloc((size_t)width * height * channels);
    uint32_t seed = 1;
    size_t i = 0;
    assert_non_null(pixels);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            for (unsigned c = 0; c < channels; c++)
                pixels[i++] = value_at(content, x, y, c, next_noise(&seed));
        }
    }
    return (struct codec_raster){width, height, channels, pixels};
}

static void free_raster(struct codec_raster *raster)
{
    free((void *)(uintptr_t)raster->pixels);
}

/* Sizes at which something begins or ends: a pixel, a row, a column, a stored block. */
static const struct {
    uint32_t width;
    uint32_t height;
    unsigned channels;
} shapes[] = {{1, 1, 3},   {1, 1, 1},     {2, 1, 3},     {1, 5, 3},     {97, 1, 1},
              {61, 37, 3}, {254, 257, 1}, {255, 256, 1}, {200, 120, 3}, {300, 200, 1}};

/* How large the stream is that is one Huffman code for all. */
static size_t huffman_size(const struct codec_raster *raster)
{
    struct codec_huffman plan;
    size_t size;
    assert_int_equal(codec_png_rows_size(raster, &size), DISSOLVE_OK);
    uint8_t *rows = malloc(size);
    assert_non_null(rows);
    codec_png_rows(raster, rows);
    codec_huffman_plan(rows, size, &plan);
    free(rows);
    return plan.size;
}

/* Encodes by each compression behind what is in `out`; tells the three sizes. */
static void encode_all(const struct codec_raster *raster, struct codec_buffer *out,
                       size_t sizes[COUNT(all)])
{
    for (size_t i = 0; i < COUNT(all); i++) {
        const struct codec_png_options options = {.compression = all[i]};
        size_t before = out->size;
        assert_int_equal(codec_png_encode(raster, &options, out), DISSOLVE_OK);
        sizes[all[i]] = out->size - before;
    }
}

static void check_sizes(const struct codec_raster *raster, const size_t sizes[COUNT(all)])
{
    size_t rows = ((size_t)raster->width * raster->channels + 1) * raster->height;
    size_t blocks = (rows + 65534) / 65535;
    assert_int_equal(sizes[CODEC_COMPRESSION_NONE], AROUND + 2 + rows + 5 * blocks + 4);
    assert_true(sizes[CODEC_COMPRESSION_BEST] <= sizes[CODEC_COMPRESSION_FAST]);
    assert_true(sizes[CODEC_COMPRESSION_BEST] <= AROUND + huffman_size(raster));
}

static void test_sizes(void **state)
{
    (void)state;
    for (enum content content = FLAT; content < CONTENTS; content++) {
        for (size_t i = 0; i < COUNT(shapes); i++) {
            struct codec_raster raster =
                make_raster(content, shapes[i].width, shapes[i].height, shapes[i].channels);
            struct codec_buffer out = {0};
            size_t sizes[COUNT(all)];
            encode_all(&raster, &out, sizes);
            check_sizes(&raster, sizes);
            codec_buffer_free(&out);
            free_raster(&raster);
        }
    }
}

/* Beside one Huffman code for the pixels as they are. */
static void test_filters_are_worth_it(void **state)
{
    (void)state;
    static const struct {
        enum content content;
        size_t fast; /* per mille, at most */
        size_t best;
    } cases[] = {{GRADIENT, 13, 4}, {PHOTO, 376, 375}, {NOISE, 1000, 1000}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct codec_raster raster = make_raster(cases[i].content, 400, 300, 3);
        struct codec_buffer out = {0};
        size_t sizes[COUNT(all)], plain = huffman_size(&raster);
        encode_all(&raster, &out, sizes);
        assert_true(sizes[CODEC_COMPRESSION_FAST] * 1000 <= plain * cases[i].fast);
        assert_true(sizes[CODEC_COMPRESSION_BEST] * 1000 <= plain * cases[i].best);
        codec_buffer_free(&out);
        free_raster(&raster);
    }
}

/*
 * A large frame of noise that repeats itself every 61 bytes just where it is looked at for matches:
 * FAST is led to them, which makes it larger than one Huffman code; BEST is not.
 */
static void test_best_is_not_misled(void **state)
{
    (void)state;
    struct codec_raster raster = make_raster(CLIPPED_NOISE, 1999, 1200, 1);
    uint8_t *pixels = (uint8_t *)(uintptr_t)raster.pixels;
    static const size_t middles[4] = {249, 1748, 1249, 749}; /* of the windows, across */
    for (size_t i = 0; i < 4; i++) {
        size_t top = 1 + 1192 * (2 * i + 1) / 8;
        size_t left = middles[i] > 512 ? middles[i] - 512 : 0;
        left = left < 1999 - 1024 ? left : 1999 - 1024;
        for (size_t y = top; y < top + 8; y++) {
            for (size_t x = left; x < left + 1024; x++)
                pixels[y * 1999 + x] = pixels[left + (y * 1024 + x) % 61];
        }
    }
    struct codec_buffer out = {0};
    size_t sizes[COUNT(all)];
    encode_all(&raster, &out, sizes);
    check_sizes(&raster, sizes);
    assert_true(sizes[CODEC_COMPRESSION_FAST] > AROUND + huffman_size(&raster));
    codec_buffer_free(&out);
    free_raster(&raster);
}

static void append_length(struct codec_buffer *input, uint64_t value)
{
    uint8_t bytes[4];
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    assert_int_equal(codec_buffer_append(input, bytes, sizeof bytes), DISSOLVE_OK);
}

static void append_file(struct codec_buffer *input, const struct codec_buffer *file)
{
    append_length(input, file->size);
    assert_int_equal(codec_buffer_append(input, file->data, file->size), DISSOLVE_OK);
}

/* What Pillow finds in each file, and that pngcheck finds no fault; a file stands behind its size.
 */
static const char pixels_script[] =
    "import io, subprocess, sys\n"
    "from PIL import Image\n"
    "data = sys.stdin.buffer.read()\n"
    "while data:\n"
    "    size = int.from_bytes(data[:4], 'little')\n"
    "    file, data = data[4:4 + size], data[4 + size:]\n"
    "    subprocess.run(['pngcheck', '-q'], input=file, check=True, stdout=sys.stderr)\n"
    "    image = Image.open(io.BytesIO(file))\n"
    "    for number in range(getattr(image, 'n_frames', 1)):\n"
    "        image.seek(number)\n"
    "        sys.stdout.buffer.write(image.tobytes())\n";

/* One small frame of each content by each compression, as a still and as the frames of one APNG. */
static void test_pixels_are_the_same(void **state)
{
    (void)state;
    static uint8_t answer[COUNT(all) * CONTENTS * 3 * 61 * 37 * 3 + 1];
    struct codec_buffer input = {0};
    struct codec_buffer pixels = {0};
    for (enum content content = FLAT; content < CONTENTS; content++) {
        struct codec_raster raster = make_raster(content, 61, 37, 3);
        struct codec_buffer animation = {0};
        assert_int_equal(codec_apng_head(61, 37, 3, COUNT(all), NULL, &animation), DISSOLVE_OK);
        for (uint32_t i = 0; i < COUNT(all); i++) {
            const struct codec_png_options options = {.compression = all[i]};
            struct codec_buffer still = {0};
            assert_int_equal(codec_png_encode(&raster, &options, &still), DISSOLVE_OK);
            append_file(&input, &still);
            codec_buffer_free(&still);
            assert_int_equal(codec_apng_frame(&raster, i, 9, &options, &animation), DISSOLVE_OK);
        }
        assert_int_equal(codec_apng_tail(&animation), DISSOLVE_OK);
        append_file(&input, &animation);
        codec_buffer_free(&animation);
        for (size_t i = 0; i < 2 * COUNT(all); i++)
            assert_int_equal(codec_buffer_append(&pixels, raster.pixels, 61 * 37 * 3), DISSOLVE_OK);
        free_raster(&raster);
    }
    assert_int_equal(judge(pixels_script, input.data, input.size, answer, sizeof answer),
                     pixels.size);
    assert_memory_equal(answer, pixels.data, pixels.size);
    codec_buffer_free(&input);
    codec_buffer_free(&pixels);
}

/* Filters and their choice by numpy, from PNG's own words; answers with the rows. */
static const char filter_script[] =
    "import sys, numpy as np\n"
    "data = sys.stdin.buffer.read()\n"
    "while data:\n"
    "    width, height, channels = np.frombuffer(data[:12], '<u4').tolist()\n"
    "    size = width * height * channels\n"
    "    x = np.frombuffer(data[12:12 + size], np.uint8).reshape(height, width, channels)\n"
    "    data = data[12 + size:]\n"
    "    x = x.astype(int)\n"
    "    a, b, c = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)\n"
    "    a[:, 1:], b[1:], c[1:, 1:] = x[:, :-1], x[:-1], x[:-1, :-1]\n"
    "    p = a + b - c\n"
    "    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)\n"
    "    paeth = np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, b, c))\n"
    "    rows = [(x - q) % 256 for q in (0, a, b, (a + b) // 2, paeth)]\n"
    "    rows = np.stack(rows).reshape(5, height, -1)\n"
    "    cost = np.where(rows < 128, rows, 256 - rows).sum(2)\n"
    "    cost[2:, 0] = cost.max() + 1\n" /* the first row looks at nothing above it */
    "    for y, filter in enumerate(cost.argmin(0)):\n"
    "        sys.stdout.buffer.write(bytes([filter]) + rows[filter, y].astype('u1').tobytes())\n";

static void test_filters(void **state)
{
    (void)state;
    static uint8_t answer[1 << 22];
    struct codec_buffer input = {0};
    struct codec_buffer rows = {0};
    for (enum content content = FLAT; content < CONTENTS; content++) {
        for (size_t i = 0; i < COUNT(shapes); i++) {
            struct codec_raster raster =
                make_raster(content, shapes[i].width, shapes[i].height, shapes[i].channels);
            size_t size = (size_t)raster.width * raster.height * raster.channels;
            append_length(&input, raster.width);
            append_length(&input, raster.height);
            append_length(&input, raster.channels);
            assert_int_equal(codec_buffer_append(&input, raster.pixels, size), DISSOLVE_OK);
            assert_int_equal(codec_png_rows_size(&raster, &size), DISSOLVE_OK);
            assert_int_equal(codec_buffer_reserve(&rows, size), DISSOLVE_OK);
            codec_png_rows_filtered(&raster, 0, raster.height, rows.data + rows.size);
            rows.size += size;
            free_raster(&raster);
        }
    }
    assert_int_equal(judge(filter_script, input.data, input.size, answer, sizeof answer),
                     rows.size);
    assert_memory_equal(answer, rows.data, rows.size);
    codec_buffer_free(&input);
    codec_buffer_free(&rows);
}

/* Where the text is, what it is to Pillow, and pngcheck's word; answers with the text. */
static const char text_script[] =
    "import io, struct, subprocess, sys\n"
    "from PIL import Image, PngImagePlugin\n"
    "PngImagePlugin.MAX_TEXT_CHUNK = 2**30\n"
    "data = sys.stdin.buffer.read()\n"
    "subprocess.run(['pngcheck', '-q'], input=data, check=True, stdout=sys.stderr)\n"
    "size, = struct.unpack('>I', data[33:37])\n"
    "assert data[37:41] == b'tEXt'\n"
    "kind = data[33 + 12 + size + 4:][:4]\n"
    "image = Image.open(io.BytesIO(data))\n"
    "image.load()\n"
    "assert kind == (b'acTL' if image.n_frames > 1 else b'IDAT'), kind\n"
    "(keyword, text), = image.text.items()\n"
    "sys.stdout.buffer.write(f'{keyword}={text}'.encode('latin-1'))\n";

static void check_text(const char *keyword, const char *text, bool animated)
{
    static char expected[400000];
    static char answer[400000];
    const uint8_t pixel[3] = {1, 2, 3};
    const struct codec_raster raster = {1, 1, 3, pixel};
    const struct codec_png_options options = {.keyword = keyword, .text = text};
    struct codec_buffer out = {0};
    if (animated) {
        assert_int_equal(codec_apng_head(1, 1, 3, 2, &options, &out), DISSOLVE_OK);
        for (uint32_t i = 0; i < 2; i++) /* no second text */
            assert_int_equal(codec_apng_frame(&raster, i, 9, &options, &out), DISSOLVE_OK);
        assert_int_equal(codec_apng_tail(&out), DISSOLVE_OK);
    } else {
        assert_int_equal(codec_png_encode(&raster, &options, &out), DISSOLVE_OK);
    }
    int length = snprintf(expected, sizeof expected, "%s=%s", keyword, text);
    assert_int_equal(judge(text_script, out.data, out.size, answer, sizeof answer), length);
    assert_memory_equal(answer, expected, (size_t)length);
    codec_buffer_free(&out);
}

static void test_text(void **state)
{
    (void)state;
    static char longest[80];
    static char text[300000];
    memset(longest, 'k', sizeof longest - 1);
    memset(text, 't', sizeof text - 1);
    check_text("dissolved", "noise_version=1&seed=42&steps=20&t=0,1,2", false);
    check_text("dissolved", "noise_version=1&seed=42&steps=20&t=0,1,2", true);
    check_text("k", "", false);
    check_text("two words", "caf\xe9\nand a second line", false);
    check_text("\xc9\xff", "x", true);
    check_text(longest, text, true);
}

static void test_options_refused(void **state)
{
    (void)state;
    static char long_keyword[81];
    memset(long_keyword, 'k', sizeof long_keyword - 1);
    const uint8_t pixel[3] = {0};
    const struct codec_raster raster = {1, 1, 3, pixel};
    const struct codec_png_options bad[] = {{.keyword = NULL, .text = "t"},
                                            {.keyword = "", .text = "t"},
                                            {.keyword = " k", .text = "t"},
                                            {.keyword = "k ", .text = "t"},
                                            {.keyword = "k  k", .text = "t"},
                                            {.keyword = long_keyword, .text = "t"},
                                            {.keyword = "k\n", .text = "t"},
                                            {.keyword = "k\x7f", .text = "t"},
                                            {.keyword = "k\xa0", .text = "t"},
                                            {.keyword = "k\x80", .text = "t"},
                                            {.compression = (enum codec_compression)3},
                                            {.compression = (enum codec_compression) - 1}};
    struct codec_buffer out = {0};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(codec_png_encode(&raster, &bad[i], &out), DISSOLVE_INVALID);
        assert_int_equal(codec_apng_head(1, 1, 3, 1, &bad[i], &out), DISSOLVE_INVALID);
        assert_int_equal(codec_apng_frame(&raster, 0, 0, &bad[i], &out), DISSOLVE_INVALID);
    }
    assert_int_equal(out.size, 0);
    const struct codec_png_options unused = {.keyword = ""}; /* there is no text */
    assert_int_equal(codec_png_encode(&raster, &unused, &out), DISSOLVE_OK);
    codec_buffer_free(&out);
}

/* No frame comes so far that SIZE_MAX is too small for it: the functions below are asked. */
static void test_rows_too_large(void **state)
{
    (void)state;
    uint8_t byte = 0;
    const struct codec_raster raster = {UINT32_MAX, UINT32_MAX, 3, &byte};
    const struct codec_raster nearly = {UINT32_MAX, UINT32_MAX, 1, &byte};
    size_t size;
    assert_int_equal(codec_png_rows_size(&nearly, &size), DISSOLVE_OK);
    assert_int_equal(codec_png_bound(&nearly, SIZE_MAX, &size), DISSOLVE_TOO_LARGE);
    assert_int_equal(codec_png_rows_size(&raster, &size), DISSOLVE_TOO_LARGE);
    assert_int_equal(codec_png_bound(&raster, SIZE_MAX, &size), DISSOLVE_TOO_LARGE);
    assert_int_equal(codec_png_compress(&raster, CODEC_COMPRESSION_FAST, NULL, &byte, 1, &size),
                     DISSOLVE_TOO_LARGE);
}

/* A text of 2 GiB, of one piece of memory again and again. */
static void test_text_too_long(void **state)
{
    (void)state;
    const size_t part = 1 << 21, size = (size_t)1 << 31;
    const uint8_t pixel[3] = {0};
    const struct codec_raster raster = {1, 1, 3, pixel};
    struct codec_buffer out = {0};
    int file = memfd_create("text", 0);
    assert_int_equal(ftruncate(file, (off_t)part), 0);
    char *text = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(text != MAP_FAILED);
    for (size_t at = 0; at < size; at += part)
        assert_true(mmap(text + at, part, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file,
                         0) == text + at);
    memset(text, 't', part);
    assert_true(mmap(text + size - part, part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
                     file, 0) == text + size - part);
    text[size - 1] = '\0';
    const struct codec_png_options options = {.keyword = "k", .text = text};
    assert_int_equal(codec_png_encode(&raster, &options, &out), DISSOLVE_TOO_LARGE);
    assert_int_equal(codec_apng_head(1, 1, 3, 1, &options, &out), DISSOLVE_TOO_LARGE);
    assert_int_equal(out.size, 0);
    munmap(text, size);
    close(file);
    codec_buffer_free(&out);
}

static void test_no_memory(void **state)
{
    (void)state;
    static char text[5000];
    memset(text, 't', sizeof text - 1);
    struct codec_raster raster = make_raster(PHOTO, 61, 37, 3);
    for (unsigned piece = 0; piece < 2 + COUNT(all); piece++) {
        struct codec_png_options options = {.keyword = "k", .text = text};
        bool failed = true;
        long n = 0;
        for (; failed; n++) {
            struct codec_buffer out = {0};
            enum dissolve_status status;
            if (piece < COUNT(all)) {
                options.compression = all[piece];
                fail_allocation(n);
                status = codec_png_encode(&raster, &options, &out);
            } else if (piece == COUNT(all)) {
                fail_allocation(n);
                status = codec_apng_head(61, 37, 3, 2, &options, &out);
            } else {
                fail_allocation(n);
                status = codec_apng_frame(&raster, 1, 0, &options, &out);
            }
            failed = allocation_failed();
            assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
            assert_true(failed == (out.size == 0));
            codec_buffer_free(&out);
        }
        assert_true(n > 2);
    }
    free_raster(&raster);
}

/* By the best compression at each question; the others have none. */
static void test_a_frame_that_nobody_wants_any_more(void **state)
{
    (void)state;
    struct codec_raster raster = make_raster(PHOTO, 61, 37, 3);
    for (int animated = 0; animated < 2; animated++) {
        for (size_t i = 0; i < COUNT(all); i++) {
            enum dissolve_status status = DISSOLVE_CANCELLED;
            size_t most = 0;
            for (; status == DISSOLVE_CANCELLED; most++) {
                struct impatient who = {.most = most};
                struct codec_cancel cancel = cancel_by(&who);
                const struct codec_png_options options = {.compression = all[i], .cancel = &cancel};
                struct codec_buffer out = {0};
                assert_int_equal(codec_buffer_append(&out, "before", 6), DISSOLVE_OK);
                status = animated ? codec_apng_frame(&raster, 3, 0, &options, &out)
                                  : codec_png_encode(&raster, &options, &out);
                if (status == DISSOLVE_CANCELLED)
                    assert_int_equal(out.size, 6);
                else
                    assert_int_equal(status, DISSOLVE_OK);
                codec_buffer_free(&out);
            }
            /* Before anything, at each of two searches, and for the rows between them. */
            assert_int_equal(most, all[i] == CODEC_COMPRESSION_BEST ? 5 : 1);
        }
    }
    free_raster(&raster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_filters_are_worth_it),
        cmocka_unit_test(test_best_is_not_misled),
        cmocka_unit_test(test_pixels_are_the_same),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_options_refused),
        cmocka_unit_test(test_a_frame_that_nobody_wants_any_more),
        cmocka_unit_test(test_rows_too_large),
        cmocka_unit_test(test_text_too_long),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
