/*
 * PNG and animated PNG out. Every function appends to `out`, which stays as it was after an error:
 * DISSOLVE_INVALID (an argument out of its range), DISSOLVE_NO_MEMORY, or DISSOLVE_TOO_LARGE: an
 * image goes into one chunk, which ends short of 2 GiB, and so do its rows.
 */
#ifndef CODEC_PNG_H
#define CODEC_PNG_H

#include "buffer.h"

/* One frame to encode: interleaved 8-bit rows without padding; borrowed. */
struct codec_raster {
    uint32_t width;    /* 1..2^31 - 1, as PNG has it */
    uint32_t height;   /* likewise */
    unsigned channels; /* 1: grey, 3: RGB */
    const uint8_t *pixels;
};

/* A whole PNG file. Pure but for `out`; any thread. */
DISSOLVE_MUST_USE enum dissolve_status codec_png_encode(const struct codec_raster *raster,
                                                        struct codec_buffer *out);

/*
 * An animated PNG (the APNG chunks of PNG, third edition) is head, frames 0 .. count - 1 in order,
 * tail, put one after another. Each piece is a pure function of its arguments, so that the frames
 * can be encoded side by side. Frame 0 is also the default image that a decoder without animation
 * shows. Every frame has the same size; the animation repeats for ever. count: 1..2^30.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_apng_head(uint32_t width, uint32_t height,
                                                       unsigned channels, uint32_t count,
                                                       struct codec_buffer *out);
/* delay_ms, 0..65535: how long the frame stays. index < 2^30. */
DISSOLVE_MUST_USE enum dissolve_status codec_apng_frame(const struct codec_raster *raster,
                                                        uint32_t index, uint32_t delay_ms,
                                                        struct codec_buffer *out);
DISSOLVE_MUST_USE enum dissolve_status codec_apng_tail(struct codec_buffer *out);

#endif
