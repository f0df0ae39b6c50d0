/* Counts bytes, gives each a code, and packs the codes. */
#include "huffman.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <string.h>

#define SYMBOLS 257
#define END     256
#define LONGEST CODEC_HUFFMAN_LONGEST

/*
 * A block's head is always as long: 17 bits say that it is the last, has its own codes, and how
 * many lengths follow; 19 times 3 bits are the code of the lengths, which gives the numbers 0 to 15
 * four bits each; then come the lengths themselves, and that of one distance code that is not used.
 */
#define HEAD_BITS (17 + 19 * 3 + (SYMBOLS + 1) * 4)

/* A node of the tree: a symbol, or two nodes together. */
struct node {
    uint64_t weight;
    int parent;
};

struct symbol {
    uint64_t count;
    int value;
};

/* Four tables, so that a byte that repeats does not wait for its own counter. */
static void count_bytes(const uint8_t *bytes, size_t size, uint64_t counts[SYMBOLS])
{
    static const size_t block = (size_t)1 << 30; /* no counter can overflow */
    memset(counts, 0, SYMBOLS * sizeof *counts);
    for (size_t start = 0; start < size; start += block) {
        uint32_t table[4][256] = {{0}};
        size_t end = size - start < block ? size : start + block;
        size_t i = start;
        for (; i + 4 <= end; i += 4) {
            table[0][bytes[i]]++;
            table[1][bytes[i + 1]]++;
            table[2][bytes[i + 2]]++;
            table[3][bytes[i + 3]]++;
        }
        for (; i < end; i++)
            table[0][bytes[i]]++;
        for (int v = 0; v < 256; v++)
            counts[v] += (uint64_t)table[0][v] + table[1][v] + table[2][v] + table[3][v];
    }
    counts[END] = 1;
}

static bool is_rarer(const struct symbol *a, const struct symbol *b)
{
    return a->count != b->count ? a->count < b->count : a->value < b->value;
}

/*
 * Rarest first; of equals the smaller value, so that the order is the same everywhere. By
 * insertion: there are few, and qsort of the C library may want memory.
 */
static void sort(struct symbol *symbols, int count)
{
    for (int i = 1; i < count; i++) {
        struct symbol symbol = symbols[i];
        int at = i;
        for (; at > 0 && is_rarer(&symbol, &symbols[at - 1]); at--)
            symbols[at] = symbols[at - 1];
        symbols[at] = symbol;
    }
}

/*
 * The depth of each symbol in the Huffman tree (Huffman 1952, with two queues): leaves come sorted,
 * and the inner nodes are made in ascending order of weight, behind them.
 */
static void find_depths(const struct symbol *symbols, int count, int *depths)
{
    struct node nodes[2 * SYMBOLS];
    int leaf = 0, inner = count, last = count;
    for (int i = 0; i < count; i++)
        nodes[i].weight = symbols[i].count;
    for (; last < 2 * count - 1; last++) {
        nodes[last].weight = 0;
        for (int child = 0; child < 2; child++) {
            int pick = inner < last && (leaf == count || nodes[inner].weight < nodes[leaf].weight)
                           ? inner++
                           : leaf++;
            nodes[pick].parent = last;
            nodes[last].weight += nodes[pick].weight;
        }
    }
    int depth[2 * SYMBOLS];
    depth[last - 1] = 0;
    for (int i = last - 2; i >= 0; i--)
        depth[i] = depth[nodes[i].parent] + 1;
    memcpy(depths, depth, (size_t)count * sizeof *depths);
}

/*
 * Cuts the depths at LONGEST. That takes more than the whole of the code space; the rarest symbols
 * that are not at the limit yet give some back until it fits. What is left over then, for a code
 * must be complete, goes to the most frequent symbols that can use it.
 */
static void limit_depths(int *depths, int count)
{
    long used = 0;
    for (int i = 0; i < count; i++) {
        if (depths[i] > LONGEST)
            depths[i] = LONGEST;
        used += 1L << (LONGEST - depths[i]);
    }
    while (used > 1L << LONGEST) {
        int i = 0;
        while (depths[i] == LONGEST)
            i++;
        depths[i]++;
        used -= 1L << (LONGEST - depths[i]);
    }
    for (int i = count - 1; i >= 0; i--) {
        while (used + (1L << (LONGEST - depths[i])) <= 1L << LONGEST && depths[i] > 1) {
            used += 1L << (LONGEST - depths[i]);
            depths[i]--;
        }
    }
}

static uint16_t reversed(unsigned code, int length)
{
    unsigned result = 0;
    for (int i = 0; i < length; i++)
        result |= (code >> i & 1) << (length - 1 - i);
    return (uint16_t)result;
}

/* Codes follow from the lengths alone (RFC 1951, 3.2.2). */
static void assign_codes(struct codec_huffman *plan)
{
    unsigned code = 0;
    for (int length = 1; length <= LONGEST; length++) {
        code <<= 1;
        for (int v = 0; v < SYMBOLS; v++) {
            if (plan->lengths[v] == length)
                plan->codes[v] = reversed(code++, length);
        }
    }
}

void codec_huffman_plan(const uint8_t *bytes, size_t size, struct codec_huffman *plan)
{
    uint64_t counts[SYMBOLS];
    struct symbol symbols[SYMBOLS];
    int depths[SYMBOLS];
    int count = 0;
    count_bytes(bytes, size, counts);
    for (int v = 0; v < SYMBOLS; v++) {
        if (counts[v] > 0)
            symbols[count++] = (struct symbol){counts[v], v};
    }
    *plan = (struct codec_huffman){0};
    sort(symbols, count);
    find_depths(symbols, count, depths);
    if (count == 1)
        depths[0] = 1; /* the end alone, of an empty input */
    limit_depths(depths, count);
    uint64_t bits = HEAD_BITS;
    for (int i = 0; i < count; i++) {
        plan->lengths[symbols[i].value] = (uint8_t)depths[i];
        bits += symbols[i].count * (uint64_t)depths[i];
    }
    assign_codes(plan);
    plan->size = 2 + (size_t)((bits + 7) / 8) + 4;
}

/* Bits on their way out: the first in the lowest place. */
struct bits {
    uint8_t *at;
    uint64_t held;
    unsigned count; /* below 8 after a flush */
};

static inline void add_bits(struct bits *bits, uint64_t value, unsigned count)
{
    bits->held |= value << bits->count;
    bits->count += count;
}

/* Stores eight bytes and keeps those that are full. */
static inline void flush(struct bits *bits)
{
    uint64_t little = __builtin_bswap64(bits->held);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    little = bits->held;
#endif
    memcpy(bits->at, &little, sizeof little);
    bits->at += bits->count >> 3;
    bits->held >>= bits->count & 56;
    bits->count &= 7;
}

static void write_head(struct bits *bits, const struct codec_huffman *plan)
{
    add_bits(bits, 1, 1);  /* the last block */
    add_bits(bits, 2, 2);  /* with its own codes */
    add_bits(bits, 0, 5);  /* 257 literals and lengths */
    add_bits(bits, 0, 5);  /* 1 distance */
    add_bits(bits, 15, 4); /* 19 lengths of lengths, in deflate's order: 16, 17, 18, then 0..15 */
    flush(bits);
    for (int i = 0; i < 19; i++) {
        add_bits(bits, i < 3 ? 0 : 4, 3);
        flush(bits);
    }
    for (int v = 0; v < SYMBOLS; v++) {
        add_bits(bits, reversed(plan->lengths[v], 4), 4);
        flush(bits);
    }
    add_bits(bits, reversed(1, 4), 4); /* the distance's length */
    flush(bits);
}

void codec_huffman_write(const struct codec_huffman *plan, const uint8_t *bytes, size_t size,
                         uint8_t *out)
{
    struct bits bits = {.at = out + 2};
    uint32_t packed[SYMBOLS]; /* code and length side by side */
    out[0] = 0x78;            /* deflate, 32 KiB window */
    out[1] = 0x01;
    write_head(&bits, plan);
    for (int v = 0; v < SYMBOLS; v++)
        packed[v] = plan->codes[v] | (uint32_t)plan->lengths[v] << 16;
    size_t i = 0;
    for (; i + 4 <= size; i += 4) {
        for (size_t k = 0; k < 4; k++)
            add_bits(&bits, packed[bytes[i + k]] & 0xffff, packed[bytes[i + k]] >> 16);
        flush(&bits);
    }
    for (; i < size; i++) {
        add_bits(&bits, packed[bytes[i]] & 0xffff, packed[bytes[i]] >> 16);
        flush(&bits);
    }
    add_bits(&bits, plan->codes[END], plan->lengths[END]);
    add_bits(&bits, 0, 7); /* fills the last byte */
    flush(&bits);
    uint32_t sum = libdeflate_adler32(1, bytes, size);
    const uint8_t tail[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                             (uint8_t)sum};
    memcpy(bits.at, tail, sizeof tail);
}
