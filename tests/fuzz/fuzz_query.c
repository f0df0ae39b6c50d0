/* Fuzzes a request's target: its path and query, percent-decoded, and the parameters of every
 * endpoint in the query. */
#include "api/run.h"
#include "http/target.h"
#include "judged.h"

static void put_code(char **at, char byte)
{
    static const char digits[] = "0123456789abcdef";
    *(*at)++ = '%';
    *(*at)++ = digits[(unsigned char)byte >> 4];
    *(*at)++ = digits[(unsigned char)byte & 15];
}

static void put_codes(char **at, const char *text)
{
    for (; *text; text++)
        put_code(at, *text);
}

/* With every byte as a code it is the same target. */
static void check_round_trip(const struct http_target *target, size_t length)
{
    /* three bytes for each, the path's "/", and "?", "=" and "&", which there were already but
       where a name has no "=" */
    char *text = fuzz_room(4 * length + 8), *at = text;
    struct http_target again;
    *at++ = '/';
    put_codes(&at, target->path + 1);
    *at++ = '?';
    for (size_t i = 0; i < target->query_count; i++) {
        put_codes(&at, target->query[i].name);
        *at++ = '=';
        put_codes(&at, target->query[i].value);
        *at++ = '&';
    }
    *at = '\0';
    CHECK(http_target_parse(text, &again) == DISSOLVE_OK);
    CHECK(strcmp(again.path, target->path) == 0 && again.query_count == target->query_count);
    for (size_t i = 0; i < again.query_count; i++) {
        CHECK(strcmp(again.query[i].name, target->query[i].name) == 0);
        CHECK(strcmp(again.query[i].value, target->query[i].value) == 0);
    }
    http_target_free(&again);
    free(text);
}

/* A schedule that is made is one: betas from 0 to 1, and a signal that does not rise. */
static void check_schedule(const struct api_arguments *arguments,
                           const struct api_parameters *parameters)
{
    struct dissolve_schedule *schedule;
    struct api_problem problem = {0};
    if (!api_make_schedule(arguments, parameters, &schedule, &problem)) {
        check_problem(&problem);
        return;
    }
    uint32_t steps = dissolve_schedule_steps(schedule);
    double before = 1;
    CHECK(steps == parameters->schedule.steps);
    for (uint32_t t = 1; t <= steps; t++) {
        double beta = dissolve_schedule_beta(schedule, t);
        double signal = dissolve_schedule_alpha_cumprod(schedule, t);
        CHECK(beta >= 0 && beta <= 1);
        CHECK(signal >= 0 && signal <= before * (1 + 1e-15)); /* exp rounds */
        CHECK(dissolve_schedule_snr(schedule, t) >= 0 && dissolve_schedule_kl(schedule, t) >= 0);
        before = signal;
    }
    dissolve_schedule_destroy(schedule);
}

static void check_query(const struct http_target *target)
{
    static const enum api_endpoint endpoints[] = {API_SCHEDULE, API_IMAGES_FRAMES,
                                                  API_IMAGES_HISTOGRAMS, API_SAMPLES_FRAMES,
                                                  API_SAMPLES_HISTOGRAMS};
    struct api_arguments arguments = {0};
    struct api_problem problem = {0};
    const struct api_request request = {.query = target->query, .query_count = target->query_count};
    if (!api_arguments_add_query(&arguments, &request, &problem)) {
        check_problem(&problem);
    } else {
        for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
            struct api_parameters parameters;
            if (!read_parameters(endpoints[i], &arguments, &parameters))
                continue;
            if (endpoints[i] == API_SCHEDULE)
                check_schedule(&arguments, &parameters);
            api_parameters_free(&parameters);
        }
    }
    api_arguments_free(&arguments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_target target;
    char *text = fuzz_string(data, size);
    enum dissolve_status status = http_target_parse(text, &target);
    if (status == DISSOLVE_OK) {
        CHECK(target.path[0] == '/' || strcmp(target.path, "*") == 0);
        CHECK(target.query_count <= size);
        if (target.path[0] == '/')
            check_round_trip(&target, size);
        check_query(&target);
    } else {
        CHECK(status == DISSOLVE_MALFORMED && !target.path && !target.query);
    }
    http_target_free(&target);
    free(text);
    return 0;
}
