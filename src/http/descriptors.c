/* Descriptors are numbered from the lowest that is free: a high number means that few are left. */
#include "descriptors.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    OWN = 40,
    MOST_SHARED = 60,    /* of what is beside, for operators and for copies of descriptors */
    MOST_OPERATORS = 32, /* beyond for_clients */
    LOG_PAUSE_MS = 1000,
};

bool http_descriptors_clean(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
            return false;
    }
    closefrom(STDERR_FILENO + 1);
    return true;
}

static uint64_t raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return INT_MAX;
    const struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit.rlim_cur = limit.rlim_max;
    return limit.rlim_cur < INT_MAX ? limit.rlim_cur : INT_MAX;
}

struct http_descriptors http_descriptors_fit(struct http_configuration *configuration)
{
    struct http_descriptors descriptors = {.limit = raise_limit(),
                                           .asked = configuration->max_connections};
    descriptors.fits = descriptors.limit >= HTTP_DESCRIPTORS_LEAST;
    if (!descriptors.fits)
        return descriptors;
    uint64_t shared = (descriptors.limit - OWN) / 4;
    if (shared > MOST_SHARED)
        shared = MOST_SHARED;
    uint64_t operators = shared < MOST_OPERATORS ? shared : MOST_OPERATORS;
    uint64_t most = descriptors.limit - OWN - shared;
    descriptors.for_clients = (int)(descriptors.limit - operators);
    descriptors.lowered = configuration->max_connections > most;
    if (descriptors.lowered)
        configuration->max_connections = most;
    return descriptors;
}

void http_descriptors_log(const struct http_descriptors *descriptors,
                          const struct http_configuration *configuration, struct http_log *log)
{
    if (!descriptors->fits)
        http_log_say(log, HTTP_LOG_ERROR,
                     "cannot start: the limit of open files (RLIMIT_NOFILE) is %" PRIu64
                     ", and at least %d are needed",
                     descriptors->limit, HTTP_DESCRIPTORS_LEAST);
    else if (descriptors->lowered)
        http_log_say(log, HTTP_LOG_WARNING,
                     "the limit of open files (RLIMIT_NOFILE) is %" PRIu64
                     ": max-connections is %" PRIu64 " instead of %" PRIu64,
                     descriptors->limit, configuration->max_connections, descriptors->asked);
}

void http_descriptors_log_exhausted(struct http_log *log, int64_t *logged)
{
    int64_t now = http_clock_now();
    if (*logged != 0 && now - *logged < LOG_PAUSE_MS)
        return;
    *logged = now;
    http_log_say(log, HTTP_LOG_WARNING,
                 "no descriptors are left: new connections are closed; raise the limit of open "
                 "files, or lower max-connections");
}
