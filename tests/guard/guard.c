/* Fixed work for the guard to count instructions of, one piece at a time: see guard.py. */
#include "api/json_write.h"
#include "codec/png.h"
#include "engine/kernel.h"

#include <dissolve/histogram.h>
#include <dissolve/measure.h>
#include <dissolve/process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A workload prepares its inputs in `prepare`, which is not counted, and does its work in `work`.
 * Both are called once. The work is to be large enough for what is done once not to matter.
 */
struct workload {
    const char *name;
    void (*prepare)(void);
    void (*work)(void);
};

enum { GROUPS = 256, ELEMENTS = GROUPS * KERNEL_GROUP, STEPS = 20 };

static float x[ELEMENTS], left[ELEMENTS], right[ELEMENTS];
static uint8_t pixels[ELEMENTS];
static const struct kernel_noise noise = {.seed = 42, .block = 1 << 20};
static struct kernel_step steps[STEPS];

static void prepare_kernel(void)
{
    for (size_t i = 0; i < ELEMENTS; i++)
        x[i] = left[i] = right[i] = (float)(i % 1000) / 400 - 1.2f;
    for (size_t i = 0; i < STEPS; i++)
        steps[i] = (struct kernel_step){0.8660254f, 0.5f};
}

static void run_steps(void)
{
    kernel_active()->run(x, x, GROUPS, &noise, 1, steps, STEPS);
}

static void run_one_step(void)
{
    kernel_active()->run(x, x, GROUPS, &noise, 1, steps, 1);
}

static void make_bridge(void)
{
    static const struct kernel_bridge weights = {0.3f, 0.6f, 0.4f};
    kernel_active()->bridge(x, left, right, GROUPS, &noise, 9, &weights);
}

static void make_normals(void)
{
    kernel_active()->normals(x, GROUPS, &noise, 1);
}

static void render(void)
{
    kernel_active()->render(x, ELEMENTS, pixels);
}

/* The kernel's first use chooses it, which is not its work. */
static void prepare(void)
{
    prepare_kernel();
    kernel_active();
}

/* A failure would make for a small count. */
static void require(enum dissolve_status status)
{
    if (status != DISSOLVE_OK)
        abort();
}

/* ---- A frame of noise: what is measured of it, and its PNG ---- */

enum { SIDE = 256, VALUES = SIDE * SIDE * 3, BINS = 50 };

static float frame[VALUES];
static uint8_t frame_pixels[VALUES];
static struct dissolve_tally *tally;
static struct codec_buffer out;

/* Room for all that is written, so that no allocation is counted. */
static void prepare_frame(void)
{
    dissolve_normals(42, DISSOLVE_STREAM_CHAIN, 20, 0, VALUES, frame);
    dissolve_render(frame, VALUES, frame_pixels);
    require(dissolve_tally_create(VALUES, 3, &tally));
    require(codec_buffer_reserve(&out, 8 * VALUES));
}

static void measure_frame(void)
{
    dissolve_tally_add(tally, 0, frame, VALUES);
}

static void count_frame(void)
{
    double edges[BINS + 1];
    uint64_t counts[BINS], outside;
    require(dissolve_histogram(frame, VALUES, BINS, NULL, edges, counts, &outside));
}

static void encode_frame(void)
{
    const struct codec_raster raster = {
        .width = SIDE, .height = SIDE, .channels = 3, .pixels = frame_pixels};
    require(codec_png_encode(&raster, NULL, &out));
}

/* ---- JSON's numbers ---- */

enum { NUMBERS = 8192 };

static double numbers[NUMBERS];

static void prepare_numbers(void)
{
    prepare_frame();
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = (double)frame[i] / 3;
}

static void print_numbers(void)
{
    struct json_writer json = {.out = &out};
    json_numbers(&json, numbers, NUMBERS);
    require(json.status);
}

static void print_floats(void)
{
    struct json_writer json = {.out = &out};
    json_floats(&json, frame, NUMBERS);
    require(json.status);
}

static const struct workload workloads[] = {
    {"kernel steps", prepare, run_steps},
    {"kernel one step", prepare, run_one_step},
    {"kernel bridge", prepare, make_bridge},
    {"kernel normals", prepare, make_normals},
    {"kernel rendering", prepare, render},
    {"measures", prepare_frame, measure_frame},
    {"histogram", prepare_frame, count_frame},
    {"PNG of noise", prepare_frame, encode_frame},
    {"JSON of doubles", prepare_numbers, print_numbers},
    {"JSON of floats", prepare_numbers, print_floats},
};

/* Instructions are counted from its call to its return, by its name. */
__attribute__((noinline, visibility("default"))) void counted(void (*work)(void));

void counted(void (*work)(void))
{
    work();
    __asm__ volatile("" ::: "memory"); /* not a tail call */
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
        if (argc == 2 && strcmp(argv[1], workloads[i].name) == 0) {
            workloads[i].prepare();
            counted(workloads[i].work);
            return 0;
        }
    }
    fprintf(stderr, "usage: guard WORKLOAD\n");
    return 2;
}
