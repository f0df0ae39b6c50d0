/* One table of settings; everything else here reads or prints it. */
#include "configuration.h"

#include "settings_read.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    ADDRESS,
    ADMIN_ADDRESS, /* or none */
    NUMBER,
    TIME,
    ORIGINS,
    KEYS,
    KEY_FILE,
    NETWORKS,
    LOG_FORMAT,
    LOG_LEVEL,
    SWITCH_OFF, /* a flag without a value, which makes its member false */
};

struct setting {
    const char *flag;
    enum kind kind;
    size_t offset; /* in struct http_configuration */
    uint64_t min;
    uint64_t max;
    const char *preset; /* empty: none */
    const char *help;
};

#define AT(member) offsetof(struct http_configuration, member)

enum { SECOND = 1000, DAY = 24 * 3600 * SECOND };

/* The bounds keep sums and products of the values away from the ends of their types. */
static const struct setting SETTINGS[] = {
    {"listen", ADDRESS, AT(listen), 0, 0, "127.0.0.1:8080",
     "address:port or unix:PATH; port 0: a free one"},
    {"admin-listen", ADMIN_ADDRESS, AT(admin_listen), 0, 0, "",
     "likewise, for health and metrics alone"},
    {"threads", NUMBER, AT(threads), 0, 1024, "0", "worker threads; 0: one for each processor"},
    {"max-body", NUMBER, AT(max_body), 1, 1ull << 40, "64m", "bytes of a request's body"},
    {"max-pixels", NUMBER, AT(max_pixels), 1, 1ull << 40, "40000000",
     "width times height of an image"},
    {"max-work", NUMBER, AT(max_work), 1, 1ull << 62, "150000000000",
     "estimated nanoseconds of one core for a request"},
    {"queue", NUMBER, AT(queue), 1, 1 << 20, "64", "requests that may wait for a job thread"},
    {"jobs-per-client", NUMBER, AT(jobs_per_client), 0, 1024, "0",
     "of one client at a time; 0: all job threads but 2"},
    {"max-memory", NUMBER, AT(max_memory), 0, 1ull << 50, "0",
     "bytes of all requests together; 0: half of the memory"},
    {"min-rate", NUMBER, AT(min_rate), 0, 1ull << 40, "16k",
     "bytes a second of a reader or body while others wait"},
    {"max-connections", NUMBER, AT(max_connections), 1, 1 << 20, "16384", "connections at a time"},
    {"max-connections-per-address", NUMBER, AT(max_connections_per_address), 0, 1 << 20, "0",
     "of one client (IPv6: one /64); 0: no limit"},
    {"idle-timeout", TIME, AT(idle_timeout), SECOND, DAY, "60s",
     "for a connection on which nothing happens or nobody reads"},
    {"header-timeout", TIME, AT(header_timeout), 1, DAY, "15s",
     "for a request's whole head to arrive"},
    {"body-timeout", TIME, AT(body_timeout), 1, DAY, "300s", "for its whole body to arrive"},
    {"compute-timeout", TIME, AT(compute_timeout), 1, DAY, "300s", "for its answer to be made"},
    {"answer-timeout", TIME, AT(answer_timeout), 1, DAY, "1h",
     "for its answer to be made and read"},
    {"drain-timeout", TIME, AT(drain_timeout), 0, DAY, "30s",
     "from SIGTERM on, for requests in progress"},
    {"drain-delay", TIME, AT(drain_delay), 0, DAY, "0s",
     "from SIGTERM until new requests are refused"},
    {"cors-origins", ORIGINS, AT(cors_origins), 0, 0, "*",
     "sites whose pages may ask: scheme://host[:port],.."},
    {"api-keys", KEYS, AT(api_keys), 0, 0, "", "KEY,..; with one, /v1/* asks for a key"},
    {"api-keys-file", KEY_FILE, AT(file_keys), 0, 0, "", "a file of more keys, one a line"},
    {"trusted-proxies", NETWORKS, AT(trusted_proxies), 0, 0, "",
     "whose X-Forwarded-For counts: 10.0.0.0/8,::1,unix"},
    {"log-format", LOG_FORMAT, AT(log_format), 0, 0, "json", "json or text"},
    {"log-level", LOG_LEVEL, AT(log_level), 0, 0, "info", "error, warning, info or debug"},
    {"no-sandbox", SWITCH_OFF, AT(sandbox), 0, 0, "no", "leave the process its system calls"},
    {"no-cgroup", SWITCH_OFF, AT(cgroup), 0, 0, "no",
     "keep the defaults, whatever the container allows"},
};

enum { SETTING_COUNT = sizeof SETTINGS / sizeof SETTINGS[0] };

_Static_assert(SETTING_COUNT <= 32, "`given` has a bit for each");

/* In the order of the enums. */
static const char *const LOG_FORMATS[] = {"json", "text", NULL};
static const char *const LOG_LEVELS[] = {"error", "warning", "info", "debug", NULL};

enum { VARIABLE_TEXT = 48 };

/* The environment variable of max-body is DISSOLVED_MAX_BODY. */
static void name_variable(const struct setting *setting, char name[VARIABLE_TEXT])
{
    snprintf(name, VARIABLE_TEXT, "DISSOLVED_%s", setting->flag);
    for (char *c = name; *c != '\0'; c++) {
        if (*c == '-')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c & ~0x20);
    }
}

/* ---- Values ---- */

static enum dissolve_status valid(bool is)
{
    return is ? DISSOLVE_OK : DISSOLVE_INVALID;
}

static enum dissolve_status set_words(enum dissolve_status status, struct http_words *member,
                                      const struct http_words *words)
{
    if (status == DISSOLVE_OK) {
        http_words_free(member);
        *member = *words;
    }
    return status;
}

static enum dissolve_status set_networks(const char *text, struct http_networks *member)
{
    struct http_networks networks;
    enum dissolve_status status = http_networks_parse(text, &networks);
    if (status == DISSOLVE_OK) {
        http_networks_free(member);
        *member = networks;
    }
    return status;
}

static enum dissolve_status set_admin(const char *text, struct http_configuration *configuration)
{
    configuration->has_admin_listen = text[0] != '\0';
    return valid(text[0] == '\0' || http_address_parse(text, &configuration->admin_listen));
}

/* INVALID: detail, empty before, may say why. */
static enum dissolve_status set(const struct setting *setting, const char *text,
                                struct http_configuration *configuration,
                                char detail[SETTINGS_DETAIL])
{
    void *member = (char *)configuration + setting->offset;
    struct http_words words;
    enum dissolve_status status;
    unsigned choice;
    bool on;
    switch (setting->kind) {
    case ADDRESS:
        return valid(http_address_parse(text, member));
    case ADMIN_ADDRESS:
        return set_admin(text, configuration);
    case NUMBER:
        return valid(settings_read_number(text, setting->min, setting->max, member));
    case TIME:
        return valid(settings_read_time(text, setting->min, setting->max, member));
    case ORIGINS:
        status = settings_read_origins(text, &words);
        return set_words(status, member, &words);
    case KEYS:
        status = settings_read_keys(text, &words);
        return set_words(status, member, &words);
    case KEY_FILE:
        status = settings_read_key_file(text, &words, detail);
        return set_words(status, member, &words);
    case NETWORKS:
        return set_networks(text, member);
    case LOG_FORMAT:
        if (!settings_read_choice(text, LOG_FORMATS, &choice))
            return DISSOLVE_INVALID;
        configuration->log_format = (enum http_log_format)choice;
        return DISSOLVE_OK;
    case LOG_LEVEL:
        if (!settings_read_choice(text, LOG_LEVELS, &choice))
            return DISSOLVE_INVALID;
        configuration->log_level = (enum http_log_level)choice;
        return DISSOLVE_OK;
    case SWITCH_OFF:
        if (!settings_read_switch(text, &on))
            return DISSOLVE_INVALID;
        *(bool *)member = !on;
        return DISSOLVE_OK;
    }
    return DISSOLVE_INVALID;
}

/* Of a key's setting neither the value nor the rest of the command line, which may be more of it,
 * is shown; nor of the file's, for which somebody may take a key. */
static bool is_secret(const struct setting *setting)
{
    return setting != NULL && (setting->kind == KEYS || setting->kind == KEY_FILE);
}

static void print_time(uint64_t milliseconds, FILE *err)
{
    bool whole = milliseconds % SECOND == 0;
    fprintf(err, "%llu%s", (unsigned long long)(whole ? milliseconds / SECOND : milliseconds),
            whole ? "s" : "ms");
}

static void print_expected(const struct setting *setting, FILE *err)
{
    static const char *const expected[] = {
        [ADDRESS] = "an address and a port, such as 127.0.0.1:8080 or [::1]:8080, or unix:PATH",
        [ADMIN_ADDRESS] = "an address and a port, such as 127.0.0.1:9090, or unix:PATH, or nothing",
        [ORIGINS] = "* or origins such as https://example.org, with commas between them",
        [KEYS] = "keys of 8 to 256 visible ASCII characters but quotes, with commas between them",
        [KEY_FILE] = "the path of a file",
        [NETWORKS] = "addresses or blocks such as 10.0.0.0/8, or unix, with commas between them",
        [LOG_FORMAT] = "json or text",
        [LOG_LEVEL] = "error, warning, info or debug",
        [SWITCH_OFF] = "1, true, yes, 0, false or no",
    };
    if (setting->kind == NUMBER) {
        fprintf(err, "expected a number from %llu to %llu; k, m and g stand for powers of 1024\n",
                (unsigned long long)setting->min, (unsigned long long)setting->max);
    } else if (setting->kind == TIME) {
        fprintf(err, "expected a time from ");
        print_time(setting->min, err);
        fprintf(err, " to 24h, such as 500ms, 1.5s, 90, 5m or 2h\n");
    } else {
        fprintf(err, "expected %s\n", expected[setting->kind]);
    }
}

/* Sets it, or says why not; `name` is the flag's or the variable's. */
static int set_or_complain(const struct setting *setting, const char *name, const char *text,
                           FILE *err, struct http_configuration *configuration)
{
    char detail[SETTINGS_DETAIL] = "";
    enum dissolve_status status = set(setting, text, configuration, detail);
    if (status == DISSOLVE_OK)
        return HTTP_CONFIGURATION_READ;
    fprintf(err, "dissolved: %s: ", name);
    if (status != DISSOLVE_INVALID) {
        fprintf(err, "%s\n", dissolve_status_text(status));
    } else if (detail[0] != '\0') {
        fprintf(err, "bad value: %s\n", detail);
    } else {
        if (is_secret(setting))
            fprintf(err, "bad value: ");
        else
            fprintf(err, "bad value \"%s\": ", text);
        print_expected(setting, err);
    }
    return 2;
}

/* ---- Where they come from ---- */

static void print_help(FILE *out)
{
    fprintf(out, "dissolved: the forward process of diffusion models, over HTTP\n\n"
                 "usage: dissolved [settings]              serve\n"
                 "       dissolved healthcheck [settings]  ask a running instance; exit 0 or 1\n"
                 "       dissolved --help | --version      or -h, -V\n\n"
                 "settings, with their defaults:\n");
    for (size_t i = 0; i < SETTING_COUNT; i++)
        fprintf(out, "  --%-27s  %s [%s]\n", SETTINGS[i].flag, SETTINGS[i].help,
                SETTINGS[i].preset[0] == '\0' ? "none" : SETTINGS[i].preset);
    fprintf(
        out,
        "\n"
        "Each is an environment variable, too: --max-pixels 1m is DISSOLVED_MAX_PIXELS=1m. A flag\n"
        "wins. Numbers may end in k, m or g, for powers of 1024. Times are seconds, or end in ms,\n"
        "s, m or h; 0.5 and 500ms are the same. Everybody can see a command line: keys are better\n"
        "kept in a file. DISSOLVE_ISA=baseline keeps the kernel from using newer instructions.\n");
}

static void mark_given(const struct setting *setting, struct http_configuration *configuration)
{
    configuration->given |= UINT32_C(1) << (setting - SETTINGS);
}

/* Defaults, where there are any, and then the environment. */
static int read_environment(char *(*environment)(const char *name), FILE *err,
                            struct http_configuration *configuration)
{
    int status = HTTP_CONFIGURATION_READ;
    for (size_t i = 0; i < SETTING_COUNT && status == HTTP_CONFIGURATION_READ; i++) {
        const struct setting *setting = &SETTINGS[i];
        char name[VARIABLE_TEXT];
        name_variable(setting, name);
        const char *text = environment(name);
        if (text == NULL || text[0] == '\0')
            text = setting->preset;
        else
            mark_given(setting, configuration);
        if (text[0] != '\0')
            status = set_or_complain(setting, name, text, err, configuration);
    }
    return status;
}

static const struct setting *find(const char *name, size_t length)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strlen(SETTINGS[i].flag) == length && memcmp(SETTINGS[i].flag, name, length) == 0)
            return &SETTINGS[i];
    }
    return NULL;
}

/* The name of an argument that may go on with "=value", which is not for everybody's eyes. */
static int print_unknown(const char *argument, bool hidden, const char *what, FILE *err)
{
    fprintf(err, "dissolved: %.*s: unknown %s; see --help\n",
            hidden ? 3 : (int)strcspn(argument, "="), hidden ? "..." : argument, what);
    return 2;
}

/* Reads "--name=value", or "--name" and the next argument, which *used counts. */
static int read_flag(const char *argument, const char *next, FILE *err,
                     struct http_configuration *configuration, const struct setting **found,
                     int *used)
{
    char name[VARIABLE_TEXT];
    size_t length = strcspn(argument + 2, "=");
    const struct setting *setting = find(argument + 2, length);
    bool hidden = is_secret(*found);
    *found = setting;
    *used = 1;
    if (setting == NULL)
        return print_unknown(argument, hidden, "flag", err);
    snprintf(name, sizeof name, "--%s", setting->flag);
    mark_given(setting, configuration);
    bool assigned = argument[2 + length] == '=';
    const char *text = assigned ? argument + 2 + length + 1 : next;
    if (setting->kind == SWITCH_OFF) {
        if (!assigned)
            return set_or_complain(setting, name, "yes", err, configuration);
        fprintf(err, "dissolved: %s: bad value \"%s\": this flag has none\n", name, text);
        return 2;
    }
    if (text == NULL) {
        fprintf(err, "dissolved: %s: a value is missing: ", name);
        print_expected(setting, err);
        return 2;
    }
    *used = assigned ? 1 : 2;
    return set_or_complain(setting, name, text, err, configuration);
}

static bool has(int argc, char *const argv[], const char *flag, const char *letter)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], flag) == 0 || strcmp(argv[i], letter) == 0)
            return true;
    }
    return false;
}

static int read_arguments(int argc, char *const argv[], FILE *err,
                          struct http_configuration *configuration)
{
    int status = HTTP_CONFIGURATION_READ;
    const struct setting *last = NULL;
    configuration->healthcheck = argc > 1 && strcmp(argv[1], "healthcheck") == 0;
    int i = configuration->healthcheck ? 2 : 1;
    for (int used = 1; i < argc && status == HTTP_CONFIGURATION_READ; i += used) {
        if (strncmp(argv[i], "--", 2) != 0)
            return print_unknown(argv[i], is_secret(last), argv[i][0] == '-' ? "flag" : "command",
                                 err);
        status =
            read_flag(argv[i], i + 1 < argc ? argv[i + 1] : NULL, err, configuration, &last, &used);
    }
    return status;
}

/* The file's keys go to the others. */
static int join_keys(FILE *err, struct http_configuration *configuration)
{
    enum dissolve_status status =
        http_words_append(&configuration->api_keys, &configuration->file_keys);
    if (status == DISSOLVE_OK)
        return HTTP_CONFIGURATION_READ;
    fprintf(err, "dissolved: --api-keys-file: %s\n", dissolve_status_text(status));
    return 2;
}

int http_configuration_read(int argc, char *const argv[], char *(*environment)(const char *name),
                            FILE *out, FILE *err, struct http_configuration *configuration)
{
    *configuration = (struct http_configuration){0};
    if (has(argc, argv, "--help", "-h")) {
        print_help(out);
        return 0;
    }
    if (has(argc, argv, "--version", "-V")) {
        fprintf(out, "dissolved " DISSOLVED_VERSION "\n");
        return 0;
    }
    int status = read_environment(environment, err, configuration);
    if (status == HTTP_CONFIGURATION_READ)
        status = read_arguments(argc, argv, err, configuration);
    if (status == HTTP_CONFIGURATION_READ)
        status = join_keys(err, configuration);
    if (status != HTTP_CONFIGURATION_READ)
        http_configuration_free(configuration);
    return status;
}

bool http_configuration_is_given(const struct http_configuration *configuration,
                                 const uint64_t *member)
{
    size_t offset = (size_t)((const char *)member - (const char *)configuration);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (SETTINGS[i].offset == offset)
            return (configuration->given >> i & 1) != 0;
    }
    return false;
}

void http_configuration_free(struct http_configuration *configuration)
{
    http_words_free(&configuration->cors_origins);
    http_words_free(&configuration->api_keys);
    http_words_free(&configuration->file_keys);
    http_networks_free(&configuration->trusted_proxies);
}
