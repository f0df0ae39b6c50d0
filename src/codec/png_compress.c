/* Rows to a zlib stream: one Huffman code for each band of them, or matches where those pay. */
#include "png_compress.h"

#include "huffman.h"
#include "pieces.h"
#include "png_choice.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/*
 * Levels of libdeflate. From 10 on it parses for the least size: 5 % smaller than 9 for the sample
 * picture, in 210 ms; 12 would gain another half percent in 330 ms.
 */
#define LEVEL_FAST 1
#define LEVEL_BEST 10

/*
 * Rows that share a filter and a code: as many whole rows as fit into this many bytes, or one.
 * Twice as many save 5 % of the time for 1 to 3 % of the size of a picture; half as many cost noise
 * 10 % of the time and save pictures nothing more.
 */
#define BAND ((size_t)128 << 10)

/* A band goes on with the code of the one before if that takes at most this part more: a 256th. */
#define TOLERANCE 8

/* About what the head of a block takes, in bits, if all bytes occur: a code of its own costs it. */
#define HEAD 1100

/* Frames of so few bytes are compressed by matches too, and the smaller is taken. */
#define SMALL 16384

enum dissolve_status codec_png_bound(const struct codec_raster *raster, size_t limit, size_t *bound)
{
    size_t size, matched, banded;
    enum dissolve_status status = codec_png_rows_size(raster, &size);
    if (status || size >= limit)
        return DISSOLVE_TOO_LARGE;
    matched = libdeflate_zlib_compress_bound(NULL, size);
    /*
     * A band is more than half of BAND, but for the last one, and at most 1 + 5 bytes for each of
     * its stored blocks larger than its rows; an empty block may end the stream, and writers put
     * up to 8 bytes behind the end.
     */
    if (__builtin_add_overflow(size, size / 4096 + 64, &banded))
        return DISSOLVE_TOO_LARGE;
    *bound = matched > banded ? matched : banded;
    return *bound >= limit ? DISSOLVE_TOO_LARGE : DISSOLVE_OK;
}

/* What a stream of a frame is made from, and where it goes. */
struct work {
    const struct codec_raster *raster;
    const struct codec_cancel *cancel;
    size_t size; /* of all rows */
    uint8_t *out;
    size_t bound;
    size_t written;
};

/* Stored blocks, filled straight from the pixels. */
static void store(struct work *work)
{
    struct codec_bits bits;
    uint32_t sum = 1;
    codec_zlib_begin(work->out, &bits);
    for (size_t from = 0; from < work->size; from += CODEC_STORED_MOST) {
        bool last = work->size - from <= CODEC_STORED_MOST;
        size_t to = last ? work->size : from + CODEC_STORED_MOST;
        codec_stored_head(to - from, last, &bits);
        codec_png_rows_part(work->raster, from, to, bits.at);
        sum = libdeflate_adler32(sum, bits.at, to - from);
        bits.at += to - from;
    }
    work->written = (size_t)(codec_zlib_end(&bits, sum) - work->out);
}

/* A stream of bands on its way, and the block that the next one may go on with. */
struct writer {
    struct codec_bits bits;
    bool open;                 /* whether there is a block that has not ended */
    bool last;                 /* what that block, or the one before, said of itself */
    struct codec_huffman code; /* of that block, made for the first of its bands */
    uint64_t rate;             /* what that band took: bits a byte, in 2^-CODEC_BIT_SHIFT */
    int64_t beyond;            /* what its sample takes beyond its entropy, likewise */
    bool is_typical;           /* whether the code is for any bytes, and the sample like the band */
};

static void store_band(struct writer *writer, const uint8_t *rows, size_t size, bool last)
{
    for (size_t from = 0; from < size; from += CODEC_STORED_MOST) {
        bool ends = size - from <= CODEC_STORED_MOST;
        size_t part = ends ? size - from : CODEC_STORED_MOST;
        codec_stored_head(part, last && ends, &writer->bits);
        memcpy(writer->bits.at, rows + from, part);
        writer->bits.at += part;
    }
}

/* What a code takes of a sample, in bits (2^-CODEC_BIT_SHIFT). */
static uint64_t bits_of_sample(const struct codec_huffman *code,
                               const struct codec_png_sample *sample)
{
    uint64_t bits = 0;
    for (int v = 0; v < 256; v++)
        bits += sample->counts[v] * code->lengths[v];
    return bits << CODEC_BIT_SHIFT;
}

static int64_t bits_beyond(const struct codec_huffman *code, const struct codec_png_sample *sample)
{
    return (int64_t)bits_of_sample(code, sample) - (int64_t)sample->bits;
}

/*
 * Whether other bands may take the code for what their samples say: noise has all bytes, and a
 * sample takes as much as the band, within a 32nd (five standard deviations).
 */
static bool is_typical(const struct writer *writer, const struct codec_png_sample *sample)
{
    uint64_t size = 0, taken = bits_of_sample(&writer->code, sample);
    bool all = !writer->code.has_runs;
    for (int v = 0; v < 256; v++) {
        size += sample->counts[v];
        all = all && writer->code.lengths[v] > 0;
    }
    uint64_t expected = size * writer->rate, apart = expected / 32;
    return all && taken >= expected - apart && taken <= expected + apart;
}

/*
 * Whether the open block's code is as good for the sample as it is for its own: it is, within a
 * 256th, where bytes are as frequent here as there. Of noise the two differ by some 20 bits of
 * 28,000 (a standard deviation).
 */
static bool suits(const struct writer *writer, const struct codec_png_sample *sample)
{
    int64_t more = bits_beyond(&writer->code, sample) - writer->beyond;
    return writer->open && writer->is_typical && more <= (int64_t)(sample->bits >> TOLERANCE);
}

static uint64_t bits_between(const struct codec_bits *from, const struct codec_bits *to)
{
    return 8 * (uint64_t)(to->at - from->at) + to->count - from->count;
}

/*
 * Writes rows by the open block's code; false, and nothing written, if they turn out to take more
 * than its own by a 256th and a head, or less by a 64th, for then there is something in them that
 * the sample did not see, or more than stored. It goes by parts that cannot take more than is
 * allowed, even if every byte has the longest code.
 */
static bool go_on(struct writer *writer, const uint8_t *rows, size_t size)
{
    const struct codec_bits before = writer->bits;
    uint64_t expected = size * writer->rate >> CODEC_BIT_SHIFT, taken = 0, most = 1;
    uint64_t stored = 8 * (uint64_t)codec_stored_size(size);
    uint64_t allowed = expected + (expected >> TOLERANCE) + HEAD;
    allowed = allowed < stored ? allowed : stored;
    for (size_t from = 0, part; from < size && most > 0; from += part) {
        most = (allowed - taken) / CODEC_HUFFMAN_LONGEST;
        part = most < size - from ? (size_t)most : size - from;
        codec_huffman_add(&writer->code, rows + from, part, &writer->bits);
        taken = bits_between(&before, &writer->bits);
    }
    bool fits = most > 0 && taken >= expected - expected / 64;
    if (!fits)
        writer->bits = before;
    return fits;
}

static void close_block(struct writer *writer)
{
    if (writer->open)
        codec_huffman_close(&writer->code, &writer->bits);
    writer->open = false;
}

/* A block of its own for the rows: stored, or open for more. */
static void begin_block(struct writer *writer, const uint8_t *rows, size_t size, bool last,
                        const struct codec_png_sample *sample)
{
    struct codec_huffman *code = &writer->code;
    close_block(writer);
    codec_huffman_plan(rows, size, code);
    writer->last = last;
    writer->open = code->bits < 8 * (uint64_t)codec_stored_size(size);
    if (!writer->open) {
        store_band(writer, rows, size, last);
        return;
    }
    codec_huffman_open(code, last, &writer->bits);
    codec_huffman_add(code, rows, size, &writer->bits);
    writer->rate = (code->bits << CODEC_BIT_SHIFT) / size;
    writer->beyond = bits_beyond(code, sample);
    writer->is_typical = is_typical(writer, sample);
}

/* Ends the last block, and says so if it could not know. */
static void finish(struct writer *writer)
{
    close_block(writer);
    if (!writer->last)
        codec_huffman_end(&writer->bits);
}

/* Each band by the filter that suits it, and by a code of its own where another does not do. */
static enum dissolve_status write_bands(struct work *work)
{
    const struct codec_raster *raster = work->raster;
    size_t row = codec_png_row_size(raster) + 1;
    uint32_t height = row < BAND ? (uint32_t)(BAND / row) : 1;
    height = height < raster->height ? height : raster->height;
    uint8_t *rows = malloc(height * row);
    struct writer writer = {.open = false};
    uint32_t sum = 1, y = 0;
    if (!rows)
        return DISSOLVE_NO_MEMORY;
    codec_zlib_begin(work->out, &writer.bits);
    while (y < raster->height) {
        struct codec_png_sample sample;
        uint32_t end = raster->height - y > height ? y + height : raster->height;
        size_t size = (end - y) * row;
        codec_png_choose(raster, y, end, &sample);
        codec_png_rows_by(raster, sample.filter, y, end, rows);
        sum = libdeflate_adler32(sum, rows, size);
        if (!suits(&writer, &sample) || !go_on(&writer, rows, size))
            begin_block(&writer, rows, size, end == raster->height, &sample);
        y = end;
    }
    finish(&writer);
    work->written = (size_t)(codec_zlib_end(&writer.bits, sum) - work->out);
    free(rows);
    return DISSOLVE_OK;
}

/* Matches at little cost; taken if there is nothing yet, or if they are smaller. */
static enum dissolve_status match(struct work *work, enum codec_filter filter)
{
    enum dissolve_status status = DISSOLVE_NO_MEMORY;
    size_t room = work->written > 0 ? work->written : work->bound;
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL_FAST);
    uint8_t *rows = malloc(work->size);
    uint8_t *out = work->written > 0 ? malloc(room) : work->out;
    if (!compressor || !rows || !out)
        goto done;
    codec_png_rows_by(work->raster, filter, 0, work->raster->height, rows);
    size_t got = libdeflate_zlib_compress(compressor, rows, work->size, out, room);
    if (got > 0 && out != work->out)
        memcpy(work->out, out, got);
    if (got > 0)
        work->written = got;
    status = DISSOLVE_OK;
done:
    libdeflate_free_compressor(compressor);
    free(rows);
    if (out != work->out)
        free(out);
    return status;
}

static enum dissolve_status compress_fast(struct work *work)
{
    enum codec_filter filter;
    bool has_matches;
    enum dissolve_status status = codec_png_has_matches(work->raster, &filter, &has_matches);
    if (status)
        return status;
    if (work->size > SMALL)
        return has_matches ? match(work, filter) : write_bands(work);
    status = write_bands(work);
    return status ? status : match(work, filter);
}

/* Takes one code for all rows, if that is smaller than what is there. */
static void try_plan(struct work *work, const uint8_t *rows)
{
    struct codec_huffman plan;
    codec_huffman_plan(rows, work->size, &plan);
    if (plan.size >= work->written)
        return;
    codec_huffman_write(&plan, rows, work->size, work->out);
    work->written = plan.size;
}

/* Compresses the rows to `scratch`, and takes that if it is smaller than what is there. */
static enum dissolve_status try_matches(struct work *work, struct libdeflate_compressor *compressor,
                                        const uint8_t *rows, uint8_t *scratch)
{
    size_t got;
    enum dissolve_status status = codec_pieces_compress(compressor, rows, work->size, work->cancel,
                                                        scratch, work->written - 1, &got);
    if (status || got == 0) /* it does not fit */
        return status;
    memcpy(work->out, scratch, got);
    work->written = got;
    return DISSOLVE_OK;
}

/* Each row by the filter that suits it. */
static enum dissolve_status filter_rows(const struct work *work, uint8_t *rows)
{
    const struct codec_raster *raster = work->raster;
    size_t row = codec_png_row_size(raster) + 1;
    uint32_t part = row < CODEC_PIECE ? (uint32_t)(CODEC_PIECE / row) : 1;
    for (uint32_t y = 0, end; y < raster->height; y = end) {
        end = raster->height - y > part ? y + part : raster->height;
        if (codec_is_cancelled(work->cancel))
            return DISSOLVE_CANCELLED;
        codec_png_rows_filtered(raster, y, end, rows + y * row);
    }
    return DISSOLVE_OK;
}

/* The smallest of what there is; begins with `fast`, so that it never is larger. */
static enum dissolve_status compress_best(struct work *work)
{
    enum dissolve_status status = compress_fast(work);
    if (status)
        return status;
    if (codec_is_cancelled(work->cancel))
        return DISSOLVE_CANCELLED;
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL_BEST);
    uint8_t *rows = malloc(work->size);
    uint8_t *scratch = malloc(work->written);
    if (!compressor || !rows || !scratch) {
        status = DISSOLVE_NO_MEMORY;
        goto done;
    }
    codec_png_rows(work->raster, rows);
    try_plan(work, rows);
    status = try_matches(work, compressor, rows, scratch);
    if (!status)
        status = filter_rows(work, rows);
    if (status)
        goto done;
    try_plan(work, rows);
    status = try_matches(work, compressor, rows, scratch);
done:
    libdeflate_free_compressor(compressor);
    free(rows);
    free(scratch);
    return status;
}

enum dissolve_status codec_png_compress(const struct codec_raster *raster,
                                        enum codec_compression compression,
                                        const struct codec_cancel *cancel, uint8_t *out,
                                        size_t bound, size_t *written)
{
    struct work work = {.raster = raster, .cancel = cancel, .out = out, .bound = bound};
    enum dissolve_status status = codec_png_rows_size(raster, &work.size);
    if (status)
        return status;
    if (compression == CODEC_COMPRESSION_NONE)
        store(&work);
    else if (compression == CODEC_COMPRESSION_BEST)
        status = compress_best(&work);
    else
        status = compress_fast(&work);
    *written = work.written;
    return status;
}
