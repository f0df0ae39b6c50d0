/* Places of connections: both limits, and who holds one last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "http/linger.h"
#include "http/seats.h"

static struct http_address address_of(const char *text)
{
    struct http_address address;
    assert_true(http_address_parse(text, &address));
    return address;
}

static void all_places_are_limited(void **state)
{
    (void)state;
    struct http_seats seats = {.limit = 2};
    enum http_rejection reason;
    struct http_seat *first = http_seat_take(&seats, NULL, &reason);
    struct http_seat *second = http_seat_take(&seats, NULL, &reason);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(http_seat_take(&seats, NULL, &reason));
    assert_int_equal(reason, HTTP_REJECTED_CONNECTIONS);
    assert_int_equal(http_seats_taken(&seats), 2);
    http_seat_release(first);
    first = http_seat_take(&seats, NULL, &reason);
    assert_non_null(first);
    http_seat_release(first);
    http_seat_release(second);
    http_seat_release(NULL);
    assert_int_equal(http_seats_taken(&seats), 0);
}

static void those_of_an_address_are_limited(void **state)
{
    (void)state;
    struct http_seats seats = {.limit = 9, .peers = http_peers_create(1)};
    const struct http_address peer = address_of("192.0.2.1:1"), other = address_of("192.0.2.2:1");
    enum http_rejection reason;
    assert_non_null(seats.peers);
    struct http_seat *seat = http_seat_take(&seats, &peer, &reason);
    assert_non_null(seat);
    http_seat_hold(seat);
    http_seat_release(seat); /* one of two */
    assert_null(http_seat_take(&seats, &peer, &reason));
    assert_int_equal(reason, HTTP_REJECTED_CONNECTIONS_PER_ADDRESS);
    struct http_seat *neighbour = http_seat_take(&seats, &other, &reason);
    struct http_seat *proxy = http_seat_take(&seats, NULL, &reason);
    assert_non_null(neighbour);
    assert_non_null(proxy);
    assert_int_equal(http_seats_taken(&seats), 3);
    http_seat_release(seat);
    seat = http_seat_take(&seats, &peer, &reason);
    assert_non_null(seat);
    http_seat_release(seat);
    http_seat_release(neighbour);
    http_seat_release(proxy);
    assert_int_equal(http_peers_count(seats.peers), 0);
    http_peers_destroy(seats.peers);
}

static void without_memory_nothing_is_taken(void **state)
{
    (void)state;
    struct http_seats seats = {.limit = 1};
    enum http_rejection reason;
    fail_allocation(0);
    struct http_seat *seat = http_seat_take(&seats, NULL, &reason);
    assert_true(allocation_failed());
    assert_null(seat);
    assert_int_equal(reason, HTTP_REJECTED_NO_MEMORY);
    assert_int_equal(http_seats_taken(&seats), 0);
}

/* The watcher's end forgets what lingers, which gives the place back. */
static void what_lingers_keeps_the_place(void **state)
{
    (void)state;
    struct http_seats seats = {.limit = 1};
    struct http_watcher *watcher = http_watcher_create();
    enum http_rejection reason;
    int pair[2];
    assert_non_null(watcher);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct http_seat *seat = http_seat_take(&seats, NULL, &reason);
    assert_non_null(seat);
    http_linger(watcher, pair[0], 100, seat, pair[0]); /* there is no number as low */
    http_linger(watcher, pair[0], 100, seat, 0);
    http_watcher_destroy(watcher);
    assert_int_equal(http_seats_taken(&seats), 1);
    http_seat_release(seat);
    assert_int_equal(http_seats_taken(&seats), 0);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_places_are_limited),
        cmocka_unit_test(those_of_an_address_are_limited),
        cmocka_unit_test(without_memory_nothing_is_taken),
        cmocka_unit_test(what_lingers_keeps_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
