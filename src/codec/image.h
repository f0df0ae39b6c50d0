/* Image files in: bytes of a client, checked against limits before anything is allocated. */
#ifndef CODEC_IMAGE_H
#define CODEC_IMAGE_H

#include <dissolve/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room for one sentence that says what is wrong with an input, for people. */
#define CODEC_DETAIL 192

/* Interleaved rows without padding, top row first. Freed with codec_image_free. */
struct codec_image {
    uint32_t width;
    uint32_t height;
    unsigned channels;  /* 3: R, G, B */
    uint8_t *pixels;    /* width * height * channels values, 0..255 */
    uint16_t *pixels16; /* the same at 0..65535 if the file has 16 bits a channel, else NULL */
};

/*
 * Decodes a PNG of any colour type, bit depth and interlacing to RGB, as Pillow's convert("RGB")
 * does for files of up to 8 bits: grey is repeated, palettes are looked up, alpha and tRNS are
 * dropped (not blended). A file of 16 bits a channel is kept at 16 in pixels16, and pixels has its
 * high bytes. Text, colour profiles and gamma are ignored; an index beyond the palette is black; of
 * an animated PNG the default image is read.
 *
 * DISSOLVE_UNSUPPORTED: not a PNG at all; DISSOLVE_MALFORMED: broken (truncated, wrong CRC...);
 * DISSOLVE_TOO_LARGE: width * height > max_pixels, found out from the header alone;
 * DISSOLVE_NO_MEMORY. `detail` says it in a sentence, and *image is empty then.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_png_decode(const uint8_t *bytes, size_t size,
                                                        uint64_t max_pixels,
                                                        struct codec_image *image,
                                                        char detail[CODEC_DETAIL]);

void codec_image_free(struct codec_image *image);

#ifdef __cplusplus
}
#endif

#endif
