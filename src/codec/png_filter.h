/* The rows of a PNG before compression: each behind the byte that names its filter. */
#ifndef CODEC_PNG_FILTER_H
#define CODEC_PNG_FILTER_H

#include "png.h"

/* How many bytes the rows take; DISSOLVE_TOO_LARGE beyond SIZE_MAX. */
DISSOLVE_MUST_USE enum dissolve_status codec_png_rows_size(const struct codec_raster *raster,
                                                           size_t *size);

/* Fills rows[0..size) with the pixels as they are: filter 0, None, for noise has no neighbours. */
void codec_png_rows(const struct codec_raster *raster, uint8_t *rows);

/*
 * Fills rows[0..size) by the filter, row by row, whose differences have the least sum of absolute
 * values as signed bytes: the heuristic that the PNG specification (third edition, 12.7) recommends
 * for pictures that have neighbours.
 */
void codec_png_rows_filtered(const struct codec_raster *raster, uint8_t *rows);

#endif
