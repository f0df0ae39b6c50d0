/* Counts the bytes that are allocated, in this program and the libraries it uses. */
#ifndef TESTS_COUNTING_MALLOC_H
#define TESTS_COUNTING_MALLOC_H

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

/* Bytes that are allocated now, and the most there have been since reset_peak. */
static atomic_long bytes_now, bytes_peak;

/* glibc's own; with a sanitizer, the allocator is the sanitizer's, and this file of no use. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

#define REPLACEMENT __attribute__((visibility("default")))

static void *count_in(void *block)
{
    if (!block)
        return NULL;
    long size = (long)malloc_usable_size(block);
    long now = atomic_fetch_add(&bytes_now, size) + size;
    long peak = atomic_load(&bytes_peak);
    while (now > peak && !atomic_compare_exchange_weak(&bytes_peak, &peak, now))
        continue;
    return block;
}

REPLACEMENT void *malloc(size_t size)
{
    return count_in(__libc_malloc(size));
}

REPLACEMENT void *calloc(size_t count, size_t size)
{
    return count_in(__libc_calloc(count, size));
}

/* As if every block moved: then the old one and the new one are there at a time. */
REPLACEMENT void *realloc(void *old, size_t size)
{
    long before = old ? (long)malloc_usable_size(old) : 0;
    void *block = count_in(__libc_realloc(old, size));
    if (block)
        atomic_fetch_sub(&bytes_now, before);
    return block;
}

REPLACEMENT int posix_memalign(void **block, size_t alignment, size_t size)
{
    *block = count_in(__libc_memalign(alignment, size));
    return *block ? 0 : ENOMEM;
}

REPLACEMENT void *aligned_alloc(size_t alignment, size_t size)
{
    return count_in(__libc_memalign(alignment, size));
}

REPLACEMENT void free(void *block)
{
    if (block)
        atomic_fetch_sub(&bytes_now, (long)malloc_usable_size(block));
    __libc_free(block);
}

static void reset_peak(void)
{
    atomic_store(&bytes_peak, atomic_load(&bytes_now));
}

#endif
