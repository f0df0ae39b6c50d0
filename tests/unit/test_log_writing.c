/* The log's thread: many that log, readers that are slow, stuck or gone, writes that go wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "http/log.h"

/* How write() behaves in this program. */
static atomic_bool troubled;

/* In trouble it is interrupted, is told to come again, takes a byte, takes half, in turns. */
__attribute__((visibility("default"))) ssize_t write(int fd, const void *bytes, size_t size)
{
    static atomic_uint turn;
    if (!troubled)
        return syscall(SYS_write, fd, bytes, size);
    switch (atomic_fetch_add(&turn, 1) % 4) {
    case 0:
        errno = EINTR;
        return -1;
    case 1:
        errno = EAGAIN;
        return -1;
    case 2:
        return syscall(SYS_write, fd, bytes, 1);
    default:
        return syscall(SYS_write, fd, bytes, size > 1 ? size / 2 : 1);
    }
}

static struct http_log *text_log(int fd)
{
    struct http_log *log = http_log_create(fd, HTTP_LOG_TEXT, HTTP_LOG_INFO);
    assert_non_null(log);
    return log;
}

/* All that a file holds, with a NUL behind it, and closes it. */
static char *read_file(int file)
{
    size_t size = (size_t)lseek(file, 0, SEEK_END);
    char *text = calloc(1, size + 1);
    assert_non_null(text);
    assert_int_equal(pread(file, text, size, 0), size);
    close(file);
    return text;
}

/* The number that stands behind `words` in the line; the line has to hold them. */
static unsigned long number_behind(const char *line, const char *words)
{
    const char *found = strstr(line, words);
    assert_non_null(found);
    return strtoul(found + strlen(words), NULL, 10);
}

enum { THREADS = 4, EACH = 500 };

struct talker {
    struct http_log *log;
    unsigned number;
};

static void *talk(void *argument)
{
    struct talker *talker = argument;
    for (unsigned i = 0; i < EACH; i++) {
        if (i % 2 == 0)
            http_log_say(talker->log, HTTP_LOG_INFO, "talker=%u count=%u", talker->number, i);
        else
            http_log_request(talker->log, &(struct http_log_request){
                                              .id = "count=", /* never read as such: "id=count=" */
                                              .method = "talker",
                                              .bytes_in = talker->number,
                                              .bytes_out = i,
                                              .level = HTTP_LOG_INFO});
    }
    return NULL;
}

/* Each thread's lines are all there, whole, and in their order. */
static void threads_log_together(bool trouble)
{
    int file = memfd_create("log", 0);
    struct http_log *log = text_log(file);
    struct talker talkers[THREADS];
    pthread_t threads[THREADS];
    unsigned next[THREADS] = {0};
    troubled = trouble;
    for (unsigned i = 0; i < THREADS; i++) {
        talkers[i] = (struct talker){log, i};
        assert_int_equal(pthread_create(&threads[i], NULL, talk, &talkers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(http_log_dropped(log), 0);
    http_log_destroy(log);
    troubled = false;

    char *text = read_file(file);
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
        bool said = strstr(line, " talker=") != NULL;
        unsigned long number = number_behind(line, said ? " talker=" : " bytes_in=");
        assert_true(number < THREADS);
        assert_int_equal(number_behind(line, said ? " count=" : " bytes_out="), next[number]++);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(next[i], EACH);
    free(text);
}

static void many_threads_log(void **state)
{
    (void)state;
    threads_log_together(false);
}

static void writes_that_do_not_go_well_lose_nothing(void **state)
{
    (void)state;
    threads_log_together(true);
}

/* Logs numbered lines until one is lost, and some that are shorter; returns how many it logged. */
static unsigned long log_until_full(struct http_log *log)
{
    unsigned long count = 0;
    while (http_log_dropped(log) == 0)
        http_log_say(log, HTTP_LOG_INFO, "number %lu %900s", count++, "");
    for (int i = 0; i < 10; i++)
        http_log_say(log, HTTP_LOG_INFO, "number %lu", count++);
    return count;
}

/* Reads until `words` stand in what was read, or to the end if they are NULL. */
static size_t read_on(int fd, char *text, size_t size, size_t room, const char *words)
{
    while (words == NULL || memmem(text, size, words, strlen(words)) == NULL) {
        assert_true(size < room);
        ssize_t count = read(fd, text + size, room - size);
        assert_true(count >= 0);
        if (count == 0)
            break;
        size += (size_t)count;
    }
    return size;
}

static void full_log_says_how_many_lines_were_lost(int flags)
{
    static char text[4 << 20];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, flags), 0);
    struct http_log *log = text_log(ends[1]);
    unsigned long count = log_until_full(log);
    size_t size = read_on(ends[0], text, 0, sizeof text - 1, "lost before");
    http_log_say(log, HTTP_LOG_INFO, "number %lu", count);
    unsigned long dropped = http_log_dropped(log);
    http_log_destroy(log);
    close(ends[1]);
    size = read_on(ends[0], text, size, sizeof text - 1, NULL);
    text[size] = '\0';
    close(ends[0]);

    /* Every line is there or counted, where it would have been. */
    unsigned long next = 0;
    unsigned long lost = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
        if (strstr(line, " info number ") != NULL) {
            assert_int_equal(number_behind(line, " info number "), next++);
            continue;
        }
        unsigned long here = number_behind(line, " warning log lines lost before this one: ");
        next += here;
        lost += here;
    }
    assert_int_equal(lost, dropped);
    assert_int_equal(next, count + 1);
}

static void full_log_of_a_blocking_pipe(void **state)
{
    (void)state;
    full_log_says_how_many_lines_were_lost(0);
}

static void full_log_of_a_pipe_that_does_not_block(void **state)
{
    (void)state;
    full_log_says_how_many_lines_were_lost(O_NONBLOCK);
}

static void stuck_reader_does_not_hold_up_the_end(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    struct http_log *log = text_log(ends[1]);
    log_until_full(log);
    http_log_destroy(log);
    close(ends[0]);
    close(ends[1]);
}

static void wait_until_dropped(struct http_log *log, uint64_t count)
{
    while (http_log_dropped(log) < count)
        sched_yield();
    assert_int_equal(http_log_dropped(log), count);
}

/* SIGPIPE would end the program. Where the log goes on to write, it says what was lost. */
static void reader_that_has_gone_is_survived(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    struct http_log *log = text_log(ends[1]);
    for (unsigned i = 1; i <= 3; i++) {
        http_log_say(log, HTTP_LOG_INFO, "unheard");
        wait_until_dropped(log, i);
    }
    int file = memfd_create("log", 0);
    assert_true(dup2(file, ends[1]) >= 0);
    http_log_say(log, HTTP_LOG_INFO, "heard");
    http_log_destroy(log);
    close(ends[1]);

    char *text = read_file(file);
    char *rest = text;
    assert_non_null(strstr(strsep(&rest, "\n"), " info heard"));
    assert_int_equal(number_behind(strsep(&rest, "\n"), "lost before this one: "), 3);
    assert_string_equal(rest, "");
    free(text);
}

static void full_disk_is_survived(void **state)
{
    (void)state;
    int file = open("/dev/full", O_WRONLY);
    assert_true(file >= 0);
    struct http_log *log = text_log(file);
    http_log_say(log, HTTP_LOG_INFO, "no room");
    wait_until_dropped(log, 1);
    http_log_say(log, HTTP_LOG_INFO, "no room");
    http_log_destroy(log);
    close(file);
}

/* A pipe in packet mode shows each write: none is longer than what a pipe keeps in one piece. */
static void writes_are_whole_lines(void **state)
{
    enum { LINES = 2000 };
    char packet[PIPE_BUF + 1];
    int ends[2];
    size_t lines = 0;
    ssize_t size;
    (void)state;
    assert_int_equal(pipe2(ends, O_DIRECT), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
    struct http_log *log = text_log(ends[1]);
    for (int i = 0; i < LINES; i++)
        http_log_say(log, HTTP_LOG_INFO, "a line of some length, number %d", i);
    http_log_destroy(log);
    close(ends[1]);
    while ((size = read(ends[0], packet, sizeof packet)) > 0) {
        assert_in_range(size, 1, PIPE_BUF);
        assert_int_equal(packet[size - 1], '\n');
        for (ssize_t i = 0; i < size; i++)
            lines += packet[i] == '\n';
    }
    assert_int_equal(size, 0);
    assert_int_equal(lines, LINES);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_threads_log),
        cmocka_unit_test(writes_that_do_not_go_well_lose_nothing),
        cmocka_unit_test(full_log_of_a_blocking_pipe),
        cmocka_unit_test(full_log_of_a_pipe_that_does_not_block),
        cmocka_unit_test(stuck_reader_does_not_hold_up_the_end),
        cmocka_unit_test(reader_that_has_gone_is_survived),
        cmocka_unit_test(full_disk_is_survived),
        cmocka_unit_test(writes_are_whole_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
