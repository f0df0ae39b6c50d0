/* Halves what costs most until the worst case fits a container's memory. */
#include "sizing.h"

#include <inttypes.h>

#define MIB (1ull << 20)

static const uint64_t PER_PROCESS = 32 * MIB; /* itself, its libraries, its log */
static const uint64_t PER_JOB = 24 * MIB;     /* three windows of frames, encoded and not; a pipe */
static const uint64_t PER_READER = 56 * MIB;  /* the same, of text, which the dearest hides else */
static const uint64_t PER_CONNECTION = 33 << 10;

enum {
    PER_PIXEL = 84,
    PER_BODY_BYTE = 10,
    STATE_PER_PIXEL = 12, /* three channels of float32 */
    SHARE_AT_REST = 4,    /* of the largest picture: all that waits for slow readers */
};

/* The least that it is lowered to. */
enum {
    LEAST_JOB_THREADS = 2,
    SOME_JOB_THREADS = 4, /* so many that slow readers seldom have all of them */
    LEAST_QUEUE = 8,
    LEAST_BODY = 1 << 20,
    LEAST_PIXELS = 600000,
    SOME_PIXELS = 10000000, /* a photo */
    MANY_PIXELS = 20000000,
    LEAST_CONNECTIONS = 256,
};

static uint64_t sum(uint64_t a, uint64_t b)
{
    uint64_t result;
    return __builtin_add_overflow(a, b, &result) ? UINT64_MAX : result;
}

static uint64_t product(uint64_t a, uint64_t b)
{
    uint64_t result;
    return __builtin_mul_overflow(a, b, &result) ? UINT64_MAX : result;
}

/* What a computation takes beside its body: pictures, or samples. */
static uint64_t picture(const struct http_configuration *configuration)
{
    return product(configuration->max_pixels, PER_PIXEL);
}

static uint64_t samples(const struct http_configuration *configuration)
{
    return product(configuration->max_body, PER_BODY_BYTE);
}

static uint64_t jobs_cost(const struct http_configuration *configuration, unsigned job_threads)
{
    uint64_t dearest = picture(configuration);
    if (dearest < samples(configuration))
        dearest = samples(configuration);
    uint64_t states = configuration->slow_readers == 0 ? 0 : picture(configuration) / SHARE_AT_REST;
    uint64_t windows =
        sum(product(job_threads, PER_JOB), product(configuration->slow_readers, PER_READER));
    return sum(sum(product(job_threads, dearest), states), windows);
}

uint64_t http_sizing_states(const struct http_configuration *configuration)
{
    return product(configuration->max_pixels, STATE_PER_PIXEL) / SHARE_AT_REST;
}

unsigned http_sizing_jobs_per_client(const struct http_configuration *configuration,
                                     unsigned job_threads)
{
    enum { FOR_OTHERS = 2 };
    if (configuration->jobs_per_client > 0)
        return (unsigned)configuration->jobs_per_client;
    return job_threads > FOR_OTHERS ? job_threads - FOR_OTHERS : 1;
}

uint64_t http_sizing_bodies(const struct http_configuration *configuration, unsigned job_threads)
{
    return product(sum(configuration->queue, job_threads), configuration->max_body);
}

uint64_t http_sizing_worst_case(const struct http_configuration *configuration,
                                unsigned job_threads)
{
    return sum(PER_PROCESS, sum(jobs_cost(configuration, job_threads),
                                http_sizing_bodies(configuration, job_threads)));
}

/* ---- Memory ---- */

static bool halve(const struct http_configuration *configuration, uint64_t *member, uint64_t least)
{
    if (*member == 0 || *member / 2 < least || http_configuration_is_given(configuration, member))
        return false;
    *member /= 2;
    return true;
}

static bool halve_jobs(struct http_sizing *sizing, unsigned least)
{
    if (sizing->job_threads / 2 < least)
        return false;
    sizing->job_threads /= 2;
    return true;
}

/* Of what makes jobs dear: their number and their size in turns, so that neither gets absurd. */
static bool lower_jobs(struct http_sizing *sizing, struct http_configuration *configuration)
{
    if (samples(configuration) > picture(configuration))
        return halve_jobs(sizing, SOME_JOB_THREADS) ||
               halve(configuration, &configuration->max_body, LEAST_BODY) ||
               halve_jobs(sizing, LEAST_JOB_THREADS);
    return halve(configuration, &configuration->max_pixels, MANY_PIXELS) ||
           halve_jobs(sizing, SOME_JOB_THREADS) ||
           halve(configuration, &configuration->max_pixels, SOME_PIXELS) ||
           halve_jobs(sizing, LEAST_JOB_THREADS) ||
           halve(configuration, &configuration->max_pixels, LEAST_PIXELS);
}

static bool lower_bodies(struct http_configuration *configuration)
{
    return halve(configuration, &configuration->queue, LEAST_QUEUE) ||
           halve(configuration, &configuration->max_body, LEAST_BODY);
}

/* false: nothing can be lowered any more. */
static bool lower_dearest(struct http_sizing *sizing, struct http_configuration *configuration)
{
    bool jobs_first = jobs_cost(configuration, sizing->job_threads) >=
                      http_sizing_bodies(configuration, sizing->job_threads);
    bool lowered = jobs_first ? lower_jobs(sizing, configuration) || lower_bodies(configuration)
                              : lower_bodies(configuration) || lower_jobs(sizing, configuration);
    return lowered || halve(configuration, &configuration->slow_readers, 0);
}

static void fit_connections(uint64_t memory, struct http_configuration *configuration)
{
    uint64_t room = memory / 8 / PER_CONNECTION;
    if (room < LEAST_CONNECTIONS)
        room = LEAST_CONNECTIONS;
    if (configuration->max_connections > room &&
        !http_configuration_is_given(configuration, &configuration->max_connections))
        configuration->max_connections = room;
}

static void fit_readers(uint64_t memory, struct http_sizing *sizing,
                        struct http_configuration *configuration)
{
    uint64_t room = memory / 16 / PER_READER;
    while (configuration->slow_readers > room &&
           halve(configuration, &configuration->slow_readers, 0))
        sizing->memory_respected = true;
}

static void fit_memory(uint64_t memory, struct http_sizing *sizing,
                       struct http_configuration *configuration)
{
    uint64_t budget = memory - memory / 8;
    fit_readers(memory, sizing, configuration);
    sizing->worst_case = http_sizing_worst_case(configuration, sizing->job_threads);
    while (sizing->worst_case > budget && lower_dearest(sizing, configuration)) {
        sizing->memory_respected = true;
        sizing->worst_case = http_sizing_worst_case(configuration, sizing->job_threads);
    }
    sizing->fits = sizing->worst_case <= budget;
    fit_connections(memory, configuration);
}

/* ---- All of it ---- */

struct http_sizing http_sizing_fit(const struct http_cgroup *cgroup, unsigned processors,
                                   struct http_configuration *configuration)
{
    struct http_sizing sizing = {.job_threads = HTTP_JOB_THREADS, .fits = true};
    uint64_t in_time = cgroup->millicpus / 1000 + (cgroup->millicpus % 1000 != 0);
    if (configuration->threads == 0 && in_time > 0 && in_time < processors) {
        configuration->threads = in_time;
        sizing.threads_lowered = true;
    }
    if (cgroup->memory > 0)
        fit_memory(cgroup->memory, &sizing, configuration);
    return sizing;
}

void http_sizing_tell(const struct http_sizing *sizing, const struct http_cgroup *cgroup,
                      const struct http_configuration *configuration, struct http_log *log)
{
    if (sizing->threads_lowered)
        http_log_say(log, HTTP_LOG_INFO,
                     "the control group allows %.3g processors: threads %" PRIu64,
                     (double)cgroup->millicpus / 1000, configuration->threads);
    if (sizing->memory_respected)
        http_log_say(log, HTTP_LOG_INFO,
                     "the control group allows %" PRIu64
                     " MiB: job threads %u, slow-readers %" PRIu64 ", queue %" PRIu64
                     ", max-body %" PRIu64 ", max-pixels %" PRIu64 ", max-connections %" PRIu64,
                     cgroup->memory >> 20, sizing->job_threads, configuration->slow_readers,
                     configuration->queue, configuration->max_body, configuration->max_pixels,
                     configuration->max_connections);
    if (!sizing->fits)
        http_log_say(log, HTTP_LOG_WARNING,
                     "the control group allows %" PRIu64 " MiB, but the settings allow requests to "
                     "take %" PRIu64 " MiB: lower max-pixels, max-body, queue or "
                     "slow-readers",
                     cgroup->memory >> 20, sizing->worst_case >> 20);
}
