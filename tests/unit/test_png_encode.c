/* PNG and animated PNG out: read back by Pillow, by the letter of the standard, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/image.h"
#include "codec/png.h"
#include "failing_malloc.h"
#include "judge.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define WIDTH  61
#define HEIGHT 37
#define FRAMES 4

/* Frame number `seed`: noise, a different one for each. */
static struct codec_raster make_raster(unsigned channels, uint32_t seed, uint8_t *pixels)
{
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT * channels; i++) {
        seed = seed * 1664525u + 1013904223u;
        pixels[i] = (uint8_t)(seed >> 24);
    }
    return (struct codec_raster){WIDTH, HEIGHT, channels, pixels};
}

/* Answers with the mode's length and pixels of every frame, and checks what is said of them. */
static const char frames_script[] =
    "import io, sys\n"
    "from PIL import Image\n"
    "image = Image.open(io.BytesIO(sys.stdin.buffer.read()))\n"
    "for number in range(getattr(image, 'n_frames', 1)):\n"
    "    image.seek(number)\n"
    "    if 'duration' in image.info:\n"
    "        assert image.info['duration'] == 200 + number, image.info\n"
    "        assert image.info['loop'] == 0\n"
    "    image.load()\n"
    "    sys.stdout.buffer.write(image.tobytes())\n";

static void check_still(unsigned channels)
{
    static uint8_t pixels[WIDTH * HEIGHT * 3];
    static uint8_t answer[WIDTH * HEIGHT * 3 + 1];
    size_t size = (size_t)WIDTH * HEIGHT * channels;
    struct codec_raster raster = make_raster(channels, 1, pixels);
    struct codec_buffer out = {0};
    assert_int_equal(codec_buffer_append(&out, "before", 6), DISSOLVE_OK);
    assert_int_equal(codec_png_encode(&raster, NULL, &out), DISSOLVE_OK);
    assert_memory_equal(out.data, "before", 6);
    assert_int_equal(judge(frames_script, out.data + 6, out.size - 6, answer, sizeof answer), size);
    assert_memory_equal(answer, pixels, size);
    codec_buffer_free(&out);
}

static void test_pillow_reads_stills(void **state)
{
    (void)state;
    check_still(1);
    check_still(3);
}

static void encode_animation(unsigned channels, struct codec_buffer *out)
{
    static uint8_t pixels[WIDTH * HEIGHT * 3];
    assert_int_equal(codec_apng_head(WIDTH, HEIGHT, channels, FRAMES, NULL, out), DISSOLVE_OK);
    for (uint32_t i = 0; i < FRAMES; i++) {
        struct codec_raster raster = make_raster(channels, i, pixels);
        assert_int_equal(codec_apng_frame(&raster, i, 200 + i, NULL, out), DISSOLVE_OK);
    }
    assert_int_equal(codec_apng_tail(out), DISSOLVE_OK);
}

static void check_animation(unsigned channels)
{
    static uint8_t pixels[WIDTH * HEIGHT * 3];
    static uint8_t answer[WIDTH * HEIGHT * 3 * FRAMES + 1];
    size_t size = (size_t)WIDTH * HEIGHT * channels;
    struct codec_buffer out = {0};
    encode_animation(channels, &out);
    assert_int_equal(judge(frames_script, out.data, out.size, answer, sizeof answer),
                     FRAMES * size);
    for (uint32_t i = 0; i < FRAMES; i++) {
        make_raster(channels, i, pixels);
        assert_memory_equal(answer + i * size, pixels, size);
    }
    codec_buffer_free(&out);
}

static void test_pillow_reads_animations(void **state)
{
    (void)state;
    check_animation(1);
    check_animation(3);
}

/* Pillow is lenient: chunks, checksums and fields are checked by the letter of the standard. */
static void test_chunks_of_an_animation(void **state)
{
    (void)state;
    static const char script[] =
        "import struct, sys, zlib\n"
        "data = sys.stdin.buffer.read()\n"
        "assert data[:8] == bytes.fromhex('89504e470d0a1a0a')\n"
        "at, kinds, numbers = 8, [], []\n"
        "while at < len(data):\n"
        "    size, kind = struct.unpack('>I4s', data[at:at + 8])\n"
        "    body = data[at + 8:at + 8 + size]\n"
        "    crc, = struct.unpack('>I', data[at + 8 + size:at + 12 + size])\n"
        "    assert crc == zlib.crc32(kind + body)\n"
        "    kinds.append(kind.decode())\n"
        "    if kind == b'IHDR':\n"
        "        assert struct.unpack('>IIBBBBB', body) == (61, 37, 8, 2, 0, 0, 0)\n"
        "    if kind == b'acTL':\n"
        "        assert struct.unpack('>II', body) == (4, 0)\n"
        "    if kind == b'fcTL':\n"
        "        frame = kinds.count('fcTL') - 1\n"
        "        fields = struct.unpack('>IIIIIHHBB', body)\n"
        "        assert fields[1:] == (61, 37, 0, 0, 200 + frame, 1000, 0, 0)\n"
        "    if kind in (b'fcTL', b'fdAT'):\n"
        "        numbers.append(struct.unpack('>I', body[:4])[0])\n"
        "    if kind in (b'IDAT', b'fdAT'):\n"
        "        rows = zlib.decompress(body[4 * (kind == b'fdAT'):])\n"
        "        assert len(rows) == 37 * (1 + 61 * 3) and not any(rows[::1 + 61 * 3])\n"
        "    at += 12 + size\n"
        "assert at == len(data)\n"
        "assert kinds == ['IHDR', 'acTL', 'fcTL', 'IDAT'] + ['fcTL', 'fdAT'] * 3 + ['IEND']\n"
        "assert numbers == list(range(7))\n";
    struct codec_buffer out = {0};
    char answer[1];
    encode_animation(3, &out);
    judge(script, out.data, out.size, answer, sizeof answer);
    codec_buffer_free(&out);
}

static void test_what_is_written_is_read(void **state)
{
    (void)state;
    static uint8_t pixels[WIDTH * HEIGHT * 3];
    struct codec_raster raster = make_raster(3, 7, pixels);
    struct codec_buffer out = {0};
    struct codec_image image;
    char detail[CODEC_DETAIL];
    assert_int_equal(codec_png_encode(&raster, NULL, &out), DISSOLVE_OK);
    assert_int_equal(codec_png_decode(out.data, out.size, WIDTH * HEIGHT, NULL, &image, detail),
                     DISSOLVE_OK);
    assert_memory_equal(image.pixels, pixels, sizeof pixels);
    codec_image_free(&image);
    codec_buffer_free(&out);
    encode_animation(3, &out);
    assert_int_equal(codec_png_decode(out.data, out.size, WIDTH * HEIGHT, NULL, &image, detail),
                     DISSOLVE_OK);
    make_raster(3, 0, pixels);
    assert_memory_equal(image.pixels, pixels, sizeof pixels);
    codec_image_free(&image);
    codec_buffer_free(&out);
}

static void test_encoder_refuses(void **state)
{
    (void)state;
    uint8_t pixel[3] = {0};
    struct codec_buffer out = {0};
    const struct codec_raster sound = {1, 1, 3, pixel};
    const struct codec_raster bad[] = {{0, 1, 3, pixel},
                                       {1, 0, 3, pixel},
                                       {1, 1, 2, pixel},
                                       {0x80000000u, 1, 3, pixel},
                                       {1, 0x80000000u, 3, pixel}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct codec_raster *one = &bad[i];
        assert_int_equal(codec_png_encode(one, NULL, &out), DISSOLVE_INVALID);
        assert_int_equal(codec_apng_frame(one, 0, 0, NULL, &out), DISSOLVE_INVALID);
        assert_int_equal(codec_apng_head(one->width, one->height, one->channels, 1, NULL, &out),
                         DISSOLVE_INVALID);
    }
    assert_int_equal(codec_apng_head(1, 1, 3, 0, NULL, &out), DISSOLVE_INVALID);
    assert_int_equal(codec_apng_head(1, 1, 3, (1u << 30) + 1, NULL, &out), DISSOLVE_INVALID);
    assert_int_equal(codec_apng_frame(&sound, 1u << 30, 0, NULL, &out), DISSOLVE_INVALID);
    assert_int_equal(codec_apng_frame(&sound, 0, 65536, NULL, &out), DISSOLVE_INVALID);
    const struct codec_raster large[] = {
        {0x7fffffff, 0x7fffffff, 3, pixel}, {0x7fffffff, 1, 1, pixel}, {715827882, 1, 3, pixel}};
    for (size_t i = 0; i < COUNT(large); i++)
        assert_int_equal(codec_png_encode(&large[i], NULL, &out), DISSOLVE_TOO_LARGE);
    assert_int_equal(out.size, 0);
    codec_buffer_free(&out);
}

static void test_last_frame_number(void **state)
{
    (void)state;
    uint8_t pixel[3] = {0};
    const struct codec_raster sound = {1, 1, 3, pixel};
    struct codec_buffer out = {0};
    assert_int_equal(codec_apng_frame(&sound, (1u << 30) - 1, 65535, NULL, &out), DISSOLVE_OK);
    assert_memory_equal(out.data + 8, "\x7f\xff\xff\xfd", 4);
    assert_memory_equal(out.data + 38 + 8, "\x7f\xff\xff\xfe", 4);
    codec_buffer_free(&out);
}

static void test_encode_no_memory(void **state)
{
    (void)state;
    static uint8_t pixels[WIDTH * HEIGHT * 3];
    struct codec_raster raster = make_raster(3, 7, pixels);
    for (unsigned piece = 0; piece < 5; piece++) {
        bool failed = true;
        for (long n = 0; failed; n++) {
            struct codec_buffer out = {0};
            enum dissolve_status status;
            fail_allocation(n);
            if (piece == 0)
                status = codec_png_encode(&raster, NULL, &out);
            else if (piece == 1)
                status = codec_apng_head(WIDTH, HEIGHT, 3, 2, NULL, &out);
            else if (piece == 2)
                status = codec_apng_tail(&out);
            else
                status = codec_apng_frame(&raster, piece - 3, 0, NULL, &out);
            failed = allocation_failed();
            assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
            assert_true(failed == (out.size == 0));
            codec_buffer_free(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pillow_reads_stills),
        cmocka_unit_test(test_pillow_reads_animations),
        cmocka_unit_test(test_chunks_of_an_animation),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_encoder_refuses),
        cmocka_unit_test(test_last_frame_number),
        cmocka_unit_test(test_encode_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
