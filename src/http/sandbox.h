/* Gives up, for the whole process and for good, what serving does not need. */
#ifndef HTTP_SANDBOX_H
#define HTTP_SANDBOX_H

#include <dissolve/status.h>
#include <stdint.h>

enum http_sandbox {
    HTTP_SANDBOX_ON,
    HTTP_SANDBOX_UNAVAILABLE, /* this kernel, container or build has none */
    HTTP_SANDBOX_FAILED,      /* it has one, which could not be entered: do not serve */
};

/*
 * From here on every thread of the process, whichever calls, may only do what a list names
 * (seccomp, seccomp(2)) and gain no privileges (no_new_privs, prctl(2)): work with the memory and
 * the descriptors it has, take connections from sockets that listen, end itself. All else fails
 * with EPERM, and is counted: to open a file, to run a program, to start a process or a thread, to
 * make a socket or to connect one, to make memory executable. So a fault in a decoder, even one
 * that lets a picture's author choose what runs, reaches no file and no machine that was not open
 * before.
 *
 * Called once, from any thread, when all threads are started and all is open that will be needed;
 * a second call fails, and changes nothing. UNAVAILABLE or FAILED: all is as it was, except perhaps
 * for no_new_privs, and *reason says why, in words; it is a constant, or strerror()'s.
 *
 * Builds with a sanitizer make the filter and let it go, for a leak check at the end of the process
 * stops threads from another process: there the sandbox is UNAVAILABLE.
 */
DISSOLVE_MUST_USE enum http_sandbox http_sandbox_enter(const char **reason);

/*
 * How many system calls have been denied since then, and in *call, unless it is NULL, the number of
 * the last one. Any thread. On other architectures than x86-64 and aarch64 none is counted.
 */
uint64_t http_sandbox_violations(int *call);

/* Becomes readable with each of them, for the thread that logs them; -1: the sandbox is off. */
int http_sandbox_violation_fd(void);

#endif
