/* Settings that are not given, fitted to the machine and to a control group's limits. */
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

#define MIB (UINT64_C(1) << 20)

struct fitted {
    struct result result;
    struct http_sizing sizing;
};

static struct fitted fit_with(struct http_machine machine, char *const arguments[])
{
    struct fitted fitted = {.result = read_settings(NULL, arguments)};
    assert_int_equal(fitted.result.status, HTTP_CONFIGURATION_READ);
    fitted.sizing = http_sizing_fit(&machine, &fitted.result.configuration);
    return fitted;
}

static struct fitted fit(struct http_machine machine)
{
    return fit_with(machine, (char *const[]){(char *)"dissolved", NULL});
}

static struct http_machine container(uint64_t memory)
{
    return (struct http_machine){
        .processors = 8, .memory = 65536 * MIB, .cgroup = {.memory = memory}};
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
        struct fitted fitted = fit((struct http_machine){
            .processors = cases[i].processors, .cgroup = {.millicpus = cases[i].millicpus}});
        assert_int_equal(fitted.result.configuration.threads, cases[i].threads);
        assert_int_equal(fitted.sizing.threads_lowered, cases[i].threads != 0);
        forget(&fitted.result);
    }
}

static void threads_that_were_given_stay(void **state)
{
    (void)state;
    struct result result = read_flag("--threads=5");
    const struct http_machine machine = {.processors = 8, .cgroup = {.millicpus = 1000}};
    struct http_sizing sizing = http_sizing_fit(&machine, &result.configuration);
    assert_int_equal(result.configuration.threads, 5);
    assert_false(sizing.threads_lowered);
    forget(&result);
}

/* Half of the least that is known. */
static void memory_is_half_of_what_is_available(void **state)
{
    static const struct {
        uint64_t machine, group, memory;
    } cases[] = {
        {8192 * MIB, 0, 4096 * MIB},
        {8192 * MIB, 512 * MIB, 256 * MIB},
        {512 * MIB, 8192 * MIB, 256 * MIB},
        {0, 512 * MIB, 256 * MIB},
        {0, 0, 512 * MIB},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fitted fitted = fit((struct http_machine){.memory = cases[i].machine,
                                                         .cgroup = {.memory = cases[i].group}});
        assert_int_equal(fitted.sizing.memory, cases[i].memory);
        assert_int_equal(fitted.sizing.bodies, cases[i].memory / 4);
        assert_int_equal(fitted.sizing.reserve, cases[i].memory / 32);
        assert_int_equal(http_sizing_request(&fitted.sizing), cases[i].memory / 32 * 23);
        assert_true(fitted.sizing.fits);
        forget(&fitted.result);
    }
}

static void much_memory_lowers_nothing(void **state)
{
    (void)state;
    struct fitted fitted = fit(container(0));
    assert_int_equal(fitted.result.configuration.max_body, 64 * MIB);
    assert_int_equal(fitted.result.configuration.max_connections, 16384);
    assert_int_equal(fitted.result.configuration.queue, 64);
    assert_int_equal(fitted.result.configuration.max_pixels, 40000000);
    assert_false(fitted.sizing.limits_lowered);
    assert_true(fitted.sizing.fits);
    forget(&fitted.result);
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
        uint64_t limit, memory, request, bodies, body, connections;
        without_commas(line);
        if (sscanf(line,
                   "| %" SCNu64 " %ciB | %" SCNu64 " MiB | %" SCNu64 " MiB | %" SCNu64
                   " MiB | %" SCNu64 " MiB | %" SCNu64 " |",
                   &limit, &unit, &memory, &request, &bodies, &body, &connections) != 7)
            continue;
        limit *= unit == 'G' ? 1024 * MIB : MIB;
        struct fitted fitted = fit(container(limit));
        assert_int_equal(fitted.sizing.memory, memory * MIB);
        assert_int_equal(http_sizing_request(&fitted.sizing) / MIB, request);
        assert_int_equal(fitted.sizing.bodies, bodies * MIB);
        assert_int_equal(fitted.result.configuration.max_body, body * MIB);
        assert_int_equal(fitted.result.configuration.max_connections, connections);
        assert_true(fitted.sizing.fits);
        forget(&fitted.result);
        rows++;
    }
    fclose(page);
    assert_int_equal(rows, 8);
}

static void what_was_given_stays(void **state)
{
    char *const arguments[] = {(char *)"dissolved", (char *)"--max-memory=100m",
                               (char *)"--max-connections=1000", (char *)"--max-body=800000", NULL};
    (void)state;
    struct fitted fitted = fit_with(container(512 * MIB), arguments);
    assert_int_equal(fitted.sizing.memory, 100 * MIB);
    assert_int_equal(fitted.result.configuration.max_body, 800000);
    assert_int_equal(fitted.result.configuration.max_connections, 1000);
    assert_false(fitted.sizing.limits_lowered);
    assert_true(fitted.sizing.fits);
    forget(&fitted.result);
}

/* By a variable as well, even if it says the default. */
static void the_default_can_be_given(void **state)
{
    char *const pairs[] = {(char *)"DISSOLVED_MAX_BODY", (char *)"64m", NULL};
    const struct http_machine machine = container(512 * MIB);
    (void)state;
    struct result result = read_settings(pairs, (char *const[]){(char *)"dissolved", NULL});
    struct http_configuration *configuration = &result.configuration;
    assert_true(http_configuration_is_given(configuration, &configuration->max_body));
    assert_false(http_configuration_is_given(configuration, &configuration->max_pixels));
    assert_false(http_configuration_is_given(configuration, (const uint64_t *)configuration));
    struct http_sizing sizing = http_sizing_fit(&machine, configuration);
    assert_int_equal(configuration->max_body, 64 * MIB);
    assert_false(sizing.fits); /* one client's bodies have 32 MiB */
    forget(&result);
}

/* What can be lowered is at its least, and the rest is logged. */
static void too_little(void **state)
{
    (void)state;
    struct fitted fitted = fit(container(8 * MIB));
    assert_int_equal(fitted.result.configuration.max_body, MIB);
    assert_int_equal(fitted.result.configuration.max_connections, 256);
    assert_true(fitted.sizing.limits_lowered);
    assert_false(fitted.sizing.fits);
    forget(&fitted.result);
    fitted = fit_with(container(512 * MIB),
                      (char *const[]){(char *)"d", (char *)"--max-memory=1g", NULL});
    assert_false(fitted.sizing.fits);
    forget(&fitted.result);
}

static void clients_leave_threads_to_others(void **state)
{
    (void)state;
    struct result result = read_flag("--threads=5");
    assert_int_equal(http_sizing_jobs_per_client(&result.configuration, 8), 6);
    assert_int_equal(http_sizing_jobs_per_client(&result.configuration, 2), 1);
    assert_int_equal(http_sizing_jobs_per_client(&result.configuration, 1), 1);
    result.configuration.jobs_per_client = 7;
    assert_int_equal(http_sizing_jobs_per_client(&result.configuration, 2), 7);
    forget(&result);
}

static void this_machine_is_known(void **state)
{
    (void)state;
    const struct http_machine machine = http_machine_read(false);
    assert_int_equal(machine.processors, dissolve_processors());
    assert_true(machine.memory > 64 * MIB);
    assert_int_equal(machine.cgroup.memory, 0);
    const struct http_cgroup cgroup = http_cgroup_read("");
    assert_int_equal(http_machine_read(true).cgroup.memory, cgroup.memory);
}

static void processors(void **state)
{
    cpu_set_t set;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(dissolve_processors(), CPU_COUNT(&set));
}

/* The log's lines for a machine, with defaults. */
static void log_fitted(struct http_machine machine, char *text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct http_log *log = http_log_create(ends[1], HTTP_LOG_TEXT, HTTP_LOG_INFO);
    struct fitted fitted = fit(machine);
    http_sizing_log(&fitted.sizing, &machine, &fitted.result.configuration, log);
    http_log_destroy(log);
    close(ends[1]);
    ssize_t count = read(ends[0], text, size - 1);
    text[count > 0 ? count : 0] = '\0';
    close(ends[0]);
    forget(&fitted.result);
}

static void what_was_derived_is_logged(void **state)
{
    char text[2048];
    struct http_machine machine = container(512 * MIB);
    (void)state;
    log_fitted(container(0), text, sizeof text);
    assert_string_equal(text, "");
    machine.cgroup.millicpus = 1500;
    log_fitted(machine, text, sizeof text);
    assert_non_null(strstr(text, "info the control group allows 1.5 processors: threads 2\n"));
    assert_non_null(strstr(text, "info 512 MiB of memory are available: max-memory 268435456, "
                                 "max-body 33554432, max-connections 1985\n"));
    assert_null(strstr(text, "warning"));
    log_fitted(container(8 * MIB), text, sizeof text);
    assert_non_null(strstr(text, "warning 8 MiB of memory are available, but max-memory is 4 MiB"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_follow_the_time),
        cmocka_unit_test(threads_that_were_given_stay),
        cmocka_unit_test(memory_is_half_of_what_is_available),
        cmocka_unit_test(much_memory_lowers_nothing),
        cmocka_unit_test(the_table_that_is_printed_is_what_comes_out),
        cmocka_unit_test(what_was_given_stays),
        cmocka_unit_test(the_default_can_be_given),
        cmocka_unit_test(too_little),
        cmocka_unit_test(clients_leave_threads_to_others),
        cmocka_unit_test(this_machine_is_known),
        cmocka_unit_test(processors),
        cmocka_unit_test(what_was_derived_is_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
