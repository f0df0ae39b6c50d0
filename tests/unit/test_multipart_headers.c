/* The headers of a form's parts: names, file names of any length, and what is no header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "forms_in.h"

static void check_disposition(const char *value, const char *name, bool is_file)
{
    char body[1000];
    struct codec_form form;
    snprintf(body, sizeof body, "--B\r\nContent-Disposition: %s\r\n\r\n1\r\n--B--", value);
    parse(TYPE, body, &form);
    assert_int_equal(form.count, 1);
    check_field(&form.fields[0], name, is_file, NULL, "1");
    codec_form_free(&form);
}

static void test_dispositions(void **state)
{
    (void)state;
    check_disposition("form-data; name=a", "a", false);
    check_disposition("Form-Data;NAME=\"a\";FileName=b", "a", true);
    check_disposition("form-data ; name = \"a\" ; filename = \"\" ; ", "a", true);
    check_disposition("form-data; filename=\"f\"; x=y; name=\"a;b=c\"", "a;b=c", true);
    check_disposition("form-data; name=\"%22%0d%0A%0D%0a%2\"", "\"\r\n\r\n%2", false);
    check_disposition("form-data; name=\"100%20%\"", "100%20%", false);
    check_disposition("form-data; name=%22", "%22", false);
    check_disposition("form-data; name=\"a\\\\\"", "a\\", false);
    check_disposition("form-data; name=\"\\\"\\\"\"", "\"\"", false);
    check_disposition("form-data; name=\"\xe2\x82\xac \xf0\x9f\x98\xba\"",
                      "\xe2\x82\xac \xf0\x9f\x98\xba", false);
}

/* As curl, browsers, urllib3 and others write them, and bytes that only a file system allows. */
static void test_file_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "filename=\"\"",
        "filename=",
        "filename=a.png",
        "filename=my photo.png",
        "filename=\"a;b=\\\"c\\\\.png\"",
        "filename=\"a %22cat%22%0D%0A.png\"",
        "filename=\"C:\\dir\\f.png\"",
        "filename=\"C:\\dir\\\"",
        "filename=\"%\"",
        "filename=\"name=b; filename=c\"",
        "filename=\"\xff\xfe\x80.png\"",
        "filename=\"\xe2\x82\xac.png\"",
        "filename=\"\x01\x1b\x7f\n\r\t.png\"",
        "filename=\"--B\"",
        "filename*=UTF-8''%e2%82%ac",
        "filename*=",
        "FILENAME*=\"utf-8''a.png\"",
        "filename=\"a.png\"; filename*=UTF-8''a.png",
        "filename*=UTF-8''a.png; filename=\"a\\\"",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        char value[200];
        snprintf(value, sizeof value, "form-data; name=\"a\"; %s", names[i]);
        check_disposition(value, "a", true);
        snprintf(value, sizeof value, "form-data; %s; name=\"a\"", names[i]);
        if (names[i][strlen(names[i]) - 2] != '\\') /* that backslash escapes the quote here */
            check_disposition(value, "a", true);
    }
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
    check_field(&form.fields[0], "a", false, "text/plain", "1");
    codec_form_free(&form);
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
    expect_bad_headers("Content-Disposition: form-data; name=a; filename*=b; filename*=c",
                       "a name twice");
    expect_bad_headers("Content-Disposition: form-data; name=a; filename", "cannot be read");
    expect_bad_headers("Content-Disposition: form-data; name=a; filename=\"b", "cannot be read");
    expect_bad_headers("Content-Disposition: form-data; name=a; filename=\"b\"c", "cannot be read");
    expect_bad_headers("Content-Disposition: form-data; name=\"a\nb\"", "control");
    expect_bad_headers("Content-Disposition: form-data; name=a; x=\"\x01\"", "control");
    expect_bad_headers("X: \x01", "control");
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
    check_disposition(header, name, true);
    name[255] = 'n';
    snprintf(header, sizeof header, "Content-Disposition: form-data; name=\"%s\"", name);
    expect_bad_headers(header, "more than 255 bytes");
    snprintf(header, sizeof header, "form-data; name=a; filename=%s", name);
    check_disposition(header, "a", true);
    snprintf(header, sizeof header, "Content-Type: %s", name);
    expect_bad_headers(header, "more than 255 bytes");
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

/* Ten times as long as all headers may be, and beside them as much as they may be without it. */
static void test_file_name_length(void **state)
{
    (void)state;
    static const char *const begins[] = {"; filename=\"", "; filename*=UTF-8''"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t more = 0; more < 2; more++) {
            struct codec_buffer body = {0};
            append(&body, "--B\r\nX: ");
            size_t rest = strlen("\r\nContent-Disposition: form-data; name=a\r\n\r\n") +
                          strlen(begins[i]) + (i == 0 ? 1 : -strlen("UTF-8''"));
            while (body.size < 5 + 4096 - rest + more)
                append(&body, "x");
            append(&body, "\r\nContent-Disposition: form-data; name=a");
            append(&body, begins[i]);
            for (size_t at = 0; at < 4096; at++)
                append(&body, "%22 \\\\ \xff.");
            append(&body, i == 0 ? "\"\r\n\r\n1\r\n--B--" : "\r\n\r\n1\r\n--B--");
            if (more)
                expect_large(&body, DISSOLVE_MALFORMED, 1, "more than 4096 bytes of headers");
            else
                expect_large(&body, DISSOLVE_OK, 1, "");
            codec_buffer_free(&body);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dispositions),      cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_other_headers),     cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_a_nul_in_a_header), cmocka_unit_test(test_names_are_utf8),
        cmocka_unit_test(test_name_length),       cmocka_unit_test(test_header_size),
        cmocka_unit_test(test_file_name_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
