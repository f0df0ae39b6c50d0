/* Fuzzes the writer of PNG and animated PNG: rasters and options from the input, read back by
 * lodepng with its own inflate, and by our reader. */
#include "codec/image.h"
#include "codec/png_compress.h"
#include "fuzz.h"
#include "lodepng_own.h"

#include <libdeflate.h>
#include <limits.h>

enum { MAX_FRAMES = 3, MAX_VALUES = 1 << 17, CHUNK_AROUND = 12 };

struct subject {
    struct codec_raster raster;
    uint8_t *pixels;
    size_t count; /* of values in a frame */
    struct codec_png_options options;
    char *keyword, *text;
    uint32_t frames;
    uint32_t delay;
    struct fuzz_bytes paint; /* what the pixels are made of */
};

/* ---- made of the input ---- */

/* Bytes as they are, over and over, in gradients, with noise, and runs, by the first byte. Few
 * branches: libFuzzer takes note of each. */
static void paint(struct subject *subject, uint32_t frame)
{
    struct fuzz_bytes bytes = subject->paint;
    unsigned way = fuzz_byte(&bytes) % 5;
    const uint8_t none = 0;
    if (bytes.size == 0)
        bytes = (struct fuzz_bytes){&none, 1};
    uint32_t state = frame + 1;
    uint32_t noise = way == 3 ? 7 : way == 4 ? 255 : 0; /* masks */
    uint32_t slope = way == 2 ? 1 : 0;
    size_t copied = way == 0 && bytes.size < subject->count ? bytes.size : subject->count;
    for (size_t i = 0, k = 0; i < copied; i++, k = k + 1 < bytes.size ? k + 1 : 0) {
        state = state * 1664525 + 1013904223;
        subject->pixels[i] = (uint8_t)(bytes.data[k] * (1 + slope * (uint32_t)i / 16) + frame +
                                       (state >> 24 & noise));
    }
    memset(subject->pixels + copied, (int)(frame & 255), subject->count - copied);
}

static void make(struct fuzz_bytes left, struct subject *subject)
{
    uint32_t width = fuzz_short(&left) % 700 + 1, height = fuzz_short(&left) % 700 + 1;
    uint8_t flags = fuzz_byte(&left);
    unsigned channels = flags & 1 ? 3 : 1;
    size_t most = (size_t)MAX_VALUES >> fuzz_byte(&left) % 16; /* one band, mostly */
    if (width > most / channels)
        width = (uint32_t)most / channels;
    if (height > most / channels / width)
        height = (uint32_t)most / channels / width;
    *subject = (struct subject){.count = (size_t)width * height * channels,
                                .frames = (uint32_t)((flags >> 1 & 3) % MAX_FRAMES) + 1,
                                .delay = fuzz_short(&left)};
    /* Hard work is seldom asked for, and of a small frame. */
    bool best = subject->count < MAX_VALUES / 32 && (flags >> 3 & 3) == 2;
    subject->options.compression = best                    ? CODEC_COMPRESSION_BEST
                                   : (flags >> 3 & 3) == 1 ? CODEC_COMPRESSION_NONE
                                                           : CODEC_COMPRESSION_FAST;
    subject->keyword = fuzz_line(&left);
    subject->text = fuzz_line(&left);
    subject->options.keyword = subject->keyword;
    subject->options.text = flags & 32 ? subject->text : NULL;
    subject->pixels = fuzz_room(subject->count);
    subject->raster = (struct codec_raster){
        .width = width, .height = height, .channels = channels, .pixels = subject->pixels};
    subject->paint = left;
}

/* ---- what holds ---- */

/* The words of the PNG specification: 1..79 characters of Latin-1, spaces only single and inside.
 */
static bool is_keyword(const char *keyword)
{
    size_t size = strlen(keyword);
    if (size < 1 || size > 79 || keyword[0] == ' ' || keyword[size - 1] == ' ' ||
        strstr(keyword, "  "))
        return false;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)keyword[i];
        if (c < 32 || (c > 126 && c < 161))
            return false;
    }
    return true;
}

static void check_pixels(const struct subject *subject, const uint8_t *file, size_t size)
{
    uint8_t *pixels = NULL;
    unsigned width = 0, height = 0;
    const struct codec_raster *raster = &subject->raster;
    unsigned error = lodepng_own_decode(file, size, raster->channels, &pixels, &width, &height);
    CHECK(error == 0 && width == raster->width && height == raster->height);
    CHECK(memcmp(pixels, subject->pixels, subject->count) == 0);
    free(pixels);
}

/* Our own reader, of RGB and of grey alike. */
static void check_reader(const struct subject *subject, const uint8_t *file, size_t size)
{
    struct codec_image image;
    char detail[CODEC_DETAIL];
    CHECK(codec_image_decode(file, size, MAX_VALUES, NULL, &image, detail) == DISSOLVE_OK);
    if (subject->raster.channels == 1)
        codec_image_to_gray(&image);
    CHECK(memcmp(image.pixels, subject->pixels, subject->count) == 0);
    codec_image_free(&image);
}

/* The stream alone, into as much room as its bound says. */
static size_t check_bound(const struct subject *subject)
{
    size_t bound = 0, written = 0;
    CHECK(codec_png_bound(&subject->raster, INT_MAX, &bound) == DISSOLVE_OK);
    uint8_t *out = fuzz_room(bound);
    CHECK(codec_png_compress(&subject->raster, subject->options.compression, NULL, out, bound,
                             &written) == DISSOLVE_OK);
    CHECK(written > 0 && written <= bound);
    free(out);
    return written;
}

static void check_still(const struct subject *subject)
{
    struct codec_buffer file = {0};
    bool sound = !subject->options.text || is_keyword(subject->keyword);
    enum dissolve_status status = codec_png_encode(&subject->raster, &subject->options, &file);
    CHECK(status == (sound ? DISSOLVE_OK : DISSOLVE_INVALID));
    if (sound) {
        size_t text = subject->options.text
                          ? CHUNK_AROUND + strlen(subject->keyword) + 1 + strlen(subject->text)
                          : 0;
        CHECK(file.size == 8 + 25 + text + CHUNK_AROUND + check_bound(subject) + CHUNK_AROUND);
        check_pixels(subject, file.data, file.size);
        check_reader(subject, file.data, file.size);
    } else {
        CHECK(file.size == 0);
    }
    codec_buffer_free(&file);
}

/* ---- animations ---- */

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static const uint8_t *find_chunk(const struct codec_buffer *file, size_t from, const char *type)
{
    for (size_t at = from; at + CHUNK_AROUND <= file->size;
         at += CHUNK_AROUND + read32(file->data + at)) {
        if (memcmp(file->data + at + 4, type, 4) == 0)
            return file->data + at;
    }
    return NULL;
}

static void put(struct codec_buffer *out, const void *bytes, size_t size)
{
    CHECK(codec_buffer_append(out, bytes, size) == DISSOLVE_OK);
}

/* A frame's data as a PNG of its own. */
static void check_frame(const struct subject *subject, const struct codec_buffer *file,
                        const uint8_t *chunk, size_t skipped)
{
    struct codec_buffer still = {0};
    struct codec_image image;
    char detail[CODEC_DETAIL];
    uint32_t length = read32(chunk) - (uint32_t)skipped;
    const uint8_t head[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16),
                             (uint8_t)(length >> 8), (uint8_t)length};
    put(&still, file->data, 8 + 25);
    put(&still, head, 4);
    put(&still, "IDAT", 4);
    put(&still, chunk + 8 + skipped, length);
    uint32_t sum = libdeflate_crc32(0, still.data + 8 + 25 + 4, (size_t)length + 4);
    const uint8_t tail[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                             (uint8_t)sum};
    put(&still, tail, 4);
    put(&still, "\0\0\0\0IEND\xae\x42\x60\x82", CHUNK_AROUND);
    check_pixels(subject, still.data, still.size);
    CHECK(codec_png_decode(still.data, still.size, MAX_VALUES, NULL, &image, detail) ==
          DISSOLVE_OK);
    codec_image_free(&image);
    codec_buffer_free(&still);
}

/* The frames go in one after another; the last one that was put in is looked at. */
static void check_animation(struct subject *subject)
{
    struct codec_buffer file = {0};
    const struct codec_raster *raster = &subject->raster;
    struct codec_png_options options = subject->options;
    enum dissolve_status status = codec_apng_head(raster->width, raster->height, raster->channels,
                                                  subject->frames, &options, &file);
    CHECK(status == DISSOLVE_OK || (options.text && !is_keyword(subject->keyword)));
    options.text = NULL;
    for (uint32_t i = 0; status == DISSOLVE_OK && i < subject->frames; i++) {
        size_t before = file.size;
        paint(subject, i);
        CHECK(codec_apng_frame(raster, i, subject->delay, &options, &file) == DISSOLVE_OK);
        CHECK(find_chunk(&file, before, "fcTL") == file.data + before);
        const uint8_t *chunk = find_chunk(&file, before, i == 0 ? "IDAT" : "fdAT");
        CHECK(chunk);
        check_frame(subject, &file, chunk, i == 0 ? 0 : 4);
    }
    if (status == DISSOLVE_OK) {
        CHECK(codec_apng_tail(&file) == DISSOLVE_OK);
        paint(subject, 0);
        check_pixels(subject, file.data, file.size); /* the default image */
        check_reader(subject, file.data, file.size);
    }
    codec_buffer_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct subject subject;
    make((struct fuzz_bytes){data, size}, &subject);
    paint(&subject, 0);
    check_still(&subject);
    if (subject.frames > 1)
        check_animation(&subject);
    free(subject.pixels);
    free(subject.keyword);
    free(subject.text);
    return 0;
}
