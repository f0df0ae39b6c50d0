/* Numbers that say how far a state has dissolved: moments, entropies, the share that clips. */
#ifndef DISSOLVE_MEASURE_H
#define DISSOLVE_MEASURE_H

#include <dissolve/status.h>
#include <stddef.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

#define DISSOLVE_MAX_CHANNELS 4

struct dissolve_measures {
    double mean;    /* over all elements */
    double std;     /* population standard deviation (divided by n), over all elements */
    double clipped; /* the share of elements outside [-1, 1] */

    /* Per channel: the differential entropy of the values, in nats, from 256 bins over [-4, 4],
       counted as numpy.histogram does: -sum p ln p + ln(bin width), where p is a bin's count
       divided by the number of values inside [-4, 4]. NaN where there is none. */
    double entropy[DISSOLVE_MAX_CHANNELS];

    /* Per channel: the Shannon entropy, in bits, of the values that dissolve_render gives. */
    double entropy_bits[DISSOLVE_MAX_CHANNELS];

    /* Channels that the state does not have are 0 in both. */
};

/*
 * A tally gathers the measures of one state of n interleaved elements, in pieces and from several
 * threads. Its result does not depend on how the state was cut: moments are taken in double over
 * blocks of 1,024 elements, and the blocks are combined in order.
 */
struct dissolve_tally;

/* The pieces' borders lie on multiples of this many elements. */
#define DISSOLVE_TALLY_BLOCK 1024

/*
 * A tally for n >= 1 elements, `channels` (1..DISSOLVE_MAX_CHANNELS) of them interleaved; n is a
 * multiple of channels. DISSOLVE_INVALID: n or channels out of range. DISSOLVE_SYSTEM: no lock
 * could be made. On an error *tally is NULL. Destroy takes NULL.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_tally_create(size_t n, unsigned channels,
                                                             struct dissolve_tally **tally);

/*
 * A tally of moments alone, for n >= 1 elements: mean and std, the same to the bit, for a third of
 * the time. All other measures are 0. Errors as above.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_tally_create_moments(size_t n,
                                                                     struct dissolve_tally **tally);

void dissolve_tally_destroy(struct dissolve_tally *tally);

/*
 * Adds x[0..count) as elements first .. first + count - 1. first is a multiple of
 * DISSOLVE_TALLY_BLOCK; so is count, but for the piece that ends at n. Each element is added once.
 * Any threads side by side, each with its own piece.
 */
void dissolve_tally_add(struct dissolve_tally *tally, size_t first, const float *x, size_t count);

/* The measures, once every element has been added. */
void dissolve_tally_read(const struct dissolve_tally *tally, struct dissolve_measures *measures);

/* Forgets everything, for another state of the same shape. */
void dissolve_tally_reset(struct dissolve_tally *tally);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
