/* Judges a frame by samples: the entropy that each filter leaves, and bytes that come again. */
#include "png_choice.h"

#include "huffman.h"

#include <libdeflate.h>
#include <string.h>

/*
 * What is looked at for a filter: pieces of rows, spread over the height and the width. PIECE is
 * how long one is where there are rows enough.
 */
#define SAMPLE 4096
#define PIECE  512

/*
 * What is looked at for matches: windows of a few rows, so that what is below the same is found as
 * well as what is beside.
 */
#define WINDOWS      4
#define WINDOW_ROWS  8
#define WINDOW_WIDTH 1024
#define WINDOW       (WINDOW_ROWS * WINDOW_WIDTH)

/* Positions of four bytes, by a hash of them. */
#define HASH_BITS 10

#define BIT_SHIFT CODEC_BIT_SHIFT

/* log2(x) in 2^-16, within 0.01; x > 0. The parabola is 0 where log2 has a whole number. */
static uint64_t log2_of(uint64_t x)
{
    unsigned whole = 63 - (unsigned)__builtin_clzll(x);
    uint64_t part = (x << (63 - whole) << 1) >> (64 - BIT_SHIFT);
    uint64_t bend = part * ((1 << BIT_SHIFT) - part) >> BIT_SHIFT;
    return ((uint64_t)whole << BIT_SHIFT) + part + (bend * 11 >> 5);
}

/* How many bits (2^-16) so many bytes take by their order-0 entropy. */
static uint64_t entropy(const uint64_t counts[256], size_t size)
{
    uint64_t sum = size * log2_of(size);
    for (int v = 0; v < 256; v++) {
        if (counts[v] > 0)
            sum -= counts[v] * log2_of(counts[v]);
    }
    return sum;
}

/* A number of 0..range - 1: the middle of part i of n. */
static uint64_t middle(uint64_t range, uint64_t i, uint64_t n)
{
    return range * (2 * i + 1) / (2 * n);
}

/* Where a piece of `size` bytes lies whose middle shall be at `at`: within the row, at its start or
 * a pixel behind. */
static size_t piece_start(const struct codec_raster *raster, uint64_t at, size_t size)
{
    size_t most = codec_png_row_size(raster) - size;
    size_t start = at > size / 2 ? (size_t)at - size / 2 : 0;
    start = start < most ? start : most;
    return start < raster->channels ? 0 : start;
}

/* Takes a sample by a filter. */
static void take(const struct codec_raster *raster, uint32_t from, uint32_t to,
                 enum codec_filter filter, struct codec_png_sample *sample)
{
    uint8_t bytes[SAMPLE];
    size_t row = codec_png_row_size(raster);
    size_t size = SAMPLE / (to - from) > PIECE ? SAMPLE / (to - from) : PIECE; /* few rows */
    size = row < size ? row : size;
    uint64_t pieces = SAMPLE / size < to - from ? SAMPLE / size : to - from;
    for (uint64_t i = 0; i < pieces; i++) {
        uint32_t y = from + (uint32_t)middle(to - from, i, pieces);
        size_t start = piece_start(raster, middle(row, i * 5 % pieces, pieces), size);
        codec_png_filter(raster, filter, y, start, size, bytes + i * size);
    }
    sample->filter = filter;
    codec_huffman_count(bytes, (size_t)pieces * size, sample->counts);
    sample->bits = entropy(sample->counts, (size_t)pieces * size);
}

void codec_png_choose(const struct codec_raster *raster, uint32_t from, uint32_t to,
                      struct codec_png_sample *best)
{
    uint64_t costs[CODEC_FILTERS];
    bool looks_up = to - from > 1 || from > 0;
    if (from == 0 && looks_up)
        from = 1; /* above the first row there is nothing */
    enum codec_filter end = looks_up ? CODEC_FILTER_AVERAGE : CODEC_FILTER_UP;
    take(raster, from, to, CODEC_FILTER_NONE, best);
    costs[CODEC_FILTER_NONE] = best->bits - best->bits / 64;
    for (enum codec_filter filter = CODEC_FILTER_SUB; filter < end; filter++) {
        struct codec_png_sample sample;
        take(raster, from, to, filter, &sample);
        costs[filter] = sample.bits;
        if (costs[filter] < costs[best->filter])
            *best = sample;
        /* Average and Paeth win where Sub and Up do, or come near. */
        uint64_t near = costs[CODEC_FILTER_NONE] + costs[CODEC_FILTER_NONE] / 32;
        if (filter == CODEC_FILTER_UP &&
            (costs[CODEC_FILTER_SUB] < near || costs[CODEC_FILTER_UP] < near))
            end = CODEC_FILTERS;
    }
}

/* Whether a fourth of the positions begin four bytes that were there before. */
static bool repeats(const uint8_t *bytes, size_t size)
{
    uint16_t places[1 << HASH_BITS] = {0};
    size_t found = 0;
    for (size_t i = 0; i + 4 <= size; i++) {
        uint32_t here, there;
        memcpy(&here, bytes + i, sizeof here);
        uint16_t *place = &places[here * 2654435761u >> (32 - HASH_BITS)];
        memcpy(&there, bytes + *place, sizeof there);
        found += here == there;
        *place = (uint16_t)i;
    }
    return found * 4 > size;
}

/* Window number i, by a filter; returns its size. */
static size_t take_window(const struct codec_raster *raster, enum codec_filter filter, uint64_t i,
                          uint8_t window[WINDOW])
{
    size_t row = codec_png_row_size(raster);
    size_t size = row < WINDOW_WIDTH ? row : WINDOW_WIDTH;
    size_t start = piece_start(raster, middle(row, i * 3 % WINDOWS, WINDOWS), size);
    uint32_t skipped = raster->height > 1; /* the first row, which has nothing above */
    uint32_t height = raster->height - skipped;
    uint32_t rows = height < WINDOW_ROWS ? height : WINDOW_ROWS;
    uint32_t y = skipped + (uint32_t)middle(height - rows + 1, i, WINDOWS);
    for (uint32_t k = 0; k < rows; k++)
        codec_png_filter(raster, filter, y + k, start, size, window + k * size);
    return rows * size;
}

/* What a window takes by matches, in bytes. */
static size_t matched_size(struct libdeflate_compressor *compressor, const uint8_t *window,
                           size_t size)
{
    uint8_t scratch[WINDOW];
    size_t taken = libdeflate_deflate_compress(compressor, window, size, scratch, size);
    return taken > 0 ? taken : size; /* 0: it does not fit */
}

enum dissolve_status codec_png_has_matches(const struct codec_raster *raster,
                                           enum codec_filter *filter, bool *has_matches)
{
    uint8_t window[WINDOW];
    struct codec_png_sample sample;
    unsigned suspects = 0;
    codec_png_choose(raster, 0, raster->height, &sample);
    *filter = sample.filter;
    *has_matches = false;
    for (uint64_t i = 0; i < WINDOWS; i++) {
        size_t size = take_window(raster, *filter, i, window);
        suspects += repeats(window, size / 4);
    }
    if (suspects * 2 < WINDOWS)
        return DISSOLVE_OK;
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1);
    if (!compressor)
        return DISSOLVE_NO_MEMORY;
    uint64_t matched = 0, plain = 0;
    for (uint64_t i = 0; i < WINDOWS; i++) {
        size_t size = take_window(raster, *filter, i, window);
        struct codec_huffman plan;
        codec_huffman_plan(window, size, &plan);
        plain += plan.size;
        matched += matched_size(compressor, window, size) + size / 64;
    }
    libdeflate_free_compressor(compressor);
    *has_matches = matched < plain - plain / 4;
    return DISSOLVE_OK;
}
