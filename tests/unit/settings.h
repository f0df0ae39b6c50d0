/* Reads settings as main() does, from arguments and an environment of the test's own. */
#ifndef TESTS_SETTINGS_H
#define TESTS_SETTINGS_H

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

/* The same with one flag and nothing else. */
static struct result read_flag(const char *argument)
{
    char *const arguments[] = {(char *)"dissolved", (char *)argument, NULL};
    return read_settings(NULL, arguments);
}

static void forget(struct result *result)
{
    if (result->status == HTTP_CONFIGURATION_READ)
        http_configuration_free(&result->configuration);
    free(result->out);
    free(result->err);
}

#endif
