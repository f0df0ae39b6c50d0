/* Threads and memory that are not set, fitted to the machine and to a container's limits. */
#ifndef HTTP_SIZING_H
#define HTTP_SIZING_H

#include "cgroup.h"
#include "configuration.h"
#include "log.h"

/* Requests that are computed at the same time. */
enum { HTTP_JOB_THREADS = 8 };

/* What there is to run on. */
struct http_machine {
    unsigned processors;
    uint64_t memory; /* bytes; 0: not known */
    struct http_cgroup cgroup;
};

/* The machine as this process sees it; with the limits of its control group, or without. */
struct http_machine http_machine_read(bool cgroup);

/* Bytes, see http_sizing_fit. */
struct http_sizing {
    uint64_t memory;      /* of all requests together: bodies, computations, responses */
    uint64_t bodies;      /* a part of it: the most for bodies and for responses to HTTP/1.0 */
    uint64_t reserve;     /* another part: for bodies of at most 64 KiB */
    uint64_t available;   /* the least of the machine's memory and the group's; 0: not known */
    bool threads_lowered; /* the group has time for fewer threads than processors are there */
    bool limits_lowered;  /* max_body or max_connections */
    bool fits;            /* memory and idle connections are within what is available */
};

/*
 * threads: where it is 0 and the group's time makes fewer than `processors`, that many, rounded up.
 * memory: max_memory, or where that is 0, half of what is available (1 GiB if that is not known).
 * A quarter of it is for bodies, a 32nd is the reserve. What is not set is lowered: max_body to
 * half of what bodies may take, which is the most that one client gets; max_connections to what an
 * eighth of the available memory has room for, at 33 KiB an idle connection.
 */
struct http_sizing http_sizing_fit(const struct http_machine *machine,
                                   struct http_configuration *configuration);

/* The most memory that one request may take beside its body. */
uint64_t http_sizing_request(const struct http_sizing *sizing);

/* How many requests of one client run at a time: as set, or all job threads but 2; at least 1. */
unsigned http_sizing_jobs_per_client(const struct http_configuration *configuration,
                                     unsigned job_threads);

/* Logs what was derived, and warns if that does not fit. */
void http_sizing_log(const struct http_sizing *sizing, const struct http_machine *machine,
                     const struct http_configuration *configuration, struct http_log *log);

#endif
