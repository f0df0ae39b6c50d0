/* Finds runs of one byte and names their lengths. */
#include "runs.h"

#include <stdbool.h>
#include <string.h>

/* Whether the eight bytes at `at` are as those one before. */
static bool repeat(const uint8_t *at)
{
    uint64_t here, before;
    memcpy(&here, at, sizeof here);
    memcpy(&before, at - 1, sizeof before);
    return here == before;
}

struct codec_run codec_run_next(const uint8_t *bytes, size_t from, size_t size)
{
    size_t first = from > 0 ? from : 1; /* there is none before the first byte */
    size_t start = first;
    while (start + 8 <= size && !repeat(bytes + start))
        start += 8;
    if (start + 8 > size)
        return (struct codec_run){size, 0};
    size_t end = start + 8;
    while (end + 8 <= size && repeat(bytes + end))
        end += 8;
    while (start > first && bytes[start - 1] == bytes[start - 2])
        start--;
    while (end < size && bytes[end] == bytes[end - 1])
        end++;
    return (struct codec_run){start, end - start};
}

struct codec_run_symbol codec_run_symbol_of(size_t length)
{
    unsigned over = (unsigned)length - 3;
    if (length == CODEC_RUN_MOST)
        return (struct codec_run_symbol){.symbol = 285};
    if (over < 8)
        return (struct codec_run_symbol){.symbol = 257 + over};
    /* Four symbols for each power of two. */
    unsigned bits = 29 - (unsigned)__builtin_clz(over);
    return (struct codec_run_symbol){.symbol = 257 + 4 * bits + (over >> bits),
                                     .extra = over & ((1u << bits) - 1),
                                     .extra_bits = bits};
}

size_t codec_run_part(size_t length)
{
    if (length <= CODEC_RUN_MOST)
        return length;
    return length < CODEC_RUN_MOST + 3 ? length - 3 : CODEC_RUN_MOST; /* leave no 1 or 2 */
}
