/* What the service has done and does, counted, as the text that Prometheus reads. */
#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

#include "codec/buffer.h"

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(suffix, reason): why a request or a connection was refused, HTTP_REJECTED_<suffix>, and the
 * value of the label `reason`. */
#define HTTP_REJECTION_TABLE(X)                           \
    X(QUEUE_FULL, "queue_full")                           \
    X(BODIES_FULL, "bodies_full")                         \
    X(DRAINING, "draining")                               \
    X(TOO_LARGE, "too_large")                             \
    X(TIMEOUT_HEADER, "timeout_header")                   \
    X(TIMEOUT_BODY, "timeout_body")                       \
    X(TIMEOUT_COMPUTE, "timeout_compute")                 \
    X(TIMEOUT_READER, "timeout_reader")                   \
    X(TIMEOUT_ANSWER, "timeout_answer")                   \
    X(SLOW_READER, "slow_reader")                         \
    X(SLOW_BODY, "slow_body")                             \
    X(UNAUTHORIZED, "unauthorized")                       \
    X(MALFORMED, "malformed")                             \
    X(CONNECTIONS, "connections")                         \
    X(CONNECTIONS_PER_ADDRESS, "connections_per_address") \
    X(DESCRIPTORS, "descriptors")                         \
    X(NO_MEMORY, "no_memory")

enum http_rejection {
#define HTTP_REJECTION_CONSTANT(suffix, reason) HTTP_REJECTED_##suffix,
    HTTP_REJECTION_TABLE(HTTP_REJECTION_CONSTANT)
#undef HTTP_REJECTION_CONSTANT
        HTTP_REJECTIONS
};

/* One request that has ended. */
struct http_metrics_request {
    size_t route;       /* index of its path; the count of paths: none of them ("other") */
    const char *method; /* GET, HEAD, POST, OPTIONS; anything else, and NULL, is "other" */
    int status; /* 0: it got no answer ("none"); one that the service never sends: "other" */
    uint64_t bytes_in;
    uint64_t bytes_out;
    double total; /* milliseconds; less than 0 and NaN are 0 */
    double queue; /* this and the next three only if computed */
    double decode;
    double diffuse;
    double encode;
    uint64_t elements; /* elements x steps that were stepped */
    uint64_t frames;   /* that were encoded */
    bool computed;
    bool cancelled;
};

/* What is counted elsewhere. The strings are never NULL. */
struct http_metrics_gauges {
    size_t in_progress; /* requests */
    size_t connections;
    size_t queue_length;
    size_t queue_capacity;
    size_t slow_readers;
    uint64_t memory_taken; /* bytes, as are the next three */
    uint64_t memory_size;
    uint64_t bodies_taken;
    uint64_t bodies_size;
    size_t job_threads;
    size_t pool_threads;
    uint64_t log_lines_dropped;
    uint64_t sandbox_violations;
    bool ready;
    const char *version;
    const char *isa;
};

struct http_metrics;

/*
 * Everything at zero; created as the process starts, whose time of start it takes. The paths, any
 * characters, are the caller's and stay for as long as the metrics. It opens what is read later, so
 * that printing opens no file. NULL: no memory.
 */
DISSOLVE_MUST_USE struct http_metrics *http_metrics_create(const char *const *routes, size_t count);

/* NULL is fine. */
void http_metrics_destroy(struct http_metrics *metrics);

/* Both: any thread; they take no lock and no memory. */
void http_metrics_add(struct http_metrics *metrics, const struct http_metrics_request *request);
void http_metrics_reject(struct http_metrics *metrics, enum http_rejection reason);

/*
 * Appends all of it: text exposition format 0.0.4, "text/plain; version=0.0.4". Any thread. What
 * other threads count meanwhile may show in one family and not yet in another; but a request that
 * is among the requests is everywhere. DISSOLVE_NO_MEMORY: `out` ends somewhere within the text.
 */
DISSOLVE_MUST_USE enum dissolve_status http_metrics_print(const struct http_metrics *metrics,
                                                          const struct http_metrics_gauges *gauges,
                                                          struct codec_buffer *out);

#endif
