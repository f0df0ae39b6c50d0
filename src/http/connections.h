/* Every connection that is open, and what each is given time for. */
#ifndef HTTP_CONNECTIONS_H
#define HTTP_CONNECTIONS_H

#include "address.h"
#include "rate.h"
#include "watcher.h"
#include <stdatomic.h>

struct http_exchange;
struct http_seat;
struct http_connections;

/* What a connection is waited for. */
enum http_wait {
    HTTP_WAIT_HEAD, /* a request's, or its first byte */
    HTTP_WAIT_NEXT, /* request: it has had one */
    HTTP_WAIT_BODY,
    HTTP_WAIT_WORK,   /* a job thread has the request */
    HTTP_WAIT_READER, /* all of the answer is made */
};

struct http_connection {
    struct http_connections *all;
    struct http_connection *previous, *next;
    int fd;
    struct http_address peer;
    struct http_seat *seat;
    struct http_exchange *exchange; /* NULL between requests; changed by attach and detach */
    atomic_int wait;
    _Atomic int64_t until;      /* http_clock_now() when patience ends; 0: never */
    atomic_bool hung_up;        /* the client closed the connection, or its sending side */
    atomic_bool gone;           /* the client closed the connection */
    _Atomic int64_t hung_up_at; /* http_clock_now() when hung_up became true */
    bool answering; /* response bytes may be sent by its socket thread; under the mutex */
    bool probed;    /* 100 (Continue) was sent to see whether the client is there; likewise */
    struct http_rate rate; /* of its body, or of its response; the attendant's, as is the next */
    enum http_wait rated;  /* what it is waited for, while that rate is taken */
    int refused; /* the status of libmicrohttpd's own response to a request line; 0: none */
    uint64_t watch;
};

/*
 * Who looks after connections, on the watcher's thread; neither connection nor exchange goes away
 * during a call, which must not call anything here.
 */
struct http_attendant {
    void *context;
    /* Of every connection, some ten times a second while there are any. */
    void (*check)(void *context, struct http_connection *connection, int64_t now);
    /* After every connection of the list has been checked, of which this is the first; NULL: there
       is none. */
    void (*checked)(void *context, struct http_connection *first);
    /* Of one that has hung up, and once more when it is known to be gone. */
    void (*left)(void *context, struct http_connection *connection);
};

/* The attendant is copied. NULL: it could not. */
DISSOLVE_MUST_USE struct http_connections *
http_connections_create(struct http_watcher *watcher, const struct http_attendant *attendant);

/* No connection may be left. NULL is fine. */
void http_connections_destroy(struct http_connections *connections);

/* How many there are. */
size_t http_connections_count(const struct http_connections *connections);

/* Adds one, which waits for a head until then, and watches its descriptor. NULL: no memory. */
DISSOLVE_MUST_USE struct http_connection *
http_connections_enter(struct http_connections *connections, int fd, const struct sockaddr *peer,
                       socklen_t size, int64_t until);

/* Removes and frees it, before its descriptor is closed. NULL is fine. */
void http_connections_leave(struct http_connection *connection);

/* The connection with this descriptor, on its socket thread; NULL: there is none. */
struct http_connection *http_connections_find(struct http_connections *connections, int fd);

/*
 * From now on the socket thread may send a response, and `check` must send nothing. Returns when no
 * check of the connection runs.
 */
void http_connection_answer(struct http_connection *connection);

/* From now on, or no longer, the exchange is the connection's. */
void http_connection_attach(struct http_connection *connection, struct http_exchange *exchange);

/*
 * What it is waited for now, and until when. Of one that has hung up nothing is waited for longer
 * than a moment: what it had sent before is still taken.
 */
void http_connection_expect(struct http_connection *connection, enum http_wait wait, int64_t until);

/* Calls check for every connection, on this thread, as if it were that late. */
void http_connections_check(struct http_connections *connections, int64_t now);

#endif
