/* The memory that all requests may take together, and what each client has of it. */
#ifndef HTTP_MEMORY_H
#define HTTP_MEMORY_H

#include "client.h"

#include <dissolve/status.h>
#include <stdbool.h>
#include <stdint.h>

/* Any thread may call what follows; it never waits for memory. */
struct http_memory;

/* Bytes. reserve and bodies are parts of size that do not overlap, and together less than it. */
struct http_memory_options {
    uint64_t size;
    uint64_t bodies;                 /* the most that bodies and kept responses have */
    uint64_t reserve;                /* for bodies of at most HTTP_SMALL_BODY alone */
    void (*released)(void *context); /* see http_memory_set_job; NULL: not called */
    void *context;
};

enum { HTTP_SMALL_BODY = 64 << 10 };

struct http_memory_client;

/*
 * What one request has of the memory; zero-initialised, nothing. It is changed by one thread at a
 * time, and its user sees to it that it is released.
 */
struct http_charge {
    struct http_memory_client *client;
    uint64_t body;     /* bytes of its body, */
    bool from_reserve; /* all of them from the reserve, or all from what bodies have */
    uint64_t kept;     /* bytes of a response that is kept until it is complete */
    uint64_t job;      /* bytes of its computation, and of what is left of it to be sent */
    bool waits;        /* its computation was refused more, or asked whether more fits */
};

/* The options are copied. NULL: no memory. */
DISSOLVE_MUST_USE struct http_memory *http_memory_create(const struct http_memory_options *options);

/* Everything has been released. NULL is fine. */
void http_memory_destroy(struct http_memory *memory);

/* Whether this client's next body of `size` bytes would fit right now. */
DISSOLVE_MUST_USE bool http_memory_fits_body(struct http_memory *memory,
                                             const struct http_client *client, uint64_t size);

/*
 * Adds to the body of a request, or to its kept response. A client has at most half of what there
 * is for both, and of the reserve, so that others always find some. false: it does not fit, and
 * nothing has changed.
 */
DISSOLVE_MUST_USE bool http_memory_add_body(struct http_memory *memory, struct http_charge *charge,
                                            const struct http_client *client, uint64_t size);
DISSOLVE_MUST_USE bool http_memory_add_kept(struct http_memory *memory, struct http_charge *charge,
                                            const struct http_client *client, uint64_t size);

/*
 * Sets what a computation has to `size` bytes. With others_wait the client has no more than half of
 * all memory after that, unless no computation has any but those that wait: these do not release
 * before they have more. Less never fails, and is a release. false: the computation waits, nothing
 * else has changed, and `released` is called after the next release, without any lock of the
 * memory's held.
 */
DISSOLVE_MUST_USE bool http_memory_set_job(struct http_memory *memory, struct http_charge *charge,
                                           const struct http_client *client, uint64_t size,
                                           bool others_wait);

/* Whether it would be true right now, for a computation that waits; false likewise. */
DISSOLVE_MUST_USE bool http_memory_fits_job(struct http_memory *memory, struct http_charge *charge,
                                            const struct http_client *client, uint64_t size,
                                            bool others_wait);

/* Releases the body alone, or all that the request has. What has been released is fine. */
void http_memory_release_body(struct http_memory *memory, struct http_charge *charge);
void http_memory_release(struct http_memory *memory, struct http_charge *charge);

/* Whether three quarters of what bodies and kept responses may have are taken. */
bool http_memory_bodies_pressed(struct http_memory *memory);

/* What all requests have, and their bodies and kept responses alone. */
struct http_memory_taken {
    uint64_t all;
    uint64_t bodies;
};
struct http_memory_taken http_memory_taken(struct http_memory *memory);

#endif
