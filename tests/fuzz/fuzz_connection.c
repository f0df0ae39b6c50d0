/*
 * Fuzzes the server by what a client sends on one connection: a byte of flags, three sizes of the
 * pieces that the rest is sent in, and the rest. The server is the real one, with its threads and
 * listeners. All that it sends has to be a sequence of well-formed responses, no more of them than
 * there were requests, and afterwards no request, body or connection may be left.
 */
#include "api/api.h"
#include "http/configuration.h"
#include "http/door.h"
#include "http/log.h"
#include "http/sizing.h"
#include "responses.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What the client does, the flags of an input. */
enum {
    CLOSES = 1 << 0,  /* closes once all is sent, and reads nothing more */
    IS_SLOW = 1 << 1, /* reads nothing before all is sent, unless nothing more is taken */
    GUARDED = 1 << 2, /* asks the server with keys, a proxy and little room */
    ADMIN = 1 << 3,   /* with GUARDED: asks its operators' listener */
    STAYS = 1 << 4,   /* keeps its sending side open until there is a response or quiet */
    DRAINS = 1 << 5,  /* the server drains once all is sent, and is closed */
    STOPS = 1 << 6,   /* with DRAINS: its jobs are stopped */
    CANCELS = 1 << 7, /* with DRAINS: they are cancelled */
};

enum {
    SIZES = 3,
    MAX_PIECES = 32, /* of an input; the rest is sent at once */
    MAX_RECEIVED = 1 << 20,
    YIELDS = 200,        /* before a thread that waits lets time pass */
    PATIENCE_MS = 30000, /* for what has to happen */
};

/* ---- The servers ---- */

/* An address that is listened on, and a descriptor of its socket's file, which is unlinked. */
struct place {
    struct sockaddr_un address; /* /proc/self/fd/FILE */
    int file;
};

struct server {
    struct http_configuration configuration;
    struct http_sizing sizing;
    struct dissolve_pool *pool;
    struct api_service *service;
    struct http_log *log;
    int log_lines;     /* where the log's lines are read from */
    struct door *door; /* NULL: none is open */
    struct place clients;
    struct place operators; /* with an admin listener */
};

static struct server servers[2]; /* the open and the guarded one */

#define LIMITS                                                                                  \
    "--threads", "1", "--max-pixels", "4096", "--max-work", "20000000", "--idle-timeout", "1h", \
        "--header-timeout", "1h", "--body-timeout", "1h", "--compute-timeout", "1h",            \
        "--no-sandbox", "--no-cgroup", "--log-level", "debug"

static char *const open_flags[] = {"dissolved", LIMITS, "--max-body", "65536", NULL};
static char *const guarded_flags[] = {"dissolved",
                                      LIMITS,
                                      "--max-body",
                                      "512",
                                      "--queue",
                                      "1",
                                      "--api-keys",
                                      "a-key-of-ours,another-key",
                                      "--cors-origins",
                                      "https://a.example",
                                      "--log-format",
                                      "text",
                                      "--trusted-proxies",
                                      "unix,10.0.0.0/8",
                                      "--max-connections-per-address",
                                      "1",
                                      NULL};

static char *ask_no_environment(const char *name)
{
    (void)name;
    return NULL;
}

static void create_server(struct server *server, char *const *flags)
{
    int pipe_ends[2], count = 0;
    while (flags[count])
        count++;
    CHECK(http_configuration_read(count, flags, ask_no_environment, stdout, stderr,
                                  &server->configuration) == HTTP_CONFIGURATION_READ);
    server->configuration.has_admin_listen = flags == guarded_flags;
    const struct http_machine machine = {.processors = 2, .memory = 1 << 30};
    server->sizing = http_sizing_fit(&machine, &server->configuration);
    const struct api_limits limits = {.max_body = server->configuration.max_body,
                                      .max_pixels = server->configuration.max_pixels,
                                      .max_work = server->configuration.max_work,
                                      .max_memory = http_sizing_request(&server->sizing)};
    CHECK(dissolve_pool_create(1, &server->pool) == DISSOLVE_OK);
    CHECK(api_service_create(server->pool, &limits, &server->service) == DISSOLVE_OK);
    CHECK(pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) == 0);
    server->log_lines = pipe_ends[0];
    server->log = http_log_create(pipe_ends[1], server->configuration.log_format,
                                  server->configuration.log_level);
    CHECK(server->log);
}

/* A Unix socket in that folder. */
static void set_address(struct http_address *address, const char *folder, const char *name)
{
    struct sockaddr_un *path = (struct sockaddr_un *)&address->storage;
    path->sun_family = AF_UNIX;
    snprintf(path->sun_path, sizeof path->sun_path, "%s/%s", folder, name);
    address->size = (socklen_t)sizeof *path;
}

/* Unlinks the socket's file, so that nothing is left if an input ends the process. */
static void hide_socket(const struct http_address *address, struct place *place)
{
    const char *path = http_address_path(address);
    place->file = open(path, O_PATH | O_CLOEXEC);
    CHECK(place->file >= 0 && unlink(path) == 0);
    place->address.sun_family = AF_UNIX;
    snprintf(place->address.sun_path, sizeof place->address.sun_path, "/proc/self/fd/%d",
             place->file);
}

/* With as few threads as it may have: a sanitizer counts those that have ended, and has a limit. */
static void open_door(struct server *server)
{
    char folder[] = "/tmp/fuzz-connection-XXXXXX";
    const struct http_address *refused;
    const struct door_options options = {.configuration = &server->configuration,
                                         .sizing = &server->sizing,
                                         .service = server->service,
                                         .pool = server->pool,
                                         .log = server->log,
                                         .isa = "any",
                                         .job_threads = 2,
                                         .socket_threads = 2,
                                         .descriptors = 1 << 16};
    CHECK(mkdtemp(folder));
    set_address(&server->configuration.listen, folder, "clients");
    set_address(&server->configuration.admin_listen, folder, "operators");
    CHECK(door_open(&options, &server->door, &refused) == DISSOLVE_OK);
    hide_socket(&server->configuration.listen, &server->clients);
    if (server->configuration.has_admin_listen)
        hide_socket(&server->configuration.admin_listen, &server->operators);
    CHECK(rmdir(folder) == 0);
    CHECK(door_start(server->door));
}

static void close_door(struct server *server)
{
    if (!server->door)
        return;
    door_close(server->door);
    server->door = NULL;
    close(server->clients.file);
    if (server->configuration.has_admin_listen)
        close(server->operators.file);
}

static void destroy_servers(void)
{
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        close_door(&servers[i]);
        api_service_destroy(servers[i].service);
        dissolve_pool_destroy(servers[i].pool);
        http_log_destroy(servers[i].log);
        http_configuration_free(&servers[i].configuration);
    }
}

static struct server *server_for(uint8_t flags)
{
    struct server *server = &servers[(flags & GUARDED) != 0 ? 1 : 0];
    if (!servers[0].log) {
        signal(SIGPIPE, SIG_IGN);
        create_server(&servers[0], open_flags);
        create_server(&servers[1], guarded_flags);
        atexit(destroy_servers);
    }
    if (!server->door)
        open_door(server);
    return server;
}

/* ---- The client ---- */

struct client {
    int fd;
    uint8_t flags;
    bool ended; /* nothing more comes */
    bool full;  /* nothing more is kept */
    size_t size;
    uint8_t received[MAX_RECEIVED];
};

/* Lets other threads run, and after some tries time pass: until the client can read, if it can. */
static void pause_for(const struct client *client, int tries)
{
    struct pollfd socket = {.fd = client->fd, .events = POLLIN};
    if (tries < YIELDS)
        sched_yield();
    else
        poll(&socket, 1, 1);
    CHECK(tries < PATIENCE_MS);
}

/* Takes what there is; not by recv, which is the server's own in this process. */
static void read_some(struct client *client)
{
    while (!client->ended && !client->full) {
        client->full = client->size == MAX_RECEIVED;
        ssize_t count = recvfrom(client->fd, client->received + client->size,
                                 MAX_RECEIVED - client->size, MSG_DONTWAIT, NULL, NULL);
        if (client->full || (count < 0 && errno == EAGAIN))
            return;
        client->ended = count <= 0;
        CHECK(count >= 0 || errno == ECONNRESET);
        client->size += count > 0 ? (size_t)count : 0;
    }
}

/* Until the server has read the last piece, so that it reads each by itself, or reads no more. */
static void await_taken(struct client *client)
{
    int waiting = 1;
    bool slow = (client->flags & IS_SLOW) != 0;
    for (int tries = 0; waiting > 0 && !client->ended && !client->full; tries++) {
        if (slow && tries == YIELDS)
            return;
        if (!slow)
            read_some(client);
        CHECK(ioctl(client->fd, SIOCOUTQ, &waiting) == 0);
        if (waiting > 0)
            pause_for(client, tries);
    }
}

static void send_piece(struct client *client, const uint8_t *bytes, size_t size)
{
    int tries = 0;
    while (size > 0 && !client->ended && !client->full) {
        ssize_t count = send(client->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN) {
            read_some(client);
            pause_for(client, tries++);
        } else if (count < 0) {
            CHECK(errno == EPIPE || errno == ECONNRESET);
            return;
        } else {
            bytes += count;
            size -= (size_t)count;
        }
    }
    await_taken(client);
}

/* In pieces of the three sizes in turn, of which 0 is all the rest. */
static void send_pieces(struct client *client, const uint8_t *sizes, struct fuzz_bytes bytes)
{
    for (int i = 0; bytes.size > 0; i++) {
        size_t size = i < MAX_PIECES ? sizes[i % SIZES] : 0;
        if (size == 0 || size > bytes.size)
            size = bytes.size;
        send_piece(client, bytes.data, size);
        bytes.data += size;
        bytes.size -= size;
    }
}

static void read_to_end(struct client *client)
{
    for (int tries = 0; !client->ended && !client->full; tries++) {
        size_t before = client->size;
        read_some(client);
        if (client->size > before)
            tries = 0;
        if (!client->ended)
            pause_for(client, tries);
    }
}

static void await_response(struct client *client)
{
    for (int tries = 0; tries < YIELDS && client->size == 0 && !client->ended; tries++) {
        read_some(client);
        sched_yield();
    }
}

static void connect_client(struct client *client, const struct server *server, uint8_t flags)
{
    bool admin = (flags & GUARDED) != 0 && (flags & ADMIN) != 0;
    const struct sockaddr_un *address = &(admin ? &server->operators : &server->clients)->address;
    memset(client, 0, offsetof(struct client, received));
    client->flags = flags;
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(client->fd >= 0);
    CHECK(connect(client->fd, (const struct sockaddr *)address, sizeof *address) == 0);
}

static void drain(const struct client *client, const struct server *server)
{
    if ((client->flags & DRAINS) == 0)
        return;
    door_drain(server->door);
    if ((client->flags & STOPS) != 0)
        door_stop_jobs(server->door);
    if ((client->flags & CANCELS) != 0)
        door_cancel(server->door);
}

/* ---- What holds afterwards ---- */

static size_t count_requests(struct fuzz_bytes sent)
{
    size_t count = 1; /* a line that is no request's is answered as well */
    for (size_t i = 0; i + 5 <= sent.size; i++)
        count += memcmp(sent.data + i, "HTTP/", 5) == 0;
    return count;
}

/* A response is cut off only where the input has the server do so, or this client disconnects. */
static void check_received(const struct client *client, struct fuzz_bytes sent)
{
    struct responses all = {
        .left = {client->received, client->size},
        .may_be_head = sent.size > 0 && memmem(sent.data, sent.size, "HEAD", 4),
    };
    check_responses(&all);
    CHECK(all.count <= count_requests(sent));
    CHECK(!all.cut || client->full || (client->flags & (CLOSES | STOPS | CANCELS)) != 0);
}

struct text {
    size_t size;
    char bytes[1 << 16];
};

static void start_text(void *context, int status, const struct api_field *headers, size_t count)
{
    (void)context, (void)headers, (void)count;
    CHECK(status == 200);
}

static bool add_text(void *context, const void *bytes, size_t size)
{
    struct text *text = context;
    CHECK(size < sizeof text->bytes - text->size);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    return true;
}

static void flush_text(void *context)
{
    (void)context;
}

static bool is_zero(const struct text *text, const char *gauge)
{
    char line[64];
    snprintf(line, sizeof line, "\n%s 0\n", gauge);
    return strstr(text->bytes, line) != NULL;
}

/* By the gauges of GET /metrics. */
static bool is_idle(const struct server *server)
{
    static struct text text;
    const struct api_reply reply = {
        .context = &text, .start = start_text, .write = add_text, .flush = flush_text};
    const struct api_request request = {.id = "idle"};
    struct api_timing timing = {0};
    const struct api_route *route;
    const char *allow;
    text.size = 0;
    CHECK(api_find_route("GET", "/metrics", &route, &allow) == API_MATCH);
    struct api_call *call =
        api_call_create(server->service, route, &request, NULL, &reply, &timing);
    CHECK(call && api_call_continue(call) == API_COMPLETE);
    api_call_destroy(call);
    text.bytes[text.size] = '\0';
    return is_zero(&text, "dissolved_requests_in_progress") &&
           is_zero(&text, "dissolved_connections") && is_zero(&text, "dissolved_queue_length") &&
           is_zero(&text, "dissolved_slow_readers") && is_zero(&text, "dissolved_memory_bytes");
}

/* The client is gone, and soon nothing is left of its requests. */
static void await_idle(struct server *server, uint8_t flags)
{
    const struct client nothing = {.fd = -1};
    struct pollfd idle = {.fd = door_idle(server->door), .events = POLLIN};
    if ((flags & DRAINS) != 0)
        CHECK(poll(&idle, 1, PATIENCE_MS) == 1);
    for (int tries = 0; !is_idle(server); tries++)
        pause_for(&nothing, tries);
    if ((flags & DRAINS) != 0)
        close_door(server);
}

/* What a client sends forges nothing in the log: a line is one JSON object, or printable ASCII. */
static void check_log_line(const struct server *server, const uint8_t *line, size_t size)
{
    if (server->configuration.log_format == HTTP_LOG_JSON)
        check_json(line, size);
    for (size_t i = 0; server->configuration.log_format == HTTP_LOG_TEXT && i < size; i++)
        CHECK(line[i] >= ' ' && line[i] <= '~');
}

/* The log writes when it likes, at most PIPE_BUF at once: what is here are whole lines. */
static void check_log(const struct server *server)
{
    static uint8_t bytes[1 << 16];
    ssize_t size = read(server->log_lines, bytes, sizeof bytes);
    for (struct fuzz_bytes left = {bytes, size > 0 ? (size_t)size : 0}; left.size > 0;) {
        const uint8_t *end = memchr(left.data, '\n', left.size);
        CHECK(end);
        check_log_line(server, left.data, (size_t)(end - left.data));
        left.size -= (size_t)(end + 1 - left.data);
        left.data = end + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct client client;
    uint8_t sizes[SIZES];
    struct fuzz_bytes sent = {data, size};
    uint8_t flags = fuzz_byte(&sent);
    for (size_t i = 0; i < SIZES; i++)
        sizes[i] = fuzz_byte(&sent);
    struct server *server = server_for(flags);
    connect_client(&client, server, flags);
    send_pieces(&client, sizes, sent);
    if ((flags & STAYS) != 0)
        await_response(&client);
    if ((flags & CLOSES) == 0)
        shutdown(client.fd, SHUT_WR);
    drain(&client, server);
    if ((flags & CLOSES) == 0)
        read_to_end(&client);
    close(client.fd);
    check_received(&client, sent);
    await_idle(server, flags);
    check_log(server);
    return 0;
}
