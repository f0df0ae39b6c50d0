/* A zlib stream (RFC 1950) by libdeflate, piece by piece, so that it can end before all is done. */
#ifndef CODEC_PIECES_H
#define CODEC_PIECES_H

#include "cancel.h"

#include <dissolve/status.h>
#include <stdint.h>

struct libdeflate_compressor;

/*
 * Bytes that are compressed at once. At level 10 they take 15 ms (noise) to a quarter of a second
 * (few values); pieces of half the size would make a picture about half a percent larger.
 */
#define CODEC_PIECE ((size_t)1 << 19)

/*
 * Writes the stream of bytes[0..size), size >= 1, to out[0..room), and its size to *written; 0: it
 * does not fit, or only just would. Matches do not reach from one piece into another, and each but
 * the last takes up to 5 bytes more for its end. Of a compressor of level 8 or more a single piece
 * is as libdeflate_zlib_compress has it.
 *
 * DISSOLVE_CANCELLED: asked before each piece, `cancel` said so. DISSOLVE_NO_MEMORY: there were not
 * the 48 KiB that the end of a piece needs.
 */
DISSOLVE_MUST_USE enum dissolve_status
codec_pieces_compress(struct libdeflate_compressor *compressor, const uint8_t *bytes, size_t size,
                      const struct codec_cancel *cancel, uint8_t *out, size_t room,
                      size_t *written);

#endif
