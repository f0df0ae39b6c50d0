/* The workarounds for libmicrohttpd that need no library: what is cut, counted and examined. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/mhd_workarounds.h"

static void the_query_is_cut_off(void **state)
{
    char target[] = "/v1?a=b&c", plain[] = "/v1", asks[] = "/?";
    (void)state;
    http_mhd_cut_query(target);
    http_mhd_cut_query(plain);
    http_mhd_cut_query(asks);
    http_mhd_cut_query(NULL);
    assert_string_equal(target, "/v1?");
    assert_string_equal(plain, "/v1");
    assert_string_equal(asks, "/?");
}

static void an_expectation_is_hidden(void **state)
{
    char expected[] = "100-continue", other[] = "x", empty[] = "";
    (void)state;
    http_mhd_hide_expectation("eXpect", expected);
    http_mhd_hide_expectation("Expected", other);
    http_mhd_hide_expectation("Expect", empty);
    http_mhd_hide_expectation("Expect", NULL);
    assert_string_equal(expected, "");
    assert_string_equal(other, "x");
}

static const struct {
    const char *bytes;
    size_t size;
    bool plain;
} HEADS[] = {
#define HEAD(text, plain)             \
    {                                 \
        text, sizeof(text) - 1, plain \
    }
    HEAD("GET / HTTP/1.1\r\nA: b\r\n\r\n", true),
    HEAD("GET / HTTP/1.1\nA: b\n\n", true),
    HEAD("\r\n\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n", true),
    HEAD("GET / HTTP/1.1\r\nA: b\r\n\r\nbody\n:\n\0\n", true),
    HEAD("GET / HTTP/1.1\nA: b\n\nbody\r\n\0\r\n", true),
    HEAD("GET / HTTP/1.1\r\nA: \rb\r\n\r\n", true),
    HEAD("GET / HTTP/1.1\r\nA: b\n\r\n", false),
    HEAD("GET / HTTP/1.1\r\nA: b\n:\r\n", false),
    HEAD("GET / HTTP/1.1\r\nA: b\r\n\n", false),
    HEAD("GET / HTTP/1.1\nA: b\r\n\r\n", false),
    HEAD("GET / HTTP/1.1\r\nA: b\0\r\n\r\n", false),
    HEAD("GET / HTTP/1.1\n\0\n", false),
};

/* Read at once, and byte by byte. */
static void heads_are_examined_as_they_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof HEADS / sizeof HEADS[0]; i++) {
        for (size_t step = 1; step <= 1024; step *= 1024) {
            int ends[2];
            char bytes[1024];
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
            http_mhd_forget_reads(ends[0]);
            assert_false(http_mhd_has_read(ends[0]));
            assert_int_equal(write(ends[1], HEADS[i].bytes, HEADS[i].size), HEADS[i].size);
            for (size_t read = 0; read < HEADS[i].size; read += step)
                assert_true(recv(ends[0], bytes, step, 0) > 0);
            assert_true(http_mhd_has_read(ends[0]));
            assert_int_equal(http_mhd_head_is_plain(ends[0]), HEADS[i].plain);
            http_mhd_forget_reads(ends[0]);
            assert_true(http_mhd_head_is_plain(ends[0]));
            close(ends[0]);
            close(ends[1]);
        }
    }
}

/* What was read with an earlier request has not been seen here. */
static void a_head_that_began_before_is_not_examined(void **state)
{
    int ends[2];
    char bytes[64];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    http_mhd_forget_reads(ends[0]);
    http_mhd_begin_head(ends[0]);
    assert_int_equal(write(ends[1], "\n\r\n\0\n", 5), 5);
    assert_int_equal(recv(ends[0], bytes, sizeof bytes, 0), 5);
    assert_true(http_mhd_head_is_plain(ends[0]));
    assert_true(http_mhd_has_read(ends[0]));
    close(ends[1]);
    assert_int_equal(recv(ends[0], bytes, sizeof bytes, 0), 0);
    assert_false(http_mhd_has_read(ends[0]));
    close(ends[0]);
    assert_false(http_mhd_has_read(-1));
    assert_true(http_mhd_head_is_plain(1 << 20));
}

/* The end of what a client sends, and not its bytes. */
static void the_end_is_ignored_while_a_request_is_answered(void **state)
{
    int ends[2];
    char bytes[4];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    http_mhd_forget_reads(ends[0]);
    http_mhd_ignore_end(ends[0]);
    assert_int_equal(write(ends[1], "GET", 3), 3);
    close(ends[1]);
    assert_int_equal(recv(ends[0], bytes, sizeof bytes, 0), 3);
    errno = 0;
    assert_int_equal(recv(ends[0], bytes, sizeof bytes, 0), -1);
    assert_int_equal(errno, EAGAIN);
    http_mhd_forget_reads(ends[0]);
    assert_int_equal(recv(ends[0], bytes, sizeof bytes, 0), 0);
    close(ends[0]);
}

static bool refused(int *fd, int *status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool is = http_mhd_refused(format, arguments, fd, status);
    va_end(arguments);
    return is;
}

static void a_refusal_is_read_from_the_librarys_message(void **state)
{
    int fd = 0, status = 0;
    (void)state;
    http_mhd_forget_reads(77);
    assert_true(refused(&fd, &status,
                        "Error processing request (HTTP response code is %u ('%s')). "
                        "Closing connection.\n",
                        414u, "x"));
    assert_int_equal(fd, 77);
    assert_int_equal(status, 414);
    assert_false(refused(&fd, &status, "Failed to send data: %s\n", "x"));
    assert_false(refused(&fd, &status, ""));
}

static void the_memory_of_a_head_is_counted(void **state)
{
    (void)state;
    assert_int_equal(http_mhd_head_memory(100, 0), 100);
    assert_int_equal(http_mhd_head_memory(100, 3), 292);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_query_is_cut_off),
        cmocka_unit_test(an_expectation_is_hidden),
        cmocka_unit_test(heads_are_examined_as_they_are_read),
        cmocka_unit_test(a_head_that_began_before_is_not_examined),
        cmocka_unit_test(the_end_is_ignored_while_a_request_is_answered),
        cmocka_unit_test(a_refusal_is_read_from_the_librarys_message),
        cmocka_unit_test(the_memory_of_a_head_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
