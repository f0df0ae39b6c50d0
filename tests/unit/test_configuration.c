/* Settings from flags and the environment: numbers, times, words, and what is said of bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "settings.h"

static void check_address(const struct http_address *address, const char *expected)
{
    char text[HTTP_ADDRESS_TEXT];
    http_address_print(address, text);
    assert_string_equal(text, expected);
}

static void defaults(void **state)
{
    (void)state;
    struct result result = read_settings(NULL, (char *const[]){(char *)"dissolved", NULL});
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    assert_false(result.configuration.healthcheck);
    check_address(&result.configuration.listen, "127.0.0.1:8080");
    assert_int_equal(result.configuration.threads, 0);
    assert_int_equal(result.configuration.max_body, 64 << 20);
    assert_int_equal(result.configuration.max_pixels, 40000000);
    assert_int_equal(result.configuration.max_work, 150000000000);
    assert_int_equal(result.configuration.queue, 64);
    assert_int_equal(result.configuration.max_memory, 0);
    assert_int_equal(result.configuration.min_rate, 16384);
    assert_int_equal(result.configuration.answer_timeout, 3600000);
    assert_false(result.configuration.has_admin_listen);
    assert_int_equal(result.configuration.max_connections, 16384);
    assert_int_equal(result.configuration.max_connections_per_address, 0);
    assert_int_equal(result.configuration.idle_timeout, 60000);
    assert_int_equal(result.configuration.header_timeout, 15000);
    assert_int_equal(result.configuration.body_timeout, 300000);
    assert_int_equal(result.configuration.compute_timeout, 300000);
    assert_int_equal(result.configuration.drain_timeout, 30000);
    assert_int_equal(result.configuration.drain_delay, 0);
    assert_int_equal(result.configuration.cors_origins.count, 1);
    assert_string_equal(result.configuration.cors_origins.words[0], "*");
    assert_int_equal(result.configuration.api_keys.count, 0);
    assert_int_equal(result.configuration.trusted_proxies.count, 0);
    assert_false(result.configuration.trusted_proxies.unix_peers);
    assert_int_equal(result.configuration.log_format, HTTP_LOG_JSON);
    assert_int_equal(result.configuration.log_level, HTTP_LOG_INFO);
    assert_true(result.configuration.sandbox);
    assert_true(result.configuration.cgroup);
    assert_string_equal(result.err, "");
    forget(&result);
}

static void flag_wins_over_variable(void **state)
{
    char *const pairs[] = {(char *)"DISSOLVED_QUEUE",
                           (char *)"7",
                           (char *)"DISSOLVED_MAX_BODY",
                           (char *)"2K",
                           (char *)"DISSOLVED_THREADS",
                           (char *)"",
                           (char *)"DISSOLVED_LISTEN",
                           (char *)"[::1]:0",
                           NULL};
    char *const arguments[] = {(char *)"dissolved",
                               (char *)"healthcheck",
                               (char *)"--queue=9",
                               (char *)"--threads",
                               (char *)"3",
                               (char *)"--max-work",
                               (char *)"4g",
                               (char *)"--max-pixels=1m",
                               NULL};
    (void)state;
    struct result result = read_settings(pairs, arguments);
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    assert_true(result.configuration.healthcheck);
    assert_int_equal(result.configuration.queue, 9);
    assert_int_equal(result.configuration.max_body, 2048);
    assert_int_equal(result.configuration.threads, 3);
    assert_int_equal(result.configuration.max_work, 4ll << 30);
    assert_int_equal(result.configuration.max_pixels, 1 << 20);
    check_address(&result.configuration.listen, "[::1]:0");
    forget(&result);
}

/* A bad setting ends the start with status 2 and is named. */
static void bad_values_name_the_setting(void **state)
{
    static const struct {
        const char *argument;
        const char *named;
    } bad[] = {
        {"--queue=0", "--queue"},
        {"--queue=", "--queue"},
        {"--queue=-1", "--queue"},
        {"--queue=1x", "--queue"},
        {"--queue=1kk", "--queue"},
        {"--queue= 1", "--queue"},
        {"--queue=k", "--queue"},
        {"--queue=1.5", "--queue"},
        {"--queue", "--queue"},
        {"--threads=1025", "--threads"},
        {"--max-body=18446744073709551616", "--max-body"},
        {"--max-body=18446744073709551615k", "--max-body"},
        {"--max-body=2048g", "--max-body"},
        {"--listen=", "--listen"},
        {"--listen=8080", "--listen"},
        {"--listen=:8080", "--listen"},
        {"--listen=host:8080", "--listen"},
        {"--listen=1.2.3.4", "--listen"},
        {"--listen=1.2.3:80", "--listen"},
        {"--listen=1.2.3.4:", "--listen"},
        {"--listen=1.2.3.4:65536", "--listen"},
        {"--listen=1.2.3.4:8o", "--listen"},
        {"--listen=::1:80", "--listen"},
        {"--listen=[::1]", "--listen"},
        {"--listen=[1.2.3.4]:80", "--listen"},
        {"--listen=unix:", "--listen"},
        {"--admin-listen=9090", "--admin-listen"},
        {"--max-connections=0", "--max-connections:"},
        {"--max-connections=1025k", "--max-connections:"},
        {"--max-connections-per-address=-1", "--max-connections-per-address"},
        {"--idle-timeout=999ms", "--idle-timeout"},
        {"--idle-timeout=0.9999", "--idle-timeout"},
        {"--idle-timeout=24.000001h", "--idle-timeout"},
        {"--idle-timeout=25h", "--idle-timeout"},
        {"--idle-timeout=18446744073709551615h", "--idle-timeout"},
        {"--idle-timeout=99999999999999999999", "--idle-timeout"},
        {"--header-timeout=0", "--header-timeout"},
        {"--header-timeout=0.9ms", "--header-timeout"},
        {"--header-timeout=", "--header-timeout"},
        {"--header-timeout=.5", "--header-timeout"},
        {"--header-timeout=5.", "--header-timeout"},
        {"--header-timeout=5.s", "--header-timeout"},
        {"--header-timeout=1.0000000001", "--header-timeout"},
        {"--header-timeout=1e3", "--header-timeout"},
        {"--header-timeout=1 s", "--header-timeout"},
        {"--header-timeout=1S", "--header-timeout"},
        {"--header-timeout=1d", "--header-timeout"},
        {"--header-timeout=-1", "--header-timeout"},
        {"--body-timeout=0s", "--body-timeout"},
        {"--compute-timeout=0ms", "--compute-timeout"},
        {"--drain-timeout=soon", "--drain-timeout"},
        {"--drain-delay=24h1", "--drain-delay"},
        {"--log-format=xml", "--log-format"},
        {"--log-format=", "--log-format"},
        {"--log-level=INFO", "--log-level"},
        {"--log-level=warn", "--log-level"},
        {"--no-sandbox=1", "--no-sandbox"},
        {"--sandbox", "unknown flag"},
        {"--que=1", "unknown flag"},
        {"--queues=1", "unknown flag"},
        {"-x", "-x: unknown flag"},
        {"-hV", "-hV: unknown flag"},
        {"-queue=1", "-queue: unknown flag"},
        {"serve", "serve: unknown command"},
        {"help", "help: unknown command; see --help"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct result result = read_flag(bad[i].argument);
        assert_int_equal(result.status, 2);
        assert_non_null(strstr(result.err, bad[i].named));
        forget(&result);
    }
}

static void bad_variable_is_named(void **state)
{
    char *const pairs[] = {(char *)"DISSOLVED_MAX_WORK", (char *)"much", NULL};
    (void)state;
    struct result result = read_settings(pairs, (char *const[]){(char *)"dissolved", NULL});
    assert_int_equal(result.status, 2);
    assert_non_null(strstr(result.err, "DISSOLVED_MAX_WORK"));
    forget(&result);
}

static void help_and_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char *const help[] = {(char *)"dissolved", (char *)"--nonsense",
                              (char *)(i == 0 ? "--help" : "-h"), NULL};
        struct result result = read_settings(NULL, help);
        assert_int_equal(result.status, 0);
        assert_non_null(strstr(result.out, "DISSOLVED_MAX_PIXELS"));
        assert_non_null(strstr(result.out, "--max-connections-per-address"));
        assert_string_equal(result.err, "");
        for (const char *line = result.out; *line != '\0'; line += strcspn(line, "\n") + 1)
            assert_in_range(strcspn(line, "\n"), 0, 100);
        forget(&result);
        result = read_flag(i == 0 ? "--version" : "-V");
        assert_int_equal(result.status, 0);
        assert_string_equal(result.out, "dissolved " DISSOLVED_VERSION "\n");
        forget(&result);
    }
}

/* Milliseconds, exactly. */
static void times(void **state)
{
    static const struct {
        const char *argument;
        uint64_t expected;
    } pairs[] = {
        {"--header-timeout=1ms", 1},
        {"--header-timeout=1.999ms", 1},
        {"--header-timeout=2", 2000},
        {"--header-timeout=0.5", 500},
        {"--header-timeout=0.001s", 1},
        {"--header-timeout=0.123456789h", 444444},
        {"--header-timeout=1.5m", 90000},
        {"--header-timeout=24h", 86400000},
        {"--header-timeout=86400.0009", 86400000},
        {"--header-timeout=007s", 7000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct result result = read_flag(pairs[i].argument);
        assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
        assert_int_equal(result.configuration.header_timeout, pairs[i].expected);
        forget(&result);
    }
}

static void the_drain_may_take_no_time(void **state)
{
    char *const arguments[] = {(char *)"dissolved", (char *)"--drain-timeout=0",
                               (char *)"--drain-delay=0ms", NULL};
    (void)state;
    struct result result = read_settings(NULL, arguments);
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    assert_int_equal(result.configuration.drain_timeout, 0);
    assert_int_equal(result.configuration.drain_delay, 0);
    forget(&result);
}

static void words_of_the_log(void **state)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        char *const pairs[] = {(char *)"DISSOLVED_LOG_LEVEL", (char *)levels[i],
                               (char *)"DISSOLVED_LOG_FORMAT",
                               (char *)(i % 2 == 0 ? "json" : "text"), NULL};
        struct result result = read_settings(pairs, (char *const[]){(char *)"dissolved", NULL});
        assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
        assert_int_equal(result.configuration.log_level, i);
        assert_int_equal(result.configuration.log_format, i % 2);
        forget(&result);
    }
}

static void the_sandbox_is_a_switch(void **state)
{
    static const struct {
        const char *value;
        int status;
        bool sandbox;
    } cases[] = {
        {"1", HTTP_CONFIGURATION_READ, false},
        {"true", HTTP_CONFIGURATION_READ, false},
        {"yes", HTTP_CONFIGURATION_READ, false},
        {"0", HTTP_CONFIGURATION_READ, true},
        {"false", HTTP_CONFIGURATION_READ, true},
        {"no", HTTP_CONFIGURATION_READ, true},
        {"", HTTP_CONFIGURATION_READ, true},
        {"2", 2, false},
        {"on", 2, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *const pairs[] = {(char *)"DISSOLVED_NO_SANDBOX", (char *)cases[i].value, NULL};
        struct result result = read_settings(pairs, (char *const[]){(char *)"dissolved", NULL});
        assert_int_equal(result.status, cases[i].status);
        if (cases[i].status == 2)
            assert_non_null(strstr(result.err, "DISSOLVED_NO_SANDBOX"));
        else
            assert_int_equal(result.configuration.sandbox, cases[i].sandbox);
        forget(&result);
    }
    /* The flag takes no value: what follows is another argument. */
    char *const arguments[] = {(char *)"dissolved", (char *)"--no-sandbox", (char *)"--queue",
                               (char *)"5", NULL};
    struct result result = read_settings(NULL, arguments);
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    assert_false(result.configuration.sandbox);
    assert_int_equal(result.configuration.queue, 5);
    forget(&result);
}

static void an_admin_address_is_had_or_not(void **state)
{
    char *const pairs[] = {(char *)"DISSOLVED_ADMIN_LISTEN", (char *)"unix:/run/admin.sock", NULL};
    (void)state;
    struct result result = read_settings(pairs, (char *const[]){(char *)"dissolved", NULL});
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    assert_true(result.configuration.has_admin_listen);
    check_address(&result.configuration.admin_listen, "unix:/run/admin.sock");
    forget(&result);
    result =
        read_settings(pairs, (char *const[]){(char *)"dissolved", (char *)"--admin-listen=", NULL});
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    assert_false(result.configuration.has_admin_listen);
    forget(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(flag_wins_over_variable),
        cmocka_unit_test(bad_values_name_the_setting),
        cmocka_unit_test(bad_variable_is_named),
        cmocka_unit_test(help_and_version),
        cmocka_unit_test(times),
        cmocka_unit_test(the_drain_may_take_no_time),
        cmocka_unit_test(words_of_the_log),
        cmocka_unit_test(the_sandbox_is_a_switch),
        cmocka_unit_test(an_admin_address_is_had_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
