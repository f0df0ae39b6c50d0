/* UTF-8: sequences of every length at the ends of their ranges, and the mending of what is none. */
#include "codec/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void sequences_have_their_lengths(void **state)
{
    static const char *const sound[] = {"",
                                        "a",
                                        "\x7f",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf"};
    (void)state;
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
        size_t length = strlen(sound[i]);
        assert_int_equal(codec_utf8_size(sound[i]), length > 0 ? length : 1);
    }
}

static void anything_else_has_none(void **state)
{
    static const char *const unsound[] = {
        "\x80",         "\xbf",         "\xc0\x80",         "\xc1\xbf",         "\xc3",
        "\xc3(",        "\xe0\x9f\xbf", "\xe2\x82",         "\xe2(\xac",        "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x9f\x98", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80",
        "\xff"};
    (void)state;
    for (size_t i = 0; i < sizeof unsound / sizeof *unsound; i++)
        assert_int_equal(codec_utf8_size(unsound[i]), 0);
}

/* Table 3-6 of the Unicode standard, at the ends of its rows. */
static void code_points_are_printed(void **state)
{
    static const struct {
        uint32_t code;
        const char *text;
    } cases[] = {
        {0x1, "\x01"},
        {0x7f, "\x7f"},
        {0x80, "\xc2\x80"},
        {0x7ff, "\xdf\xbf"},
        {0x800, "\xe0\xa0\x80"},
        {0x20ac, "\xe2\x82\xac"},
        {0xffff, "\xef\xbf\xbf"},
        {0x10000, "\xf0\x90\x80\x80"},
        {0x10ffff, "\xf4\x8f\xbf\xbf"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CODEC_UTF8_MAX];
        size_t size = codec_utf8_print(cases[i].code, text);
        assert_int_equal(size, strlen(cases[i].text));
        assert_memory_equal(text, cases[i].text, size);
    }
}

static void what_is_none_is_mended(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"ab", "ab"},
        {"\xe2\x82\xac", "\xe2\x82\xac"},
        {"a\xff(\xc3", "a?(?"},
        {"\xe2\x82", "??"},
        {"\x80\xc3\xa9\xed\xa0\x80z", "?\xc3\xa9???z"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        strcpy(text, cases[i][0]);
        codec_utf8_mend(text);
        assert_string_equal(text, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_have_their_lengths),
        cmocka_unit_test(anything_else_has_none),
        cmocka_unit_test(code_points_are_printed),
        cmocka_unit_test(what_is_none_is_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
