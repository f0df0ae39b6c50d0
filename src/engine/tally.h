/* What the kernel counts of a state for a tally. */
#ifndef ENGINE_TALLY_H
#define ENGINE_TALLY_H

#include <dissolve/measure.h>
#include <stddef.h>
#include <stdint.h>

/* Moments are taken over blocks of this many elements. */
#define TALLY_BLOCK DISSOLVE_TALLY_BLOCK

/* Of one block: mean, and sum of the squared distances from it, both in eight partial sums. */
struct tally_moments {
    double mean;
    double squares;
};

/*
 * A tally counts x both by the level (0..255) that dissolve_render gives it and by its bin among
 * TALLY_BINS over [-4, 4]. Neither falls as x rises, so their sum tells both: cell 0 is below
 * the bins, cell 1 + bin + level within, the last one above.
 */
#define TALLY_BINS        256
#define TALLY_BINS_IN_ONE 32 /* in an interval of length 1 */
#define TALLY_CELLS       (TALLY_BINS + 2 + 255)

/*
 * What has been counted. Element i counts in slot i % slots: for few channels there are several
 * slots a channel, since adding to one number again and again would wait for the memory each time.
 */
#define TALLY_SLOTS 4
struct tally_counts {
    size_t slots; /* 3 or TALLY_SLOTS, a multiple of the channels */
    uint64_t clipped;
    uint64_t cells[TALLY_SLOTS * TALLY_CELLS];
};

#endif
