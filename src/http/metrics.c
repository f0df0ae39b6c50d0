/* The counters: atomics that no order is asked of but for one, in one block of memory of a fixed
 * size. */
#include "metrics.h"

#include "metrics_text.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef atomic_uint_fast64_t counter;

/* Methods and statuses that have a place of their own; the last place is for any other. */
static const char *const METHODS[] = {"GET", "HEAD", "POST", "OPTIONS", "other"};
static const struct {
    int status;
    const char *code;
} STATUSES[] = {
    {0, "none"},  {200, "200"}, {204, "204"}, {206, "206"}, {304, "304"},  {400, "400"},
    {401, "401"}, {403, "403"}, {404, "404"}, {405, "405"}, {406, "406"},  {408, "408"},
    {409, "409"}, {411, "411"}, {412, "412"}, {413, "413"}, {414, "414"},  {415, "415"},
    {416, "416"}, {417, "417"}, {421, "421"}, {422, "422"}, {426, "426"},  {428, "428"},
    {429, "429"}, {431, "431"}, {499, "499"}, {500, "500"}, {501, "501"},  {502, "502"},
    {503, "503"}, {504, "504"}, {505, "505"}, {507, "507"}, {-1, "other"},
};
enum {
    METHOD_COUNT = sizeof METHODS / sizeof METHODS[0],
    STATUS_COUNT = sizeof STATUSES / sizeof STATUSES[0],
};

static const char *const REASONS[HTTP_REJECTIONS] = {
#define REASON(suffix, reason) reason,
    HTTP_REJECTION_TABLE(REASON)
#undef REASON
};

static const char *const STAGES[] = {"queue", "decode", "diffuse", "encode"};
enum { STAGE_COUNT = sizeof STAGES / sizeof STAGES[0] };

/* Where the histograms' buckets end: both the same, in the unit that is counted and as a label. */
static const struct {
    double milliseconds;
    const char *seconds;
} BOUNDS[] = {
    {0.1, "0.0001"}, {0.25, "0.00025"}, {0.5, "0.0005"}, {1, "0.001"},  {2.5, "0.0025"},
    {5, "0.005"},    {10, "0.01"},      {25, "0.025"},   {50, "0.05"},  {100, "0.1"},
    {250, "0.25"},   {500, "0.5"},      {1000, "1"},     {2500, "2.5"}, {5000, "5"},
    {10000, "10"},   {30000, "30"},     {60000, "60"},
};
enum { BOUND_COUNT = sizeof BOUNDS / sizeof BOUNDS[0] };

struct histogram {
    counter buckets[BOUND_COUNT + 1]; /* the last: beyond every bound; each without those before */
    counter nanoseconds;
};

struct http_metrics {
    const char *const *routes;
    size_t route_count;
    int statm;      /* /proc/self/statm, -1: there is none */
    double started; /* seconds since 1970 */
    struct histogram total;
    struct histogram stages[STAGE_COUNT];
    counter elements;
    counter frames;
    counter bytes_in;
    counter bytes_out;
    counter cancelled;
    counter rejections[HTTP_REJECTIONS];
    counter requests[][METHOD_COUNT][STATUS_COUNT]; /* by route; the last: none of them */
};

/* ---- counting ---- */

static void add(counter *sum, uint64_t more)
{
    atomic_fetch_add_explicit(sum, more, memory_order_relaxed);
}

static uint64_t get(const counter *sum)
{
    return atomic_load_explicit(sum, memory_order_relaxed);
}

static void observe(struct histogram *histogram, double milliseconds)
{
    static const double MOST = 1e12; /* some thirty years; the sum holds a few of them */
    if (!(milliseconds >= 0))
        milliseconds = 0;
    if (milliseconds > MOST)
        milliseconds = MOST;
    size_t bucket = 0;
    while (bucket < BOUND_COUNT && milliseconds > BOUNDS[bucket].milliseconds)
        bucket++;
    add(&histogram->buckets[bucket], 1);
    add(&histogram->nanoseconds, (uint64_t)(milliseconds * 1e6 + 0.5));
}

static size_t method_index(const char *method)
{
    size_t i = 0;
    while (i < METHOD_COUNT - 1 && (method == NULL || strcmp(method, METHODS[i]) != 0))
        i++;
    return i;
}

static size_t status_index(int status)
{
    size_t i = 0;
    while (i < STATUS_COUNT - 1 && STATUSES[i].status != status)
        i++;
    return i;
}

void http_metrics_add(struct http_metrics *metrics, const struct http_metrics_request *request)
{
    size_t route = request->route < metrics->route_count ? request->route : metrics->route_count;
    observe(&metrics->total, request->total);
    if (request->computed) {
        const double stages[STAGE_COUNT] = {request->queue, request->decode, request->diffuse,
                                            request->encode};
        for (size_t i = 0; i < STAGE_COUNT; i++)
            observe(&metrics->stages[i], stages[i]);
    }
    add(&metrics->elements, request->elements);
    add(&metrics->frames, request->frames);
    add(&metrics->bytes_in, request->bytes_in);
    add(&metrics->bytes_out, request->bytes_out);
    add(&metrics->cancelled, request->cancelled);
    /* The last to be counted and the first to be printed: who sees it sees the others. */
    counter *requests =
        &metrics->requests[route][method_index(request->method)][status_index(request->status)];
    atomic_fetch_add_explicit(requests, 1, memory_order_release);
}

void http_metrics_reject(struct http_metrics *metrics, enum http_rejection reason)
{
    add(&metrics->rejections[reason], 1);
}

/* ---- printing ---- */

/* The requests of one path; only those that there were, for most never are. */
static void print_route(struct metrics_text *text, const char *route,
                        const counter requests[METHOD_COUNT][STATUS_COUNT])
{
    for (size_t m = 0; m < METHOD_COUNT; m++) {
        for (size_t s = 0; s < STATUS_COUNT; s++) {
            const struct metrics_label labels[] = {
                {"route", route}, {"method", METHODS[m]}, {"code", STATUSES[s].code}};
            uint64_t value = atomic_load_explicit(&requests[m][s], memory_order_acquire);
            if (value > 0)
                metrics_integer(text, "", labels, 3, value);
        }
    }
}

static void print_requests(struct metrics_text *text, const struct http_metrics *metrics)
{
    metrics_family(text, "dissolved_requests_total", "counter",
                   "Requests that have ended, by path, method and status of the answer.");
    for (size_t i = 0; i <= metrics->route_count; i++) {
        const char *route = i < metrics->route_count ? metrics->routes[i] : "other";
        print_route(text, route, metrics->requests[i]);
    }
}

/* label: one that every sample has; NULL: none. */
static void print_histogram(struct metrics_text *text, const struct histogram *histogram,
                            const struct metrics_label *label)
{
    struct metrics_label labels[2] = {{0}};
    size_t count = 0;
    uint64_t sum = 0;
    if (label != NULL)
        labels[count++] = *label;
    for (size_t i = 0; i <= BOUND_COUNT; i++) {
        const char *bound = i < BOUND_COUNT ? BOUNDS[i].seconds : "+Inf";
        sum += get(&histogram->buckets[i]);
        labels[count] = (struct metrics_label){"le", bound};
        metrics_integer(text, "_bucket", labels, count + 1, sum);
    }
    metrics_number(text, "_sum", labels, count, (double)get(&histogram->nanoseconds) / 1e9);
    metrics_integer(text, "_count", labels, count, sum);
}

static void print_times(struct metrics_text *text, const struct http_metrics *metrics)
{
    metrics_family(text, "dissolved_request_duration_seconds", "histogram",
                   "Time from the first byte of a request to the last of its answer.");
    print_histogram(text, &metrics->total, NULL);
    metrics_family(text, "dissolved_job_stage_seconds", "histogram",
                   "Time that computed requests waited for a thread, and that each stage took.");
    for (size_t i = 0; i < STAGE_COUNT; i++)
        print_histogram(text, &metrics->stages[i], &(struct metrics_label){"stage", STAGES[i]});
}

static void print_counter(struct metrics_text *text, const char *name, uint64_t value,
                          const char *help)
{
    metrics_family(text, name, "counter", help);
    metrics_integer(text, "", NULL, 0, value);
}

static void print_counters(struct metrics_text *text, const struct http_metrics *metrics)
{
    print_counter(text, "dissolved_elements_stepped_total", get(&metrics->elements),
                  "Elements of states, each as often as it was stepped.");
    print_counter(text, "dissolved_frames_encoded_total", get(&metrics->frames),
                  "Frames that were encoded.");
    print_counter(text, "dissolved_received_bytes_total", get(&metrics->bytes_in),
                  "Bytes of the requests' bodies.");
    print_counter(text, "dissolved_sent_bytes_total", get(&metrics->bytes_out),
                  "Bytes of the answers' bodies.");
    print_counter(text, "dissolved_requests_cancelled_total", get(&metrics->cancelled),
                  "Requests that ended before they were answered in full.");
    metrics_family(text, "dissolved_rejections_total", "counter",
                   "Requests and connections that were refused, by reason.");
    for (size_t i = 0; i < HTTP_REJECTIONS; i++)
        metrics_integer(text, "", &(struct metrics_label){"reason", REASONS[i]}, 1,
                        get(&metrics->rejections[i]));
}

static void print_gauge(struct metrics_text *text, const char *name, size_t value, const char *help)
{
    metrics_family(text, name, "gauge", help);
    metrics_integer(text, "", NULL, 0, value);
}

static void print_gauges(struct metrics_text *text, const struct http_metrics_gauges *gauges)
{
    print_gauge(text, "dissolved_requests_in_progress", gauges->in_progress,
                "Requests that have begun and not ended.");
    print_gauge(text, "dissolved_connections", gauges->connections, "Connections that are open.");
    print_gauge(text, "dissolved_queue_length", gauges->queue_length,
                "Requests that wait for a job thread or for memory.");
    print_gauge(text, "dissolved_queue_capacity", gauges->queue_capacity,
                "Requests that may wait for a job thread.");
    print_gauge(text, "dissolved_slow_readers", gauges->slow_readers,
                "Responses that are paused until their readers have taken more.");
    print_gauge(text, "dissolved_memory_bytes", gauges->memory_taken,
                "Memory that requests have: bodies, computations, responses that wait.");
    print_gauge(text, "dissolved_memory_capacity_bytes", gauges->memory_size,
                "Memory that requests may have together: max-memory.");
    print_gauge(text, "dissolved_bodies_bytes", gauges->bodies_taken,
                "Bodies of requests that are kept: arriving, waiting or worked on.");
    print_gauge(text, "dissolved_bodies_capacity_bytes", gauges->bodies_size,
                "Bodies of requests that may be kept.");
    print_gauge(text, "dissolved_job_threads", gauges->job_threads,
                "Threads that each run one request.");
    print_gauge(text, "dissolved_pool_threads", gauges->pool_threads,
                "Threads that compute for all requests.");
    print_counter(text, "dissolved_log_lines_dropped_total", gauges->log_lines_dropped,
                  "Lines that the log dropped, for its reader was too slow or gone.");
    print_counter(text, "dissolved_sandbox_violations_total", gauges->sandbox_violations,
                  "System calls that the sandbox denied.");
    print_gauge(text, "dissolved_ready", gauges->ready,
                "1 while new requests are taken, 0 while draining.");
    const struct metrics_label build[] = {{"version", gauges->version}, {"isa", gauges->isa}};
    metrics_family(text, "dissolved_build_info", "gauge", "Always 1; what runs, in its labels.");
    metrics_integer(text, "", build, 2, 1);
}

static double seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* Bytes of memory that the process has in use; 0: it cannot be known. */
static uint64_t resident(const struct http_metrics *metrics)
{
    char line[128] = ""; /* pages: all of it, resident, ... */
    if (pread(metrics->statm, line, sizeof line - 1, 0) <= 0)
        return 0;
    char *end;
    strtoull(line, &end, 10);
    return strtoull(end, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void print_process(struct metrics_text *text, const struct http_metrics *metrics)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    metrics_family(text, "process_cpu_seconds_total", "counter",
                   "Time of processors that the process took.");
    metrics_number(text, "", NULL, 0, seconds(&usage.ru_utime) + seconds(&usage.ru_stime));
    metrics_family(text, "process_start_time_seconds", "gauge",
                   "When the process started, in seconds since 1970.");
    metrics_number(text, "", NULL, 0, metrics->started);
    uint64_t bytes = resident(metrics);
    if (bytes == 0)
        return;
    metrics_family(text, "process_resident_memory_bytes", "gauge",
                   "Memory that the process has in use.");
    metrics_integer(text, "", NULL, 0, bytes);
}

enum dissolve_status http_metrics_print(const struct http_metrics *metrics,
                                        const struct http_metrics_gauges *gauges,
                                        struct codec_buffer *out)
{
    struct metrics_text text = {.out = out};
    print_requests(&text, metrics);
    print_times(&text, metrics);
    print_counters(&text, metrics);
    print_gauges(&text, gauges);
    print_process(&text, metrics);
    return text.status;
}

/* ---- beginning and end ---- */

struct http_metrics *http_metrics_create(const char *const *routes, size_t count)
{
    size_t size;
    const size_t row = sizeof((struct http_metrics *)NULL)->requests[0];
    if (__builtin_add_overflow(count, 1, &size) || __builtin_mul_overflow(size, row, &size) ||
        __builtin_add_overflow(size, sizeof(struct http_metrics), &size))
        return NULL;
    struct http_metrics *metrics = calloc(1, size);
    if (metrics == NULL)
        return NULL;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    metrics->started = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    metrics->routes = routes;
    metrics->route_count = count;
    metrics->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    return metrics;
}

void http_metrics_destroy(struct http_metrics *metrics)
{
    if (metrics == NULL)
        return;
    if (metrics->statm >= 0)
        close(metrics->statm);
    free(metrics);
}
