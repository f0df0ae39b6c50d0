/*
 * A library to preload (LD_PRELOAD) into the server: it counts allocations and lets a chosen one
 * fail, or large ones wait, as a test outside the process says.
 *
 * Between the two is a file, which FAULTS names and both map: a struct faults, zero at first. To
 * arm it: fails = 0, the other members, fails. All that the process allocates is counted, its
 * libraries' too; two threads that allocate at once may get each other's numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct faults {
    _Atomic int64_t count;  /* allocations asked for since it was zero */
    _Atomic int64_t fails;  /* the number, from 1, of the one that fails; 0: none */
    _Atomic int64_t rest;   /* not zero: all that follow fail as well */
    _Atomic int64_t failed; /* how many did */
    _Atomic int64_t holds;  /* not zero: whoever asks for LARGE bytes or more waits until it is */
    _Atomic int64_t held;   /* how many have */
    _Atomic int64_t denied; /* not zero: the next allocation makes a call that the sandbox denies */
};

enum { LARGE = 1 << 20 }; /* a picture that is decoded, and next to nothing else */

#define EXPORTED __attribute__((visibility("default")))

/* glibc's own names for what is replaced here: nothing has to be looked up, at no time. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* Those of gcc's sanitizers, where the program has one: its allocator knows what it gave. */
#define WEAK __attribute__((weak))
WEAK void *__interceptor_malloc(size_t size);
WEAK void *__interceptor_calloc(size_t count, size_t size);
WEAK void *__interceptor_realloc(void *old, size_t size);
WEAK void *__interceptor_memalign(size_t alignment, size_t size);

#define REAL(name) (__interceptor_##name != NULL ? __interceptor_##name : __libc_##name)

/* NULL until the program starts: what the loader allocates is none of a request's. */
static struct faults *_Atomic shared;

__attribute__((constructor)) static void share(void)
{
    const char *path = getenv("FAULTS");
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        abort(); /* a test that can let nothing fail would pass */
    void *mapped = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED)
        abort();
    close(file);
    atomic_store(&shared, mapped);
}

static void hold(struct faults *faults)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    if (atomic_load(&faults->holds) == 0)
        return;
    atomic_fetch_add(&faults->held, 1);
    while (atomic_load(&faults->holds) != 0)
        nanosleep(&pause, NULL);
}

/* As code of an intruder's would. */
static void overstep(struct faults *faults)
{
    if (atomic_exchange(&faults->denied, 0) != 0)
        (void)syscall(SYS_getppid);
}

static bool fails(size_t size)
{
    struct faults *faults = atomic_load(&shared);
    if (faults == NULL)
        return false;
    if (atomic_load(&faults->denied) != 0)
        overstep(faults);
    if (size >= LARGE)
        hold(faults);
    int64_t number = atomic_fetch_add(&faults->count, 1) + 1;
    int64_t chosen = atomic_load(&faults->fails);
    if (chosen == 0 || number < chosen || (number > chosen && atomic_load(&faults->rest) == 0))
        return false;
    atomic_fetch_add(&faults->failed, 1);
    errno = ENOMEM;
    return true;
}

EXPORTED void *malloc(size_t size)
{
    return fails(size) ? NULL : REAL(malloc)(size);
}

EXPORTED void *calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : REAL(calloc)(count, size);
}

EXPORTED void *realloc(void *old, size_t size)
{
    return fails(size) ? NULL : REAL(realloc)(old, size);
}

EXPORTED void *memalign(size_t alignment, size_t size)
{
    return fails(size) ? NULL : REAL(memalign)(alignment, size);
}

EXPORTED void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

EXPORTED int posix_memalign(void **memory, size_t alignment, size_t size)
{
    void *got = memalign(alignment, size);
    if (got == NULL)
        return ENOMEM;
    *memory = got;
    return 0;
}
