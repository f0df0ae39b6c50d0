/* Listening: files of Unix sockets, made, replaced, left alone and removed; what cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "http/listener.h"

struct place {
    struct http_watcher *watcher;
    char folder[32];
    char path[64];
    struct http_address address;
    struct http_address peer; /* of the last connection */
    sem_t came;
    int descriptors;
    sem_t closed;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    place->watcher = http_watcher_create();
    assert_non_null(place->watcher);
    strcpy(place->folder, "/tmp/dissolved-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "unix:%s/socket", place->folder);
    assert_true(http_address_parse(place->path, &place->address));
    memmove(place->path, place->path + 5, strlen(place->path + 5) + 1);
    sem_init(&place->came, 0, 0);
    sem_init(&place->closed, 0, 0);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    http_watcher_destroy(place->watcher);
    unlink(place->path);
    assert_int_equal(rmdir(place->folder), 0);
    sem_destroy(&place->came);
    sem_destroy(&place->closed);
    free(place);
    return 0;
}

static void exhausted(void *context)
{
    struct place *place = context;
    sem_post(&place->closed);
}

static void accepted(void *context, int fd, const struct http_address *peer)
{
    struct place *place = context;
    place->peer = *peer;
    close(fd);
    sem_post(&place->came);
}

static struct http_listener_options options_of(struct place *place)
{
    return (struct http_listener_options){.address = &place->address,
                                          .watcher = place->watcher,
                                          .accepted = accepted,
                                          .exhausted = exhausted,
                                          .context = place,
                                          .descriptors = place->descriptors};
}

static struct http_listener *open_listener(struct place *place)
{
    const struct http_listener_options options = options_of(place);
    struct http_listener *listener = http_listener_open(&options);
    if (listener == NULL || http_listener_start(listener))
        return listener;
    http_listener_close(listener);
    return NULL;
}

/* flags: 0 or SOCK_NONBLOCK. -1: it did not come to a connection. */
static int connect_to(const struct http_address *address, int flags)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address->storage, address->size) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool is_there(const struct place *place)
{
    struct stat file;
    return lstat(place->path, &file) == 0;
}

/* A socket's file, which nobody listens on any more unless *fd is kept. */
static int bind_by_hand(const struct place *place)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *name = (const struct sockaddr *)&place->address.storage;
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, name, place->address.size), 0);
    return fd;
}

/* Whoever connects before waits in the backlog. */
static void nothing_is_accepted_before_the_start(void **state)
{
    struct place *place = *state;
    const struct http_listener_options options = options_of(place);
    struct http_listener *listener = http_listener_open(&options);
    assert_non_null(listener);
    int early = connect_to(&place->address, 0);
    assert_true(early >= 0);
    assert_int_equal(sem_trywait(&place->came), -1);
    assert_true(http_listener_start(listener));
    sem_wait(&place->came);
    close(early);
    http_listener_close(listener);
    listener = http_listener_open(&options);
    assert_non_null(listener);
    http_listener_close(listener); /* never started */
    assert_false(is_there(place));
}

static void a_path_is_served_and_removed(void **state)
{
    struct place *place = *state;
    struct stat file;
    char text[HTTP_ADDRESS_TEXT];
    struct http_listener *listener = open_listener(place);
    assert_non_null(listener);
    assert_string_equal(http_address_path(http_listener_address(listener)), place->path);
    int fd = connect_to(&place->address, 0);
    assert_true(fd >= 0);
    sem_wait(&place->came);
    http_address_print(&place->peer, text);
    assert_string_equal(text, "unix:");
    assert_int_equal(stat(place->path, &file), 0);
    assert_true(S_ISSOCK(file.st_mode));
    close(fd);
    http_listener_close(listener);
    assert_false(is_there(place));
}

static void the_mode_is_what_the_umask_leaves(void **state)
{
    static const mode_t masks[] = {0, 022, 077, 0117};
    struct place *place = *state;
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        struct stat file;
        mode_t before = umask(masks[i]);
        struct http_listener *listener = open_listener(place);
        umask(before);
        assert_non_null(listener);
        assert_int_equal(stat(place->path, &file), 0);
        assert_int_equal(file.st_mode & 07777, 0666 & ~masks[i]);
        http_listener_close(listener);
    }
}

static void a_socket_that_nobody_serves_is_replaced(void **state)
{
    struct place *place = *state;
    close(bind_by_hand(place));
    assert_true(is_there(place));
    struct http_listener *listener = open_listener(place);
    assert_non_null(listener);
    int fd = connect_to(&place->address, 0);
    assert_true(fd >= 0);
    sem_wait(&place->came);
    close(fd);
    http_listener_close(listener);
    assert_false(is_there(place));
}

static void a_socket_that_is_served_is_left_alone(void **state)
{
    struct place *place = *state;
    struct http_listener *listener = open_listener(place);
    assert_non_null(listener);
    errno = 0;
    assert_null(open_listener(place));
    assert_int_equal(errno, EADDRINUSE);
    sem_wait(&place->came); /* it was asked whether it is */
    int fd = connect_to(&place->address, 0);
    assert_true(fd >= 0);
    sem_wait(&place->came);
    close(fd);
    http_listener_close(listener);
}

/* One whose queue is full does not refuse, it makes wait. */
static void a_socket_that_is_busy_is_left_alone(void **state)
{
    struct place *place = *state;
    int busy = bind_by_hand(place);
    int waiting[8];
    size_t count = 0;
    assert_int_equal(listen(busy, 0), 0);
    do
        waiting[count] = connect_to(&place->address, SOCK_NONBLOCK);
    while (waiting[count] >= 0 && ++count < 8);
    assert_in_range(count, 1, 7);
    errno = 0;
    assert_null(open_listener(place));
    assert_int_equal(errno, EADDRINUSE);
    while (count > 0)
        close(waiting[--count]);
    close(busy);
    assert_true(is_there(place));
}

static void what_is_no_socket_is_left_alone(void **state)
{
    struct place *place = *state;
    int fd = open(place->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_null(open_listener(place));
    assert_int_equal(errno, ENOTSOCK);
    assert_true(is_there(place));
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(symlink("/nowhere", place->path), 0);
    assert_null(open_listener(place));
    assert_int_equal(errno, ENOTSOCK);
    assert_true(is_there(place));
}

/* Somebody took the path away in the meantime: what is there now is not ours to remove. */
static void anothers_file_is_not_removed(void **state)
{
    struct place *place = *state;
    struct http_listener *listener = open_listener(place);
    assert_non_null(listener);
    char aside[80];
    snprintf(aside, sizeof aside, "%s.aside", place->path);
    assert_int_equal(rename(place->path, aside), 0);
    int fd = bind_by_hand(place);
    http_listener_close(listener);
    assert_true(is_there(place));
    close(fd);
    assert_int_equal(unlink(aside), 0);
    listener = NULL;
    assert_int_equal(unlink(place->path), 0);
    listener = open_listener(place);
    assert_non_null(listener);
    assert_int_equal(unlink(place->path), 0);
    http_listener_close(listener); /* nothing is there to be removed */
}

static void a_folder_that_is_not_there(void **state)
{
    struct place *place = *state;
    assert_true(http_address_parse("unix:/nowhere/socket", &place->address));
    assert_null(open_listener(place));
    assert_int_equal(errno, ENOENT);
}

static void ports(void **state)
{
    struct place *place = *state;
    static const char *const texts[] = {"127.0.0.1:0", "[::ffff:127.0.0.1]:0"};
    for (size_t i = 0; i < 2; i++) {
        assert_true(http_address_parse(texts[i], &place->address));
        struct http_listener *listener = open_listener(place);
        assert_non_null(listener);
        const struct http_address given = *http_listener_address(listener);
        assert_null(http_address_path(&given));
        int fd = connect_to(&given, 0);
        assert_true(fd >= 0);
        sem_wait(&place->came);
        close(fd);
        place->address = given;
        assert_null(open_listener(place));
        assert_int_equal(errno, EADDRINUSE);
        http_listener_close(listener);
    }
    assert_true(http_address_parse("192.0.2.1:0", &place->address)); /* RFC 5737: nobody's */
    assert_null(open_listener(place));
    assert_int_equal(errno, EADDRNOTAVAIL);
}

/* So many descriptors more may be opened, then none. */
static struct http_listener *open_with(struct place *place, rlim_t descriptors)
{
    struct rlimit before;
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit limit = {.rlim_cur = (rlim_t)next + descriptors, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    struct http_listener *listener = open_listener(place);
    int reason = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    errno = reason;
    return listener;
}

/* A connection whose number is not low enough is closed; where it is, it comes. */
static void the_last_descriptors_are_for_others(void **state)
{
    struct place *place = *state;
    char byte;
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(next >= 0);
    close(next);
    for (int more = 1; more < 4; more++) {
        place->descriptors = next + more; /* what the client has is below */
        struct http_listener *listener = open_listener(place);
        assert_non_null(listener);
        int fd = connect_to(&place->address, 0);
        assert_true(fd >= 0);
        sem_wait(&place->closed);
        assert_int_equal(read(fd, &byte, 1), 0);
        close(fd);
        http_listener_close(listener);
    }
    place->descriptors = next + 16;
    struct http_listener *listener = open_listener(place);
    assert_non_null(listener);
    int fd = connect_to(&place->address, 0);
    sem_wait(&place->came);
    close(fd);
    http_listener_close(listener);
    place->descriptors = 0;
}

static void without_descriptors_or_memory(void **state)
{
    struct place *place = *state;
    close(bind_by_hand(place));
    for (rlim_t left = 0; left < 2; left++) {
        assert_null(open_with(place, left));
        assert_int_equal(errno, EMFILE);
        assert_true(is_there(place));
    }
    fail_allocation(0);
    struct http_listener *listener = open_listener(place);
    assert_true(allocation_failed());
    assert_null(listener);
    fail_allocation(1); /* the watcher's; the file was made by then */
    listener = open_listener(place);
    assert_true(allocation_failed());
    assert_null(listener);
    assert_false(is_there(place));
    http_listener_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_accepted_before_the_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_path_is_served_and_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_mode_is_what_the_umask_leaves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_socket_that_nobody_serves_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_socket_that_is_served_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_socket_that_is_busy_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_socket_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(anothers_file_is_not_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ports, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_last_descriptors_are_for_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_descriptors_or_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
