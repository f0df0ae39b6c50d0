/* What a frame is best served by, judged by samples of its pixels: a filter, and matches or not. */
#ifndef CODEC_PNG_CHOICE_H
#define CODEC_PNG_CHOICE_H

#include "png_filter.h"

/*
 * The filter that leaves the rows [from, to) with the least entropy; None unless another saves a
 * 64th. It looks at up to 4 KiB of them. Pure, and integers only: the same choice on every machine.
 */
enum codec_filter codec_png_choose(const struct codec_raster *raster, uint32_t from, uint32_t to);

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
