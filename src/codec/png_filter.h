/* The rows of a PNG before compression: each behind the byte that names its filter. */
#ifndef CODEC_PNG_FILTER_H
#define CODEC_PNG_FILTER_H

#include "png.h"

/* The filters by the numbers by which a PNG names them. */
enum codec_filter {
    CODEC_FILTER_NONE,
    CODEC_FILTER_SUB,
    CODEC_FILTER_UP,
    CODEC_FILTER_AVERAGE,
    CODEC_FILTER_PAETH,
    CODEC_FILTERS
};

/* Bytes of a row's pixels; a row of the PNG is one longer. */
size_t codec_png_row_size(const struct codec_raster *raster);

/* How many bytes the rows take; DISSOLVE_TOO_LARGE beyond SIZE_MAX. */
DISSOLVE_MUST_USE enum dissolve_status codec_png_rows_size(const struct codec_raster *raster,
                                                           size_t *size);

/* Fills rows[0..size) with the pixels as they are: filter None, for noise has no neighbours. */
void codec_png_rows(const struct codec_raster *raster, uint8_t *rows);

/* The same, but only the bytes [from, to) of it. */
void codec_png_rows_part(const struct codec_raster *raster, size_t from, size_t to, uint8_t *out);

/*
 * Fills `rows` with the rows [from, to), all by one filter, but for the first of the raster: above
 * it there is nothing to look at, and it is served by Sub for Average and Paeth, by None for Up.
 */
void codec_png_rows_by(const struct codec_raster *raster, enum codec_filter filter, uint32_t from,
                       uint32_t to, uint8_t *rows);

/*
 * Fills out[0..size) with what the filter makes of the bytes [from, from + size) of row y. from is
 * 0 or at least a pixel; filters that look up are for y > 0.
 */
void codec_png_filter(const struct codec_raster *raster, enum codec_filter filter, uint32_t y,
                      size_t from, size_t size, uint8_t *out);

/*
 * Fills `rows` with the rows [from, to), each by the filter whose differences have the least sum of
 * absolute values as signed bytes: the heuristic that the PNG specification (third edition, 12.7)
 * recommends for pictures that have neighbours.
 */
void codec_png_rows_filtered(const struct codec_raster *raster, uint32_t from, uint32_t to,
                             uint8_t *rows);

#endif
