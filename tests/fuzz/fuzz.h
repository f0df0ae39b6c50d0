/* What the fuzz targets share: their one function, a check that ends them, and bytes cut up. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every target defines: one input, after which nothing is left behind. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline _Noreturn void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* What holds of every input. */
#define CHECK(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

/* A block of that size and no more, so that the sanitizer sees a byte too many; freed by free(). */
static inline void *fuzz_room(size_t size)
{
    void *room = malloc(size > 0 ? size : 1);
    CHECK(room);
    return room;
}

static inline void *fuzz_copy(const void *bytes, size_t size)
{
    void *copy = fuzz_room(size);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

/* The bytes as a string, to the first NUL among them. */
static inline char *fuzz_string(const void *bytes, size_t size)
{
    char *string = fuzz_room(size + 1);
    if (size > 0)
        memcpy(string, bytes, size);
    string[size] = '\0';
    return string;
}

/* What is left of an input that is cut up from its beginning. */
struct fuzz_bytes {
    const uint8_t *data;
    size_t size;
};

/* The next byte; 0 once there is none. */
static inline uint8_t fuzz_byte(struct fuzz_bytes *left)
{
    if (left->size == 0)
        return 0;
    left->size--;
    return *left->data++;
}

/* The next two, the lower first. */
static inline uint32_t fuzz_short(struct fuzz_bytes *left)
{
    uint32_t low = fuzz_byte(left);
    return low | (uint32_t)fuzz_byte(left) << 8;
}

/* Up to the next line end, which is taken too, or to the end; freed by free(). */
static inline char *fuzz_line(struct fuzz_bytes *left)
{
    const uint8_t *start = left->data;
    const uint8_t *end = left->size > 0 ? memchr(start, '\n', left->size) : NULL;
    size_t length = end ? (size_t)(end - start) : left->size;
    size_t taken = end ? length + 1 : length;
    left->size -= taken;
    if (taken > 0)
        left->data += taken;
    return fuzz_string(start, length);
}

#endif
