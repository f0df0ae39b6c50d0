/* Small requests on the thread that read them: the same answers, and nothing that is not small. */
#include "asking_cases.h"

static struct server server;
static struct answer small, usual;

static int open_all(void **state)
{
    server_open(&server, 2, &wide_limits);
    return make_bodies(state);
}

static int close_all(void **state)
{
    server_close(&server);
    return free_bodies(state);
}

/* Samples in all forms but a drawing with the exact curve, which takes longer. */
static bool is_small(const struct request_case *request)
{
    bool drawn = strncmp(request->type, "image/svg", 9) == 0;
    return strncmp(request->path, "/v1/samples", 11) == 0 &&
           !(drawn && request->text == mixture_text);
}

static void a_small_answer_is_the_same(void **state)
{
    (void)state;
    size_t taken = 0;
    for (size_t i = 0; i < COUNT(request_cases); i++) {
        const struct question question = question_of(&request_cases[i], false);
        ask_with(&server, &question, NULL, &small);
        assert_int_equal(small.taken, is_small(&request_cases[i]));
        if (!small.taken)
            continue;
        taken++;
        ask(&server, &question, &usual);
        assert_true(small.complete && same_head(&small, &usual));
        assert_int_equal(small.size, usual.size);
        assert_memory_equal(small.bytes, usual.bytes, usual.size);
    }
    assert_true(taken >= 8);
}

/* What makes a request of few bytes long: each of these must go to a job thread. */
static void what_takes_long_is_put_off(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *query;
        const char *text;
    } cases[] = {
        {"/v1/samples/frames", "frames=last", "{\"samples\":[1],\"steps\":10000}"},
        {"/v1/samples/frames", "", "{\"samples\":[1],\"steps\":1800}"},
        {"/v1/samples/histograms", "bins=4096", "{\"samples\":[1]}"},
        {"/v1/samples/histograms", "steps=1",
         "{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1],\"count\":100000}}"},
        {"/v1/samples/histograms", "steps=1",
         "{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1],\"count\":3000000}}"},
        {"/v1/samples/histograms", "steps=1&bins=1",
         "{\"mixture\":{\"weights\":[1,1],\"means\":[0,0],\"stds\":[1,0.0001],\"count\":1}}"},
        {"/v1/schedule", "steps=1", NULL},
        {"/v1", "", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct question question = {.path = cases[i].path,
                                          .query = cases[i].query,
                                          .text = cases[i].text,
                                          .content_type =
                                              cases[i].text ? "application/json" : NULL};
        ask_with(&server, &question, NULL, &small);
        if (small.taken)
            fail_msg("%s?%s %s: %s", cases[i].path, cases[i].query, cases[i].text, small.bytes);
        assert_int_equal(small.size, 0);
    }
}

static void a_refusal_is_small(void **state)
{
    (void)state;
    const struct question question = {.path = "/v1/samples/frames",
                                      .text = "{\"samples\":[]}",
                                      .content_type = "application/json"};
    ask_with(&server, &question, NULL, &small);
    assert_true(small.taken && small.complete);
    assert_int_equal(small.status, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_answer_is_the_same),
        cmocka_unit_test(what_takes_long_is_put_off),
        cmocka_unit_test(a_refusal_is_small),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
