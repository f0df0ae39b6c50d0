/* The dissolved server: configuration, signals, wiring. */
#include "http/clock.h"
#include "http/configuration.h"
#include "http/descriptors.h"
#include "http/door.h"
#include "http/healthcheck.h"
#include "http/log.h"
#include "http/sandbox.h"
#include "http/sizing.h"
#include "http/thread.h"

#include <dissolve/dissolve.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    SOCKET_THREADS = 2,
    FAREWELL_MS = 1000, /* for the last answers to leave, once no job works any more */
    LOOK_MS = 50,       /* whether one does */
    PLACE_TEXT = HTTP_ADDRESS_TEXT + 8,
};

/* Everything that lives as long as the process serves. */
struct server {
    const struct http_configuration *configuration;
    struct http_sizing sizing;
    struct http_descriptors descriptors;
    struct http_log *log;
    struct dissolve_pool *pool;
    struct api_service *service;
    struct door *door;
    int signals; /* SIGTERM and SIGINT are read from here; no handler runs */
};

/* Before any thread is started, so that all of them leave the signals to the main thread. */
static int take_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void *give_memory_back(void *argument)
{
    enum { MUCH = 1 << 20 };
    void *volatile block = malloc(MUCH);
    (void)argument;
    free(block);
    return NULL;
}

/*
 * When a thread's arena first gives memory back, glibc reads /proc/sys/vm/overcommit_memory, and
 * never again. It does so here, for the sandbox denies it later.
 */
static void let_arenas_shrink(void)
{
    pthread_t thread;
    (void)mallopt(M_TRIM_THRESHOLD, 1);
    if (http_thread_start(&thread, give_memory_back, NULL))
        pthread_join(thread, NULL);
}

/*
 * A request's frames go where the last one's were. By default glibc gives every large block back to
 * the kernel, which clears its pages anew each time: a quarter of the time that 21 frames of 512 x
 * 512 take. What it keeps now is bounded by four arenas of 64 MiB, or all four by a 16th of what
 * requests may take together; blocks of 4 MiB, a state of 592 x 592, go back as before.
 */
static void keep_memory(uint64_t allowed)
{
    enum { ARENAS = 4, KEPT = 64 << 20, LARGE = 4 << 20 };
    uint64_t share = allowed / 16 / ARENAS;
    (void)mallopt(M_ARENA_MAX, ARENAS);
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
    let_arenas_shrink();
    (void)mallopt(M_TRIM_THRESHOLD, share < KEPT ? (int)share : KEPT);
}

/* Of an address that cannot be listened on; NULL: of something else that the door needs. */
static void complain(const struct server *server, const struct http_address *refused,
                     const char *reason)
{
    char address[HTTP_ADDRESS_TEXT];
    if (refused == NULL) {
        http_log_say(server->log, HTTP_LOG_ERROR, "cannot start: %s", reason);
        return;
    }
    http_address_print(refused, address);
    http_log_say(server->log, HTTP_LOG_ERROR, "%scannot listen on %s: %s",
                 refused == &server->configuration->admin_listen ? "admin: " : "", address, reason);
}

static bool start(struct server *server, const char *isa)
{
    const struct http_configuration *configuration = server->configuration;
    const struct api_limits limits = {.max_body = configuration->max_body,
                                      .max_pixels = configuration->max_pixels,
                                      .max_work = configuration->max_work,
                                      .max_memory = http_sizing_request(&server->sizing)};
    enum dissolve_status status =
        dissolve_pool_create((unsigned)configuration->threads, &server->pool);
    if (status == DISSOLVE_OK)
        status = api_service_create(server->pool, &limits, &server->service);
    if (status != DISSOLVE_OK) {
        http_log_say(server->log, HTTP_LOG_ERROR, "cannot start: %s", dissolve_status_text(status));
        return false;
    }
    const struct door_options options = {.configuration = configuration,
                                         .sizing = &server->sizing,
                                         .service = server->service,
                                         .pool = server->pool,
                                         .log = server->log,
                                         .isa = isa,
                                         .job_threads = HTTP_JOB_THREADS,
                                         .socket_threads = SOCKET_THREADS,
                                         .descriptors = server->descriptors.for_clients};
    const struct http_address *refused;
    errno = 0;
    status = door_open(&options, &server->door, &refused);
    if (status != DISSOLVE_OK)
        complain(server, refused, errno != 0 ? strerror(errno) : dissolve_status_text(status));
    return status == DISSOLVE_OK;
}

enum event { SIGNAL, IDLE, NOTHING };

static void log_violations(const struct server *server)
{
    uint64_t news;
    int call;
    if (read(http_sandbox_violation_fd(), &news, sizeof news) != sizeof news)
        return;
    uint64_t all = http_sandbox_violations(&call);
    http_log_say(server->log, HTTP_LOG_WARNING,
                 "sandbox: denied system call %d; %llu denied since the start", call,
                 (unsigned long long)all);
}

/*
 * What comes first: a signal, the descriptor `idle`, if it is one, or the end of the time. What the
 * sandbox denies meanwhile is logged.
 */
static enum event wait_for(const struct server *server, int idle, uint64_t patience)
{
    struct pollfd polled[] = {{.fd = server->signals, .events = POLLIN},
                              {.fd = idle, .events = POLLIN},
                              {.fd = http_sandbox_violation_fd(), .events = POLLIN}};
    int64_t end = http_clock_now() + (int64_t)patience;
    int count = -1;
    while (count < 0) {
        int64_t left = end - http_clock_now();
        count = poll(polled, 3, patience == UINT64_MAX ? -1 : left > 0 ? (int)left : 0);
        if (count < 0 && errno != EINTR)
            return NOTHING;
        if (count > 0 && polled[2].revents != 0) {
            log_violations(server);
            if (polled[0].revents == 0 && polled[1].revents == 0)
                count = -1;
        }
    }
    struct signalfd_siginfo info;
    if (polled[0].revents != 0 && read(server->signals, &info, sizeof info) > 0)
        return SIGNAL;
    return polled[1].revents != 0 ? IDLE : NOTHING;
}

static void cancel(const struct server *server)
{
    http_log_say(server->log, HTTP_LOG_WARNING,
                 "cancelled: a second signal ends requests in progress");
    door_cancel(server->door);
}

/* A job stops when it looks, and a decoder, say, is in the middle of something until then. */
static enum event see_off(const struct server *server, int idle)
{
    enum event event;
    bool works;
    door_stop_jobs(server->door);
    do {
        works = door_works(server->door);
        event = wait_for(server, idle, works ? LOOK_MS : FAREWELL_MS);
    } while (event == NOTHING && (works || door_works(server->door)));
    return event;
}

/* Requests in progress have their time; then they are stopped, and told so. */
static void drain(const struct server *server)
{
    http_log_say(server->log, HTTP_LOG_INFO,
                 "draining: requests in progress are finished, new ones refused");
    door_drain(server->door);
    int idle = door_idle(server->door);
    enum event event = wait_for(server, idle, server->configuration->drain_timeout);
    if (event == NOTHING) {
        http_log_say(server->log, HTTP_LOG_WARNING, "the time to drain is over");
        event = see_off(server, idle);
    }
    if (event == SIGNAL)
        cancel(server);
}

/* Load balancers are given time to hear that this instance is not ready any more. */
static void serve(const struct server *server)
{
    (void)wait_for(server, -1, UINT64_MAX);
    api_service_set_ready(server->service, false);
    uint64_t delay = server->configuration->drain_delay;
    if (delay > 0)
        http_log_say(server->log, HTTP_LOG_INFO, "not ready any more");
    if (delay > 0 && wait_for(server, -1, delay) == SIGNAL)
        cancel(server);
    else
        drain(server);
}

/* Once everything is started and open. false: do not serve. */
static bool enter_sandbox(const struct server *server)
{
    const char *reason = "not wanted";
    enum http_sandbox sandbox =
        server->configuration->sandbox ? http_sandbox_enter(&reason) : HTTP_SANDBOX_UNAVAILABLE;
    if (sandbox == HTTP_SANDBOX_ON)
        http_log_say(server->log, HTTP_LOG_INFO, "sandbox: on");
    else if (sandbox == HTTP_SANDBOX_UNAVAILABLE)
        http_log_say(server->log, server->configuration->sandbox ? HTTP_LOG_WARNING : HTTP_LOG_INFO,
                     "sandbox: off (%s)", reason);
    else
        http_log_say(server->log, HTTP_LOG_ERROR, "cannot enter the sandbox: %s", reason);
    return sandbox != HTTP_SANDBOX_FAILED;
}

/* A URL, but for a Unix socket, which has none. */
static void print_place(const struct http_address *address, char place[PLACE_TEXT])
{
    char text[HTTP_ADDRESS_TEXT];
    http_address_print(address, text);
    snprintf(place, PLACE_TEXT, "%s%s", http_address_path(address) != NULL ? "" : "http://", text);
}

static void tell_addresses(const struct server *server, const char *isa)
{
    char place[PLACE_TEXT];
    const struct http_address *admin = door_admin_address(server->door);
    if (admin != NULL) {
        print_place(admin, place);
        http_log_say(server->log, HTTP_LOG_INFO, "admin: listening on %s", place);
    }
    print_place(door_address(server->door), place);
    http_log_say(server->log, HTTP_LOG_INFO, "listening on %s (threads %u, isa %s, version %s)",
                 place, dissolve_pool_threads(server->pool), isa, DISSOLVED_VERSION);
}

static int run(struct http_configuration *configuration, const char *isa)
{
    int status = EXIT_FAILURE;
    const struct http_machine machine = http_machine_read(configuration->cgroup);
    struct server server = {.configuration = configuration,
                            .sizing = http_sizing_fit(&machine, configuration),
                            .signals = take_signals()};
    server.log =
        http_log_create(STDERR_FILENO, configuration->log_format, configuration->log_level);
    server.descriptors = http_descriptors_fit(configuration);
    keep_memory(server.sizing.memory);
    http_sizing_log(&server.sizing, &machine, configuration, server.log);
    http_descriptors_log(&server.descriptors, configuration, server.log);
    if (server.signals < 0 || server.log == NULL) {
        perror("dissolved: cannot start");
    } else if (server.descriptors.fits && start(&server, isa) && enter_sandbox(&server) &&
               door_start(server.door)) {
        tell_addresses(&server, isa);
        serve(&server);
        status = EXIT_SUCCESS;
    }
    door_close(server.door);
    api_service_destroy(server.service);
    dissolve_pool_destroy(server.pool);
    if (status == EXIT_SUCCESS)
        http_log_say(server.log, HTTP_LOG_INFO, "stopped");
    http_log_destroy(server.log);
    return status;
}

static int start_or_ask(struct http_configuration *configuration)
{
    const struct http_address *asked =
        configuration->has_admin_listen ? &configuration->admin_listen : &configuration->listen;
    if (configuration->healthcheck)
        return http_healthcheck(asked, stderr) ? EXIT_SUCCESS : EXIT_FAILURE;
    const char *isa;
    if (dissolve_isa(&isa) != DISSOLVE_OK) {
        fprintf(stderr, "dissolved: DISSOLVE_ISA: this build and processor have no \"%s\"\n",
                getenv("DISSOLVE_ISA"));
        return 2;
    }
    return run(configuration, isa);
}

int main(int argc, char *argv[])
{
    struct http_configuration configuration;
    if (!http_descriptors_clean()) {
        perror("dissolved: cannot open /dev/null");
        return EXIT_FAILURE;
    }
    int status = http_configuration_read(argc, argv, getenv, stdout, stderr, &configuration);
    if (status != HTTP_CONFIGURATION_READ)
        return status;
    status = start_or_ask(&configuration);
    http_configuration_free(&configuration);
    return status;
}
