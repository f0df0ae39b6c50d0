/* One address that is listened on, with libmicrohttpd behind it: how requests come and answers go.
 */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "connections.h"
#include "exchange.h"
#include "head.h"

struct http_gate;

/*
 * What becomes of connections and requests. Each function is called on the socket thread of the
 * connection; those that return a bool close it, without an answer, by false.
 */
struct http_gate_handler {
    void *context;

    /* A connection is there. NULL: it is closed, and so it is if nobody has memory for it. */
    struct http_connection *(*connect)(void *context, int fd, const struct sockaddr *peer,
                                       socklen_t size);
    /* It is no longer; its descriptor is closed next. */
    void (*disconnect)(void *context, struct http_connection *connection);

    /*
     * The library is about to answer by itself on the connection with this descriptor, and to close
     * it: a request line, or a request that begin has returned and that may have been answered.
     */
    void (*refuse_line)(void *context, int fd, int status);

    /* A request's first line is here. NULL: no memory. */
    struct http_exchange *(*begin)(void *context, struct http_connection *connection,
                                   const char *target);
    bool (*take_head)(void *context, struct http_exchange *exchange, const char *method,
                      struct http_head *head);
    bool (*take_body)(void *context, struct http_exchange *exchange, const void *bytes,
                      size_t size);
    /* The request is complete, or http_gate_resume was called before anything was answered. */
    bool (*take_end)(void *context, struct http_exchange *exchange);

    /* The answer is sent, or never will be: the exchange is this function's. */
    void (*finish)(void *context, struct http_exchange *exchange, bool complete);
};

/* Nothing may be zero or NULL but descriptors. What is pointed to must outlive the gate. */
struct http_gate_options {
    const struct http_address *listen;
    struct http_watcher *watcher;
    unsigned threads;
    unsigned idle_seconds; /* until a connection is closed that takes nothing of its answer */
    int descriptors;       /* a connection's is lower than this; 0: any */
    void (*turned_away)(void *context); /* a connection, for want of memory */
    void (*exhausted)(void *context);   /* a connection was closed for want of descriptors */
    struct http_gate_handler handler;
};

/* Listens; connections wait until http_gate_start. NULL: it could not; errno may say why. */
DISSOLVE_MUST_USE struct http_gate *http_gate_open(const struct http_gate_options *options);

/* Accepts connections from now on. false: no memory. */
DISSOLVE_MUST_USE bool http_gate_start(struct http_gate *gate);

/* Where it listens. */
const struct http_address *http_gate_address(const struct http_gate *gate);

/* Stops listening, and has every answer end its connection. Not beside http_gate_close. */
void http_gate_drain(struct http_gate *gate);

/* Cuts all connections; none may be suspended. NULL is fine. */
void http_gate_close(struct http_gate *gate);

/*
 * Answers with what the exchange's pipe has, whole or as it comes; on its socket thread, once the
 * pipe is open. false: there is nothing to answer.
 */
DISSOLVE_MUST_USE bool http_gate_answer(struct http_exchange *exchange);

/* Answers with the exchange's status and headers, and no body. */
DISSOLVE_MUST_USE bool http_gate_answer_empty(struct http_exchange *exchange);

/* The connection rests until resume, which any thread may call. */
void http_gate_suspend(struct http_exchange *exchange);
void http_gate_resume(struct http_exchange *exchange);

/*
 * Finds the request's id among the headers that have been read, where take_head is not called. On
 * the connection's socket thread.
 */
void http_gate_read_id(struct http_exchange *exchange);

/* "Not Found" of 404. */
const char *http_gate_reason(int status);

#endif
