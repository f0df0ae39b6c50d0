/* The dissolved server: configuration, signals, wiring. */
#include "http/configuration.h"
#include "http/door.h"
#include "http/healthcheck.h"
#include "http/sandbox.h"

#include <dissolve/dissolve.h>
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { JOB_THREADS = 8, SOCKET_THREADS = 2, IDLE_SECONDS = 60 };

/* Everything that lives as long as the process serves. */
struct server {
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

/* A connection needs a descriptor; the soft limit is often low for the sake of select alone. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/*
 * A request's frames go where the last one's were. By default glibc gives every large block back to
 * the kernel, which clears its pages anew each time: a quarter of the time that 21 frames of 512 x
 * 512 take. What it keeps now is bounded by four arenas of 64 MiB; larger blocks go back as before.
 */
static void keep_memory(void)
{
    (void)mallopt(M_ARENA_MAX, 4);
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

static bool start(struct server *server, const struct http_configuration *configuration)
{
    const struct api_limits limits = {.max_body = configuration->max_body,
                                      .max_pixels = configuration->max_pixels,
                                      .max_work = configuration->max_work};
    enum dissolve_status status =
        dissolve_pool_create((unsigned)configuration->threads, &server->pool);
    if (status == DISSOLVE_OK)
        status = api_service_create(server->pool, &limits, &server->service);
    if (status != DISSOLVE_OK) {
        fprintf(stderr, "dissolved: cannot start: %s\n", dissolve_status_text(status));
        return false;
    }
    const struct door_options options = {.listen = configuration->listen,
                                         .service = server->service,
                                         .pool = server->pool,
                                         .queue = (size_t)configuration->queue,
                                         .job_threads = JOB_THREADS,
                                         .socket_threads = SOCKET_THREADS,
                                         .idle_timeout = IDLE_SECONDS};
    errno = 0;
    status = door_open(&options, &server->door);
    if (status != DISSOLVE_OK) {
        char address[HTTP_ADDRESS_TEXT];
        http_address_print(&configuration->listen, address);
        fprintf(stderr, "dissolved: cannot listen on %s: %s\n", address,
                errno != 0 ? strerror(errno) : dissolve_status_text(status));
    }
    return status == DISSOLVE_OK;
}

/* Once everything is started and open. false: do not serve. */
static bool enter_sandbox(bool wanted)
{
    const char *reason = "not wanted";
    enum http_sandbox sandbox = wanted ? http_sandbox_enter(&reason) : HTTP_SANDBOX_UNAVAILABLE;
    if (sandbox == HTTP_SANDBOX_ON)
        fprintf(stderr, "sandbox: on\n");
    else if (sandbox == HTTP_SANDBOX_UNAVAILABLE)
        fprintf(stderr, "sandbox: off (%s)\n", reason);
    else
        fprintf(stderr, "dissolved: cannot enter the sandbox: %s\n", reason);
    return sandbox != HTTP_SANDBOX_FAILED;
}

/* true: a signal came; false: the descriptor `idle`, if it is one, became readable first. */
static bool wait_for_signal(const struct server *server, int idle)
{
    struct pollfd polled[] = {{.fd = server->signals, .events = POLLIN},
                              {.fd = idle, .events = POLLIN}};
    while (poll(polled, 2, -1) < 0 && errno == EINTR)
        continue;
    struct signalfd_siginfo info;
    return polled[0].revents != 0 && read(server->signals, &info, sizeof info) > 0;
}

static void serve(struct server *server)
{
    (void)wait_for_signal(server, -1);
    fprintf(stderr, "draining: requests in progress are finished, new ones refused\n");
    api_service_set_ready(server->service, false);
    door_drain(server->door);
    if (wait_for_signal(server, door_idle(server->door))) {
        fprintf(stderr, "cancelled: a second signal ends requests in progress\n");
        door_cancel(server->door);
    }
}

static int run(const struct http_configuration *configuration, const char *isa, bool sandbox)
{
    int status = EXIT_FAILURE;
    struct server server = {.signals = take_signals()};
    raise_descriptor_limit();
    keep_memory();
    if (server.signals < 0) {
        perror("dissolved: cannot take signals");
    } else if (start(&server, configuration) && enter_sandbox(sandbox)) {
        char address[HTTP_ADDRESS_TEXT];
        http_address_print(door_address(server.door), address);
        fprintf(stderr, "listening on http://%s (threads %u, isa %s, version %s)\n", address,
                dissolve_pool_threads(server.pool), isa, DISSOLVED_VERSION);
        serve(&server);
        status = EXIT_SUCCESS;
    }
    door_close(server.door);
    api_service_destroy(server.service);
    dissolve_pool_destroy(server.pool);
    if (status == EXIT_SUCCESS)
        fprintf(stderr, "stopped\n");
    return status;
}

int main(int argc, char *argv[])
{
    struct http_configuration configuration;
    const char *no_sandbox = getenv("DISSOLVED_NO_SANDBOX");
    bool sandbox = no_sandbox == NULL || strcmp(no_sandbox, "1") != 0;
    if (argc > 1 && strcmp(argv[argc - 1], "--no-sandbox") == 0) {
        sandbox = false;
        argc--;
    }
    int status = http_configuration_read(argc, argv, getenv, stdout, stderr, &configuration);
    if (status != HTTP_CONFIGURATION_READ)
        return status;
    if (configuration.healthcheck)
        return http_healthcheck(&configuration.listen) ? EXIT_SUCCESS : EXIT_FAILURE;
    const char *isa;
    if (dissolve_isa(&isa) != DISSOLVE_OK) {
        fprintf(stderr, "dissolved: DISSOLVE_ISA: this build and processor have no \"%s\"\n",
                getenv("DISSOLVE_ISA"));
        return 2;
    }
    return run(&configuration, isa, sandbox);
}
