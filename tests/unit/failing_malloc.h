/* Lets a chosen allocation fail, in this program and the libraries it uses, to see what follows. */
#ifndef TESTS_FAILING_MALLOC_H
#define TESTS_FAILING_MALLOC_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * How many allocations may still succeed before one fails; negative: none fails. Any thread counts.
 * Volatile, for compilers know that malloc() does not look at the program's variables.
 */
static volatile atomic_long allocations_left = -1;

__attribute__((no_sanitize("address", "thread"))) static bool allocation_fails(void)
{
    if (atomic_load_explicit(&allocations_left, memory_order_relaxed) < 0)
        return false;
    if (atomic_fetch_sub_explicit(&allocations_left, 1, memory_order_relaxed) != 0)
        return false;
    errno = ENOMEM;
    return true;
}

/* Makes allocation number n, from 0, fail. */
static void fail_allocation(long n)
{
    allocations_left = n;
}

/* Ends it; true if the allocation that should fail was asked for. */
static bool allocation_failed(void)
{
    bool failed = allocations_left < 0;
    allocations_left = -1;
    return failed;
}

/*
 * The sanitizers bring functions of these names, with the C library's behind them; the names with
 * two underscores are glibc's own. So each kind of build has what it takes.
 */
#define REPLACEMENT __attribute__((visibility("default"), no_sanitize("address", "thread")))

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__clang__) && defined(__has_feature)
#if __has_feature(thread_sanitizer)
#error "clang's thread sanitizer allocates before it is ready for this: use gcc's"
#endif
#endif

#ifdef SANITIZED
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *old, size_t size);

REPLACEMENT void *malloc(size_t size)
{
    return allocation_fails() ? NULL : REAL(malloc)(size);
}

REPLACEMENT void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : REAL(calloc)(count, size);
}

REPLACEMENT void *realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : REAL(realloc)(old, size);
}

#endif
