/* Connections counted by address: the limit, who counts as one, memory, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "failing_malloc.h"
#include "http/peers.h"

static struct http_address address_of(const char *text)
{
    struct http_address address;
    assert_true(http_address_parse_host(text, strlen(text), &address));
    return address;
}

static bool enter(struct http_peers *peers, const char *text)
{
    const struct http_address address = address_of(text);
    return http_peers_enter(peers, &address);
}

static void leave(struct http_peers *peers, const char *text)
{
    const struct http_address address = address_of(text);
    http_peers_leave(peers, &address);
}

static void each_address_has_the_limit(void **state)
{
    (void)state;
    struct http_peers *peers = http_peers_create(2);
    assert_non_null(peers);
    assert_true(enter(peers, "1.2.3.4:1"));
    assert_true(enter(peers, "1.2.3.4:2"));
    assert_false(enter(peers, "1.2.3.4:3"));
    assert_true(enter(peers, "1.2.3.5"));
    assert_int_equal(http_peers_count(peers), 2);
    leave(peers, "1.2.3.4:2");
    assert_true(enter(peers, "1.2.3.4:4"));
    assert_false(enter(peers, "1.2.3.4:5"));
    leave(peers, "1.2.3.4");
    leave(peers, "1.2.3.4");
    leave(peers, "1.2.3.4"); /* of those that did not enter nobody leaves */
    assert_int_equal(http_peers_count(peers), 1);
    leave(peers, "1.2.3.5");
    assert_int_equal(http_peers_count(peers), 0);
    assert_true(enter(peers, "1.2.3.4"));
    http_peers_destroy(peers);
    http_peers_destroy(NULL);
}

static void who_counts_as_one(void **state)
{
    static const struct {
        const char *one;
        const char *other;
        bool same;
    } pairs[] = {
        {"1.2.3.4", "::ffff:1.2.3.4", true},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"::1", "::2", true},
        {"0.0.0.0", "::", false},
        {"1.2.3.4", "::1.2.3.4", false},
        {"::ffff:1.2.3.4", "::ffff:1.2.3.5", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct http_peers *peers = http_peers_create(1);
        assert_non_null(peers);
        assert_true(enter(peers, pairs[i].one));
        assert_int_equal(enter(peers, pairs[i].other), !pairs[i].same);
        http_peers_destroy(peers);
    }
}

static void some_are_not_counted(void **state)
{
    const struct http_address local = {.storage.ss_family = AF_UNIX, .size = 2};
    (void)state;
    struct http_peers *peers = http_peers_create(1);
    struct http_peers *unlimited = http_peers_create(0);
    assert_non_null(peers);
    assert_non_null(unlimited);
    for (int i = 0; i < 3; i++) {
        assert_true(http_peers_enter(peers, &local));
        assert_true(enter(unlimited, "1.2.3.4"));
    }
    assert_int_equal(http_peers_count(peers), 0);
    assert_int_equal(http_peers_count(unlimited), 0);
    http_peers_leave(peers, &local);
    leave(unlimited, "1.2.3.4");
    http_peers_destroy(peers);
    http_peers_destroy(unlimited);
}

/* Addresses in an order of their own come and go, beside a plain count of them. */
static void many_addresses(void **state)
{
    enum { ADDRESSES = 1000, ROUNDS = 20000, LIMIT = 3 };
    static unsigned counts[ADDRESSES];
    size_t present = 0;
    uint32_t random = 1;
    char text[32];
    (void)state;
    struct http_peers *peers = http_peers_create(LIMIT);
    assert_non_null(peers);
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1664525 + 1013904223;
        unsigned which = (random >> 8) % ADDRESSES;
        snprintf(text, sizeof text, "10.0.%u.%u", which % 256, which / 256);
        if (random >> 31 == 0) {
            assert_int_equal(enter(peers, text), counts[which] < LIMIT);
            present += counts[which] == 0;
            counts[which] += counts[which] < LIMIT;
        } else {
            leave(peers, text);
            present -= counts[which] == 1;
            counts[which] -= counts[which] > 0;
        }
        assert_int_equal(http_peers_count(peers), present);
    }
    http_peers_destroy(peers);
}

/* What is not had cannot be counted; what was counted before still is. */
static void without_memory(void **state)
{
    (void)state;
    fail_allocation(0);
    struct http_peers *peers = http_peers_create(1);
    assert_true(allocation_failed());
    assert_null(peers);
    peers = http_peers_create(2);
    assert_non_null(peers);
    assert_true(enter(peers, "1.2.3.4"));
    for (long i = 0; i < 2; i++) {
        fail_allocation(i);
        bool entered = enter(peers, "1.2.3.5");
        assert_true(allocation_failed());
        assert_false(entered);
        assert_int_equal(http_peers_count(peers), 1);
    }
    fail_allocation(0);
    bool entered = enter(peers, "1.2.3.4"); /* needs none */
    assert_false(allocation_failed());
    assert_true(entered);
    http_peers_destroy(peers);
}

enum { THREADS = 4, TURNS = 2000 };

struct visitor {
    struct http_peers *peers;
    unsigned entered;
};

static void *visit(void *argument)
{
    struct visitor *visitor = argument;
    for (int i = 0; i < TURNS; i++) {
        struct http_address address;
        char text[32];
        snprintf(text, sizeof text, "10.0.0.%d", i % 7);
        if (!http_address_parse_host(text, strlen(text), &address))
            break;
        if (http_peers_enter(visitor->peers, &address)) {
            visitor->entered++;
            http_peers_leave(visitor->peers, &address);
        }
    }
    return NULL;
}

/* As many as threads are allowed, so that none is ever refused; in the end nobody is there. */
static void from_many_threads(void **state)
{
    pthread_t threads[THREADS];
    struct visitor visitors[THREADS];
    (void)state;
    struct http_peers *peers = http_peers_create(THREADS);
    assert_non_null(peers);
    for (int i = 0; i < THREADS; i++) {
        visitors[i] = (struct visitor){.peers = peers};
        assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(visitors[i].entered, TURNS);
    }
    assert_int_equal(http_peers_count(peers), 0);
    http_peers_destroy(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_the_limit),
        cmocka_unit_test(who_counts_as_one),
        cmocka_unit_test(some_are_not_counted),
        cmocka_unit_test(many_addresses),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(from_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
