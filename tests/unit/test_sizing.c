/* What nobody set, fitted to a control group's time and memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "http/sizing.h"

#include "settings.h"
#include <dissolve/pool.h>

#define MIB (1ull << 20)

struct fitted {
    struct result result;
    struct http_sizing sizing;
};

static struct fitted fit_with(struct http_cgroup cgroup, unsigned processors,
                              char *const arguments[])
{
    struct fitted fitted = {.result = read_settings(NULL, arguments)};
    assert_int_equal(fitted.result.status, HTTP_CONFIGURATION_READ);
    fitted.sizing = http_sizing_fit(&cgroup, processors, &fitted.result.configuration);
    return fitted;
}

static struct fitted fit(struct http_cgroup cgroup, unsigned processors)
{
    return fit_with(cgroup, processors, (char *const[]){(char *)"dissolved", NULL});
}

static void threads_follow_the_time(void **state)
{
    static const struct {
        uint64_t millicpus;
        unsigned processors;
        uint64_t threads; /* 0: one for each processor */
    } cases[] = {
        {0, 8, 0},    {500, 8, 1},  {1000, 8, 1},  {1001, 8, 2}, {2500, 8, 3},
        {7999, 8, 0}, {8000, 8, 0}, {64000, 8, 0}, {1, 1, 0},    {UINT64_MAX, 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fitted fitted =
            fit((struct http_cgroup){.millicpus = cases[i].millicpus}, cases[i].processors);
        assert_int_equal(fitted.result.configuration.threads, cases[i].threads);
        assert_int_equal(fitted.sizing.threads_lowered, cases[i].threads != 0);
        forget(&fitted.result);
    }
}

static void threads_that_were_given_stay(void **state)
{
    (void)state;
    struct result result = read_flag("--threads=5");
    struct http_sizing sizing =
        http_sizing_fit(&(struct http_cgroup){.millicpus = 1000}, 8, &result.configuration);
    assert_int_equal(result.configuration.threads, 5);
    assert_false(sizing.threads_lowered);
    forget(&result);
}

static void without_a_limit_all_stays(void **state)
{
    (void)state;
    struct fitted fitted = fit((struct http_cgroup){0}, 8);
    assert_int_equal(fitted.sizing.job_threads, HTTP_JOB_THREADS);
    assert_int_equal(fitted.result.configuration.queue, 64);
    assert_int_equal(fitted.result.configuration.max_body, 64 * MIB);
    assert_int_equal(fitted.result.configuration.max_pixels, 40000000);
    assert_int_equal(fitted.result.configuration.max_connections, 16384);
    assert_int_equal(fitted.result.configuration.slow_readers, 24);
    assert_true(fitted.sizing.fits);
    assert_false(fitted.sizing.memory_respected);
    forget(&fitted.result);
}

static void the_worst_case_is_what_is_written(void **state)
{
    (void)state;
    struct fitted fitted = fit((struct http_cgroup){0}, 8);
    struct http_configuration *configuration = &fitted.result.configuration;
    assert_int_equal(http_sizing_worst_case(configuration, 8), 32 * MIB + 33 * 10000000ull * 84 +
                                                                   8 * 24 * MIB + 24 * 56 * MIB +
                                                                   72 * 64 * MIB);
    const uint64_t gigabyte = 1000000000; /* and 34 of them are README's figure */
    assert_int_equal((http_sizing_worst_case(configuration, 8) + gigabyte / 2) / gigabyte, 34);
    assert_int_equal(http_sizing_bodies(configuration, 8), 72 * 64 * MIB);
    assert_int_equal(http_sizing_states(configuration), 10000000ull * 12);
    configuration->slow_readers = 0;
    assert_int_equal(http_sizing_worst_case(configuration, 8),
                     32 * MIB + 8 * (24 * MIB + 40000000ull * 84) + 72 * 64 * MIB);
    configuration->max_pixels = 1000;
    assert_int_equal(http_sizing_worst_case(configuration, 1),
                     32 * MIB + 24 * MIB + 640 * MIB + 65 * 64 * MIB);
    configuration->max_pixels = UINT64_MAX / 2;
    assert_int_equal(http_sizing_worst_case(configuration, 1), UINT64_MAX);
    forget(&fitted.result);
}

/* From 256 MiB to 64 GiB it fits, and nothing gets absurd. */
static void memory_is_respected(void **state)
{
    struct http_configuration last = {0};
    (void)state;
    for (uint64_t memory = 256 * MIB; memory <= 65536 * MIB; memory += memory / 4) {
        struct fitted fitted = fit((struct http_cgroup){.memory = memory}, 8);
        const struct http_configuration *now = &fitted.result.configuration;
        assert_true(fitted.sizing.fits);
        assert_true(fitted.sizing.worst_case <= memory - memory / 8);
        assert_int_equal(fitted.sizing.worst_case,
                         http_sizing_worst_case(now, fitted.sizing.job_threads));
        assert_in_range(fitted.sizing.job_threads, 2, HTTP_JOB_THREADS);
        assert_in_range(now->queue, 8, 64);
        assert_in_range(now->slow_readers, 0, 24);
        assert_true(now->slow_readers >= last.slow_readers);
        assert_in_range(now->max_body, MIB, 64 * MIB);
        assert_in_range(now->max_pixels, 600000, 40000000);
        assert_in_range(now->max_connections, 256, 16384);
        assert_true(now->max_connections >= last.max_connections);
        last = *now;
        forget(&fitted.result);
    }
    assert_int_equal(last.max_pixels, 40000000);
    assert_int_equal(last.slow_readers, 24);
}

static void without_commas(char *line)
{
    char *end = line;
    for (; *line != '\0'; line++)
        if (*line != ',')
            *end++ = *line;
    *end = '\0';
}

/* Of the page that REPLICAS names: each row with a limit. */
static void the_table_that_is_printed_is_what_comes_out(void **state)
{
    FILE *page = fopen(REPLICAS, "r");
    char line[256], unit;
    int rows = 0;
    (void)state;
    assert_non_null(page);
    while (fgets(line, sizeof line, page) != NULL) {
        uint64_t memory, readers, queue, body, pixels, connections;
        unsigned jobs;
        without_commas(line);
        if (sscanf(line,
                   "| %" SCNu64 " %ciB | %u | %" SCNu64 " | %" SCNu64 " | %" SCNu64
                   " MiB | %" SCNu64 " | %" SCNu64 " |",
                   &memory, &unit, &jobs, &readers, &queue, &body, &pixels, &connections) != 8)
            continue;
        memory *= unit == 'G' ? 1024 * MIB : MIB;
        struct fitted fitted = fit((struct http_cgroup){.memory = memory}, 8);
        assert_int_equal(fitted.sizing.job_threads, jobs);
        assert_int_equal(fitted.result.configuration.slow_readers, readers);
        assert_int_equal(fitted.result.configuration.queue, queue);
        assert_int_equal(fitted.result.configuration.max_body, body * MIB);
        assert_int_equal(fitted.result.configuration.max_pixels, pixels);
        assert_int_equal(fitted.result.configuration.max_connections, connections);
        forget(&fitted.result);
        rows++;
    }
    fclose(page);
    assert_int_equal(rows, 8);
}

static void what_was_given_stays(void **state)
{
    char *const arguments[] = {(char *)"dissolved",         (char *)"--max-pixels=2000000",
                               (char *)"--queue=32",        (char *)"--max-connections=9999",
                               (char *)"--max-body=800000", NULL};
    (void)state;
    struct fitted fitted = fit_with((struct http_cgroup){.memory = 512 * MIB}, 8, arguments);
    assert_int_equal(fitted.result.configuration.max_pixels, 2000000);
    assert_int_equal(fitted.result.configuration.queue, 32);
    assert_int_equal(fitted.result.configuration.max_body, 800000);
    assert_int_equal(fitted.result.configuration.max_connections, 9999);
    assert_int_equal(fitted.sizing.job_threads, 2);
    assert_true(fitted.sizing.fits);
    forget(&fitted.result);
}

/* By a variable as well, even if it says the default. */
static void the_default_can_be_given(void **state)
{
    char *const pairs[] = {(char *)"DISSOLVED_MAX_PIXELS", (char *)"40000000", NULL};
    (void)state;
    struct result result = read_settings(pairs, (char *const[]){(char *)"dissolved", NULL});
    struct http_configuration *configuration = &result.configuration;
    assert_true(http_configuration_is_given(configuration, &configuration->max_pixels));
    assert_false(http_configuration_is_given(configuration, &configuration->max_body));
    assert_false(http_configuration_is_given(configuration, (const uint64_t *)configuration));
    struct http_sizing sizing =
        http_sizing_fit(&(struct http_cgroup){.memory = 512 * MIB}, 8, configuration);
    assert_int_equal(configuration->max_pixels, 40000000);
    assert_false(sizing.fits);
    forget(&result);
}

static void samples_can_be_dearer_than_pictures(void **state)
{
    char *const arguments[] = {(char *)"dissolved", (char *)"--max-pixels=1000000",
                               (char *)"--queue=8", NULL};
    (void)state;
    struct fitted fitted = fit_with((struct http_cgroup){.memory = 512 * MIB}, 8, arguments);
    assert_true(fitted.result.configuration.max_body < 64 * MIB);
    assert_true(fitted.sizing.fits);
    forget(&fitted.result);
}

/* All that can be lowered is at its least, and the rest is told. */
static void too_little(void **state)
{
    (void)state;
    struct fitted fitted = fit((struct http_cgroup){.memory = 64 * MIB}, 8);
    assert_int_equal(fitted.sizing.job_threads, 2);
    assert_int_equal(fitted.result.configuration.queue, 8);
    assert_int_equal(fitted.result.configuration.max_body, MIB);
    assert_int_equal(fitted.result.configuration.max_pixels, 625000);
    assert_int_equal(fitted.result.configuration.max_connections, 256);
    assert_false(fitted.sizing.fits);
    forget(&fitted.result);
}

static void processors(void **state)
{
    cpu_set_t set;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(dissolve_processors(), CPU_COUNT(&set));
}

/* The log's lines for a group, with defaults. */
static void tell(struct http_cgroup cgroup, char *text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct http_log *log = http_log_create(ends[1], HTTP_LOG_TEXT, HTTP_LOG_INFO);
    struct fitted fitted = fit(cgroup, 8);
    http_sizing_tell(&fitted.sizing, &cgroup, &fitted.result.configuration, log);
    http_log_destroy(log);
    close(ends[1]);
    ssize_t count = read(ends[0], text, size - 1);
    text[count > 0 ? count : 0] = '\0';
    close(ends[0]);
    forget(&fitted.result);
}

static void what_was_derived_is_told(void **state)
{
    char text[2048];
    (void)state;
    tell((struct http_cgroup){0}, text, sizeof text);
    assert_string_equal(text, "");
    tell((struct http_cgroup){.millicpus = 1500, .memory = 512 * MIB}, text, sizeof text);
    assert_non_null(strstr(text, "info the control group allows 1.5 processors: threads 2\n"));
    assert_non_null(strstr(
        text, "info the control group allows 512 MiB: job threads 2, slow-readers 0, queue 16, "));
    assert_null(strstr(text, "warning"));
    tell((struct http_cgroup){.memory = 64 * MIB}, text, sizeof text);
    assert_non_null(strstr(text, "warning the control group allows 64 MiB, but "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_follow_the_time),
        cmocka_unit_test(threads_that_were_given_stay),
        cmocka_unit_test(without_a_limit_all_stays),
        cmocka_unit_test(the_worst_case_is_what_is_written),
        cmocka_unit_test(memory_is_respected),
        cmocka_unit_test(the_table_that_is_printed_is_what_comes_out),
        cmocka_unit_test(what_was_given_stays),
        cmocka_unit_test(the_default_can_be_given),
        cmocka_unit_test(samples_can_be_dearer_than_pictures),
        cmocka_unit_test(too_little),
        cmocka_unit_test(processors),
        cmocka_unit_test(what_was_derived_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
