/* What a request means: the one entrance of this room, which knows nothing of sockets. */
#ifndef API_API_H
#define API_API_H

#include <dissolve/pool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most that a request may ask for. */
struct api_limits {
    uint64_t max_body;   /* bytes */
    uint64_t max_pixels; /* width * height */
    uint64_t max_work;   /* estimated nanoseconds of one core; at least 1 */
    uint64_t max_memory; /* bytes that one request may take beside its body; 0: any number */
};

/* One for the process: the pool, the limits, the documents. Any thread may use it. */
struct api_service;

DISSOLVE_MUST_USE enum dissolve_status api_service_create(struct dissolve_pool *pool,
                                                          const struct api_limits *limits,
                                                          struct api_service **service);
void api_service_destroy(struct api_service *service);

struct codec_buffer;

/*
 * What /metrics answers with: text in Prometheus' format, appended by print. Before the first
 * request; without it, /metrics is 404.
 */
void api_service_set_metrics(struct api_service *service,
                             enum dissolve_status (*print)(void *context, struct codec_buffer *out),
                             void *context);

/* What /readyz says; true after create. */
void api_service_set_ready(struct api_service *service, bool ready);
bool api_service_is_ready(const struct api_service *service);

const struct api_limits *api_service_limits(const struct api_service *service);

struct api_field {
    const char *name;
    const char *value;
};

/* Everything a request said, decoded and borrowed. Strings may be NULL where a header is absent. */
struct api_request {
    const char *id; /* X-Request-Id, never NULL */
    const char *content_type;
    const char *accept;
    const char *accept_encoding;
    const char *if_none_match;
    const struct api_field *query; /* names and values percent-decoded */
    size_t query_count;
    const uint8_t *body;
    size_t body_size;
};

/* Copied bytes of a response that may wait for its reader before must_wait is true. */
enum { API_REPLY_CAPACITY = 1 << 20 };

/*
 * Where a response goes, and what its making is given. start is called once, then the others as
 * often as needed. Those that may be NULL are not called then.
 */
struct api_reply {
    void *context;

    /* Content-Type and the like; copied. The server adds X-Request-Id, CORS, Server-Timing, Date.
     */
    void (*start)(void *context, int status, const struct api_field *headers, size_t count);

    /* Bytes of the body, copied; never waits. Those of a 304 are only counted: its Content-Length
       is that of a 200. false: the client has disconnected, or there is no memory. */
    bool (*write)(void *context, const void *bytes, size_t size);

    /* The same, but the bytes stay unchanged until must_wait has been false for a mark behind
       them, so that they need not be copied. NULL: they are written. */
    bool (*write_borrowed)(void *context, const void *bytes, size_t size);

    /*
     * Whether the reader is too far behind for more to be made: it has not taken all bytes that
     * are borrowed from among the first `mark` ones, or much that was copied. true: the call ends
     * with API_WAITS_FOR_READER. NULL: never.
     */
    bool (*must_wait)(void *context, uint64_t mark);

    /* What has been written is to leave now: a reader waits for it. */
    void (*flush)(void *context);

    /* The size of the whole body, where it is known; between start and the first write. May be
       NULL. */
    void (*announce)(void *context, uint64_t size);

    /*
     * Makes `bytes` the memory that the request may take, beside its body; less is always granted.
     * false: it has to wait for them; the call ends with API_WAITS_FOR_MEMORY, and asks for the
     * same again when it goes on. NULL: always true.
     */
    bool (*reserve)(void *context, uint64_t bytes);

    /* The request's body is not looked at any more. May be NULL. */
    void (*release_body)(void *context);
};

/* Milliseconds a computation spent in each stage, zero where it had none, and what it did. */
struct api_timing {
    double decode;
    double diffuse;
    double encode;
    uint64_t elements; /* stepped: elements times steps */
    uint64_t frames;   /* encoded */
    uint64_t state;    /* bytes of what is carried through the steps */
};

/* Milliseconds of a clock that only goes forward: what timings are made with. */
double api_now_ms(void);

/* One path and method. */
struct api_route;

enum api_match { API_MATCH, API_NO_SUCH_PATH, API_NO_SUCH_METHOD };

/*
 * Finds the route of a path and method (HEAD finds GET's; the door leaves the body out). *allow is
 * the value of an Allow header for the path ("GET, HEAD, OPTIONS"), unless there is no such path.
 */
enum api_match api_find_route(const char *method, const char *path, const struct api_route **route,
                              const char **allow);

/* A document answers at once, on the thread that asks; anything else is work for a job thread. */
bool api_route_is_document(const struct api_route *route);

/* Health and figures: what an admin listener has, and what is asked every few seconds. */
bool api_route_is_for_operators(const struct api_route *route);

/*
 * Its place among all routes, their number for NULL; what the page loads has the page's. The path
 * at a place, NULL behind the last.
 */
size_t api_route_index(const struct api_route *route);
const char *api_route_path(size_t index);

/* How far a request has been handled. */
enum api_progress {
    API_COMPLETE,         /* all of the response has been written */
    API_INCOMPLETE,       /* it had begun and cannot be completed: it must be cut off visibly */
    API_WAITS_FOR_READER, /* go on once must_wait is false for the mark it was asked for */
    API_WAITS_FOR_MEMORY, /* go on once reserve is true for the bytes it was asked for */
};

/* One request that is handled. Used by one thread at a time, not always the same. */
struct api_call;

/*
 * Begins to handle a request; nothing is computed yet. job: the work's place in the pool, and its
 * cancel flag (NULL for a document). Request and reply are copied, what they refer to and all else
 * is borrowed until the call is destroyed. NULL: no memory.
 */
DISSOLVE_MUST_USE struct api_call *
api_call_create(struct api_service *service, const struct api_route *route,
                const struct api_request *request, struct dissolve_job *job,
                const struct api_reply *reply, struct api_timing *timing);

/*
 * Goes on as far as it can without waiting for anything but the processors. A problem with the
 * request is a complete response, too. After API_COMPLETE and API_INCOMPLETE there is only
 * api_call_destroy.
 */
DISSOLVE_MUST_USE enum api_progress api_call_continue(struct api_call *call);

/* Frees it, however far it has come; nothing borrowed is looked at any more. NULL is fine. */
void api_call_destroy(struct api_call *call);

/*
 * Handles a request on the calling thread if that is done within some 100 microseconds: sooner than
 * another thread could be woken. false: it may take longer, and nothing has been written: it is
 * work for an api_call. *complete is whether the response is.
 */
DISSOLVE_MUST_USE bool api_handle_small(struct api_service *service, const struct api_route *route,
                                        const struct api_request *request,
                                        const struct api_reply *reply, struct api_timing *timing,
                                        bool *complete);

/* A complete answer of type application/problem+json (RFC 9457) with any 4xx or 5xx status. */
void api_refuse(const struct api_reply *reply, const char *request_id, int status,
                const char *detail);

#endif
