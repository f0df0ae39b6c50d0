/* Settings from flags and the environment, and addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "http/configuration.h"

/* The environment of one test: name, value, ..., NULL. */
static char *const *variables;

static char *environment(const char *name)
{
    for (char *const *pair = variables; pair != NULL && *pair != NULL; pair += 2) {
        if (strcmp(pair[0], name) == 0)
            return pair[1];
    }
    return NULL;
}

struct result {
    int status;
    char *out;
    char *err;
    struct http_configuration configuration;
};

static struct result read_settings(char *const environ_pairs[], char *const arguments[])
{
    struct result result;
    size_t size;
    int count = 0;
    while (arguments[count] != NULL)
        count++;
    variables = environ_pairs;
    FILE *out = open_memstream(&result.out, &size);
    FILE *err = open_memstream(&result.err, &size);
    assert_non_null(out);
    assert_non_null(err);
    result.status =
        http_configuration_read(count, arguments, environment, out, err, &result.configuration);
    fclose(out);
    fclose(err);
    return result;
}

static void forget(struct result *result)
{
    free(result->out);
    free(result->err);
}

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
    assert_int_equal(result.configuration.max_work, 100000000000);
    assert_int_equal(result.configuration.queue, 64);
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
        {"--que=1", "unknown flag"},
        {"--queues=1", "unknown flag"},
        {"-h", "unknown command"},
        {"serve", "unknown command"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *const arguments[] = {(char *)"dissolved", (char *)bad[i].argument, NULL};
        struct result result = read_settings(NULL, arguments);
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
    char *const help[] = {(char *)"dissolved", (char *)"--nonsense", (char *)"--help", NULL};
    struct result result = read_settings(NULL, help);
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "DISSOLVED_MAX_PIXELS"));
    assert_string_equal(result.err, "");
    forget(&result);
    char *const version[] = {(char *)"dissolved", (char *)"--version", NULL};
    result = read_settings(NULL, version);
    assert_int_equal(result.status, 0);
    assert_string_equal(result.out, "dissolved " DISSOLVED_VERSION "\n");
    forget(&result);
}

static void loopback_of_every_address(void **state)
{
    static const char *const pairs[][2] = {
        {"0.0.0.0:80", "127.0.0.1:80"},       {"[::]:80", "[::1]:80"},
        {"10.1.2.3:65535", "10.1.2.3:65535"}, {"[fe80::1]:1", "[fe80::1]:1"},
        {"localhost:0", "127.0.0.1:0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct http_address address;
        assert_true(http_address_parse(pairs[i][0], &address));
        http_address_to_loopback(&address);
        check_address(&address, pairs[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(flag_wins_over_variable),
        cmocka_unit_test(bad_values_name_the_setting),
        cmocka_unit_test(bad_variable_is_named),
        cmocka_unit_test(help_and_version),
        cmocka_unit_test(loopback_of_every_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
