/* PNG and animated PNG out: chunks by hand, image data by libdeflate. */
#include "png.h"

#include "huffman.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/* The largest number in a PNG, chunk lengths and sizes included. */
#define MAX_NUMBER 0x7fffffffu

#define MAX_FRAMES (1u << 30)

/* Length and type before a chunk's data, checksum behind it. */
#define CHUNK_HEAD 8
#define CHUNK_TAIL 4

/* The most that stands before the compressed bytes in a chunk: the sequence number of fdAT. */
#define MAX_PREFIX 4

/* Of libdeflate, for frames that have structure. */
#define LEVEL 1

/* Larger frames are judged by samples of this many bytes. */
#define SAMPLE  8192
#define SAMPLES 2

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
    return at + 4;
}

static uint8_t *put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

/* Completes a chunk whose data is in place behind CHUNK_HEAD free bytes; returns its end. */
static uint8_t *close_chunk(uint8_t *chunk, const char type[4], size_t size)
{
    put32(chunk, (uint32_t)size);
    memcpy(chunk + 4, type, 4);
    return put32(chunk + CHUNK_HEAD + size, libdeflate_crc32(0, chunk + 4, 4 + size));
}

static enum dissolve_status append_chunk(struct codec_buffer *out, const char type[4],
                                         const uint8_t *data, size_t size)
{
    enum dissolve_status status = codec_buffer_reserve(out, CHUNK_HEAD + size + CHUNK_TAIL);
    if (status)
        return status;
    uint8_t *chunk = out->data + out->size;
    if (size > 0)
        memcpy(chunk + CHUNK_HEAD, data, size);
    out->size = (size_t)(close_chunk(chunk, type, size) - out->data);
    return DISSOLVE_OK;
}

static bool is_sound(uint32_t width, uint32_t height, unsigned channels)
{
    return width > 0 && width <= MAX_NUMBER && height > 0 && height <= MAX_NUMBER &&
           (channels == 1 || channels == 3);
}

static enum dissolve_status append_header(struct codec_buffer *out, uint32_t width, uint32_t height,
                                          unsigned channels)
{
    uint8_t data[13] = {0};
    uint8_t *at = put32(put32(data, width), height);
    at[0] = 8;                     /* bits a channel */
    at[1] = channels == 3 ? 2 : 0; /* colour type: RGB, grey */
    enum dissolve_status status = codec_buffer_append(out, signature, sizeof signature);
    return status ? status : append_chunk(out, "IHDR", data, sizeof data);
}

/* How many bytes there are to compress, and the most that they take then. */
static enum dissolve_status measure(const struct codec_raster *raster, size_t *size, size_t *bound)
{
    size_t row = (size_t)raster->width * raster->channels;
    if (__builtin_mul_overflow(row + 1, (size_t)raster->height, size) || *size > MAX_NUMBER)
        return DISSOLVE_TOO_LARGE;
    *bound = libdeflate_zlib_compress_bound(NULL, *size);
    return *bound > MAX_NUMBER - MAX_PREFIX ? DISSOLVE_TOO_LARGE : DISSOLVE_OK;
}

/* Each row goes behind a filter type of 0, for noise has no neighbours. */
static void fill_rows(const struct codec_raster *raster, uint8_t *rows)
{
    size_t row = (size_t)raster->width * raster->channels;
    for (size_t y = 0; y < raster->height; y++) {
        rows[0] = 0;
        memcpy(rows + 1, raster->pixels + y * row, row);
        rows += row + 1;
    }
}

static size_t huffman_bytes(const struct codec_huffman *plan, const uint8_t *bytes, size_t size)
{
    size_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits += plan->lengths[bytes[i]];
    return bits / 8;
}

/*
 * Noise is smallest, and ten times faster, by one Huffman code for all of it. A frame with
 * structure is smaller by matches: by at least a sixteenth, or it is not worth the time.
 */
static bool has_structure(struct libdeflate_compressor *compressor,
                          const struct codec_huffman *plan, const uint8_t *rows, size_t size)
{
    uint8_t scratch[SAMPLE];
    size_t matched = 0, plain = 0;
    for (size_t i = 0; i < SAMPLES; i++) {
        const uint8_t *sample = rows + (size - SAMPLE) / (2 * SAMPLES) * (2 * i + 1);
        size_t taken = libdeflate_deflate_compress(compressor, sample, SAMPLE, scratch, SAMPLE);
        matched += taken ? taken : SAMPLE; /* 0: it does not fit */
        plain += huffman_bytes(plan, sample, SAMPLE);
    }
    return matched < plain - plain / 16;
}

/* Compresses to at most `bound` bytes; returns how many. */
static size_t compress(struct libdeflate_compressor *compressor, const uint8_t *rows, size_t size,
                       uint8_t *out, size_t bound)
{
    struct codec_huffman plan;
    codec_huffman_plan(rows, size, &plan);
    bool small = size <= (size_t)SAMPLES * SAMPLE;
    bool fits = plan.size + 8 <= bound;
    if (small || !fits || has_structure(compressor, &plan, rows, size)) {
        size_t matched = libdeflate_zlib_compress(compressor, rows, size, out, bound);
        if (!small || !fits || matched <= plan.size)
            return matched;
    }
    codec_huffman_write(&plan, rows, size, out);
    return plan.size;
}

/* Appends the image data as one chunk. prefix: what stands before the compressed bytes in it. */
static enum dissolve_status append_image(struct codec_buffer *out, const char type[4],
                                         const uint8_t *prefix, size_t prefix_size,
                                         const struct codec_raster *raster)
{
    struct libdeflate_compressor *compressor = NULL;
    uint8_t *rows = NULL;
    size_t size;
    size_t bound;
    enum dissolve_status status = measure(raster, &size, &bound);
    if (status)
        goto done;
    status = codec_buffer_reserve(out, CHUNK_HEAD + prefix_size + bound + CHUNK_TAIL);
    if (status)
        goto done;
    rows = malloc(size);
    compressor = libdeflate_alloc_compressor(LEVEL);
    if (!rows || !compressor) {
        status = DISSOLVE_NO_MEMORY;
        goto done;
    }
    fill_rows(raster, rows);
    uint8_t *chunk = out->data + out->size;
    if (prefix_size > 0)
        memcpy(chunk + CHUNK_HEAD, prefix, prefix_size);
    size_t compressed = compress(compressor, rows, size, chunk + CHUNK_HEAD + prefix_size, bound);
    out->size = (size_t)(close_chunk(chunk, type, prefix_size + compressed) - out->data);
done:
    libdeflate_free_compressor(compressor);
    free(rows);
    return status;
}

/* Takes back what was appended before an error. */
static enum dissolve_status settle(struct codec_buffer *out, size_t before,
                                   enum dissolve_status status)
{
    if (status)
        out->size = before;
    return status;
}

enum dissolve_status codec_png_encode(const struct codec_raster *raster, struct codec_buffer *out)
{
    if (!is_sound(raster->width, raster->height, raster->channels))
        return DISSOLVE_INVALID;
    size_t before = out->size;
    enum dissolve_status status =
        append_header(out, raster->width, raster->height, raster->channels);
    if (!status)
        status = append_image(out, "IDAT", NULL, 0, raster);
    if (!status)
        status = append_chunk(out, "IEND", NULL, 0);
    return settle(out, before, status);
}

enum dissolve_status codec_apng_head(uint32_t width, uint32_t height, unsigned channels,
                                     uint32_t count, struct codec_buffer *out)
{
    if (!is_sound(width, height, channels) || count == 0 || count > MAX_FRAMES)
        return DISSOLVE_INVALID;
    size_t before = out->size;
    enum dissolve_status status = append_header(out, width, height, channels);
    if (!status) {
        uint8_t control[8];
        put32(put32(control, count), 0); /* 0 plays: for ever */
        status = append_chunk(out, "acTL", control, sizeof control);
    }
    return settle(out, before, status);
}

/*
 * Frame control and frame data share one sequence of numbers; IDAT, which is frame 0, has none. So
 * frame 0 takes number 0, and frame k > 0 takes 2k - 1 and 2k.
 */
static enum dissolve_status append_control(struct codec_buffer *out,
                                           const struct codec_raster *raster, uint32_t index,
                                           uint32_t delay_ms)
{
    uint8_t data[26] = {0}; /* zeros: at the left and top, not disposed of, not blended */
    uint8_t *at = put32(data, index == 0 ? 0 : 2 * index - 1);
    at = put32(put32(at, raster->width), raster->height);
    put16(put16(at + 8, delay_ms), 1000);
    return append_chunk(out, "fcTL", data, sizeof data);
}

enum dissolve_status codec_apng_frame(const struct codec_raster *raster, uint32_t index,
                                      uint32_t delay_ms, struct codec_buffer *out)
{
    if (!is_sound(raster->width, raster->height, raster->channels) || index >= MAX_FRAMES ||
        delay_ms > UINT16_MAX)
        return DISSOLVE_INVALID;
    size_t before = out->size;
    enum dissolve_status status = append_control(out, raster, index, delay_ms);
    if (!status && index == 0) {
        status = append_image(out, "IDAT", NULL, 0, raster);
    } else if (!status) {
        uint8_t number[4];
        put32(number, 2 * index);
        status = append_image(out, "fdAT", number, sizeof number, raster);
    }
    return settle(out, before, status);
}

enum dissolve_status codec_apng_tail(struct codec_buffer *out)
{
    return append_chunk(out, "IEND", NULL, 0);
}
