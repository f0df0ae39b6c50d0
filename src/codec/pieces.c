/* Deflate streams of libdeflate one after another, each but the last without its last block's mark.
 */
#include "pieces.h"

#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

enum {
    HEAD = 2,    /* of a zlib stream */
    SUM = 4,     /* at its end */
    JOINT = 5,   /* the most that the end of a piece takes */
    HEADER = 3,  /* bits of an empty stored block before those that fill the byte */
    WINDOW = -15 /* 2^15 bytes, and for zlib no header: what deflate has */
};

/* Where a deflate stream's last block begins, in bits, and how many of its last byte are unused. */
struct end {
    size_t last;
    unsigned unused;
};

/*
 * libdeflate marks the last block that it makes, and does not tell where it is: zlib does, which
 * stops behind each block. data_type: 128 for that, 64 if it was the last, and the unused bits.
 */
static enum dissolve_status find_end(const uint8_t *stream, size_t size, struct end *end)
{
    z_stream reader = {.next_in = (Bytef *)stream, .avail_in = (uInt)size};
    uint8_t nowhere[16384];
    if (inflateInit2(&reader, WINDOW) != Z_OK)
        return DISSOLVE_NO_MEMORY;
    *end = (struct end){0};
    bool last = false;
    int status = Z_OK;
    while (status == Z_OK && !last) {
        reader.next_out = nowhere;
        reader.avail_out = sizeof nowhere;
        status = inflate(&reader, Z_BLOCK);
        bool behind = (reader.data_type & 128) != 0;
        last = behind && (reader.data_type & 64) != 0;
        end->unused = (unsigned)reader.data_type & 7;
        if (behind && !last)
            end->last = 8 * (size_t)reader.total_in - end->unused;
    }
    inflateEnd(&reader);
    return last ? DISSOLVE_OK : DISSOLVE_NO_MEMORY; /* the stream is sound: nothing else is short */
}

/* Makes the stream one that goes on at *end's next byte: the mark goes, an empty block comes. */
static enum dissolve_status open_end(uint8_t *stream, uint8_t **at)
{
    static const uint8_t empty[4] = {0, 0, 0xff, 0xff};
    struct end end;
    enum dissolve_status status = find_end(stream, (size_t)(*at - stream), &end);
    if (status)
        return status;
    stream[end.last / 8] &= (uint8_t) ~(1u << end.last % 8);
    if (end.unused < HEADER)
        *(*at)++ = 0;
    memcpy(*at, empty, sizeof empty);
    *at += sizeof empty;
    return DISSOLVE_OK;
}

static uint8_t *put_sum(uint8_t *at, uint32_t sum)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(sum >> shift);
    return at;
}

/* As libdeflate has it from level 8 on. */
static uint8_t *put_head(uint8_t *at)
{
    memcpy(at, "\x78\xda", HEAD);
    return at + HEAD;
}

struct stream {
    struct libdeflate_compressor *compressor;
    uint8_t *at;
    const uint8_t *most; /* the end of its room, but for the sum */
    bool full;           /* something did not fit */
};

static enum dissolve_status add_piece(struct stream *stream, const uint8_t *bytes, size_t size,
                                      bool last)
{
    uint8_t *piece = stream->at;
    size_t room = (size_t)(stream->most - piece), kept = last ? 0 : JOINT, got = 0;
    if (room > kept)
        got = libdeflate_deflate_compress(stream->compressor, bytes, size, piece, room - kept);
    stream->at += got;
    stream->full = got == 0;
    return stream->full || last ? DISSOLVE_OK : open_end(piece, &stream->at);
}

enum dissolve_status codec_pieces_compress(struct libdeflate_compressor *compressor,
                                           const uint8_t *bytes, size_t size,
                                           const struct codec_cancel *cancel, uint8_t *out,
                                           size_t room, size_t *written)
{
    enum dissolve_status status = DISSOLVE_OK;
    *written = 0;
    if (room < HEAD + SUM)
        return DISSOLVE_OK;
    struct stream stream = {
        .compressor = compressor, .at = put_head(out), .most = out + room - SUM};
    for (size_t from = 0, part; from < size && !status && !stream.full; from += part) {
        bool last = size - from <= CODEC_PIECE;
        part = last ? size - from : CODEC_PIECE;
        status = codec_is_cancelled(cancel) ? DISSOLVE_CANCELLED
                                            : add_piece(&stream, bytes + from, part, last);
    }
    if (!status && !stream.full)
        *written = (size_t)(put_sum(stream.at, libdeflate_adler32(1, bytes, size)) - out);
    return status;
}
