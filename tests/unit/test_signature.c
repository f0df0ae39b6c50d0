/* File signatures: real beginnings of files, texts of several kinds, and near misses. */
#include "codec/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct known {
    const char *bytes;
    size_t size;
    enum codec_kind kind;
    const char *name; /* NULL: unknown */
};

#define BYTES(text) text, sizeof(text) - 1

static const struct known cases[] = {
    {BYTES("\x89PNG\r\n\x1a\n"), CODEC_KIND_PNG, "PNG"},
    {BYTES("\x89PNG\n\x1a\n\0"), CODEC_KIND_OTHER, NULL},
    {BYTES("\xff\xd8\xff\xe0"), CODEC_KIND_JPEG, "JPEG"},
    {BYTES("\xff\xd8"), CODEC_KIND_JPEG, "JPEG"},
    {BYTES("\x93NUMPY\1\0"), CODEC_KIND_NPY, "an NPY array"},
    {BYTES("GIF87a"), CODEC_KIND_OTHER, "GIF"},
    {BYTES("RIFF\x1a\0\0\0WEBPVP8L"), CODEC_KIND_OTHER, "WebP"},
    {BYTES("RIFF\x1a\0\0\0WAVEfmt "), CODEC_KIND_OTHER, NULL},
    {BYTES("\0\0\0 ftypavif"), CODEC_KIND_OTHER, "AVIF"},
    {BYTES("\0\0\0\x18"
           "ftypheic"),
     CODEC_KIND_OTHER, "HEIC"},
    {BYTES("\0\0\0\x18"
           "ftypmif1"),
     CODEC_KIND_OTHER, "HEIF"},
    {BYTES("\0\0\0\x18"
           "ftypisom"),
     CODEC_KIND_OTHER, "a video (MP4)"},
    {BYTES("II*\0\x8\0\0\0"), CODEC_KIND_OTHER, "TIFF"},
    {BYTES("MM\0*\0\0\0\x8"), CODEC_KIND_OTHER, "TIFF"},
    {BYTES("BM\x3a\0\0\0\0\0\0\0\x36\0\0\0"), CODEC_KIND_OTHER, "BMP"},
    {BYTES("BM is text"), CODEC_KIND_OTHER, "text"},
    {BYTES("\xff\x0a\x01"), CODEC_KIND_OTHER, "JPEG XL"},
    {BYTES("\x1f\x8b\x08\0"), CODEC_KIND_OTHER, "gzip"},
    {BYTES("(\xb5/\xfd\x04"), CODEC_KIND_OTHER, "Zstandard"},
    {BYTES("BZh91AY&SY"), CODEC_KIND_OTHER, "bzip2"},
    {BYTES("PK\x03\x04\x14"), CODEC_KIND_OTHER, "a ZIP archive, such as NPZ"},
    {BYTES("%PDF-1.7"), CODEC_KIND_OTHER, "PDF"},
    {BYTES("\x89HDF\r\n\x1a\n"), CODEC_KIND_OTHER, "HDF5"},
    {BYTES("\x80\x04\x95"), CODEC_KIND_OTHER, "a Python pickle"},
    {BYTES("\x40\0\0\0\0\0\0\0{\"x\":"), CODEC_KIND_OTHER, "safetensors"},

    {BYTES("\xff\xfe{\0\"\0"), CODEC_KIND_OTHER, "UTF-16 text"},
    {BYTES("\xfe\xff\0{\0\""), CODEC_KIND_OTHER, "UTF-16 text"},
    {BYTES("{\0\"\0s\0"), CODEC_KIND_OTHER, "UTF-16 text"},
    {BYTES("\0{\0\"\0s"), CODEC_KIND_OTHER, "UTF-16 text"},
    {BYTES("\xff\xfe\0\0{\0\0\0"), CODEC_KIND_OTHER, "UTF-32 text"},

    {BYTES("{\"samples\": [1]}"), CODEC_KIND_JSON, "JSON"},
    {BYTES("\xef\xbb\xbf\r\n\t {"), CODEC_KIND_JSON, "JSON"},
    {BYTES("{\xff\x01"), CODEC_KIND_JSON, "JSON"},
    {BYTES("\v{}"), CODEC_KIND_OTHER, "text"},
    {BYTES("[1, 2]"), CODEC_KIND_OTHER, "a JSON array"},
    {BYTES("data:image/png;base64,iVBORw0KGgo="), CODEC_KIND_OTHER, "a data URL"},
    {BYTES("iVBORw0KGgoAAAANSUhEUg"), CODEC_KIND_OTHER, "a PNG in Base64"},
    {BYTES("/9j/4AAQSkZJRgABAQ"), CODEC_KIND_OTHER, "a JPEG in Base64"},
    {BYTES("https://example.org/cat.png"), CODEC_KIND_OTHER, "a URL"},
    {BYTES("<svg xmlns='http://www.w3.org/2000/svg'/>"), CODEC_KIND_OTHER, "SVG"},
    {BYTES("<?xml version='1.0'?>\n<!-- a -->\n<svg/>"), CODEC_KIND_OTHER, "SVG"},
    {BYTES("<?xml version='1.0'?><a/>"), CODEC_KIND_OTHER, "XML"},
    {BYTES("\n<!DOCTYPE HTML>"), CODEC_KIND_OTHER, "HTML"},
    {BYTES("1.5,2.5,3.5\n"), CODEC_KIND_OTHER, "text"},
    {BYTES("h\xc3\xa9llo"), CODEC_KIND_OTHER, "text"},
    {BYTES("--x\r\nContent-Disposition: form-data"), CODEC_KIND_OTHER, "a form"},
    {BYTES(""), CODEC_KIND_OTHER, NULL},
    {BYTES(" \n"), CODEC_KIND_OTHER, "text"},
    {BYTES("\xef\xbb\xbf"), CODEC_KIND_OTHER, "text"},
    {BYTES("\0\0\x80\x3f"), CODEC_KIND_OTHER, NULL},
    {BYTES("abc\x01"), CODEC_KIND_OTHER, NULL},
};

static void beginnings_are_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct known *known = &cases[i];
        const struct codec_signature found =
            codec_signature_find((const uint8_t *)known->bytes, known->size);
        const char *name = known->name ? known->name : "(unknown)";
        if (strcmp(found.name ? found.name : "(unknown)", name) != 0)
            fail_msg("case %zu: %s, not %s", i, found.name, name);
        assert_int_equal(found.kind, known->kind);
    }
}

/* No prefix of a file is read beyond its end: the address sanitizer looks. */
static void any_prefix_is_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t size = 0; size <= cases[i].size; size++) {
            uint8_t copy[64];
            assert_true(size <= sizeof copy);
            uint8_t *begin = copy + sizeof copy - size;
            memcpy(begin, cases[i].bytes, size);
            const struct codec_signature found = codec_signature_find(begin, size);
            assert_true(found.name || !found.remedy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beginnings_are_known),
        cmocka_unit_test(any_prefix_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
