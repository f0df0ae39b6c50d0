/* Rows to a zlib stream: one Huffman code for each band of them, or matches where those pay. */
#include "png_compress.h"

#include "huffman.h"
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
     * its stored blocks larger than its rows; writers put up to 8 bytes behind the end.
     */
    if (__builtin_add_overflow(size, size / 4096 + 64, &banded))
        return DISSOLVE_TOO_LARGE;
    *bound = matched > banded ? matched : banded;
    return *bound >= limit ? DISSOLVE_TOO_LARGE : DISSOLVE_OK;
}

/* What a stream of a frame is made from, and where it goes. */
struct work {
    const struct codec_raster *raster;
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

static void store_band(const uint8_t *rows, size_t size, bool last, struct codec_bits *bits)
{
    for (size_t from = 0; from < size; from += CODEC_STORED_MOST) {
        bool ends = size - from <= CODEC_STORED_MOST;
        size_t part = ends ? size - from : CODEC_STORED_MOST;
        codec_stored_head(part, last && ends, bits);
        memcpy(bits->at, rows + from, part);
        bits->at += part;
    }
}

static void add_band(const uint8_t *rows, size_t size, bool last, struct codec_bits *bits)
{
    struct codec_huffman plan;
    codec_huffman_plan(rows, size, &plan);
    if (plan.bits < 8 * (uint64_t)codec_stored_size(size))
        codec_huffman_block(&plan, rows, size, last, bits);
    else
        store_band(rows, size, last, bits);
}

/* Each band by the filter that suits it, and by a code of its own. */
static enum dissolve_status write_bands(struct work *work)
{
    const struct codec_raster *raster = work->raster;
    size_t row = codec_png_row_size(raster) + 1;
    uint32_t height = row < BAND ? (uint32_t)(BAND / row) : 1;
    height = height < raster->height ? height : raster->height;
    uint8_t *rows = malloc(height * row);
    struct codec_bits bits;
    uint32_t sum = 1, y = 0;
    if (!rows)
        return DISSOLVE_NO_MEMORY;
    codec_zlib_begin(work->out, &bits);
    while (y < raster->height) {
        uint32_t end = raster->height - y > height ? y + height : raster->height;
        size_t size = (end - y) * row;
        codec_png_rows_by(raster, codec_png_choose(raster, y, end), y, end, rows);
        sum = libdeflate_adler32(sum, rows, size);
        add_band(rows, size, end == raster->height, &bits);
        y = end;
    }
    work->written = (size_t)(codec_zlib_end(&bits, sum) - work->out);
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
static void try_matches(struct work *work, struct libdeflate_compressor *compressor,
                        const uint8_t *rows, uint8_t *scratch)
{
    size_t got = libdeflate_zlib_compress(compressor, rows, work->size, scratch, work->written - 1);
    if (got == 0) /* it does not fit */
        return;
    memcpy(work->out, scratch, got);
    work->written = got;
}

/* The smallest of what there is; begins with `fast`, so that it never is larger. */
static enum dissolve_status compress_best(struct work *work)
{
    enum dissolve_status status = compress_fast(work);
    if (status)
        return status;
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL_BEST);
    uint8_t *rows = malloc(work->size);
    uint8_t *scratch = malloc(work->written);
    if (!compressor || !rows || !scratch) {
        status = DISSOLVE_NO_MEMORY;
        goto done;
    }
    codec_png_rows(work->raster, rows);
    try_plan(work, rows);
    try_matches(work, compressor, rows, scratch);
    codec_png_rows_filtered(work->raster, rows);
    try_plan(work, rows);
    try_matches(work, compressor, rows, scratch);
done:
    libdeflate_free_compressor(compressor);
    free(rows);
    free(scratch);
    return status;
}

enum dissolve_status codec_png_compress(const struct codec_raster *raster,
                                        enum codec_compression compression, uint8_t *out,
                                        size_t bound, size_t *written)
{
    struct work work = {.raster = raster, .out = out, .bound = bound};
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
