/* The settings of the server, each a flag and an environment variable. */
#ifndef HTTP_CONFIGURATION_H
#define HTTP_CONFIGURATION_H

#include "address.h"
#include "log.h"
#include "networks.h"
#include "words.h"

#include <stdint.h>
#include <stdio.h>

struct http_configuration {
    bool healthcheck; /* ask a running instance instead of being one */
    struct http_address listen;
    bool has_admin_listen;
    struct http_address admin_listen;
    uint64_t threads; /* 0: one for each processor */
    uint64_t max_body;
    uint64_t max_pixels;
    uint64_t max_work;
    uint64_t queue;
    uint64_t jobs_per_client; /* 0: all job threads but 2 */
    uint64_t max_memory;      /* 0: half of what there is */
    uint64_t min_rate;        /* bytes a second; 0: none */
    uint64_t max_connections;
    uint64_t max_connections_per_address; /* 0: no limit */

    /* Milliseconds, at most a day; none is 0 but for the drain's. */
    uint64_t idle_timeout; /* at least a second */
    uint64_t header_timeout;
    uint64_t body_timeout;
    uint64_t compute_timeout;
    uint64_t answer_timeout;
    uint64_t drain_timeout;
    uint64_t drain_delay;

    struct http_words
        cors_origins;            /* each is "*", or as a browser writes it: https://example.org */
    struct http_words api_keys;  /* those of the file, too; none: the door is open */
    struct http_words file_keys; /* empty: they are among api_keys */
    struct http_networks trusted_proxies;
    enum http_log_format log_format;
    enum http_log_level log_level;
    bool sandbox;
    bool cgroup;    /* what nobody set follows the limits of the control group */
    uint32_t given; /* see http_configuration_is_given */
};

/* Go on; anything else is the exit status of a process that is done. */
enum { HTTP_CONFIGURATION_READ = -1 };

/*
 * A flag wins over its environment variable, which wins over the default; an empty variable counts
 * as unset. --help (-h) and --version (-V) print to out and return 0; a bad value or an unknown
 * flag is told to err, by the name of the setting and never with a key in it, and returns 2. The
 * configuration owns memory only if the result is HTTP_CONFIGURATION_READ.
 */
DISSOLVE_MUST_USE int http_configuration_read(int argc, char *const argv[],
                                              char *(*environment)(const char *name), FILE *out,
                                              FILE *err, struct http_configuration *configuration);

/* Whether a flag or the environment set this member, which otherwise has its default. */
bool http_configuration_is_given(const struct http_configuration *configuration,
                                 const uint64_t *member);

/* Frees what the configuration owns, and overwrites its keys. A zero-initialised one is fine. */
void http_configuration_free(struct http_configuration *configuration);

#endif
