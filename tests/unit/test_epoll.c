/* Who got as many events as it asked for is not kept waiting for more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "http/epoll.h"

enum { MOST = 128, FOREVER = -1 };

static int ready(int epoll)
{
    int fd = eventfd(1, EFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    assert_true(fd >= 0);
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
    return fd;
}

/* Where it fails, the test's own deadline ends it. */
static void all_that_was_asked_for_is_enough(void **state)
{
    struct epoll_event events[MOST];
    int fds[2 * MOST + 1], epoll = epoll_create1(EPOLL_CLOEXEC);
    (void)state;
    for (int i = 0; i < 2 * MOST; i++)
        fds[i] = ready(epoll);
    assert_int_equal(epoll_wait(epoll, events, MOST, FOREVER), MOST);
    assert_int_equal(epoll_wait(epoll, events, MOST, FOREVER), MOST);
    assert_int_equal(epoll_wait(epoll, events, MOST, FOREVER), 0);
    fds[2 * MOST] = ready(epoll);
    assert_int_equal(epoll_wait(epoll, events, MOST, FOREVER), 1);
    assert_int_equal(events[0].data.fd, fds[2 * MOST]);
    for (int i = 0; i <= 2 * MOST; i++)
        close(fds[i]);
    close(epoll);
}

static void an_error_is_no_event(void **state)
{
    struct epoll_event event;
    (void)state;
    assert_int_equal(epoll_wait(-1, &event, 1, FOREVER), -1);
    assert_int_equal(epoll_wait(-1, &event, 1, FOREVER), -1);
}

int main(void)
{
    http_epoll_stand_in();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_was_asked_for_is_enough),
        cmocka_unit_test(an_error_is_no_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
