/* The life of each request: from its connection and its first line to its last byte. */
#ifndef HTTP_REQUEST_HANDLER_H
#define HTTP_REQUEST_HANDLER_H

#include "door.h"
#include "gate.h"
#include "patience.h"
#include "peers.h"
#include "records.h"
#include "seats.h"
#include "watcher.h"

#include <stdatomic.h>

/*
 * Locks, in the order in which they may be taken: the watcher's, the connections', then one of a
 * pipe's, the queue's, the pool's, the log's or libmicrohttpd's own, which are leaves.
 *
 * A connection is suspended only with its pipe awaited, and every pipe ends when its job does. So
 * once the queue is closed no connection is left suspended, which a gate insists on.
 */
struct door {
    struct door_options options;
    const struct http_configuration *configuration;
    struct http_watcher *watcher;
    struct http_queue *queue;
    struct http_connections *connections; /* of the gate for everybody */
    struct http_connections *operators;   /* of the gate for them alone */
    struct http_seats seats;              /* of connections, and of the operators' */
    struct http_seats operator_seats;
    int64_t exhaustion_logged; /* the watcher's; see http_descriptors_log_exhausted */
    struct http_keys *keys;    /* NULL: none is asked for */
    const char **paths;        /* of all routes, as the metrics know them */
    struct http_records records;
    struct http_patience patience;
    struct http_memory *memory;
    struct http_gate *gate;
    struct http_gate *admin;   /* NULL: there is none */
    atomic_size_t in_progress; /* requests whose head is here and whose answer is not sent */
    atomic_bool draining;
    atomic_bool cancelled;
    int idle; /* an eventfd */
};

/* For the listener for everybody, and for the operators' own; the context is the door. */
extern const struct http_gate_handler http_request_handler;
extern const struct http_gate_handler http_operator_handler;

#endif
