/* The forward process: a state of n float32 elements is carried from x_0 to x_T. */
#ifndef DISSOLVE_PROCESS_H
#define DISSOLVE_PROCESS_H

#include <dissolve/measure.h>
#include <dissolve/pool.h>
#include <dissolve/schedule.h>
#include <dissolve/squares.h>
#include <dissolve/status.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct dissolve_process;

/*
 * How the states are drawn. All three have the same joint law of x_0..x_T, each with noise of its
 * own. With m(s,t) and v(s,t) of dissolve_schedule_transition, in double, every state in float32:
 *
 * chain: every step, x_t = fma(a, x_{t-1}, c * n_t), a = (float)sqrt(1 - beta_t),
 *   c = (float)sqrt(beta_t), n_t from DISSOLVE_STREAM_CHAIN (Ho, Jain, Abbeel: Denoising Diffusion
 *   Probabilistic Models, 2020, equation 2). Cost: a draw for each element and step.
 *   Rounding a to float32 changes it by at most 2^-25, in the same direction in every step with the
 *   same beta, so that long chains of tiny betas drift: 10,000 steps of beta = 1e-6 move x_0 = 100
 *   by 0.023, which is 0.23 of the standard deviation of x_T. jump rounds once for each frame, and
 *   has no such drift.
 * jump: each frame from the one before (the first from the input),
 *   x_t = fma((float)m(s,t), x_s, (float)sqrt(v(s,t)) * n_t), n_t from DISSOLVE_STREAM_JUMP (ibid.,
 *   equation 4). A frame's bits depend on which frames were asked for before it. Cost: a draw for
 *   each element and frame.
 * tree: x_T as a jump from x_0, T being the schedule's steps; then, from (a, b) = (0, T) down into
 *   the half that holds t, u = floor((a + b) / 2) and x_u given x_a and x_b:
 *   x_u = fma(p, x_a, fma(q, x_b, r * n_u)), p = (float)(v(u,b) m(a,u) / v(a,b)),
 *   q = (float)(v(a,u) m(u,b) / v(a,b)), r = (float)sqrt(v(a,u) v(u,b) / v(a,b)), or x_a where
 *   v(a,b) = 0; n from DISSOLVE_STREAM_TREE. (The process between two of its states: Ho et al.,
 *   equations 6 and 7, for any a < u < b.) Frame t has the same bits whichever others are asked
 *   for. Cost: at most 1 + ceil(log2 T) draws for each element and frame, fewer where a window's
 *   frames share their way down, and T at most for a window. Each window goes down anew.
 */
enum dissolve_sampler {
    DISSOLVE_SAMPLER_CHAIN, /* the default */
    DISSOLVE_SAMPLER_JUMP,
    DISSOLVE_SAMPLER_TREE,
};

struct dissolve_process_options {
    const struct dissolve_schedule *schedule; /* borrowed; must outlive the process */
    enum dissolve_sampler sampler;
    uint64_t seed;
    uint64_t offset; /* index of the state's first element in the noise contract; default 0 */
    uint32_t start;  /* steps that the state given has taken already, 0..the schedule's steps;
                        with the tree 0. Default 0 */
    size_t tile;     /* elements a task carries through a window; 0: a size that fits the cache.
                        Changes the speed, never the result. The tree takes 2,048 at most. */
};

/*
 * Where to put the state once t steps have been applied. Every pointer may be NULL: not wanted.
 * All of them are borrowed until the window that holds t has finished.
 */
struct dissolve_frame {
    uint32_t t;
    float *state;                 /* n elements: x_t as it is */
    uint8_t *pixels;              /* n elements: x_t rendered, see dissolve_render */
    struct dissolve_tally *tally; /* of n elements: gathers the measures of x_t */

    /* Of the step that made x_t, of n elements each; for the chain only. The run's first state,
       t = start, was made by no step: both are left as they are. */
    struct dissolve_squares *before; /* gathers the squares of x_{t-1} */
    struct dissolve_squares *noise;  /* gathers the squares of n_t */
};

/*
 * A process over state[0..n), which is borrowed and holds x_start now. Chain and jump change it in
 * place: after each window it holds the x_t of the last frame. The tree reads x_0 from it in every
 * window and leaves it as it is. n is at least 1. DISSOLVE_INVALID: n = 0; sampler, offset + n,
 * start or the tile is out of range. On an error *process is NULL. A process is used by one thread
 * at a time.
 */
DISSOLVE_MUST_USE enum dissolve_status
dissolve_process_create(const struct dissolve_process_options *options, float *state, size_t n,
                        struct dissolve_process **process);

/* Frees it; no window may be running. NULL is fine. */
void dissolve_process_destroy(struct dissolve_process *process);

/*
 * Starts the next window in the pool and returns at once: from where the process stands to
 * frames[count - 1].t, in tiles that run side by side, each through the whole window. The array is
 * borrowed until dissolve_process_finish.
 *
 * frames: count >= 1, t strictly ascending, none before the current t and none beyond the
 * schedule's steps; before and noise with the chain only, and not for the current t, unless it is
 * the start: its step is past. DISSOLVE_INVALID otherwise, and nothing has started.
 *
 * How a run is cut into windows and tiles and how many threads there are changes no bit of any
 * frame.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_process_begin(struct dissolve_process *process,
                                                              struct dissolve_job *job,
                                                              const struct dissolve_frame *frames,
                                                              size_t count);

/*
 * Waits for the window that was begun; its frames are complete then. DISSOLVE_CANCELLED: the job
 * was cancelled, the frames and the state are of no use.
 */
DISSOLVE_MUST_USE enum dissolve_status dissolve_process_finish(struct dissolve_process *process,
                                                               struct dissolve_job *job);

/* x = 2 p/max - 1 in float32, of 8-bit values (max = 255) and 16-bit values (max = 65535). */
void dissolve_from_pixels(const uint8_t *pixels, size_t n, float *x);
void dissolve_from_pixels16(const uint16_t *pixels, size_t n, float *x);

/*
 * Rendering, in float32: v = (x + 1) / 2, clipped to 0..1, times 255, truncated towards zero, as
 * the lesson's code does. Pure; any thread.
 */
void dissolve_render(const float *x, size_t n, uint8_t *pixels);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
