/* The tally: moments block by block, and counts of values, of one state in any pieces. */
#include <dissolve/measure.h>
#include <dissolve/process.h>

#include "kernel.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum {
    BLOCK = TALLY_BLOCK,
    LEVELS = 256, /* values of a rendered element */
    BINS = TALLY_BINS,
    REACH = BINS / TALLY_BINS_IN_ONE / 2, /* the bins are between -REACH and REACH */
    CELLS = TALLY_CELLS,
    SHARES = 4, /* threads that count side by side; any more take turns */
};

_Static_assert(64 * sizeof(struct tally_moments) <= BLOCK, "the moments of n fit a size_t");

/* What some threads have counted, one at a time. */
struct share {
    pthread_mutex_t lock;
    bool used; /* else the counts are not even zeros */
    struct tally_counts counts;
};

struct dissolve_tally {
    size_t n;
    unsigned channels;             /* 0: moments only */
    struct share *shares;          /* SHARES of them; NULL for moments only */
    struct tally_moments blocks[]; /* ceil(n / BLOCK) of them, each with one writer */
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

static void destroy_shares(struct share *shares, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pthread_mutex_destroy(&shares[i].lock);
    free(shares);
}

static enum dissolve_status create_shares(struct share **shares)
{
    struct share *made = malloc(SHARES * sizeof *made);

    if (!made)
        return DISSOLVE_NO_MEMORY;
    for (size_t i = 0; i < SHARES; i++) {
        if (pthread_mutex_init(&made[i].lock, NULL)) {
            destroy_shares(made, i);
            return DISSOLVE_SYSTEM;
        }
    }
    *shares = made;
    return DISSOLVE_OK;
}

/* n >= 1; no channels: moments only. */
static enum dissolve_status create(size_t n, unsigned channels, struct dissolve_tally **tally)
{
    enum dissolve_status status = DISSOLVE_OK;
    /* No overflow: a block's moments are 16 bytes for 1,024 elements. */
    struct dissolve_tally *made = malloc(sizeof *made + blocks_of(n) * sizeof made->blocks[0]);

    if (!made)
        return DISSOLVE_NO_MEMORY;
    made->n = n;
    made->channels = channels;
    made->shares = NULL;
    if (channels > 0)
        status = create_shares(&made->shares);
    if (status == DISSOLVE_OK) {
        dissolve_tally_reset(made);
        *tally = made;
        made = NULL;
    }
    dissolve_tally_destroy(made);
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
    if (tally->shares)
        destroy_shares(tally->shares, SHARES);
    free(tally);
}

void dissolve_tally_reset(struct dissolve_tally *tally)
{
    for (size_t i = 0; tally->shares && i < SHARES; i++)
        tally->shares[i].used = false;
    for (size_t b = 0; b < blocks_of(tally->n); b++)
        tally->blocks[b] = (struct tally_moments){0};
}

/* The share of the processor that this runs on, so that its counts are mostly in its own caches;
   another one if that is taken. The caller unlocks it. */
static struct share *lock_share(const struct dissolve_tally *tally)
{
    unsigned own = (unsigned)sched_getcpu(); /* any number will do, that of an error too */
    struct share *share = &tally->shares[own % SHARES];
    unsigned tried = 0;

    while (tried < SHARES && pthread_mutex_trylock(&share->lock) != 0)
        share = &tally->shares[(own + ++tried) % SHARES];
    if (tried == SHARES)
        pthread_mutex_lock(&share->lock);
    if (!share->used)
        share->counts = (struct tally_counts){.slots = slots_for(tally->channels)};
    share->used = true;
    return share;
}

static void add_counts(struct dissolve_tally *tally, size_t first, const float *x, size_t count)
{
    struct share *share = lock_share(tally);
    const struct kernel *kernel = kernel_active();

    for (size_t done = 0; done < count; done += BLOCK) {
        size_t some = count - done < BLOCK ? count - done : BLOCK;

        tally->blocks[(first + done) / BLOCK] =
            kernel->tally(x + done, first + done, some, &share->counts);
    }
    pthread_mutex_unlock(&share->lock);
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
    if (tally->shares)
        add_counts(tally, first, x, count);
    else
        add_moments(tally, first, x, count);
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

/* What has been counted of a channel. */
static void gather(const struct dissolve_tally *tally, unsigned channel, uint64_t cells[CELLS])
{
    for (size_t i = 0; i < CELLS; i++)
        cells[i] = 0;
    for (size_t s = 0; s < SHARES; s++) {
        const struct tally_counts *counts = &tally->shares[s].counts;

        if (!tally->shares[s].used)
            continue;
        for (size_t slot = channel; slot < counts->slots; slot += tally->channels) {
            for (size_t i = 0; i < CELLS; i++)
                cells[i] += counts->cells[slot * CELLS + i];
        }
    }
}

static uint64_t clipped(const struct dissolve_tally *tally)
{
    uint64_t sum = 0;

    for (size_t s = 0; tally->shares && s < SHARES; s++)
        sum += tally->shares[s].used ? tally->shares[s].counts.clipped : 0;
    return sum;
}

void dissolve_tally_read(const struct dissolve_tally *tally, struct dissolve_measures *measures)
{
    struct tally_moments all = combine(tally);
    double width = 2.0 * REACH / BINS;
    uint8_t levels[BINS + 1];

    *measures = (struct dissolve_measures){
        .mean = all.mean,
        .std = sqrt(all.squares / (double)tally->n),
        .clipped = (double)clipped(tally) / (double)tally->n,
    };
    if (tally->channels > 0)
        find_levels(levels);
    for (unsigned c = 0; c < tally->channels; c++) {
        uint64_t cells[CELLS], in_bins[BINS], in_levels[LEVELS];

        gather(tally, c, cells);
        take_apart(cells, levels, in_bins, in_levels);
        measures->entropy[c] = entropy_of(in_bins, BINS) + log(width);
        measures->entropy_bits[c] = entropy_of(in_levels, LEVELS) / log(2.0);
    }
}
