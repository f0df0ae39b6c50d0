/* The tally: moments block by block, and counts of values, of one state in any pieces. */
#include <dissolve/measure.h>
#include <dissolve/process.h>

#include "kernel.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

enum {
    BLOCK = TALLY_BLOCK,
    LEVELS = 256, /* values of a rendered element */
    BINS = TALLY_BINS,
    REACH = BINS / TALLY_BINS_IN_ONE / 2, /* the bins are between -REACH and REACH */
    CELLS = TALLY_CELLS,
    SPAN = 1 << 20, /* elements gathered before they are merged; a uint32_t counts them safely */
};

_Static_assert(64 * sizeof(struct tally_moments) <= BLOCK, "the moments of n fit a size_t");

struct dissolve_tally {
    size_t n;
    unsigned channels;    /* 0: moments only */
    pthread_mutex_t lock; /* guards the counts; every block's moments have one writer */
    uint64_t clipped;
    uint64_t (*cells)[CELLS];      /* of each channel; NULL for moments only */
    struct tally_moments blocks[]; /* ceil(n / BLOCK) of them */
};

/* A multiple of the channels. */
static unsigned slots_for(unsigned channels)
{
    return channels == 3 ? 3 : TALLY_SLOTS;
}

static size_t blocks_of(size_t n)
{
    return n / BLOCK + (n % BLOCK != 0);
}

/* n >= 1; no channels: moments only. */
static enum dissolve_status create(size_t n, unsigned channels, struct dissolve_tally **tally)
{
    enum dissolve_status status = DISSOLVE_NO_MEMORY;
    uint64_t(*cells)[CELLS] = NULL;
    /* No overflow: a block's moments are 16 bytes for 1,024 elements. */
    struct dissolve_tally *made = malloc(sizeof *made + blocks_of(n) * sizeof made->blocks[0]);

    if (!made)
        goto done;
    if (channels > 0 && !(cells = malloc(channels * sizeof *cells)))
        goto done;
    status = DISSOLVE_SYSTEM;
    if (pthread_mutex_init(&made->lock, NULL))
        goto done;
    made->n = n;
    made->channels = channels;
    made->cells = cells;
    cells = NULL;
    dissolve_tally_reset(made);
    *tally = made;
    made = NULL;
    status = DISSOLVE_OK;

done:
    free(cells);
    free(made);
    return status;
}

enum dissolve_status dissolve_tally_create(size_t n, unsigned channels,
                                           struct dissolve_tally **tally)
{
    *tally = NULL;
    if (n < 1 || channels < 1 || channels > DISSOLVE_MAX_CHANNELS || n % channels != 0)
        return DISSOLVE_INVALID;
    return create(n, channels, tally);
}

enum dissolve_status dissolve_tally_create_moments(size_t n, struct dissolve_tally **tally)
{
    *tally = NULL;
    return n < 1 ? DISSOLVE_INVALID : create(n, 0, tally);
}

void dissolve_tally_destroy(struct dissolve_tally *tally)
{
    if (!tally)
        return;
    pthread_mutex_destroy(&tally->lock);
    free(tally->cells);
    free(tally);
}

void dissolve_tally_reset(struct dissolve_tally *tally)
{
    tally->clipped = 0;
    for (size_t c = 0; c < tally->channels; c++) {
        for (size_t i = 0; i < CELLS; i++)
            tally->cells[c][i] = 0;
    }
    for (size_t b = 0; b < blocks_of(tally->n); b++)
        tally->blocks[b] = (struct tally_moments){0};
}

static void merge(struct dissolve_tally *tally, const struct tally_counts *counts)
{
    pthread_mutex_lock(&tally->lock);
    tally->clipped += counts->clipped;
    for (size_t slot = 0; slot < counts->slots; slot++) {
        uint64_t *cells = tally->cells[slot % tally->channels];
        const uint32_t *counted = counts->cells + slot * CELLS;

        for (size_t i = 0; i < CELLS; i++)
            cells[i] += counted[i];
    }
    pthread_mutex_unlock(&tally->lock);
}

static void add_span(struct dissolve_tally *tally, size_t first, const float *x, size_t count)
{
    struct tally_counts counts = {.slots = slots_for(tally->channels)};
    const struct kernel *kernel = kernel_active();

    for (size_t done = 0; done < count; done += BLOCK) {
        size_t some = count - done < BLOCK ? count - done : BLOCK;

        tally->blocks[(first + done) / BLOCK] =
            kernel->tally(x + done, first + done, some, &counts);
    }
    merge(tally, &counts);
}

static void add_moments(struct dissolve_tally *tally, size_t first, const float *x, size_t count)
{
    const struct kernel *kernel = kernel_active();

    for (size_t done = 0; done < count; done += BLOCK) {
        size_t some = count - done < BLOCK ? count - done : BLOCK;

        tally->blocks[(first + done) / BLOCK] = kernel->moments(x + done, some);
    }
}

void dissolve_tally_add(struct dissolve_tally *tally, size_t first, const float *x, size_t count)
{
    if (tally->channels == 0) {
        add_moments(tally, first, x, count);
        return;
    }
    for (size_t done = 0; done < count; done += SPAN)
        add_span(tally, first + done, x + done, count - done < SPAN ? count - done : SPAN);
}

/*
 * Mean and squares of all elements, block after block (Chan, Golub, LeVeque: Updating Formulae
 * and a Pairwise Algorithm for Computing Sample Variances, 1979).
 */
static struct tally_moments combine(const struct dissolve_tally *tally)
{
    struct tally_moments all = {0};
    double before = 0.0;

    for (size_t first = 0; first < tally->n; first += BLOCK) {
        const struct tally_moments *block = &tally->blocks[first / BLOCK];
        double count = (double)(tally->n - first < BLOCK ? tally->n - first : BLOCK);
        double share = count / (before + count);
        double apart = block->mean - all.mean;

        all.mean += apart * share;
        all.squares += block->squares + apart * apart * before * share;
        before += count;
    }
    return all;
}

/* -sum p ln p over the shares p of `count` counts, in nats; NaN where nothing was counted. */
static double entropy_of(const uint64_t *counts, size_t count)
{
    double entropy = 0.0;
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += counts[i];
    if (!sum)
        return (double)NAN;
    for (size_t i = 0; i < count; i++) {
        double p = (double)counts[i] / (double)sum;

        if (counts[i])
            entropy -= p * log(p);
    }
    return entropy;
}

/* The levels of the bins' edges. */
static void find_levels(uint8_t levels[BINS + 1])
{
    float edges[BINS + 1];

    for (size_t i = 0; i <= BINS; i++)
        edges[i] = (float)i / TALLY_BINS_IN_ONE - (float)REACH; /* exact */
    dissolve_render(edges, BINS + 1, levels);
}

/* Takes the cells apart: what is in a bin has a level between those of its edges. */
static void take_apart(const uint64_t cells[CELLS], const uint8_t levels[BINS + 1],
                       uint64_t in_bins[BINS], uint64_t in_levels[LEVELS])
{
    for (size_t i = 0; i < LEVELS; i++)
        in_levels[i] = 0;
    in_levels[0] = cells[0];
    in_levels[LEVELS - 1] = cells[CELLS - 1];
    for (size_t i = 0; i < BINS; i++) {
        in_bins[i] = 0;
        for (size_t level = levels[i]; level <= levels[i + 1]; level++) {
            in_bins[i] += cells[1 + i + level];
            in_levels[level] += cells[1 + i + level];
        }
    }
}

void dissolve_tally_read(const struct dissolve_tally *tally, struct dissolve_measures *measures)
{
    struct tally_moments all = combine(tally);
    double width = 2.0 * REACH / BINS;
    uint8_t levels[BINS + 1];

    *measures = (struct dissolve_measures){
        .mean = all.mean,
        .std = sqrt(all.squares / (double)tally->n),
        .clipped = (double)tally->clipped / (double)tally->n,
    };
    if (tally->channels > 0)
        find_levels(levels);
    for (unsigned c = 0; c < tally->channels; c++) {
        uint64_t in_bins[BINS], in_levels[LEVELS];

        take_apart(tally->cells[c], levels, in_bins, in_levels);
        measures->entropy[c] = entropy_of(in_bins, BINS) + log(width);
        measures->entropy_bits[c] = entropy_of(in_levels, LEVELS) / log(2.0);
    }
}
