/* The chunks of a PNG file: finds what decoding needs, checks it, and leaves out the rest. */
#ifndef CODEC_PNG_CHUNKS_H
#define CODEC_PNG_CHUNKS_H

#include "detail.h"

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The parts of a PNG file that decoding needs; the pointers are into the file, except for `own`. */
struct codec_png_chunks {
    const uint8_t *header; /* IHDR's 13 bytes, with values that PNG defines */
    uint32_t width;
    uint32_t height;
    unsigned depth;         /* bits a channel */
    unsigned colour;        /* colour type */
    size_t raw_size;        /* bytes of the inflated image data: every row behind its filter byte */
    const uint8_t *palette; /* colours of 3 bytes each; NULL unless the colour type is 3 */
    size_t palette_size;    /* bytes: 3 to 768, a multiple of 3 */
    const uint8_t *data;    /* the zlib stream, and whatever the IDAT chunks have behind it */
    size_t data_size;
    uint8_t *own;           /* where `data` is if it comes from several chunks, else NULL */
    bool unverified;        /* the last IDAT's CRC is cut off: the stream must end with `data` */
    const char *incomplete; /* the reason, as a sentence, if `data` turns out to end too early;
                               NULL: the file goes on to its IEND */
};

/*
 * Reads a file that begins with PNG's signature. IHDR, PLTE where the colour type is 3, and IDAT
 * need a right CRC; IDAT chunks may have others between them. Ancillary chunks, and a PLTE of
 * another colour type, are skipped unread, wherever they are. IDAT chunks from the first wrong CRC
 * on, those that are cut off, and everything behind IEND are left out: `data` may be complete
 * without them. A critical chunk that PNG does not define is an error.
 *
 * DISSOLVE_MALFORMED; DISSOLVE_TOO_LARGE: width * height > max_pixels, or the image data would have
 * more bytes than a size_t holds; DISSOLVE_NO_MEMORY. `detail` says it in a sentence, and *chunks
 * needs no freeing then. It allocates at most `size` bytes.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_png_chunks_read(const uint8_t *bytes, size_t size,
                                                             uint64_t max_pixels,
                                                             struct codec_png_chunks *chunks,
                                                             char detail[CODEC_DETAIL]);

/*
 * Reads no further than IHDR: header, width, height, depth, colour and raw_size are set, the other
 * members are zero. The errors are those that codec_png_chunks_read finds up to there; nothing is
 * allocated.
 */
DISSOLVE_MUST_USE enum dissolve_status
codec_png_chunks_read_header(const uint8_t *bytes, size_t size, uint64_t max_pixels,
                             struct codec_png_chunks *chunks, char detail[CODEC_DETAIL]);

/* Frees what `data` owns, once it is not needed any more; header and palette stay. */
void codec_png_chunks_drop_data(struct codec_png_chunks *chunks);

void codec_png_chunks_free(struct codec_png_chunks *chunks);

#ifdef __cplusplus
}
#endif

#endif
