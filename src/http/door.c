/* What becomes of a request, from its first line to its last byte. */
#include "door.h"

#include "clock.h"
#include "gate.h"
#include "judge.h"
#include "linger.h"
#include "mhd_workarounds.h"
#include "networks.h"
#include "patience.h"
#include "peers.h"
#include "raw.h"
#include "records.h"
#include "sizing.h"
#include "watcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

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
    struct http_peers *peers;             /* NULL: not counted */
    struct http_keys *keys;               /* NULL: none is asked for */
    const char **paths;                   /* of all routes, as the metrics know them */
    struct http_records records;
    struct http_patience patience;
    struct http_room room; /* for bodies */
    struct http_gate *gate;
    struct http_gate *admin;   /* NULL: there is none */
    atomic_size_t in_progress; /* requests whose head is here and whose answer is not sent */
    atomic_bool draining;
    atomic_bool cancelled;
    int idle; /* an eventfd */
};

enum {
    PIPE_CAPACITY = 1 << 20,
    ADMIN_CONNECTIONS = 256,
};

/* ---- Figures ---- */

static enum dissolve_status print_metrics(void *context, struct codec_buffer *out)
{
    const struct door *door = context;
    const struct http_metrics_gauges gauges = {
        .in_progress = atomic_load(&door->in_progress),
        .connections = http_connections_count(door->connections),
        .queue_length = http_queue_length(door->queue),
        .queue_capacity = (size_t)door->configuration->queue,
        .slow_readers = http_queue_resting(door->queue),
        .bodies_taken = http_room_taken(&door->room),
        .bodies_size = door->room.size,
        .job_threads = door->options.job_threads,
        .pool_threads = dissolve_pool_threads(door->options.pool),
        .log_lines_dropped = http_log_dropped(door->records.log),
        .ready = api_service_is_ready(door->options.service),
        .version = DISSOLVED_VERSION,
        .isa = door->options.isa,
    };
    return http_metrics_print(door->records.metrics, &gauges, out);
}

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

static void run(struct http_work *work)
{
    struct http_exchange *exchange = (struct http_exchange *)work;
    exchange->queued = api_now_ms() - exchange->submitted;
    exchange->computed = true;
    http_exchange_answer(exchange);
    http_exchange_release(exchange);
}

/* Suspended before a job thread can know of it; what follows a resume is the next call of handle.
 */
static bool submit(struct door *door, struct http_exchange *exchange)
{
    if (!http_exchange_begin(exchange, PIPE_CAPACITY, resume) ||
        (exchange->job == NULL &&
         dissolve_job_create(door->options.pool, &exchange->job) != DISSOLVE_OK)) {
        http_judge_reject(exchange, HTTP_REJECTED_NO_MEMORY, 503,
                          "There is no memory for the request now.");
        return answer_at_once(exchange, http_exchange_refuse);
    }
    exchange->work.run = run;
    exchange->queue = door->queue;
    exchange->stage = HTTP_WORKING;
    exchange->submitted = api_now_ms();
    exchange->work_since = http_clock_now();
    http_gate_suspend(exchange);
    (void)!http_pipe_await(exchange->pipe); /* it is new: there is nothing in it */
    http_exchange_hold(exchange);
    if (!http_queue_submit(door->queue, &exchange->work)) {
        http_exchange_release(exchange);
        dissolve_job_destroy(exchange->job);
        exchange->job = NULL;
        exchange->stage = HTTP_RECEIVING;
        http_judge_reject(exchange, HTTP_REJECTED_QUEUE_FULL, 503, "The queue is full.");
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

static struct http_connection *connect_peer(struct door *door, struct http_connections *connections,
                                            int fd, const struct sockaddr *peer, socklen_t size)
{
    struct http_connection *connection = http_connections_enter(
        connections, fd, peer, size, after(door->configuration->header_timeout));
    if (connection == NULL)
        http_metrics_reject(door->records.metrics, HTTP_REJECTED_NO_MEMORY);
    return connection;
}

/* A proxy's connections are many people's, each of whom is counted by request. */
static struct http_connection *connect_client(void *context, int fd, const struct sockaddr *peer,
                                              socklen_t size)
{
    struct door *door = context;
    struct http_connection *connection = connect_peer(door, door->connections, fd, peer, size);
    if (connection == NULL || door->peers == NULL ||
        http_networks_contains(&door->configuration->trusted_proxies, &connection->peer))
        return connection;
    connection->counted = http_peers_enter(door->peers, &connection->peer);
    if (connection->counted)
        return connection;
    http_metrics_reject(door->records.metrics, HTTP_REJECTED_CONNECTIONS_PER_ADDRESS);
    http_connections_leave(connection);
    return NULL;
}

static struct http_connection *connect_operator(void *context, int fd, const struct sockaddr *peer,
                                                socklen_t size)
{
    struct door *door = context;
    return connect_peer(door, door->operators, fd, peer, size);
}

static void refuse_line(void *context, int fd, int status)
{
    struct door *door = context;
    struct http_connection *connection = http_connections_find(door->connections, fd);
    if (connection == NULL)
        connection = http_connections_find(door->operators, fd);
    if (connection != NULL && connection->exchange == NULL)
        connection->refused = status;
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
    int status = refused_status(door, connection);
    if (status != 0)
        http_records_add_refused(&door->records, &connection->peer, status);
    if (connection->counted)
        http_peers_leave(door->peers, &connection->peer);
    http_connections_leave(connection);
}

static void turned_away(void *context)
{
    const struct door *door = context;
    http_metrics_reject(door->records.metrics, HTTP_REJECTED_CONNECTIONS);
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
    exchange->room = &door->room;
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
    if (!forwarded || door->peers == NULL)
        return true;
    exchange->client_counted = http_peers_enter(door->peers, &exchange->client);
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
    const struct http_rules rules = {
        .keys = door->keys,
        .origins = &door->configuration->cors_origins,
        .operators = operators,
        .draining = atomic_load(&door->draining),
        .full = http_queue_full(door->queue),
        .no_room = size != UINT64_MAX && !http_room_has(&door->room, size),
        .crowded = !find_client(door, exchange, head),
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
    http_linger(door->watcher, exchange->fd, door->configuration->max_body);
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
    if (!http_room_take(&door->room, size)) {
        http_exchange_forget_body(exchange);
        return refuse_rest(door, exchange, HTTP_REJECTED_BODIES_FULL, 503,
                           "There are too many bodies on their way.");
    }
    if (http_exchange_append(exchange, bytes, size, exchange->body_expected))
        return true;
    http_room_give(&door->room, size);
    return refuse_rest(door, exchange, HTTP_REJECTED_NO_MEMORY, 503,
                       "There is no memory for the body now.");
}

static bool take_body(void *context, struct http_exchange *exchange, const void *bytes, size_t size)
{
    struct door *door = context;
    if (atomic_load(&exchange->raw_status) != 0)
        return false; /* it came too late */
    expect_body(door, exchange);
    exchange->body_seen += size;
    if (exchange->body_seen > door->configuration->max_body)
        return refuse_rest(door, exchange, HTTP_REJECTED_TOO_LARGE, 413,
                           "The body is larger than the limit.");
    if (exchange->route == NULL || exchange->refusal != 0 || api_route_is_document(exchange->route))
        return true; /* nobody wants it */
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
        http_linger(door->watcher, exchange->fd, door->configuration->max_body);
    }
    exchange->took = api_now_ms() - exchange->began;
    exchange->cancelled = raw == 0 && !complete; /* whoever has it all may be gone by now */
}

static void finish(void *context, struct http_exchange *exchange, bool complete)
{
    struct door *door = context;
    struct http_connection *connection = exchange->connection;
    http_connection_expect(connection, HTTP_WAIT_NEXT, after(door->configuration->idle_timeout));
    http_connection_attach(connection, NULL);
    settle(door, exchange, complete);
    if (exchange->client_counted)
        http_peers_leave(door->peers, &exchange->client);
    /* However it ended: if a job thread still has it, it must stop. */
    http_exchange_abandon(exchange);
    bool counted = exchange->counted;
    if (exchange->sent_status != 0)
        http_exchange_note_unseen(exchange);
    http_exchange_release(exchange);
    if (counted && atomic_fetch_sub(&door->in_progress, 1) == 1 && atomic_load(&door->draining))
        eventfd_write(door->idle, 1);
}

/* ---- Opening and closing ---- */

static const struct http_gate_handler FOR_CLIENTS = {.connect = connect_client,
                                                     .disconnect = disconnect,
                                                     .refuse_line = refuse_line,
                                                     .begin = begin,
                                                     .take_head = take_head_of_client,
                                                     .take_body = take_body,
                                                     .take_end = take_end,
                                                     .finish = finish};

static const struct http_gate_handler FOR_OPERATORS = {.connect = connect_operator,
                                                       .disconnect = disconnect,
                                                       .refuse_line = refuse_line,
                                                       .begin = begin,
                                                       .take_head = take_head_of_operator,
                                                       .take_body = take_body,
                                                       .take_end = take_end,
                                                       .finish = finish};

static struct http_gate *open_gate(struct door *door, const struct http_address *listen,
                                   const struct http_gate_handler *handler, unsigned threads,
                                   unsigned connections)
{
    struct http_gate_options options = {
        .listen = listen,
        .watcher = door->watcher,
        .threads = threads,
        .connections = connections,
        .idle_seconds = (unsigned)((door->configuration->idle_timeout + 999) / 1000) + 1,
        .turned_away = turned_away,
        .handler = *handler};
    options.handler.context = door;
    return http_gate_open(&options);
}

static struct http_metrics *create_metrics(struct door *door)
{
    size_t count = api_route_index(NULL);
    door->paths = calloc(count, sizeof *door->paths);
    if (door->paths == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        door->paths[i] = api_route_path(i);
    return http_metrics_create(door->paths, count);
}

/* What needs no socket. */
static bool furnish(struct door *door)
{
    const struct http_configuration *configuration = door->configuration;
    bool made = true;
    door->patience.configuration = configuration;
    door->watcher = http_watcher_create();
    door->records =
        (struct http_records){.log = door->options.log, .metrics = create_metrics(door)};
    door->patience.metrics = door->records.metrics;
    const struct http_queue_options queue = {.threads = door->options.job_threads,
                                             .spares = (unsigned)configuration->slow_readers,
                                             .capacity = (size_t)configuration->queue,
                                             .room = http_sizing_states(configuration)};
    door->queue = http_queue_create(&queue);
    if (door->watcher != NULL) {
        const struct http_attendant attendant = {
            .context = &door->patience, .check = http_patience_check, .left = http_patience_left};
        door->connections = http_connections_create(door->watcher, &attendant);
        door->operators = http_connections_create(door->watcher, &attendant);
    }
    if (configuration->max_connections_per_address > 0)
        made = (door->peers =
                    http_peers_create((size_t)configuration->max_connections_per_address)) != NULL;
    if (configuration->api_keys.count > 0)
        made = made && (door->keys = http_keys_create(&configuration->api_keys)) != NULL;
    return made && door->watcher != NULL && door->records.metrics != NULL && door->queue != NULL &&
           door->connections != NULL && door->operators != NULL;
}

/* NULL: both addresses are listened on; otherwise the one that is not. */
static const struct http_address *open_gates(struct door *door)
{
    const struct http_configuration *configuration = door->configuration;
    door->gate = open_gate(door, &configuration->listen, &FOR_CLIENTS, door->options.socket_threads,
                           (unsigned)configuration->max_connections);
    if (door->gate == NULL)
        return &configuration->listen;
    if (!configuration->has_admin_listen)
        return NULL;
    door->admin =
        open_gate(door, &configuration->admin_listen, &FOR_OPERATORS, 1, ADMIN_CONNECTIONS);
    return door->admin == NULL ? &configuration->admin_listen : NULL;
}

enum dissolve_status door_open(const struct door_options *options, struct door **opened,
                               const struct http_address **refused)
{
    *opened = NULL;
    *refused = NULL;
    struct door *door = calloc(1, sizeof *door);
    if (door == NULL)
        return DISSOLVE_NO_MEMORY;
    door->options = *options;
    door->configuration = options->configuration;
    door->room.size = http_sizing_bodies(options->configuration, options->job_threads);
    door->idle = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool open = door->idle >= 0 && furnish(door);
    if (open) {
        api_service_set_metrics(options->service, print_metrics, door);
        *refused = open_gates(door);
        open = *refused == NULL;
    }
    if (!open) {
        int reason = errno;
        door_close(door);
        errno = reason;
        return DISSOLVE_SYSTEM;
    }
    *opened = door;
    return DISSOLVE_OK;
}

const struct http_address *door_address(const struct door *door)
{
    return http_gate_address(door->gate);
}

const struct http_address *door_admin_address(const struct door *door)
{
    return door->admin == NULL ? NULL : http_gate_address(door->admin);
}

void door_drain(struct door *door)
{
    atomic_store(&door->draining, true);
    http_gate_drain(door->gate);
    if (atomic_load(&door->in_progress) == 0)
        eventfd_write(door->idle, 1);
}

int door_idle(const struct door *door)
{
    return door->idle;
}

void door_stop_jobs(struct door *door)
{
    atomic_store(&door->patience.stopping, true);
    http_connections_check(door->connections, http_clock_now());
}

bool door_works(const struct door *door)
{
    return !http_queue_idle(door->queue);
}

void door_cancel(struct door *door)
{
    atomic_store(&door->cancelled, true);
    http_watcher_hang_up(door->watcher);
}

void door_close(struct door *door)
{
    if (door == NULL)
        return;
    http_queue_close(door->queue);
    http_gate_close(door->gate);
    http_gate_close(door->admin);
    http_queue_destroy(door->queue);
    http_connections_destroy(door->connections);
    http_connections_destroy(door->operators);
    http_watcher_destroy(door->watcher);
    http_peers_destroy(door->peers);
    http_keys_destroy(door->keys);
    http_metrics_destroy(door->records.metrics);
    free(door->paths);
    if (door->idle >= 0)
        close(door->idle);
    free(door);
}
