/* PNG in: lodepng reads the chunks, libdeflate inflates; nothing else in C++ than Debian's header.
 */
#include "image.h"

#include <libdeflate.h>
#include <lodepng.h>
#include <stdlib.h>
#include <string.h>

namespace
{

/* The errors of lodepng that are not the file's fault. */
enum { LODEPNG_NO_MEMORY = 83, LODEPNG_OVERFLOW = 92 };

/* And the one that tells of a wrong checksum. */
enum { LODEPNG_WRONG_CRC = 57 };

/* The most bytes that one byte of deflate can stand for: 258 in two bits. */
constexpr size_t MAX_EXPANSION = 1032;

/* The largest width and height that PNG allows. */
constexpr unsigned MAX_SIDE = 0x7fffffff;

constexpr char out_of_memory[] = "There is not enough memory to decode the image.";

/* What the inflating function is told, and where it says what went wrong. */
struct inflating {
    size_t raw_size;
    const codec_cancel *cancel;
    enum dissolve_status *status;
    const char **problem;
};

const char *inflate_problem(enum libdeflate_result result)
{
    if (result == LIBDEFLATE_SHORT_OUTPUT)
        return "The PNG's image data ends before the last row.";
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
        return "The PNG's image data is longer than the size in its header.";
    return "The PNG's compressed image data is broken.";
}

enum dissolve_status inflate_exactly(uint8_t *raw, size_t raw_size, const uint8_t *in,
                                     size_t in_size, const char **problem)
{
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return DISSOLVE_NO_MEMORY;
    size_t used = 0;
    enum libdeflate_result result =
        libdeflate_zlib_decompress_ex(decompressor, in, in_size, raw, raw_size, &used, NULL);
    libdeflate_free_decompressor(decompressor);
    if (result != LIBDEFLATE_SUCCESS) {
        *problem = inflate_problem(result);
        return DISSOLVE_MALFORMED;
    }
    if (used != in_size) {
        *problem = "The PNG has bytes behind its compressed image data.";
        return DISSOLVE_MALFORMED;
    }
    return DISSOLVE_OK;
}

/* What can take longest is not begun, and what follows it neither, if nobody wants it any more. */
enum dissolve_status inflate_image(uint8_t *raw, size_t raw_size, const uint8_t *in, size_t in_size,
                                   const inflating *context)
{
    if (!codec_is_cancelled(context->cancel)) {
        enum dissolve_status status = inflate_exactly(raw, raw_size, in, in_size, context->problem);
        if (status || !codec_is_cancelled(context->cancel))
            return status;
    }
    *context->problem = CODEC_CANCELLED;
    return DISSOLVE_CANCELLED;
}

/*
 * lodepng's custom_zlib. It is called for the image data, and for a colour profile, which is told
 * by max_icc_size = 1: no image is that short. A profile is of no use here and is not inflated; one
 * byte, which lodepng insists on, stands for it. lodepng frees *out with free().
 */
unsigned inflate(unsigned char **out, size_t *out_size, const unsigned char *in, size_t in_size,
                 const LodePNGDecompressSettings *settings)
{
    const inflating *context = static_cast<const inflating *>(settings->custom_context);
    bool profile = settings->max_output_size == 1;
    size_t size = profile ? 1 : context->raw_size;
    if (!profile && size / MAX_EXPANSION > in_size) {
        *context->status = DISSOLVE_MALFORMED;
        *context->problem = inflate_problem(LIBDEFLATE_SHORT_OUTPUT);
        return 1;
    }
    unsigned char *raw = static_cast<unsigned char *>(malloc(size));
    enum dissolve_status status = DISSOLVE_OK;
    if (!raw)
        status = DISSOLVE_NO_MEMORY;
    else if (profile)
        raw[0] = 0;
    else
        status = inflate_image(raw, size, in, in_size, context);
    if (status) {
        *context->status = status;
        free(raw);
        return 1;
    }
    *out = raw;
    *out_size = size;
    return 0;
}

/* Adds the bytes of a picture of that size, each row behind its filter byte. False: too many. */
bool add_rows(size_t *total, size_t width, size_t height, size_t bits)
{
    size_t row;
    size_t rows;
    if (width == 0 || height == 0)
        return true;
    if (__builtin_mul_overflow(width, bits, &row) || __builtin_add_overflow(row, 7, &row) ||
        __builtin_mul_overflow(row / 8 + 1, height, &rows))
        return false;
    return !__builtin_add_overflow(*total, rows, total);
}

/* The exact size of the inflated image data. False: more than a size_t holds. */
bool raw_size(const LodePNGInfo *info, size_t width, size_t height, size_t *size)
{
    /* Of Adam7's passes: the first column and row, and how many columns and rows apart. */
    static const unsigned char passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8},
                                               {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2},
                                               {0, 1, 1, 2}};
    size_t bits = lodepng_get_bpp(&info->color);
    *size = 0;
    if (info->interlace_method == 0)
        return add_rows(size, width, height, bits);
    for (const unsigned char *pass : passes) {
        size_t columns = (width + pass[2] - 1 - pass[0]) / pass[2];
        size_t rows = (height + pass[3] - 1 - pass[1]) / pass[3];
        if (!add_rows(size, columns, rows, bits))
            return false;
    }
    return true;
}

enum dissolve_status broken(unsigned error, char detail[CODEC_DETAIL])
{
    if (error == LODEPNG_NO_MEMORY)
        return codec_refuse(detail, DISSOLVE_NO_MEMORY, out_of_memory);
    if (error == LODEPNG_OVERFLOW)
        return codec_refuse(detail, DISSOLVE_TOO_LARGE, "The PNG is too large for this machine.");
    return codec_refuse(detail, DISSOLVE_MALFORMED, "The PNG is broken: %s.",
                        lodepng_error_text(error));
}

/* Checks the header, and finds the size of the image data. */
enum dissolve_status inspect(LodePNGState *state, const uint8_t *bytes, size_t size,
                             uint64_t max_pixels, size_t *raw, char detail[CODEC_DETAIL])
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size < sizeof signature || memcmp(bytes, signature, sizeof signature) != 0)
        return codec_refuse(detail, DISSOLVE_UNSUPPORTED, "The image is not a PNG file.");
    unsigned width;
    unsigned height;
    unsigned error = lodepng_inspect(&width, &height, state, bytes, size);
    if (error)
        return broken(error, detail);
    if (width > MAX_SIDE || height > MAX_SIDE)
        return codec_refuse(detail, DISSOLVE_MALFORMED,
                            "The PNG's width or height is out of range.");
    if (static_cast<uint64_t>(width) * height > max_pixels)
        return codec_refuse(detail, DISSOLVE_TOO_LARGE,
                            "The PNG has %u x %u pixels; the limit is %llu.", width, height,
                            static_cast<unsigned long long>(max_pixels));
    if (!raw_size(&state->info_png, width, height, raw))
        return broken(LODEPNG_OVERFLOW, detail);
    return DISSOLVE_OK;
}

uint32_t read32(const uint8_t *bytes)
{
    return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
           static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

/*
 * Whether the checksums of all chunks are right: by libdeflate, for lodepng's own check takes a
 * fifth of a photo's decoding. A chunk that is cut off is left for lodepng to find.
 */
bool checksums_match(const uint8_t *bytes, size_t size)
{
    constexpr size_t around = 12; /* length, type and checksum */
    size_t at = 8;
    while (size - at >= around) {
        size_t length = read32(bytes + at);
        if (length > size - at - around)
            return true;
        const uint8_t *type = bytes + at + 4;
        if (libdeflate_crc32(0, type, 4 + length) != read32(type + 4 + length))
            return false;
        if (memcmp(type, "IEND", 4) == 0)
            return true;
        at += around + length;
    }
    return true;
}

/* Decodes to RGB of `depth` bits, 16 or 8. *pixels is the caller's to free. */
enum dissolve_status decode(LodePNGState *state, const uint8_t *bytes, size_t size, unsigned depth,
                            size_t raw, const codec_cancel *cancel, struct codec_image *image,
                            uint8_t **pixels, char detail[CODEC_DETAIL])
{
    enum dissolve_status status = DISSOLVE_OK;
    const char *problem = NULL;
    const inflating context = {raw, cancel, &status, &problem};
    state->decoder.zlibsettings.custom_zlib = inflate;
    state->decoder.zlibsettings.custom_context = &context;
    state->decoder.zlibsettings.max_output_size = raw;
    state->decoder.max_icc_size = 1;
    state->decoder.ignore_crc = 1; /* checked */
    state->info_raw.colortype = LCT_RGB;
    state->info_raw.bitdepth = depth;
    unsigned error = lodepng_decode(pixels, &image->width, &image->height, state, bytes, size);
    if (status)
        return codec_refuse(detail, status, "%s", problem ? problem : out_of_memory);
    return error ? broken(error, detail) : DISSOLVE_OK;
}

/* Makes pixels16 of big-endian values in place, and pixels of their high bytes. */
enum dissolve_status split(uint8_t *values, struct codec_image *image)
{
    size_t count = static_cast<size_t>(image->width) * image->height * 3;
    image->pixels16 = reinterpret_cast<uint16_t *>(values);
    image->pixels = static_cast<uint8_t *>(malloc(count));
    if (!image->pixels)
        return DISSOLVE_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        uint8_t high = values[2 * i];
        image->pixels16[i] = static_cast<uint16_t>(high << 8 | values[2 * i + 1]);
        image->pixels[i] = high;
    }
    return DISSOLVE_OK;
}

} // namespace

extern "C" enum dissolve_status codec_png_decode(const uint8_t *bytes, size_t size,
                                                 uint64_t max_pixels,
                                                 const struct codec_cancel *cancel,
                                                 struct codec_image *image,
                                                 char detail[CODEC_DETAIL])
{
    LodePNGState state;
    uint8_t *pixels = NULL;
    size_t raw = 0;
    *image = codec_image{};
    detail[0] = '\0';
    lodepng_state_init(&state);
    state.decoder.read_text_chunks = 0;
    state.decoder.remember_unknown_chunks = 0;
    enum dissolve_status status = inspect(&state, bytes, size, max_pixels, &raw, detail);
    bool deep = state.info_png.color.bitdepth == 16;
    if (!status && !checksums_match(bytes, size))
        status = broken(LODEPNG_WRONG_CRC, detail);
    if (!status)
        status = decode(&state, bytes, size, deep ? 16 : 8, raw, cancel, image, &pixels, detail);
    lodepng_state_cleanup(&state);
    image->channels = 3;
    if (status) {
        free(pixels);
    } else if (deep) {
        status = split(pixels, image);
        if (status)
            status = codec_refuse(detail, status, out_of_memory);
    } else {
        image->pixels = pixels;
    }
    if (status)
        codec_image_free(image);
    return status;
}
