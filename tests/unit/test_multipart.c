/* Forms in: what browsers and curl send, what RFC 2046 allows, and everything that is no form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/buffer.h"
#include "codec/multipart.h"
#include "failing_malloc.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TYPE         "multipart/form-data; boundary=B"
#define NAMED(name)  "Content-Disposition: form-data; name=\"" name "\"\r\n"

static enum dissolve_status parse_bytes(const char *type, const void *body, size_t size,
                                        struct codec_form *form, char detail[CODEC_DETAIL])
{
    uint8_t *copy = test_malloc(size + 1); /* at its end, for the sanitizer */
    memcpy(copy + 1, body, size);
    enum dissolve_status status = codec_form_parse(type, copy + 1, size, form, detail);
    for (size_t i = 0; i < form->count && status == DISSOLVE_OK; i++) {
        struct codec_field *field = &form->fields[i];
        assert_true(field->data > copy && field->data + field->size <= copy + 1 + size);
        field->data = (const uint8_t *)body + (field->data - (copy + 1));
    }
    test_free(copy);
    return status;
}

static void parse(const char *type, const char *body, struct codec_form *form)
{
    char detail[CODEC_DETAIL];
    if (parse_bytes(type, body, strlen(body), form, detail))
        fail_msg("%s: %s", body, detail);
    assert_string_equal(detail, "");
}

static void expect_malformed(const char *type, const char *body, const char *part_of_detail)
{
    struct codec_form form;
    char detail[CODEC_DETAIL];
    assert_int_equal(parse_bytes(type, body, strlen(body), &form, detail), DISSOLVE_MALFORMED);
    if (!strstr(detail, part_of_detail))
        fail_msg("'%s' has no '%s'", detail, part_of_detail);
    codec_form_free(&form);
    assert_int_equal(form.count, 0);
}

static void check_text(const char *text, const char *expected)
{
    if (!expected)
        assert_null(text);
    else
        assert_string_equal(text, expected);
}

static void check_field(const struct codec_field *field, const char *name, const char *filename,
                        const char *content_type, const char *data)
{
    check_text(field->name, name);
    check_text(field->filename, filename);
    check_text(field->content_type, content_type);
    assert_int_equal(field->size, strlen(data));
    assert_memory_equal(field->data, data, field->size);
}

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
    check_field(&form.fields[0], "image", "a \"cat\".png", "image/png",
                "\x89PNG\r\n\x1a\n--\r\n--x\r\n");
    check_field(&form.fields[1], "steps", NULL, NULL, "20");
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
    check_field(&form.fields[0], "image", "a\"b\\c.png", "application/octet-stream", "bytes");
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
        check_field(&form.fields[0], "a", NULL, NULL, "1");
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
        check_field(&form.fields[0], "a", NULL, NULL, "1");
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
        check_field(&form.fields[0], "a", NULL, NULL, data[i]);
        check_field(&form.fields[1], "b", NULL, NULL, "2");
        codec_form_free(&form);
    }
}

static void test_a_part_without_data(void **state)
{
    (void)state;
    struct codec_form form;
    parse(TYPE, "--B\r\n" NAMED("a") "\r\n--B\r\n" NAMED("b") "\r\n\r\n--B--", &form);
    assert_int_equal(form.count, 2);
    check_field(&form.fields[0], "a", NULL, NULL, "");
    check_field(&form.fields[1], "b", NULL, NULL, "");
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

/* ---- headers ---- */

static void check_disposition(const char *value, const char *name, const char *filename)
{
    char body[1000];
    struct codec_form form;
    snprintf(body, sizeof body, "--B\r\nContent-Disposition: %s\r\n\r\n1\r\n--B--", value);
    parse(TYPE, body, &form);
    assert_int_equal(form.count, 1);
    check_field(&form.fields[0], name, filename, NULL, "1");
    codec_form_free(&form);
}

static void test_dispositions(void **state)
{
    (void)state;
    check_disposition("form-data; name=a", "a", NULL);
    check_disposition("Form-Data;NAME=\"a\";FileName=b", "a", "b");
    check_disposition("form-data ; name = \"a\" ; filename = \"\" ; ", "a", "");
    check_disposition("form-data; filename=\"f\"; x=y; name=\"a;b=c\"", "a;b=c", "f");
    check_disposition("form-data; name=\"a\"; filename*=UTF-8''%e2%82%ac", "a", NULL);
    check_disposition("form-data; name=\"%22%0d%0A%0D%0a%2\"", "\"\r\n\r\n%2", NULL);
    check_disposition("form-data; name=\"100%20%\"", "100%20%", NULL);
    check_disposition("form-data; name=%22", "%22", NULL);
    check_disposition("form-data; name=\"a\"; filename=\"C:\\dir\\f.png\"", "a", "C:\\dir\\f.png");
    check_disposition("form-data; name=\"a\\\\\"", "a\\", NULL);
    check_disposition("form-data; name=\"\\\"\\\"\"", "\"\"", NULL);
    check_disposition("form-data; name=\"\xe2\x82\xac \xf0\x9f\x98\xba\"",
                      "\xe2\x82\xac \xf0\x9f\x98\xba", NULL);
    check_disposition("form-data; name=\"a\"; filename=\"\xff.png\"", "a", "\xff.png");
}

static void test_other_headers(void **state)
{
    (void)state;
    struct codec_form form;
    parse(TYPE,
          "--B\r\ncontent-type:\t text/plain; charset=utf-8 \r\nX-Any: \"thing\r\nX-Empty:\r\n"
          "CONTENT-DISPOSITION:form-data; name=a\r\nContent-Transfer-Encoding: Binary\r\n"
          "\r\n1\r\n--B--",
          &form);
    assert_int_equal(form.count, 1);
    check_field(&form.fields[0], "a", NULL, "text/plain; charset=utf-8", "1");
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

static void expect_bad_headers(const char *headers, const char *part_of_detail)
{
    char body[1000];
    snprintf(body, sizeof body, "--B\r\n%s\r\n\r\n1\r\n--B--", headers);
    expect_malformed(TYPE, body, part_of_detail);
}

static void test_bad_headers(void **state)
{
    (void)state;
    static const char named[] = "Content-Disposition: form-data; name=a";
    char twice[200];
    expect_malformed(TYPE, "--B\r\n\r\n1\r\n--B--", "Part 1 of the form has no name.");
    expect_bad_headers("Content-Type: text/plain", "has no name");
    expect_bad_headers("Content-Disposition: form-data", "has no name");
    expect_bad_headers("Content-Disposition: form-data; name=\"\"", "has no name");
    expect_bad_headers("Content-Disposition: form-data; filename=\"a\"", "has no name");
    expect_bad_headers("Content-Disposition: attachment; name=a", "other than form-data");
    expect_bad_headers("Content-Disposition:", "other than form-data");
    expect_bad_headers("Content-Disposition: form-data; name", "cannot be read");
    expect_bad_headers("Content-Disposition: form-data; name=", "cannot be read");
    expect_bad_headers("Content-Disposition: form-data name=a", "cannot be read");
    expect_bad_headers("Content-Disposition: form-data; name=\"a", "cannot be read");
    expect_bad_headers("Content-Disposition: form-data; name=\"a\\\"", "cannot be read");
    expect_bad_headers("Content-Disposition: form-data; name=\"a\"b", "cannot be read");
    expect_bad_headers("Content-Disposition: form-data; name=a; name=b", "a name twice");
    expect_bad_headers("Content-Disposition: form-data; name=a; filename=b; filename=c",
                       "a name twice");
    snprintf(twice, sizeof twice, "%s\r\n%s", named, named);
    expect_bad_headers(twice, "two Content-Disposition");
    expect_bad_headers("Content-Type: a/b\r\nContent-Type: a/b", "two Content-Type");
    expect_bad_headers("Content-Transfer-Encoding: base64", "Content-Transfer-Encoding");
    expect_bad_headers("no header", "no header");
    expect_bad_headers(": no name", "no header");
    expect_bad_headers("Name : value", "no header");
    expect_bad_headers("Content-Type: a/b;\r\n charset=utf-8", "no header");
    expect_bad_headers("Content-Type: a\nContent-Disposition: form-data; name=a", "control");
    expect_bad_headers("Content-Type: a\rb", "control");
    expect_bad_headers("Content-Type: a\x7f", "control");
}

static void test_a_nul_in_a_header(void **state)
{
    (void)state;
    static const char body[] = "--B\r\nContent-Disposition: form-data; name=\"a\0b\"\r\n\r\n--B--";
    struct codec_form form;
    char detail[CODEC_DETAIL];
    assert_int_equal(parse_bytes(TYPE, body, sizeof body - 1, &form, detail), DISSOLVE_MALFORMED);
    assert_non_null(strstr(detail, "control character"));
    codec_form_free(&form);
}

static void test_names_are_utf8(void **state)
{
    (void)state;
    static const char *const names[] = {"\x80",
                                        "\xc3",
                                        "\xc3(",
                                        "\xc0\xaf",
                                        "\xe0\x80\xaf",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf0\x80\x80\x80",
                                        "\xf8\x88\x80\x80\x80",
                                        "\xe2\x82",
                                        "\xff",
                                        "a\xf0\x9f\x98"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char header[200];
        snprintf(header, sizeof header, "Content-Disposition: form-data; name=\"%s\"", names[i]);
        expect_bad_headers(header, "not UTF-8");
    }
}

/* ---- limits ---- */

static void test_name_length(void **state)
{
    (void)state;
    char header[700];
    char name[300] = "";
    memset(name, 'n', 255);
    snprintf(header, sizeof header, "form-data; name=\"%s\"; filename=\"%s\"", name, name);
    check_disposition(header, name, name);
    name[255] = 'n';
    snprintf(header, sizeof header, "Content-Disposition: form-data; name=\"%s\"", name);
    expect_bad_headers(header, "more than 255 bytes");
    snprintf(header, sizeof header, "Content-Disposition: form-data; name=a; filename=%s", name);
    expect_bad_headers(header, "more than 255 bytes");
    snprintf(header, sizeof header, "Content-Type: %s", name);
    expect_bad_headers(header, "more than 255 bytes");
}

static void append(struct codec_buffer *buffer, const char *text)
{
    assert_int_equal(codec_buffer_append(buffer, text, strlen(text)), DISSOLVE_OK);
}

static void expect_large(const struct codec_buffer *body, enum dissolve_status expected,
                         size_t count, const char *part_of_detail)
{
    struct codec_form form;
    char detail[CODEC_DETAIL];
    assert_int_equal(codec_form_parse(TYPE, body->data, body->size, &form, detail), expected);
    assert_int_equal(form.count, count);
    assert_non_null(strstr(detail, part_of_detail));
    codec_form_free(&form);
}

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

static void test_header_size(void **state)
{
    (void)state;
    struct codec_buffer body = {0};
    append(&body, "--B\r\n" NAMED("a") "X: ");
    while (body.size < 5 + 4096 - 4)
        append(&body, "x");
    append(&body, "\r\n\r\n1\r\n--B--");
    expect_large(&body, DISSOLVE_OK, 1, "");
    codec_buffer_free(&body);
    append(&body, "--B\r\n" NAMED("a") "X: ");
    while (body.size < 5 + 4096 - 3)
        append(&body, "x");
    append(&body, "\r\n\r\n1\r\n--B--");
    expect_large(&body, DISSOLVE_MALFORMED, 1, "more than 4096 bytes of headers");
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
        {"--B\r\nContent-Disposition: form-data; name=\"", "n", "4096 bytes of headers"},
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
        assert_true(failed == (n < 3));
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
        cmocka_unit_test(test_dispositions),
        cmocka_unit_test(test_other_headers),
        cmocka_unit_test(test_bad_content_types),
        cmocka_unit_test(test_bad_bodies),
        cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_a_nul_in_a_header),
        cmocka_unit_test(test_names_are_utf8),
        cmocka_unit_test(test_name_length),
        cmocka_unit_test(test_number_of_fields),
        cmocka_unit_test(test_header_size),
        cmocka_unit_test(test_endless_bodies),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
