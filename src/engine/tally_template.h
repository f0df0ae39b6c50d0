/* The kernel's tally: moments, and counts of values. Included by the kernel's source. */

/*
 * The sums are of eight lanes in one order on every instruction set, and what is counted are
 * integers.
 */

#define SUMS  8                  /* partial sums of a block, whatever a register holds */
#define PARTS (SUMS * 2 / LANES) /* vectors that hold them */
#define PIECE 16                 /* elements that are looked at together */

/* ---- Moments ---- */

LANES_INLINE void add_values(const float *x, vdouble sums[PARTS])
{
    for (int i = 0; i < PARTS; i++)
        sums[i] += lanes_widen(x + LANES / 2 * i);
}

LANES_INLINE void add_squares(const float *x, double mean, vdouble squares[PARTS])
{
    for (int i = 0; i < PARTS; i++) {
        vdouble distance = lanes_widen(x + LANES / 2 * i) - mean;
        squares[i] += distance * distance;
    }
}

static double sum_of(const double lane[SUMS])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* The mean of a block whose whole pieces have been added up. */
LANES_INLINE double mean_of(const vdouble sums[PARTS], const float *rest, size_t count)
{
    double lane[SUMS];
    memcpy(lane, sums, sizeof lane);
    for (size_t i = 0; i < count % PIECE; i++)
        lane[i % SUMS] += (double)rest[i];
    return sum_of(lane) / (double)count;
}

LANES_INLINE double squares_of(const vdouble squares[PARTS], const float *rest, size_t count,
                               double mean)
{
    double lane[SUMS];
    memcpy(lane, squares, sizeof lane);
    for (size_t i = 0; i < count % PIECE; i++)
        lane[i % SUMS] += ((double)rest[i] - mean) * ((double)rest[i] - mean);
    return sum_of(lane);
}

/* In two passes: first the mean, then the distances from it, which lose nothing to a large mean. */
static struct tally_moments moments(const float *x, size_t count)
{
    size_t whole = count - count % PIECE;
    vdouble sums[PARTS] = {0}, squares[PARTS] = {0};
    for (size_t i = 0; i < whole; i += SUMS)
        add_values(x + i, sums);
    double mean = mean_of(sums, x + whole, count);
    for (size_t i = 0; i < whole; i += SUMS)
        add_squares(x + i, mean, squares);
    return (struct tally_moments){mean, squares_of(squares, x + whole, count, mean)};
}

/* ---- Counts ---- */

/* Where, lane by lane, the cells of a vector begin: those of its elements' slots, and in them bin 0
   of level 0, were bins counted from the middle. Three vectors on it is the same again. */
struct beginnings {
    vint now, next, last;
};

LANES_INLINE vint beginning(int32_t first, int32_t slots)
{
    const int32_t part = (128 + slots - 1) / slots; /* i * part / 128 is i / slots below 128 */
    vint i;
    for (int32_t j = 0; j < LANES; j++)
        i[j] = first + j;
    vint slot = i - (i * part >> 7) * slots;
    return slot * TALLY_CELLS + (TALLY_BINS / 2 + 1);
}

LANES_INLINE struct beginnings beginnings(int32_t first, int32_t slots)
{
    return (struct beginnings){beginning(first, slots), beginning(first + LANES, slots),
                               beginning(first + 2 * LANES, slots)};
}

/* The cells of x, see tally.h; NaN is in a slot's cell 0. */
LANES_INLINE vint cells_of(vfloat x, vint slot)
{
    const float middle = 0.5f * TALLY_BINS;
    vfloat place = x * (float)TALLY_BINS_IN_ONE; /* exact: a power of two */
    place = lanes_clip(place, -middle - 1, middle + 0.5f);
    vint bin = lanes_floor(place) + (place == middle); /* a mask is -1 where it is true */
    return levels_of(x) + bin + slot;
}

/* Finds the cells of a piece; adds those outside [-1, 1] to `clipped`. */
LANES_INLINE void find_cells(const float *x, int32_t *cells, struct beginnings *slots,
                             vint *clipped)
{
    for (int i = 0; i < PIECE; i += LANES) {
        vfloat v = lanes_load(x + i);
        vint cell = cells_of(v, slots->now);
        *slots = (struct beginnings){slots->next, slots->last, slots->now};
        *clipped -= (vfloat)((vint)v & INT32_MAX) > 1.0f;
        memcpy(cells + i, &cell, sizeof cell);
    }
}

LANES_INLINE void count_cells(const int32_t *cells, size_t count, struct tally_counts *counts)
{
    for (size_t i = 0; i < count; i++)
        counts->cells[cells[i]]++;
}

/*
 * In two passes as above. To count is to wait for the memory, an element after the other, and to
 * calculate is not: each pass counts half of the elements, on the way. None that has only just been
 * found, for what is written as a vector can hardly be read yet.
 */
static struct tally_moments tally(const float *x, size_t first, size_t count,
                                  struct tally_counts *counts)
{
    int32_t cells[TALLY_BLOCK];
    size_t whole = count - count % PIECE, done = 0;
    struct beginnings slots = beginnings((int32_t)(first % counts->slots), (int32_t)counts->slots);
    vdouble sums[PARTS] = {0}, squares[PARTS] = {0};
    vint clipped = {0};
    for (size_t i = 0; i < whole; i += PIECE) {
        find_cells(x + i, cells + i, &slots, &clipped);
        add_values(x + i, sums);
        add_values(x + i + SUMS, sums);
        if (i > 0) {
            count_cells(cells + done, PIECE / 2, counts);
            done += PIECE / 2;
        }
    }
    double mean = mean_of(sums, x + whole, count);
    for (size_t i = 0; i < whole; i += PIECE) {
        add_squares(x + i, mean, squares);
        add_squares(x + i + SUMS, mean, squares);
        count_cells(cells + done, PIECE / 2, counts);
        done += PIECE / 2;
    }
    if (whole < count) {
        float rest[PIECE] = {0}; /* what fills it up is not clipped */
        memcpy(rest, x + whole, (count - whole) * sizeof *x);
        find_cells(rest, cells + whole, &slots, &clipped);
    }
    count_cells(cells + done, count - done, counts);
    for (size_t i = 0; i < LANES; i++)
        counts->clipped += (uint64_t)clipped[i];
    return (struct tally_moments){mean, squares_of(squares, x + whole, count, mean)};
}
