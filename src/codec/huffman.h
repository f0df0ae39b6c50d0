/*
 * Deflate without matches but for runs of one byte: a Huffman code for all bytes of a block, which
 * is the best that noise allows.
 */
#ifndef CODEC_HUFFMAN_H
#define CODEC_HUFFMAN_H

#include "literals.h"

#define CODEC_HUFFMAN_LONGEST CODEC_LITERALS_LONGEST

/* The most bytes of one stored block. */
#define CODEC_STORED_MOST 65535

/* Bytes, the end of the block (256), and 29 of which each stands for some lengths of runs. */
#define CODEC_HUFFMAN_SYMBOLS 286

/* A code for the bytes of one block, made by codec_huffman_plan. */
struct codec_huffman {
    uint16_t codes[CODEC_HUFFMAN_SYMBOLS]; /* bits in the order in which deflate sends them */
    uint8_t lengths[CODEC_HUFFMAN_SYMBOLS];
    struct codec_literals literals; /* the same, of bytes */
    bool has_runs;
    uint64_t bits; /* of the block */
    size_t size;   /* of a whole zlib stream that is this block */
};

/* How often each byte occurs. Pure. */
void codec_huffman_count(const uint8_t *bytes, size_t size, uint64_t counts[256]);

/* Makes the code for bytes[0..size). Pure. */
void codec_huffman_plan(const uint8_t *bytes, size_t size, struct codec_huffman *plan);

/* Adds plan->bits bits: the block (RFC 1951) of the bytes that the plan was made for. */
void codec_huffman_block(const struct codec_huffman *plan, const uint8_t *bytes, size_t size,
                         bool last, struct codec_bits *out);

/*
 * The same in pieces: a block's head, bytes in any number of parts, its end. They may be others
 * than those that the plan was made for if it gives a code to each of them, and has no runs.
 */
void codec_huffman_open(const struct codec_huffman *plan, bool last, struct codec_bits *out);
void codec_huffman_add(const struct codec_huffman *plan, const uint8_t *bytes, size_t size,
                       struct codec_bits *out);
void codec_huffman_close(const struct codec_huffman *plan, struct codec_bits *out);

/* Adds an empty block, 10 bits, as the last of a stream whose blocks before said they are not. */
void codec_huffman_end(struct codec_bits *out);

/*
 * Adds what stands before a stored block of `size` bytes, at most CODEC_STORED_MOST: the rest of a
 * byte and 4 more, or 5 if 6 bits or more are held. The bytes themselves are then put to bits->at,
 * which is moved behind them, by the caller.
 */
void codec_stored_head(size_t size, bool last, struct codec_bits *bits);

/* How much `size` bytes take in stored blocks, from the start of a byte. */
size_t codec_stored_size(size_t size);

/* Two bytes (RFC 1950) begin a stream, the Adler-32 sum of what is in it ends it; returns its end.
 */
void codec_zlib_begin(uint8_t *out, struct codec_bits *bits);
uint8_t *codec_zlib_end(struct codec_bits *bits, uint32_t sum);

/*
 * Writes the zlib stream of the bytes that the plan was made for, as one block: plan->size bytes,
 * but `out` has room for 8 more.
 */
void codec_huffman_write(const struct codec_huffman *plan, const uint8_t *bytes, size_t size,
                         uint8_t *out);

#endif
