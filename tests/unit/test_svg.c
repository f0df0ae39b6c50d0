/* Text of an SVG document: what XML needs escaped, short coordinates, the first error. */
#include <limits.h>
#include <string.h>

#include "codec/svg.h"
#include "expect.h"
#include "failing_malloc.h"

static void assert_written(struct codec_svg *svg, const char *expected)
{
    assert_int_equal(svg->status, DISSOLVE_OK);
    assert_int_equal(svg->out->size, strlen(expected));
    assert_memory_equal(svg->out->data, expected, strlen(expected));
    codec_buffer_free(svg->out);
}

static void test_text(void **state)
{
    static const struct {
        const char *text;
        size_t most;
        const char *written;
    } cases[] = {
        {"seed 42", 99, "seed 42"},
        {"a<b>&\"'", 99, "a&lt;b&gt;&amp;&quot;&#39;"},
        {"a\tb\nc\rd", 99, "a b c d"},
        {"\x01\x1f\x7f", 99, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xce\xb1\xcc\x84 \xf0\x9d\x92\xa9", 99, "\xce\xb1\xcc\x84 \xf0\x9d\x92\xa9"},
        {"four", 4, "four"},
        {"fives", 4, "fiv\xe2\x80\xa6"},
        {"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 3, "\xc3\xa4\xc3\xb6\xe2\x80\xa6"},
        {"\xc3\xa4\xc3\xb6\xc3\xbc", 3, "\xc3\xa4\xc3\xb6\xc3\xbc"},
        {"two", 1, "\xe2\x80\xa6"},
        {"&&&&", 3, "&amp;&amp;\xe2\x80\xa6"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct codec_buffer out = {0};
        struct codec_svg svg = {.out = &out};
        codec_svg_text(&svg, cases[i].text, cases[i].most);
        assert_written(&svg, cases[i].written);
    }
    struct codec_buffer out = {0};
    struct codec_svg svg = {.out = &out};
    codec_svg_text(&svg, "", 5);
    assert_int_equal(out.size, 0);
}

static void test_hundredths(void **state)
{
    static const struct {
        long hundredths;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "0.01"},
        {10, "0.1"},
        {12, "0.12"},
        {100, "1"},
        {1250, "12.5"},
        {-5, "-0.05"},
        {-100, "-1"},
        {31999, "319.99"},
        {-2000000, "-20000"},
        {LONG_MIN, "-92233720368547758.08"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct codec_buffer out = {0};
        struct codec_svg svg = {.out = &out};
        codec_svg_hundredths(&svg, cases[i].hundredths);
        assert_written(&svg, cases[i].text);
    }
}

static void test_formats(void **state)
{
    struct codec_buffer out = {0};
    struct codec_svg svg = {.out = &out};
    (void)state;
    codec_svg_put(&svg, "<g>");
    codec_svg_format(&svg, "%ld %s", -7L, "%d");
    codec_svg_decimal(&svg, (struct codec_decimal){25, -1});
    assert_written(&svg, "<g>-7 %d2.5");
}

/* After the first error nothing is written, and the error stays. */
static void test_first_error(void **state)
{
    char longer[600];
    struct codec_buffer out = {0};
    struct codec_svg svg = {.out = &out};
    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    codec_svg_format(&svg, "%s", longer);
    assert_int_equal(svg.status, DISSOLVE_INVALID);
    codec_svg_put(&svg, "more");
    assert_int_equal(out.size, 0);

    svg.status = DISSOLVE_OK;
    fail_allocation(0);
    codec_svg_put(&svg, "some");
    assert_true(allocation_failed());
    codec_svg_put(&svg, "more");
    codec_svg_format(&svg, "%s", longer);
    assert_int_equal(svg.status, DISSOLVE_NO_MEMORY);
    assert_int_equal(out.size, 0);
    codec_buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_hundredths),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_first_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
