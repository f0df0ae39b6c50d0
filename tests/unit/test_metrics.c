/* The metrics: what is counted under which name, and that Prometheus' own tool takes the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "failing_malloc.h"
#include "http/metrics.h"
#include "judge.h"

static const char *const ROUTES[] = {"/v1", "/v1/images/frames", "/strange\"\\\n/\xc3\xa9"};
enum { ROUTE_COUNT = 3 };

static const struct http_metrics_gauges GAUGES = {
    .in_progress = 3,
    .connections = 5,
    .queue_length = 7,
    .queue_capacity = 64,
    .slow_readers = 6,
    .memory_taken = 12000,
    .memory_size = 18000000000,
    .bodies_taken = 1000,
    .bodies_size = 9000000000,
    .job_threads = 4,
    .pool_threads = 2,
    .log_lines_dropped = 11,
    .sandbox_violations = 13,
    .ready = true,
    .version = "1.2.3",
    .isa = "avx2",
};

struct fixture {
    struct http_metrics *metrics;
    struct codec_buffer text; /* of the last print, with a NUL behind it */
};

static void set_up(struct fixture *fixture)
{
    *fixture = (struct fixture){.metrics = http_metrics_create(ROUTES, ROUTE_COUNT)};
    assert_non_null(fixture->metrics);
}

static void tear_down(struct fixture *fixture)
{
    codec_buffer_free(&fixture->text);
    http_metrics_destroy(fixture->metrics);
}

static void print(struct fixture *fixture)
{
    codec_buffer_free(&fixture->text);
    assert_int_equal(http_metrics_print(fixture->metrics, &GAUGES, &fixture->text), DISSOLVE_OK);
    assert_int_equal(codec_buffer_append(&fixture->text, "", 1), DISSOLVE_OK);
}

/* The value of a sample, as text up to the line's end; NULL: there is none. */
static const char *find(const struct fixture *fixture, const char *sample)
{
    const char *text = (const char *)fixture->text.data;
    size_t size = strlen(sample);
    for (; *text != '\0'; text = strchr(text, '\n') + 1) {
        if (strncmp(text, sample, size) == 0 && text[size] == ' ')
            return text + size + 1;
    }
    return NULL;
}

static void check(const struct fixture *fixture, const char *sample, const char *value)
{
    const char *found = find(fixture, sample);
    if (found == NULL)
        fail_msg("no %s", sample);
    if (strncmp(found, value, strlen(value)) != 0 || found[strlen(value)] != '\n')
        fail_msg("%s is not %s", sample, value);
}

/* Each family once, its samples together, names and units as is the custom: no word of complaint.
 */
static void check_by_prometheus(const struct fixture *fixture)
{
    static const char script[] =
        "import subprocess, sys\n"
        "done = subprocess.run(['promtool', 'check', 'metrics'], stdout=subprocess.PIPE,\n"
        "                      stderr=subprocess.STDOUT)\n"
        "sys.stderr.buffer.write(done.stdout)\n"
        "sys.exit(1 if done.stdout else done.returncode)\n";
    char nothing[1];
    judge(script, fixture->text.data, fixture->text.size - 1, nothing, sizeof nothing);
}

static void everything_is_there_from_the_start(void **state)
{
    static const char *const reasons[] = {
        "queue_full",   "draining",        "too_large",      "timeout_header",
        "timeout_body", "timeout_compute", "timeout_reader", "unauthorized",
        "malformed",    "connections",     "no_memory",      "connections_per_address",
        "bodies_full",  "descriptors",     "timeout_answer", "slow_reader",
        "slow_body",
    };
    static const char *const stages[] = {"queue", "decode", "diffuse", "encode"};
    struct fixture fixture;
    char sample[128];
    (void)state;
    set_up(&fixture);
    print(&fixture);
    assert_int_equal(sizeof reasons / sizeof reasons[0], HTTP_REJECTIONS);
    for (size_t i = 0; i < HTTP_REJECTIONS; i++) {
        snprintf(sample, sizeof sample, "dissolved_rejections_total{reason=\"%s\"}", reasons[i]);
        check(&fixture, sample, "0");
    }
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        snprintf(sample, sizeof sample, "dissolved_job_stage_seconds_count{stage=\"%s\"}",
                 stages[i]);
        check(&fixture, sample, "0");
    }
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"+Inf\"}", "0");
    check(&fixture, "dissolved_request_duration_seconds_sum", "0");
    check(&fixture, "dissolved_request_duration_seconds_count", "0");
    assert_null(strstr((const char *)fixture.text.data, "dissolved_requests_total{"));
    check_by_prometheus(&fixture);
    tear_down(&fixture);
}

static void gauges_are_printed(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    print(&fixture);
    check(&fixture, "dissolved_requests_in_progress", "3");
    check(&fixture, "dissolved_connections", "5");
    check(&fixture, "dissolved_queue_length", "7");
    check(&fixture, "dissolved_queue_capacity", "64");
    check(&fixture, "dissolved_slow_readers", "6");
    check(&fixture, "dissolved_memory_bytes", "12000");
    check(&fixture, "dissolved_memory_capacity_bytes", "18000000000");
    check(&fixture, "dissolved_bodies_bytes", "1000");
    check(&fixture, "dissolved_bodies_capacity_bytes", "9000000000");
    check(&fixture, "dissolved_job_threads", "4");
    check(&fixture, "dissolved_pool_threads", "2");
    check(&fixture, "dissolved_log_lines_dropped_total", "11");
    check(&fixture, "dissolved_sandbox_violations_total", "13");
    check(&fixture, "dissolved_ready", "1");
    check(&fixture, "dissolved_build_info{version=\"1.2.3\",isa=\"avx2\"}", "1");
    tear_down(&fixture);
}

static void requests_are_counted_by_their_labels(void **state)
{
    static const struct http_metrics_request requests[] = {
        {.route = 0, .method = "GET", .status = 200, .bytes_out = 1000, .total = 0.1},
        {.route = 0, .method = "GET", .status = 200, .bytes_out = 234, .total = 0.10001},
        {.route = 0, .method = "HEAD", .status = 304, .total = 60000},
        {.route = 1,
         .method = "POST",
         .status = 200,
         .bytes_in = 500,
         .bytes_out = UINT32_MAX,
         .computed = true,
         .queue = 0.5,
         .decode = 3,
         .diffuse = 40,
         .encode = 250,
         .total = 300.125,
         .elements = 15728640,
         .frames = 21},
        {.route = 1, .method = "POST", .status = 0, .total = 61000, .cancelled = true},
        {.route = 2, .method = "OPTIONS", .status = 204},
        {.route = ROUTE_COUNT, .method = "BREW", .status = 299},
        {.route = SIZE_MAX, .method = NULL, .status = -1},
    };
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        http_metrics_add(fixture.metrics, &requests[i]);
    print(&fixture);
#define REQUESTS(route, method, code) \
    "dissolved_requests_total{route=\"" route "\",method=\"" method "\",code=\"" code "\"}"
    check(&fixture, REQUESTS("/v1", "GET", "200"), "2");
    check(&fixture, REQUESTS("/v1", "HEAD", "304"), "1");
    check(&fixture, REQUESTS("/v1/images/frames", "POST", "200"), "1");
    check(&fixture, REQUESTS("/v1/images/frames", "POST", "none"), "1");
    check(&fixture, REQUESTS("/strange\\\"\\\\\\n/\xc3\xa9", "OPTIONS", "204"), "1");
    check(&fixture, REQUESTS("other", "other", "other"), "2");
    assert_null(find(&fixture, REQUESTS("/v1", "GET", "304")));
    check(&fixture, "dissolved_received_bytes_total", "500");
    check(&fixture, "dissolved_sent_bytes_total", "4294968529");
    check(&fixture, "dissolved_elements_stepped_total", "15728640");
    check(&fixture, "dissolved_frames_encoded_total", "21");
    check(&fixture, "dissolved_requests_cancelled_total", "1");

    /* A bound belongs to its bucket; buckets hold those before them. */
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"0.0001\"}", "4");
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"0.00025\"}", "5");
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"0.25\"}", "5");
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"0.5\"}", "6");
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"30\"}", "6");
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"60\"}", "7");
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"+Inf\"}", "8");
    check(&fixture, "dissolved_request_duration_seconds_count", "8");
    check(&fixture, "dissolved_request_duration_seconds_sum", "121.30032501");
    check(&fixture, "dissolved_job_stage_seconds_sum{stage=\"queue\"}", "5e-04");
    check(&fixture, "dissolved_job_stage_seconds_sum{stage=\"decode\"}", "0.003");
    check(&fixture, "dissolved_job_stage_seconds_sum{stage=\"diffuse\"}", "0.04");
    check(&fixture, "dissolved_job_stage_seconds_sum{stage=\"encode\"}", "0.25");
    check(&fixture, "dissolved_job_stage_seconds_count{stage=\"encode\"}", "1");
    check(&fixture, "dissolved_job_stage_seconds_bucket{stage=\"encode\",le=\"0.25\"}", "1");
    check(&fixture, "dissolved_job_stage_seconds_bucket{stage=\"encode\",le=\"0.1\"}", "0");
    check_by_prometheus(&fixture);
    tear_down(&fixture);
}

static void rejections_are_counted_by_reason(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    for (int i = 0; i < 3; i++)
        http_metrics_reject(fixture.metrics, HTTP_REJECTED_QUEUE_FULL);
    http_metrics_reject(fixture.metrics, HTTP_REJECTED_NO_MEMORY);
    print(&fixture);
    check(&fixture, "dissolved_rejections_total{reason=\"queue_full\"}", "3");
    check(&fixture, "dissolved_rejections_total{reason=\"draining\"}", "0");
    check(&fixture, "dissolved_rejections_total{reason=\"no_memory\"}", "1");
    tear_down(&fixture);
}

static void times_that_are_none_do_no_harm(void **state)
{
    static const double times[] = {NAN, -1, -INFINITY, INFINITY, 1e300};
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        http_metrics_add(fixture.metrics, &(struct http_metrics_request){.total = times[i]});
    print(&fixture);
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"0.0001\"}", "3");
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"60\"}", "3");
    check(&fixture, "dissolved_request_duration_seconds_count", "5");
    check(&fixture, "dissolved_request_duration_seconds_sum", "2e+09");
    tear_down(&fixture);
}

enum { THREADS = 4, EACH = 5000 };

static void *add_many(void *argument)
{
    const struct http_metrics_request request = {
        .route = 1, .method = "POST", .status = 200, .bytes_in = 3, .computed = true, .total = 1.5};
    for (int i = 0; i < EACH; i++) {
        http_metrics_add(argument, &request);
        http_metrics_reject(argument, HTTP_REJECTED_MALFORMED);
    }
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    struct fixture fixture;
    pthread_t threads[THREADS];
    (void)state;
    set_up(&fixture);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, fixture.metrics), 0);
    print(&fixture); /* meanwhile */
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    print(&fixture);
    check(&fixture, REQUESTS("/v1/images/frames", "POST", "200"), "20000");
    check(&fixture, "dissolved_received_bytes_total", "60000");
    check(&fixture, "dissolved_rejections_total{reason=\"malformed\"}", "20000");
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"0.001\"}", "0");
    check(&fixture, "dissolved_request_duration_seconds_bucket{le=\"0.0025\"}", "20000");
    check(&fixture, "dissolved_request_duration_seconds_sum", "30");
    check(&fixture, "dissolved_job_stage_seconds_count{stage=\"queue\"}", "20000");
    tear_down(&fixture);
}

/* No descriptor can be opened from here on; returns the limit that there was. */
static struct rlimit forbid_descriptors(void)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, before.rlim_max}), 0);
    return before;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void the_process_is_described_without_opening_files(void **state)
{
    struct fixture fixture;
    (void)state;
    double before = now();
    set_up(&fixture);
    double after = now();
    struct rlimit limit = forbid_descriptors();
    print(&fixture);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    const char *started = find(&fixture, "process_start_time_seconds");
    const char *resident = find(&fixture, "process_resident_memory_bytes");
    const char *processor = find(&fixture, "process_cpu_seconds_total");
    assert_non_null(started);
    assert_non_null(resident);
    assert_non_null(processor);
    assert_true(strtod(started, NULL) >= before && strtod(started, NULL) <= after);
    assert_int_equal(strtoull(resident, NULL, 10) % 4096, 0);
    assert_true(strtoull(resident, NULL, 10) > 500000);

    /* Memory that is touched shows. */
    size_t more = 32 << 20;
    void *memory =
        mmap(NULL, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    assert_true(memory != MAP_FAILED);
    unsigned long long small = strtoull(resident, NULL, 10);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    print(&fixture);
    assert_true(strtoull(find(&fixture, "process_resident_memory_bytes"), NULL, 10) >
                small + more / 2);
    assert_true(strtod(find(&fixture, "process_cpu_seconds_total"), NULL) >=
                (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6);
    munmap(memory, more);
    tear_down(&fixture);
}

static void without_proc_the_rest_is_there(void **state)
{
    struct fixture fixture;
    (void)state;
    struct rlimit limit = forbid_descriptors();
    set_up(&fixture);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    print(&fixture);
    assert_null(strstr((const char *)fixture.text.data, "process_resident_memory_bytes"));
    assert_non_null(find(&fixture, "process_cpu_seconds_total"));
    check_by_prometheus(&fixture);
    tear_down(&fixture);
}

static void memory_runs_out(void **state)
{
    struct fixture fixture;
    (void)state;
    http_metrics_destroy(NULL);
    assert_null(http_metrics_create(ROUTES, SIZE_MAX));
    assert_null(http_metrics_create(ROUTES, SIZE_MAX / 256));
    fail_allocation(0);
    assert_null(http_metrics_create(ROUTES, ROUTE_COUNT));
    assert_true(allocation_failed());

    set_up(&fixture);
    long failures = 0;
    for (bool failed = true; failed; failures += failed) {
        struct codec_buffer out = {0};
        fail_allocation(failures);
        enum dissolve_status status = http_metrics_print(fixture.metrics, &GAUGES, &out);
        failed = allocation_failed();
        assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
        codec_buffer_free(&out);
    }
    assert_true(failures > 3);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_there_from_the_start),
        cmocka_unit_test(gauges_are_printed),
        cmocka_unit_test(requests_are_counted_by_their_labels),
        cmocka_unit_test(rejections_are_counted_by_reason),
        cmocka_unit_test(times_that_are_none_do_no_harm),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(the_process_is_described_without_opening_files),
        cmocka_unit_test(without_proc_the_rest_is_there),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
