/* The tally: moments block by block, and counts of values, of one state in any pieces. */
#include <dissolve/measure.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = DISSOLVE_TALLY_BLOCK,
    LANES = 8,    /* partial sums side by side, so that the compiler can use vectors */
    LEVELS = 256, /* values of a rendered element */
    BINS = 256,   /* of the differential entropy, between -REACH and REACH */
    REACH = 4,
    NOWHERE = BINS, /* the bin of values beyond them */
    SLOTS = 4,      /* see slots_for */
    SPAN = 1 << 20, /* elements gathered before they are merged; a uint32_t counts them safely */
};

/* Vectors of gcc and clang, on any processor: neither finds them by itself in what is done here. */
enum {
    WIDTH = 4,
};
typedef float floats __attribute__((vector_size(WIDTH * sizeof(float))));
typedef int32_t ints __attribute__((vector_size(WIDTH * sizeof(int32_t))));

/* Of one block: mean, and sum of the squared distances from it. */
struct moments {
    double mean;
    double squares;
};

_Static_assert(64 * sizeof(struct moments) <= BLOCK, "the moments of n elements fit a size_t");

struct dissolve_tally {
    size_t n;
    unsigned channels;
    pthread_mutex_t lock; /* guards the counts; every block's moments have one writer */
    uint64_t clipped;
    uint64_t levels[DISSOLVE_MAX_CHANNELS][LEVELS];
    uint64_t bins[DISSOLVE_MAX_CHANNELS][BINS];
    struct moments blocks[]; /* ceil(n / BLOCK) of them */
};

/*
 * What one thread has counted of a span. Element i counts in slot i % slots: for few channels
 * there are several slots a channel, since adding to one number again and again would wait for
 * the memory each time.
 */
struct counts {
    unsigned slots;
    uint64_t clipped;
    uint32_t levels[SLOTS][LEVELS + 1]; /* the last keeps rows from lying a page apart */
    uint32_t bins[SLOTS][BINS + 1];
};

/* A multiple of the channels. */
static unsigned slots_for(unsigned channels)
{
    return channels == 3 ? 3 : SLOTS;
}

static size_t blocks_of(size_t n)
{
    return n / BLOCK + (n % BLOCK != 0);
}

enum dissolve_status dissolve_tally_create(size_t n, unsigned channels,
                                           struct dissolve_tally **tally)
{
    enum dissolve_status status = DISSOLVE_INVALID;
    struct dissolve_tally *made = NULL;

    *tally = NULL;
    if (n < 1 || channels < 1 || channels > DISSOLVE_MAX_CHANNELS || n % channels != 0)
        goto done;
    status = DISSOLVE_NO_MEMORY;
    /* No overflow: a block's moments are 16 bytes for 1,024 elements. */
    made = malloc(sizeof *made + blocks_of(n) * sizeof made->blocks[0]);
    if (!made)
        goto done;
    status = DISSOLVE_SYSTEM;
    if (pthread_mutex_init(&made->lock, NULL))
        goto done;
    made->n = n;
    made->channels = channels;
    dissolve_tally_reset(made);
    *tally = made;
    made = NULL;
    status = DISSOLVE_OK;

done:
    free(made);
    return status;
}

void dissolve_tally_destroy(struct dissolve_tally *tally)
{
    if (!tally)
        return;
    pthread_mutex_destroy(&tally->lock);
    free(tally);
}

void dissolve_tally_reset(struct dissolve_tally *tally)
{
    tally->clipped = 0;
    for (size_t c = 0; c < DISSOLVE_MAX_CHANNELS; c++) {
        for (size_t i = 0; i < LEVELS; i++)
            tally->levels[c][i] = 0;
        for (size_t i = 0; i < BINS; i++)
            tally->bins[c][i] = 0;
    }
    for (size_t b = 0; b < blocks_of(tally->n); b++)
        tally->blocks[b] = (struct moments){0};
}

static double sum_lanes(const double lane[LANES])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* In two passes: first the mean, then the distances from it, which lose nothing to a large mean. */
static struct moments moments_of(const float *x, size_t count)
{
    double sums[LANES] = {0}, squares[LANES] = {0};
    size_t whole = count - count % LANES;
    double mean;

    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t j = 0; j < LANES; j++)
            sums[j] += (double)x[i + j];
    }
    for (size_t i = whole; i < count; i++)
        sums[i - whole] += (double)x[i];
    mean = sum_lanes(sums) / (double)count;

    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            double distance = (double)x[i + j] - mean;

            squares[j] += distance * distance;
        }
    }
    for (size_t i = whole; i < count; i++) {
        double distance = (double)x[i] - mean;

        squares[i - whole] += distance * distance;
    }
    return (struct moments){mean, sum_lanes(squares)};
}

static inline floats choose(ints mask, floats yes, floats no)
{
    return (floats)((mask & (ints)yes) | (~mask & (ints)no));
}

/* The levels that dissolve_render gives to x. */
static inline ints levels_of(floats x)
{
    const floats zero = {0.0f}, one = zero + 1.0f;
    floats v = (x + 1.0f) / 2.0f;

    v = choose(v > zero, v, zero);
    v = choose(v < one, v, one);
    return __builtin_convertvector(v * 255.0f, ints);
}

/* The bins of x; as numpy.histogram counts, REACH itself is in the last one. */
static inline ints bins_of(floats x)
{
    const int middle = BINS / 2;
    const int in_one = BINS / (2 * REACH); /* bins in an interval of length 1 */
    const floats zero = {0.0f};
    floats place = x * (float)in_one; /* exact: a power of two */
    ints within = (place >= -(float)middle) & (place <= (float)middle);
    floats held = choose(within, place, zero);
    ints bin = __builtin_convertvector(held, ints);

    /* A mask is -1 where it is true: down to the floor, from zero upwards, last bin closed. */
    bin += __builtin_convertvector(bin, floats) > held;
    bin += BINS / 2;
    bin += bin == BINS;
    return (within & bin) | (~within & NOWHERE);
}

/* Levels and bins of x[0..count); the arrays are written up to the next multiple of WIDTH. */
static uint64_t find(const float *x, size_t count, int32_t *levels, int32_t *bins)
{
    ints clipped = {0};
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i += WIDTH) {
        floats v = {0.0f}; /* what fills up the last vector is not clipped */
        ints level, bin;

        if (count - i >= WIDTH)
            memcpy(&v, x + i, sizeof v);
        else
            memcpy(&v, x + i, (count - i) * sizeof *x);
        level = levels_of(v);
        bin = bins_of(v);
        clipped -= (v < -1.0f) | (v > 1.0f);
        memcpy(levels + i, &level, sizeof level);
        memcpy(bins + i, &bin, sizeof bin);
    }
    for (size_t j = 0; j < WIDTH; j++)
        sum += (uint64_t)clipped[j];
    return sum;
}

/* Counts each element in its slot. `slots` is a constant of each call, for speed. */
static inline void scatter(struct counts *counts, size_t first, const int32_t *levels,
                           const int32_t *bins, size_t count, unsigned slots)
{
    uint32_t *level_counts[SLOTS], *bin_counts[SLOTS];
    size_t whole = count - count % slots;

    for (unsigned j = 0; j < slots; j++) {
        level_counts[j] = counts->levels[(first + j) % slots];
        bin_counts[j] = counts->bins[(first + j) % slots];
    }
    for (size_t i = 0; i < whole; i += slots) {
        for (unsigned j = 0; j < slots; j++) {
            level_counts[j][levels[i + j]]++;
            bin_counts[j][bins[i + j]]++;
        }
    }
    for (size_t i = whole; i < count; i++) {
        level_counts[i - whole][levels[i]]++;
        bin_counts[i - whole][bins[i]]++;
    }
}

/* Finds the levels and bins of one block in vectors, then counts them one by one. */
static void count_block(struct counts *counts, size_t first, const float *x, size_t count)
{
    int32_t levels[BLOCK], bins[BLOCK];

    counts->clipped += find(x, count, levels, bins);
    if (counts->slots == 3)
        scatter(counts, first, levels, bins, count, 3);
    else
        scatter(counts, first, levels, bins, count, SLOTS);
}

static void merge(struct dissolve_tally *tally, const struct counts *counts)
{
    pthread_mutex_lock(&tally->lock);
    tally->clipped += counts->clipped;
    for (unsigned slot = 0; slot < counts->slots; slot++) {
        unsigned c = slot % tally->channels;

        for (size_t i = 0; i < LEVELS; i++)
            tally->levels[c][i] += counts->levels[slot][i];
        for (size_t i = 0; i < BINS; i++)
            tally->bins[c][i] += counts->bins[slot][i];
    }
    pthread_mutex_unlock(&tally->lock);
}

static void add_span(struct dissolve_tally *tally, size_t first, const float *x, size_t count)
{
    struct counts counts = {.slots = slots_for(tally->channels)};

    for (size_t done = 0; done < count; done += BLOCK) {
        size_t some = count - done < BLOCK ? count - done : BLOCK;

        tally->blocks[(first + done) / BLOCK] = moments_of(x + done, some);
        count_block(&counts, first + done, x + done, some);
    }
    merge(tally, &counts);
}

void dissolve_tally_add(struct dissolve_tally *tally, size_t first, const float *x, size_t count)
{
    for (size_t done = 0; done < count; done += SPAN)
        add_span(tally, first + done, x + done, count - done < SPAN ? count - done : SPAN);
}

/*
 * Mean and squares of all elements, block after block (Chan, Golub, LeVeque: Updating Formulae
 * and a Pairwise Algorithm for Computing Sample Variances, 1979).
 */
static struct moments combine(const struct dissolve_tally *tally)
{
    struct moments all = {0};
    double before = 0.0;

    for (size_t first = 0; first < tally->n; first += BLOCK) {
        const struct moments *block = &tally->blocks[first / BLOCK];
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

void dissolve_tally_read(const struct dissolve_tally *tally, struct dissolve_measures *measures)
{
    struct moments all = combine(tally);
    double width = 2.0 * REACH / BINS;

    *measures = (struct dissolve_measures){
        .mean = all.mean,
        .std = sqrt(all.squares / (double)tally->n),
        .clipped = (double)tally->clipped / (double)tally->n,
    };
    for (unsigned c = 0; c < tally->channels; c++) {
        measures->entropy[c] = entropy_of(tally->bins[c], BINS) + log(width);
        measures->entropy_bits[c] = entropy_of(tally->levels[c], LEVELS) / log(2.0);
    }
}
