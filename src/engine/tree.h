/* The tree sampler's plan: which states a window makes, in which order, and where they are kept. */
#ifndef ENGINE_TREE_H
#define ENGINE_TREE_H

#include "kernel.h"

#include <dissolve/process.h>

/* States that a tile holds at once: the one on the left, and at most one on the right per level of
   the tree, of which there are 1 + ceil(log2 steps). */
#define TREE_SLOTS 16

_Static_assert(DISSOLVE_MAX_STEPS <= 1 << (TREE_SLOTS - 2), "the deepest tree has its slots");

enum tree_kind {
    TREE_JUMP,   /* x_T from x_0 alone */
    TREE_BRIDGE, /* x_t between its neighbours */
    TREE_COPY,   /* no noise between the neighbours: x_t is the left one */
};

/* One state made from others. */
struct tree_move {
    enum tree_kind kind;
    uint32_t t;
    unsigned left; /* slots */
    unsigned right;
    unsigned to;
    struct kernel_step jump;
    struct kernel_bridge bridge;
    const struct dissolve_frame *frame; /* that wants this state, or NULL */
};

struct tree_plan {
    const struct dissolve_schedule *schedule;
    const struct dissolve_frame *input; /* that wants x_0, or NULL */
    size_t count;
    struct tree_move moves[]; /* room for each t = 1..steps once */
};

/* A plan for windows of this schedule, to be freed with free(). NULL: no memory. */
struct tree_plan *tree_plan_create(const struct dissolve_schedule *schedule);

/*
 * Plans the states that `count` frames (t ascending, at most the schedule's steps; borrowed) need,
 * each once. Slot 0 holds x_0 when the first move begins.
 */
void tree_plan_make(struct tree_plan *plan, const struct dissolve_frame *frames, size_t count);

#endif
