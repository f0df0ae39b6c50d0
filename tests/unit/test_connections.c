/* The list of connections, and that each of them is looked at while there are any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "http/clock.h"
#include "http/connections.h"

enum { MOST = 8 };

struct witness {
    sem_t ticked;
    unsigned seen[MOST]; /* how often each connection was looked at */
    atomic_uint looked;  /* how often all of them were */
    int64_t now;
    struct http_exchange *exchange; /* of connection 0 */
    sem_t hung_up;
    unsigned left[MOST];
};

/* A connection's number is its peer's port. */
static size_t number_of(const struct http_connection *connection)
{
    return ntohs(((const struct sockaddr_in *)&connection->peer.storage)->sin_port);
}

static void look(void *context, struct http_connection *connection, int64_t now)
{
    struct witness *witness = context;
    witness->seen[number_of(connection)]++;
    witness->now = now;
    if (number_of(connection) == 0)
        witness->exchange = connection->exchange;
    sem_post(&witness->ticked);
}

static void looked(void *context, struct http_connection *first)
{
    struct witness *witness = context;
    assert_true(!first || !first->previous);
    atomic_fetch_add(&witness->looked, 1);
}

static void left(void *context, struct http_connection *connection)
{
    struct witness *witness = context;
    witness->left[number_of(connection)]++;
    sem_post(&witness->hung_up);
}

struct fixture {
    struct witness witness;
    struct http_watcher *watcher;
    struct http_connections *all;
    int ends[MOST][2]; /* of each connection; the second is the client's */
};

static void set_up(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    sem_init(&fixture->witness.ticked, 0, 0);
    sem_init(&fixture->witness.hung_up, 0, 0);
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fixture->ends[i]), 0);
    fixture->watcher = http_watcher_create();
    assert_non_null(fixture->watcher);
    const struct http_attendant attendant = {&fixture->witness, look, looked, left};
    fixture->all = http_connections_create(fixture->watcher, &attendant);
    assert_non_null(fixture->all);
}

static void tear_down(struct fixture *fixture)
{
    http_connections_destroy(fixture->all);
    http_watcher_destroy(fixture->watcher);
    for (size_t i = 0; i < MOST; i++) {
        close(fixture->ends[i][0]);
        close(fixture->ends[i][1]);
    }
    sem_destroy(&fixture->witness.hung_up);
    sem_destroy(&fixture->witness.ticked);
}

static struct http_connection *enter(struct fixture *fixture, uint16_t number)
{
    const struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(number)};
    int fd = fixture->ends[number][0];
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
    for (uint16_t i = 0; i < 4; i++)
        connections[i] = enter(&fixture, i);
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

/*
 * Once for the end of the sending side and once for that of the connection; from then on nothing is
 * waited for longer than a moment, but work is without an end.
 */
static void who_hangs_up_is_noticed(void **state)
{
    struct fixture fixture;
    int64_t later = http_clock_now() + 3600 * 1000;
    (void)state;
    set_up(&fixture);
    struct http_connection *stays = enter(&fixture, 0), *leaves = enter(&fixture, 1);
    http_connection_expect(stays, HTTP_WAIT_BODY, later);
    http_connection_expect(leaves, HTTP_WAIT_BODY, later);
    assert_int_equal(shutdown(fixture.ends[1][1], SHUT_WR), 0);
    sem_wait(&fixture.witness.hung_up);
    while (!atomic_load(&leaves->hung_up) || atomic_load(&leaves->until) == later)
        sched_yield();
    assert_in_range(atomic_load(&leaves->until), 1, later - 3000 * 1000);
    http_connection_expect(leaves, HTTP_WAIT_NEXT, later);
    assert_in_range(atomic_load(&leaves->until), 1, later - 3000 * 1000);
    http_connection_expect(leaves, HTTP_WAIT_WORK, 0);
    assert_int_equal(atomic_load(&leaves->until), 0);
    assert_false(atomic_load(&leaves->gone));
    http_watcher_hang_up(fixture.watcher);
    sem_wait(&fixture.witness.hung_up);
    sem_wait(&fixture.witness.hung_up);
    http_watcher_hang_up(fixture.watcher); /* both are gone already */
    assert_true(atomic_load(&leaves->gone));
    assert_true(atomic_load(&stays->gone));
    assert_true(atomic_load(&stays->hung_up));
    assert_int_equal(atomic_load(&stays->wait), HTTP_WAIT_BODY);
    http_connections_leave(leaves);
    http_connections_leave(stays);
    assert_int_equal(fixture.witness.left[0], 1);
    assert_int_equal(fixture.witness.left[1], 2);
    tear_down(&fixture);
}

static void nobody_and_no_memory(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    const struct http_attendant attendant = {&fixture.witness, look, looked, left};
    http_connections_check(fixture.all, 0); /* all of none */
    assert_int_equal(fixture.witness.looked, 1);
    int fd = fixture.ends[0][0];
    fail_allocation(0);
    assert_null(http_connections_enter(fixture.all, fd, NULL, 0, 0));
    assert_true(allocation_failed());
    assert_null(http_connections_enter(fixture.all, -1, NULL, 0, 0)); /* nothing to watch */
    assert_int_equal(http_connections_count(fixture.all), 0);
    fail_allocation(0);
    assert_null(http_connections_create(fixture.watcher, &attendant));
    assert_true(allocation_failed());
    struct http_connection *connection = http_connections_enter(fixture.all, fd, NULL, 0, 0);
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
        cmocka_unit_test(who_hangs_up_is_noticed),
        cmocka_unit_test(nobody_and_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
