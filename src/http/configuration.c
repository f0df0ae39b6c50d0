/* One table of settings; everything else here reads or prints it. */
#include "configuration.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind { ADDRESS, NUMBER };

struct setting {
    const char *flag;
    const char *variable;
    enum kind kind;
    size_t offset; /* in struct http_configuration */
    uint64_t min;
    uint64_t max;
    const char *preset;
    const char *help;
};

#define AT(member) offsetof(struct http_configuration, member)

/* The bounds keep sums and products of the values away from the ends of their types. */
static const struct setting SETTINGS[] = {
    {"listen", "DISSOLVED_LISTEN", ADDRESS, AT(listen), 0, 0, "127.0.0.1:8080",
     "address and port; [::1]:8080 for IPv6, port 0 picks a free one"},
    {"threads", "DISSOLVED_THREADS", NUMBER, AT(threads), 0, 1024, "0",
     "worker threads; 0: one for each processor"},
    {"max-body", "DISSOLVED_MAX_BODY", NUMBER, AT(max_body), 1, 1ull << 40, "64m",
     "bytes of a request's body"},
    {"max-pixels", "DISSOLVED_MAX_PIXELS", NUMBER, AT(max_pixels), 1, 1ull << 40, "40000000",
     "width times height of an image"},
    {"max-work", "DISSOLVED_MAX_WORK", NUMBER, AT(max_work), 1, 1ull << 62, "100000000000",
     "elements times steps of a request"},
    {"queue", "DISSOLVED_QUEUE", NUMBER, AT(queue), 1, 1 << 20, "64",
     "requests that may wait for a job thread"},
};

enum { SETTING_COUNT = sizeof SETTINGS / sizeof SETTINGS[0] };

/* Digits, then perhaps k, m or g for the powers of 1024. */
static bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    static const char units[] = "kmg";
    uint64_t value = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9'; c++) {
        if (value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(*c - '0');
    }
    if (c == text)
        return false;
    const char *unit = *c == '\0' ? NULL : strchr(units, *c | 0x20);
    if (unit != NULL) {
        unsigned shift = 10u * (unsigned)(unit - units + 1);
        if (value > UINT64_MAX >> shift)
            return false;
        value <<= shift;
        c++;
    }
    *number = value;
    return *c == '\0' && value >= min && value <= max;
}

static bool set(const struct setting *setting, const char *text,
                struct http_configuration *configuration)
{
    void *member = (char *)configuration + setting->offset;
    if (setting->kind == ADDRESS)
        return http_address_parse(text, member);
    return parse_number(text, setting->min, setting->max, member);
}

static void print_expected(const struct setting *setting, FILE *err)
{
    if (setting->kind == ADDRESS)
        fprintf(err, "expected an address and a port, such as 127.0.0.1:8080 or [::1]:8080\n");
    else
        fprintf(err, "expected a number from %llu to %llu; k, m and g stand for powers of 1024\n",
                (unsigned long long)setting->min, (unsigned long long)setting->max);
}

static void print_help(FILE *out)
{
    fprintf(out, "dissolved: the forward process of diffusion models, over HTTP\n\n"
                 "usage: dissolved [settings]              serve\n"
                 "       dissolved healthcheck [settings]  ask a running instance; exit 0 or 1\n"
                 "       dissolved --help | --version\n\n"
                 "settings (flag, environment variable, default):\n");
    for (size_t i = 0; i < SETTING_COUNT; i++)
        fprintf(out, "  --%-12s %-20s %-14s %s\n", SETTINGS[i].flag, SETTINGS[i].variable,
                SETTINGS[i].preset, SETTINGS[i].help);
    fprintf(out,
            "\nNumbers may end in k, m or g. DISSOLVE_ISA=baseline keeps the kernel from using\n"
            "newer instructions.\n");
}

/* Defaults, then the environment. */
static int read_environment(char *(*environment)(const char *name), FILE *err,
                            struct http_configuration *configuration)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &SETTINGS[i];
        const char *text = environment(setting->variable);
        if (text == NULL || text[0] == '\0')
            text = setting->preset;
        if (!set(setting, text, configuration)) {
            fprintf(err, "dissolved: %s: bad value \"%s\": ", setting->variable, text);
            print_expected(setting, err);
            return 2;
        }
    }
    return HTTP_CONFIGURATION_READ;
}

static const struct setting *find(const char *name, size_t length)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strlen(SETTINGS[i].flag) == length && memcmp(SETTINGS[i].flag, name, length) == 0)
            return &SETTINGS[i];
    }
    return NULL;
}

/* Reads "--name=value", or "--name" and the next argument, which *used counts. */
static int read_flag(const char *argument, const char *next, FILE *err,
                     struct http_configuration *configuration, int *used)
{
    const char *name = argument + 2;
    size_t length = strcspn(name, "=");
    const struct setting *setting = find(name, length);
    if (setting == NULL) {
        fprintf(err, "dissolved: %s: unknown flag; see --help\n", argument);
        return 2;
    }
    const char *text = name[length] == '=' ? name + length + 1 : next;
    *used = name[length] == '=' ? 1 : 2;
    if (text == NULL) {
        fprintf(err, "dissolved: --%s: a value is missing: ", setting->flag);
        print_expected(setting, err);
        return 2;
    }
    if (!set(setting, text, configuration)) {
        fprintf(err, "dissolved: --%s: bad value \"%s\": ", setting->flag, text);
        print_expected(setting, err);
        return 2;
    }
    return HTTP_CONFIGURATION_READ;
}

static bool has(int argc, char *const argv[], const char *flag)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], flag) == 0)
            return true;
    }
    return false;
}

int http_configuration_read(int argc, char *const argv[], char *(*environment)(const char *name),
                            FILE *out, FILE *err, struct http_configuration *configuration)
{
    *configuration = (struct http_configuration){0};
    if (has(argc, argv, "--help")) {
        print_help(out);
        return 0;
    }
    if (has(argc, argv, "--version")) {
        fprintf(out, "dissolved " DISSOLVED_VERSION "\n");
        return 0;
    }
    int status = read_environment(environment, err, configuration);
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "healthcheck") == 0) {
        configuration->healthcheck = true;
        first = 2;
    }
    for (int i = first, used = 1; i < argc && status == HTTP_CONFIGURATION_READ; i += used) {
        used = 1;
        if (strncmp(argv[i], "--", 2) != 0) {
            fprintf(err, "dissolved: %s: unknown command; see --help\n", argv[i]);
            return 2;
        }
        status = read_flag(argv[i], i + 1 < argc ? argv[i + 1] : NULL, err, configuration, &used);
    }
    return status;
}
