/* The engine's known answers: digests of what fixed inputs give, the same on every machine. */

/*
 * Without arguments: compares the digests with answers.inc; the exit status says whether they are
 * the same. With --print: prints the rows of answers.inc. Needs the engine alone, so that it can be
 * compiled for another architecture and run by an emulator. DISSOLVE_ISA chooses the kernel.
 */
#include <dissolve/dissolve.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5003, STEPS = 100, FRAMES = 5 };

struct answer {
    const char *name;
    uint64_t digest;
};

static const struct answer answers[] = {
#include "answers.inc"
};

static void require(enum dissolve_status status)
{
    if (status != DISSOLVE_OK) {
        fprintf(stderr, "answers: %s\n", dissolve_status_text(status));
        exit(1);
    }
}

/* FNV-1a, of bytes. */
static uint64_t digest(const void *data, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3;
    return hash;
}

/* Zeros, numbers inside and outside [-1, 1], large and very small ones. */
static void make_input(float *x)
{
    static const float others[] = {0, -1, 1, 1e30f, -3e38f, 1e-38f, -1e-42f};
    for (size_t i = 0; i < N; i++)
        x[i] = (float)((int)(i * 37 % 1001) - 500) / 400;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        x[700 * i + 3] = others[i];
}

/* An element near the index where the block's number gets a 33rd bit, another at the start. */
static uint64_t digest_normals(void)
{
    static const uint64_t firsts[] = {0, (UINT64_C(1) << 34) - 1501};
    static float normals[2 * N];
    for (size_t i = 0; i < 2; i++)
        dissolve_normals(0x0123456789abcdef, DISSOLVE_STREAM_MIXTURE, 7, firsts[i], N,
                         normals + i * N);
    return digest(normals, sizeof normals);
}

static uint64_t digest_render(void)
{
    static float x[N];
    static uint8_t pixels[N];
    make_input(x);
    dissolve_render(x, N, pixels);
    return digest(pixels, sizeof pixels);
}

/* Some frames of a run, states and pixels. */
static uint64_t digest_run(enum dissolve_sampler sampler)
{
    static float x[N], states[FRAMES][N];
    static uint8_t pixels[FRAMES][N];
    static const uint32_t t[FRAMES] = {0, 1, 2, 71, STEPS};
    struct dissolve_schedule_options constant = {.steps = STEPS, .beta = 0.01};
    struct dissolve_schedule *schedule = NULL;
    struct dissolve_pool *pool = NULL;
    struct dissolve_job *job = NULL;
    struct dissolve_process *process = NULL;
    struct dissolve_frame frames[FRAMES];
    for (size_t i = 0; i < FRAMES; i++)
        frames[i] = (struct dissolve_frame){.t = t[i], .state = states[i], .pixels = pixels[i]};
    make_input(x);
    require(dissolve_schedule_create(&constant, &schedule, NULL));
    require(dissolve_pool_create(2, &pool));
    require(dissolve_job_create(pool, &job));
    struct dissolve_process_options options = {
        .schedule = schedule, .sampler = sampler, .seed = UINT64_MAX - 5, .offset = 77};
    require(dissolve_process_create(&options, x, N, &process));
    require(dissolve_process_begin(process, job, frames, FRAMES));
    require(dissolve_process_finish(process, job));
    dissolve_process_destroy(process);
    dissolve_job_destroy(job);
    dissolve_pool_destroy(pool);
    dissolve_schedule_destroy(schedule);
    return digest(states, sizeof states) ^ digest(pixels, sizeof pixels);
}

int main(int argc, char **argv)
{
    const struct answer found[] = {
        {"normals", digest_normals()},
        {"render", digest_render()},
        {"chain", digest_run(DISSOLVE_SAMPLER_CHAIN)},
        {"jump", digest_run(DISSOLVE_SAMPLER_JUMP)},
        {"tree", digest_run(DISSOLVE_SAMPLER_TREE)},
    };
    const size_t count = sizeof found / sizeof found[0];
    const char *isa = NULL;
    require(dissolve_isa(&isa)); /* not the kernel that was asked for: a failure */
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        for (size_t i = 0; i < count; i++)
            printf("{\"%s\", 0x%016" PRIx64 "},\n", found[i].name, found[i].digest);
        return 0;
    }
    int wrong = sizeof answers / sizeof answers[0] != count;
    for (size_t i = 0; i < count && !wrong; i++) {
        if (strcmp(found[i].name, answers[i].name) != 0 || found[i].digest != answers[i].digest) {
            fprintf(stderr, "answers, %s: %s gives 0x%016" PRIx64 "\n", isa, found[i].name,
                    found[i].digest);
            wrong++;
        }
    }
    printf("%s: %s\n", isa, wrong ? "WRONG" : "the known answers");
    return wrong != 0;
}
