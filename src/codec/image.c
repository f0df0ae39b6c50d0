/* What images have in common, whatever file they come from. */
#include "image.h"

#include "signature.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NEITHER "The image is neither a PNG nor a JPEG file."

enum dissolve_status codec_image_probe(const uint8_t *bytes, size_t size, uint64_t max_pixels,
                                       struct codec_image_info *info, char detail[CODEC_DETAIL])
{
    switch (codec_signature_find(bytes, size).kind) {
    case CODEC_KIND_PNG:
        return codec_png_probe(bytes, size, max_pixels, info, detail);
    case CODEC_KIND_JPEG:
        return codec_jpeg_probe(bytes, size, max_pixels, info, detail);
    default:
        *info = (struct codec_image_info){0};
        return codec_refuse(detail, DISSOLVE_UNSUPPORTED, NEITHER);
    }
}

enum dissolve_status codec_image_decode(const uint8_t *bytes, size_t size, uint64_t max_pixels,
                                        const struct codec_cancel *cancel,
                                        struct codec_image *image, char detail[CODEC_DETAIL])
{
    switch (codec_signature_find(bytes, size).kind) {
    case CODEC_KIND_PNG:
        return codec_png_decode(bytes, size, max_pixels, cancel, image, detail);
    case CODEC_KIND_JPEG:
        return codec_jpeg_decode(bytes, size, max_pixels, cancel, image, detail);
    default:
        *image = (struct codec_image){0};
        return codec_refuse(detail, DISSOLVE_UNSUPPORTED, NEITHER);
    }
}

/* The weights add up to 65536, so that white stays white; 65535 * 65536 + 32768 is below 2^32. */
static uint32_t luma(uint32_t red, uint32_t green, uint32_t blue)
{
    return (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
}

void codec_image_to_gray(struct codec_image *image)
{
    if (image->channels != 3)
        return;
    size_t count = (size_t)image->width * image->height;
    uint8_t *pixels = image->pixels;
    uint16_t *deep = image->pixels16;
    for (size_t i = 0; i < count; i++) {
        if (deep) {
            deep[i] = (uint16_t)luma(deep[3 * i], deep[3 * i + 1], deep[3 * i + 2]);
            pixels[i] = (uint8_t)(deep[i] >> 8);
        } else {
            pixels[i] = (uint8_t)luma(pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]);
        }
    }
    image->channels = 1;
}

void codec_image_free(struct codec_image *image)
{
    free(image->pixels);
    free(image->pixels16);
    *image = (struct codec_image){0};
}
