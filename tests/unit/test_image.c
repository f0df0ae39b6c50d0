/* Images of either kind: told apart by their first bytes, and made grey as Pillow does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/image.h"
#include "judge.h"

#define SIDE 256

static void expect_status(const void *bytes, size_t size, enum dissolve_status expected,
                          const char *part_of_detail)
{
    struct codec_image image;
    char detail[CODEC_DETAIL];
    memset(&image, 0xff, sizeof image);
    assert_int_equal(codec_image_decode(bytes, size, 1000, NULL, &image, detail), expected);
    if (!strstr(detail, part_of_detail))
        fail_msg("'%s' has no '%s'", detail, part_of_detail);
    assert_null(image.pixels);
    assert_null(image.pixels16);
    assert_int_equal(image.width, 0);
}

static void test_neither(void **state)
{
    (void)state;
    static const char neither[] = "The image is neither a PNG nor a JPEG file.";
    expect_status("", 0, DISSOLVE_UNSUPPORTED, neither);
    expect_status("GIF89a", 6, DISSOLVE_UNSUPPORTED, neither);
    expect_status("\x89PNG\r\n\x1a", 7, DISSOLVE_UNSUPPORTED, neither);
    expect_status("\x89PNG\r\n\x1a\r", 8, DISSOLVE_UNSUPPORTED, neither);
    expect_status("\xff", 1, DISSOLVE_UNSUPPORTED, neither);
    expect_status("\xff\xd8", 2, DISSOLVE_UNSUPPORTED, "not a JPEG file, or broken at its start");
    expect_status("\xff\xd8\xd8", 3, DISSOLVE_UNSUPPORTED,
                  "not a JPEG file, or broken at its start");
    expect_status("\xff\x4f\xff\x51 JPEG 2000", 14, DISSOLVE_UNSUPPORTED, neither);
    expect_status("\x93NUMPY\x01\0", 8, DISSOLVE_UNSUPPORTED, neither);
}

/* ---- probing ---- */

/* Files as Pillow makes them: a size, and what its header says; the sizes of rows by the PNG
 * specification, the scans by libjpeg's script for three channels. */
static const struct probed {
    const char *make; /* a file of `image`, 20 x 10 pixels, RGB */
    uint32_t width, height;
    unsigned bits;
    uint64_t raw_size;
    unsigned scans;
} probed[] = {
    {"image.save(out, 'PNG')", 20, 10, 8, 10 * 61, 0},
    {"image.convert('L').save(out, 'PNG')", 20, 10, 8, 10 * 21, 0},
    {"image.convert('1').save(out, 'PNG')", 20, 10, 8, 10 * 4, 0},
    {"image.convert('RGBA').save(out, 'PNG')", 20, 10, 8, 10 * 81, 0},
    {"image.convert('L').convert('I;16').save(out, 'PNG')", 20, 10, 16, 10 * 41, 0},
    {"image.save(out, 'JPEG')", 20, 10, 8, 0, 1},
    {"image.convert('L').save(out, 'JPEG')", 20, 10, 8, 0, 1},
    {"image.save(out, 'JPEG', progressive=True)", 20, 10, 8, 0, 10},
    {"image.convert('L').save(out, 'JPEG', progressive=True)", 20, 10, 8, 0, 6},
    {"image.save(out, 'JPEG', exif=turned(3))", 20, 10, 8, 0, 1},
    {"image.save(out, 'JPEG', exif=turned(6))", 10, 20, 8, 0, 1},
    {"image.save(out, 'JPEG', exif=turned(8), progressive=True)", 10, 20, 8, 0, 10},
};

static size_t make_probed(const struct probed *one, uint8_t *file, size_t room)
{
    static const char before[] = "import io, sys\n"
                                 "from PIL import Image\n"
                                 "def turned(orientation):\n"
                                 "    exif = Image.Exif()\n"
                                 "    exif[274] = orientation\n"
                                 "    return exif.tobytes()\n"
                                 "out = io.BytesIO()\n"
                                 "image = Image.linear_gradient('L').convert('RGB')"
                                 ".resize((20, 10))\n";
    static const char after[] = "\nsys.stdout.buffer.write(out.getvalue())\n";
    char script[sizeof before + 100 + sizeof after];
    strcpy(script, before);
    strcat(script, one->make);
    strcat(script, after);
    return judge(script, "", 0, file, room);
}

static void test_probing_tells_what_decoding_makes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof probed / sizeof *probed; i++) {
        const struct probed *one = &probed[i];
        uint8_t file[8192];
        struct codec_image image;
        struct codec_image_info info;
        char detail[CODEC_DETAIL];
        size_t size = make_probed(one, file, sizeof file);
        assert_int_equal(codec_image_probe(file, size, 200, &info, detail), DISSOLVE_OK);
        assert_string_equal(detail, "");
        if (info.width != one->width || info.height != one->height || info.bits != one->bits ||
            info.raw_size != one->raw_size || info.scans != one->scans)
            fail_msg("%s: %u x %u, %u bits, %llu bytes, %u scans", one->make, info.width,
                     info.height, info.bits, (unsigned long long)info.raw_size, info.scans);
        assert_true(info.coded_size < size && (info.coded_size > 0) == (info.scans > 0));
        assert_int_equal(codec_image_decode(file, size, 200, NULL, &image, detail), DISSOLVE_OK);
        assert_true(image.width == info.width && image.height == info.height);
        assert_true((image.pixels16 != NULL) == (info.bits == 16));
        codec_image_free(&image);
        assert_int_equal(codec_image_probe(file, size, 199, &info, detail), DISSOLVE_TOO_LARGE);
        assert_non_null(strstr(detail, "the limit is 199."));
        assert_int_equal(info.width, 0);
        /* The header is enough. */
        assert_int_equal(codec_image_probe(file, size - 20, 200, &info, detail), DISSOLVE_OK);
        assert_int_equal(info.width, one->width);
        assert_int_equal(codec_image_probe(file, 16, 200, &info, detail), DISSOLVE_MALFORMED);
        assert_int_equal(info.width, 0);
    }
    struct codec_image_info info;
    char detail[CODEC_DETAIL];
    assert_int_equal(codec_image_probe((const uint8_t *)"GIF89a", 6, 200, &info, detail),
                     DISSOLVE_UNSUPPORTED);
    assert_string_equal(detail, "The image is neither a PNG nor a JPEG file.");
}

/* The decoders see their files, and the limit. */
static void test_either(void **state)
{
    (void)state;
    static const char script[] =
        "import sys\n"
        "from PIL import Image\n"
        "Image.new('RGB', (20, 10), (255, 255, 255)).save(sys.stdout.buffer, FORMAT)\n";
    static const char *const formats[] = {"FORMAT = 'PNG'\n", "FORMAT = 'JPEG'\n"};
    static const char *const words[] = {"The PNG ", "The JPEG "};
    for (size_t i = 0; i < 2; i++) {
        char whole[sizeof script + 20];
        uint8_t file[4096];
        struct codec_image image;
        char detail[CODEC_DETAIL];
        strcpy(whole, formats[i]);
        strcat(whole, script);
        size_t size = judge(whole, "", 0, file, sizeof file);
        assert_int_equal(codec_image_decode(file, size, 200, NULL, &image, detail), DISSOLVE_OK);
        assert_int_equal(image.width, 20);
        assert_int_equal(image.height, 10);
        for (size_t k = 0; k < 600; k++)
            assert_int_equal(image.pixels[k], 255);
        codec_image_free(&image);
        assert_null(image.pixels);
        assert_int_equal(codec_image_decode(file, size, 199, NULL, &image, detail),
                         DISSOLVE_TOO_LARGE);
        assert_null(image.pixels);
        expect_status(file, size - 20, DISSOLVE_MALFORMED, words[i]);
    }
}

static struct codec_image make_image(unsigned deep)
{
    size_t count = (size_t)SIDE * SIDE * 3;
    struct codec_image image = {.width = SIDE, .height = SIDE, .channels = 3};
    uint32_t random = 1;
    image.pixels = malloc(count);
    image.pixels16 = deep ? malloc(2 * count) : NULL;
    assert_true(image.pixels && (!deep || image.pixels16));
    for (size_t i = 0; i < count; i++) {
        random = random * 1664525 + 1013904223;
        /* The first rows are black, white and the pure colours. */
        uint32_t value = random >> 16;
        if (i < 8 * 3)
            value = i / 3 >> i % 3 & 1 ? 65535 : 0;
        image.pixels[i] = (uint8_t)(value >> 8);
        if (deep)
            image.pixels16[i] = (uint16_t)value;
    }
    return image;
}

static void test_grey_is_as_pillow_has_it(void **state)
{
    (void)state;
    static const char script[] =
        "import sys\n"
        "from PIL import Image\n"
        "image = Image.frombytes('RGB', (256, 256), sys.stdin.buffer.read())\n"
        "sys.stdout.buffer.write(image.convert('L').tobytes())\n";
    static uint8_t expected[SIDE * SIDE];
    struct codec_image image = make_image(0);
    size_t size = judge(script, image.pixels, sizeof expected * 3, expected, sizeof expected);
    assert_int_equal(size, sizeof expected);
    for (int times = 0; times < 2; times++) { /* what is grey stays as it is */
        codec_image_to_gray(&image);
        assert_int_equal(image.channels, 1);
        assert_int_equal(image.width, SIDE);
        assert_memory_equal(image.pixels, expected, sizeof expected);
    }
    codec_image_free(&image);
}

/* Pillow has no such grey; exact integers of Python's are the judge. */
static void test_grey_of_16_bits(void **state)
{
    (void)state;
    static const char script[] =
        "import array, sys\n"
        "v = array.array('H', sys.stdin.buffer.read()).tolist()\n"
        "grey = [(19595 * v[i] + 38470 * v[i + 1] + 7471 * v[i + 2] + 32768) // 65536\n"
        "        for i in range(0, len(v), 3)]\n"
        "assert grey[0] == 0 and grey[7] == 65535\n"
        "sys.stdout.buffer.write(array.array('H', grey).tobytes())\n";
    static uint16_t expected[SIDE * SIDE];
    struct codec_image image = make_image(1);
    size_t size = judge(script, image.pixels16, sizeof expected * 3, expected, sizeof expected);
    assert_int_equal(size, sizeof expected);
    codec_image_to_gray(&image);
    assert_int_equal(image.channels, 1);
    assert_memory_equal(image.pixels16, expected, sizeof expected);
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++)
        assert_int_equal(image.pixels[i], expected[i] >> 8);
    codec_image_free(&image);
}

/* A sentence that is too long is cut off, and ended. */
static void test_detail_is_cut_off(void **state)
{
    (void)state;
    char detail[CODEC_DETAIL];
    memset(detail, '!', sizeof detail);
    assert_int_equal(codec_refuse(detail, DISSOLVE_MALFORMED, "%300d.", 7), DISSOLVE_MALFORMED);
    assert_int_equal(strlen(detail), CODEC_DETAIL - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neither),
        cmocka_unit_test(test_probing_tells_what_decoding_makes),
        cmocka_unit_test(test_either),
        cmocka_unit_test(test_grey_is_as_pillow_has_it),
        cmocka_unit_test(test_grey_of_16_bits),
        cmocka_unit_test(test_detail_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
