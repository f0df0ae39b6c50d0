/* Rows to a zlib stream: by libdeflate, or by one Huffman code where matches do not pay. */
#include "png_compress.h"

#include "huffman.h"
#include "png_filter.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Levels of libdeflate: 0 stores. From 10 on it parses for the least size: 5 % smaller than 9 for
 * the sample picture, in 210 ms; 12 would gain another half percent in 330 ms.
 */
#define LEVEL_NONE 0
#define LEVEL_FAST 1
#define LEVEL_BEST 10

/* Larger frames are judged by samples of this many bytes. */
#define SAMPLE  8192
#define SAMPLES 2

enum dissolve_status codec_png_bound(const struct codec_raster *raster, size_t limit, size_t *bound)
{
    size_t size;
    enum dissolve_status status = codec_png_rows_size(raster, &size);
    if (status || size >= limit)
        return DISSOLVE_TOO_LARGE;
    *bound = libdeflate_zlib_compress_bound(NULL, size);
    return *bound >= limit ? DISSOLVE_TOO_LARGE : DISSOLVE_OK;
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

/* What a stream of a frame is made from, and where it goes. */
struct work {
    struct codec_huffman plan; /* for the rows */
    uint8_t *rows;
    size_t size;
    uint8_t *out;
    size_t bound;
    size_t written;
};

/* Whether the stream by the plan can be written: it takes a little more room than it has bytes. */
static bool plan_fits(const struct work *work)
{
    return work->plan.size + 8 <= work->bound;
}

static void write_plan(struct work *work)
{
    codec_huffman_write(&work->plan, work->rows, work->size, work->out);
    work->written = work->plan.size;
}

static void compress_fast(struct work *work, struct libdeflate_compressor *compressor)
{
    codec_huffman_plan(work->rows, work->size, &work->plan);
    bool small = work->size <= (size_t)SAMPLES * SAMPLE;
    bool fits = plan_fits(work);
    if (small || !fits || has_structure(compressor, &work->plan, work->rows, work->size)) {
        work->written =
            libdeflate_zlib_compress(compressor, work->rows, work->size, work->out, work->bound);
        if (!small || !fits || work->written <= work->plan.size)
            return;
    }
    write_plan(work);
}

/* Compresses the rows to `scratch`, and takes that if it is smaller than what is there. */
static void try_matches(struct work *work, struct libdeflate_compressor *compressor,
                        uint8_t *scratch)
{
    size_t got =
        libdeflate_zlib_compress(compressor, work->rows, work->size, scratch, work->written - 1);
    if (got == 0) /* it does not fit */
        return;
    memcpy(work->out, scratch, got);
    work->written = got;
}

/* The smallest of what there is; begins with `fast`, so that it never is larger. */
static enum dissolve_status compress_best(struct work *work, const struct codec_raster *raster,
                                          struct libdeflate_compressor *fast)
{
    enum dissolve_status status = DISSOLVE_OK;
    compress_fast(work, fast);
    if (plan_fits(work) && work->plan.size < work->written)
        write_plan(work);
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL_BEST);
    uint8_t *scratch = malloc(work->written);
    if (!compressor || !scratch) {
        status = DISSOLVE_NO_MEMORY;
        goto done;
    }
    try_matches(work, compressor, scratch);
    codec_png_rows_filtered(raster, work->rows);
    try_matches(work, compressor, scratch);
done:
    libdeflate_free_compressor(compressor);
    free(scratch);
    return status;
}

enum dissolve_status codec_png_compress(const struct codec_raster *raster,
                                        enum codec_compression compression, uint8_t *out,
                                        size_t bound, size_t *written)
{
    struct work work = {.out = out, .bound = bound};
    bool none = compression == CODEC_COMPRESSION_NONE;
    struct libdeflate_compressor *compressor = NULL;
    enum dissolve_status status = codec_png_rows_size(raster, &work.size);
    if (status)
        return status;
    work.rows = malloc(work.size);
    compressor = libdeflate_alloc_compressor(none ? LEVEL_NONE : LEVEL_FAST);
    if (!work.rows || !compressor) {
        status = DISSOLVE_NO_MEMORY;
        goto done;
    }
    codec_png_rows(raster, work.rows);
    if (none)
        work.written = libdeflate_zlib_compress(compressor, work.rows, work.size, out, bound);
    else if (compression == CODEC_COMPRESSION_BEST)
        status = compress_best(&work, raster, compressor);
    else
        compress_fast(&work, compressor);
    *written = work.written;
done:
    libdeflate_free_compressor(compressor);
    free(work.rows);
    return status;
}
