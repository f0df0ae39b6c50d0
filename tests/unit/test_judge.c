/* Who is let in: routes, keys, limits, a full house; and whose pages may read the answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "asking.h"
#include "http/judge.h"

static const struct api_limits limits = {.max_body = 1000, .max_pixels = 100, .max_work = 1000};
static struct server server;
static char *everybody[] = {"*"};
static char *two_origins[] = {"https://a.example", "http://localhost:3000"};
static const struct http_words all_origins = {everybody, 1}, some_origins = {two_origins, 2};
static char *words[] = {"open-sesame"};
static const struct http_words key_words = {words, 1};
static struct http_keys *keys;

static int open_all(void **state)
{
    (void)state;
    server_open(&server, 1, &limits);
    keys = http_keys_create(&key_words);
    return keys == NULL;
}

static int close_all(void **state)
{
    (void)state;
    http_keys_destroy(keys);
    server_close(&server);
    return 0;
}

struct judgement {
    const char *method;
    const char *target;
    const char *headers[5]; /* name, value, ..., NULL */
    struct http_rules rules;
    int status; /* 0: let in */
    int reason; /* -1: not counted */
};

#define EASY                    \
    {                           \
        .origins = &all_origins \
    }
#define GUARDED                               \
    {                                         \
        .origins = &all_origins, .keys = keys \
    }
#define RULES(rule)                           \
    {                                         \
        .origins = &all_origins, .rule = true \
    }

static void check(const struct judgement *expected)
{
    struct http_exchange *exchange = http_exchange_create(server.service, expected->target);
    struct http_head head = {0};
    assert_non_null(exchange);
    for (size_t i = 0; expected->headers[i] != NULL; i += 2)
        http_head_add(&head, expected->headers[i], expected->headers[i + 1]);
    http_head_add(&head, "Host", "localhost");
    http_judge(exchange, &head, expected->method, &expected->rules);
    if (exchange->refusal != expected->status)
        fail_msg("%s %s: %d, not %d", expected->method, expected->target, exchange->refusal,
                 expected->status);
    assert_int_equal(exchange->rejected ? (int)exchange->rejection : -1, expected->reason);
    assert_true((exchange->refusal == 0) == (exchange->refusal_detail == NULL));
    assert_true(exchange->refusal != 0 || exchange->route != NULL || exchange->preflight);
    http_head_free(&head);
    http_exchange_release(exchange);
}

#define FRAMES "/v1/samples/frames"
#define TWICE  "Content-Length", "3", "Content-Length", "3"

static void the_first_fault_is_told(void **state)
{
    const struct judgement judgements[] = {
        {"GET", "/v1", {NULL}, EASY, 0, -1},
        {"HEAD", "/v1?x=1", {NULL}, EASY, 0, -1},
        {"GET", "http://host/healthz", {NULL}, EASY, 0, -1},
        {"OPTIONS", "*", {NULL}, EASY, 0, -1},
        {"OPTIONS", FRAMES, {NULL}, GUARDED, 0, -1},
        {"POST", FRAMES, {TWICE}, EASY, 400, HTTP_REJECTED_MALFORMED},
        {"POST", FRAMES, {"Transfer-Encoding", "gzip"}, EASY, 501, HTTP_REJECTED_MALFORMED},
        {"GET", "/%00", {NULL}, EASY, 400, -1},
        {"GET", "/nothing", {NULL}, GUARDED, 404, -1},
        {"POST", "/v1", {NULL}, GUARDED, 405, -1},
        {"POST", FRAMES, {"Content-Length", "1000"}, EASY, 0, -1},
        {"POST", FRAMES, {"Content-Length", "1001"}, EASY, 413, HTTP_REJECTED_TOO_LARGE},
        {"GET", "/v1", {"Content-Length", "1001"}, EASY, 413, HTTP_REJECTED_TOO_LARGE},
        {"POST", FRAMES, {"Transfer-Encoding", "chunked"}, EASY, 0, -1},

        {"POST", FRAMES, {"Content-Encoding", "gzip"}, EASY, 415, -1},
        {"POST", FRAMES, {"Content-Encoding", "br", "Content-Length", "1001"}, EASY, 415, -1},
        {"GET", "/v1", {"Content-Encoding", "deflate"}, EASY, 415, -1},
        {"GET", "/healthz", {"Content-Encoding", "gzip"}, RULES(operators), 415, -1},
        {"OPTIONS", FRAMES, {"Content-Encoding", "gzip"}, EASY, 0, -1},
        {"GET", "/nothing", {"Content-Encoding", "gzip"}, EASY, 404, -1},
        {"POST", FRAMES, {"Content-Encoding", "gzip"}, GUARDED, 401, HTTP_REJECTED_UNAUTHORIZED},
        {"POST", FRAMES, {"Content-Encoding", "gzip"}, RULES(draining), 415, -1},
        {"POST", FRAMES, {"Content-Encoding", "Identity"}, EASY, 0, -1},

        {"GET", "/v1", {NULL}, GUARDED, 401, HTTP_REJECTED_UNAUTHORIZED},
        {"GET", "/v1/schedule", {NULL}, GUARDED, 401, HTTP_REJECTED_UNAUTHORIZED},
        {"POST", FRAMES, {"Content-Length", "1001"}, GUARDED, 401, HTTP_REJECTED_UNAUTHORIZED},
        {"POST", FRAMES, {"Authorization", "Bearer x"}, GUARDED, 401, HTTP_REJECTED_UNAUTHORIZED},
        {"POST", FRAMES, {"Authorization", "Bearer open-sesame"}, GUARDED, 0, -1},
        {"GET", "/", {NULL}, GUARDED, 0, -1},
        {"GET", "/healthz", {NULL}, GUARDED, 0, -1},
        {"GET", "/metrics", {NULL}, GUARDED, 0, -1},
        {"GET", "/openapi.yaml", {NULL}, GUARDED, 0, -1},

        {"POST", FRAMES, {NULL}, RULES(draining), 503, HTTP_REJECTED_DRAINING},
        {"POST", FRAMES, {NULL}, RULES(full), 503, HTTP_REJECTED_QUEUE_FULL},
        {"POST", FRAMES, {NULL}, RULES(crowded), 503, HTTP_REJECTED_CONNECTIONS_PER_ADDRESS},
        {"POST", FRAMES, {NULL}, RULES(no_room), 503, HTTP_REJECTED_BODIES_FULL},
        {"GET", "/v1", {"Content-Length", "9"}, RULES(no_room), 0, -1},
        {"GET", "/v1/schedule", {NULL}, RULES(full), 503, HTTP_REJECTED_QUEUE_FULL},
        {"GET", "/v1", {NULL}, RULES(full), 0, -1},
        {"GET", "/readyz", {NULL}, RULES(draining), 0, -1},
        {"GET", "/healthz", {NULL}, RULES(crowded), 0, -1},

        {"GET", "/healthz", {NULL}, RULES(operators), 0, -1},
        {"GET", "/metrics", {NULL}, RULES(operators), 0, -1},
        {"GET", "/v1", {NULL}, RULES(operators), 404, -1},
        {"POST", FRAMES, {NULL}, RULES(operators), 404, -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(judgements); i++)
        check(&judgements[i]);
}

struct reading {
    const struct http_words *origins;
    const char *origin;
    const char *allowed;
    bool matters;
};

static void origins_are_compared(void **state)
{
    static const struct http_words nobody = {NULL, 0};
    static const struct reading readings[] = {
        {&all_origins, NULL, "*", false},
        {&all_origins, "https://a.example", "*", false},
        {&some_origins, NULL, NULL, true},
        {&some_origins, "https://a.example", "https://a.example", true},
        {&some_origins, "HTTPS://A.example", "https://a.example", true},
        {&some_origins, "http://localhost:3000", "http://localhost:3000", true},
        {&some_origins, "http://localhost", NULL, true},
        {&some_origins, "https://a.example.org", NULL, true},
        {&some_origins, "null", NULL, true},
        {&nobody, "https://a.example", NULL, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(readings); i++) {
        struct http_exchange *exchange = http_exchange_create(server.service, "/v1");
        struct http_head head = {0};
        const struct http_rules rules = {.origins = readings[i].origins};
        assert_non_null(exchange);
        if (readings[i].origin != NULL)
            http_head_add(&head, "Origin", readings[i].origin);
        http_judge(exchange, &head, "GET", &rules);
        if (readings[i].allowed != NULL)
            assert_string_equal(exchange->allow_origin, readings[i].allowed);
        else
            assert_null(exchange->allow_origin);
        assert_int_equal(exchange->origin_matters, readings[i].matters);
        http_head_free(&head);
        http_exchange_release(exchange);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_fault_is_told),
        cmocka_unit_test(origins_are_compared),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
