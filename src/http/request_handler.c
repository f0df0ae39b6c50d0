/* What becomes of a request, from its first line to its last byte. */
#include "request_handler.h"

#include "clock.h"
#include "judge.h"
#include "linger.h"
#include "mhd_workarounds.h"
#include "networks.h"
#include "raw.h"
#include "sizing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- Answers ---- */

/* An answer that is made here and now, whatever its size. */
static bool answer_at_once(struct http_exchange *exchange,
                           void (*make)(struct http_exchange *exchange))
{
    if (!http_exchange_begin(exchange, SIZE_MAX, NULL))
        return false;
    make(exchange);
    return http_gate_answer(exchange);
}

static int64_t after(uint64_t milliseconds)
{
    return http_clock_now() + (int64_t)milliseconds;
}

/* ---- Work ---- */

static void resume(void *context)
{
    http_gate_resume(context);
}

static enum http_work_result run(struct http_work *work)
{
    struct http_exchange *exchange = (struct http_exchange *)work;
    if (!exchange->computed)
        exchange->queued = api_now_ms() - exchange->submitted;
    exchange->computed = true;
    enum http_work_result result = http_exchange_continue(exchange);
    if (result == HTTP_WORK_DONE)
        http_exchange_release(exchange);
    return result;
}

/* Suspended before a job thread can know of it; what follows a resume is the next call of handle.
 */
static bool submit(struct door *door, struct http_exchange *exchange)
{
    if (!http_exchange_begin(exchange, API_REPLY_CAPACITY, resume) ||
        (exchange->job == NULL &&
         dissolve_job_create(door->options.pool, &exchange->job) != DISSOLVE_OK)) {
        http_judge_reject(exchange, HTTP_REJECTED_NO_MEMORY, 503,
                          "There is no memory for the request now.");
        return answer_at_once(exchange, http_exchange_refuse);
    }
    exchange->work.run = run;
    exchange->work.client = exchange->sharer;
    exchange->work.cost = exchange->body_size;
    exchange->work.charge = &exchange->charge;
    exchange->queue = door->queue;
    exchange->stage = HTTP_WORKING;
    exchange->submitted = api_now_ms();
    exchange->work_since = http_clock_now();
    http_gate_suspend(exchange);
    (void)!http_pipe_arm_reader(exchange->pipe); /* it is new: there is nothing in it */
    http_exchange_hold(exchange);
    if (!http_queue_submit(door->queue, &exchange->work)) {
        http_exchange_release(exchange);
        dissolve_job_destroy(exchange->job);
        exchange->job = NULL;
        exchange->stage = HTTP_RECEIVING;
        http_judge_reject(exchange, HTTP_REJECTED_QUEUE_FULL, 503,
                          "The request queue is full; retry after the time in Retry-After.");
        http_gate_resume(exchange);
        return true;
    }
    http_exchange_share(exchange);
    http_connection_expect(exchange->connection, HTTP_WAIT_WORK, 0);
    if (atomic_load(&exchange->connection->hung_up)) /* before it was work */
        http_patience_left(&door->patience, exchange->connection);
    if (atomic_load(&door->cancelled))
        http_exchange_abandon(exchange);
    return true;
}

/* Here and now if that is soon done, else on a job thread. */
static bool compute(struct door *door, struct http_exchange *exchange)
{
    if (!http_exchange_begin(exchange, SIZE_MAX, NULL))
        return false;
    return http_exchange_answer_small(exchange) ? http_gate_answer(exchange)
                                                : submit(door, exchange);
}

/* ---- Connections and requests ---- */

/* A proxy's connections are many people's, each of whom is counted by request. */
static struct http_connection *connect_peer(struct door *door, struct http_connections *connections,
                                            struct http_seats *seats, int fd,
                                            const struct sockaddr *peer, socklen_t size)
{
    enum http_rejection reason = HTTP_REJECTED_NO_MEMORY;
    struct http_connection *connection = http_connections_enter(
        connections, fd, peer, size, after(door->configuration->header_timeout));
    if (connection != NULL) {
        bool proxy =
            http_networks_contains(&door->configuration->trusted_proxies, &connection->peer);
        connection->seat = http_seat_take(seats, proxy ? NULL : &connection->peer, &reason);
    }
    if (connection != NULL && connection->seat != NULL)
        return connection;
    http_metrics_reject(door->records.metrics, reason);
    http_connections_leave(connection);
    return NULL;
}

static struct http_connection *connect_client(void *context, int fd, const struct sockaddr *peer,
                                              socklen_t size)
{
    struct door *door = context;
    return connect_peer(door, door->connections, &door->seats, fd, peer, size);
}

static struct http_connection *connect_operator(void *context, int fd, const struct sockaddr *peer,
                                                socklen_t size)
{
    struct door *door = context;
    return connect_peer(door, door->operators, &door->operator_seats, fd, peer, size);
}

static const char *refusal_detail(int status)
{
    switch (status) {
    case 413:
        return "The announced size of the body, or of a chunk of it, is too large.";
    case 431:
        return "The request line and the headers are too large; send fewer or shorter ones.";
    default:
        return "The request is malformed: a header or the framing of its body is invalid.";
    }
}

/*
 * Takes the place of the library's own response, which has no X-Request-Id and may be malformed;
 * see http_mhd_refused. Nothing can be sent behind it.
 */
static void refuse_begun(struct http_exchange *exchange, int status)
{
    bool unanswered = exchange->stage == HTTP_NEW || exchange->stage == HTTP_RECEIVING;
    if (!unanswered || !http_exchange_claim(exchange))
        return;
    if (exchange->id[0] == '\0')
        http_gate_read_id(exchange);
    http_raw_refuse(exchange, status, refusal_detail(status));
    shutdown(exchange->fd, SHUT_RDWR);
}

static void refuse_line(void *context, int fd, int status)
{
    struct door *door = context;
    struct http_connection *connection = http_connections_find(door->connections, fd);
    if (connection == NULL)
        connection = http_connections_find(door->operators, fd);
    if (connection == NULL)
        return;
    if (connection->exchange == NULL)
        connection->refused = status;
    else
        refuse_begun(connection->exchange, status);
}

/*
 * The status of a request line that libmicrohttpd refused; 0: there was none. Where it has read
 * bytes and closes the connection by itself, they were no request line, and it sends nothing.
 */
static int refused_status(const struct door *door, const struct http_connection *connection)
{
    bool closed_here = atomic_load(&connection->until) == 0 || atomic_load(&door->draining);
    if (connection->refused != 0)
        return connection->refused;
    return http_mhd_has_read(connection->fd) && !closed_here ? 400 : 0;
}

static void disconnect(void *context, struct http_connection *connection)
{
    const struct door *door = context;
    if (connection == NULL)
        return;
    struct http_seat *seat = connection->seat;
    int status = refused_status(door, connection);
    if (status != 0)
        http_records_add_refused(&door->records, &connection->peer, status);
    http_connections_leave(connection);
    http_seat_release(seat);
}

/* See http_linger. */
static void linger(struct door *door, const struct http_exchange *exchange)
{
    http_linger(door->watcher, exchange->fd, door->configuration->max_body,
                exchange->connection->seat, door->options.descriptors);
}

static struct http_exchange *begin(void *context, struct http_connection *connection,
                                   const char *target)
{
    struct door *door = context;
    struct http_exchange *exchange = http_exchange_create(door->options.service, target);
    if (exchange == NULL)
        return NULL;
    exchange->fd = connection->fd;
    exchange->client = connection->peer;
    exchange->connection = connection;
    exchange->records = &door->records;
    exchange->memory = door->memory;
    if (atomic_load(&connection->wait) == HTTP_WAIT_NEXT)
        http_connection_expect(connection, HTTP_WAIT_HEAD,
                               after(door->configuration->header_timeout));
    http_connection_attach(connection, exchange);
    return exchange;
}

/* Who is behind the proxy, and whether there may be more requests of theirs. */
static bool find_client(const struct door *door, struct http_exchange *exchange,
                        const struct http_head *head)
{
    const struct http_address *peer = &exchange->connection->peer;
    bool forwarded = http_forwarded_client(&door->configuration->trusted_proxies, peer,
                                           head->forwarded_for.text, &exchange->client);
    exchange->sharer = http_client_of_address(&exchange->client);
    if (!forwarded || door->seats.peers == NULL)
        return true;
    exchange->client_counted = http_peers_enter(door->seats.peers, &exchange->client);
    return exchange->client_counted;
}

/* There may be no pause longer than that of a connection that is idle. */
static void expect_body(const struct door *door, const struct http_exchange *exchange)
{
    int64_t until = after(door->configuration->idle_timeout);
    if (until > exchange->body_until)
        until = exchange->body_until;
    http_connection_expect(exchange->connection, HTTP_WAIT_BODY, until);
}

/*
 * The head is here. A refusal is answered now, which keeps the body from being asked for and ends
 * the connection; what a client sends all the same is read and discarded, or it would lose the
 * answer.
 */
static bool take_head(struct door *door, struct http_exchange *exchange, const char *method,
                      struct http_head *head, bool operators)
{
    snprintf(exchange->method, sizeof exchange->method, "%s", method);
    exchange->counted = true;
    atomic_fetch_add(&door->in_progress, 1);
    if (!http_exchange_take_head(exchange, head))
        return false;
    uint64_t size = http_head_body_size(head);
    bool crowded = !find_client(door, exchange, head); /* first: it says whose turn it is */
    const struct http_rules rules = {
        .keys = door->keys,
        .origins = &door->configuration->cors_origins,
        .operators = operators,
        .draining = atomic_load(&door->draining),
        .no_room =
            size != UINT64_MAX && !http_memory_fits_body(door->memory, &exchange->sharer, size),
        .crowded = crowded,
        .full = http_queue_full(door->queue, &exchange->sharer),
    };
    http_judge(exchange, head, method, &rules);
    exchange->body_expected = size == UINT64_MAX ? 0 : (size_t)size;
    exchange->body_until = after(door->configuration->body_timeout);
    expect_body(door, exchange);
    if (exchange->refusal == 0 || (size == 0 && exchange->refusal != 431))
        return true;
    if (!http_exchange_claim(exchange))
        return false;
    if (exchange->refusal == 431) { /* libmicrohttpd may have no memory left for a response */
        http_raw_refuse(exchange, exchange->refusal, exchange->refusal_detail);
        return false;
    }
    linger(door, exchange);
    return answer_at_once(exchange, http_exchange_refuse);
}

static bool take_head_of_client(void *context, struct http_exchange *exchange, const char *method,
                                struct http_head *head)
{
    return take_head(context, exchange, method, head, false);
}

static bool take_head_of_operator(void *context, struct http_exchange *exchange, const char *method,
                                  struct http_head *head)
{
    return take_head(context, exchange, method, head, true);
}

/* false, for the connection is closed next. */
static bool refuse_rest(struct door *door, struct http_exchange *exchange,
                        enum http_rejection reason, int status, const char *detail)
{
    if (http_exchange_claim(exchange)) {
        http_metrics_reject(door->records.metrics, reason);
        http_raw_refuse(exchange, status, detail);
    }
    return false;
}

static bool keep(struct door *door, struct http_exchange *exchange, const void *bytes, size_t size)
{
    if (!http_memory_add_body(door->memory, &exchange->charge, &exchange->sharer, size)) {
        http_exchange_free_body(exchange);
        return refuse_rest(door, exchange, HTTP_REJECTED_BODIES_FULL, 503,
                           "Too many request bodies are being received; retry later.");
    }
    if (http_exchange_append(exchange, bytes, size, exchange->body_expected))
        return true;
    return refuse_rest(door, exchange, HTTP_REJECTED_NO_MEMORY, 503,
                       "There is no memory for the body now.");
}

static bool take_body(void *context, struct http_exchange *exchange, const void *bytes, size_t size)
{
    struct door *door = context;
    if (atomic_load(&exchange->raw_status) != 0)
        return false; /* it came too late */
    expect_body(door, exchange);
    if (atomic_fetch_add(&exchange->body_seen, size) + size > door->configuration->max_body)
        return refuse_rest(door, exchange, HTTP_REJECTED_TOO_LARGE, 413,
                           "The body is larger than the limit.");
    if (exchange->route == NULL || exchange->refusal != 0 || api_route_is_document(exchange->route))
        return true; /* it is not needed */
    return keep(door, exchange, bytes, size);
}

/* Again after a refused submit: then it has been claimed. */
static bool take_end(void *context, struct http_exchange *exchange)
{
    struct door *door = context;
    if (!exchange->ended && !http_exchange_claim(exchange))
        return false;
    exchange->ended = true;
    http_connection_expect(exchange->connection, HTTP_WAIT_READER, 0);
    if (exchange->refusal != 0)
        return answer_at_once(exchange, http_exchange_refuse);
    if (exchange->preflight) {
        exchange->status = 204;
        return http_gate_answer_empty(exchange);
    }
    if (api_route_is_document(exchange->route))
        return answer_at_once(exchange, http_exchange_answer);
    return compute(door, exchange);
}

/* What the client sends on is still read, or it would lose an answer that came in between. */
static void settle(struct door *door, struct http_exchange *exchange, bool complete)
{
    int raw = atomic_load(&exchange->raw_status);
    if (exchange->timed_out && exchange->stage == HTTP_ANSWERING &&
        !atomic_exchange(&exchange->late, true))
        http_metrics_reject(door->records.metrics, HTTP_REJECTED_TIMEOUT_READER);
    if (raw != 0) {
        exchange->sent_status = raw;
        linger(door, exchange);
    }
    if (exchange->whole_size > 0)
        atomic_store(&exchange->bytes_out, exchange->whole_size);
    exchange->took = api_now_ms() - exchange->began;
    exchange->cancelled =
        raw == 0 && !complete; /* a client that has all of it may have closed by now */
}

static void finish(void *context, struct http_exchange *exchange, bool complete)
{
    struct door *door = context;
    struct http_connection *connection = exchange->connection;
    http_connection_expect(connection, HTTP_WAIT_NEXT, after(door->configuration->idle_timeout));
    http_connection_attach(connection, NULL);
    settle(door, exchange, complete);
    if (exchange->client_counted)
        http_peers_leave(door->seats.peers, &exchange->client);
    /* However it ended: if a job thread still has it, it must stop. */
    http_exchange_abandon(exchange);
    bool counted = exchange->counted;
    if (exchange->sent_status != 0)
        http_exchange_note_unseen(exchange);
    http_exchange_release(exchange);
    if (counted && atomic_fetch_sub(&door->in_progress, 1) == 1 && atomic_load(&door->draining))
        eventfd_write(door->idle, 1);
}

/* ---- The handlers ---- */

const struct http_gate_handler http_request_handler = {.connect = connect_client,
                                                       .disconnect = disconnect,
                                                       .refuse_line = refuse_line,
                                                       .begin = begin,
                                                       .take_head = take_head_of_client,
                                                       .take_body = take_body,
                                                       .take_end = take_end,
                                                       .finish = finish};

const struct http_gate_handler http_operator_handler = {.connect = connect_operator,
                                                        .disconnect = disconnect,
                                                        .refuse_line = refuse_line,
                                                        .begin = begin,
                                                        .take_head = take_head_of_operator,
                                                        .take_body = take_body,
                                                        .take_end = take_end,
                                                        .finish = finish};
