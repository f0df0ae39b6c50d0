/* Problems and how they are told, the arguments they blame, and the way to a route. */
#include "api/problem.h"

#include "api/arguments.h"
#include "api/routes.h"
#include "asking.h"
#include "failing_malloc.h"

static struct answer answer;

static const struct api_reply reply = {
    .context = &answer, .start = answer_start, .write = answer_write, .flush = answer_flush};

static void statuses_have_their_titles(void **state)
{
    static const struct {
        int status;
        const char *title;
    } cases[] = {{400, "Bad Request"},
                 {401, "Unauthorized"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {406, "Not Acceptable"},
                 {408, "Request Timeout"},
                 {413, "Content Too Large"},
                 {415, "Unsupported Media Type"},
                 {422, "Unprocessable Content"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {503, "Service Unavailable"},
                 {504, "Gateway Timeout"},
                 {418, "Error"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(api_status_title(cases[i].status), cases[i].title);
}

/* One table from what went wrong here to what is told. */
static void each_failure_has_its_status(void **state)
{
    static const struct {
        enum dissolve_status status;
        int told;
    } cases[] = {{DISSOLVE_MALFORMED, 422}, {DISSOLVE_UNSUPPORTED, 422}, {DISSOLVE_TOO_LARGE, 422},
                 {DISSOLVE_NO_MEMORY, 503}, {DISSOLVE_CANCELLED, 503},   {DISSOLVE_SYSTEM, 503},
                 {DISSOLVE_INVALID, 500},   {DISSOLVE_OK, 500}};
    struct api_problem problem;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(api_problem_from_status(&problem, cases[i].status, "why"));
        assert_int_equal(problem.status, cases[i].told);
        assert_string_equal(problem.detail, "Why.");
        for (size_t j = 0; j < 2; j++) {
            const char *text = dissolve_status_text(cases[i].status);
            assert_false(api_problem_from_status(&problem, cases[i].status, j == 0 ? NULL : ""));
            assert_memory_equal(problem.detail + 1, text + 1, strlen(text) - 1);
        }
        assert_int_equal(problem.fault, API_FAULT_NONE);
    }
}

/* Whatever said it. The name of a parameter or a member stays as it is written. */
static void details_are_sentences(void **state)
{
    static const struct {
        enum api_fault fault;
        const char *culprit;
        const char *said;
        const char *told;
    } cases[] = {
        {API_FAULT_NONE, "", "the image is empty", "The image is empty."},
        {API_FAULT_NONE, "", "The image is empty.", "The image is empty."},
        {API_FAULT_NONE, "", "3 are too many", "3 are too many."},
        {API_FAULT_NONE, "", "\xc3\xa9 is no name", "\xc3\xa9 is no name."},
        {API_FAULT_PARAMETER, "beta", "beta must be less", "beta must be less."},
        {API_FAULT_PARAMETER, "beta", "betas must be less", "Betas must be less."},
        {API_FAULT_PARAMETER, "be/ta", "be/ta is unknown", "be/ta is unknown."},
        {API_FAULT_PARAMETER, "", "an empty name", "An empty name."},
        {API_FAULT_POINTER, "/beta", "beta must be less", "beta must be less."},
        {API_FAULT_POINTER, "/mixture/count", "count is 0", "count is 0."},
        {API_FAULT_POINTER, "/mixture/count", "mixture is 0", "Mixture is 0."},
        {API_FAULT_POINTER, "/samples/1", "the sample", "The sample."},
        {API_FAULT_POINTER, "", "no value", "No value."},
        {API_FAULT_NONE, "", "", ""},
    };
    struct api_problem problem;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        api_problem_blame(&problem, 400, cases[i].fault, cases[i].culprit, "%s", cases[i].said);
        assert_string_equal(problem.detail, cases[i].told);
        if (cases[i].fault == API_FAULT_NONE)
            api_problem_set(&problem, 400, "%s", cases[i].said);
        assert_string_equal(problem.detail, cases[i].told);
    }
}

/* A culprit's text is cut, but no character of it. */
static void long_culprits_are_cut(void **state)
{
    struct api_problem problem;
    char name[200];
    (void)state;
    for (size_t before = 120; before < 132; before++) {
        memset(name, 'a', before);
        strcpy(name + before, "\xe2\x82\xac and more"); /* a euro sign */
        assert_false(api_problem_blame(&problem, 400, API_FAULT_PARAMETER, name, "x"));
        size_t room = sizeof problem.culprit - 1;
        size_t kept = before + 3 <= room ? room : before < room ? before : room;
        assert_int_equal(strlen(problem.culprit), kept);
        assert_memory_equal(problem.culprit, name, kept);
    }
}

static void long_details_are_cut(void **state)
{
    struct api_problem problem;
    char text[1000];
    (void)state;
    memset(text, 'b', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(api_problem_set(&problem, 400, "%s", text));
    assert_int_equal(strlen(problem.detail), sizeof problem.detail - 1);
}

/* A query may hold any bytes, and what quotes them is UTF-8 nevertheless. */
static void texts_are_utf8(void **state)
{
    struct api_problem problem;
    char text[400];
    (void)state;
    assert_false(
        api_problem_blame(&problem, 400, API_FAULT_PARAMETER, "\xff=", "no %.2s", "a\xc3\xa9"));
    assert_string_equal(problem.culprit, "?=");
    assert_string_equal(problem.detail, "No a?.");
    memset(text, 'b', sizeof text);
    strcpy(text + sizeof problem.detail - 2, "\xc3\xa9"); /* the half of it has room */
    assert_false(api_problem_set(&problem, 400, "%s", text));
    assert_string_equal(problem.detail + sizeof problem.detail - 3, "b?");
}

static void a_refusal_is_a_whole_answer(void **state)
{
    static const int statuses[] = {400, 401, 404, 503, 504};
    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        memset(&answer, 0, sizeof answer);
        api_refuse(&reply, "id-7", statuses[i], "because \"so\"");
        assert_int_equal(answer.status, statuses[i]);
        assert_string_equal(header_of(&answer, "Content-Type"), "application/problem+json");
        assert_string_equal(header_of(&answer, "Cache-Control"), "no-store");
        assert_true((statuses[i] == 503) == (header_of(&answer, "Retry-After") != NULL));
        char expected[300];
        snprintf(expected, sizeof expected,
                 "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,"
                 "\"detail\":\"Because \\\"so\\\".\",\"request_id\":\"id-7\"}",
                 api_status_title(statuses[i]), statuses[i]);
        assert_string_equal((char *)answer.bytes, expected);
    }
}

/* Whole as well, though it cannot say why. */
static void a_refusal_without_memory(void **state)
{
    const char *id = "0123456789-123456789.123456789_123456789abcdefghijABCDEFGHIJ0123";
    char expected[300];
    bool failed = true;
    (void)state;
    snprintf(expected, sizeof expected,
             "{\"type\":\"about:blank\",\"title\":\"Request Header Fields Too Large\","
             "\"status\":431,\"detail\":\"There is no memory to say why.\",\"request_id\":\"%s\"}",
             id);
    for (long n = 0; failed; n++) {
        memset(&answer, 0, sizeof answer);
        fail_allocation(n);
        api_refuse(&reply, id, 431, "why");
        failed = allocation_failed();
        assert_int_equal(answer.status, 431);
        if (failed)
            assert_string_equal((char *)answer.bytes, expected);
    }
    assert_non_null(strstr((char *)answer.bytes, "\"Why.\""));
}

/* ---- Arguments ---- */

static void arguments_are_at_most_128(void **state)
{
    struct api_field fields[129];
    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++)
        fields[i] = (struct api_field){"a", i % 2 ? "b" : NULL};
    for (size_t count = 128; count <= 129; count++) {
        const struct api_request request = {.query = fields, .query_count = count};
        struct api_arguments arguments = {0};
        struct api_problem problem = {0};
        assert_true(api_arguments_add_query(&arguments, &request, &problem) == (count == 128));
        assert_int_equal(arguments.count, 128);
        assert_string_equal(arguments.list[0].text, "");
        assert_string_equal(arguments.list[127].text, "b");
        assert_int_equal(problem.status, count == 128 ? 0 : 400);
        api_arguments_free(&arguments);
        assert_null(arguments.list);
    }
}

static void a_nul_is_refused(void **state)
{
    struct api_arguments arguments = {0};
    struct api_problem problem = {0};
    (void)state;
    assert_true(api_arguments_add(&arguments, API_FROM_FORM, "a", "bc", 2, &problem));
    assert_false(api_arguments_add(&arguments, API_FROM_FORM, "d", "e\0f", 3, &problem));
    assert_int_equal(problem.status, 400);
    assert_string_equal(problem.culprit, "d");
    api_arguments_free(&arguments);
}

static void pointers_are_escaped_and_cut(void **state)
{
    struct api_problem problem;
    char pointer[12] = "/a";
    (void)state;
    api_pointer_append(pointer, sizeof pointer, "b~c/d", 5);
    assert_string_equal(pointer, "/a/b~0c~1");
    api_pointer_append(pointer, sizeof pointer, "more", 4); /* there is no room */
    assert_string_equal(pointer, "/a/b~0c~1");
    struct api_argument argument = {.name = (char *)"a/b", .source = API_FROM_JSON};
    assert_false(api_argument_refuse(&argument, &problem, "wrong: %d", 5));
    assert_string_equal(problem.culprit, "/a~1b");
    assert_int_equal(problem.fault, API_FAULT_POINTER);
    argument.source = API_FROM_FORM;
    assert_false(api_argument_refuse(&argument, &problem, "wrong: %d", 5));
    assert_string_equal(problem.culprit, "a/b");
    assert_int_equal(problem.fault, API_FAULT_PARAMETER);
    assert_string_equal(problem.detail, "Wrong: 5.");
}

static void arguments_without_memory(void **state)
{
    bool failed = true;
    long n = 0;
    (void)state;
    for (; failed; n++) {
        struct api_arguments arguments = {0};
        struct api_problem problem = {0};
        bool fine = true;
        fail_allocation(n);
        for (int i = 0; i < 17 && fine; i++)
            fine = api_arguments_add(&arguments, API_FROM_QUERY, "a", "b", 1, &problem);
        failed = allocation_failed();
        assert_true(fine == !failed);
        assert_int_equal(problem.status, failed ? 503 : 0);
        api_arguments_free(&arguments);
    }
    assert_true(n > 17); /* a sanitizer may have its own strdup */
}

/* ---- Routes ---- */

static void routes_are_found(void **state)
{
    static const char *const documents[] = {
        "/v1", "/sample.png", "/openapi.yaml", "/healthz", "/readyz", "/metrics", "/"};
    static const char *const posts[] = {"/v1/images/frames", "/v1/images/histograms",
                                        "/v1/samples/frames", "/v1/samples/histograms"};
    const struct api_route *route, *same;
    const char *allow;
    (void)state;
    for (size_t i = 0; i < COUNT(documents); i++) {
        assert_int_equal(api_find_route("GET", documents[i], &route, &allow), API_MATCH);
        assert_string_equal(allow, "GET, HEAD, OPTIONS");
        assert_true(api_route_is_document(route));
        assert_int_equal(api_find_route("HEAD", documents[i], &same, &allow), API_MATCH);
        assert_ptr_equal(route, same);
        assert_int_equal(api_find_route("POST", documents[i], &route, &allow), API_NO_SUCH_METHOD);
    }
    for (size_t i = 0; i < COUNT(posts); i++) {
        assert_int_equal(api_find_route("POST", posts[i], &route, &allow), API_MATCH);
        assert_string_equal(allow, "POST, OPTIONS");
        assert_false(api_route_is_document(route));
        assert_int_equal(api_find_route("GET", posts[i], &route, &allow), API_NO_SUCH_METHOD);
        assert_int_equal(api_find_route("HEAD", posts[i], &route, &allow), API_NO_SUCH_METHOD);
        assert_int_equal(api_find_route("post", posts[i], &route, &allow), API_NO_SUCH_METHOD);
    }
    assert_int_equal(api_find_route("HEAD", "/v1/schedule", &route, &allow), API_MATCH);
    assert_false(api_route_is_document(route));
    static const char *const none[] = {"", "/v1/", "/V1", "/v1/images", "/v2", "//", "/metrics/"};
    for (size_t i = 0; i < COUNT(none); i++)
        assert_int_equal(api_find_route("GET", none[i], &route, &allow), API_NO_SUCH_PATH);
}

static void every_route_has_a_name(void **state)
{
    struct api_field name;
    const struct api_route *route;
    const char *allow;
    size_t count = 0;
    (void)state;
    for (; api_route_name(count, &name); count++)
        assert_int_equal(api_find_route(name.name, name.value, &route, &allow), API_MATCH);
    assert_int_equal(count, 12);
    for (size_t i = 0; i < count; i++) {
        assert_true(api_route_name(i, &name));
        assert_string_equal(api_route_path(i), name.value);
        assert_int_equal(api_find_route(name.name, name.value, &route, &allow), API_MATCH);
        assert_int_equal(api_route_index(route), i);
    }
    assert_null(api_route_path(count));
    assert_int_equal(api_route_index(NULL), count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_have_their_titles),
        cmocka_unit_test(each_failure_has_its_status),
        cmocka_unit_test(details_are_sentences),
        cmocka_unit_test(long_culprits_are_cut),
        cmocka_unit_test(long_details_are_cut),
        cmocka_unit_test(texts_are_utf8),
        cmocka_unit_test(a_refusal_is_a_whole_answer),
        cmocka_unit_test(a_refusal_without_memory),
        cmocka_unit_test(arguments_are_at_most_128),
        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(pointers_are_escaped_and_cut),
        cmocka_unit_test(arguments_without_memory),
        cmocka_unit_test(routes_are_found),
        cmocka_unit_test(every_route_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
