/* Counts bytes, gives each a code, and packs the codes; a byte that comes again and again is a run.
 */
#include "huffman.h"

#include "runs.h"

#include <assert.h>
#include <libdeflate.h>

#define LITERALS 257 /* bytes, and the end */
#define END      256
#define SYMBOLS  CODEC_HUFFMAN_SYMBOLS /* and lengths of runs */
#define LONGEST  CODEC_HUFFMAN_LONGEST

/* A node of the tree: a symbol, or two nodes together. */
struct node {
    uint64_t weight;
    int parent;
};

struct symbol {
    uint64_t count;
    int value;
};

/*
 * Eight tables, so that a byte that repeats does not wait for its own counter: noise that is
 * clipped has the same two bytes in every third place.
 */
#define TABLES 8

void codec_huffman_count(const uint8_t *bytes, size_t size, uint64_t counts[256])
{
    static const size_t block = (size_t)1 << 30; /* no counter can overflow */
    memset(counts, 0, 256 * sizeof *counts);
    for (size_t start = 0; start < size; start += block) {
        uint32_t table[TABLES][256] = {{0}};
        size_t end = size - start < block ? size : start + block;
        size_t i = start;
        for (; i + TABLES <= end; i += TABLES) {
            uint64_t eight; /* which of them goes to which table does not matter */
            memcpy(&eight, bytes + i, sizeof eight);
            for (int k = 0; k < TABLES; k++)
                table[k][eight >> 8 * k & 255]++;
        }
        for (; i < end; i++)
            table[0][bytes[i]]++;
        for (int v = 0; v < 256; v++) {
            for (int k = 0; k < TABLES; k++)
                counts[v] += table[k][v];
        }
    }
}

/*
 * Rarest first; of equals the smaller value, so that the order is the same everywhere: by the
 * counts' bytes, the lowest first, each time without changing the order of equals.
 */
static void sort(struct symbol *symbols, int count)
{
    struct symbol other[SYMBOLS];
    uint64_t all = 0;
    for (int i = 0; i < count; i++)
        all |= symbols[i].count;
    for (int shift = 0; shift < 64 && all >> shift; shift += 8) {
        int starts[257] = {0};
        for (int i = 0; i < count; i++)
            starts[(symbols[i].count >> shift & 255) + 1]++;
        for (int v = 0; v < 256; v++)
            starts[v + 1] += starts[v];
        for (int i = 0; i < count; i++)
            other[starts[symbols[i].count >> shift & 255]++] = symbols[i];
        memcpy(symbols, other, (size_t)count * sizeof *symbols);
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
    unsigned with_length[LONGEST + 1] = {0}, next[LONGEST + 1] = {0};
    for (int v = 0; v < SYMBOLS; v++)
        with_length[plan->lengths[v]]++;
    for (int length = 2; length <= LONGEST; length++)
        next[length] = (next[length - 1] + with_length[length - 1]) << 1;
    for (int v = 0; v < SYMBOLS; v++) {
        if (plan->lengths[v] > 0)
            plan->codes[v] = reversed(next[plan->lengths[v]]++, plan->lengths[v]);
    }
}

/* Makes the code for what occurs; bits: what is sent beside codes. */
static void make_code(const uint64_t counts[SYMBOLS], uint64_t bits, struct codec_huffman *plan)
{
    struct symbol symbols[SYMBOLS];
    int depths[SYMBOLS];
    int count = 0;
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
    for (int i = 0; i < count; i++) {
        plan->lengths[symbols[i].value] = (uint8_t)depths[i];
        bits += symbols[i].count * (uint64_t)depths[i];
    }
    assign_codes(plan);
    plan->bits = bits;
}

/*
 * The lengths of all codes, that of the one distance last. The head sends them by a code that never
 * changes: four bits each for 0 to LONGEST, and two for "zeros, 11 and so many as the next 7 bits
 * say". With that, and LONGEST being 11, the code is complete.
 */
#define LENGTHS     (SYMBOLS + 1)
#define ZEROS_LEAST 11
#define ZEROS_MOST  138

static_assert(LONGEST == 11, "the code of the lengths has 12 lengths");

static int list_lengths(const struct codec_huffman *plan, uint8_t list[LENGTHS])
{
    int count = plan->has_runs ? SYMBOLS : LITERALS;
    memcpy(list, plan->lengths, (size_t)count);
    list[count] = 1;
    return count + 1;
}

/* How many zeros are at the start, ZEROS_MOST at most. They do not reach the end, which is none. */
static int count_zeros(const uint8_t *list)
{
    int count = 0;
    while (list[count] == 0 && count < ZEROS_MOST)
        count++;
    return count;
}

static uint64_t head_bits(const struct codec_huffman *plan)
{
    uint8_t list[LENGTHS];
    int count = list_lengths(plan, list);
    uint64_t bits = 17 + 18 * 3;
    for (int i = 0; i < count;) {
        int zeros = count_zeros(list + i);
        bits += zeros >= ZEROS_LEAST ? 9 : 4;
        i += zeros >= ZEROS_LEAST ? zeros : 1;
    }
    return bits;
}

/* Takes the bytes of the runs out of the counts and puts symbols in; returns the bits beside. */
static uint64_t count_runs(const uint8_t *bytes, size_t size, uint64_t counts[SYMBOLS])
{
    uint64_t bits = 0;
    struct codec_run run = codec_run_next(bytes, 0, size);
    while (run.length > 0) {
        counts[bytes[run.start]] -= run.length;
        for (size_t part; run.length > 0; run.start += part, run.length -= part) {
            part = codec_run_part(run.length);
            struct codec_run_symbol symbol = codec_run_symbol_of(part);
            counts[symbol.symbol]++;
            bits += symbol.extra_bits + 1; /* and the distance */
        }
        run = codec_run_next(bytes, run.start, size);
    }
    return bits;
}

/* Whether a byte is so frequent that it may pay to look for runs: noise has none, and no time. */
static bool may_have_runs(const uint64_t counts[256], size_t size)
{
    uint64_t most = 0;
    for (int v = 0; v < 256; v++)
        most = counts[v] > most ? counts[v] : most;
    return most * 8 > size * (uint64_t)3;
}

void codec_huffman_plan(const uint8_t *bytes, size_t size, struct codec_huffman *plan)
{
    uint64_t counts[SYMBOLS] = {0};
    codec_huffman_count(bytes, size, counts);
    counts[END] = 1;
    make_code(counts, 0, plan);
    plan->bits += head_bits(plan);
    if (may_have_runs(counts, size)) {
        struct codec_huffman other;
        uint64_t beside = count_runs(bytes, size, counts);
        make_code(counts, beside, &other);
        other.has_runs = true;
        other.bits += head_bits(&other);
        if (other.bits < plan->bits)
            *plan = other;
    }
    codec_literals_make(plan->codes, plan->lengths, &plan->literals);
    plan->size = 2 + (size_t)((plan->bits + 7) / 8) + 4;
}

void codec_huffman_open(const struct codec_huffman *plan, bool last, struct codec_bits *out)
{
    uint8_t list[LENGTHS];
    int count = list_lengths(plan, list);
    codec_bits_add(out, last, 1);
    codec_bits_add(out, 2, 2); /* with its own codes */
    codec_bits_add(out, (unsigned)count - 1 - LITERALS, 5);
    codec_bits_add(out, 0, 5);  /* 1 distance */
    codec_bits_add(out, 14, 4); /* 18 lengths of lengths, in deflate's order: 16, 17, 18, 0, 8.. */
    codec_bits_flush(out);
    static const uint8_t order[18] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1};
    for (int i = 0; i < 18; i++) {
        codec_bits_add(out, order[i] <= LONGEST ? 4 : order[i] == 18 ? 2 : 0, 3);
        codec_bits_flush(out);
    }
    for (int i = 0; i < count;) {
        int zeros = count_zeros(list + i);
        if (zeros >= ZEROS_LEAST) {
            codec_bits_add(out, 0, 2);
            codec_bits_add(out, (unsigned)(zeros - ZEROS_LEAST), 7);
            i += zeros;
        } else {
            /* The codes behind that of the zeros. */
            codec_bits_add(out, reversed(list[i] + 4u, 4), 4);
            i++;
        }
        codec_bits_flush(out);
    }
}

static void write_symbol(const struct codec_huffman *plan, unsigned symbol, struct codec_bits *bits)
{
    codec_bits_add(bits, plan->codes[symbol], plan->lengths[symbol]);
    codec_bits_flush(bits);
}

static void write_run(const struct codec_huffman *plan, size_t length, struct codec_bits *bits)
{
    for (size_t part; length > 0; length -= part) {
        part = codec_run_part(length);
        struct codec_run_symbol symbol = codec_run_symbol_of(part);
        write_symbol(plan, symbol.symbol, bits);
        codec_bits_add(bits, symbol.extra, symbol.extra_bits);
        codec_bits_add(bits, 0, 1); /* the only distance */
        codec_bits_flush(bits);
    }
}

void codec_huffman_add(const struct codec_huffman *plan, const uint8_t *bytes, size_t size,
                       struct codec_bits *out)
{
    size_t from = 0;
    while (plan->has_runs) {
        struct codec_run run = codec_run_next(bytes, from, size);
        if (run.length == 0)
            break;
        codec_literals_write(&plan->literals, bytes + from, run.start - from, out);
        write_run(plan, run.length, out);
        from = run.start + run.length;
    }
    codec_literals_write(&plan->literals, bytes + from, size - from, out);
}

void codec_huffman_close(const struct codec_huffman *plan, struct codec_bits *out)
{
    write_symbol(plan, END, out);
}

void codec_huffman_block(const struct codec_huffman *plan, const uint8_t *bytes, size_t size,
                         bool last, struct codec_bits *out)
{
    codec_huffman_open(plan, last, out);
    codec_huffman_add(plan, bytes, size, out);
    codec_huffman_close(plan, out);
}

void codec_huffman_end(struct codec_bits *out)
{
    codec_bits_add(out, 1, 1);
    codec_bits_add(out, 1, 2); /* with the codes of RFC 1951, 3.2.6 */
    codec_bits_add(out, 0, 7); /* and theirs of the end */
    codec_bits_flush(out);
}

size_t codec_stored_size(size_t size)
{
    return size + 5 * (size / CODEC_STORED_MOST + (size % CODEC_STORED_MOST > 0 || size == 0));
}

void codec_stored_head(size_t size, bool last, struct codec_bits *bits)
{
    codec_bits_add(bits, last, 3); /* two zeros: stored */
    codec_bits_align(bits);
    const uint8_t head[4] = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)~size,
                             (uint8_t)(~size >> 8)};
    memcpy(bits->at, head, sizeof head);
    bits->at += sizeof head;
}

void codec_zlib_begin(uint8_t *out, struct codec_bits *bits)
{
    out[0] = 0x78; /* deflate, 32 KiB window */
    out[1] = 0x01;
    *bits = (struct codec_bits){.at = out + 2};
}

uint8_t *codec_zlib_end(struct codec_bits *bits, uint32_t sum)
{
    codec_bits_align(bits);
    const uint8_t tail[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                             (uint8_t)sum};
    memcpy(bits->at, tail, sizeof tail);
    return bits->at + sizeof tail;
}

void codec_huffman_write(const struct codec_huffman *plan, const uint8_t *bytes, size_t size,
                         uint8_t *out)
{
    struct codec_bits bits;
    codec_zlib_begin(out, &bits);
    codec_huffman_block(plan, bytes, size, true, &bits);
    codec_zlib_end(&bits, libdeflate_adler32(1, bytes, size));
}
