/* The chunks of a PNG file: finds what decoding needs, checks it, and leaves out the rest. */
#include "png_chunks.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNATURE = 8, NAME = 4, BEFORE_DATA = 8, CRC = 4, HEADER = 13, MAX_PALETTE = 3 * 256 };

/* The largest width and height that PNG allows. */
#define MAX_SIDE 0x7fffffff

/* The most bytes of a pixel, in a file or in memory: four channels of 16 bits. */
#define MAX_PIXEL ((size_t)8)

static const char cut_off[] =
    "The PNG is cut off before its image data is complete; send the whole file.";
static const char wrong_crc[] =
    "The PNG is broken: an IDAT chunk has a wrong CRC, so its image data "
    "is damaged; send an undamaged copy.";
static const char no_chunk[] =
    "The PNG is broken: a damaged chunk stands where image data (IDAT) is "
    "missing; send an undamaged copy.";

struct reader {
    const uint8_t *bytes;
    size_t size;
    size_t at; /* of the next chunk */
    size_t data_at;
    size_t data_chunks; /* IDAT chunks that are not empty */
    bool data_begun;    /* an IDAT was there */
    bool ended;         /* nothing more is read */
    struct codec_png_chunks *chunks;
    char *detail;
};

struct chunk {
    const uint8_t *name;
    const uint8_t *data;
    size_t size;
    bool crc_present;
};

static uint32_t read32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Reads the next chunk, whose CRC may be cut off. False: its data is cut off, or there is none. */
static bool read_chunk(struct reader *reader, struct chunk *chunk)
{
    size_t left = reader->size - reader->at;
    if (left < BEFORE_DATA)
        return false;
    chunk->name = reader->bytes + reader->at + BEFORE_DATA - NAME;
    chunk->data = chunk->name + NAME;
    chunk->size = read32(reader->bytes + reader->at);
    left -= BEFORE_DATA;
    if (chunk->size > left)
        return false;
    left -= chunk->size;
    chunk->crc_present = left >= CRC;
    reader->at = reader->size - left + (chunk->crc_present ? CRC : left);
    return true;
}

static bool has_name(const struct chunk *chunk, const char *name)
{
    return memcmp(chunk->name, name, NAME) == 0;
}

/* Bit 5 of the first byte, which is the difference between a small and a capital letter. */
static bool is_ancillary(const struct chunk *chunk)
{
    return (chunk->name[0] & 0x20) != 0;
}

static bool has_letters(const struct chunk *chunk)
{
    for (int i = 0; i < NAME; i++) {
        unsigned capital = chunk->name[i] & ~0x20u;
        if (capital < 'A' || capital > 'Z')
            return false;
    }
    return true;
}

static bool crc_matches(const struct chunk *chunk)
{
    return chunk->crc_present && libdeflate_crc32(0, chunk->name, NAME + chunk->size) ==
                                     read32(chunk->data + chunk->size);
}

static enum dissolve_status refuse_crc(struct reader *reader, const struct chunk *chunk)
{
    if (!chunk->crc_present)
        return codec_refuse(reader->detail, DISSOLVE_MALFORMED, cut_off);
    if (!has_letters(chunk))
        return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                            "The PNG is broken: there is no chunk where one should begin; send an "
                            "undamaged copy.");
    return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                        "The PNG is broken: the CRC of its chunk %.4s is wrong; send an undamaged "
                        "copy.",
                        (const char *)chunk->name);
}

/* A critical chunk that is none of IHDR, PLTE, IDAT and IEND, or is out of place. */
static enum dissolve_status refuse_critical(struct reader *reader, const struct chunk *chunk)
{
    if (!crc_matches(chunk))
        return refuse_crc(reader, chunk);
    if (has_name(chunk, "CgBI"))
        return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                            "This is an iOS-optimized PNG (CgBI), which is not a standard PNG; "
                            "convert it to a standard PNG.");
    if (has_name(chunk, "IHDR"))
        return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                            "The PNG is broken: it has more than one header (IHDR).");
    if (!has_letters(chunk))
        return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                            "The PNG is broken: a critical chunk's name is not four letters.");
    return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                        "The PNG has a critical chunk %.4s, which PNG does not define; convert it "
                        "to a standard PNG.",
                        (const char *)chunk->name);
}

/* ---- the header ---- */

static unsigned channels_of(unsigned colour)
{
    static const unsigned char channels[7] = {1, 0, 3, 1, 2, 0, 4};
    return colour < sizeof channels ? channels[colour] : 0;
}

static bool depth_fits(unsigned depth, unsigned colour)
{
    if (depth == 8)
        return true;
    if (depth == 16)
        return colour != 3;
    return (depth == 1 || depth == 2 || depth == 4) && (colour == 0 || colour == 3);
}

/* Adds the bytes of a picture of that size, each row behind its filter byte. False: too many. */
static bool add_rows(size_t *total, size_t width, size_t height, size_t bits)
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

/* Finds the exact size of the inflated image data. False: it or the pixels overflow a size_t. */
static bool find_raw_size(struct codec_png_chunks *chunks, bool interlaced)
{
    /* Of Adam7's passes: the first column and row, and how many columns and rows apart. */
    static const unsigned char passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8},
                                               {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2},
                                               {0, 1, 1, 2}};
    size_t width = chunks->width;
    size_t height = chunks->height;
    size_t bits = (size_t)channels_of(chunks->colour) * chunks->depth;
    size_t pixels;
    chunks->raw_size = 0;
    if (__builtin_mul_overflow(width, MAX_PIXEL * height, &pixels))
        return false;
    if (!interlaced)
        return add_rows(&chunks->raw_size, width, height, bits);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        const unsigned char *pass = passes[i];
        size_t columns = (width + pass[2] - 1 - pass[0]) / pass[2];
        size_t rows = (height + pass[3] - 1 - pass[1]) / pass[3];
        if (!add_rows(&chunks->raw_size, columns, rows, bits))
            return false;
    }
    return true;
}

static enum dissolve_status check_size(struct reader *reader, uint64_t max_pixels)
{
    struct codec_png_chunks *chunks = reader->chunks;
    if (chunks->width - 1 >= MAX_SIDE || chunks->height - 1 >= MAX_SIDE)
        return codec_refuse(
            reader->detail, DISSOLVE_MALFORMED,
            "The PNG is broken: its width or height is out of range; PNG allows 1 to "
            "%d.",
            MAX_SIDE);
    if ((uint64_t)chunks->width * chunks->height > max_pixels)
        return codec_refuse(reader->detail, DISSOLVE_TOO_LARGE,
                            "The PNG has %u x %u pixels; the limit is %llu.", chunks->width,
                            chunks->height, (unsigned long long)max_pixels);
    if (!find_raw_size(chunks, chunks->header[12] == 1))
        return codec_refuse(reader->detail, DISSOLVE_TOO_LARGE,
                            "The PNG is too large for this machine.");
    return DISSOLVE_OK;
}

static enum dissolve_status check_methods(struct reader *reader, const uint8_t methods[3])
{
    static const char *const names[3] = {"compression", "filter", "interlace"};
    static const char *const defined[3] = {"only 0", "only 0", "0 and 1"};
    static const unsigned char most[3] = {0, 0, 1};
    for (int i = 0; i < 3; i++) {
        if (methods[i] > most[i])
            return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                                "The PNG is broken: its %s method is %u; PNG defines %s.", names[i],
                                methods[i], defined[i]);
    }
    return DISSOLVE_OK;
}

static enum dissolve_status parse_header(struct reader *reader, const struct chunk *chunk,
                                         uint64_t max_pixels)
{
    struct codec_png_chunks *chunks = reader->chunks;
    if (!crc_matches(chunk))
        return refuse_crc(reader, chunk);
    if (chunk->size != HEADER)
        return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                            "The PNG is broken: its header (IHDR) has %zu bytes instead of %d.",
                            chunk->size, HEADER);
    chunks->header = chunk->data;
    chunks->width = read32(chunk->data);
    chunks->height = read32(chunk->data + 4);
    chunks->depth = chunk->data[8];
    chunks->colour = chunk->data[9];
    if (channels_of(chunks->colour) == 0)
        return codec_refuse(
            reader->detail, DISSOLVE_MALFORMED,
            "The PNG is broken: its colour type is %u; PNG defines 0, 2, 3, 4 and 6.",
            chunks->colour);
    if (!depth_fits(chunks->depth, chunks->colour))
        return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                            "The PNG is broken: its bit depth %u does not go with its colour type "
                            "%u.",
                            chunks->depth, chunks->colour);
    enum dissolve_status status = check_methods(reader, chunk->data + 10);
    return status ? status : check_size(reader, max_pixels);
}

static enum dissolve_status read_header(struct reader *reader, uint64_t max_pixels)
{
    struct chunk chunk;
    while (read_chunk(reader, &chunk)) {
        if (has_name(&chunk, "IHDR"))
            return parse_header(reader, &chunk, max_pixels);
        if (has_name(&chunk, "PLTE") || has_name(&chunk, "IDAT") || has_name(&chunk, "IEND"))
            return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                                "The PNG is broken: it has no header (IHDR) before its %.4s.",
                                (const char *)chunk.name);
        if (!is_ancillary(&chunk))
            return refuse_critical(reader, &chunk);
    }
    return codec_refuse(reader->detail, DISSOLVE_MALFORMED, cut_off);
}

/* ---- the chunks behind the header ---- */

static void end_reading(struct reader *reader, const char *incomplete)
{
    reader->ended = true;
    reader->chunks->incomplete = incomplete;
}

static enum dissolve_status read_palette(struct reader *reader, const struct chunk *chunk)
{
    if (reader->chunks->colour != 3 || reader->data_begun)
        return DISSOLVE_OK;
    if (!crc_matches(chunk))
        return refuse_crc(reader, chunk);
    if (chunk->size < 3 || chunk->size > MAX_PALETTE)
        return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                            "The PNG is broken: its palette (PLTE) has %zu bytes; PNG allows 3 to "
                            "%d.",
                            chunk->size, MAX_PALETTE);
    reader->chunks->palette = chunk->data;
    reader->chunks->palette_size = chunk->size - chunk->size % 3;
    return DISSOLVE_OK;
}

static void add_data(struct reader *reader, const struct chunk *chunk)
{
    struct codec_png_chunks *chunks = reader->chunks;
    reader->data_begun = true;
    if (!chunk->crc_present) {
        chunks->unverified = true;
    } else if (!crc_matches(chunk)) {
        end_reading(reader, wrong_crc);
        return;
    }
    if (chunk->size == 0)
        return;
    if (reader->data_chunks++ == 0) {
        reader->data_at = (size_t)(chunk->name - reader->bytes) - (BEFORE_DATA - NAME);
        chunks->data = chunk->data;
    }
    chunks->data_size += chunk->size;
}

static enum dissolve_status read_critical(struct reader *reader, const struct chunk *chunk)
{
    if (has_name(chunk, "IDAT")) {
        add_data(reader, chunk);
        return DISSOLVE_OK;
    }
    if (has_name(chunk, "PLTE"))
        return read_palette(reader, chunk);
    if (has_name(chunk, "IEND")) {
        end_reading(reader, NULL);
        return DISSOLVE_OK;
    }
    /* Behind image data this may be a damaged IEND or a trailer, which only ends the file. */
    if (reader->data_begun && !crc_matches(chunk)) {
        end_reading(reader, no_chunk);
        return DISSOLVE_OK;
    }
    return refuse_critical(reader, chunk);
}

static enum dissolve_status read_chunks(struct reader *reader)
{
    struct chunk chunk;
    while (!reader->ended) {
        if (!read_chunk(reader, &chunk)) {
            end_reading(reader, cut_off);
        } else if (!is_ancillary(&chunk)) {
            enum dissolve_status status = read_critical(reader, &chunk);
            if (status)
                return status;
        }
    }
    const struct codec_png_chunks *chunks = reader->chunks;
    if (!reader->data_begun || (chunks->data_size == 0 && chunks->incomplete))
        return codec_refuse(
            reader->detail, DISSOLVE_MALFORMED, "%s",
            chunks->incomplete ? chunks->incomplete
                               : "The PNG is broken: it has no image data (IDAT) before its IEND.");
    if (chunks->colour == 3 && !chunks->palette)
        return codec_refuse(reader->detail, DISSOLVE_MALFORMED,
                            "The PNG is broken: its colour type is 3, but it has no palette (PLTE) "
                            "before its image data.");
    return DISSOLVE_OK;
}

/* Makes one stream of the data of several chunks. */
static enum dissolve_status join_data(struct reader *reader)
{
    struct codec_png_chunks *chunks = reader->chunks;
    struct chunk chunk;
    size_t joined = 0;
    chunks->own = malloc(chunks->data_size);
    if (!chunks->own)
        return codec_refuse(reader->detail, DISSOLVE_NO_MEMORY,
                            "There is not enough memory to decode the image.");
    reader->at = reader->data_at;
    while (joined < chunks->data_size && read_chunk(reader, &chunk)) {
        if (has_name(&chunk, "IDAT")) {
            memcpy(chunks->own + joined, chunk.data, chunk.size);
            joined += chunk.size;
        }
    }
    chunks->data = chunks->own;
    return DISSOLVE_OK;
}

enum dissolve_status codec_png_chunks_read_header(const uint8_t *bytes, size_t size,
                                                  uint64_t max_pixels,
                                                  struct codec_png_chunks *chunks,
                                                  char detail[CODEC_DETAIL])
{
    struct reader reader = {
        .bytes = bytes, .size = size, .at = SIGNATURE, .chunks = chunks, .detail = detail};
    *chunks = (struct codec_png_chunks){0};
    return read_header(&reader, max_pixels);
}

enum dissolve_status codec_png_chunks_read(const uint8_t *bytes, size_t size, uint64_t max_pixels,
                                           struct codec_png_chunks *chunks,
                                           char detail[CODEC_DETAIL])
{
    struct reader reader = {
        .bytes = bytes, .size = size, .at = SIGNATURE, .chunks = chunks, .detail = detail};
    *chunks = (struct codec_png_chunks){0};
    enum dissolve_status status = read_header(&reader, max_pixels);
    if (!status)
        status = read_chunks(&reader);
    if (!status && reader.data_chunks > 1)
        status = join_data(&reader);
    return status;
}

void codec_png_chunks_drop_data(struct codec_png_chunks *chunks)
{
    free(chunks->own);
    chunks->own = NULL;
    chunks->data = NULL;
    chunks->data_size = 0;
}

void codec_png_chunks_free(struct codec_png_chunks *chunks)
{
    codec_png_chunks_drop_data(chunks);
    *chunks = (struct codec_png_chunks){0};
}
