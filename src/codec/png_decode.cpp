/* PNG in: the chunks and the inflating are ours, lodepng undoes filters and interlacing and
 * converts to RGB; nothing else in C++ than Debian's header. */
#include "image.h"
#include "png_chunks.h"
#include "png_inflate.h"

#include <lodepng.h>
#include <stdlib.h>
#include <string.h>

namespace
{

/* The errors of lodepng that are left once chunks and image data are checked. */
enum { LODEPNG_FILTER_TYPE = 36, LODEPNG_NO_MEMORY = 83, LODEPNG_OVERFLOW = 92 };

/* A chunk's length, type and CRC. */
constexpr size_t AROUND = 12;

constexpr char not_png[] = "The image is not a PNG file.";
constexpr char out_of_memory[] = "There is not enough memory to decode the image.";

/* A PNG file without its image data. */
struct small_file {
    uint8_t bytes[8 + (AROUND + 13) + (AROUND + 3 * 256) + 2 * AROUND];
    size_t size;
};

/* Adds a chunk of less than 64 KiB, with a CRC of 0. */
void add_chunk(small_file *file, const char *type, const uint8_t *data, size_t size)
{
    uint8_t *at = file->bytes + file->size;
    at[2] = static_cast<uint8_t>(size >> 8);
    at[3] = static_cast<uint8_t>(size);
    memcpy(at + 4, type, 4);
    if (size > 0)
        memcpy(at + 8, data, size);
    file->size += size + AROUND;
}

/* Makes a file of the same header and palette, whose IDAT is empty. */
void make_small_file(const codec_png_chunks *chunks, small_file *file)
{
    *file = small_file{};
    memcpy(file->bytes, "\x89PNG\r\n\x1a\n", 8);
    file->size = 8;
    add_chunk(file, "IHDR", chunks->header, 13);
    if (chunks->palette)
        add_chunk(file, "PLTE", chunks->palette, chunks->palette_size);
    add_chunk(file, "IDAT", NULL, 0);
    add_chunk(file, "IEND", NULL, 0);
}

/* The inflated image data, until lodepng takes it. */
struct inflated {
    uint8_t *raw;
    size_t size;
};

/* lodepng's custom_zlib: instead of inflating, hands over what is inflated; lodepng frees it. */
unsigned hand_over(unsigned char **out, size_t *out_size, const unsigned char *, size_t,
                   const LodePNGDecompressSettings *settings)
{
    /* lodepng has the context as a pointer to const. */
    inflated *data = static_cast<inflated *>(const_cast<void *>(settings->custom_context));
    *out = data->raw;
    *out_size = data->size;
    data->raw = NULL;
    return 0;
}

enum dissolve_status explain(unsigned error, char detail[CODEC_DETAIL])
{
    switch (error) {
    case 0:
        return DISSOLVE_OK;
    case LODEPNG_FILTER_TYPE:
        return codec_refuse(
            detail, DISSOLVE_MALFORMED,
            "The PNG is broken: a row has an unknown filter type; PNG defines 0 to 4.");
    case LODEPNG_NO_MEMORY:
        return codec_refuse(detail, DISSOLVE_NO_MEMORY, out_of_memory);
    case LODEPNG_OVERFLOW:
        return codec_refuse(detail, DISSOLVE_TOO_LARGE, "The PNG is too large for this machine.");
    default:
        return codec_refuse(detail, DISSOLVE_MALFORMED,
                            "The PNG is broken: its rows cannot be decoded.");
    }
}

/*
 * Makes RGB of 16 or 8 bits of the inflated data, which is freed. *pixels is the caller's to free.
 * lodepng reads a small file, so that it need not copy the image data, and sees no other chunk.
 */
enum dissolve_status convert(const codec_png_chunks *chunks, uint8_t *raw, uint8_t **pixels,
                             codec_image *image, char detail[CODEC_DETAIL])
{
    inflated data = {raw, chunks->raw_size};
    small_file file;
    LodePNGState state;
    make_small_file(chunks, &file);
    lodepng_state_init(&state);
    state.decoder.zlibsettings.custom_zlib = hand_over;
    state.decoder.zlibsettings.custom_context = &data;
    state.decoder.ignore_crc = 1;
    state.info_raw.colortype = LCT_RGB;
    state.info_raw.bitdepth = chunks->depth == 16 ? 16 : 8;
    unsigned error =
        lodepng_decode(pixels, &image->width, &image->height, &state, file.bytes, file.size);
    lodepng_state_cleanup(&state);
    free(data.raw);
    return explain(error, detail);
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

/* Decodes what follows the signature. On an error, *image may own pixels. */
enum dissolve_status decode(codec_png_chunks *chunks, const codec_cancel *cancel,
                            codec_image *image, char detail[CODEC_DETAIL])
{
    uint8_t *raw;
    uint8_t *pixels = NULL;
    enum dissolve_status status = codec_png_inflate(chunks, cancel, &raw, detail);
    codec_png_chunks_drop_data(chunks);
    if (status)
        return status;
    bool deep = chunks->depth == 16;
    status = convert(chunks, raw, &pixels, image, detail);
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
    return status;
}

uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/*
 * The most that decoding allocates: the data of several chunks as one stream until it is inflated,
 * which is at most the file; rows behind their filter bytes until they are rows of pixels; those
 * until they are RGB; 16 bits a channel until 8 are made of them. All else is small.
 */
uint64_t memory_of(const codec_png_chunks *chunks, size_t size)
{
    constexpr uint64_t small = 64 << 10, most = UINT64_MAX / 32;
    uint64_t pixels = static_cast<uint64_t>(chunks->width) * chunks->height;
    uint64_t rows = chunks->raw_size, bytes = chunks->depth == 16 ? 6 : 3;
    bool is_rgb = chunks->colour == 2 && chunks->depth >= 8;
    if (pixels > most || rows > most || size > most)
        return UINT64_MAX;
    uint64_t memory = rows + larger(rows, size); /* a file's pixels are fewer bytes than its rows */
    if (!is_rgb)
        memory = larger(memory, rows + bytes * pixels);
    if (chunks->depth == 16)
        memory = larger(memory, 9 * pixels);
    return memory + small;
}

bool has_signature(const uint8_t *bytes, size_t size)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return size >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0;
}

} // namespace

extern "C" enum dissolve_status codec_png_probe(const uint8_t *bytes, size_t size,
                                                uint64_t max_pixels, struct codec_image_info *info,
                                                char detail[CODEC_DETAIL])
{
    *info = codec_image_info{};
    detail[0] = '\0';
    if (!has_signature(bytes, size))
        return codec_refuse(detail, DISSOLVE_UNSUPPORTED, "%s", not_png);
    codec_png_chunks chunks;
    enum dissolve_status status =
        codec_png_chunks_read_header(bytes, size, max_pixels, &chunks, detail);
    if (status)
        return status;
    info->width = chunks.width;
    info->height = chunks.height;
    info->bits = chunks.depth == 16 ? 16 : 8;
    info->raw_size = chunks.raw_size;
    info->memory = memory_of(&chunks, size);
    return DISSOLVE_OK;
}

extern "C" enum dissolve_status codec_png_decode(const uint8_t *bytes, size_t size,
                                                 uint64_t max_pixels,
                                                 const struct codec_cancel *cancel,
                                                 struct codec_image *image,
                                                 char detail[CODEC_DETAIL])
{
    *image = codec_image{};
    detail[0] = '\0';
    if (!has_signature(bytes, size))
        return codec_refuse(detail, DISSOLVE_UNSUPPORTED, "%s", not_png);
    codec_png_chunks chunks;
    enum dissolve_status status = codec_png_chunks_read(bytes, size, max_pixels, &chunks, detail);
    if (!status)
        status = decode(&chunks, cancel, image, detail);
    codec_png_chunks_free(&chunks);
    if (status)
        codec_image_free(image);
    return status;
}
