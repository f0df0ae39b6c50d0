/* What a frame is best served by, judged by samples of its pixels: a filter, and matches or not. */
#ifndef CODEC_PNG_CHOICE_H
#define CODEC_PNG_CHOICE_H

#include "png_filter.h"

/* Entropies are counted in this part of a bit. */
#define CODEC_BIT_SHIFT 16

/* Bytes of some rows, spread over them, as a filter leaves them: how often each occurs. */
struct codec_png_sample {
    enum codec_filter filter;
    uint64_t counts[256];
    uint64_t bits; /* by their order-0 entropy, in 2^-CODEC_BIT_SHIFT */
};

/*
 * Finds the filter that leaves the rows [from, to) with the least entropy; None unless another
 * saves a 64th. It looks at up to 4 KiB of them, and tells what it saw by that filter. Pure, and
 * integers only: the same choice on every machine.
 */
void codec_png_choose(const struct codec_raster *raster, uint32_t from, uint32_t to,
                      struct codec_png_sample *best);

/*
 * Whether libdeflate's matches are worth the time, for the frame by *filter: a quarter of what
 * Huffman codes and runs take, and a 64th of the rows themselves. So it is for pictures that repeat
 * themselves, not for noise, photos, or flat frames, which runs make small. DISSOLVE_NO_MEMORY:
 * where something repeats it takes what libdeflate needs.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_png_has_matches(const struct codec_raster *raster,
                                                             enum codec_filter *filter,
                                                             bool *has_matches);

#endif
