/* Addresses: read, printed, and turned into others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/un.h>

#include "http/address.h"

static void check_address(const struct http_address *address, const char *expected)
{
    char text[HTTP_ADDRESS_TEXT];
    http_address_print(address, text);
    assert_string_equal(text, expected);
}

static void loopback_of_every_address(void **state)
{
    static const char *const pairs[][2] = {
        {"0.0.0.0:80", "127.0.0.1:80"},       {"[::]:80", "[::1]:80"},
        {"10.1.2.3:65535", "10.1.2.3:65535"}, {"[fe80::1]:1", "[fe80::1]:1"},
        {"localhost:0", "127.0.0.1:0"},       {"unix:/run/a.sock", "unix:/run/a.sock"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct http_address address;
        assert_true(http_address_parse(pairs[i][0], &address));
        http_address_to_loopback(&address);
        check_address(&address, pairs[i][1]);
    }
}

static void hosts_are_printed_alone(void **state)
{
    static const char *const pairs[][2] = {
        {"1.2.3.4:80", "1.2.3.4"},
        {"[::1]:80", "::1"},
        {"[::ffff:1.2.3.4]:80", "1.2.3.4"},
        {"unix:/run/a.sock", "unix"},
    };
    char text[HTTP_ADDRESS_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct http_address address;
        assert_true(http_address_parse(pairs[i][0], &address));
        http_address_print_host(&address, text);
        assert_string_equal(text, pairs[i][1]);
    }
    http_address_print_host(&(struct http_address){.size = 0}, text);
    assert_string_equal(text, "");
}

/* The longest path that the system takes, and one byte more. */
static void paths(void **state)
{
    enum { LONGEST = sizeof((struct sockaddr_un *)NULL)->sun_path - 1 };
    char text[5 + LONGEST + 2] = "unix:";
    struct http_address address;
    (void)state;
    memset(text + 5, 'p', LONGEST);
    assert_true(http_address_parse(text, &address));
    assert_int_equal(address.storage.ss_family, AF_UNIX);
    assert_int_equal(address.size, sizeof(struct sockaddr_un));
    assert_string_equal(http_address_path(&address), text + 5);
    assert_in_range(strlen(text), 1, HTTP_ADDRESS_TEXT - 1);
    check_address(&address, text);
    text[5 + LONGEST] = 'p';
    assert_false(http_address_parse(text, &address));
    assert_false(http_address_parse("unix:", &address));
    assert_true(http_address_parse("unix:a:b", &address));
    check_address(&address, "unix:a:b");
    assert_true(http_address_parse("1.2.3.4:5", &address));
    assert_null(http_address_path(&address));
    const struct http_address nameless = {.storage.ss_family = AF_UNIX, .size = 2};
    check_address(&nameless, "unix:");
}

static void hosts(void **state)
{
    static const char *const good[][2] = {
        {"1.2.3.4", "1.2.3.4:0"},
        {"1.2.3.4:56", "1.2.3.4:56"},
        {"::1", "[::1]:0"},
        {"[::1]", "[::1]:0"},
        {"[::1]:65535", "[::1]:65535"},
        {"2001:db8::a:80", "[2001:db8::a:80]:0"},
        {"::ffff:1.2.3.4", "[::ffff:1.2.3.4]:0"},
    };
    static const char *const bad[] = {
        "",
        ":",
        "[",
        "]",
        "[]",
        "[]:80",
        "localhost",
        "localhost:80",
        "1.2.3",
        "1.2.3.4:",
        "1.2.3.4:x",
        "1.2.3.4:65536",
        "[::1",
        "::1]",
        "[::1]x",
        "[::1]:",
        "[1.2.3.4]",
        "[::1]:80:90",
        "1.2.3.4]:80",
        "fe80::1%lo",
        "unknown",
        "_hidden",
        "unix:/run/a.sock",
        "1.2.3.4 ",
        "\"::1\"",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff",
    };
    struct http_address address;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char text[80];
        size_t length = strlen(good[i][0]);
        memset(text, '9', sizeof text); /* what follows the text is no part of it */
        memcpy(text, good[i][0], length);
        assert_true(http_address_parse_host(text, length, &address));
        check_address(&address, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(http_address_parse_host(bad[i], strlen(bad[i]), &address));
}

static void unmapping(void **state)
{
    static const char *const pairs[][2] = {
        {"[::ffff:10.1.2.3]:80", "10.1.2.3:80"},  {"[::1]:80", "[::1]:80"},
        {"[::fffe:10.1.2.3]:80", NULL},           {"10.1.2.3:80", "10.1.2.3:80"},
        {"unix:/run/a.sock", "unix:/run/a.sock"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct http_address address;
        assert_true(http_address_parse(pairs[i][0], &address));
        http_address_unmap(&address);
        if (pairs[i][1] != NULL)
            check_address(&address, pairs[i][1]);
        else
            assert_int_equal(address.storage.ss_family, AF_INET6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_of_every_address),
        cmocka_unit_test(hosts_are_printed_alone),
        cmocka_unit_test(paths),
        cmocka_unit_test(hosts),
        cmocka_unit_test(unmapping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
