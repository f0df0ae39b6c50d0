/* The five filters of PNG (third edition, clause 9), and which of them a row is best served by. */
#include "png_filter.h"

#include <stdlib.h>
#include <string.h>

#define NONE    CODEC_FILTER_NONE
#define SUB     CODEC_FILTER_SUB
#define UP      CODEC_FILTER_UP
#define AVERAGE CODEC_FILTER_AVERAGE
#define PAETH   CODEC_FILTER_PAETH

/* The most bytes of a pixel. */
#define CHANNELS 3

#define INLINE static inline __attribute__((always_inline))

size_t codec_png_row_size(const struct codec_raster *raster)
{
    return (size_t)raster->width * raster->channels;
}

enum dissolve_status codec_png_rows_size(const struct codec_raster *raster, size_t *size)
{
    bool over =
        __builtin_mul_overflow(codec_png_row_size(raster) + 1, (size_t)raster->height, size);
    return over ? DISSOLVE_TOO_LARGE : DISSOLVE_OK;
}

void codec_png_rows(const struct codec_raster *raster, uint8_t *rows)
{
    codec_png_rows_by(raster, NONE, 0, raster->height, rows);
}

void codec_png_rows_part(const struct codec_raster *raster, size_t from, size_t to, uint8_t *out)
{
    size_t size = codec_png_row_size(raster);
    while (from < to) {
        size_t y = from / (size + 1), x = from % (size + 1);
        if (x == 0) {
            *out++ = NONE;
            from++;
            continue;
        }
        size_t part = size + 1 - x < to - from ? size + 1 - x : to - from;
        memcpy(out, raster->pixels + y * size + x - 1, part);
        out += part;
        from += part;
    }
}

INLINE uint8_t distance(uint8_t a, uint8_t b)
{
    uint8_t high = a > b ? a : b, low = a > b ? b : a;
    return (uint8_t)(high - low);
}

/*
 * The one of the three that is nearest to left + up - corner; of equals the first. Within bytes, so
 * that a vector has many: the distances from left and up are those of up and left from the corner;
 * the corner's is their difference, if it lies between them, and else their sum, which no other
 * exceeds.
 */
INLINE uint8_t paeth(uint8_t left, uint8_t up, uint8_t corner)
{
    uint8_t by_left = distance(up, corner), by_up = distance(left, corner);
    uint8_t between = (uint8_t)((up < corner ? 255 : 0) ^ (left < corner ? 255 : 0));
    uint8_t by_corner = (uint8_t)(distance(by_left, by_up) | (uint8_t)~between);
    uint8_t other = by_up <= by_corner ? up : corner;
    uint8_t nearest = by_up <= by_corner ? by_up : by_corner;
    return by_left <= nearest ? left : other;
}

INLINE uint8_t predicted(enum codec_filter filter, uint8_t left, uint8_t up, uint8_t corner)
{
    switch (filter) {
    case SUB:
        return left;
    case UP:
        return up;
    case AVERAGE: /* half the sum, within a byte */
        return (uint8_t)((left & up) + ((left ^ up) >> 1));
    case PAETH:
        return paeth(left, up, corner);
    default:
        return 0;
    }
}

/* A row and what its filters look at. Without `above` only NONE and SUB are for it. */
struct row {
    const uint8_t *bytes;
    const uint8_t *above;
    size_t size;
    size_t step; /* from a byte to the same channel of the next pixel */
};

/* Neither pointer leads to what another one does, or the loop would be scalar code. */
INLINE void subtract(enum codec_filter filter, const uint8_t *bytes, const uint8_t *left,
                     const uint8_t *up, const uint8_t *corner, size_t size, uint8_t *restrict out)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(bytes[i] - predicted(filter, left[i], up[i], corner[i]));
}

/* The bytes [from, to) of the row, which are all at its start or all behind that. */
INLINE void apply_part(enum codec_filter filter, const struct row *row, size_t from, size_t to,
                       uint8_t *out)
{
    static const uint8_t nothing[CHANNELS];
    const uint8_t *bytes = row->bytes + from;
    const uint8_t *up = filter > SUB ? row->above + from : bytes; /* or not looked at */
    bool first = from < row->step;
    subtract(filter, bytes, first ? nothing : bytes - row->step, up,
             first ? nothing : up - row->step, to - from, out);
}

INLINE void apply_one(enum codec_filter filter, const struct row *row, size_t from, size_t to,
                      uint8_t *out)
{
    size_t start = from < row->step ? row->step : from;
    if (from < start)
        apply_part(filter, row, from, start, out);
    if (start < to)
        apply_part(filter, row, start, to, out + (start - from));
}

/* A loop of its own for each filter, so that the compiler can make vectors of it. */
static void apply(enum codec_filter filter, const struct row *row, size_t from, size_t to,
                  uint8_t *out)
{
    switch (filter) {
    case SUB:
        apply_one(SUB, row, from, to, out);
        break;
    case UP:
        apply_one(UP, row, from, to, out);
        break;
    case AVERAGE:
        apply_one(AVERAGE, row, from, to, out);
        break;
    case PAETH:
        apply_one(PAETH, row, from, to, out);
        break;
    default:
        memcpy(out, row->bytes + from, to - from);
    }
}

static size_t cost(enum codec_filter filter, const struct row *row)
{
    uint8_t part[1024];
    size_t sum = 0;
    for (size_t from = 0; from < row->size; from += sizeof part) {
        size_t to = row->size - from < sizeof part ? row->size : from + sizeof part;
        uint32_t part_sum = 0;
        apply(filter, row, from, to, part);
        for (size_t i = 0; i < to - from; i++)
            part_sum += part[i] < 128 ? part[i] : 256u - part[i];
        sum += part_sum;
    }
    return sum;
}

/* Of the filters below `end`. */
static enum codec_filter choose(const struct row *row, enum codec_filter end)
{
    enum codec_filter best = NONE;
    size_t least = SIZE_MAX;
    for (enum codec_filter filter = NONE; filter < end; filter++) {
        size_t sum = cost(filter, row);
        if (sum < least) {
            least = sum;
            best = filter;
        }
    }
    return best;
}

static struct row row_of(const struct codec_raster *raster, uint32_t y)
{
    size_t size = codec_png_row_size(raster);
    const uint8_t *bytes = raster->pixels + y * size;
    return (struct row){.bytes = bytes,
                        .above = y > 0 ? bytes - size : NULL,
                        .size = size,
                        .step = raster->channels};
}

void codec_png_filter(const struct codec_raster *raster, enum codec_filter filter, uint32_t y,
                      size_t from, size_t size, uint8_t *out)
{
    struct row row = row_of(raster, y);
    apply(filter, &row, from, from + size, out);
}

void codec_png_rows_by(const struct codec_raster *raster, enum codec_filter filter, uint32_t from,
                       uint32_t to, uint8_t *rows)
{
    for (uint32_t y = from; y < to; y++) {
        struct row row = row_of(raster, y);
        enum codec_filter used = row.above || filter <= SUB ? filter : filter == UP ? NONE : SUB;
        rows[0] = (uint8_t)used;
        apply(used, &row, 0, row.size, rows + 1);
        rows += row.size + 1;
    }
}

void codec_png_rows_filtered(const struct codec_raster *raster, uint32_t from, uint32_t to,
                             uint8_t *rows)
{
    for (uint32_t y = from; y < to; y++) {
        struct row row = row_of(raster, y);
        enum codec_filter filter = choose(&row, y > 0 ? CODEC_FILTERS : UP);
        rows[0] = (uint8_t)filter;
        apply(filter, &row, 0, row.size, rows + 1);
        rows += row.size + 1;
    }
}
