/* One look at one connection, some ten times a second. */
#include "patience.h"

#include "clock.h"
#include "exchange.h"
#include "raw.h"

#include <poll.h>

enum {
    SILENCE_MS = 400,
    PROBE_MS = 1000, /* from the end of what a client sends until it is tested for being there */
};

static void check_head(const struct http_patience *patience, struct http_connection *connection)
{
    bool idle = connection->exchange == NULL && atomic_load(&connection->wait) == HTTP_WAIT_NEXT;
    if (!idle && !atomic_load(&connection->hung_up))
        http_metrics_reject(patience->metrics, HTTP_REJECTED_TIMEOUT_HEADER);
    atomic_store(&connection->until, 0);
    shutdown(connection->fd, SHUT_RDWR);
}

/*
 * The answer leaves at once, and the socket thread closes the connection when it sees the next part
 * of the body, or its end. From a client that sends neither, nothing more is taken after a while;
 * at once would be too soon: what is sent to a socket that takes nothing resets it, and takes the
 * answer away.
 */
static void refuse_body(const struct http_patience *patience, struct http_connection *connection,
                        int64_t now, enum http_rejection reason)
{
    struct http_exchange *exchange = connection->exchange;
    bool draining = reason == HTTP_REJECTED_DRAINING;
    bool over;
    if (http_exchange_claim(exchange)) {
        http_metrics_reject(patience->metrics, reason);
        http_raw_refuse(exchange, draining ? 503 : 408,
                        draining ? "The service is shutting down."
                        : reason == HTTP_REJECTED_SLOW_BODY
                            ? "The body came too slowly while other "
                              "requests waited."
                            : "The body took too long to come.");
        over = atomic_load(&exchange->raw_status) == 0; /* there was no memory for an answer */
        atomic_store(&connection->until, now + SILENCE_MS);
    } else { /* by this function, or the body is complete */
        over = atomic_load(&exchange->raw_status) != 0 && now >= atomic_load(&connection->until);
    }
    if (over)
        shutdown(exchange->fd, SHUT_RD);
}

static void count_late(const struct http_patience *patience, struct http_exchange *exchange,
                       enum http_rejection reason)
{
    if (!atomic_exchange(&exchange->late, true))
        http_metrics_reject(patience->metrics, reason);
}

static void stop_serving(struct http_connection *connection)
{
    http_exchange_abandon(connection->exchange);
    shutdown(connection->fd, SHUT_RDWR);
}

static bool is_reset(int fd)
{
    struct pollfd socket = {.fd = fd};
    return poll(&socket, 1, 0) > 0 && (socket.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

/*
 * Whether a client whose sending side is closed has closed all of the connection. TCP does not tell
 * until something is sent: a closed socket then answers by a reset. The response's bytes are such a
 * test; before they begin, 100 (Continue) is, which a client of HTTP/1.1 skips.
 */
static bool is_gone(struct http_connection *connection, int64_t now)
{
    if (atomic_load(&connection->gone) || is_reset(connection->fd))
        return true;
    if (connection->answering || connection->probed ||
        now - atomic_load(&connection->hung_up_at) < PROBE_MS)
        return false;
    if (connection->exchange->http_1_0)
        return true;
    connection->probed = true;
    http_raw_continue(connection->exchange);
    return false;
}

/* ---- Slow clients ---- */

static void note_rate(struct http_connection *connection, int64_t now, uint64_t bytes)
{
    enum http_wait wait = (enum http_wait)atomic_load(&connection->wait);
    if (connection->rated != wait) /* other bytes are counted now */
        connection->rate = (struct http_rate){0};
    connection->rated = wait;
    http_rate_update(&connection->rate, now, bytes);
}

/* While nothing but the reader is waited for. */
static void note_reader(struct http_connection *connection, int64_t now)
{
    uint64_t bytes, sent = atomic_load(&connection->exchange->bytes_out);
    if (http_rate_acknowledged(connection->fd, sent, &bytes))
        note_rate(connection, now, bytes);
}

/* The slowest below the rate of those whose rate is known; NULL: there is none. */
static struct http_connection *find_slowest(struct http_connection *first, uint64_t rate)
{
    struct http_connection *slowest = NULL;
    for (struct http_connection *at = first; at != NULL; at = at->next) {
        bool counts = at->rate.known && at->rated == (enum http_wait)atomic_load(&at->wait);
        if (counts && at->exchange != NULL && at->rate.value < rate) {
            slowest = at;
            rate = at->rate.value;
        }
    }
    return slowest;
}

static bool is_pressed(const struct http_patience *patience)
{
    return http_queue_is_pressed(patience->queue) || http_memory_bodies_pressed(patience->memory);
}

static void cut_reader(const struct http_patience *patience, struct http_connection *connection,
                       enum http_rejection reason)
{
    count_late(patience, connection->exchange, reason);
    stop_serving(connection);
}

void http_patience_checked(void *context, struct http_connection *first)
{
    const struct http_patience *patience = context;
    struct http_connection *slowest = find_slowest(first, patience->configuration->min_rate);
    if (slowest == NULL || !is_pressed(patience))
        return;
    if (slowest->rated == HTTP_WAIT_BODY)
        refuse_body(patience, slowest, http_clock_now(), HTTP_REJECTED_SLOW_BODY);
    else
        cut_reader(patience, slowest, HTTP_REJECTED_SLOW_READER);
}

/* ---- Checks ---- */

/* A response that is complete and being sent. */
static void check_reader(const struct http_patience *patience, struct http_connection *connection,
                         int64_t now)
{
    const struct http_exchange *exchange = connection->exchange;
    if (exchange == NULL)
        return;
    int64_t work_since = atomic_load(&exchange->work_since);
    int64_t since = work_since != 0 ? work_since : (int64_t)exchange->began;
    if (now - since > (int64_t)patience->configuration->answer_timeout)
        cut_reader(patience, connection, HTTP_REJECTED_TIMEOUT_ANSWER);
    else
        note_reader(connection, now);
}

/*
 * A reader who does not take half of what the pipe holds for as long as a connection may be idle
 * has stopped to read.
 */
static void check_work(const struct http_patience *patience, struct http_connection *connection,
                       int64_t now)
{
    const struct http_configuration *configuration = patience->configuration;
    struct http_exchange *exchange = connection->exchange;
    struct http_pipe_progress progress = http_pipe_progress(exchange->pipe, now);
    if (progress.ended) {
        check_reader(patience, connection, now);
        return;
    }
    if (atomic_load(&connection->hung_up) && is_gone(connection, now)) {
        stop_serving(connection);
        return;
    }
    if (progress.waiting > 0)
        note_reader(connection, now);
    else
        connection->rate = (struct http_rate){0};
    if (atomic_load(&patience->stopping)) {
        http_exchange_stop(exchange, 503);
    } else if (progress.waiting > (int64_t)configuration->idle_timeout) {
        cut_reader(patience, connection, HTTP_REJECTED_TIMEOUT_READER);
    } else if (now - exchange->work_since > (int64_t)configuration->answer_timeout) {
        cut_reader(patience, connection, HTTP_REJECTED_TIMEOUT_ANSWER);
    } else if (now - exchange->work_since - progress.waited >
               (int64_t)configuration->compute_timeout) {
        count_late(patience, exchange, HTTP_REJECTED_TIMEOUT_COMPUTE);
        http_exchange_stop(exchange, 504);
    }
}

void http_patience_check(void *context, struct http_connection *connection, int64_t now)
{
    const struct http_patience *patience = context;
    int64_t until = atomic_load(&connection->until);
    bool late = until != 0 && now >= until;
    switch ((enum http_wait)atomic_load(&connection->wait)) {
    case HTTP_WAIT_HEAD:
    case HTTP_WAIT_NEXT:
        if (late)
            check_head(patience, connection);
        break;
    case HTTP_WAIT_BODY:
        if (atomic_load(&patience->stopping))
            refuse_body(patience, connection, now, HTTP_REJECTED_DRAINING);
        else if (late && atomic_load(&connection->hung_up)) /* nothing more will come */
            stop_serving(connection);
        else if (late)
            refuse_body(patience, connection, now, HTTP_REJECTED_TIMEOUT_BODY);
        else if (connection->exchange != NULL)
            note_rate(connection, now, atomic_load(&connection->exchange->body_seen));
        break;
    case HTTP_WAIT_WORK:
        check_work(patience, connection, now);
        break;
    case HTTP_WAIT_READER:
        check_reader(patience, connection, now);
        break;
    }
}

void http_patience_left(void *context, struct http_connection *connection)
{
    (void)context;
    if (!atomic_load(&connection->gone))
        return;
    switch ((enum http_wait)atomic_load(&connection->wait)) {
    case HTTP_WAIT_BODY:
    case HTTP_WAIT_WORK:
        stop_serving(connection);
        break;
    case HTTP_WAIT_HEAD:
    case HTTP_WAIT_NEXT:
    case HTTP_WAIT_READER:
        break;
    }
}
