/* lodepng's own decoder and encoder, for C; what they give is freed with free(). 0: it worked. */
#ifndef TESTS_LODEPNG_OWN_H
#define TESTS_LODEPNG_OWN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

unsigned lodepng_own_decode(const uint8_t *file, size_t size, unsigned channels, uint8_t **pixels,
                            unsigned *width, unsigned *height);

unsigned lodepng_own_encode(const uint8_t *pixels, unsigned width, unsigned height,
                            unsigned channels, int filter_zero, uint8_t **file, size_t *size);

#ifdef __cplusplus
}
#endif

#endif
