/* Starting a thread of the server. */
#ifndef HTTP_THREAD_H
#define HTTP_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/*
 * The stack of every thread, whatever `ulimit -s` says: four times what the deepest function takes
 * (the exact measures of a mixture of 4,096 components, 256 KiB).
 */
enum { HTTP_THREAD_STACK = 1 << 20 };

/*
 * Starts it with every signal blocked, for the main thread to take; but for SIGSYS, by which the
 * kernel reports what the sandbox denies: it would end the process. false: it could not.
 */
bool http_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
