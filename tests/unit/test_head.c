/* Request headers: what ends a body, what is refused for it, and the request's id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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
        if (framing->headers[0] != NULL && head.hosts == 0)
            http_head_add(&head, "Host", "localhost");
        assert_int_equal(http_head_check(&head, framing->http_1_0, &detail), framing->status);
        if (framing->status == 0)
            assert_int_equal(http_head_body_size(&head), framing->size);
        else
            assert_non_null(detail);
    }
}

static void hidden_bytes_are_refused(void **state)
{
    const struct http_head head = {.host = "x", .hosts = 1, .hidden = true};
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

static void first_value_counts(void **state)
{
    (void)state;
    struct http_head head = {0};
    http_head_add(&head, "accept", "image/png");
    http_head_add(&head, "Accept", "text/html");
    http_head_add(&head, "CONTENT-TYPE", NULL);
    http_head_add(&head, "If-None-Match", "\"e\"");
    http_head_add(&head, "Expect", "100-continue");
    http_head_add(&head, "Accept-Encoding-2", "br");
    http_head_add(&head, "ACCEPT-encoding", "gzip");
    http_head_add(&head, "Accept-Encoding", "identity");
    assert_string_equal(head.accept, "image/png");
    assert_string_equal(head.accept_encoding, "gzip");
    assert_string_equal(head.content_type, "");
    assert_string_equal(head.if_none_match, "\"e\"");
    assert_string_equal(head.expect, "100-continue");
    assert_null(head.request_id);
    http_head_add(&head, "authorization", "Bearer a");
    http_head_add(&head, "Authorization", "Bearer b");
    http_head_add(&head, "origin", "https://a.example");
    assert_string_equal(head.authorization, "Bearer a");
    assert_string_equal(head.origin, "https://a.example");
}

/* Each proxy adds one behind what it was sent: the last one is the nearest proxy's. */
static void the_last_forwarding_counts(void **state)
{
    (void)state;
    struct http_head head = {0};
    http_head_add(&head, "X-Forwarded-For", "10.0.0.1");
    http_head_add(&head, "x-forwarded-for", "10.0.0.2, 10.0.0.3");
    assert_string_equal(head.forwarded_for, "10.0.0.2, 10.0.0.3");
}

static void an_id_is_kept_if_it_is_sound(void **state)
{
    static const char longest[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    static const char *const sound[] = {"a", "A.b_c-9", longest};
    static const char too_long[] =
        "01234567890123456789012345678901234567890123456789012345678901234";
    static const char *const unsound[] = {"",    "a b",     "a\"b", "a\r\nb", "\xc3\xa9",
                                          "a/b", "${jndi}", "a\tb", too_long};
    char id[HTTP_ID_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof sound / sizeof sound[0]; i++) {
        http_head_id(&(struct http_head){.request_id = sound[i]}, id);
        assert_string_equal(id, sound[i]);
    }
    for (size_t i = 0; i < sizeof unsound / sizeof unsound[0]; i++) {
        http_head_id(&(struct http_head){.request_id = unsound[i]}, id);
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
        cmocka_unit_test(first_value_counts),
        cmocka_unit_test(the_last_forwarding_counts),
        cmocka_unit_test(an_id_is_kept_if_it_is_sound),
        cmocka_unit_test(ids_are_of_one_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
