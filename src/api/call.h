/* One request on its way through this room, and the handlers that answer it. */
#ifndef API_CALL_H
#define API_CALL_H

#include "codec/gzip.h"
#include "problem.h"

struct api_run;

struct api_call {
    struct api_service *service;
    const struct api_route *route;
    uint64_t allowance; /* the longest estimate, in ns of one core, that may be computed now */
    bool postponed;     /* it would be more, so that nothing has been done */
    struct api_request request;
    struct dissolve_job *job; /* NULL for a document */
    struct api_reply reply;
    struct api_timing *timing;
    struct api_run *run; /* of a computation, once it has begun */
    bool compress;       /* set before the answer begins: it leaves as gzip, memory permitting */
    bool started;        /* the answer has begun: a problem can no longer be sent */
    bool has_body;       /* bytes of its body, too */
    uint64_t written;    /* bytes of its body, as they leave */
    uint64_t borrowed;   /* the mark behind the last that were borrowed */
    struct codec_gzip *gzip; /* while a compressed answer is under way */
};

/*
 * true: the answer is complete. false: it is not, and if it has not even begun, *problem is what to
 * answer instead.
 */
typedef bool api_handler(struct api_call *call, struct api_problem *problem);

/* Whether answers of this media type are compressed for those who take it: they have Vary. */
bool api_varies(const char *media_type);

/* Whether an answer of this media type gains by compression, and the client takes it. */
bool api_may_compress(const struct api_call *call, const char *media_type);

/* Begins the answer with these headers, and those that compression needs. At most 8. */
void api_start(struct api_call *call, int status, const struct api_field *headers, size_t count);

/*
 * The whole body will have exactly so many bytes: between api_start and the first write, of an
 * answer that is not compressed.
 */
void api_announce(struct api_call *call, uint64_t size);

/* DISSOLVE_CANCELLED: nobody reads any more. */
DISSOLVE_MUST_USE enum dissolve_status api_write(struct api_call *call, const void *bytes,
                                                 size_t size);

/*
 * The same, but API_BORROWED_LEAST bytes or more of an answer that is not compressed are borrowed:
 * see struct api_reply. Fewer are sooner copied than waited for.
 */
enum { API_BORROWED_LEAST = 1 << 16 };
DISSOLVE_MUST_USE enum dissolve_status api_write_borrowed(struct api_call *call, const void *bytes,
                                                          size_t size);

/* As in struct api_reply. */
bool api_must_wait(const struct api_call *call, uint64_t mark);
DISSOLVE_MUST_USE bool api_reserve(const struct api_call *call, uint64_t bytes);
void api_release_body(const struct api_call *call);

/* What has been written, if anything, leaves now, and does not wait for more. */
DISSOLVE_MUST_USE enum dissolve_status api_flush(struct api_call *call);

/*
 * Frees what api_start began, and ends the answer if it is complete: one that is not gets no end,
 * so that it cannot be taken for a whole one. false: it is not complete, or its end could not be
 * written.
 */
DISSOLVE_MUST_USE bool api_finish(struct api_call *call, bool complete);

api_handler api_schedule_table;

#endif
