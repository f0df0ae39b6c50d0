/* Request headers: what ends a body, what is refused for it, and the request's id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "http/head.h"

struct framing {
    const char *headers[7]; /* name, value, ..., NULL */
    bool http_1_0;
    int status;
    uint64_t size; /* where status is 0 */
};

static const struct framing FRAMINGS[] = {
    {{NULL}, false, 400, 0},
    {{NULL}, true, 0, 0},
    {{"Host", "", NULL}, false, 0, 0},
    {{"Host", "[::1]:80", NULL}, false, 0, 0},
    {{"Host", "a b", NULL}, false, 400, 0},
    {{"Host", "a/b", NULL}, true, 400, 0},
    {{"Host", "x@y", NULL}, false, 400, 0},
    {{"Host", "a", "host", "a", NULL}, true, 400, 0},
    {{"X", "a\tb \xc3\xa9", NULL}, true, 0, 0},
    {{"X", "a\rHost: b", NULL}, true, 400, 0},
    {{"X", "\x7f", NULL}, true, 400, 0},
    {{"X", "\x1b[0m", NULL}, true, 400, 0},
    {{"Content-Length", "0", NULL}, false, 0, 0},
    {{"content-length", "12", "Host", "x", NULL}, false, 0, 12},
    {{"Content-Length", "12", NULL}, true, 0, 12},
    {{"Content-Length", "18446744073709551614", NULL}, false, 0, UINT64_MAX - 1},
    {{"Content-Length", "18446744073709551615", NULL}, false, 0, UINT64_MAX - 1},
    {{"TRANSFER-ENCODING", "Chunked", NULL}, false, 0, UINT64_MAX},
    {{"Transfer-Encoding", "chunked", NULL}, true, 400, 0},
    {{"Transfer-Encoding", "gzip", NULL}, false, 501, 0},
    {{"Transfer-Encoding", "gzip, chunked", NULL}, false, 501, 0},
    {{"Transfer-Encoding", "chunked ", NULL}, false, 501, 0},
    {{"Transfer-Encoding", "", NULL}, false, 501, 0},
    {{"Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked", NULL}, false, 400, 0},
    {{"Transfer-Encoding", "chunked", "Content-Length", "3", NULL}, false, 400, 0},
    {{"Content-Length", "3", "Transfer-Encoding", "chunked", NULL}, false, 400, 0},
    {{"Content-Length", "3", "Content-Length", "3", NULL}, false, 400, 0},
    {{"Authorization", "a", NULL}, false, 0, 0},
    {{"Authorization", "a", "authorization", "a", NULL}, false, 400, 0},
    {{"Content-Length ", "3", NULL}, false, 400, 0},
    {{"Transfer-Encoding\t", "chunked", NULL}, false, 400, 0},
    {{"", "x", NULL}, false, 400, 0},
    {{"X(Y)", "x", NULL}, false, 400, 0},
    {{"X-\xc3\xa9", "x", NULL}, false, 400, 0},
};

static void framing_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FRAMINGS / sizeof FRAMINGS[0]; i++) {
        const struct framing *framing = &FRAMINGS[i];
        struct http_head head = {0};
        const char *detail;
        for (size_t j = 0; framing->headers[j] != NULL; j += 2)
            http_head_add(&head, framing->headers[j], framing->headers[j + 1]);
        if (framing->headers[0] != NULL && head.host.lines == 0)
            http_head_add(&head, "Host", "localhost");
        assert_int_equal(http_head_check(&head, framing->http_1_0, &detail), framing->status);
        if (framing->status == 0)
            assert_int_equal(http_head_body_size(&head), framing->size);
        else
            assert_non_null(detail);
        http_head_free(&head);
    }
}

static void hidden_bytes_are_refused(void **state)
{
    char host[] = "x";
    const struct http_head head = {.host = {.text = host, .lines = 1}, .hidden = true};
    const char *detail;
    (void)state;
    assert_int_equal(http_head_check(&head, false, &detail), 400);
    assert_non_null(detail);
}

static void methods_are_tokens(void **state)
{
    static const char *const others[] = {"", "G T", "G(T", "\x16\x03", "GET\t", "G\xc3\xa9T"};
    (void)state;
    assert_true(http_head_is_token("GET"));
    assert_true(http_head_is_token("m-search"));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(http_head_is_token(others[i]));
}

static void the_first_line_of_a_single_value_counts(void **state)
{
    (void)state;
    struct http_head head = {0};
    http_head_add(&head, "CONTENT-TYPE", NULL);
    http_head_add(&head, "Content-Type", "image/png");
    http_head_add(&head, "Expect", "100-continue");
    http_head_add(&head, "authorization", "Bearer a");
    http_head_add(&head, "Authorization", "Bearer b");
    http_head_add(&head, "origin", "https://a.example");
    assert_string_equal(head.content_type.text, "");
    assert_string_equal(head.expect.text, "100-continue");
    assert_string_equal(head.authorization.text, "Bearer a");
    assert_string_equal(head.origin.text, "https://a.example");
    assert_null(head.request_id.text);
    http_head_free(&head);
    assert_null(head.authorization.text);
}

/* RFC 9110, 5.3. */
static void the_lines_of_a_list_are_joined(void **state)
{
    static const char *const names[] = {"Accept", "ACCEPT-encoding", "if-none-match",
                                        "X-Forwarded-For", "Content-Encoding"};
    static const char joined[] = "a;q=1, , \"b, c\", d";
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct http_head head = {0};
        const struct http_value *values[] = {&head.accept, &head.accept_encoding,
                                             &head.if_none_match, &head.forwarded_for,
                                             &head.content_encoding};
        http_head_add(&head, names[i], "a;q=1\t ");
        http_head_add(&head, "Accept-Encoding-2", "z");
        http_head_add(&head, names[i], " ");
        http_head_add(&head, names[i], "\"b, c\" ");
        http_head_add(&head, names[i], "d");
        assert_string_equal(values[i]->text, joined);
        assert_int_equal(values[i]->length, sizeof joined - 1);
        assert_int_equal(values[i]->lines, 4);
        http_head_free(&head);
    }
}

/* RFC 9112, 5.1; where a body ends may not depend on who reads it, so those values stay. */
static void blanks_behind_a_value_are_no_part_of_it(void **state)
{
    (void)state;
    struct http_head head = {0};
    const char *detail;
    http_head_add(&head, "Host", "a:80 \t ");
    http_head_add(&head, "X-Request-Id", "id-1\t");
    http_head_add(&head, "Authorization", "Bearer a ");
    http_head_add(&head, "Origin", "https://a.example  ");
    http_head_add(&head, "Expect", "100-Continue ");
    http_head_add(&head, "Content-Length", "3 ");
    assert_int_equal(http_head_check(&head, false, &detail), 0);
    assert_string_equal(head.host.text, "a:80");
    assert_string_equal(head.request_id.text, "id-1");
    assert_string_equal(head.authorization.text, "Bearer a");
    assert_string_equal(head.origin.text, "https://a.example");
    assert_string_equal(head.content_length.text, "3 ");
    assert_true(http_head_expects_continue(&head));
    http_head_free(&head);
}

static void a_body_is_coded_unless_its_coding_is_identity(void **state)
{
    static const char *const plain[] = {"", " ", "identity", "Identity ", ", identity ,,IDENTITY"};
    static const char *const coded[] = {"gzip",  "x-gzip",       "identity, gzip", "br",
                                        "ident", "identity;q=1", "identityx",      "zstd,identity"};
    struct http_head none = {0};
    (void)state;
    assert_false(http_head_body_is_coded(&none));
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        struct http_head head = {0};
        http_head_add(&head, "Content-Encoding", plain[i]);
        assert_false(http_head_body_is_coded(&head));
        http_head_free(&head);
    }
    for (size_t i = 0; i < sizeof coded / sizeof coded[0]; i++) {
        struct http_head head = {0};
        http_head_add(&head, "content-encoding", "identity");
        http_head_add(&head, "Content-Encoding", coded[i]);
        assert_true(http_head_body_is_coded(&head));
        http_head_free(&head);
    }
}

static void values_are_moved_out(void **state)
{
    (void)state;
    struct http_head head = {0};
    http_head_add(&head, "Accept", "image/png");
    char *accept = http_value_take(&head.accept);
    assert_string_equal(accept, "image/png");
    assert_null(http_value_take(&head.accept));
    free(accept);
    http_head_free(&head);
}

static void find_id(const char *request_id, char id[HTTP_ID_MAX + 1])
{
    struct http_head head = {0};
    http_head_add(&head, "X-Request-Id", request_id);
    http_head_id(&head, id);
    http_head_free(&head);
}

static void a_valid_id_is_kept(void **state)
{
    static const char longest[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    static const char *const valid[] = {"a", "A.b_c-9", longest};
    static const char too_long[] =
        "01234567890123456789012345678901234567890123456789012345678901234";
    static const char *const invalid[] = {"",    "a b",     "a\"b", "a\r\nb", "\xc3\xa9",
                                          "a/b", "${jndi}", "a\tb", too_long};
    char id[HTTP_ID_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++) {
        find_id(valid[i], id);
        assert_string_equal(id, valid[i]);
    }
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        find_id(invalid[i], id);
        assert_int_equal(strlen(id), 16);
        assert_int_equal(strspn(id, "0123456789abcdef"), 16);
    }
}

static void ids_are_of_one_request(void **state)
{
    enum { MANY = 100 }; /* more than are asked of the kernel at once */
    char ids[MANY][HTTP_ID_MAX + 1];
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        http_head_id(&(struct http_head){0}, ids[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing_is_checked),
        cmocka_unit_test(hidden_bytes_are_refused),
        cmocka_unit_test(methods_are_tokens),
        cmocka_unit_test(the_first_line_of_a_single_value_counts),
        cmocka_unit_test(the_lines_of_a_list_are_joined),
        cmocka_unit_test(blanks_behind_a_value_are_no_part_of_it),
        cmocka_unit_test(a_body_is_coded_unless_its_coding_is_identity),
        cmocka_unit_test(values_are_moved_out),
        cmocka_unit_test(a_valid_id_is_kept),
        cmocka_unit_test(ids_are_of_one_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
