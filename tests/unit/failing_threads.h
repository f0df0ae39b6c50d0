/* No thread can be started in this program, while a test says so. */
#ifndef FAILING_THREADS_H
#define FAILING_THREADS_H

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

static bool threads_fail;

/* In the place of the C library's, for everything that is linked with the test. */
__attribute__((visibility("default"))) int pthread_create(pthread_t *thread,
                                                          const pthread_attr_t *attributes,
                                                          void *(*run)(void *), void *argument)
{
    typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (threads_fail)
        return EAGAIN;
    create *next = (create *)dlsym(RTLD_NEXT, "pthread_create");
    return next(thread, attributes, run, argument);
}

#endif
