/* One request and its answer: everything that is true of it, in one struct. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "../api/api.h"
#include "address.h"
#include "client.h"
#include "head.h"
#include "memory.h"
#include "metrics.h"
#include "pipe.h"
#include "queue.h"
#include "target.h"
#include <stdatomic.h>

enum http_stage {
    HTTP_NEW,       /* only the request line is known */
    HTTP_RECEIVING, /* the body comes in */
    HTTP_WORKING,   /* a job thread has it; the connection is suspended */
    HTTP_ANSWERING,
};

struct http_gate;
struct http_connection;
struct http_records;

struct http_header {
    const char *name;
    const char *value;
};

/*
 * The socket thread owns it until it is submitted, and again once the pipe has notified; what the
 * job thread writes meanwhile is `timing`, `status` and `headers`, all of it before the pipe opens,
 * or, for timing but its state, ends. The pipe, the job and `gone` are for both of them and the
 * watcher. It is freed when both the socket thread and the job thread have released it.
 */
struct http_exchange {
    struct http_work work; /* first, so that work and exchange are one address */
    struct api_service *service;
    atomic_uint holders;
    atomic_bool gone;   /* nobody waits for the answer */
    atomic_bool shared; /* pipe and job are there for other threads to use */
    atomic_int verdict; /* 503 or 504: the answer, if it has not begun, of a job that is stopped */
    atomic_bool heard;  /* the body is complete, or nobody waits for it any more */
    atomic_bool late;   /* it is stopped for the time it took */
    atomic_int raw_status; /* of the answer that http_raw_refuse sent; 0: none */
    enum http_stage stage;

    /* the request */
    char method[8]; /* cut */
    struct http_address client;
    struct http_client sharer; /* by address, or by key: for whom it takes its turn */
    struct http_target target;
    enum dissolve_status target_status;
    char id[HTTP_ID_MAX + 1];
    char *content_type;
    char *accept;
    char *accept_encoding;
    char *if_none_match;
    const struct api_route *route; /* NULL: refused, or OPTIONS */
    bool head_only;
    bool http_1_0;
    uint8_t *body;
    size_t body_size;
    size_t body_capacity;
    size_t body_expected;       /* 0: not known */
    atomic_size_t body_seen;    /* kept or not */
    int64_t body_until;         /* http_clock_now() when all of it has to be here */
    struct http_memory *memory; /* that the charge is taken from; NULL: nothing is charged */
    struct http_charge charge;

    /* the answer */
    int refusal;                /* its status, 0: not refused; 415: for the body's coding */
    const char *refusal_detail; /* static, or the one below */
    char refusal_text[80];
    bool rejected; /* for a reason that is counted */
    enum http_rejection rejection;
    const char *allow;           /* value of an Allow header, or NULL */
    bool preflight;              /* the answer is that of OPTIONS */
    const char *allow_origin;    /* of CORS; NULL: that origin may not read it */
    bool origin_matters;         /* another origin would be told another one */
    bool close;                  /* the connection, after the answer */
    int status;                  /* 0: not begun */
    struct http_header *headers; /* and behind them their texts, in one block */
    size_t header_count;
    struct http_pipe *pipe;
    size_t pipe_capacity; /* of an answer that is sent while it is made */
    bool whole;           /* the answer is sent when all of it is made: to HTTP/1.0 */
    bool size_known;      /* before the answer is made, it is the one below */
    uint64_t size;
    int failure; /* 505 or 503: the answer, if it cannot be made; 0: none */
    const char *failure_detail;
    struct api_call *call;    /* while it is made */
    struct dissolve_job *job; /* NULL: no job thread has had it */
    bool computed;            /* it was more than a document: its timing is told */
    struct api_timing timing;
    struct http_queue *queue; /* that it is in, if it is in one */
    double queued;            /* milliseconds, as submitted is */
    double submitted;
    _Atomic int64_t work_since; /* of http_clock_now(); 0: it is no work */

    /* the socket thread's */
    struct http_gate *gate;
    struct http_connection *connection;
    void *handle;             /* libmicrohttpd's connection */
    const char *target_begin; /* where its memory has the target, until the head is read */
    const char *target_end;
    int fd;
    void *response;
    bool ended;                     /* all of the request is here */
    bool counted;                   /* in progress */
    bool client_counted;            /* among its address's, for a proxy */
    int sent_status;                /* 0: nothing was sent */
    uint64_t whole_size;            /* of an answer that was all there before it was sent */
    atomic_uint_fast64_t bytes_out; /* of any other, taken from the pipe; at the end, of all */
    bool timed_out;                 /* by libmicrohttpd: nothing happened for too long */
    bool cancelled; /* it is over, and its answer did not reach the client as a whole */
    double began;
    double took;
    const struct http_records *records; /* where it is told of, by whoever releases it last */
};

/* The headers of an answer that a page of another origin may read. */
#define HTTP_EXPOSED_HEADERS                                                            \
    "X-Request-Id, Dissolve-Seed, Dissolve-Warning, Server-Timing, Retry-After, ETag, " \
    "Content-Disposition"

/* Held once, for the socket thread. target is the request line's. NULL: no memory. */
DISSOLVE_MUST_USE struct http_exchange *http_exchange_create(struct api_service *service,
                                                             const char *target);

void http_exchange_hold(struct http_exchange *exchange);

/* The last one frees it and all that it owns. */
void http_exchange_release(struct http_exchange *exchange);

/* Finds the request's id, and moves the values that are needed later out of the head. false: the
 * head lacks fields that there was no memory for. */
DISSOLVE_MUST_USE bool http_exchange_take_head(struct http_exchange *exchange,
                                               struct http_head *head);

/* Adds bytes of the body, which the charge has; expected is the whole of it if known, else 0.
 * false: no memory. */
DISSOLVE_MUST_USE bool http_exchange_append(struct http_exchange *exchange, const void *bytes,
                                            size_t size, size_t expected);

/*
 * An answer to HTTP/1.0 has a Content-Length, because its reader cannot tell the end of an answer
 * from a lost connection otherwise. Where the size is not known beforehand, at most so many bytes
 * are kept until the answer is complete; a longer one becomes a 505.
 */
enum { HTTP_WHOLE_MAX = 64 << 20 };

/*
 * Gets ready for an answer. capacity is the pipe's, as is readable, with the exchange as its
 * context; drained resumes the exchange's work. The bytes of an answer to HEAD are only counted. To
 * HTTP/1.0, the pipe opens when the answer is complete, or when its size is known. false: no
 * memory.
 */
DISSOLVE_MUST_USE bool http_exchange_begin(struct http_exchange *exchange, size_t capacity,
                                           void (*readable)(void *context));

/* Has a request recorded that libmicrohttpd refused, by sent_status, before its head was seen. */
void http_exchange_note_unseen(struct http_exchange *exchange);

/*
 * Makes the answer, into the pipe, until it is done and the pipe has ended, or has to pause for its
 * reader, or needs more memory, which it has noted in its work. On a request thread, or, of one
 * that is stopped or abandoned, on any.
 */
DISSOLVE_MUST_USE enum http_work_result http_exchange_continue(struct http_exchange *exchange);

/* Makes all of a document's answer here and now. */
void http_exchange_answer(struct http_exchange *exchange);

/*
 * On the socket thread: makes the answer if that takes no longer than waking a job thread. false:
 * it may take longer, and nothing has been made.
 */
DISSOLVE_MUST_USE bool http_exchange_answer_small(struct http_exchange *exchange);

/* Frees the body, and releases its memory. */
void http_exchange_free_body(struct http_exchange *exchange);

/* As http_exchange_answer, but the answer is the refusal. */
void http_exchange_refuse(struct http_exchange *exchange);

/* From now on, abandoning reaches the pipe and the job; if it was abandoned before, it does now. */
void http_exchange_share(struct http_exchange *exchange);

/*
 * Nobody waits for the answer: its job is cancelled and its pipe aborted. What still waits in the
 * queue leaves it, and is over. Any thread.
 */
void http_exchange_abandon(struct http_exchange *exchange);

/* true for the first one who ends the waiting for its body: the request is theirs to answer. */
DISSOLVE_MUST_USE bool http_exchange_claim(struct http_exchange *exchange);

/*
 * Its job is cancelled. An answer that has not begun is one of this status, 503 or 504, and made
 * here if the job still waits in the queue; one that has begun is cut off. Any thread, as often as
 * it likes; the first status counts.
 */
void http_exchange_stop(struct http_exchange *exchange, int status);

/* The value of a Server-Timing header. */
enum { HTTP_TIMING_TEXT = 160 };
void http_exchange_print_timing(const struct http_exchange *exchange, char text[HTTP_TIMING_TEXT]);

#endif
