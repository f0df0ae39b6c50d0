/* Forms in: what browsers and curl send, what RFC 2046 allows, and everything that is no form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "forms_in.h"

/* ---- forms ---- */

static void test_browser(void **state)
{
    (void)state;
    struct codec_form form;
    parse("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
          "------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n"
          "Content-Disposition: form-data; name=\"image\"; filename=\"a %22cat%22.png\"\r\n"
          "Content-Type: image/png\r\n"
          "\r\n"
          "\x89PNG\r\n\x1a\n--\r\n--x\r\n"
          "\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW\r\n"
          "Content-Disposition: form-data; name=\"steps\"\r\n"
          "\r\n"
          "20"
          "\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n",
          &form);
    assert_int_equal(form.count, 2);
    check_field(&form.fields[0], "image", true, "image/png", "\x89PNG\r\n\x1a\n--\r\n--x\r\n");
    check_field(&form.fields[1], "steps", false, NULL, "20");
    codec_form_free(&form);
    assert_int_equal(form.count, 0);
    assert_null(form.fields[0].name);
}

static void test_curl(void **state)
{
    (void)state;
    struct codec_form form;
    parse("multipart/form-data; boundary=------------------------0123456789abcdef",
          "--------------------------0123456789abcdef\r\n"
          "Content-Disposition: form-data; name=\"image\"; filename=\"a\\\"b\\\\c.png\"\r\n"
          "Content-Type: application/octet-stream\r\n"
          "\r\n"
          "bytes\r\n"
          "--------------------------0123456789abcdef--\r\n",
          &form);
    assert_int_equal(form.count, 1);
    check_field(&form.fields[0], "image", true, "application/octet-stream", "bytes");
    codec_form_free(&form);
}

static void test_content_types(void **state)
{
    (void)state;
    static const char *const types[] = {
        TYPE,
        "multipart/form-data;boundary=B",
        "Multipart/Form-Data; charset=utf-8; BOUNDARY=\"B\"",
        "  multipart/form-data ; boundary = \"B\" ; x=\"a;b\\\"c\"  ",
        "multipart/form-data; boundary=B;",
        "multipart/form-data;; ;boundary=B;;",
    };
    for (size_t i = 0; i < COUNT(types); i++) {
        struct codec_form form;
        parse(types[i], "--B\r\n" NAMED("a") "\r\n1\r\n--B--", &form);
        assert_int_equal(form.count, 1);
        check_field(&form.fields[0], "a", false, NULL, "1");
        codec_form_free(&form);
    }
}

static void test_boundaries_of_any_allowed_byte(void **state)
{
    (void)state;
    struct codec_form form;
    parse("multipart/form-data; boundary=\"a'()+_,-./:=? z\"",
          "--a'()+_,-./:=? z\r\n" NAMED("a") "\r\n1\r\n--a'()+_,-./:=? z--", &form);
    assert_int_equal(form.count, 1);
    codec_form_free(&form);
    static const char longest[] =
        "0123456789012345678901234567890123456789012345678901234567890123456789";
    char type[200];
    char body[400];
    snprintf(type, sizeof type, "multipart/form-data; boundary=%s", longest);
    snprintf(body, sizeof body, "--%s\r\n" NAMED("a") "\r\n1\r\n--%s--", longest, longest);
    parse(type, body, &form);
    assert_int_equal(form.count, 1);
    codec_form_free(&form);
    strcat(type, "0");
    expect_malformed(type, body, "RFC 2046");
}

static void test_around_the_parts(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "--B\r\n" NAMED("a") "\r\n1\r\n--B--",
        "\r\n--B\r\n" NAMED("a") "\r\n1\r\n--B--\r\n",
        "A preamble\r\n--Bx\r\n--B\r\n" NAMED("a") "\r\n1\r\n--B--\r\nAn epilogue\r\n--B\r\n",
        "--B \t\r\n" NAMED("a") "\r\n1\r\n--B-- \t\r\n",
        "--B \t\r\n" NAMED("a") "\r\n1\r\n--B-- \t",
        "--Bx\r\n\r\n--B\r\n" NAMED("a") "\r\n1\r\n--B--",
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct codec_form form;
        parse(TYPE, bodies[i], &form);
        assert_int_equal(form.count, 1);
        check_field(&form.fields[0], "a", false, NULL, "1");
        codec_form_free(&form);
    }
}

static void test_data_that_looks_like_a_boundary(void **state)
{
    (void)state;
    static const char *const data[] = {"",
                                       "\r\n",
                                       "\r",
                                       "\n",
                                       "--Bx",
                                       "x--B",
                                       "x\n--B",
                                       "\r\n--",
                                       "\r\n--Bx",
                                       "\r\n--B-",
                                       "\r\n--B- \r\n",
                                       "\r\n--B--x",
                                       "\n--B\n",
                                       "\r\n--B \rx",
                                       "\r\n--b\r\n",
                                       "\r\r\n",
                                       "\r\n\r\n",
                                       "\r\n--\r\n--BB",
                                       "\r\n--B --\r\n"};
    for (size_t i = 0; i < COUNT(data); i++) {
        char body[200];
        struct codec_form form;
        snprintf(body, sizeof body, "--B\r\n%s\r\n%s\r\n--B\r\n%s\r\n2\r\n--B--", NAMED("a"),
                 data[i], NAMED("b"));
        parse(TYPE, body, &form);
        assert_int_equal(form.count, 2);
        check_field(&form.fields[0], "a", false, NULL, data[i]);
        check_field(&form.fields[1], "b", false, NULL, "2");
        codec_form_free(&form);
    }
}

static void test_a_part_without_data(void **state)
{
    (void)state;
    struct codec_form form;
    parse(TYPE, "--B\r\n" NAMED("a") "\r\n--B\r\n" NAMED("b") "\r\n\r\n--B--", &form);
    assert_int_equal(form.count, 2);
    check_field(&form.fields[0], "a", false, NULL, "");
    check_field(&form.fields[1], "b", false, NULL, "");
    codec_form_free(&form);
}

static void test_an_empty_form(void **state)
{
    (void)state;
    struct codec_form form;
    parse(TYPE, "--B--\r\n", &form);
    assert_int_equal(form.count, 0);
    codec_form_free(&form);
}

static void test_data_is_binary(void **state)
{
    (void)state;
    static const char body[] = "--B\r\n" NAMED("a") "\r\n\0\xff\0\r\n--B\0\r\n--B--";
    struct codec_form form;
    char detail[CODEC_DETAIL];
    assert_int_equal(parse_bytes(TYPE, body, sizeof body - 1, &form, detail), DISSOLVE_OK);
    assert_int_equal(form.count, 1);
    assert_int_equal(form.fields[0].size, 9);
    assert_memory_equal(form.fields[0].data, "\0\xff\0\r\n--B\0", 9);
    codec_form_free(&form);
}

/* ---- no forms ---- */

static void test_bad_content_types(void **state)
{
    (void)state;
    static const char body[] = "--B\r\n" NAMED("a") "\r\n1\r\n--B--";
    expect_malformed("", body, "not multipart/form-data");
    expect_malformed("multipart/mixed; boundary=B", body, "not multipart/form-data");
    expect_malformed("multipart/form-datax; boundary=B", body, "cannot be read");
    expect_malformed("multipart/form-data", body, "no boundary");
    expect_malformed("multipart/form-data;", body, "no boundary");
    expect_malformed("multipart/form-data; charset=utf-8", body, "no boundary");
    expect_malformed("multipart/form-data; boundary=", body, "cannot be read");
    expect_malformed("multipart/form-data; boundary", body, "cannot be read");
    expect_malformed("multipart/form-data; =B", body, "cannot be read");
    expect_malformed("multipart/form-data; boundary=\"B", body, "cannot be read");
    expect_malformed("multipart/form-data; boundary=\"B\\\"", body, "cannot be read");
    expect_malformed("multipart/form-data; boundary=\"B\" x", body, "cannot be read");
    expect_malformed("multipart/form-data; boundary=\"\"", body, "RFC 2046");
    expect_malformed("multipart/form-data; boundary=\"B \"", body, "RFC 2046");
    expect_malformed("multipart/form-data; boundary=B\xc3", body, "RFC 2046");
    expect_malformed("multipart/form-data; boundary=B; boundary=B", body, "two boundaries");
}

static void test_bad_bodies(void **state)
{
    (void)state;
    expect_malformed(TYPE, "", "not in the body");
    expect_malformed(TYPE, "--B", "not in the body");
    expect_malformed(TYPE, "--B\n" NAMED("a") "\r\n1\n--B--", "not in the body");
    expect_malformed(TYPE, "x--B\r\n" NAMED("a") "\r\n1\r\n--B--", "not in the body");
    expect_malformed(TYPE, "preamble\r\n--B--", "not in the body");
    expect_malformed(TYPE, "steps=20&beta=0.5", "not in the body");
    expect_malformed(TYPE, "--B\r\n", "cut off in its last part's headers");
    expect_malformed(TYPE, "--B\r\nContent-Disp", "cut off in its last part's headers");
    expect_malformed(TYPE, "--B\r\n" NAMED("a"), "cut off in its last part's headers");
    expect_malformed(TYPE, "--B\r\n" NAMED("a") "\r\n", "no boundary ends");
    expect_malformed(TYPE, "--B\r\n" NAMED("a") "\r\n1", "no boundary ends");
    expect_malformed(TYPE, "--B\r\n" NAMED("a") "\r\n1\r\n--B", "no boundary ends");
    expect_malformed(TYPE, "--B\r\n" NAMED("a") "\r\n1\r\n--B-", "no boundary ends");
    expect_malformed(TYPE, "--B\r\n" NAMED("a") "\r\n1\r\n--B\r\n", "cut off in its last part");
}

/* ---- limits ---- */

static void test_number_of_fields(void **state)
{
    (void)state;
    struct codec_buffer body = {0};
    for (size_t i = 0; i < CODEC_MAX_FIELDS; i++)
        append(&body, "--B\r\n" NAMED("a") "\r\n1\r\n");
    append(&body, "--B--");
    expect_large(&body, DISSOLVE_OK, CODEC_MAX_FIELDS, "");
    body.size -= 5;
    append(&body, "--B\r\n" NAMED("a") "\r\n1\r\n--B--");
    expect_large(&body, DISSOLVE_MALFORMED, CODEC_MAX_FIELDS, "more than 64 fields");
    codec_buffer_free(&body);
}

/* Bodies of 10 MB that would take hours in quadratic time. */
static void test_endless_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *begin;
        const char *again;
        const char *detail;
    } cases[] = {
        {"", "preamble", "not in the body"},
        {"", "\r\n--B x", "not in the body"},
        {"", "\r\n--B--x", "not in the body"},
        {"--B", " ", "not in the body"},
        {"--B\r\n" NAMED("a") "\r\n", "\r\n--B-", "no boundary ends"},
        {"--B\r\n" NAMED("a") "\r\n", "\r\n-", "no boundary ends"},
        {"--B\r\n" NAMED("a") "\r\n\r\n--B", " ", "no boundary ends"},
        {"--B\r\nContent-Disposition: form-data; name=\"", "n", "cut off"},
        {"--B\r\nContent-Disposition: form-data; filename=\"", "\\", "cut off"},
        {"--B\r\nContent-Disposition: form-data; name=a; filename=\"\\\";", ";", "cut off"},
        {"--B\r\n", "X:\r\n", "4096 bytes of headers"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct codec_buffer body = {0};
        append(&body, cases[i].begin);
        while (body.size < 10000000)
            append(&body, cases[i].again);
        expect_large(&body, DISSOLVE_MALFORMED, i < 4 ? 0 : 1, cases[i].detail);
        codec_buffer_free(&body);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    static const char body[] = "--B\r\nContent-Disposition: form-data; name=a; filename=b\r\n"
                               "Content-Type: a/b\r\n\r\n1\r\n--B--";
    bool failed = true;
    for (long n = 0; failed; n++) {
        struct codec_form form;
        char detail[CODEC_DETAIL];
        fail_allocation(n);
        enum dissolve_status status =
            codec_form_parse(TYPE, (const uint8_t *)body, sizeof body - 1, &form, detail);
        failed = allocation_failed();
        assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
        assert_true(failed == (strstr(detail, "not enough memory") != NULL));
        assert_true(failed == (n < 2));
        codec_form_free(&form);
    }
}

static void test_no_body(void **state)
{
    (void)state;
    struct codec_form form;
    char detail[CODEC_DETAIL];
    assert_int_equal(codec_form_parse(TYPE, NULL, 0, &form, detail), DISSOLVE_MALFORMED);
    codec_form_free(&form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_browser),
        cmocka_unit_test(test_curl),
        cmocka_unit_test(test_content_types),
        cmocka_unit_test(test_boundaries_of_any_allowed_byte),
        cmocka_unit_test(test_around_the_parts),
        cmocka_unit_test(test_data_that_looks_like_a_boundary),
        cmocka_unit_test(test_a_part_without_data),
        cmocka_unit_test(test_an_empty_form),
        cmocka_unit_test(test_data_is_binary),
        cmocka_unit_test(test_bad_content_types),
        cmocka_unit_test(test_bad_bodies),
        cmocka_unit_test(test_number_of_fields),
        cmocka_unit_test(test_endless_bodies),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
