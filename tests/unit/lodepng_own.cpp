/* lodepng as it comes, with its own deflate, for C: a judge of PNG files, and a peer to measure. */
#include "lodepng_own.h"

#include <lodepng.h>

static LodePNGColorType type_of(unsigned channels)
{
    return channels == 3 ? LCT_RGB : LCT_GREY;
}

extern "C" unsigned lodepng_own_decode(const uint8_t *file, size_t size, unsigned channels,
                                       uint8_t **pixels, unsigned *width, unsigned *height)
{
    return lodepng_decode_memory(pixels, width, height, file, size, type_of(channels), 8);
}

extern "C" unsigned lodepng_own_encode(const uint8_t *pixels, unsigned width, unsigned height,
                                       unsigned channels, int filter_zero, uint8_t **file,
                                       size_t *size)
{
    LodePNGState state;
    lodepng_state_init(&state);
    state.info_raw.colortype = state.info_png.color.colortype = type_of(channels);
    state.encoder.auto_convert = 0;
    if (filter_zero)
        state.encoder.filter_strategy = LFS_ZERO;
    *file = nullptr;
    unsigned error = lodepng_encode(file, size, pixels, width, height, &state);
    lodepng_state_cleanup(&state);
    return error;
}
