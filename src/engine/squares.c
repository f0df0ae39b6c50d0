/* Sums of squares block by block, of one array in any pieces. */
#include <dissolve/squares.h>
#include <math.h>
#include <stdlib.h>

enum {
    BLOCK = DISSOLVE_TALLY_BLOCK,
    LANES = 8, /* partial sums side by side, so that the compiler can use vectors */
};

_Static_assert(64 * sizeof(double) <= BLOCK, "the sums of n elements fit a size_t");

struct dissolve_squares {
    size_t n;
    double blocks[]; /* ceil(n / BLOCK) of them; each has one writer */
};

static size_t blocks_of(size_t n)
{
    return n / BLOCK + (n % BLOCK != 0);
}

enum dissolve_status dissolve_squares_create(size_t n, struct dissolve_squares **squares)
{
    *squares = NULL;
    if (n < 1)
        return DISSOLVE_INVALID;
    /* No overflow: a block's sum is 8 bytes for 1,024 elements. */
    struct dissolve_squares *made = malloc(sizeof *made + blocks_of(n) * sizeof made->blocks[0]);
    if (!made)
        return DISSOLVE_NO_MEMORY;
    made->n = n;
    dissolve_squares_reset(made);
    *squares = made;
    return DISSOLVE_OK;
}

void dissolve_squares_destroy(struct dissolve_squares *squares)
{
    free(squares);
}

void dissolve_squares_reset(struct dissolve_squares *squares)
{
    for (size_t b = 0; b < blocks_of(squares->n); b++)
        squares->blocks[b] = 0.0;
}

/* Always in the same order, whatever vectors there are. */
static double block_sum(const float *x, size_t count)
{
    double lane[LANES] = {0};
    size_t whole = count - count % LANES;

    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    }
    for (size_t i = whole; i < count; i++)
        lane[i - whole] += (double)x[i] * (double)x[i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

void dissolve_squares_add(struct dissolve_squares *squares, size_t first, const float *x,
                          size_t count)
{
    for (size_t done = 0; done < count; done += BLOCK) {
        size_t some = count - done < BLOCK ? count - done : BLOCK;

        squares->blocks[(first + done) / BLOCK] = block_sum(x + done, some);
    }
}

double dissolve_squares_rms(const struct dissolve_squares *squares)
{
    double sum = 0.0;

    for (size_t b = 0; b < blocks_of(squares->n); b++)
        sum += squares->blocks[b];
    return sqrt(sum / (double)squares->n);
}
