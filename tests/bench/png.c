/* PNG of one frame by the codec and by its peers, in turns: lines of encoder, milliseconds, bytes.
 */
#include <dissolve/dissolve.h>
#include <libdeflate.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/png.h"
#include "lodepng_own.h"

#ifdef BENCH_ISAL
#include <isa-l/igzip_lib.h>
#endif

enum { ROUNDS = 15, ENOUGH = 8 << 20 /* bytes; for larger frames fewer rounds will do */ };

/* What stands in a PNG beside the zlib stream: signature, header, end, and around the data. */
#define AROUND (8 + 25 + 12 + 12)

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + 1e-6 * (double)now.tv_nsec;
}

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "bench_png: %s\n", what);
        exit(1);
    }
}

/* The frame, and memory that the peers use again and again. */
struct bench {
    struct codec_raster raster;
    size_t size;
    uint8_t *rows;
    size_t rows_size;
    struct codec_buffer out;
    struct libdeflate_compressor *compressor;
    uint8_t *level_buffer;
};

/* Each gives the file's size. */
static size_t by_codec(struct bench *bench, enum codec_compression compression)
{
    const struct codec_png_options options = {.compression = compression};
    bench->out.size = 0;
    require(codec_png_encode(&bench->raster, &options, &bench->out) == DISSOLVE_OK, "codec");
    return bench->out.size;
}

static size_t fast(struct bench *bench)
{
    return by_codec(bench, CODEC_COMPRESSION_FAST);
}

static size_t none(struct bench *bench)
{
    return by_codec(bench, CODEC_COMPRESSION_NONE);
}

static size_t best(struct bench *bench)
{
    return by_codec(bench, CODEC_COMPRESSION_BEST);
}

static size_t by_lodepng(struct bench *bench, bool filter_zero)
{
    const struct codec_raster *raster = &bench->raster;
    uint8_t *file;
    size_t size;
    unsigned error = lodepng_own_encode(raster->pixels, raster->width, raster->height,
                                        raster->channels, filter_zero, &file, &size);
    require(error == 0, "lodepng");
    free(file);
    return size;
}

static size_t lodepng_default(struct bench *bench)
{
    return by_lodepng(bench, false);
}

static size_t lodepng_zero(struct bench *bench)
{
    return by_lodepng(bench, true);
}

/* Filter zero, as every peer that is no PNG encoder gets it. */
static void gather(struct bench *bench)
{
    size_t row = (size_t)bench->raster.width * bench->raster.channels;
    for (size_t y = 0; y < bench->raster.height; y++) {
        bench->rows[y * (row + 1)] = 0;
        memcpy(bench->rows + y * (row + 1) + 1, bench->raster.pixels + y * row, row);
    }
}

static size_t finish(struct bench *bench, size_t size)
{
    require(size > 0, "a peer's output does not fit");
    volatile uint32_t sum = libdeflate_crc32(0, bench->out.data, size);
    (void)sum;
    return size + AROUND;
}

static size_t libdeflate_1(struct bench *bench)
{
    gather(bench);
    return finish(bench, libdeflate_zlib_compress(bench->compressor, bench->rows, bench->rows_size,
                                                  bench->out.data, bench->out.capacity));
}

#ifdef BENCH_ISAL
static size_t isal_1(struct bench *bench)
{
    struct isal_zstream stream;
    gather(bench);
    isal_deflate_stateless_init(&stream);
    stream.level = 1;
    stream.level_buf = bench->level_buffer;
    stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    stream.gzip_flag = IGZIP_ZLIB;
    stream.end_of_stream = 1;
    stream.next_in = bench->rows;
    stream.avail_in = (uint32_t)bench->rows_size;
    stream.next_out = bench->out.data;
    stream.avail_out = (uint32_t)bench->out.capacity;
    require(isal_deflate_stateless(&stream) == COMP_OK, "ISA-L");
    return finish(bench, stream.total_out);
}
#endif

static const struct {
    const char *name;
    size_t (*encode)(struct bench *bench);
    int every; /* slow ones: in every so many rounds */
} encoders[] = {
    {"fast", fast, 1},
    {"none", none, 1},
#ifdef BENCH_ISAL
    {"isal-1-filter-zero", isal_1, 1},
#endif
    {"libdeflate-1-filter-zero", libdeflate_1, 1},
    {"lodepng-filter-zero", lodepng_zero, 5},
    {"lodepng-default", lodepng_default, 5},
    {"best", best, 5},
};

enum { ENCODERS = sizeof encoders / sizeof *encoders };

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The least that a code for single bytes can take. */
static void print_entropy(const struct bench *bench)
{
    double counts[256] = {0}, bits = 0;
    for (size_t i = 0; i < bench->size; i++)
        counts[bench->raster.pixels[i]]++;
    for (int v = 0; v < 256; v++) {
        if (counts[v] > 0)
            bits -= counts[v] * log2(counts[v] / (double)bench->size);
    }
    printf("entropy 0 %.0f\n", bits / 8);
}

static void run(struct bench *bench)
{
    double taken[ENCODERS][ROUNDS];
    size_t sizes[ENCODERS], counts[ENCODERS] = {0};
    int rounds = bench->size > ENOUGH ? 5 : ROUNDS;
    for (int e = 0; e < ENCODERS; e++)
        sizes[e] = encoders[e].encode(bench); /* does not count */
    for (int round = 0; round < rounds; round++) {
        for (int e = 0; e < ENCODERS; e++) {
            if (round % encoders[e].every > 0)
                continue;
            double start = milliseconds();
            encoders[e].encode(bench);
            taken[e][counts[e]++] = milliseconds() - start;
        }
    }
    for (int e = 0; e < ENCODERS; e++) {
        qsort(taken[e], counts[e], sizeof **taken, compare);
        printf("%s %.4f %zu\n", encoders[e].name, taken[e][counts[e] / 2], sizes[e]);
    }
}

/* N(0, 1), rendered: what the process ends in. */
static void make_noise(uint8_t *pixels, size_t size)
{
    enum { PART = 4096 };
    float normals[PART];
    for (size_t at = 0; at < size; at += PART) {
        size_t part = size - at < PART ? size - at : PART;
        dissolve_normals(42, DISSOLVE_STREAM_CHAIN, 1, at, part, normals);
        dissolve_render(normals, part, pixels + at);
    }
}

static void read_pixels(const char *path, uint8_t *pixels, size_t size)
{
    FILE *file = fopen(path, "rb");
    require(file && fread(pixels, 1, size, file) == size, "PIXELS is no file of that size");
    fclose(file);
}

int main(int argc, char **argv)
{
    unsigned long numbers[3] = {0};
    for (int i = 0; i < 3 && i + 1 < argc; i++)
        numbers[i] = strtoul(argv[i + 1], NULL, 10);
    if (argc < 4 || argc > 5 || numbers[0] < 1 || numbers[0] > 16384 || numbers[1] < 1 ||
        numbers[1] > 16384 || (numbers[2] != 1 && numbers[2] != 3)) {
        fprintf(stderr, "usage: bench_png WIDTH HEIGHT CHANNELS [PIXELS] (a file of bytes; "
                        "without one: noise)\n");
        return 2;
    }
    struct bench bench = {
        .raster = {(uint32_t)numbers[0], (uint32_t)numbers[1], (unsigned)numbers[2], NULL}};
    bench.size = numbers[0] * numbers[1] * numbers[2];
    bench.rows_size = bench.size + numbers[1];
    uint8_t *pixels = malloc(bench.size);
    bench.rows = malloc(bench.rows_size);
    bench.compressor = libdeflate_alloc_compressor(1);
#ifdef BENCH_ISAL
    bench.level_buffer = malloc(ISAL_DEF_LVL1_DEFAULT);
    require(bench.level_buffer, "no memory");
#endif
    require(pixels && bench.rows && bench.compressor, "no memory");
    require(codec_buffer_reserve(&bench.out, bench.rows_size + bench.rows_size / 8 + 4096) ==
                DISSOLVE_OK,
            "no memory");
    bench.raster.pixels = pixels;
    if (argc == 5)
        read_pixels(argv[4], pixels, bench.size);
    else
        make_noise(pixels, bench.size);
    print_entropy(&bench);
    run(&bench);
    libdeflate_free_compressor(bench.compressor);
    codec_buffer_free(&bench.out);
    free(bench.level_buffer);
    free(bench.rows);
    free(pixels);
    return 0;
}
