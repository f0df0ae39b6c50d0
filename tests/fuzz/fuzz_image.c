/* Fuzzes the decoders of PNG and JPEG: with a file as it is and, so that checksums do not keep
 * everything behind them from being reached, with a PNG whose checksums have been set right. */
#include "codec/image.h"

#include "fuzz.h"

#include <libdeflate.h>

enum { MAX_PIXELS = 4096, MAX_RAW = 16 * MAX_PIXELS };

/* ---- checksums set right ---- */

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* The checksum behind a zlib stream, if its deflate stream is sound and not too long. */
static void mend_zlib(uint8_t *stream, size_t size)
{
    static uint8_t raw[MAX_RAW];
    size_t used = 0, got = 0;
    if (size < 6)
        return;
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    CHECK(decompressor);
    enum libdeflate_result result = libdeflate_deflate_decompress_ex(
        decompressor, stream + 2, size - 6, raw, sizeof raw, &used, &got);
    libdeflate_free_decompressor(decompressor);
    if (result == LIBDEFLATE_SUCCESS)
        write32(stream + 2 + used, libdeflate_adler32(1, raw, got));
}

/* Whether there was something to mend. */
static bool mend_png(uint8_t *file, size_t size)
{
    const size_t around = 12; /* length, type and checksum */
    bool mended = false;
    if (size < 8 || memcmp(file, "\x89PNG\r\n\x1a\n", 8) != 0)
        return false;
    for (size_t at = 8; size - at >= around;) {
        size_t length = read32(file + at);
        uint8_t *type = file + at + 4;
        if (length > size - at - around)
            break;
        if (memcmp(type, "IDAT", 4) == 0)
            mend_zlib(type + 4, length);
        uint32_t sum = libdeflate_crc32(0, type, 4 + length);
        mended = mended || sum != read32(type + 4 + length);
        write32(type + 4 + length, sum);
        at += around + length;
    }
    return mended;
}

/* ---- what holds ---- */

static void check_image(const struct codec_image *image)
{
    size_t pixels = (size_t)image->width * image->height, count = 3 * pixels;
    CHECK(image->width > 0 && image->height > 0 && pixels <= MAX_PIXELS);
    CHECK(image->channels == 3 && image->pixels);
    uint8_t *own = fuzz_copy(image->pixels, count); /* they are all there */
    if (image->pixels16) {
        for (size_t i = 0; i < count; i++)
            CHECK(image->pixels16[i] >> 8 == image->pixels[i]);
    }
    free(own);
}

static void check_empty(const struct codec_image *image, const char *detail)
{
    CHECK(!image->pixels && !image->pixels16 && image->width == 0 && image->height == 0);
    CHECK(detail[0] != '\0' && strlen(detail) < CODEC_DETAIL);
}

static bool same_images(const struct codec_image *a, const struct codec_image *b)
{
    size_t count = 3 * (size_t)a->width * a->height;
    return a->width == b->width && a->height == b->height &&
           memcmp(a->pixels, b->pixels, count) == 0 && !a->pixels16 == !b->pixels16 &&
           (!a->pixels16 || memcmp(a->pixels16, b->pixels16, count * sizeof *a->pixels16) == 0);
}

/* One of the two decoders gives the same, the other refuses; a limit just below refuses, too. */
static void check_again(const uint8_t *file, size_t size, const struct codec_image *image)
{
    struct codec_image as_png, as_jpeg, none;
    char detail[CODEC_DETAIL];
    uint64_t pixels = (uint64_t)image->width * image->height;
    enum dissolve_status png = codec_png_decode(file, size, pixels, NULL, &as_png, detail);
    enum dissolve_status jpeg = codec_jpeg_decode(file, size, pixels, NULL, &as_jpeg, detail);
    CHECK((png == DISSOLVE_OK) == (jpeg == DISSOLVE_UNSUPPORTED));
    CHECK((jpeg == DISSOLVE_OK) == (png == DISSOLVE_UNSUPPORTED));
    CHECK(same_images(png == DISSOLVE_OK ? &as_png : &as_jpeg, image));
    CHECK(codec_image_decode(file, size, pixels - 1, NULL, &none, detail) == DISSOLVE_TOO_LARGE);
    check_empty(&none, detail);
    codec_image_free(&as_png);
    codec_image_free(&as_jpeg);
}

/* Grey is a mean: between the least and the greatest of the three, and of grey itself. */
static void check_gray(struct codec_image *image)
{
    size_t pixels = (size_t)image->width * image->height;
    uint8_t *rgb = fuzz_copy(image->pixels, 3 * pixels);
    codec_image_to_gray(image);
    CHECK(image->channels == 1);
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *p = rgb + 3 * i;
        uint8_t least = p[0] < p[1] ? p[0] : p[1], most = p[0] > p[1] ? p[0] : p[1];
        least = p[2] < least ? p[2] : least;
        most = p[2] > most ? p[2] : most;
        CHECK(image->pixels[i] >= least && image->pixels[i] <= most);
        CHECK(!image->pixels16 || image->pixels16[i] >> 8 == image->pixels[i]);
    }
    codec_image_to_gray(image); /* once more changes nothing */
    CHECK(image->channels == 1);
    free(rgb);
}

/* Copies a PNG without its ancillary chunks, but for one that is cut off; returns the size. */
static size_t strip(const uint8_t *file, size_t size, uint8_t *copy)
{
    const size_t around = 12;
    size_t copied = 8, at = 8;
    memcpy(copy, file, 8);
    while (size - at >= around && read32(file + at) <= size - at - around) {
        size_t whole = around + read32(file + at);
        if (!(file[at + 4] & 0x20)) {
            memcpy(copy + copied, file + at, whole);
            copied += whole;
        }
        at += whole;
    }
    if (at < size)
        memcpy(copy + copied, file + at, size - at);
    return copied + size - at;
}

/* Ancillary chunks change neither the pixels nor whether there are any. */
static void check_stripped(const uint8_t *file, size_t size, enum dissolve_status expected,
                           const struct codec_image *image)
{
    struct codec_image again;
    char detail[CODEC_DETAIL];
    if (size < 8 || memcmp(file, "\x89PNG\r\n\x1a\n", 8) != 0)
        return;
    uint8_t *copy = fuzz_copy(file, size);
    size_t stripped = strip(file, size, copy);
    CHECK(codec_png_decode(copy, stripped, MAX_PIXELS, NULL, &again, detail) == expected);
    if (expected == DISSOLVE_OK)
        CHECK(same_images(&again, image));
    codec_image_free(&again);
    free(copy);
}

/* The header tells the size of what is decoded, and an error that it has is the decoder's. */
static void check_probe(const uint8_t *file, size_t size, enum dissolve_status status,
                        const struct codec_image *image)
{
    struct codec_image_info info;
    char detail[CODEC_DETAIL];
    enum dissolve_status probed = codec_image_probe(file, size, MAX_PIXELS, &info, detail);
    if (probed) {
        CHECK(probed == status && info.width == 0 && info.height == 0 && detail[0] != '\0');
        return;
    }
    CHECK(info.width > 0 && info.height > 0 && (uint64_t)info.width * info.height <= MAX_PIXELS);
    CHECK((info.raw_size > 0) != (info.scans > 0));
    CHECK(info.coded_size < size);
    CHECK(status || (info.width == image->width && info.height == image->height &&
                     (info.bits == 16) == (image->pixels16 != NULL)));
}

static void decode(const uint8_t *file, size_t size)
{
    struct codec_image image;
    char detail[CODEC_DETAIL];
    memset(&image, 0xa5, sizeof image);
    enum dissolve_status status = codec_image_decode(file, size, MAX_PIXELS, NULL, &image, detail);
    check_stripped(file, size, status, &image);
    check_probe(file, size, status, &image);
    if (status != DISSOLVE_OK) {
        CHECK(status == DISSOLVE_UNSUPPORTED || status == DISSOLVE_MALFORMED ||
              status == DISSOLVE_TOO_LARGE);
        check_empty(&image, detail);
        return;
    }
    check_image(&image);
    check_again(file, size, &image);
    check_gray(&image);
    codec_image_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode(data, size);
    uint8_t *copy = fuzz_copy(data, size);
    if (mend_png(copy, size))
        decode(copy, size);
    free(copy);
    return 0;
}
