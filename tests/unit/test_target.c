/* Request targets: splitting, decoding, and what is no sound URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "http/target.h"

struct expected {
    const char *text;
    const char *path;
    const char *query[9]; /* name, value, name, value..., NULL */
};

static const struct expected SOUND[] = {
    {"/", "/", {NULL}},
    {"*", "*", {NULL}},
    {"/v1/images/frames", "/v1/images/frames", {NULL}},
    {"/a?", "/a", {NULL}},
    {"/a?&&", "/a", {NULL}},
    {"/a?steps=3&steps=4", "/a", {"steps", "3", "steps", "4", NULL}},
    {"/a?b&c=&=d&e=f=g", "/a", {"b", "", "c", "", "", "d", "e", "f=g", NULL}},
    {"/%41+b?c+d=%2B+%3d%26%C3%a9", "/A+b", {"c d", "+ =&\xc3\xa9", NULL}},
    {"/a?b?c=/", "/a", {"b?c", "/", NULL}},
    {"http://host:80/v1?x=1", "/v1", {"x", "1", NULL}},
    {"HTTPS://host", "/", {NULL}},
    {"http://host?x=1", "/", {"x", "1", NULL}},
};

static const char *const UNSOUND[] = {
    "",     "v1",      "v1/x",     "**",       "/%",      "/%4",          "/%zz",      "/a%00b",
    "/a?%", "/a?b=%0", "/a?b=%00", "/a?%00=b", "http://", "http:///a",    "ftp://h/a", "/a b",
    "/a ",  " /a",     "/a\tb",    "/a\rb",    "/\x7f",   "http://h h/a",
};

static void sound_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof SOUND / sizeof SOUND[0]; i++) {
        struct http_target target;
        assert_int_equal(http_target_parse(SOUND[i].text, &target), DISSOLVE_OK);
        assert_string_equal(target.path, SOUND[i].path);
        assert_int_equal(target.path_encoded, strncmp(SOUND[i].text, "/%", 2) == 0);
        size_t count = 0;
        for (; SOUND[i].query[2 * count] != NULL; count++) {
            assert_true(count < target.query_count);
            assert_string_equal(target.query[count].name, SOUND[i].query[2 * count]);
            assert_string_equal(target.query[count].value, SOUND[i].query[2 * count + 1]);
        }
        assert_int_equal(target.query_count, count);
        http_target_free(&target);
        http_target_free(&target);
    }
}

static void unsound_targets(void **state)
{
    (void)state;
    struct http_target target;
    for (size_t i = 0; i < sizeof UNSOUND / sizeof UNSOUND[0]; i++) {
        assert_int_equal(http_target_parse(UNSOUND[i], &target), DISSOLVE_MALFORMED);
        assert_null(target.path);
        assert_null(target.query);
        assert_int_equal(target.query_count, 0);
    }
    assert_int_equal(http_target_parse(NULL, &target), DISSOLVE_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_targets),
        cmocka_unit_test(unsound_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
