/* What nobody set, made to fit a container: threads, and what bounds memory. */
#ifndef HTTP_SIZING_H
#define HTTP_SIZING_H

#include "cgroup.h"
#include "configuration.h"
#include "log.h"

/* Requests worked on at the same time, where memory is no matter. */
enum { HTTP_JOB_THREADS = 8 };

/* How the house is furnished, beside what the configuration says. */
struct http_sizing {
    unsigned job_threads;  /* 2 to HTTP_JOB_THREADS */
    uint64_t worst_case;   /* bytes, see http_sizing_worst_case */
    bool threads_lowered;  /* the group has time for fewer threads than processors are there */
    bool memory_respected; /* something was lowered for the sake of memory */
    bool fits;             /* the worst case is within the group's memory, or that has no limit */
};

/*
 * The most memory that requests take together: job_threads of them, each the dearest computation
 * there is (measured: a plot of the histograms of a 16-bit picture takes 81 bytes a pixel, samples
 * in JSON 10 bytes beside each of the body); those that wait for slow readers, each with its
 * windows of frames, together with a quarter of such a picture; and http_sizing_bodies. Besides, an
 * idle connection has 33 KiB. Saturates at UINT64_MAX.
 */
uint64_t http_sizing_worst_case(const struct http_configuration *configuration,
                                unsigned job_threads);

/*
 * Bytes of all bodies at a time, arriving, waiting or worked on: as many as a full queue and all
 * job threads have at the most. Saturates at UINT64_MAX.
 */
uint64_t http_sizing_bodies(const struct http_configuration *configuration, unsigned job_threads);

/* How many requests of one client run at a time: as set, or all job threads but 2; at least 1. */
unsigned http_sizing_jobs_per_client(const struct http_configuration *configuration,
                                     unsigned job_threads);

/* Bytes of the states of all that waits for slow readers: a quarter of the largest picture's. */
uint64_t http_sizing_states(const struct http_configuration *configuration);

/*
 * threads: where it is 0 and the group's time makes fewer than `processors`, that many, rounded up.
 * Where the group's memory is limited, what nobody gave is halved: slow_readers until their windows
 * fit into a sixteenth of it; then queue, max_body, max_pixels and the job threads, the dearest
 * first, until the worst case fits into seven eighths, or each is at its least. max_connections
 * becomes what an eighth has room for when idle.
 */
struct http_sizing http_sizing_fit(const struct http_cgroup *cgroup, unsigned processors,
                                   struct http_configuration *configuration);

/* Says what was derived, and warns if that does not fit. */
void http_sizing_tell(const struct http_sizing *sizing, const struct http_cgroup *cgroup,
                      const struct http_configuration *configuration, struct http_log *log);

#endif
