/* Bytes that come again and again, as deflate writes them: a length, at a distance of one byte. */
#ifndef CODEC_RUNS_H
#define CODEC_RUNS_H

#include <stddef.h>
#include <stdint.h>

/* The longest run that one symbol stands for; the shortest is 3. */
#define CODEC_RUN_MOST 258

/* Bytes [start, start + length) that are all as the one before them; length 0: there is none. */
struct codec_run {
    size_t start;
    size_t length;
};

/*
 * The first run within bytes[from..size). It finds every run of 15 bytes or more and some of 8 to
 * 14: a byte so frequent costs a bit or two, so that shorter ones save next to nothing, and to go
 * in and out of them takes longer than to write them. Pure.
 */
struct codec_run codec_run_next(const uint8_t *bytes, size_t from, size_t size);

/* What stands for a length of 3..258 (RFC 1951, 3.2.5): a symbol, and bits behind its code. */
struct codec_run_symbol {
    unsigned symbol; /* 257..285 */
    unsigned extra;
    unsigned extra_bits;
};

struct codec_run_symbol codec_run_symbol_of(size_t length);

/* How many bytes of a run of `length`, at least 3, the next symbol stands for. */
size_t codec_run_part(size_t length);

#endif
