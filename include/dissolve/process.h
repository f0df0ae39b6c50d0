/* The forward process: a state of n float32 elements is carried from x_0 to x_T. */
#ifndef DISSOLVE_PROCESS_H
#define DISSOLVE_PROCESS_H

#include <dissolve/measure.h>
#include <dissolve/pool.h>
#include <dissolve/schedule.h>
#include <dissolve/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct dissolve_process;

struct dissolve_process_options {
    const struct dissolve_schedule *schedule; /* borrowed; must outlive the process */
    uint64_t seed;
    uint64_t offset; /* index of the state's first element in the noise contract; default 0 */
    size_t tile;     /* elements a task carries through a window; 0: a size that fits the cache.
                        Changes the speed, never the result. */
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
};

/*
 * A process over state[0..n), which holds x_0 now and x_t later; it is borrowed and changed in
 * place. n is at least 1. DISSOLVE_INVALID: n = 0, or offset + n or the tile is out of range.
 * A process is used by one thread at a time.
 */
DISSOLVE_MUST_USE enum dissolve_status
dissolve_process_create(const struct dissolve_process_options *options, float *state, size_t n,
                        struct dissolve_process **process);

/* Frees it; no window may be running. NULL is fine. */
void dissolve_process_destroy(struct dissolve_process *process);

/*
 * Starts the next window in the pool and returns at once: the steps from where the process stands
 * to frames[count - 1].t, in tiles that run side by side, each through all the window's steps.
 * frames: count >= 1, t strictly ascending, none before the current t and none beyond the
 * schedule's steps (DISSOLVE_INVALID otherwise, and nothing has started). The array is borrowed
 * until dissolve_process_finish.
 *
 * Each step is x_t = fma(a, x_{t-1}, c * n_t) in float32, a = (float)sqrt(1 - beta_t),
 * c = (float)sqrt(beta_t), n_t from DISSOLVE_STREAM_CHAIN. How the steps are cut into windows and
 * tiles and how many threads there are changes no bit of any frame.
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

#endif
