/* The project's own picture, drawn in code: what GET /sample.png shows and first examples dissolve.
 */
#ifndef API_SAMPLE_PICTURE_H
#define API_SAMPLE_PICTURE_H

#include <dissolve/status.h>
#include <stdint.h>

#define API_SAMPLE_SIDE 512

/*
 * Draws the picture: API_SAMPLE_SIDE rows and columns of interleaved R, G, B in 0..255, top row
 * first, without padding. *pixels is the caller's, to be freed with free. The same bytes on every
 * machine and by every compiler. DISSOLVE_NO_MEMORY: *pixels is NULL then. Any thread.
 */
DISSOLVE_MUST_USE enum dissolve_status api_sample_picture(uint32_t *width, uint32_t *height,
                                                          uint8_t **pixels);

#endif
