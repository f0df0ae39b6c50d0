/* Asks Python, an independent judge, about bytes that the code under test made. */
#ifndef TESTS_JUDGE_H
#define TESTS_JUDGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A descriptor from which `bytes` can be read. */
static inline int judge_input(const void *bytes, size_t size)
{
    int input = memfd_create("judged", 0);
    assert_true(input >= 0);
    for (size_t done = 0; done < size;) {
        ssize_t count = write(input, (const char *)bytes + done, size - done);
        assert_true(count > 0);
        done += (size_t)count;
    }
    assert_int_equal(lseek(input, 0, SEEK_SET), 0);
    return input;
}

/*
 * Runs `script` with the bytes as its standard input; returns how many bytes of its standard output
 * came into answer[0..room). A script that fails fails the test.
 */
static inline size_t judge(const char *script, const void *bytes, size_t size, void *answer,
                           size_t room)
{
    int ends[2];
    int input = judge_input(bytes, size);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(input, STDIN_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/usr/bin/python3", "python3", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(input);
    close(ends[1]);
    size_t got = 0;
    ssize_t count;
    while (got < room && (count = read(ends[0], (char *)answer + got, room - got)) > 0)
        got += (size_t)count;
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return got;
}

#endif
