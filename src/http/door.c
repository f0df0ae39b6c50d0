/* Opens the listeners with all that serves them, drains and closes them. */
#include "door.h"

#include "clock.h"
#include "descriptors.h"
#include "keys.h"
#include "request_handler.h"
#include "sandbox.h"
#include "sizing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ADMIN_CONNECTIONS = 256 };

/* ---- Figures ---- */

static enum dissolve_status print_metrics(void *context, struct codec_buffer *out)
{
    const struct door *door = context;
    const struct http_memory_taken taken = http_memory_taken(door->memory);
    const struct http_metrics_gauges gauges = {
        .in_progress = atomic_load(&door->in_progress),
        .connections = http_seats_taken(&door->seats),
        .queue_length = http_queue_length(door->queue),
        .queue_capacity = (size_t)door->configuration->queue,
        .slow_readers = http_queue_paused(door->queue),
        .memory_taken = taken.all,
        .memory_size = door->options.sizing->memory,
        .bodies_taken = taken.bodies,
        .bodies_size = door->options.sizing->bodies + door->options.sizing->reserve,
        .job_threads = door->options.job_threads,
        .pool_threads = dissolve_pool_threads(door->options.pool),
        .log_lines_dropped = http_log_dropped(door->records.log),
        .sandbox_violations = http_sandbox_violations(NULL),
        .ready = api_service_is_ready(door->options.service),
        .version = DISSOLVED_VERSION,
        .isa = door->options.isa,
    };
    return http_metrics_print(door->records.metrics, &gauges, out);
}

static void turned_away(void *context)
{
    const struct door *door = context;
    http_metrics_reject(door->records.metrics, HTTP_REJECTED_NO_MEMORY);
}

static void exhausted(void *context)
{
    struct door *door = context;
    http_metrics_reject(door->records.metrics, HTTP_REJECTED_DESCRIPTORS);
    http_descriptors_log_exhausted(door->options.log, &door->exhaustion_logged);
}

/* ---- Opening and closing ---- */

static struct http_gate *open_gate(struct door *door, const struct http_address *listen,
                                   const struct http_gate_handler *handler, unsigned threads)
{
    struct http_gate_options options = {
        .listen = listen,
        .watcher = door->watcher,
        .threads = threads,
        .idle_seconds = (unsigned)((door->configuration->idle_timeout + 999) / 1000) + 1,
        .descriptors = handler == &http_request_handler ? door->options.descriptors : 0,
        .turned_away = turned_away,
        .exhausted = exhausted,
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

static void look_again(void *context)
{
    const struct door *door = context;
    http_queue_look(door->queue);
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
    const struct http_memory_options memory = {.size = door->options.sizing->memory,
                                               .bodies = door->options.sizing->bodies,
                                               .reserve = door->options.sizing->reserve,
                                               .released = look_again,
                                               .context = door};
    door->memory = http_memory_create(&memory);
    const struct http_queue_options queue = {
        .threads = door->options.job_threads,
        .capacity = (size_t)configuration->queue,
        .per_client = http_sizing_jobs_per_client(configuration, door->options.job_threads),
        .memory = door->memory};
    if (door->memory != NULL)
        door->queue = http_queue_create(&queue);
    door->patience.queue = door->queue;
    door->patience.memory = door->memory;
    if (door->watcher != NULL) {
        const struct http_attendant attendant = {.context = &door->patience,
                                                 .check = http_patience_check,
                                                 .checked = http_patience_checked,
                                                 .left = http_patience_left};
        door->connections = http_connections_create(door->watcher, &attendant);
        door->operators = http_connections_create(door->watcher, &attendant);
    }
    if (configuration->max_connections_per_address > 0)
        made = (door->seats.peers =
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
    door->gate = open_gate(door, &configuration->listen, &http_request_handler,
                           door->options.socket_threads);
    if (door->gate == NULL)
        return &configuration->listen;
    if (!configuration->has_admin_listen)
        return NULL;
    door->admin = open_gate(door, &configuration->admin_listen, &http_operator_handler, 1);
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
    door->seats.limit = (size_t)door->configuration->max_connections;
    door->operator_seats.limit = ADMIN_CONNECTIONS;
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

bool door_start(struct door *door)
{
    return http_gate_start(door->gate) && (door->admin == NULL || http_gate_start(door->admin));
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
    http_peers_destroy(door->seats.peers);
    http_keys_destroy(door->keys);
    http_metrics_destroy(door->records.metrics);
    http_memory_destroy(door->memory);
    free(door->paths);
    if (door->idle >= 0)
        close(door->idle);
    free(door);
}
