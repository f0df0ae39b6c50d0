/* Inflates the image data of a PNG. */
#ifndef CODEC_PNG_INFLATE_H
#define CODEC_PNG_INFLATE_H

#include "image.h"
#include "png_chunks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most bytes that image data may have beyond its last row. */
#define CODEC_PNG_MAX_EXTRA ((size_t)16 << 20)

/*
 * Inflates the zlib stream to *raw, chunks->raw_size bytes, which the caller frees with free(). A
 * stream may be longer by CODEC_PNG_MAX_EXTRA bytes, which are inflated in small pieces for their
 * Adler-32 alone. Bytes of the chunks behind the stream are ignored.
 *
 * DISSOLVE_MALFORMED: the stream is invalid, too short or too long, or its Adler-32 is wrong;
 * DISSOLVE_CANCELLED: `cancel` is asked before and behind inflating, and with every piece of a
 * stream that is longer; DISSOLVE_NO_MEMORY. `detail` says it in a sentence, and *raw is NULL then.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_png_inflate(const struct codec_png_chunks *chunks,
                                                         const struct codec_cancel *cancel,
                                                         uint8_t **raw, char detail[CODEC_DETAIL]);

#ifdef __cplusplus
}
#endif

#endif
