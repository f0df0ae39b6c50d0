/*
 * PNG and animated PNG out. Every function appends to `out`, which stays as it was after an error:
 * DISSOLVE_INVALID (an argument or option out of its range), DISSOLVE_NO_MEMORY, or
 * DISSOLVE_TOO_LARGE: an image goes into one chunk, which ends short of 2 GiB, and so do its rows;
 * a text likewise. DISSOLVE_CANCELLED: `cancel` in the options said so, which BEST asks for each
 * CODEC_PIECE of its rows; the others do not ask.
 */
#ifndef CODEC_PNG_H
#define CODEC_PNG_H

#include "buffer.h"
#include "cancel.h"

/* One frame to encode: interleaved 8-bit rows without padding; borrowed. */
struct codec_raster {
    uint32_t width;    /* 1..2^31 - 1, as PNG has it */
    uint32_t height;   /* likewise */
    unsigned channels; /* 1: grey, 3: RGB */
    const uint8_t *pixels;
};

/*
 * How much time a frame's size is worth. The pixels are the same in all. Of one frame of 512 x 512
 * RGB, on one core: FAST 0.5 ms for noise and 1.8 ms for the sample picture, NONE 0.1 ms, BEST 45
 * ms and 210 ms; BEST makes the picture a tenth smaller than FAST, and noise not at all.
 */
enum codec_compression {
    CODEC_COMPRESSION_FAST, /* Huffman codes and runs, filtered where it pays; rarely matches */
    CODEC_COMPRESSION_NONE, /* stored, width * channels + 1 bytes a row */
    CODEC_COMPRESSION_BEST, /* filters and matches, hard sought; never larger than FAST */
};

/* Zero-initialised, or NULL in its place: the defaults. Borrowed for the call. */
struct codec_png_options {
    enum codec_compression compression;
    /*
     * A tEXt chunk behind the header, if text is not NULL: both in Latin-1. keyword: 1..79
     * printable characters, and no space at its start, at its end or behind another, or
     * DISSOLVE_INVALID.
     */
    const char *keyword;
    const char *text;
    const struct codec_cancel *cancel;
};

/* A whole PNG file. Pure but for `out`; any thread. */
DISSOLVE_MUST_USE enum dissolve_status codec_png_encode(const struct codec_raster *raster,
                                                        const struct codec_png_options *options,
                                                        struct codec_buffer *out);

/*
 * An animated PNG (the APNG chunks of PNG, third edition) is head, frames 0 .. count - 1 in order,
 * tail, put one after another. Each piece is a pure function of its arguments, so that the frames
 * can be encoded side by side. Frame 0 is also the default image that a decoder without animation
 * shows. Every frame has the same size; the animation repeats for ever. count: 1..2^30.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_apng_head(uint32_t width, uint32_t height,
                                                       unsigned channels, uint32_t count,
                                                       const struct codec_png_options *options,
                                                       struct codec_buffer *out);
/* delay_ms, 0..65535: how long the frame stays. index < 2^30. A text is the head's: none here. */
DISSOLVE_MUST_USE enum dissolve_status codec_apng_frame(const struct codec_raster *raster,
                                                        uint32_t index, uint32_t delay_ms,
                                                        const struct codec_png_options *options,
                                                        struct codec_buffer *out);
DISSOLVE_MUST_USE enum dissolve_status codec_apng_tail(struct codec_buffer *out);

#endif
