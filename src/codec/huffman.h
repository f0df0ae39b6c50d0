/* Deflate without matches: one Huffman code for all bytes, which is the best that noise allows. */
#ifndef CODEC_HUFFMAN_H
#define CODEC_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

/* The longest code: four of them fit beside the rest of a byte into 64 bits. */
#define CODEC_HUFFMAN_LONGEST 12

/* A code for the bytes of one input, made by codec_huffman_plan. */
struct codec_huffman {
    uint16_t codes[257]; /* bits in the order in which deflate sends them; 256 ends the block */
    uint8_t lengths[257];
    size_t size; /* of the whole zlib stream */
};

/* Makes the code for bytes[0..size). Pure. */
void codec_huffman_plan(const uint8_t *bytes, size_t size, struct codec_huffman *plan);

/*
 * Writes the zlib stream (RFC 1950, RFC 1951) of the bytes that the plan was made for: plan->size
 * bytes, but `out` has room for 8 more.
 */
void codec_huffman_write(const struct codec_huffman *plan, const uint8_t *bytes, size_t size,
                         uint8_t *out);

#endif
