/* Estimates the memory of a request, as a sum of its buffers. */
#include "memory.h"

#include "forms.h"

/* Bytes. */
enum {
    BASE = 64 << 10,         /* the request's own structs, and what it was parsed into */
    PER_STEP = 256,          /* the schedule's table, the process's, and a choice of frames */
    PER_FRAME = 384,         /* the record and the directory's entry of a frame in a ZIP */
    PER_SLOT = 1 << 10,      /* a frame's place in a window */
    TALLY = 56 << 10,        /* the counts of a frame, */
    TALLY_BLOCK_BYTES = 128, /* and what is kept of every block of its elements */
    TALLY_BLOCK_SIZE = 2048,
    PIPE = API_REPLY_CAPACITY, /* what may wait for a reader, */
    PIECE = 1 << 20,           /* with one piece beyond it */
    GZIP = 300 << 10,          /* zlib's state */
    COMPRESSOR = 1 << 20,      /* libdeflate's, of the fast level */
    COMPRESSOR_BEST = 10 << 20,
    NUMBER = 15,       /* characters of a float32 in JSON */
    EDGE = 29,         /* of an empty bin: its edge, and zeros; of an exact density, too */
    FILLED = 36,       /* more, of a bin that has elements */
    FRAME_TEXT = 1024, /* of what else a frame has */
    POINT = 16,        /* of a point of a plotted line */
    CURVE = API_PLOT_CURVE * POINT, /* of a plotted exact density */
    NODE = 40,                      /* what a byte of JSON beside samples can become */
    LEAST = 1 << 20,                /* the most bytes of it */
};

/* Sums and products of doubles do not overflow; the result is cut at the end. */
static double blocks_of(const struct api_footprint *footprint)
{
    return (double)footprint->elements / TALLY_BLOCK_SIZE + 1;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* The pixels of frame 0, as they stay: of a file, or of an array of whole numbers. */
static double kept_pixels(const struct api_footprint *footprint)
{
    bool whole = footprint->picture.width > 0 || footprint->array_bits > 0;
    return whole ? 3 * (double)footprint->elements / (double)footprint->channels : 0;
}

/* When the body is decoded: the state is made while its source is still there. */
static double load_memory(const struct api_footprint *footprint)
{
    double state = 4.0 * (double)footprint->elements;
    if (footprint->array_elements > 0) {
        double values = 4.0 * (double)footprint->array_elements;
        double deep = footprint->array_bits == 16 ? 3 : 1; /* 16 and 8 bits are kept */
        return values + state + deep * kept_pixels(footprint);
    }
    if (footprint->picture.width == 0)
        return state;
    double pixels = kept_pixels(footprint);
    double source = footprint->picture.bits == 16 ? 3 * pixels : pixels;
    return larger((double)footprint->picture.memory, source + state);
}

/* A PNG of so many bytes of pixels. */
static double png_size(double bytes)
{
    return bytes + bytes / 64 + FRAME_TEXT;
}

/* What compressing it takes beside that. */
static double png_work(const struct api_footprint *footprint, double bytes)
{
    bool best = footprint->compression == CODEC_COMPRESSION_BEST;
    return best ? 2 * png_size(bytes) + COMPRESSOR_BEST : png_size(bytes) + COMPRESSOR;
}

static bool is_plot(const struct api_footprint *footprint)
{
    return footprint->format == API_FORMAT_SVG;
}

/* A buffer that has grown by doubling. */
static double grown(double size)
{
    double capacity = 256;
    while (capacity < size)
        capacity *= 2;
    return capacity;
}

static double bins_size(const struct api_footprint *footprint)
{
    double elements = (double)footprint->elements;
    double bins = (double)footprint->bins * (double)footprint->channels;
    double filled = smaller(bins, elements);
    double exact = footprint->components > 0 ? EDGE : 0;
    return is_plot(footprint) ? POINT * filled + CURVE : (EDGE + exact) * bins + FILLED * filled;
}

/* The text of a frame: bins, or numbers, unless there are too many to print them at once. */
static double text_size(const struct api_footprint *footprint)
{
    double elements = (double)footprint->elements;
    double text = footprint->bins > 0 ? bins_size(footprint)
                                      : (elements <= API_NUMBERS_AT_ONCE ? NUMBER * elements : 0);
    return grown(text + FRAME_TEXT * (double)footprint->channels);
}

/* What is sent of a frame, encoded. */
static double encoded_size(const struct api_footprint *footprint)
{
    double png = png_size((double)footprint->elements);
    if (footprint->sheet > 0 || footprint->format == API_FORMAT_NPY ||
        footprint->format == API_FORMAT_NPZ)
        return 0;
    if (!footprint->pixels)
        return text_size(footprint);
    return footprint->format == API_FORMAT_JSON ? 4 * png / 3 + FRAME_TEXT : png;
}

/* What encoding a frame takes for as long as it lasts. */
static double encoding_memory(const struct api_footprint *footprint)
{
    double elements = (double)footprint->elements;
    if (footprint->sheet > 0 || encoded_size(footprint) == 0)
        return 0;
    if (footprint->bins > 0) /* the values of a channel, or of all that are drawn */
        return 4 * elements + 64 * (double)footprint->bins * (double)footprint->channels + TALLY;
    if (!footprint->pixels) /* a piece of the numbers of a large frame */
        return elements > API_NUMBERS_AT_ONCE ? grown(PIECE) : 0;
    double png = footprint->format == API_FORMAT_JSON ? png_size(elements) : 0;
    return png + png_work(footprint, elements);
}

static double slot_memory(const struct api_footprint *footprint)
{
    double elements = (double)footprint->elements;
    double frame = (footprint->pixels ? elements : 0) + (footprint->state ? 4 * elements : 0);
    double tally = (footprint->tally ? TALLY : 0) + TALLY_BLOCK_BYTES * blocks_of(footprint);
    return PER_SLOT + frame + tally + encoded_size(footprint);
}

/* The picture of all frames, compressed when all have been put into it. */
static double sheet_memory(const struct api_footprint *footprint)
{
    double bytes = (double)footprint->sheet * (double)footprint->elements;
    return footprint->sheet == 0 ? 0 : bytes + png_size(bytes) + png_work(footprint, bytes);
}

static double pipe_memory(const struct api_footprint *footprint)
{
    double frames = (double)footprint->frames * (encoded_size(footprint) + PER_FRAME) + FRAME_TEXT;
    double gzip = footprint->gzip ? GZIP + encoded_size(footprint) : 0;
    return gzip + smaller(frames, 2.0 * PIPE + PIECE);
}

/* While frames are computed, encoded and sent. */
static double frames_memory(const struct api_footprint *footprint)
{
    double state = 4.0 * (double)footprint->elements;
    double source = footprint->text_samples > 0 ? 2 * state : state; /* read into what grows */
    double windows = smaller((double)footprint->windows, 3);
    double slots = smaller(windows * (double)footprint->window_frames, (double)footprint->frames);
    double at_once = smaller((double)footprint->window_frames, (double)footprint->threads);
    return source + kept_pixels(footprint) + (footprint->targets ? state : 0) +
           slots * slot_memory(footprint) + at_once * encoding_memory(footprint) +
           sheet_memory(footprint) + pipe_memory(footprint);
}

uint64_t api_memory_estimate(const struct api_footprint *footprint)
{
    double tables = BASE + PER_STEP * (double)footprint->steps +
                    PER_FRAME * (double)footprint->frames + 64.0 * (double)footprint->components;
    double sum = tables + larger(load_memory(footprint), frames_memory(footprint));
    return sum < 0x1p64 ? (uint64_t)sum : UINT64_MAX;
}

/*
 * Samples of two bytes each, read into an array of floats that moves to twice its place; and a tree
 * of the rest. Their frames take no more than what is reserved for reading, so that nothing that
 * has been read waits for more memory, but for mixtures.
 */
uint64_t api_memory_of_json(uint64_t size)
{
    double samples = (double)size / 2, rest = smaller((double)size, LEAST);
    double reading = 6 * (double)size + NODE * rest;
    double text = 3 * grown(NUMBER * smaller(samples, API_NUMBERS_AT_ONCE) + FRAME_TEXT);
    double frames = 24 * samples + text + 4.0 * PIECE;
    double sum = BASE + larger(reading, frames);
    return sum < 0x1p64 ? (uint64_t)sum : UINT64_MAX;
}

uint64_t api_memory_of_mixture(uint64_t components)
{
    return components > UINT64_MAX / 64 - BASE ? UINT64_MAX : BASE + 64 * components;
}
