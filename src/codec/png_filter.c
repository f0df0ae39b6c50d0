/* The five filters of PNG (third edition, clause 9), and which of them a row is best served by. */
#include "png_filter.h"

#include <stdlib.h>
#include <string.h>

/* The numbers by which a PNG names them. */
enum filter { NONE, SUB, UP, AVERAGE, PAETH, FILTERS };

#define INLINE static inline __attribute__((always_inline))

static size_t row_size(const struct codec_raster *raster)
{
    return (size_t)raster->width * raster->channels;
}

enum dissolve_status codec_png_rows_size(const struct codec_raster *raster, size_t *size)
{
    bool over = __builtin_mul_overflow(row_size(raster) + 1, (size_t)raster->height, size);
    return over ? DISSOLVE_TOO_LARGE : DISSOLVE_OK;
}

void codec_png_rows(const struct codec_raster *raster, uint8_t *rows)
{
    size_t row = row_size(raster);
    for (size_t y = 0; y < raster->height; y++) {
        rows[0] = NONE;
        memcpy(rows + 1, raster->pixels + y * row, row);
        rows += row + 1;
    }
}

/* The one of the three that is nearest to left + up - corner; of equals the first. */
INLINE int paeth(int left, int up, int corner)
{
    int by_left = abs(up - corner), by_up = abs(left - corner);
    int by_corner = abs(left + up - 2 * corner);
    int other = by_up <= by_corner ? up : corner;
    return by_left <= by_up && by_left <= by_corner ? left : other;
}

INLINE int predicted(enum filter filter, int left, int up, int corner)
{
    switch (filter) {
    case SUB:
        return left;
    case UP:
        return up;
    case AVERAGE:
        return (left + up) / 2;
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

INLINE uint8_t difference(enum filter filter, const struct row *row, size_t i, bool first)
{
    int left = first ? 0 : row->bytes[i - row->step];
    int up = filter > SUB ? row->above[i] : 0;
    int corner = filter > SUB && !first ? row->above[i - row->step] : 0;
    return (uint8_t)(row->bytes[i] - predicted(filter, left, up, corner));
}

INLINE void apply_one(enum filter filter, const struct row *row, uint8_t *out)
{
    for (size_t i = 0; i < row->step; i++)
        out[i] = difference(filter, row, i, true);
    for (size_t i = row->step; i < row->size; i++)
        out[i] = difference(filter, row, i, false);
}

INLINE size_t magnitude(uint8_t value)
{
    return (size_t)abs((int8_t)value);
}

INLINE size_t cost_one(enum filter filter, const struct row *row)
{
    size_t sum = 0;
    for (size_t i = 0; i < row->step; i++)
        sum += magnitude(difference(filter, row, i, true));
    for (size_t i = row->step; i < row->size; i++)
        sum += magnitude(difference(filter, row, i, false));
    return sum;
}

/* A loop of its own for each filter, so that the compiler can make vectors of it. */
static void apply(enum filter filter, const struct row *row, uint8_t *out)
{
    switch (filter) {
    case SUB:
        apply_one(SUB, row, out);
        break;
    case UP:
        apply_one(UP, row, out);
        break;
    case AVERAGE:
        apply_one(AVERAGE, row, out);
        break;
    case PAETH:
        apply_one(PAETH, row, out);
        break;
    default:
        memcpy(out, row->bytes, row->size);
    }
}

static size_t cost(enum filter filter, const struct row *row)
{
    switch (filter) {
    case SUB:
        return cost_one(SUB, row);
    case UP:
        return cost_one(UP, row);
    case AVERAGE:
        return cost_one(AVERAGE, row);
    case PAETH:
        return cost_one(PAETH, row);
    default:
        return cost_one(NONE, row);
    }
}

static enum filter choose(const struct row *row)
{
    enum filter best = NONE;
    size_t least = SIZE_MAX;
    for (enum filter filter = NONE; filter < (row->above ? FILTERS : UP); filter++) {
        size_t sum = cost(filter, row);
        if (sum < least) {
            least = sum;
            best = filter;
        }
    }
    return best;
}

void codec_png_rows_filtered(const struct codec_raster *raster, uint8_t *rows)
{
    struct row row = {.bytes = raster->pixels, .size = row_size(raster), .step = raster->channels};
    for (size_t y = 0; y < raster->height; y++) {
        enum filter filter = choose(&row);
        rows[0] = (uint8_t)filter;
        apply(filter, &row, rows + 1);
        rows += row.size + 1;
        row.above = row.bytes;
        row.bytes += row.size;
    }
}
