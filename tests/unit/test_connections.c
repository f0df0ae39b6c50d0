/* The list of connections, and that each of them is looked at while there are any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "http/clock.h"
#include "http/connections.h"

enum { MOST = 8 };

struct witness {
    sem_t ticked;
    unsigned seen[MOST]; /* how often each descriptor was looked at */
    int64_t now;
    struct http_exchange *exchange; /* of descriptor 0 */
};

static void look(void *context, struct http_connection *connection, int64_t now)
{
    struct witness *witness = context;
    witness->seen[connection->fd]++;
    witness->now = now;
    if (connection->fd == 0)
        witness->exchange = connection->exchange;
    sem_post(&witness->ticked);
}

struct fixture {
    struct witness witness;
    struct http_watcher *watcher;
    struct http_connections *all;
};

static void set_up(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    sem_init(&fixture->witness.ticked, 0, 0);
    fixture->watcher = http_watcher_create();
    assert_non_null(fixture->watcher);
    fixture->all = http_connections_create(fixture->watcher, look, &fixture->witness);
    assert_non_null(fixture->all);
}

static void tear_down(struct fixture *fixture)
{
    http_connections_destroy(fixture->all);
    http_watcher_destroy(fixture->watcher);
    sem_destroy(&fixture->witness.ticked);
}

static struct http_connection *enter(struct fixture *fixture, int fd)
{
    const struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(77)};
    struct http_connection *connection =
        http_connections_enter(fixture->all, fd, (const struct sockaddr *)&peer, sizeof peer, 1234);
    assert_non_null(connection);
    assert_int_equal(connection->fd, fd);
    assert_int_equal(connection->peer.size, sizeof peer);
    assert_memory_equal(&connection->peer.storage, &peer, sizeof peer);
    assert_int_equal(atomic_load(&connection->wait), HTTP_WAIT_HEAD);
    assert_int_equal(atomic_load(&connection->until), 1234);
    return connection;
}

static void each_is_looked_at_until_it_leaves(void **state)
{
    static const size_t leaving[] = {1, 3, 0, 2}; /* from the middle, from both ends, the last */
    struct fixture fixture;
    struct http_connection *connections[4];
    bool gone[4] = {false};
    (void)state;
    set_up(&fixture);
    for (int fd = 0; fd < 4; fd++)
        connections[fd] = enter(&fixture, fd);
    for (size_t i = 0; i < 4; i++) {
        unsigned before[MOST];
        assert_int_equal(http_connections_count(fixture.all), 4 - i);
        http_connections_leave(connections[leaving[i]]);
        gone[leaving[i]] = true;
        memcpy(before, fixture.witness.seen, sizeof before);
        http_connections_check(fixture.all, 99);
        for (size_t k = 0; k < 4; k++)
            assert_true(gone[k] ? fixture.witness.seen[k] == before[k]
                                : fixture.witness.seen[k] > before[k]);
    }
    assert_int_equal(http_connections_count(fixture.all), 0);
    tear_down(&fixture);
}

/* By itself, again and again, on the clock's time. */
static void the_timer_looks(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    int64_t before = http_clock_now();
    struct http_connection *connection = enter(&fixture, 0);
    for (int i = 0; i < 3; i++)
        sem_wait(&fixture.witness.ticked);
    http_connections_leave(connection);
    assert_true(fixture.witness.seen[0] >= 3);
    assert_true(fixture.witness.now >= before && fixture.witness.now <= http_clock_now());
    connection = enter(&fixture, 1); /* the timer starts anew */
    sem_wait(&fixture.witness.ticked);
    http_connections_leave(connection);
    tear_down(&fixture);
}

static void an_exchange_is_seen_while_it_is_attached(void **state)
{
    struct fixture fixture;
    int anything;
    struct http_exchange *exchange = (struct http_exchange *)&anything;
    (void)state;
    set_up(&fixture);
    struct http_connection *connection = enter(&fixture, 0);
    http_connection_attach(connection, exchange);
    http_connections_check(fixture.all, 1);
    http_connection_attach(connection, NULL);
    assert_ptr_equal(fixture.witness.exchange, exchange);
    http_connections_check(fixture.all, 1);
    assert_null(fixture.witness.exchange);
    http_connection_expect(connection, HTTP_WAIT_BODY, 5);
    assert_int_equal(atomic_load(&connection->wait), HTTP_WAIT_BODY);
    assert_int_equal(atomic_load(&connection->until), 5);
    http_connections_leave(connection);
    tear_down(&fixture);
}

static void nobody_and_no_memory(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    fail_allocation(0);
    assert_null(http_connections_enter(fixture.all, 0, NULL, 0, 0));
    assert_true(allocation_failed());
    fail_allocation(0);
    assert_null(http_connections_create(fixture.watcher, look, NULL));
    assert_true(allocation_failed());
    struct http_connection *connection = http_connections_enter(fixture.all, 0, NULL, 0, 0);
    assert_non_null(connection);
    assert_int_equal(connection->peer.size, 0);
    http_connections_leave(connection);
    http_connections_leave(NULL);
    http_connections_destroy(NULL);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_looked_at_until_it_leaves),
        cmocka_unit_test(the_timer_looks),
        cmocka_unit_test(an_exchange_is_seen_while_it_is_attached),
        cmocka_unit_test(nobody_and_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
