/* Blocks of addresses, and who the client behind proxies is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "failing_malloc.h"
#include "http/networks.h"

static struct http_address address_of(const char *text)
{
    struct http_address address;
    if (strcmp(text, "unix") == 0)
        return (struct http_address){.storage.ss_family = AF_UNIX, .size = 2};
    assert_true(http_address_parse_host(text, strlen(text), &address));
    return address;
}

static bool contains(const char *networks, const char *address)
{
    struct http_networks parsed;
    const struct http_address asked = address_of(address);
    assert_int_equal(http_networks_parse(networks, &parsed), DISSOLVE_OK);
    bool answer = http_networks_contains(&parsed, &asked);
    http_networks_free(&parsed);
    return answer;
}

static void members_of_blocks(void **state)
{
    static const struct {
        const char *networks;
        const char *inside[3];
        const char *outside[4];
    } cases[] = {
        {"10.1.2.3", {"10.1.2.3", "10.1.2.3:99", "::ffff:10.1.2.3"}, {"10.1.2.2", "::a01:203"}},
        {"10.0.0.0/8", {"10.0.0.0", "10.255.255.255"}, {"9.255.255.255", "11.0.0.0"}},
        {"10.9.8.7/8", {"10.0.0.0", "10.255.255.255"}, {"9.255.255.255", "11.0.0.0"}},
        {"172.16.0.0/12", {"172.16.0.0", "172.31.255.255"}, {"172.15.255.255", "172.32.0.0"}},
        {"192.168.1.128/25",
         {"192.168.1.128", "192.168.1.255"},
         {"192.168.1.127", "192.168.2.128"}},
        {"1.2.3.4/31", {"1.2.3.4", "1.2.3.5"}, {"1.2.3.3", "1.2.3.6"}},
        {"1.2.3.4/32", {"1.2.3.4"}, {"1.2.3.5"}},
        {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"}, {"::1", "unix"}},
        {"128.0.0.0/1", {"128.0.0.0", "255.0.0.0"}, {"127.255.255.255"}},
        {"::1", {"::1", "[::1]:80"}, {"::2", "0.0.0.1", "unix"}},
        {"::/0", {"::1", "ffff::"}, {"1.2.3.4", "::ffff:1.2.3.4", "unix"}},
        {"fe80::/10", {"fe80::", "febf:ffff::1"}, {"fec0::", "fe7f:ffff::"}},
        {"2001:db8::/32", {"2001:db8:ffff::"}, {"2001:db9::", "2001:db7::"}},
        {"2001:db8::1/128", {"2001:db8::1"}, {"2001:db8::"}},
        {"::ffff:10.0.0.0/104", {"10.1.2.3", "::ffff:10.1.2.3"}, {"11.0.0.0"}},
        {"::ffff:1.2.3.4", {"1.2.3.4"}, {"1.2.3.5"}},
        {"::ffff:0:0/96", {"1.2.3.4"}, {"::1"}},
        {"unix", {"unix"}, {"127.0.0.1", "::1"}},
        {"127.0.0.1", {"127.0.0.1"}, {"unix"}},
        {" 10.0.0.1 ,\t::1,  unix", {"10.0.0.1", "::1", "unix"}, {"10.0.0.2", "::2"}},
        {"", {NULL}, {"0.0.0.0", "::", "unix"}},
        {"  ", {NULL}, {"0.0.0.0", "::", "unix"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t j = 0; j < 3 && cases[i].inside[j] != NULL; j++)
            assert_true(contains(cases[i].networks, cases[i].inside[j]));
        for (size_t j = 0; j < 4 && cases[i].outside[j] != NULL; j++)
            assert_false(contains(cases[i].networks, cases[i].outside[j]));
    }
    const struct http_address unknown = {.storage.ss_family = AF_UNSPEC};
    struct http_networks all;
    assert_int_equal(http_networks_parse("0.0.0.0/0,::/0", &all), DISSOLVE_OK);
    assert_false(http_networks_contains(&all, &unknown));
    http_networks_free(&all);
}

/* Every length of prefix, against the same question asked bit by bit. */
static void every_prefix(void **state)
{
    static const char *const texts[] = {"170.85.204.51", "aa55:cc33:f00f:1234:5678:9abc:def0:8421"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        unsigned size = i == 0 ? 32 : 128;
        for (unsigned bits = 0; bits <= size; bits++) {
            char text[64];
            struct http_networks networks;
            snprintf(text, sizeof text, "%s/%u", texts[i], bits);
            assert_int_equal(http_networks_parse(text, &networks), DISSOLVE_OK);
            for (unsigned flipped = 0; flipped < size; flipped++) {
                struct http_address address = address_of(texts[i]);
                /* Where sockaddr_in and sockaddr_in6 have the address. */
                uint8_t *bytes = (uint8_t *)&address.storage + (i == 0 ? 4 : 8);
                bytes[flipped / 8] ^= (uint8_t)(0x80 >> flipped % 8);
                assert_int_equal(http_networks_contains(&networks, &address), flipped >= bits);
            }
            http_networks_free(&networks);
        }
    }
}

static void what_is_no_network(void **state)
{
    static const char *const bad[] = {
        ",",
        "10.0.0.1,",
        ",10.0.0.1",
        "10.0.0.1,,::1",
        "10.0.0.1 ::1",
        "10.0.0",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8x",
        "10.0.0.0/ 8",
        "10.0.0.0/0008",
        "10.0.0.0/8/8",
        "/8",
        "::/129",
        "::/1000",
        "::1%lo",
        "[::1]",
        "10.0.0.1:80",
        "localhost",
        "Unix",
        "unix/8",
        "::ffff:1.2.3.4/95",
        "::ffff:1.2.3.4/129",
        "10.0.0.0/255.0.0.0",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
    };
    struct http_networks networks;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(http_networks_parse(bad[i], &networks), DISSOLVE_INVALID);
        assert_null(networks.blocks);
        assert_int_equal(networks.count, 0);
        assert_false(networks.unix_peers);
    }
}

/* A client of "1.2.3.4" behind the trusted 10.0.0.0/8, ::1 and Unix sockets; NULL: the peer. */
static void clients(void **state)
{
    static const struct {
        const char *peer;
        const char *header;
        const char *expected;
    } cases[] = {
        {"9.9.9.9:1", "1.2.3.4", NULL}, /* a stranger may say what it likes */
        {"9.9.9.9:1", NULL, NULL},
        {"10.0.0.1:1", NULL, NULL},
        {"10.0.0.1:1", "", NULL},
        {"10.0.0.1:1", "1.2.3.4", "1.2.3.4:0"},
        {"::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4:0"},
        {"unix", "1.2.3.4", "1.2.3.4:0"},
        {"unix", NULL, NULL},
        {"[::1]:7", "2001:db8::7", "[2001:db8::7]:0"},
        {"10.0.0.1:1", "6.6.6.6, 1.2.3.4", "1.2.3.4:0"}, /* whoever wrote the first one */
        {"10.0.0.1:1", "6.6.6.6,1.2.3.4,10.0.0.2 , ::1", "1.2.3.4:0"},
        {"10.0.0.1:1", "10.0.0.4, 10.0.0.3, 10.0.0.2", "10.0.0.4:0"},
        {"10.0.0.1:1", " \t1.2.3.4:5678 ", "1.2.3.4:5678"},
        {"10.0.0.1:1", "[2001:db8::7]:80, 10.0.0.2:9", "[2001:db8::7]:80"},
        {"10.0.0.1:1", "[2001:db8::7]", "[2001:db8::7]:0"},
        {"10.0.0.1:1", "garbage", NULL},
        {"10.0.0.1:1", "unix", NULL},
        {"10.0.0.1:1", "localhost", NULL},
        {"10.0.0.1:1", "1.2.3.4, garbage, 10.0.0.2", "10.0.0.2:0"},
        {"10.0.0.1:1", "1.2.3.4, 10.0.0.2, garbage", NULL},
        {"10.0.0.1:1", "1.2.3.4,", NULL},
        {"10.0.0.1:1", "1.2.3.4,,10.0.0.2", "10.0.0.2:0"},
        {"10.0.0.1:1", ",10.0.0.2", "10.0.0.2:0"},
        {"10.0.0.1:1", ",", NULL},
        {"10.0.0.1:1", "garbage, 1.2.3.4", "1.2.3.4:0"},
    };
    struct http_networks trusted;
    (void)state;
    assert_int_equal(http_networks_parse("10.0.0.0/8, ::1, unix", &trusted), DISSOLVE_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct http_address peer = address_of(cases[i].peer);
        struct http_address client;
        char text[HTTP_ADDRESS_TEXT];
        bool forwarded = http_forwarded_client(&trusted, &peer, cases[i].header, &client);
        assert_int_equal(forwarded, cases[i].expected != NULL);
        if (forwarded) {
            http_address_print(&client, text);
            assert_string_equal(text, cases[i].expected);
        } else {
            assert_memory_equal(&client, &peer, sizeof peer);
        }
    }
    http_networks_free(&trusted);
}

static void without_memory(void **state)
{
    struct http_networks networks;
    (void)state;
    for (long i = 0; i < 2; i++) {
        fail_allocation(i);
        enum dissolve_status status = http_networks_parse("unix,::1,::2", &networks);
        assert_true(allocation_failed());
        assert_int_equal(status, DISSOLVE_NO_MEMORY);
        assert_null(networks.blocks);
        assert_false(networks.unix_peers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_of_blocks),  cmocka_unit_test(every_prefix),
        cmocka_unit_test(what_is_no_network), cmocka_unit_test(clients),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
