/* Plans the tree sampler's way through a window: depth first, from left to right. */
#include "tree.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Frames on the way, and which slots hold nothing that is still needed. */
struct walk {
    struct tree_plan *plan;
    const struct dissolve_frame *frames;
    uint32_t free_slots; /* one bit each */
};

/* A state and the slot that holds it. */
struct node {
    uint32_t t;
    unsigned slot;
};

struct tree_plan *tree_plan_create(const struct dissolve_schedule *schedule)
{
    /* The bound on the steps keeps this sum far from an overflow. */
    size_t steps = dissolve_schedule_steps(schedule);
    struct tree_plan *plan = malloc(sizeof *plan + steps * sizeof plan->moves[0]);
    if (plan)
        *plan = (struct tree_plan){.schedule = schedule};
    return plan;
}

static unsigned take_slot(struct walk *walk)
{
    unsigned slot = (unsigned)__builtin_ctz(walk->free_slots);
    walk->free_slots &= ~(1u << slot);
    return slot;
}

static void give_back(struct walk *walk, unsigned slot)
{
    walk->free_slots |= 1u << slot;
}

static void add(struct walk *walk, struct tree_move move)
{
    walk->plan->moves[walk->plan->count++] = move;
}

/* The move that makes x_T, in the slot it takes. */
static struct node jump(struct walk *walk, uint32_t last, const struct dissolve_frame *frame)
{
    double signal, variance;
    dissolve_schedule_transition(walk->plan->schedule, 0, last, &signal, &variance);
    struct node made = {last, take_slot(walk)};
    add(walk, (struct tree_move){
                  .kind = TREE_JUMP,
                  .t = last,
                  .to = made.slot,
                  .jump = {(float)signal, (float)sqrt(variance)},
                  .frame = frame,
              });
    return made;
}

/*
 * The move that makes x_u between x_a and x_b. Given both, x_u is normal: with m and v of each
 * transition, its mean is (v(u,b) m(a,u) x_a + v(a,u) m(u,b) x_b) / v(a,b) and its variance
 * v(a,u) v(u,b) / v(a,b), the product of N(m(a,u) x_a, v(a,u)) and the likelihood of x_b.
 */
static struct node bridge(struct walk *walk, struct node a, struct node b, uint32_t u,
                          const struct dissolve_frame *frame)
{
    const struct dissolve_schedule *schedule = walk->plan->schedule;
    double signal_au, signal_ub, signal_ab, v_au, v_ub, v_ab;
    dissolve_schedule_transition(schedule, a.t, u, &signal_au, &v_au);
    dissolve_schedule_transition(schedule, u, b.t, &signal_ub, &v_ub);
    dissolve_schedule_transition(schedule, a.t, b.t, &signal_ab, &v_ab);
    struct node made = {u, take_slot(walk)};
    struct tree_move move = {.kind = TREE_COPY,
                             .t = u,
                             .left = a.slot,
                             .right = b.slot,
                             .to = made.slot,
                             .frame = frame};
    if (v_ab > 0) {
        move.kind = TREE_BRIDGE;
        move.bridge.left = (float)(v_ub * signal_au / v_ab);
        move.bridge.right = (float)(v_au * signal_ub / v_ab);
        move.bridge.noise = (float)sqrt(v_au * v_ub / v_ab);
    }
    add(walk, move);
    return made;
}

/* The first of the frames first .. end - 1 whose t is at least u, or end. */
static size_t find(const struct dissolve_frame *frames, size_t first, size_t end, uint32_t u)
{
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (frames[middle].t < u)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

/*
 * Makes what the frames first .. end - 1, all of them between a and b, need. Nobody needs x_a
 * afterwards, so its slot is given back. Each level down holds one slot more: that of the x_u to
 * the left of which it works.
 */
static void descend(struct walk *walk, struct node a, struct node b, size_t first, size_t end)
{
    if (first == end) {
        give_back(walk, a.slot);
        return;
    }
    uint32_t u = (a.t + b.t) / 2;
    size_t middle = find(walk->frames, first, end, u);
    bool wanted = middle < end && walk->frames[middle].t == u;
    struct node made = bridge(walk, a, b, u, wanted ? &walk->frames[middle] : NULL);
    descend(walk, a, made, first, middle);
    descend(walk, made, b, middle + wanted, end);
}

void tree_plan_make(struct tree_plan *plan, const struct dissolve_frame *frames, size_t count)
{
    struct walk walk = {.plan = plan, .frames = frames, .free_slots = (1u << TREE_SLOTS) - 1};
    uint32_t last = dissolve_schedule_steps(plan->schedule);
    struct node input = {0, take_slot(&walk)};
    size_t first = frames[0].t == 0;

    plan->count = 0;
    plan->input = first ? &frames[0] : NULL;
    if (first == count)
        return;
    bool wanted = frames[count - 1].t == last;
    struct node end = jump(&walk, last, wanted ? &frames[count - 1] : NULL);
    descend(&walk, input, end, first, count - wanted);
}
