/* The watching thread: events, deadlines, and that nothing is called once it is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/clock.h"
#include "http/watcher.h"

struct witness {
    sem_t called;
    uint32_t events;
    bool keep;
    unsigned forgotten;
    int fds[2]; /* [0] is watched, [1] is the peer */
};

static bool seen(void *context, uint32_t events)
{
    struct witness *witness = context;
    witness->events = events;
    sem_post(&witness->called);
    return witness->keep;
}

static void forgotten(void *context)
{
    struct witness *witness = context;
    witness->forgotten++;
    sem_post(&witness->called);
}

static void set_up(struct witness *witness)
{
    *witness = (struct witness){0};
    sem_init(&witness->called, 0, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, witness->fds), 0);
}

static void tear_down(struct witness *witness)
{
    close(witness->fds[0]);
    close(witness->fds[1]);
    sem_destroy(&witness->called);
}

static uint64_t add(struct http_watcher *watcher, struct witness *witness, int64_t deadline)
{
    const struct http_watch watch = {.fd = witness->fds[0],
                                     .events = EPOLLRDHUP | EPOLLONESHOT,
                                     .deadline = deadline,
                                     .seen = seen,
                                     .forgotten = forgotten,
                                     .context = witness};
    return http_watcher_add(watcher, &watch);
}

static void sees_a_peer_leave(void **state)
{
    struct witness witness;
    (void)state;
    set_up(&witness);
    struct http_watcher *watcher = http_watcher_create();
    assert_non_null(watcher);
    uint64_t id = add(watcher, &witness, 0);
    assert_int_not_equal(id, 0);
    shutdown(witness.fds[1], SHUT_WR);
    sem_wait(&witness.called);
    sem_wait(&witness.called);
    assert_true(witness.events & EPOLLRDHUP);
    assert_int_equal(witness.forgotten, 1);
    http_watcher_remove(watcher, id); /* long gone */

    /* The same descriptor may be watched again, under another id. */
    uint64_t second = add(watcher, &witness, 0);
    assert_int_not_equal(second, 0);
    assert_int_not_equal(second, id);
    http_watcher_remove(watcher, id);
    sem_wait(&witness.called); /* it is not affected by the old id */
    http_watcher_destroy(watcher);
    assert_int_equal(witness.forgotten, 2);
    tear_down(&witness);
}

static void a_removed_watch_is_not_called(void **state)
{
    struct witness removed;
    struct witness other;
    (void)state;
    set_up(&removed);
    set_up(&other);
    struct http_watcher *watcher = http_watcher_create();
    assert_non_null(watcher);
    uint64_t id = add(watcher, &removed, 0);
    assert_int_not_equal(add(watcher, &other, 0), 0);
    http_watcher_remove(watcher, id);
    assert_int_equal(removed.forgotten, 1);
    removed.events = 12345;
    shutdown(removed.fds[1], SHUT_WR);
    shutdown(other.fds[1], SHUT_WR);
    sem_wait(&other.called); /* an event after the one that must not be told */
    http_watcher_destroy(watcher);
    assert_int_equal(removed.events, 12345);
    tear_down(&removed);
    tear_down(&other);
}

static void a_deadline_passes(void **state)
{
    struct witness witness;
    (void)state;
    set_up(&witness);
    witness.events = 12345;
    witness.keep = true;
    struct http_watcher *watcher = http_watcher_create();
    assert_non_null(watcher);
    uint64_t id = add(watcher, &witness, http_clock_now() + 1);
    assert_int_not_equal(id, 0);
    sem_wait(&witness.called);
    http_watcher_remove(watcher, id); /* seen is not running any more */
    assert_int_equal(witness.events, 0);
    http_watcher_destroy(watcher);
    tear_down(&witness);
}

static void hanging_up_reaches_all(void **state)
{
    enum { MANY = 100 }; /* more than the table has at first */
    static struct witness witnesses[MANY];
    (void)state;
    struct http_watcher *watcher = http_watcher_create();
    assert_non_null(watcher);
    for (size_t i = 0; i < MANY; i++) {
        set_up(&witnesses[i]);
        assert_int_not_equal(add(watcher, &witnesses[i], http_clock_now() + 3600000), 0);
    }
    http_watcher_hang_up(watcher);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(witnesses[i].events, EPOLLHUP);
        assert_int_equal(witnesses[i].forgotten, 1);
    }
    http_watcher_destroy(watcher);
    for (size_t i = 0; i < MANY; i++)
        tear_down(&witnesses[i]);
}

static void an_owned_descriptor_is_closed(void **state)
{
    struct witness witness;
    (void)state;
    set_up(&witness);
    struct http_watcher *watcher = http_watcher_create();
    assert_non_null(watcher);
    int copy = dup(witness.fds[0]);
    const struct http_watch watch = {
        .fd = copy, .events = EPOLLIN, .owned = true, .seen = seen, .context = &witness};
    assert_int_not_equal(http_watcher_add(watcher, &watch), 0);
    http_watcher_destroy(watcher);
    assert_int_equal(fcntl(copy, F_GETFD), -1);
    assert_int_equal(errno, EBADF);
    tear_down(&witness);
}

static void what_cannot_be_watched_stays_the_callers(void **state)
{
    struct witness witness;
    (void)state;
    set_up(&witness);
    struct http_watcher *watcher = http_watcher_create();
    assert_non_null(watcher);
    assert_int_not_equal(add(watcher, &witness, 0), 0);
    assert_int_equal(add(watcher, &witness, 0), 0); /* twice in one epoll set */
    http_watcher_destroy(watcher);
    assert_int_equal(witness.forgotten, 1);
    tear_down(&witness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_a_peer_leave),
        cmocka_unit_test(a_removed_watch_is_not_called),
        cmocka_unit_test(a_deadline_passes),
        cmocka_unit_test(hanging_up_reaches_all),
        cmocka_unit_test(an_owned_descriptor_is_closed),
        cmocka_unit_test(what_cannot_be_watched_stays_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
