/* One look at one connection, some ten times a second. */
#include "patience.h"

#include "exchange.h"
#include "raw.h"

#include <poll.h>

enum {
    SILENCE_MS = 400,
    PROBE_MS = 1000, /* from the end of what a client sends until it is tested for being there */
    SLOW_MS = 100, /* without half of what a pipe holds: a reader that fast needs no other's help */
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
    if (progress.ended)
        return;
    if (atomic_load(&connection->hung_up) && is_gone(connection, now)) {
        stop_serving(connection);
        return;
    }
    bool slow = progress.waiting > SLOW_MS;
    http_queue_rest(exchange->queue, &exchange->work, slow, slow ? exchange->timing.state : 0);
    if (atomic_load(&patience->stopping)) {
        http_exchange_stop(exchange, 503);
    } else if (progress.waiting > (int64_t)configuration->idle_timeout) {
        count_late(patience, exchange, HTTP_REJECTED_TIMEOUT_READER);
        http_exchange_abandon(exchange);
        shutdown(exchange->fd, SHUT_RDWR);
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
        break;
    case HTTP_WAIT_WORK:
        check_work(patience, connection, now);
        break;
    case HTTP_WAIT_READER:
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
