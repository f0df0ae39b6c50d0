/* A frame's pixels as the zlib stream (RFC 1950) that a PNG's image data are. */
#ifndef CODEC_PNG_COMPRESS_H
#define CODEC_PNG_COMPRESS_H

#include "png.h"

/*
 * The most that codec_png_compress writes, however it compresses. DISSOLVE_TOO_LARGE: the rows or
 * the stream might reach `limit`.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_png_bound(const struct codec_raster *raster,
                                                       size_t limit, size_t *bound);

/*
 * Writes the stream to out[0..bound), with the bound that codec_png_bound told, and its size to
 * *written. DISSOLVE_NO_MEMORY: it takes 128 KiB or a row, if that is longer; for frames of 16 KiB
 * or less, and those that repeat themselves, the rows' size and what libdeflate needs;
 * CODEC_COMPRESSION_BEST takes twice the rows' size, that, and 48 KiB, and is the one that may
 * return DISSOLVE_CANCELLED; CODEC_COMPRESSION_NONE takes nothing.
 */
DISSOLVE_MUST_USE enum dissolve_status
codec_png_compress(const struct codec_raster *raster, enum codec_compression compression,
                   const struct codec_cancel *cancel, uint8_t *out, size_t bound, size_t *written);

#endif
