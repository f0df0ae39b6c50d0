/* Chooses, once, which of the compiled kernels the process uses. */
#include "kernel.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

static bool always(void)
{
    return true;
}

/* Best first. */
static const struct {
    const struct kernel *kernel;
    bool (*runs_here)(void);
} kernels[] = {
#ifdef __x86_64__
    {&kernel_avx512, has_avx512},
    {&kernel_avx2, has_avx2},
#endif
#ifdef __aarch64__
    {&kernel_neon, always},
#endif
    {&kernel_baseline, always},
};

static const size_t kernel_count = sizeof kernels / sizeof kernels[0];

/* A process truly has one instruction set. Written once, under `once`. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct kernel *active;
static bool wish_refused;

const struct kernel *kernel_named(const char *name)
{
    for (size_t i = 0; i < kernel_count; i++) {
        if (strcmp(kernels[i].kernel->name, name) == 0 && kernels[i].runs_here())
            return kernels[i].kernel;
    }
    return NULL;
}

static const struct kernel *best(void)
{
    size_t i = 0;
    while (!kernels[i].runs_here())
        i++;
    return kernels[i].kernel;
}

static void choose(void)
{
    const char *wish = getenv("DISSOLVE_ISA");
    bool wished = wish && *wish;
    active = wished ? kernel_named(wish) : NULL;
    wish_refused = wished && !active;
    if (!active)
        active = best();
}

const struct kernel *kernel_active(void)
{
    pthread_once(&once, choose);
    return active;
}

enum dissolve_status dissolve_isa(const char **name)
{
    *name = kernel_active()->name;
    return wish_refused ? DISSOLVE_INVALID : DISSOLVE_OK;
}
