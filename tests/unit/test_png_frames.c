/* Whole frames as PNG: sizes, the filters chosen, and what lodepng, Pillow and pngcheck find. */
#include <dissolve/dissolve.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/png.h"
#include "codec/png_choice.h"
#include "failing_malloc.h"
#include "judge.h"
#include "lodepng_own.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const enum codec_compression all[] = {CODEC_COMPRESSION_FAST, CODEC_COMPRESSION_NONE,
                                             CODEC_COMPRESSION_BEST};

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* To be freed: its pixels, which are zeros. */
static struct codec_raster make_raster(uint32_t width, uint32_t height, unsigned channels)
{
    uint8_t *pixels = calloc((size_t)width * height, channels);
    assert_non_null(pixels);
    return (struct codec_raster){width, height, channels, pixels};
}

static uint8_t *pixels_of(const struct codec_raster *raster)
{
    return (uint8_t *)(uintptr_t)raster->pixels;
}

static size_t size_of(const struct codec_raster *raster)
{
    return (size_t)raster->width * raster->height * raster->channels;
}

/* N(0, 1), rendered: what the process ends in. */
static struct codec_raster make_noise(uint32_t width, uint32_t height, unsigned channels)
{
    struct codec_raster raster = make_raster(width, height, channels);
    float *normals = malloc(size_of(&raster) * sizeof *normals);
    assert_non_null(normals);
    dissolve_normals(1, DISSOLVE_STREAM_CHAIN, 1, 0, size_of(&raster), normals);
    dissolve_render(normals, size_of(&raster), pixels_of(&raster));
    free(normals);
    return raster;
}

/* A slope that a filter follows, with a little noise. */
static struct codec_raster make_slope(uint32_t width, uint32_t height, unsigned channels)
{
    struct codec_raster raster = make_noise(width, height, channels);
    uint8_t *pixels = pixels_of(&raster);
    for (size_t i = 0; i < size_of(&raster); i++)
        pixels[i] = (uint8_t)(i / channels % width * 3 + i / channels / width * 2 + pixels[i] % 5);
    return raster;
}

/* A patch of noise again and again. */
static struct codec_raster make_tiles(uint32_t width, uint32_t height, unsigned channels)
{
    struct codec_raster raster = make_noise(width, height, channels);
    uint8_t *pixels = pixels_of(&raster);
    size_t row = (size_t)width * channels;
    for (size_t i = 0; i < size_of(&raster); i++)
        pixels[i] = pixels[i / row % 4 * row + i % row % 40];
    return raster;
}

/* Encodes, and checks that lodepng with its own inflate finds the same pixels; tells the size. */
static size_t check(const struct codec_raster *raster, enum codec_compression compression)
{
    const struct codec_png_options options = {.compression = compression};
    struct codec_buffer out = {0};
    uint8_t *pixels = NULL;
    unsigned width, height;
    assert_int_equal(codec_png_encode(raster, &options, &out), DISSOLVE_OK);
    assert_int_equal(
        lodepng_own_decode(out.data, out.size, raster->channels, &pixels, &width, &height), 0);
    assert_int_equal(width, raster->width);
    assert_int_equal(height, raster->height);
    assert_true(memcmp(pixels, raster->pixels, size_of(raster)) == 0);
    size_t size = out.size;
    free(pixels);
    codec_buffer_free(&out);
    return size;
}

static size_t check_fast(struct codec_raster raster)
{
    size_t size = check(&raster, CODEC_COMPRESSION_FAST);
    free(pixels_of(&raster));
    return size;
}

/* Bands of rows, each of another content, so that codes and filters change within the frame. */
static void fill_bands(const struct codec_raster *raster, uint32_t *seed)
{
    uint8_t *pixels = pixels_of(raster);
    size_t row = (size_t)raster->width * raster->channels;
    for (size_t at = 0; at < size_of(raster);) {
        size_t rows = 1 + next(seed) % 90;
        size_t end = at + rows * row < size_of(raster) ? at + rows * row : size_of(raster);
        uint32_t kind = next(seed) % 5, width = 1 + next(seed) % 256;
        for (; at < end; at++) {
            uint32_t noise = next(seed);
            pixels[at] = (uint8_t)(kind == 0   ? 9
                                   : kind == 1 ? noise
                                   : kind == 2 ? noise % width * (noise / 256 % width) / width
                                   : kind == 3 ? at % row * 2 + noise % 3
                                               : (at / width % 2) * 200);
        }
    }
}

static void lodepng_reads_random_frames(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 60; round++) {
        uint32_t width = 1 + next(&seed) % (round % 2 ? 40 : 400);
        struct codec_raster raster =
            make_raster(width, 1 + next(&seed) % 300, next(&seed) % 2 ? 3 : 1);
        fill_bands(&raster, &seed);
        size_t fast = check(&raster, CODEC_COMPRESSION_FAST);
        check(&raster, CODEC_COMPRESSION_NONE);
        if (round % 6 == 0)
            assert_true(check(&raster, CODEC_COMPRESSION_BEST) <= fast);
        free(pixels_of(&raster));
    }
}

/* Answers with the pixels of each file; a file stands behind its size. */
static const char pixels_script[] =
    "import io, subprocess, sys\n"
    "from PIL import Image\n"
    "data = sys.stdin.buffer.read()\n"
    "while data:\n"
    "    size = int.from_bytes(data[:4], 'little')\n"
    "    file, data = data[4:4 + size], data[4 + size:]\n"
    "    subprocess.run(['pngcheck', '-q'], input=file, check=True, stdout=sys.stderr)\n"
    "    sys.stdout.buffer.write(Image.open(io.BytesIO(file)).tobytes())\n";

static void append_file(struct codec_buffer *input, const struct codec_raster *raster,
                        enum codec_compression compression)
{
    const struct codec_png_options options = {.compression = compression};
    struct codec_buffer out = {0};
    assert_int_equal(codec_png_encode(raster, &options, &out), DISSOLVE_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(codec_buffer_append(input, &(uint8_t){(uint8_t)(out.size >> 8 * i)}, 1),
                         DISSOLVE_OK);
    assert_int_equal(codec_buffer_append(input, out.data, out.size), DISSOLVE_OK);
    codec_buffer_free(&out);
}

/* A pixel, a column, a row, a row longer than a band, more rows than a window has. */
static const uint32_t shapes[][2] = {{1, 1},     {1, 100000}, {100000, 1}, {2, 1},
                                     {1, 2},     {50000, 3},  {3, 20000},  {28, 28},
                                     {65534, 1}, {65535, 1},  {300, 300},  {43690, 2}};

static void all_judges_read_all_shapes(void **state)
{
    (void)state;
    typedef struct codec_raster make(uint32_t width, uint32_t height, unsigned channels);
    static make *const makers[] = {make_raster, make_noise, make_slope, make_tiles};
    static uint8_t answer[1 << 24];
    struct codec_buffer input = {0}, expected = {0};
    for (size_t i = 0; i < COUNT(shapes) * COUNT(makers); i++) {
        unsigned channels = i % 2 ? 1 : 3;
        struct codec_raster raster = makers[i % COUNT(makers)](
            shapes[i / COUNT(makers)][0], shapes[i / COUNT(makers)][1], channels);
        for (size_t k = 0; k < 2; k++) {
            check(&raster, all[k]);
            append_file(&input, &raster, all[k]);
            assert_int_equal(codec_buffer_append(&expected, raster.pixels, size_of(&raster)),
                             DISSOLVE_OK);
        }
        free(pixels_of(&raster));
    }
    assert_int_equal(judge(pixels_script, input.data, input.size, answer, sizeof answer),
                     expected.size);
    assert_true(memcmp(answer, expected.data, expected.size) == 0);
    codec_buffer_free(&input);
    codec_buffer_free(&expected);
}

static double entropy_of(const struct codec_raster *raster)
{
    double counts[256] = {0}, bits = 0, size = (double)size_of(raster);
    for (size_t i = 0; i < size_of(raster); i++)
        counts[raster->pixels[i]]++;
    for (int v = 0; v < 256; v++)
        bits -= counts[v] > 0 ? counts[v] * log2(counts[v] / size) : 0;
    return bits / 8;
}

static void noise_is_at_most_a_hundredth_above_its_entropy(void **state)
{
    (void)state;
    static const uint32_t sizes[][3] = {{512, 512, 3}, {512, 512, 1}, {1920, 1080, 3}};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct codec_raster raster = make_noise(sizes[i][0], sizes[i][1], sizes[i][2]);
        double least = entropy_of(&raster);
        assert_true((double)check_fast(raster) <= least * 1.01);
    }
}

static void flat_frames_are_small(void **state)
{
    (void)state;
    assert_in_range(check_fast(make_raster(4096, 4096, 1)), 1, 25000);
    struct codec_raster grey = make_raster(2048, 2048, 3);
    memset(pixels_of(&grey), 77, size_of(&grey));
    assert_in_range(check_fast(grey), 1, 20000);
}

static void tiles_are_matched(void **state)
{
    (void)state;
    assert_in_range(check_fast(make_tiles(300, 300, 3)), 1, 300 * 300 * 3 / 50);
}

/* Even behind a band that is only nearly uniform, the code of which would do. */
static void uniform_noise_is_stored(void **state)
{
    (void)state;
    enum { WIDTH = 700, FIRST = (128 << 10) / (WIDTH + 1) * WIDTH };
    for (uint32_t nearly = 0; nearly < 2; nearly++) {
        struct codec_raster raster = make_raster(WIDTH, 1000, 1);
        uint32_t seed = 1;
        for (size_t i = 0; i < size_of(&raster); i++) {
            bool zero = next(&seed) % 60 < nearly && i < FIRST;
            pixels_of(&raster)[i] = zero ? 0 : (uint8_t)next(&seed);
        }
        size_t stored = check(&raster, CODEC_COMPRESSION_NONE);
        assert_in_range(check_fast(raster), 1, stored + 100);
    }
}

static enum codec_filter chosen(const struct codec_raster *raster)
{
    struct codec_png_sample sample;
    codec_png_choose(raster, 0, raster->height, &sample);
    return sample.filter;
}

/* The filter that each content asks for, and that no pixel outside the frame is looked at. */
static void filters_are_chosen(void **state)
{
    (void)state;
    static const struct {
        unsigned right; /* how much brighter a pixel is than its neighbour */
        unsigned down;
        enum codec_filter filter;
    } cases[] = {{0, 0, CODEC_FILTER_NONE}, {7, 101, CODEC_FILTER_SUB}, {101, 0, CODEC_FILTER_UP}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct codec_raster raster = make_raster(128, 64, 1);
        for (size_t k = 0; k < size_of(&raster); k++)
            pixels_of(&raster)[k] =
                (uint8_t)(k % 128 * cases[i].right + k / 128 * k / 128 * cases[i].down);
        assert_int_equal(chosen(&raster), cases[i].filter);
        free(pixels_of(&raster));
    }
    struct codec_raster noise = make_noise(512, 512, 3), slope = make_slope(200, 200, 3);
    struct codec_raster row = make_slope(2000, 1, 1);
    assert_int_equal(chosen(&noise), CODEC_FILTER_NONE);
    assert_int_not_equal(chosen(&slope), CODEC_FILTER_NONE);
    assert_int_equal(chosen(&row), CODEC_FILTER_SUB);
    free(pixels_of(&noise));
    free(pixels_of(&slope));
    free(pixels_of(&row));
}

/* ---- Bands that go on with the code of the band before ---- */

/* A band of rows of 512 pixels in three channels: what fits into 128 KiB. */
enum {
    ACROSS = 512,
    BAND_ROWS = (128 << 10) / (3 * ACROSS + 1),
    BAND_BYTES = 3 * ACROSS * BAND_ROWS
};

/* What a band holds. Noise is that of make_noise, unless another is named. */
enum content {
    NOISE,
    OTHER_NOISE,  /* half as wide: the same bytes, otherwise distributed */
    COARSE_NOISE, /* of every two bytes one, but for the least and the most */
    EVEN_NOISE,   /* every byte as often: to be stored */
    SLOPE,
    FLAT,
    BLACK_BUT_SAMPLES, /* noise where it is looked at; elsewhere noise's most frequent byte, */
    GREY_BUT_SAMPLES,  /* or one of its rare ones, */
    EVEN_BUT_SAMPLES,  /* or noise that is to be stored */
    CONTENTS
};

/* Whether a row of the band is one of the eight that the choice of a filter looks at. */
static bool is_sampled(size_t row)
{
    for (size_t i = 0; i < 8; i++) {
        if (row == BAND_ROWS * (2 * i + 1) / 16)
            return true;
    }
    return false;
}

static void fill_band(uint8_t *pixels, size_t size, enum content content, uint32_t *seed)
{
    size_t row = (size_t)3 * ACROSS;
    for (size_t i = 0; i < size; i++) {
        uint8_t random = (uint8_t)next(seed), *pixel = &pixels[i];
        if (content >= BLACK_BUT_SAMPLES && is_sampled(i / row))
            continue;
        if (content == OTHER_NOISE)
            *pixel = (uint8_t)(*pixel / 2 + (random % 16 ? 64 : random));
        else if (content == COARSE_NOISE && *pixel > 0 && *pixel < 255)
            *pixel |= 1;
        else if (content == EVEN_NOISE || content == EVEN_BUT_SAMPLES)
            *pixel = random;
        else if (content == SLOPE)
            *pixel = (uint8_t)(i / 3 % ACROSS / 2 + i / row + *pixel % 24);
        else if (content == FLAT || content == GREY_BUT_SAMPLES)
            *pixel = 128;
        else if (content == BLACK_BUT_SAMPLES)
            *pixel = 0;
    }
}

/* A frame of such bands, the last of which has so many rows. */
static struct codec_raster make_bands(const enum content *contents, size_t count, uint32_t last)
{
    uint32_t seed = 5;
    struct codec_raster raster = make_noise(ACROSS, (uint32_t)(count - 1) * BAND_ROWS + last, 3);
    for (size_t i = 0; i < count; i++) {
        uint32_t rows = i == count - 1 ? last : BAND_ROWS;
        fill_band(pixels_of(&raster) + i * BAND_BYTES, (size_t)rows * 3 * ACROSS, contents[i],
                  &seed);
    }
    return raster;
}

/* Signature, header, a chunk around the stream, end; of the stream its two bytes and its sum. */
#define AROUND (8 + 25 + 12 + 12 + 6)

/* How many bytes the bands take if each is a frame of its own, but for what is around a stream. */
static size_t size_of_parts(const struct codec_raster *raster)
{
    size_t size = 0;
    for (uint32_t y = 0; y < raster->height; y += BAND_ROWS) {
        struct codec_raster part = *raster;
        part.pixels += (size_t)y * 3 * ACROSS;
        part.height = raster->height - y < BAND_ROWS ? raster->height - y : BAND_ROWS;
        struct codec_buffer out = {0};
        assert_int_equal(codec_png_encode(&part, NULL, &out), DISSOLVE_OK);
        size += out.size - AROUND;
        codec_buffer_free(&out);
    }
    return size;
}

static struct codec_raster make_pair(enum content one, enum content other)
{
    static const uint32_t last[] = {BAND_ROWS, 1, 2, 40};
    const enum content contents[] = {one, one, other, one};
    return make_bands(contents, COUNT(contents), last[(one * CONTENTS + other) % COUNT(last)]);
}

/* Any two contents, one after another and back: at most a thousandth more than each for itself. */
static void bands_take_what_each_alone_takes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CONTENTS * CONTENTS; i++) {
        struct codec_raster raster = make_pair(i / CONTENTS, i % CONTENTS);
        size_t size = check(&raster, CODEC_COMPRESSION_FAST) - AROUND;
        size_t parts = size_of_parts(&raster);
        assert_true(size <= parts + parts / 1000);
        free(pixels_of(&raster));
    }
}

static void all_judges_read_noise_before_anything(void **state)
{
    (void)state;
    static uint8_t answer[CONTENTS * 4 * BAND_BYTES];
    struct codec_buffer input = {0}, expected = {0};
    for (unsigned other = 0; other < CONTENTS; other++) {
        struct codec_raster raster = make_pair(NOISE, other);
        append_file(&input, &raster, CODEC_COMPRESSION_FAST);
        assert_int_equal(codec_buffer_append(&expected, raster.pixels, size_of(&raster)),
                         DISSOLVE_OK);
        free(pixels_of(&raster));
    }
    assert_int_equal(judge(pixels_script, input.data, input.size, answer, sizeof answer),
                     expected.size);
    assert_true(memcmp(answer, expected.data, expected.size) == 0);
    codec_buffer_free(&input);
    codec_buffer_free(&expected);
}

/* A head takes 130 bytes if all bytes occur; a code that fits a little better saves some of it. */
#define HEAD_LEAST 40

/* Of noise one head stands for all, and the end is told by two bytes at most. */
static void noise_goes_on_with_one_code(void **state)
{
    (void)state;
    static const enum content noise[] = {NOISE, NOISE, NOISE, NOISE, NOISE, NOISE};
    static const enum content others[] = {OTHER_NOISE, OTHER_NOISE, OTHER_NOISE,
                                          OTHER_NOISE, OTHER_NOISE, OTHER_NOISE};
    static const uint32_t last[] = {BAND_ROWS, BAND_ROWS / 2, 2, 1};
    for (size_t i = 0; i < COUNT(last) * 2; i++) {
        struct codec_raster raster = make_bands(i % 2 ? others : noise, COUNT(noise), last[i / 2]);
        size_t size = check(&raster, CODEC_COMPRESSION_FAST) - AROUND;
        assert_true(size + (COUNT(noise) - 1) * HEAD_LEAST <= size_of_parts(&raster));
        free(pixels_of(&raster));
    }
}

static void without_memory_matches_are_an_error(void **state)
{
    (void)state;
    struct codec_raster raster = make_tiles(300, 300, 3);
    for (size_t i = 0; i < COUNT(all); i++) {
        const struct codec_png_options options = {.compression = all[i]};
        bool failed = true;
        for (long n = 0; failed; n++) {
            struct codec_buffer out = {0};
            fail_allocation(n);
            enum dissolve_status status = codec_png_encode(&raster, &options, &out);
            failed = allocation_failed();
            assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
            assert_true(failed == (out.size == 0));
            codec_buffer_free(&out);
        }
    }
    free(pixels_of(&raster));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lodepng_reads_random_frames),
        cmocka_unit_test(all_judges_read_all_shapes),
        cmocka_unit_test(noise_is_at_most_a_hundredth_above_its_entropy),
        cmocka_unit_test(flat_frames_are_small),
        cmocka_unit_test(tiles_are_matched),
        cmocka_unit_test(uniform_noise_is_stored),
        cmocka_unit_test(filters_are_chosen),
        cmocka_unit_test(bands_take_what_each_alone_takes),
        cmocka_unit_test(all_judges_read_noise_before_anything),
        cmocka_unit_test(noise_goes_on_with_one_code),
        cmocka_unit_test(without_memory_matches_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
