/* Where libmicrohttpd's callbacks meet requests, job threads and answers. */
#include "door.h"

#include "exchange.h"
#include "judge.h"
#include "linger.h"
#include "listener.h"
#include "raw.h"
#include "watcher.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * Locks, in the order in which they may be taken: the watcher's, then one of a pipe's, the queue's,
 * the pool's or libmicrohttpd's own, which are leaves. libmicrohttpd calls back without any of its
 * locks held except for the response's, under which read_pipe runs; nothing else takes that one.
 *
 * New connections come from our own listener by MHD_add_connection: MHD_quiesce_daemon and a
 * socket thread may both remove the listening socket from the thread's epoll set, and the second
 * one to do so ends the process (0.9.75, and 1.0.1 likewise).
 *
 * A connection is suspended only with its pipe awaited, and every pipe ends when its job does. So
 * once the queue is closed no connection is left suspended, which MHD_stop_daemon insists on.
 */
struct door {
    struct door_options options;
    struct http_watcher *watcher;
    struct http_listener *listener; /* NULL: draining */
    struct http_queue *queue;
    struct MHD_Daemon *daemon;
    struct http_address address;
    atomic_size_t in_progress; /* requests whose head is here and whose answer is not sent */
    atomic_bool draining;
    atomic_bool cancelled;
    int idle; /* an eventfd */
};

enum {
    PIPE_CAPACITY = 1 << 20,

    /*
     * For the headers of request and answer, the reading of a body and one chunk of an answer. All
     * of it is held while a connection is idle, and above 32 KiB libmicrohttpd maps and unmaps
     * pages for every connection.
     */
    CONNECTION_MEMORY = 32 * 1024,
    CONNECTIONS = 16384,
};

static const char ALLOWED_HEADERS[] =
    "Accept, Authorization, Content-Type, If-None-Match, X-Request-Id";

/* ---- Answers ---- */

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(struct door *door, struct http_exchange *exchange,
                        struct MHD_Response *response)
{
    bool added = add_header(response, "X-Request-Id", exchange->id) &&
                 add_header(response, "Access-Control-Allow-Origin", "*") &&
                 add_header(response, "Access-Control-Expose-Headers", HTTP_EXPOSED_HEADERS);
    for (size_t i = 0; added && i < exchange->header_count; i++)
        added = add_header(response, exchange->headers[i].name, exchange->headers[i].value);
    if (exchange->allow != NULL)
        added = added && add_header(response, "Allow", exchange->allow);
    if (exchange->close || atomic_load(&door->draining))
        added = added && add_header(response, "Connection", "close");
    return added;
}

static bool add_preflight(struct http_exchange *exchange, struct MHD_Response *response)
{
    return add_header(response, "Access-Control-Allow-Methods", exchange->allow) &&
           add_header(response, "Access-Control-Allow-Headers", ALLOWED_HEADERS) &&
           add_header(response, "Access-Control-Max-Age", "86400");
}

/* Queues the response, whose status and headers the exchange has. response may be NULL. */
static enum MHD_Result queue_response(struct door *door, struct http_exchange *exchange,
                                      struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result queued = MHD_NO;
    if (add_headers(door, exchange, response) &&
        (!exchange->preflight || add_preflight(exchange, response)))
        queued = MHD_queue_response(exchange->connection, (unsigned)exchange->status, response);
    MHD_destroy_response(response);
    exchange->stage = HTTP_ANSWERING;
    return queued;
}

static ssize_t read_nothing(void *context, uint64_t position, char *bytes, size_t size)
{
    (void)context, (void)position, (void)bytes, (void)size;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* An answer that is all there: it leaves with a Content-Length, together with its head. */
static enum MHD_Result answer_whole(struct door *door, struct http_exchange *exchange,
                                    const void *bytes, size_t size)
{
    struct MHD_Response *response;
    if (bytes == NULL && size > 0) /* to HEAD: only the size is known, and told */
        response = MHD_create_response_from_callback(size, 1, read_nothing, NULL, NULL);
    else /* the bytes stay where they are, the exchange outlives the response */
        response = MHD_create_response_from_buffer(size, (void *)bytes, MHD_RESPMEM_PERSISTENT);
    if (response != NULL && exchange->computed) {
        char timing[HTTP_TIMING_TEXT];
        http_exchange_print_timing(exchange, timing);
        if (!add_header(response, "Server-Timing", timing)) {
            MHD_destroy_response(response);
            response = NULL;
        }
    }
    return queue_response(door, exchange, response);
}

/*
 * An answer that a client of HTTP/1.0 reads until the connection closes must not end in an orderly
 * way if something is missing. Connecting to no address resets a connection; by its size, the
 * sandbox knows that it is none.
 */
static void reset(struct http_exchange *exchange)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    (void)!connect(exchange->fd, &nowhere, sizeof nowhere.sa_family);
}

static ssize_t read_pipe(void *context, uint64_t position, char *bytes, size_t size)
{
    struct http_exchange *exchange = context;
    char timing[HTTP_TIMING_TEXT];
    size_t count;
    (void)position;
    switch (http_pipe_read(exchange->pipe, bytes, size, &count)) {
    case HTTP_PIPE_DATA:
        return (ssize_t)count;
    case HTTP_PIPE_EMPTY:
        MHD_suspend_connection(exchange->connection);
        if (!http_pipe_await(exchange->pipe))
            MHD_resume_connection(exchange->connection);
        return 0;
    case HTTP_PIPE_COMPLETE:
        http_exchange_print_timing(exchange, timing);
        (void)MHD_add_response_footer(exchange->response, "Server-Timing", timing);
        return MHD_CONTENT_READER_END_OF_STREAM;
    case HTTP_PIPE_BROKEN:
        break;
    }
    if (exchange->http_1_0)
        reset(exchange);
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* An answer that is still being made, or too long for the pipe. */
static enum MHD_Result answer_in_chunks(struct door *door, struct http_exchange *exchange)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, CONNECTION_MEMORY, read_pipe, exchange, NULL);
    if (response == NULL)
        return MHD_NO;
    exchange->response = response;
    if (!exchange->http_1_0 && !add_header(response, "Trailer", "Server-Timing")) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    return queue_response(door, exchange, response);
}

/* Once the pipe is open. MHD_NO, which closes the connection: there is no answer to give. */
static enum MHD_Result answer(struct door *door, struct http_exchange *exchange)
{
    const void *bytes;
    size_t size;
    if (atomic_load(&exchange->gone))
        return MHD_NO;
    if (http_pipe_whole(exchange->pipe, &bytes, &size))
        return answer_whole(door, exchange, bytes, size);
    return exchange->status == 0 ? MHD_NO : answer_in_chunks(door, exchange);
}

/* An answer that is made here and now, whatever its size. */
static enum MHD_Result answer_at_once(struct door *door, struct http_exchange *exchange,
                                      void (*make)(struct http_exchange *exchange))
{
    if (!http_exchange_begin(exchange, SIZE_MAX, NULL))
        return MHD_NO;
    make(exchange);
    return answer(door, exchange);
}

static enum MHD_Result answer_preflight(struct door *door, struct http_exchange *exchange)
{
    exchange->status = 204;
    return answer_whole(door, exchange, NULL, 0);
}

/* ---- Work ---- */

static void resume(void *context)
{
    struct http_exchange *exchange = context;
    MHD_resume_connection(exchange->connection);
}

static void run(struct http_work *work)
{
    struct http_exchange *exchange = (struct http_exchange *)work;
    exchange->queued = api_now_ms() - exchange->submitted;
    exchange->computed = true;
    http_exchange_answer(exchange);
    http_exchange_release(exchange);
}

/*
 * The client left, or closed its sending side, which counts as that. libmicrohttpd does not see it
 * while the connection is suspended; nor, until the idle timeout, where the end came together with
 * a part of the body, because after a short read it waits for an edge that has been already.
 * Shutting the socket down makes another edge.
 */
static bool left(void *context, uint32_t events)
{
    struct http_exchange *exchange = context;
    (void)events;
    http_exchange_abandon(exchange);
    shutdown(exchange->fd, SHUT_RDWR);
    return false;
}

static void watch(struct door *door, struct http_exchange *exchange)
{
    const struct http_watch watch = {
        .fd = exchange->fd, .events = EPOLLRDHUP | EPOLLONESHOT, .seen = left, .context = exchange};
    if (exchange->watch == 0)
        exchange->watch = http_watcher_add(door->watcher, &watch);
}

/* Suspended before a job thread can know of it; what follows a resume is the next call of handle.
 */
static enum MHD_Result submit(struct door *door, struct http_exchange *exchange)
{
    if (!http_exchange_begin(exchange, PIPE_CAPACITY, resume) ||
        (exchange->job == NULL &&
         dissolve_job_create(door->options.pool, &exchange->job) != DISSOLVE_OK)) {
        http_judge_refuse(exchange, 503, "There is no memory for the request now.");
        return answer_at_once(door, exchange, http_exchange_refuse);
    }
    exchange->work.run = run;
    exchange->stage = HTTP_WORKING;
    exchange->submitted = api_now_ms();
    MHD_suspend_connection(exchange->connection);
    (void)!http_pipe_await(exchange->pipe); /* it is new: there is nothing in it */
    http_exchange_hold(exchange);
    if (!http_queue_submit(door->queue, &exchange->work)) {
        http_exchange_release(exchange);
        dissolve_job_destroy(exchange->job);
        exchange->job = NULL;
        exchange->stage = HTTP_RECEIVING;
        http_judge_refuse(exchange, 503, "The queue is full.");
        MHD_resume_connection(exchange->connection);
        return MHD_YES;
    }
    http_exchange_share(exchange);
    watch(door, exchange);
    if (atomic_load(&door->cancelled))
        http_exchange_abandon(exchange);
    return MHD_YES;
}

/* ---- Requests ---- */

static enum MHD_Result add_to_head(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    http_head_add(context, name, value);
    return MHD_YES;
}

/*
 * The head is here. A refusal is answered now, which keeps the body from being asked for and ends
 * the connection; what a client sends all the same is read and discarded, or it would lose the
 * answer.
 */
static enum MHD_Result take_head(struct door *door, struct http_exchange *exchange,
                                 const char *method, const char *version)
{
    struct http_head head = {0};
    exchange->stage = HTTP_RECEIVING;
    exchange->counted = true;
    atomic_fetch_add(&door->in_progress, 1);
    exchange->head_only = strcmp(method, "HEAD") == 0;
    exchange->http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, add_to_head, &head);
    if (!http_exchange_read_head(exchange, &head))
        return MHD_NO;
    http_judge(exchange, &head, method, atomic_load(&door->draining), http_queue_full(door->queue));
    uint64_t size = http_head_body_size(&head);
    exchange->body_expected = size == UINT64_MAX ? 0 : (size_t)size;
    if (exchange->refusal == 0 || size == 0) {
        if (size > 0)
            watch(door, exchange);
        return MHD_YES;
    }
    http_linger(door->watcher, exchange->fd, api_service_limits(door->options.service)->max_body);
    return answer_at_once(door, exchange, http_exchange_refuse);
}

/*
 * libmicrohttpd takes no answer in the middle of a body. Nothing of one has been sent yet, so this
 * one goes to the socket as it is; then the connection is closed.
 */
static enum MHD_Result refuse_in_body(struct door *door, struct http_exchange *exchange, int status,
                                      const char *detail)
{
    http_judge_refuse(exchange, status, detail);
    if (!http_exchange_begin(exchange, SIZE_MAX, NULL))
        return MHD_NO;
    http_exchange_refuse(exchange);
    http_linger(door->watcher, exchange->fd, api_service_limits(door->options.service)->max_body);
    http_raw_send(exchange, MHD_get_reason_phrase_for((unsigned)status), exchange->fd);
    return MHD_NO;
}

static enum MHD_Result take_body(struct door *door, struct http_exchange *exchange,
                                 const char *bytes, size_t size)
{
    uint64_t max = api_service_limits(door->options.service)->max_body;
    exchange->body_seen += size;
    if (exchange->body_seen > max)
        return refuse_in_body(door, exchange, 413, "The body is larger than the limit.");
    if (exchange->route == NULL || exchange->refusal != 0 || api_route_is_document(exchange->route))
        return MHD_YES; /* nobody wants it */
    if (!http_exchange_append(exchange, bytes, size, exchange->body_expected))
        return refuse_in_body(door, exchange, 503, "There is no memory for the body now.");
    return MHD_YES;
}

/* Here and now if that is soon done, else on a job thread. */
static enum MHD_Result compute(struct door *door, struct http_exchange *exchange)
{
    if (!http_exchange_begin(exchange, SIZE_MAX, NULL))
        return MHD_NO;
    return http_exchange_answer_small(exchange) ? answer(door, exchange) : submit(door, exchange);
}

static enum MHD_Result take_end(struct door *door, struct http_exchange *exchange)
{
    if (exchange->refusal != 0)
        return answer_at_once(door, exchange, http_exchange_refuse);
    if (exchange->preflight)
        return answer_preflight(door, exchange);
    if (api_route_is_document(exchange->route))
        return answer_at_once(door, exchange, http_exchange_answer);
    return compute(door, exchange);
}

/* ---- libmicrohttpd's callbacks ---- */

static void *begin(void *context, const char *target, struct MHD_Connection *connection)
{
    struct door *door = context;
    struct http_exchange *exchange = http_exchange_create(door->options.service, target);
    if (exchange != NULL) {
        exchange->connection = connection;
        exchange->fd =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    }
    return exchange;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *bytes,
                              size_t *size, void **request)
{
    struct door *door = context;
    struct http_exchange *exchange = *request;
    (void)connection, (void)url;
    if (exchange == NULL)
        return MHD_NO; /* no memory for it */
    switch (exchange->stage) {
    case HTTP_NEW:
        return take_head(door, exchange, method, version);
    case HTTP_RECEIVING:
        if (*size == 0)
            return take_end(door, exchange);
        size_t count = *size;
        *size = 0;
        return take_body(door, exchange, bytes, count);
    case HTTP_WORKING:
        return answer(door, exchange);
    case HTTP_ANSWERING:
        break;
    }
    return MHD_YES;
}

static void completed(void *context, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode reason)
{
    struct door *door = context;
    struct http_exchange *exchange = *request;
    (void)connection, (void)reason;
    *request = NULL;
    if (exchange == NULL)
        return;
    http_watcher_remove(door->watcher, exchange->watch);
    /* However it ended: if a job thread still has it, it must stop. */
    http_exchange_abandon(exchange);
    bool counted = exchange->counted;
    http_exchange_release(exchange);
    if (counted && atomic_fetch_sub(&door->in_progress, 1) == 1 && atomic_load(&door->draining))
        eventfd_write(door->idle, 1);
}

static void accepted(void *context, int fd, const struct http_address *peer)
{
    struct door *door = context;
    (void)MHD_add_connection(door->daemon, fd, (const struct sockaddr *)&peer->storage, peer->size);
}

/* ---- Opening and closing ---- */

static struct MHD_Daemon *start_daemon(struct door *door)
{
    const struct door_options *options = &door->options;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL,
        NULL, handle, door, MHD_OPTION_URI_LOG_CALLBACK, begin, door, MHD_OPTION_NOTIFY_COMPLETED,
        completed, door, MHD_OPTION_THREAD_POOL_SIZE, options->socket_threads,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        options->idle_timeout, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_END);
}

enum dissolve_status door_open(const struct door_options *options, struct door **opened)
{
    *opened = NULL;
    struct door *door = calloc(1, sizeof *door);
    if (door == NULL)
        return DISSOLVE_NO_MEMORY;
    door->options = *options;
    door->idle = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    door->watcher = http_watcher_create();
    door->queue = http_queue_create(options->job_threads, options->queue);
    if (door->idle >= 0 && door->watcher != NULL && door->queue != NULL)
        door->daemon = start_daemon(door);
    if (door->daemon != NULL)
        door->listener = http_listener_open(&options->listen, door->watcher, accepted, door);
    if (door->listener == NULL) {
        int reason = errno;
        door_close(door);
        errno = reason;
        return DISSOLVE_SYSTEM;
    }
    door->address = *http_listener_address(door->listener);
    *opened = door;
    return DISSOLVE_OK;
}

const struct http_address *door_address(const struct door *door)
{
    return &door->address;
}

void door_drain(struct door *door)
{
    http_listener_close(door->listener);
    door->listener = NULL;
    atomic_store(&door->draining, true);
    if (atomic_load(&door->in_progress) == 0)
        eventfd_write(door->idle, 1);
}

int door_idle(const struct door *door)
{
    return door->idle;
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
    http_listener_close(door->listener);
    http_queue_close(door->queue);
    if (door->daemon != NULL)
        MHD_stop_daemon(door->daemon);
    http_queue_destroy(door->queue);
    http_watcher_destroy(door->watcher);
    if (door->idle >= 0)
        close(door->idle);
    free(door);
}
