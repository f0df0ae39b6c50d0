/* PNG and animated PNG out: the chunks. */
#include "png.h"

#include "png_compress.h"

#include <libdeflate.h>
#include <string.h>

/* The largest number in a PNG, chunk lengths and sizes included. */
#define MAX_NUMBER 0x7fffffffu

#define MAX_FRAMES (1u << 30)

/* Length and type before a chunk's data, checksum behind it. */
#define CHUNK_HEAD 8
#define CHUNK_TAIL 4

/* The most that stands before the compressed bytes in a chunk: the sequence number of fdAT. */
#define MAX_PREFIX 4

#define MAX_KEYWORD 79

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

/* A character that Latin-1 can print. */
static bool is_printable(unsigned char c)
{
    return (c >= 0x20 && c < 0x7f) || c > 0xa0;
}

static bool is_keyword(const char *keyword)
{
    size_t length = 0;
    char before = ' '; /* so that a space is wrong at the start */
    for (; keyword[length] && length < MAX_KEYWORD; length++) {
        char c = keyword[length];
        if (!is_printable((unsigned char)c) || (c == ' ' && before == ' '))
            return false;
        before = c;
    }
    return before != ' ' && !keyword[length];
}

static bool are_sound(const struct codec_png_options *options)
{
    return options->compression >= CODEC_COMPRESSION_FAST &&
           options->compression <= CODEC_COMPRESSION_BEST &&
           (!options->text || (options->keyword && is_keyword(options->keyword)));
}

/* What NULL stands for. */
static const struct codec_png_options *or_defaults(const struct codec_png_options *options)
{
    static const struct codec_png_options defaults;
    return options ? options : &defaults;
}

/* Appends the text, if there is one: keyword, a zero byte, text. */
static enum dissolve_status append_text(struct codec_buffer *out,
                                        const struct codec_png_options *options)
{
    if (!options->text)
        return DISSOLVE_OK;
    size_t before = strlen(options->keyword) + 1;
    size_t length = strlen(options->text);
    if (length > MAX_NUMBER - before)
        return DISSOLVE_TOO_LARGE;
    enum dissolve_status status =
        codec_buffer_reserve(out, CHUNK_HEAD + before + length + CHUNK_TAIL);
    if (status)
        return status;
    uint8_t *chunk = out->data + out->size;
    memcpy(chunk + CHUNK_HEAD, options->keyword, before);
    memcpy(chunk + CHUNK_HEAD + before, options->text, length);
    out->size = (size_t)(close_chunk(chunk, "tEXt", before + length) - out->data);
    return DISSOLVE_OK;
}

/* Appends the image data as one chunk. prefix: what stands before the compressed bytes in it. */
static enum dissolve_status append_image(struct codec_buffer *out, const char type[4],
                                         const uint8_t *prefix, size_t prefix_size,
                                         const struct codec_raster *raster,
                                         const struct codec_png_options *options)
{
    size_t bound, written;
    enum dissolve_status status = codec_png_bound(raster, MAX_NUMBER - MAX_PREFIX, &bound);
    if (status)
        return status;
    status = codec_buffer_reserve(out, CHUNK_HEAD + prefix_size + bound + CHUNK_TAIL);
    if (status)
        return status;
    uint8_t *chunk = out->data + out->size;
    if (prefix_size > 0)
        memcpy(chunk + CHUNK_HEAD, prefix, prefix_size);
    status = codec_png_compress(raster, options->compression, options->cancel,
                                chunk + CHUNK_HEAD + prefix_size, bound, &written);
    if (status)
        return status;
    out->size = (size_t)(close_chunk(chunk, type, prefix_size + written) - out->data);
    return DISSOLVE_OK;
}

/* Takes back what was appended before an error. */
static enum dissolve_status settle(struct codec_buffer *out, size_t before,
                                   enum dissolve_status status)
{
    if (status)
        out->size = before;
    return status;
}

enum dissolve_status codec_png_encode(const struct codec_raster *raster,
                                      const struct codec_png_options *options,
                                      struct codec_buffer *out)
{
    options = or_defaults(options);
    if (!is_sound(raster->width, raster->height, raster->channels) || !are_sound(options))
        return DISSOLVE_INVALID;
    size_t before = out->size;
    enum dissolve_status status =
        append_header(out, raster->width, raster->height, raster->channels);
    if (!status)
        status = append_text(out, options);
    if (!status)
        status = append_image(out, "IDAT", NULL, 0, raster, options);
    if (!status)
        status = append_chunk(out, "IEND", NULL, 0);
    return settle(out, before, status);
}

enum dissolve_status codec_apng_head(uint32_t width, uint32_t height, unsigned channels,
                                     uint32_t count, const struct codec_png_options *options,
                                     struct codec_buffer *out)
{
    options = or_defaults(options);
    if (!is_sound(width, height, channels) || count == 0 || count > MAX_FRAMES ||
        !are_sound(options))
        return DISSOLVE_INVALID;
    size_t before = out->size;
    enum dissolve_status status = append_header(out, width, height, channels);
    if (!status)
        status = append_text(out, options);
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
                                      uint32_t delay_ms, const struct codec_png_options *options,
                                      struct codec_buffer *out)
{
    options = or_defaults(options);
    if (!is_sound(raster->width, raster->height, raster->channels) || index >= MAX_FRAMES ||
        delay_ms > UINT16_MAX || !are_sound(options))
        return DISSOLVE_INVALID;
    size_t before = out->size;
    enum dissolve_status status = append_control(out, raster, index, delay_ms);
    if (!status && index == 0) {
        status = append_image(out, "IDAT", NULL, 0, raster, options);
    } else if (!status) {
        uint8_t number[4];
        put32(number, 2 * index);
        status = append_image(out, "fdAT", number, sizeof number, raster, options);
    }
    return settle(out, before, status);
}

enum dissolve_status codec_apng_tail(struct codec_buffer *out)
{
    return append_chunk(out, "IEND", NULL, 0);
}
