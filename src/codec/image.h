/* Image files in: bytes of a client, checked against limits before anything is allocated. */
#ifndef CODEC_IMAGE_H
#define CODEC_IMAGE_H

#include "cancel.h"
#include "detail.h"

#include <dissolve/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Interleaved rows without padding, top row first. Freed with codec_image_free. */
struct codec_image {
    uint32_t width;
    uint32_t height;
    unsigned channels;  /* 3: R, G, B; after codec_image_to_gray 1 */
    uint8_t *pixels;    /* width * height * channels values, 0..255 */
    uint16_t *pixels16; /* the same at 0..65535 if the file has 16 bits a channel, else NULL */
};

/*
 * The decoders make RGB of a file's bytes and share their errors:
 *
 * DISSOLVE_UNSUPPORTED: not a file of the kind at all, or of a variety that is not read;
 * DISSOLVE_MALFORMED: broken (truncated, wrong checksum...);
 * DISSOLVE_TOO_LARGE: width * height > max_pixels, found out from the header alone;
 * DISSOLVE_CANCELLED: `cancel` said so, which JPEG's asks with every row of blocks of every scan,
 * and PNG's before and behind inflating, and with every 16 KiB of rows beyond the header's;
 * DISSOLVE_NO_MEMORY. `detail` says it in a sentence, and *image is empty then.
 *
 * They are pure functions of their arguments, on every machine; any thread.
 */

/* Decodes a PNG or a JPEG, whichever the first bytes say it is. */
DISSOLVE_MUST_USE enum dissolve_status codec_image_decode(const uint8_t *bytes, size_t size,
                                                          uint64_t max_pixels,
                                                          const struct codec_cancel *cancel,
                                                          struct codec_image *image,
                                                          char detail[CODEC_DETAIL]);

/* What the header of a file says, as the decoded image has it. */
struct codec_image_info {
    uint32_t width; /* after the EXIF orientation is applied */
    uint32_t height;
    unsigned bits;       /* a channel in memory: 8 or 16 */
    uint64_t raw_size;   /* of a PNG: bytes of its inflated rows; of a JPEG 0 */
    uint64_t coded_size; /* of a JPEG: bytes behind the header of its first scan; of a PNG 0 */
    unsigned scans;      /* of a JPEG: start-of-scan markers, at most 65535; of a PNG 0 */
    uint64_t memory;     /* bytes that decoding allocates at the most, the image among them */
};

/*
 * Reads a file's header and decodes nothing: for deciding whether to decode it. The checks that the
 * decoders make of the header are made, max_pixels among them, with the same errors; *info is zero
 * after one. It takes microseconds and at most 1 MiB, and a JPEG with several scans one pass over
 * its bytes. Decoding the same file gives an image of that width, height and depth, or fails.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_image_probe(const uint8_t *bytes, size_t size,
                                                         uint64_t max_pixels,
                                                         struct codec_image_info *info,
                                                         char detail[CODEC_DETAIL]);
DISSOLVE_MUST_USE enum dissolve_status codec_png_probe(const uint8_t *bytes, size_t size,
                                                       uint64_t max_pixels,
                                                       struct codec_image_info *info,
                                                       char detail[CODEC_DETAIL]);
DISSOLVE_MUST_USE enum dissolve_status codec_jpeg_probe(const uint8_t *bytes, size_t size,
                                                        uint64_t max_pixels,
                                                        struct codec_image_info *info,
                                                        char detail[CODEC_DETAIL]);

/*
 * A PNG of any colour type, bit depth and interlacing, as Pillow's convert("RGB") has it for files
 * of up to 8 bits: grey is repeated, palettes are looked up, alpha and tRNS are dropped (not
 * blended). A file of 16 bits a channel is kept at 16 in pixels16, and pixels has its high bytes.
 * An index beyond the palette is black; of an animated PNG the default image is read.
 *
 * Ancillary chunks are skipped, whatever is wrong with them, and so is a PLTE of another colour
 * type than 3. An eXIf chunk's orientation is therefore not applied: the pixels stay as they are
 * stored.
 *
 * A picture is complete if the IDAT chunks begin with a valid zlib stream of at least as many rows
 * as the header announces. A complete picture is read, whatever the IDAT chunks have behind the
 * stream, and even if a damaged chunk follows, or IEND is missing, or the file ends within the CRC
 * of an IDAT chunk that ends with the stream. Rows beyond the header's are ignored.
 *
 * DISSOLVE_MALFORMED: also a wrong CRC of IHDR, of an IDAT that is needed, or of PLTE if the colour
 * type is 3; a critical chunk before IEND that PNG does not define and whose CRC is right; over
 * 16 MiB of rows beyond the header's, whose Adler-32 would cost too much time.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_png_decode(const uint8_t *bytes, size_t size,
                                                        uint64_t max_pixels,
                                                        const struct codec_cancel *cancel,
                                                        struct codec_image *image,
                                                        char detail[CODEC_DETAIL]);

/*
 * A JPEG of 8 bits a channel, grey, YCbCr, RGB, CMYK or YCCK, baseline or progressive, as Pillow's
 * convert("RGB") and exif_transpose have it: the accurate inverse DCT, smooth upsampling, and
 * turned as the EXIF orientation says (1, as it is, where the EXIF data are broken). CMYK values
 * are taken as inverted (255: no ink), as Adobe's programs write them, with or without an Adobe
 * marker; R, G and B are C * K / 255, M * K / 255 and Y * K / 255, rounded. Colour profiles are
 * ignored, and so are bytes between the segments. pixels16 is NULL. While a progressive file is
 * read it takes up to 6 bytes a pixel more than the image, 8 with four channels.
 *
 * The end marker (EOI) may be missing. Bytes after the last scan that the image needs are not read
 * and change nothing, whatever they are. If image data are missing before such bytes, the bytes
 * are read as image data unless they begin with a marker; the format has no checksum.
 *
 * DISSOLVE_UNSUPPORTED: also arithmetic coding, 12 bits, lossless and hierarchical.
 * DISSOLVE_MALFORMED: also a file that lacks a scan, has more than 100, or ends before the last bit
 * of its image data; one with fewer bits of data than its blocks need at least (2 for each, 1 in a
 * progressive file) is rejected before memory of the image's size is allocated. No part of a
 * picture is taken for a whole one: whatever makes libjpeg invent pixels is an error here.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_jpeg_decode(const uint8_t *bytes, size_t size,
                                                         uint64_t max_pixels,
                                                         const struct codec_cancel *cancel,
                                                         struct codec_image *image,
                                                         char detail[CODEC_DETAIL]);

/*
 * Makes an image of three channels one of one, in place; one that is grey already stays as it is.
 * Pillow's convert("L"): (19595 R + 38470 G + 7471 B + 32768) >> 16 (ITU-R BT.601's luma); with
 * pixels16 the same of its values, and pixels has their high bytes. The buffers keep their sizes.
 */
void codec_image_to_gray(struct codec_image *image);

void codec_image_free(struct codec_image *image);

/* The detail that goes with DISSOLVE_CANCELLED. */
#define CODEC_CANCELLED "Nobody waits for the image any more."

#ifdef __cplusplus
}
#endif

#endif
