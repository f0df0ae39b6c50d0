/* Inflates the image data of a PNG: with libdeflate, or with zlib, which can stream, if there is
 * more of it than the header says. */
#include "png_inflate.h"

#include <libdeflate.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

/* The most bytes that one byte of deflate can stand for: 258 in two bits. */
enum { MAX_EXPANSION = 1032 };

enum { IMAGE_PIECE = 1 << 20, EXTRA_PIECE = 1 << 14 };

static const char too_short[] = "The PNG is broken: its image data ends before the last row.";
static const char too_long[] =
    "The PNG is broken: its image data is over 16 MiB longer than the size in its header.";
static const char invalid[] = "The PNG's compressed image data is broken or its Adler-32 checksum "
                              "is wrong; send an undamaged "
                              "copy.";

/* If the chunks are damaged, that explains why their data is. */
static enum dissolve_status refuse_data(const struct codec_png_chunks *chunks, const char *reason,
                                        char detail[CODEC_DETAIL])
{
    return codec_refuse(detail, DISSOLVE_MALFORMED, "%s",
                        chunks->incomplete ? chunks->incomplete : reason);
}

static enum dissolve_status refuse_memory(char detail[CODEC_DETAIL])
{
    return codec_refuse(detail, DISSOLVE_NO_MEMORY,
                        "There is not enough memory to decode the image.");
}

static enum dissolve_status refuse_cancelled(char detail[CODEC_DETAIL])
{
    return codec_refuse(detail, DISSOLVE_CANCELLED, CODEC_CANCELLED);
}

/* Inflates a piece to where it belongs in raw[0..size), or, behind that, only to check it. */
static int inflate_piece(z_stream *stream, uint8_t *raw, size_t size, size_t *done)
{
    uint8_t extra[EXTRA_PIECE];
    size_t left = *done < size ? size - *done : 0;
    size_t piece = left == 0 ? EXTRA_PIECE : left < IMAGE_PIECE ? left : IMAGE_PIECE;
    stream->next_out = left == 0 ? extra : raw + *done;
    stream->avail_out = (uInt)piece;
    int result = inflate(stream, Z_NO_FLUSH);
    *done += piece - stream->avail_out;
    return result;
}

/* Inflates a stream that is longer than the picture; zlib checks the Adler-32 of all of it. */
static enum dissolve_status inflate_longer(const struct codec_png_chunks *chunks,
                                           const struct codec_cancel *cancel, uint8_t *raw,
                                           size_t *used, char detail[CODEC_DETAIL])
{
    /* zlib takes 4 GiB at a time; a longer stream is taken for one that ends there. */
    size_t size = chunks->data_size < UINT_MAX ? chunks->data_size : UINT_MAX;
    z_stream stream = {.next_in = (z_const Bytef *)chunks->data, .avail_in = (uInt)size};
    bool cancelled = false;
    size_t done = 0;
    if (inflateInit(&stream) != Z_OK)
        return refuse_memory(detail);
    int result = Z_OK;
    while (result == Z_OK && done < chunks->raw_size + CODEC_PNG_MAX_EXTRA && !cancelled) {
        result = inflate_piece(&stream, raw, chunks->raw_size, &done);
        cancelled = codec_is_cancelled(cancel);
    }
    *used = size - stream.avail_in;
    (void)inflateEnd(&stream);
    if (cancelled)
        return refuse_cancelled(detail);
    if (result == Z_MEM_ERROR)
        return refuse_memory(detail);
    if (result == Z_OK)
        return codec_refuse(detail, DISSOLVE_MALFORMED, "%s", too_long);
    return result == Z_STREAM_END ? DISSOLVE_OK : refuse_data(chunks, invalid, detail);
}

static enum dissolve_status inflate_data(const struct codec_png_chunks *chunks,
                                         const struct codec_cancel *cancel, uint8_t *raw,
                                         size_t *used, char detail[CODEC_DETAIL])
{
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return refuse_memory(detail);
    enum libdeflate_result result = libdeflate_zlib_decompress_ex(
        decompressor, chunks->data, chunks->data_size, raw, chunks->raw_size, used, NULL);
    libdeflate_free_decompressor(decompressor);
    if (result == LIBDEFLATE_SUCCESS)
        return DISSOLVE_OK;
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
        return inflate_longer(chunks, cancel, raw, used, detail);
    return refuse_data(chunks, result == LIBDEFLATE_SHORT_OUTPUT ? too_short : invalid, detail);
}

/* Inflating takes longest: it does not begin, and nothing follows it, if the work is cancelled. */
static enum dissolve_status inflate_image(const struct codec_png_chunks *chunks,
                                          const struct codec_cancel *cancel, uint8_t *raw,
                                          char detail[CODEC_DETAIL])
{
    size_t used = 0;
    if (codec_is_cancelled(cancel))
        return refuse_cancelled(detail);
    enum dissolve_status status = inflate_data(chunks, cancel, raw, &used, detail);
    if (status)
        return status;
    if (chunks->unverified && used < chunks->data_size)
        return refuse_data(chunks, invalid, detail);
    return codec_is_cancelled(cancel) ? refuse_cancelled(detail) : DISSOLVE_OK;
}

enum dissolve_status codec_png_inflate(const struct codec_png_chunks *chunks,
                                       const struct codec_cancel *cancel, uint8_t **raw,
                                       char detail[CODEC_DETAIL])
{
    *raw = NULL;
    /* No memory is asked for that so few bytes cannot fill; without any, `data` may be NULL. */
    if (chunks->data_size == 0 || chunks->raw_size / MAX_EXPANSION > chunks->data_size)
        return refuse_data(chunks, too_short, detail);
    uint8_t *made = malloc(chunks->raw_size);
    if (!made)
        return refuse_memory(detail);
    enum dissolve_status status = inflate_image(chunks, cancel, made, detail);
    if (status)
        free(made);
    else
        *raw = made;
    return status;
}
