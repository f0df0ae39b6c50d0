/* The settings of the server, each a flag and an environment variable. */
#ifndef HTTP_CONFIGURATION_H
#define HTTP_CONFIGURATION_H

#include "address.h"
#include <stdint.h>
#include <stdio.h>

struct http_configuration {
    bool healthcheck; /* ask a running instance instead of being one */
    struct http_address listen;
    uint64_t threads; /* 0: one for each processor */
    uint64_t max_body;
    uint64_t max_pixels;
    uint64_t max_work;
    uint64_t queue;
};

/* Go on; anything else is the exit status of a process that is done. */
enum { HTTP_CONFIGURATION_READ = -1 };

/*
 * A flag wins over its environment variable, which wins over the default; an empty variable counts
 * as unset. --help and --version print to out and return 0; a bad value or an unknown flag is told
 * to err, by the name of the setting, and returns 2.
 */
DISSOLVE_MUST_USE int http_configuration_read(int argc, char *const argv[],
                                              char *(*environment)(const char *name), FILE *out,
                                              FILE *err, struct http_configuration *configuration);

#endif
