/* Shares out the memory there is, and lowers the limits that would not fit into their part of it.
 */
#include "sizing.h"

#include <dissolve/pool.h>
#include <inttypes.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

static const uint64_t PROCESS = 32 * MIB; /* itself, its libraries, its log */
static const uint64_t CONNECTION = 33 << 10;
static const uint64_t UNKNOWN_MEMORY = 1024 * MIB;

enum {
    BODIES_PART = 4,
    RESERVE_PART = 32,
    CONNECTIONS_PART = 8,
    LEAST_BODY = 1 << 20,
    LEAST_CONNECTIONS = 256,
};

struct http_machine http_machine_read(bool cgroup)
{
    struct http_machine machine = {.processors = dissolve_processors()};
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0)
        machine.memory = (uint64_t)pages * (uint64_t)page;
    if (cgroup)
        machine.cgroup = http_cgroup_read("");
    return machine;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* 0: not known. */
static uint64_t available_memory(const struct http_machine *machine)
{
    if (machine->memory == 0 || machine->cgroup.memory == 0)
        return machine->memory + machine->cgroup.memory;
    return lesser(machine->memory, machine->cgroup.memory);
}

/* Lowers a limit that is not set. true: it was higher. */
static bool lower(struct http_configuration *configuration, uint64_t *member, uint64_t most)
{
    if (*member <= most || http_configuration_is_given(configuration, member))
        return false;
    *member = most;
    return true;
}

static uint64_t at_least(uint64_t value, uint64_t least)
{
    return value < least ? least : value;
}

static void fit_memory(struct http_sizing *sizing, struct http_configuration *configuration)
{
    uint64_t available = sizing->available > 0 ? sizing->available : UNKNOWN_MEMORY;
    uint64_t connections = available / CONNECTIONS_PART / CONNECTION;
    sizing->memory = configuration->max_memory > 0 ? configuration->max_memory : available / 2;
    sizing->bodies = sizing->memory / BODIES_PART;
    sizing->reserve = sizing->memory / RESERVE_PART;
    bool body =
        lower(configuration, &configuration->max_body, at_least(sizing->bodies / 2, LEAST_BODY));
    bool count = lower(configuration, &configuration->max_connections,
                       at_least(connections, LEAST_CONNECTIONS));
    uint64_t idle = configuration->max_connections * CONNECTION; /* of at most 2^20 */
    sizing->limits_lowered = body || count;
    sizing->fits = sizing->available == 0 ||
                   (sizing->memory < available && PROCESS + idle <= available - sizing->memory &&
                    configuration->max_body <= sizing->bodies / 2);
}

struct http_sizing http_sizing_fit(const struct http_machine *machine,
                                   struct http_configuration *configuration)
{
    struct http_sizing sizing = {.available = available_memory(machine)};
    uint64_t millicpus = machine->cgroup.millicpus;
    uint64_t in_time = millicpus / 1000 + (millicpus % 1000 != 0);
    if (configuration->threads == 0 && in_time > 0 && in_time < machine->processors) {
        configuration->threads = in_time;
        sizing.threads_lowered = true;
    }
    fit_memory(&sizing, configuration);
    return sizing;
}

uint64_t http_sizing_request(const struct http_sizing *sizing)
{
    return sizing->memory - sizing->bodies - sizing->reserve;
}

unsigned http_sizing_jobs_per_client(const struct http_configuration *configuration,
                                     unsigned job_threads)
{
    enum { FOR_OTHERS = 2 };
    if (configuration->jobs_per_client > 0)
        return (unsigned)configuration->jobs_per_client;
    return job_threads > FOR_OTHERS ? job_threads - FOR_OTHERS : 1;
}

void http_sizing_log(const struct http_sizing *sizing, const struct http_machine *machine,
                     const struct http_configuration *configuration, struct http_log *log)
{
    if (sizing->threads_lowered)
        http_log_say(log, HTTP_LOG_INFO,
                     "the control group allows %.3g processors: threads %" PRIu64,
                     (double)machine->cgroup.millicpus / 1000, configuration->threads);
    if (sizing->limits_lowered)
        http_log_say(log, HTTP_LOG_INFO,
                     "%" PRIu64 " MiB of memory are available: max-memory %" PRIu64
                     ", max-body %" PRIu64 ", max-connections %" PRIu64,
                     sizing->available / MIB, sizing->memory, configuration->max_body,
                     configuration->max_connections);
    if (!sizing->fits)
        http_log_say(log, HTTP_LOG_WARNING,
                     "%" PRIu64 " MiB of memory are available, but max-memory is %" PRIu64
                     " MiB, max-body %" PRIu64 " MiB and max-connections %" PRIu64
                     ": lower max-memory, max-body or max-connections",
                     sizing->available / MIB, sizing->memory / MIB, configuration->max_body / MIB,
                     configuration->max_connections);
}
