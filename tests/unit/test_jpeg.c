/* JPEG in: the pixels of Pillow for every kind that is read, and no picture for whatever else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/image.h"
#include "failing_malloc.h"
#include "impatient.h"
#include "jpeg_cases.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct jpeg_case cases[JPEG_CASES_MAX];
static size_t case_count;

static int make_cases(void **state)
{
    (void)state;
    case_count = jpeg_cases_make(cases);
    return 0;
}

static const struct jpeg_case *find_case(const char *name)
{
    for (size_t i = 0; i < case_count; i++)
        if (strcmp(cases[i].name, name) == 0)
            return &cases[i];
    fail_msg("no case %s", name);
    return NULL;
}

/* Decodes a copy that is exactly as long, for the sanitizer. */
static enum dissolve_status decode(const uint8_t *bytes, size_t size, uint64_t max_pixels,
                                   struct codec_image *image, char detail[CODEC_DETAIL])
{
    uint8_t *copy = test_malloc(size);
    memcpy(copy, bytes, size);
    memset(image, 0xff, sizeof *image);
    enum dissolve_status status = codec_jpeg_decode(copy, size, max_pixels, NULL, image, detail);
    struct codec_image_info info;
    char reason[CODEC_DETAIL];
    enum dissolve_status probed = codec_jpeg_probe(copy, size, max_pixels, &info, reason);
    test_free(copy);
    assert_null(image->pixels16);
    if (probed) { /* the decoder stops where the header does, for the same reason */
        assert_int_equal(status, probed);
        assert_string_equal(detail, reason);
        assert_int_equal(info.width, 0);
    } else {
        assert_true(info.width > 0 && info.height > 0 && info.scans > 0);
        assert_true(status || (info.width == image->width && info.height == image->height));
    }
    if (status) {
        assert_null(image->pixels);
        assert_int_equal(image->width, 0);
        /* A sentence of this program: libjpeg's messages have no full stop. */
        assert_int_equal(strncmp(detail, "The ", 4), 0);
        assert_int_equal(detail[strlen(detail) - 1], '.');
    } else {
        assert_int_equal(image->channels, 3);
        assert_string_equal(detail, "");
    }
    return status;
}

static void expect_error(const char *name, const uint8_t *bytes, size_t size, uint64_t max_pixels,
                         enum dissolve_status expected, const char *part_of_detail)
{
    struct codec_image image;
    char detail[CODEC_DETAIL];
    enum dissolve_status status = decode(bytes, size, max_pixels, &image, detail);
    if (status != expected || !strstr(detail, part_of_detail))
        fail_msg("%s: status %d, '%s' has no '%s'", name, status, detail, part_of_detail);
}

static void expect_case(const char *name, enum dissolve_status status, const char *part_of_detail)
{
    const struct jpeg_case *one = find_case(name);
    expect_error(name, one->file, one->size, UINT64_MAX, status, part_of_detail);
}

static void test_every_kind_is_as_pillow_has_it(void **state)
{
    (void)state;
    size_t decoded = 0;
    for (size_t i = 0; i < case_count; i++) {
        const struct jpeg_case *one = &cases[i];
        struct codec_image image;
        char detail[CODEC_DETAIL];
        if (!one->pixels)
            continue;
        uint64_t pixels = (uint64_t)one->width * one->height;
        if (decode(one->file, one->size, pixels, &image, detail))
            fail_msg("%s: %s", one->name, detail);
        if (image.width != one->width || image.height != one->height)
            fail_msg("%s: %u x %u", one->name, image.width, image.height);
        if (memcmp(image.pixels, one->pixels, one->pixels_size) != 0)
            fail_msg("%s: other pixels", one->name);
        codec_image_free(&image);
        decoded++;
    }
    size_t four_channels = 4 * 2 * 3 * 4 + 2, endless = 9 * (2 + 2 * 15), scans = 5, least = 2;
    assert_int_equal(decoded,
                     8 * 2 * 4 + 3 + 11 + 20 + 9 + 32 + scans + four_channels + endless + least);
}

static void test_size_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < case_count; i++)
        if (cases[i].pixels)
            expect_error(cases[i].name, cases[i].file, cases[i].size,
                         (uint64_t)cases[i].width * cases[i].height - 1, DISSOLVE_TOO_LARGE,
                         " pixels; the limit is ");
    expect_case("wider than libjpeg takes", DISSOLVE_TOO_LARGE, "wider or higher than 65500");
}

/* A few bytes cannot be that many pixels: where they are allocated, none is touched. */
static void test_claimed_size(void **state)
{
    (void)state;
    const struct jpeg_case *widest = find_case("widest");
    expect_error(widest->name, widest->file, widest->size, 4290249999, DISSOLVE_TOO_LARGE,
                 "65500 x 65500 pixels; the limit is 4290249999");
    expect_case("claimed", DISSOLVE_MALFORMED, "too little image data for its 8000 x 8000 pixels");
    expect_case("claimed progressive", DISSOLVE_MALFORMED, "too little image data for its 8000 x ");
    expect_case("least baseline but a byte", DISSOLVE_MALFORMED, "too little image data");
    expect_case("least progressive but a byte", DISSOLVE_MALFORMED, "too little image data");
}

static void test_not_a_jpeg(void **state)
{
    (void)state;
    static const uint8_t start[] = {0xff, 0xd8, 0xff};
    expect_error("nothing", start, 0, 1000, DISSOLVE_UNSUPPORTED, "not a JPEG");
    expect_error("two bytes", start, 2, 1000, DISSOLVE_UNSUPPORTED, "not a JPEG");
    expect_error("text", (const uint8_t *)"\x89PNG", 4, 1000, DISSOLVE_UNSUPPORTED, "not a JPEG");
    expect_error("three bytes", start, 3, 1000, DISSOLVE_MALFORMED, "no image data");
}

static void test_kinds_that_are_not_read(void **state)
{
    (void)state;
    expect_case("arithmetic", DISSOLVE_UNSUPPORTED, "arithmetic coding");
    expect_case("arithmetic progressive", DISSOLVE_UNSUPPORTED, "arithmetic coding");
    expect_case("12 bits", DISSOLVE_UNSUPPORTED, "12 bits a channel; only 8");
    expect_case("lossless", DISSOLVE_UNSUPPORTED, "SOF type 0xc3");
    expect_case("hierarchical", DISSOLVE_UNSUPPORTED, "SOF type 0xc5");
    expect_case("two channels", DISSOLVE_UNSUPPORTED, "2 channels");
    expect_case("sampled 3 to 2", DISSOLVE_UNSUPPORTED, "sampling factors");
}

static void test_broken_files(void **state)
{
    (void)state;
    expect_case("no height", DISSOLVE_MALFORMED, "a height or a number of channels of 0");
    expect_case("restarts that are not there", DISSOLVE_MALFORMED, "a restart marker is missing");
    expect_case("wrong restart", DISSOLVE_MALFORMED, "a restart marker is missing");
    expect_case("no quantization table", DISSOLVE_MALFORMED, "lacks a quantization table");
    expect_case("no scan", DISSOLVE_MALFORMED, "has no image data");
}

/* Files that end well, but of which a part was never there. */
static void test_scans_that_are_missing(void **state)
{
    (void)state;
    size_t scans = 0;
    expect_case("a channel without a scan", DISSOLVE_MALFORMED, "lacks some of its scans");
    expect_case("one scan of three", DISSOLVE_MALFORMED, "lacks some of its scans");
    for (size_t i = 0; i < case_count; i++) {
        if (strncmp(cases[i].name, "without scan ", 13) != 0)
            continue;
        /* libjpeg notices that one refines what has not come; the last of a coefficient it misses.
         */
        expect_case(cases[i].name, DISSOLVE_MALFORMED, "The JPEG");
        scans++;
    }
    assert_int_equal(scans, 10);
}

static void test_very_many_scans(void **state)
{
    (void)state;
    expect_case("101 scans", DISSOLVE_MALFORMED, "more than 100 scans");
    expect_case("2000 scans", DISSOLVE_MALFORMED, "more than 100 scans");
}

/* Each ends with a byte that has bits of the image, and EOI. */
static const char *const thorough[] = {
    "420 17 x 13",
    "grey 17 x 13",
    "progressive 422 33 x 9",
    "progressive grey 7 x 31",
    "orientation of Pillow",
    "four channels 32",
    "four channels 45",
};

/* Up to the last byte of image data; without the end marker alone see "endless". */
static void test_cut_off_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(thorough); i++) {
        const struct jpeg_case *one = find_case(thorough[i]);
        for (size_t size = 3; size < one->size - 2; size++)
            expect_error(one->name, one->file, size, 10000, DISSOLVE_MALFORMED, " send the whole ");
    }
}

/* Cut off, with the marker of the end behind it. */
static void test_closed_after_a_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(thorough); i++) {
        const struct jpeg_case *one = find_case(thorough[i]);
        uint8_t *copy = test_malloc(one->size + 2);
        memcpy(copy, one->file, one->size);
        for (size_t size = 20; size < one->size - 2; size++) {
            struct codec_image image;
            char detail[CODEC_DETAIL];
            memcpy(copy, one->file, size);
            memcpy(copy + size, "\xff\xd9", 2);
            enum dissolve_status status = decode(copy, size + 2, 10000, &image, detail);
            if (!status)
                fail_msg("%s cut at %zu", one->name, size);
        }
        test_free(copy);
    }
}

/* A step of xorshift64. */
static uint64_t step(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

/* Some corruptions make another whole picture, none anything but a picture or an error. */
static void test_random_corruptions(void **state)
{
    (void)state;
    uint64_t random = 42;
    for (unsigned i = 0; i < 6000; i++) {
        const struct jpeg_case *one = find_case(thorough[i % COUNT(thorough)]);
        struct codec_image image;
        char detail[CODEC_DETAIL];
        uint8_t *copy = test_malloc(one->size);
        memcpy(copy, one->file, one->size);
        for (uint64_t wrong = step(&random) % 4 + 1; wrong > 0; wrong--)
            copy[2 + step(&random) % (one->size - 2)] = (uint8_t)(step(&random) >> 40);
        enum dissolve_status status = decode(copy, one->size, 10000, &image, detail);
        assert_true(status == DISSOLVE_OK || status == DISSOLVE_MALFORMED ||
                    status == DISSOLVE_UNSUPPORTED || status == DISSOLVE_TOO_LARGE);
        for (size_t k = 0; !status && k < (size_t)image.width * image.height * 3; k++)
            random += image.pixels[k]; /* each is read, so that a missing one is found */
        codec_image_free(&image);
        test_free(copy);
    }
}

/* At each of its questions it can end, and it asks in each row of blocks of each scan. */
static void test_a_picture_that_nobody_wants_any_more(void **state)
{
    (void)state;
    const struct jpeg_case *one = find_case("orientation 6 progressive");
    enum dissolve_status status = DISSOLVE_CANCELLED;
    size_t ends = 0;
    for (size_t most = 0; status == DISSOLVE_CANCELLED; most++) {
        struct impatient who = {.most = most};
        struct codec_cancel cancel = cancel_by(&who);
        struct codec_image image;
        char detail[CODEC_DETAIL];
        status = codec_jpeg_decode(one->file, one->size, 10000, &cancel, &image, detail);
        if (status == DISSOLVE_CANCELLED) {
            assert_int_equal(who.asked, most + 1); /* and not once more */
            assert_string_equal(detail, CODEC_CANCELLED);
            assert_null(image.pixels);
            ends++;
        } else {
            assert_int_equal(status, DISSOLVE_OK);
            assert_memory_equal(image.pixels, one->pixels, one->pixels_size);
        }
        codec_image_free(&image);
    }
    assert_true(ends >= 10 * (one->width / 16)); /* a progressive file of libjpeg has ten scans */
}

/*
 * With each allocation failing in turn there is an error, or, where libjpeg is content with less,
 * the same picture; never one that lies on its side.
 */
static void test_no_memory(void **state)
{
    (void)state;
    static const char *const names[] = {"420 17 x 13",           "grey 17 x 13",
                                        "orientation of Pillow", "orientation 6 progressive",
                                        "a scan a channel",      "four channels 33",
                                        "four channels 47"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct jpeg_case *one = find_case(names[i]);
        bool failed = true;
        size_t refused = 0;
        for (long n = 0; failed; n++) {
            struct codec_image image;
            char detail[CODEC_DETAIL];
            fail_allocation(n);
            enum dissolve_status status =
                codec_jpeg_decode(one->file, one->size, 10000, NULL, &image, detail);
            failed = allocation_failed();
            if (status) {
                assert_true(failed);
                assert_int_equal(status, DISSOLVE_NO_MEMORY);
                assert_non_null(strstr(detail, "not enough memory"));
                assert_null(image.pixels);
                refused++;
            } else if (image.width != one->width ||
                       memcmp(image.pixels, one->pixels, one->pixels_size) != 0) {
                fail_msg("%s: other pixels without allocation %ld", one->name, n);
            }
            codec_image_free(&image);
        }
        assert_true(refused > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_is_as_pillow_has_it),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_claimed_size),
        cmocka_unit_test(test_not_a_jpeg),
        cmocka_unit_test(test_kinds_that_are_not_read),
        cmocka_unit_test(test_broken_files),
        cmocka_unit_test(test_scans_that_are_missing),
        cmocka_unit_test(test_very_many_scans),
        cmocka_unit_test(test_cut_off_anywhere),
        cmocka_unit_test(test_closed_after_a_cut),
        cmocka_unit_test(test_random_corruptions),
        cmocka_unit_test(test_a_picture_that_nobody_wants_any_more),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, make_cases, NULL);
}
