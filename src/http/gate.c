/* libmicrohttpd's callbacks, responses and daemons. */
#include "gate.h"

#include "epoll.h"
#include "listener.h"
#include "mhd_workarounds.h"
#include "raw.h"
#include "thread.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * New connections come from our own listener by MHD_add_connection: MHD_quiesce_daemon and a
 * socket thread may both remove the listening socket from the thread's epoll set, and the second
 * one to do so ends the process (0.9.75, and 1.0.1 likewise).
 *
 * libmicrohttpd calls back without any of its locks held except for the response's, under which
 * read_pipe runs; nothing else takes that one.
 */
struct http_gate {
    struct http_gate_options options;
    struct http_listener *listener; /* NULL: draining */
    struct MHD_Daemon *daemon;
    struct http_address address;
    atomic_bool draining;
};

/*
 * For the headers of request and answer, the reading of a body and one chunk of an answer. All of
 * it is held while a connection is idle, and above 32 KiB libmicrohttpd maps and unmaps pages for
 * every connection.
 */
enum { CONNECTION_MEMORY = 32 * 1024 };

static const char ALLOWED_HEADERS[] =
    "Accept, Authorization, Content-Type, If-None-Match, X-Request-Id";

/* ---- Answers ---- */

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_cors(const struct http_exchange *exchange, struct MHD_Response *response)
{
    bool added = !exchange->origin_matters || add_header(response, "Vary", "Origin");
    if (exchange->allow_origin == NULL)
        return added;
    added = added && add_header(response, "Access-Control-Allow-Origin", exchange->allow_origin) &&
            add_header(response, "Access-Control-Expose-Headers", HTTP_EXPOSED_HEADERS);
    if (exchange->preflight)
        added = added && add_header(response, "Access-Control-Allow-Methods", exchange->allow) &&
                add_header(response, "Access-Control-Allow-Headers", ALLOWED_HEADERS) &&
                add_header(response, "Access-Control-Max-Age", "86400");
    return added;
}

/* What the library may hide within a trailer (see struct reading) is not worth looking for. */
static bool has_trailer(const struct http_exchange *exchange)
{
    return MHD_get_connection_values(exchange->handle, MHD_FOOTER_KIND, NULL, NULL) > 0;
}

static bool add_headers(const struct http_exchange *exchange, struct MHD_Response *response)
{
    bool added = add_header(response, "X-Request-Id", exchange->id) &&
                 add_cors(exchange, response) &&
                 add_header(response, "X-Content-Type-Options", "nosniff");
    for (size_t i = 0; added && i < exchange->header_count; i++)
        added = add_header(response, exchange->headers[i].name, exchange->headers[i].value);
    if (exchange->allow != NULL)
        added = added && add_header(response, "Allow", exchange->allow);
    if (exchange->status == 401)
        added = added && add_header(response, "WWW-Authenticate", "Bearer realm=\"dissolved\"");
    if (exchange->refusal == 415) /* RFC 9110, 15.5.16 */
        added = added && add_header(response, "Accept-Encoding", "identity");
    if (exchange->close || has_trailer(exchange) || atomic_load(&exchange->gate->draining))
        added = added && add_header(response, "Connection", "close");
    return added;
}

/* Queues the response, whose status and headers the exchange has. response may be NULL. */
static bool queue_response(struct http_exchange *exchange, struct MHD_Response *response)
{
    if (response == NULL)
        return false;
    bool queued =
        add_headers(exchange, response) &&
        MHD_queue_response(exchange->handle, (unsigned)exchange->status, response) == MHD_YES;
    MHD_destroy_response(response);
    exchange->stage = HTTP_ANSWERING;
    if (queued)
        exchange->sent_status = exchange->status;
    return queued;
}

static ssize_t read_nothing(void *context, uint64_t position, char *bytes, size_t size)
{
    (void)context, (void)position, (void)bytes, (void)size;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static bool add_timing(struct http_exchange *exchange, struct MHD_Response *response)
{
    char timing[HTTP_TIMING_TEXT];
    if (response == NULL || !exchange->computed)
        return true;
    http_exchange_print_timing(exchange, timing);
    return add_header(response, "Server-Timing", timing);
}

/* An answer that is all there: it leaves with a Content-Length, together with its head. */
static bool answer_whole(struct http_exchange *exchange, const void *bytes, size_t size)
{
    struct MHD_Response *response;
    if (bytes == NULL && size > 0) /* to HEAD, or 304: only the size is sent */
        response = MHD_create_response_from_callback(size, 1, read_nothing, NULL, NULL);
    else /* the bytes stay where they are, the exchange outlives the response */
        response = MHD_create_response_from_buffer(size, (void *)bytes, MHD_RESPMEM_PERSISTENT);
    if (!add_timing(exchange, response)) {
        MHD_destroy_response(response);
        return false;
    }
    exchange->whole_size = bytes == NULL ? 0 : size;
    return queue_response(exchange, response);
}

/*
 * An answer that lacks something does not end in an orderly way: a reader that takes the end of a
 * connection for the end of an answer sees an error. A Unix socket has no reset, so that every
 * answer also has a length or chunks. Connecting to no address resets a connection; by its size,
 * the sandbox knows that it is none. The call is made by its number, for the thread sanitizer
 * takes connect() for the making of a new descriptor.
 */
static void reset(const struct http_exchange *exchange)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    (void)!syscall(SYS_connect, exchange->fd, &nowhere, sizeof nowhere.sa_family);
}

static ssize_t read_pipe(void *context, uint64_t position, char *bytes, size_t size)
{
    struct http_exchange *exchange = context;
    char timing[HTTP_TIMING_TEXT];
    size_t count;
    (void)position;
    switch (http_pipe_read(exchange->pipe, bytes, size, &count)) {
    case HTTP_PIPE_DATA:
        atomic_fetch_add(&exchange->bytes_out, count);
        return (ssize_t)count;
    case HTTP_PIPE_EMPTY:
        MHD_suspend_connection(exchange->handle);
        if (!http_pipe_arm_reader(exchange->pipe))
            MHD_resume_connection(exchange->handle);
        return 0;
    case HTTP_PIPE_COMPLETE:
        http_exchange_print_timing(exchange, timing);
        (void)MHD_add_response_footer(exchange->response, "Server-Timing", timing);
        return MHD_CONTENT_READER_END_OF_STREAM;
    case HTTP_PIPE_BROKEN:
        break;
    }
    reset(exchange);
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* An answer that is still being made, or too long for the pipe: in chunks, or of a known size. */
static bool answer_in_parts(struct http_exchange *exchange)
{
    if (exchange->http_1_0 && !exchange->size_known)
        return false; /* without chunks and without a size, a part would look like the whole */
    struct MHD_Response *response =
        MHD_create_response_from_callback(exchange->size_known ? exchange->size : MHD_SIZE_UNKNOWN,
                                          CONNECTION_MEMORY, read_pipe, exchange, NULL);
    if (response == NULL)
        return false;
    exchange->response = response;
    if (!exchange->http_1_0 && !add_header(response, "Trailer", "Server-Timing")) {
        MHD_destroy_response(response);
        return false;
    }
    return queue_response(exchange, response);
}

bool http_gate_answer(struct http_exchange *exchange)
{
    const void *bytes;
    size_t size;
    if (atomic_load(&exchange->gone))
        return false;
    if (http_pipe_whole(exchange->pipe, &bytes, &size))
        return answer_whole(exchange, bytes, size);
    return exchange->status != 0 && answer_in_parts(exchange);
}

bool http_gate_answer_empty(struct http_exchange *exchange)
{
    return answer_whole(exchange, NULL, 0);
}

void http_gate_suspend(struct http_exchange *exchange)
{
    MHD_suspend_connection(exchange->handle);
}

void http_gate_resume(struct http_exchange *exchange)
{
    MHD_resume_connection(exchange->handle);
}

const char *http_gate_reason(int status)
{
    return MHD_get_reason_phrase_for((unsigned)status);
}

/* ---- libmicrohttpd's callbacks ---- */

/* libmicrohttpd tells the address and not its size. */
static socklen_t size_of(const struct sockaddr *peer)
{
    if (peer == NULL)
        return 0;
    switch (peer->sa_family) {
    case AF_INET:
        return sizeof(struct sockaddr_in);
    case AF_INET6:
        return sizeof(struct sockaddr_in6);
    default:
        return sizeof peer->sa_family;
    }
}

static void notice(void *context, struct MHD_Connection *handle, void **connection,
                   enum MHD_ConnectionNotificationCode code)
{
    const struct http_gate *gate = context;
    const struct http_gate_handler *handler = &gate->options.handler;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        handler->disconnect(handler->context, *connection);
        return;
    }
    const struct sockaddr *peer =
        MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    int fd = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    http_mhd_forget_reads(fd);
    *connection = handler->connect(handler->context, fd, peer, size_of(peer));
    if (*connection == NULL)
        shutdown(fd, SHUT_RDWR);
}

static struct http_connection *connection_of(struct MHD_Connection *handle)
{
    return MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static struct http_exchange *create_exchange(struct http_gate *gate, const char *target,
                                             struct MHD_Connection *handle)
{
    const struct http_gate_handler *handler = &gate->options.handler;
    struct http_connection *connection = connection_of(handle);
    if (connection == NULL)
        return NULL;
    struct http_exchange *exchange = handler->begin(handler->context, connection, target);
    if (exchange != NULL) {
        exchange->target_begin = target;
        exchange->target_end = target == NULL ? NULL : target + strlen(target);
        exchange->gate = gate;
        exchange->handle = handle;
    }
    return exchange;
}

static void *begin(void *context, const char *target, struct MHD_Connection *handle)
{
    struct http_exchange *exchange = create_exchange(context, target, handle);
    http_mhd_cut_query(target);
    if (exchange != NULL)
        http_mhd_begin_head(exchange->fd);
    return exchange;
}

/* Changes nothing: http_target_parse decodes. */
static size_t unescape(void *context, struct MHD_Connection *handle, char *text)
{
    (void)context, (void)handle;
    return strlen(text);
}

/* The library's own messages are not shown; one of them tells of a response that it makes. */
static void take_message(void *context, const char *format, va_list arguments)
{
    const struct http_gate *gate = context;
    int fd, status;
    if (http_mhd_refused(format, arguments, &fd, &status))
        gate->options.handler.refuse_line(gate->options.handler.context, fd, status);
}

/*
 * A head as it is read. libmicrohttpd splits it where it lies, and hides what it skips: it appends
 * a line that is folded to the name of the header, ends texts at a NUL, and takes a line that
 * begins with one, or with a colon, for the head's end. Who passes such a head on may find other
 * headers and another end in it. Here every part has to begin where the one before it ends, and
 * lines end in CRLF, or all of them in LF alone. From 0.9.77.1 on the library refuses all of this
 * itself.
 */
struct reading {
    struct http_head head;
    const char *end; /* of what has been read */
    size_t line_end; /* bytes between two lines, 1 or 2; 0: not known yet */
};

/* Whether it begins so many bytes after the end. */
static bool follows(const char *end, const char *begin, size_t least, size_t most)
{
    uintptr_t gap = (uintptr_t)begin - (uintptr_t)end; /* or huge */
    return MHD_VERSION >= 0x00097701 || (gap >= least && gap <= most);
}

static enum MHD_Result add_to_head(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct reading *reading = context;
    (void)kind;
    http_head_add(&reading->head, name, value);
    if (reading->line_end == 0) /* the version is of 8 bytes: no NUL is behind it */
        reading->line_end = follows(reading->end, name, 1, 1) ? 1 : 2;
    if (value == NULL || !follows(reading->end, name, reading->line_end, reading->line_end) ||
        !follows(name + strlen(name), value, 1, CONNECTION_MEMORY))
        reading->head.hidden = true;
    else
        reading->end = value + strlen(value);
    http_mhd_hide_expectation(name, value);
    return MHD_YES;
}

/* Lines that end in CRLF, or all of them in LF alone; the last one is empty. */
static bool is_read_whole(const struct http_exchange *exchange, const struct reading *reading,
                          const char *head_end)
{
    size_t lines_end = 2 * reading->line_end;
    return MHD_VERSION >= 0x00097701 ||
           (follows(reading->end, head_end, lines_end > 0 ? lines_end : 2,
                    lines_end > 0 ? lines_end : 4) &&
            http_mhd_head_is_plain(exchange->fd));
}

static enum MHD_Result add_field(void *context, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    http_head_add(context, name, value);
    return MHD_YES;
}

void http_gate_read_id(struct http_exchange *exchange)
{
    struct http_head head = {0};
    MHD_get_connection_values(exchange->handle, MHD_HEADER_KIND, add_field, &head);
    http_head_id(&head, exchange->id);
    http_head_free(&head);
}

static size_t count_fields(const struct http_exchange *exchange)
{
    int fields = MHD_get_connection_values(exchange->handle, MHD_HEADER_KIND, NULL, NULL);
    int cookies = MHD_get_connection_values(exchange->handle, MHD_COOKIE_KIND, NULL, NULL);
    return (size_t)fields + (size_t)cookies;
}

static void read_head(const struct http_exchange *exchange, const char *method, const char *version,
                      struct http_head *head)
{
    struct reading reading = {.end = version + strlen(version)};
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(exchange->handle, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    MHD_get_connection_values(exchange->handle, MHD_HEADER_KIND, add_to_head, &reading);
    *head = reading.head;
    if (!follows(method + strlen(method), exchange->target_begin, 1, 1) ||
        !follows(exchange->target_end, version, 1, 1) || size == NULL ||
        !is_read_whole(exchange, &reading, method + size->header_size))
        head->hidden = true;
    if (!http_head_is_token(method))
        head->malformed = true;
    if (size != NULL &&
        http_mhd_head_memory(size->header_size, count_fields(exchange)) > (size_t)HTTP_HEAD_MEMORY)
        head->too_large = true;
}

static bool take_head(const struct http_gate_handler *handler, struct http_exchange *exchange,
                      const char *method, const char *version)
{
    struct http_head head;
    exchange->stage = HTTP_RECEIVING;
    /* For the library a method that goes on behind a NUL is not HEAD, and its response has a body.
     */
    exchange->head_only = strcmp(method, "HEAD") == 0 &&
                          follows(method + strlen(method), exchange->target_begin, 1, 1);
    exchange->http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    read_head(exchange, method, version, &head);
    bool expects_continue = http_head_expects_continue(&head) && http_head_body_size(&head) > 0;
    bool taken = handler->take_head(handler->context, exchange, method, &head);
    if (taken && expects_continue && exchange->refusal == 0 && !exchange->http_1_0)
        http_raw_continue(exchange);
    http_head_free(&head);
    return taken;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *bytes,
                              size_t *size, void **request)
{
    const struct http_gate *gate = context;
    const struct http_gate_handler *handler = &gate->options.handler;
    struct http_exchange *exchange = *request;
    size_t count = *size;
    bool go_on = true;
    (void)connection, (void)url;
    if (exchange == NULL)
        return MHD_NO; /* no memory for it */
    *size = 0;
    if (exchange->stage == HTTP_NEW)
        go_on = take_head(handler, exchange, method, version);
    else if (exchange->stage == HTTP_RECEIVING && count > 0)
        go_on = handler->take_body(handler->context, exchange, bytes, count);
    else if (exchange->stage == HTTP_RECEIVING) {
        http_mhd_ignore_end(exchange->fd);
        go_on = handler->take_end(handler->context, exchange);
    } else if (exchange->stage == HTTP_WORKING) {
        http_connection_answer(exchange->connection);
        go_on = http_gate_answer(exchange);
    }
    return go_on ? MHD_YES : MHD_NO;
}

/* Of an answer that libmicrohttpd gave by itself; false: there is none. */
static bool find_status(struct http_exchange *exchange, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    if (info != NULL)
        exchange->sent_status = (int)info->http_status;
    return info != NULL;
}

static void completed(void *context, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode reason)
{
    const struct http_gate *gate = context;
    const struct http_gate_handler *handler = &gate->options.handler;
    struct http_exchange *exchange = *request;
    bool complete = reason == MHD_REQUEST_TERMINATED_COMPLETED_OK;
    *request = NULL;
    if (exchange == NULL)
        return;
    http_mhd_forget_reads(exchange->fd);
    exchange->timed_out = reason == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED;
    if (exchange->stage == HTTP_ANSWERING && !complete)
        reset(exchange); /* libmicrohttpd shuts the socket down after this call */
    if (exchange->sent_status == 0)
        complete = find_status(exchange, connection) || complete;
    handler->finish(handler->context, exchange, complete);
}

static void accepted(void *context, int fd, const struct http_address *peer)
{
    struct http_gate *gate = context;
    if (MHD_add_connection(gate->daemon, fd, (const struct sockaddr *)&peer->storage, peer->size) !=
        MHD_YES)
        gate->options.turned_away(gate->options.handler.context);
}

static void exhausted(void *context)
{
    const struct http_gate *gate = context;
    gate->options.exhausted(gate->options.handler.context);
}

/* ---- Opening and closing ---- */

/*
 * A worker of 0.9.75 that reaches the limit, while connections that were added before wait to be
 * taken in, leaves a mutex locked and waits for it for ever. So the limit is never reached:
 * connections are counted by their seats.
 */
static const unsigned NO_LIMIT = 1u << 30;

/* A pool of one thread is refused by libmicrohttpd, which calls that no pool. */
static struct MHD_Daemon *start_daemon(struct http_gate *gate)
{
    const struct http_gate_options *options = &gate->options;
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
            MHD_USE_ITC | MHD_USE_ERROR_LOG,
        0, NULL, NULL, handle, gate, MHD_OPTION_EXTERNAL_LOGGER, take_message, gate,
        MHD_OPTION_URI_LOG_CALLBACK, begin, gate, MHD_OPTION_UNESCAPE_CALLBACK, unescape, gate,
        MHD_OPTION_NOTIFY_COMPLETED, completed, gate, MHD_OPTION_NOTIFY_CONNECTION, notice, gate,
        MHD_OPTION_THREAD_POOL_SIZE, options->threads > 1 ? options->threads : 0,
        MHD_OPTION_CONNECTION_LIMIT, NO_LIMIT, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)HTTP_THREAD_STACK,
#if MHD_VERSION >= 0x00097701
        MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
#endif
        MHD_OPTION_END);
}

struct http_gate *http_gate_open(const struct http_gate_options *options)
{
    struct http_gate *gate = calloc(1, sizeof *gate);
    if (gate == NULL)
        return NULL;
    gate->options = *options;
    http_epoll_stand_in();
    http_mhd_stand_in();
    gate->daemon = start_daemon(gate);
    const struct http_listener_options listening = {.address = options->listen,
                                                    .watcher = options->watcher,
                                                    .accepted = accepted,
                                                    .exhausted = exhausted,
                                                    .context = gate,
                                                    .descriptors = options->descriptors};
    if (gate->daemon != NULL)
        gate->listener = http_listener_open(&listening);
    if (gate->listener == NULL) {
        int reason = errno;
        http_gate_close(gate);
        errno = reason;
        return NULL;
    }
    gate->address = *http_listener_address(gate->listener);
    return gate;
}

bool http_gate_start(struct http_gate *gate)
{
    return http_listener_start(gate->listener);
}

const struct http_address *http_gate_address(const struct http_gate *gate)
{
    return &gate->address;
}

void http_gate_drain(struct http_gate *gate)
{
    atomic_store(&gate->draining, true); /* first: who sees the door closed is told so as well */
    http_listener_close(gate->listener);
    gate->listener = NULL;
}

void http_gate_close(struct http_gate *gate)
{
    if (gate == NULL)
        return;
    http_listener_close(gate->listener);
    if (gate->daemon != NULL)
        MHD_stop_daemon(gate->daemon);
    free(gate);
}
