/* A gzip stream out, by zlib: libdeflate cannot stream. */
#include "gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Of JSON of histograms it leaves 48 %. Level 6 leaves 45 % and takes five times as long. */
#define LEVEL 1

/* 15 bits of window, the most there are, and 16 for gzip's header and end around it. */
#define WINDOW (15 + 16)

/* zlib's own default. */
#define MEMORY 8

#define BLOCK 16384

/* How much of a block is looked at for repetition, in pieces of eight bytes. */
#define PROBE    4096
#define PIECE    8
#define PLACES   11           /* a power of two */
#define REPEATED (PROBE / 16) /* so many pieces that were there before are worth the search */

struct codec_gzip {
    codec_gzip_output *output;
    void *context;
    z_stream stream;
    size_t held;                 /* bytes in `in` */
    int strategy;                /* zlib's, at present */
    enum dissolve_status status; /* the first error, DISSOLVE_INVALID after the end */
    uint8_t in[BLOCK];           /* so that zlib sees the same blocks however the writes are cut */
    uint8_t out[BLOCK];
};

enum dissolve_status codec_gzip_create(codec_gzip_output *output, void *context,
                                       struct codec_gzip **gzip)
{
    struct codec_gzip *made = calloc(1, sizeof *made);
    *gzip = NULL;
    if (!made)
        return DISSOLVE_NO_MEMORY;
    made->output = output;
    made->context = context;
    made->strategy = Z_DEFAULT_STRATEGY;
    made->stream.next_out = made->out;
    made->stream.avail_out = BLOCK;
    if (deflateInit2(&made->stream, LEVEL, Z_DEFLATED, WINDOW, MEMORY, made->strategy) != Z_OK) {
        free(made);
        return DISSOLVE_NO_MEMORY;
    }
    *gzip = made;
    return DISSOLVE_OK;
}

static enum dissolve_status emit(struct codec_gzip *gzip)
{
    size_t size = BLOCK - gzip->stream.avail_out;
    gzip->stream.next_out = gzip->out;
    gzip->stream.avail_out = BLOCK;
    if (size > 0 && !gzip->output(gzip->context, gzip->out, size))
        gzip->status = DISSOLVE_CANCELLED;
    return gzip->status;
}

static uint64_t load(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < PIECE; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/*
 * Whether a block repeats itself enough for matches, by its first part. (A short block may repeat
 * what came before it, and costs little.) Base64 of PNGs and columns of random digits do not:
 * without the search base64 takes a third of the time and comes out smaller, and the digits take
 * two thirds of it and are 5 % larger.
 */
static bool repeats(const uint8_t *bytes, size_t size)
{
    uint16_t places[1 << PLACES] = {0}; /* where a piece of this hash was last, or 0 */
    size_t count = 0;
    if (size < PROBE)
        return true;
    for (size_t i = 0; i + PIECE <= PROBE; i++) {
        uint64_t piece = load(bytes + i);
        uint16_t *place = &places[piece * UINT64_C(0x9e3779b97f4a7c15) >> (64 - PLACES)];
        count += load(bytes + *place) == piece;
        *place = (uint16_t)i;
    }
    return count > REPEATED;
}

/* zlib ends its own block where the strategy changes, and keeps what there is no room for. */
static void choose_strategy(struct codec_gzip *gzip)
{
    if (gzip->held == 0)
        return;
    int strategy = repeats(gzip->in, gzip->held) ? Z_DEFAULT_STRATEGY : Z_HUFFMAN_ONLY;
    if (strategy != gzip->strategy)
        (void)deflateParams(&gzip->stream, LEVEL, strategy);
    gzip->strategy = strategy;
}

/*
 * Compresses the block, and does not return before zlib has room left, for then it has done what it
 * was asked to. Its results say nothing more: the arguments are sound, and nothing is allocated.
 */
static enum dissolve_status compress_block(struct codec_gzip *gzip, int flush)
{
    choose_strategy(gzip);
    gzip->stream.next_in = gzip->in;
    gzip->stream.avail_in = (uInt)gzip->held;
    gzip->held = 0;
    for (;;) {
        (void)deflate(&gzip->stream, flush);
        if (gzip->stream.avail_out > 0)
            return DISSOLVE_OK;
        if (emit(gzip))
            return gzip->status;
    }
}

enum dissolve_status codec_gzip_write(struct codec_gzip *gzip, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    while (size > 0 && !gzip->status) {
        size_t part = BLOCK - gzip->held < size ? BLOCK - gzip->held : size;
        memcpy(gzip->in + gzip->held, from, part);
        gzip->held += part;
        from += part;
        size -= part;
        if (gzip->held == BLOCK)
            (void)compress_block(gzip, Z_NO_FLUSH); /* the status is kept */
    }
    return gzip->status;
}

/* Everything goes out first: zlib wants room for the mark, or it makes another. */
static enum dissolve_status drain(struct codec_gzip *gzip, int flush)
{
    if (gzip->status || emit(gzip) || compress_block(gzip, flush))
        return gzip->status;
    return emit(gzip);
}

enum dissolve_status codec_gzip_flush(struct codec_gzip *gzip)
{
    return drain(gzip, Z_SYNC_FLUSH);
}

enum dissolve_status codec_gzip_finish(struct codec_gzip *gzip)
{
    enum dissolve_status status = drain(gzip, Z_FINISH);
    if (!status)
        gzip->status = DISSOLVE_INVALID;
    return status;
}

void codec_gzip_destroy(struct codec_gzip *gzip)
{
    if (!gzip)
        return;
    (void)deflateEnd(&gzip->stream);
    free(gzip);
}
