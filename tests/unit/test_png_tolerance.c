/* PNG files with faults that leave the picture whole, which Pillow's pixels prove, and sentences
 * for the faults that do not. */
#include "failing_malloc.h"
#include "impatient.h"
#include "png_files.h"

#include <stdlib.h>

#define MEBIBYTE ((size_t)1 << 20)

/* Files of several kinds, one with a palette; each has two IDAT chunks. */
static const char *const kinds[] = {"grey 2 bit", "rgb 8 bit interlaced", "palette 4 bit",
                                    "rgba 16 bit"};

/* A chunk as it is, with its CRC changed by `damage`. */
struct raw_chunk {
    const char *type;
    const char *data;
    size_t size;
    unsigned damage;
};

static void add_raw_chunk(struct file *file, const struct raw_chunk *chunk)
{
    add_chunk(file, chunk->type, chunk->data, chunk->size);
    file->bytes[file->size - 1] ^= (uint8_t)chunk->damage;
}

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The number of chunks of a sound file. */
static size_t count_chunks(const uint8_t *bytes, size_t size)
{
    size_t count = 0;
    for (size_t at = 8; at < size; at += 12 + read32(bytes + at))
        count++;
    return count;
}

/* Copies a sound file, with another chunk before its chunk number `place`, from 0. */
static void insert_chunk(const struct png_case *one, const struct raw_chunk *chunk, size_t place,
                         struct file *file)
{
    static uint8_t bytes[ROOM];
    size_t size = from_hex(one->file, bytes);
    size_t at = 8;
    for (size_t i = 0; i < place; i++)
        at += 12 + read32(bytes + at);
    memcpy(file->bytes, bytes, at);
    file->size = at;
    add_raw_chunk(file, chunk);
    assert_true(file->size + size - at <= ROOM);
    memcpy(file->bytes + file->size, bytes + at, size - at);
    file->size += size - at;
}

/* Image data of a case and the chunks around it: joined, from the first IDAT on. */
static size_t copy_stream(const struct png_case *one, uint8_t stream[ROOM], struct file *begun)
{
    static uint8_t bytes[ROOM];
    size_t size = from_hex(one->file, bytes);
    size_t joined = 0;
    begun->size = 0;
    for (size_t at = 8; at < size; at += 12 + read32(bytes + at)) {
        if (memcmp(bytes + at + 4, "IDAT", 4) != 0)
            continue;
        if (begun->size == 0) {
            memcpy(begun->bytes, bytes, at);
            begun->size = at;
        }
        memcpy(stream + joined, bytes + at + 8, read32(bytes + at));
        joined += read32(bytes + at);
    }
    return joined;
}

/* ---- chunks that are not needed ---- */

/* Each breaks a rule of the PNG specification, third edition, chapter 11. */
static const struct raw_chunk ancillary[] = {
    {"tEXt", "Comment\0hi", 10, 5},
    {"tEXt", "", 0, 0},
    {"zTXt", "Comment\0\x07zz", 11, 0},
    {"zTXt", "Comment", 7, 1},
    {"iTXt", "k\0\x09\0", 4, 0},
    {"iTXt", "k\0\0\0\0\0\xff\xfe", 8, 2},
    {"iCCP", "n\0\5abc", 6, 0},
    {"iCCP", "name\0\0x\x9c", 8, 3},
    {"iCCP", "", 0, 0},
    {"tIME", "\0\0\0\0\0\0", 6, 0},
    {"tIME", "\x07\xe8\x0d\x20\x19\x3d\x3d", 7, 0},
    {"bKGD", "", 0, 0},
    {"bKGD", "\xff\xff\xff\xff\xff\xff\xff", 7, 0},
    {"sBIT", "\0\0\0", 3, 0},
    {"sBIT", "\x11\x22\x33\x44\x55", 5, 0},
    {"pHYs", "\0\0\0\0\0\0\0\0", 8, 0},
    {"gAMA", "", 0, 0},
    {"gAMA", "\0\0\0\0", 4, 0},
    {"cHRM", "\0", 1, 0},
    {"sRGB", "", 0, 0},
    {"sRGB", "\x09", 1, 0},
    {"tRNS", "\0\0\0\0\0\0\0\0", 8, 0},
    {"tRNS", "", 0, 0},
    {"tRNS", "\xff\xff\xff\xff\xff\xff", 6, 7},
    {"eXIf", "MM", 2, 0},
    {"eXIf", "Exif\0\0 no TIFF", 13, 9},
    {"hIST", "\0", 1, 0},
    {"sPLT", "p\0\x63", 3, 0},
    {"cICP", "\xff", 1, 0},
    {"mDCV", "", 0, 0},
    {"acTL", "\0\0", 2, 0},
    {"acTL", "\0\0\0\x09\0\0\0\0", 8, 0},
    {"fcTL", "", 0, 0},
    {"fdAT", "\0", 1, 0},
    {"vpAg", "anything", 8, 1},
    {"abcd", "reserved", 8, 0},
    {"t\xffXt", "no letters", 10, 0},
    {"iend", "", 0, 4},
};

static void test_no_ancillary_chunk_is_fatal(void **state)
{
    (void)state;
    static uint8_t bytes[ROOM];
    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        const struct png_case *one = find_case(kinds[kind]);
        size_t places = count_chunks(bytes, from_hex(one->file, bytes));
        for (size_t i = 0; i < COUNT(ancillary); i++) {
            for (size_t place = 0; place <= places; place++) {
                struct file file;
                insert_chunk(one, &ancillary[i], place, &file);
                expect_pixels(file.bytes, file.size, one);
            }
        }
    }
}

static void test_no_palette_that_is_not_needed_is_fatal(void **state)
{
    (void)state;
    static const char *const others[] = {"grey 8 bit", "grey_alpha 8 bit interlaced", "rgb 8 bit",
                                         "rgba 16 bit"};
    static const char colours[3 * 257];
    const struct raw_chunk palettes[] = {{"PLTE", "", 0, 0},
                                         {"PLTE", colours, 5, 0},
                                         {"PLTE", colours, 3, 1},
                                         {"PLTE", colours, sizeof colours, 0}};
    for (size_t kind = 0; kind < COUNT(others); kind++) {
        const struct png_case *one = find_case(others[kind]);
        for (size_t i = 0; i < COUNT(palettes); i++) {
            for (size_t place = 1; place <= 4; place++) {
                struct file file;
                insert_chunk(one, &palettes[i], place, &file);
                expect_pixels(file.bytes, file.size, one);
            }
        }
    }
}

/* Behind the image data a palette comes too late; of several before it, the last one counts. */
static void test_a_palette_that_is_needed(void **state)
{
    (void)state;
    static const char colours[3 * 257];
    const struct png_case *one = find_case("palette 4 bit");
    struct file file;
    insert_chunk(one, &(struct raw_chunk){"PLTE", colours, 48, 0}, 1, &file);
    expect_pixels(file.bytes, file.size, one);
    insert_chunk(one, &(struct raw_chunk){"PLTE", colours, 48, 0}, 3, &file);
    expect_pixels(file.bytes, file.size, one);
    insert_chunk(one, &(struct raw_chunk){"PLTE", colours, 48, 1}, 1, &file);
    expect_malformed(&file, "the CRC of its chunk PLTE is wrong");
    insert_chunk(one, &(struct raw_chunk){"PLTE", colours, 2, 0}, 1, &file);
    expect_malformed(&file, "its palette (PLTE) has 2 bytes; PNG allows 3 to 768.");
    insert_chunk(one, &(struct raw_chunk){"PLTE", colours, sizeof colours, 0}, 1, &file);
    expect_malformed(&file, "its palette (PLTE) has 771 bytes; PNG allows 3 to 768.");
}

/* ---- more than the picture ---- */

static void end_file(struct file *file)
{
    add_chunk(file, "IEND", NULL, 0);
}

static void test_bytes_behind_the_stream(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        const struct png_case *one = find_case(kinds[kind]);
        uint8_t stream[ROOM];
        struct file begun;
        size_t size = copy_stream(one, stream, &begun);
        memset(stream + size, 0xaa, 100);
        for (size_t extra = 0; extra <= 100; extra += 20) {
            struct file file = begun;
            add_chunk(&file, "IDAT", stream, size + extra);
            end_file(&file);
            expect_pixels(file.bytes, file.size, one);
        }
        for (unsigned damage = 0; damage <= 1; damage++) {
            struct file file = begun;
            add_chunk(&file, "IDAT", stream, size);
            add_raw_chunk(&file, &(struct raw_chunk){"IDAT", "\0\0\0\0", 4, damage});
            add_raw_chunk(&file, &(struct raw_chunk){"IDAT", "", 0, damage});
            end_file(&file);
            memcpy(file.bytes + file.size, "behind IEND", 11);
            expect_pixels(file.bytes, file.size + 11, one);
        }
    }
}

/* Empty ones, and one for every byte. */
static void test_image_data_in_many_chunks(void **state)
{
    (void)state;
    const struct png_case *one = find_case("grey 2 bit");
    uint8_t stream[ROOM];
    struct file file;
    size_t size = copy_stream(one, stream, &file);
    for (size_t i = 0; i < size; i++) {
        add_chunk(&file, "IDAT", NULL, 0);
        add_chunk(&file, "IDAT", stream + i, 1);
    }
    end_file(&file);
    expect_pixels(file.bytes, file.size, one);
}

/* Makes a grey file of 6 x 4 pixels of value 9, and of `rows` rows of data. */
static void make_rows(struct file *file, size_t rows, unsigned damage)
{
    size_t size = 7 * rows;
    size_t room = 1000 + size;
    uint8_t *raw = test_malloc(size);
    uint8_t *packed = test_malloc(room);
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    assert_non_null(compressor);
    memset(raw, 9, size);
    for (size_t row = 0; row < rows; row++)
        raw[7 * row] = 0;
    size = libdeflate_zlib_compress(compressor, raw, size, packed, room);
    libdeflate_free_compressor(compressor);
    packed[size - 1] ^= (uint8_t)damage;
    begin_file(file, 6, 4, 8, 0, 0);
    add_chunk(file, "IDAT", packed, size);
    end_file(file);
    test_free(raw);
    test_free(packed);
}

static void expect_nines(const struct file *file)
{
    struct codec_image image;
    char detail[CODEC_DETAIL];
    if (codec_png_decode(file->bytes, file->size, 24, NULL, &image, detail))
        fail_msg("%s", detail);
    assert_int_equal(image.width * image.height, 24);
    for (size_t i = 0; i < 72; i++)
        assert_int_equal(image.pixels[i], 9);
    codec_image_free(&image);
}

static void test_more_rows_than_the_header_says(void **state)
{
    (void)state;
    static const size_t rows[] = {4, 5, 7, 400, 100000, 4 + 16 * MEBIBYTE / 7};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file file;
        make_rows(&file, rows[i], 0);
        expect_nines(&file);
        make_rows(&file, rows[i], 1);
        expect_malformed(&file, "compressed image data is broken");
    }
}

/* What cannot be checked at a bounded cost is refused. */
static void test_far_more_rows_than_the_header_says(void **state)
{
    (void)state;
    struct file file;
    make_rows(&file, 20 * MEBIBYTE / 7, 0);
    expect_malformed(&file, "over 16 MiB longer than the size in its header");
}

static void test_more_rows_when_cancelled(void **state)
{
    (void)state;
    struct file file;
    make_rows(&file, MEBIBYTE, 0);
    for (size_t most = 0; most <= 200; most += 50) {
        struct impatient client = {.most = most};
        struct codec_cancel cancel = cancel_by(&client);
        struct codec_image image;
        char detail[CODEC_DETAIL];
        assert_int_equal(codec_png_decode(file.bytes, file.size, 24, &cancel, &image, detail),
                         DISSOLVE_CANCELLED);
        assert_int_equal(client.asked, most + 1);
        assert_string_equal(detail, CODEC_CANCELLED);
        assert_null(image.pixels);
    }
}

static void test_more_rows_without_memory(void **state)
{
    (void)state;
    struct file file;
    make_rows(&file, 100, 0);
    bool failed = true;
    for (long n = 0; failed; n++) {
        struct codec_image image;
        char detail[CODEC_DETAIL];
        fail_allocation(n);
        enum dissolve_status status =
            codec_png_decode(file.bytes, file.size, 24, NULL, &image, detail);
        failed = allocation_failed();
        assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
        assert_true(failed == !image.pixels);
        codec_image_free(&image);
    }
}

/* ---- the end ---- */

static void test_ends_of_a_complete_picture(void **state)
{
    (void)state;
    static const struct raw_chunk ends[] = {
        {"IEND", "", 0, 1},        {"IEND", "more", 4, 0}, {"IENE", "", 0, 4},
        {"XXXX", "trailer", 7, 1}, {"\0\0\0\0", "", 0, 1}, {"\xffPNG", "", 0, 0},
        {"iEND", "", 0, 0},
    };
    for (size_t kind = 0; kind < COUNT(kinds); kind++) {
        const struct png_case *one = find_case(kinds[kind]);
        uint8_t stream[ROOM];
        struct file begun;
        size_t size = copy_stream(one, stream, &begun);
        add_chunk(&begun, "IDAT", stream, size);
        expect_pixels(begun.bytes, begun.size, one);
        for (size_t i = 0; i < COUNT(ends); i++) {
            struct file file = begun;
            add_raw_chunk(&file, &ends[i]);
            expect_pixels(file.bytes, file.size, one);
        }
        memset(begun.bytes + begun.size, 0, 1000); /* a block device's */
        expect_pixels(begun.bytes, begun.size + 1000, one);
        memset(begun.bytes + begun.size, 0x7f, 1000); /* a chunk that is cut off */
        expect_pixels(begun.bytes, begun.size + 1000, one);
    }
}

/* ---- sentences ---- */

/* Critical chunks count wherever they are, if they are chunks. */
static void test_unknown_critical_chunks(void **state)
{
    (void)state;
    static const struct {
        struct raw_chunk chunk;
        const char *detail;
    } unknown[] = {
        {{"ABCD", "?", 1, 0},
         "The PNG has a critical chunk ABCD, which PNG does not define; convert it to a standard "
         "PNG."},
        {{"JDAT", "", 0, 0},
         "The PNG has a critical chunk JDAT, which PNG does not define; convert it to a standard "
         "PNG."},
        {{"CgBI", "\x50\0\x20\2", 4, 0},
         "This is an iOS-optimized PNG (CgBI), which is not a standard PNG; convert it to a "
         "standard PNG."},
    };
    const struct png_case *one = find_case("rgb 8 bit");
    for (size_t i = 0; i < COUNT(unknown); i++) {
        for (size_t place = 0; place <= 4; place++) {
            struct file file;
            insert_chunk(one, &unknown[i].chunk, place, &file);
            if (place == 4) /* behind IEND */
                expect_pixels(file.bytes, file.size, one);
            else
                expect_malformed(&file, unknown[i].detail);
        }
    }
}

static void begin_with(struct file *file, const char header[13])
{
    memcpy(file->bytes, "\x89PNG\r\n\x1a\n", 8);
    file->size = 8;
    add_chunk(file, "IHDR", header, 13);
    add_zeros(file, 28, 0);
    end_file(file);
}

static void test_values_of_the_header(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *detail;
    } bad[] = {
        {"\0\0\0\6\0\0\0\4\x08\5\0\0\0", "colour type is 5; PNG defines 0, 2, 3, 4 and 6."},
        {"\0\0\0\6\0\0\0\4\x08\xff\0\0\0", "colour type is 255; PNG defines 0, 2, 3, 4 and 6."},
        {"\0\0\0\6\0\0\0\4\3\0\0\0\0", "bit depth 3 does not go with its colour type 0."},
        {"\0\0\0\6\0\0\0\4\4\2\0\0\0", "bit depth 4 does not go with its colour type 2."},
        {"\0\0\0\6\0\0\0\4\x10\3\0\0\0", "bit depth 16 does not go with its colour type 3."},
        {"\0\0\0\6\0\0\0\4\1\6\0\0\0", "bit depth 1 does not go with its colour type 6."},
        {"\0\0\0\6\0\0\0\4\x08\0\1\0\0", "compression method is 1; PNG defines only 0."},
        {"\0\0\0\6\0\0\0\4\x08\0\0\x40\0", "filter method is 64; PNG defines only 0."},
        {"\0\0\0\6\0\0\0\4\x08\0\0\0\2", "interlace method is 2; PNG defines 0 and 1."},
        {"\0\0\0\0\0\0\0\4\x08\0\0\0\0", "out of range; PNG allows 1 to 2147483647."},
    };
    struct file file;
    for (size_t i = 0; i < COUNT(bad); i++) {
        begin_with(&file, bad[i].header);
        expect_malformed(&file, bad[i].detail);
    }
    begin_file(&file, 6, 4, 8, 0, 0);
    begin_file(&file, 6, 4, 8, 0, 0);
    add_chunk(&file, "IHDR", "\0\0\0\6\0\0\0\4\x08\0\0\0\0", 13);
    expect_malformed(&file, "it has more than one header (IHDR).");
    file.size = 8;
    add_chunk(&file, "IHDR", "\0\0\0\6\0\0\0\4\x08\0\0\0\0\0", 14);
    expect_malformed(&file, "its header (IHDR) has 14 bytes instead of 13.");
    file.size = 8;
    add_zeros(&file, 28, 0);
    expect_malformed(&file, "it has no header (IHDR) before its IDAT.");
}

static void test_chunks_that_are_wrong(void **state)
{
    (void)state;
    struct file file;
    begin_file(&file, 6, 4, 8, 0, 0);
    file.bytes[20] ^= 1;
    expect_malformed(&file, "The PNG is broken: the CRC of its chunk IHDR is wrong; send an "
                            "undamaged copy.");
    begin_file(&file, 6, 4, 8, 0, 0);
    end_file(&file);
    expect_malformed(&file, "it has no image data (IDAT) before its IEND.");
    begin_file(&file, 6, 4, 8, 3, 0);
    add_zeros(&file, 28, 0);
    add_chunk(&file, "PLTE", "\1\2\3", 3);
    end_file(&file);
    expect_malformed(&file, "it has no palette (PLTE) before its image data.");
    begin_file(&file, 6, 4, 8, 0, 0);
    add_zeros(&file, 28, 0);
    file.bytes[file.size - 1] ^= 1;
    end_file(&file);
    expect_malformed(&file, "an IDAT chunk has a wrong CRC");
    begin_file(&file, 6, 4, 8, 0, 0);
    add_chunk(&file, "IDAT", "\x78\x9c\x63", 3);
    add_raw_chunk(&file, &(struct raw_chunk){"IDAU", "rest", 4, 1});
    end_file(&file);
    expect_malformed(&file, "a damaged chunk stands where image data (IDAT) is missing");
    begin_file(&file, 6, 4, 8, 0, 0);
    memset(file.bytes + file.size, 0, 100);
    file.size += 100;
    expect_malformed(&file, "there is no chunk where one should begin");
}

/* Image data of one row of a filter type that PNG does not define. */
static void test_unknown_filter_types(void **state)
{
    (void)state;
    static const uint8_t types[] = {5, 9, 255};
    for (size_t i = 0; i < COUNT(types); i++) {
        uint8_t stream[] = {0x78, 0x01, 1, 2, 0, 0xfd, 0xff, types[i], 7, 0, 0, 0, 0};
        struct file file;
        put32(stream + sizeof stream - 4, libdeflate_adler32(1, stream + 7, 2));
        begin_file(&file, 1, 1, 8, 0, 0);
        add_chunk(&file, "IDAT", stream, sizeof stream);
        end_file(&file);
        expect_malformed(&file, "a row has an unknown filter type; PNG defines 0 to 4.");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_ancillary_chunk_is_fatal),
        cmocka_unit_test(test_no_palette_that_is_not_needed_is_fatal),
        cmocka_unit_test(test_a_palette_that_is_needed),
        cmocka_unit_test(test_bytes_behind_the_stream),
        cmocka_unit_test(test_image_data_in_many_chunks),
        cmocka_unit_test(test_more_rows_than_the_header_says),
        cmocka_unit_test(test_far_more_rows_than_the_header_says),
        cmocka_unit_test(test_more_rows_when_cancelled),
        cmocka_unit_test(test_more_rows_without_memory),
        cmocka_unit_test(test_ends_of_a_complete_picture),
        cmocka_unit_test(test_unknown_critical_chunks),
        cmocka_unit_test(test_values_of_the_header),
        cmocka_unit_test(test_chunks_that_are_wrong),
        cmocka_unit_test(test_unknown_filter_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
