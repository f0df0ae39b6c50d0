/* JSON bodies: what is read, what is refused and where it points; the writer. */
#include "api/json.h"
#include "api/json_write.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct reading {
    struct json_body body;
    struct api_arguments arguments;
    struct api_problem problem;
    bool fine;
};

/* The text is copied to its exact size, so that a read behind its end is seen. */
static struct reading read_bytes(const char *text, size_t size)
{
    struct reading reading = {0};
    char *exact = malloc(size);
    assert_true(exact || size == 0);
    if (size > 0)
        memcpy(exact, text, size);
    reading.fine = json_body_read(exact, size, &reading.body, &reading.arguments, &reading.problem);
    free(exact);
    return reading;
}

static struct reading read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void done(struct reading *reading)
{
    json_body_free(&reading->body);
    api_arguments_free(&reading->arguments);
}

static void samples_and_parameters_are_read(void **state)
{
    (void)state;
    struct reading r = read_text(" { \"samples\" : [ 1, -2.5e1 ,0.125,-0] , \"steps\":7,"
                                 "\"seed\": \"18446744073709551615\", \"range\":[-6,6.5],"
                                 "\"flag\":true, \"beta\":1e-3, \"frames\":\"0,2\"}\n");
    assert_true(r.fine);
    const float samples[] = {1, -25, 0.125f, -0.0f};
    assert_int_equal(r.body.sample_count, 4);
    assert_memory_equal(r.body.samples, samples, sizeof samples);
    static const char *const expected[][2] = {{"steps", "7"},      {"seed", "18446744073709551615"},
                                              {"range", "-6,6.5"}, {"flag", "true"},
                                              {"beta", "0.001"},   {"frames", "0,2"}};
    assert_int_equal(r.arguments.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(r.arguments.list[i].name, expected[i][0]);
        assert_string_equal(r.arguments.list[i].text, expected[i][1]);
        assert_int_equal(r.arguments.list[i].source, API_FROM_JSON);
    }
    done(&r);
}

static void words_and_texts_are_read(void **state)
{
    (void)state;
    struct reading r = read_text("{\"samples\":[1],\"a\":false,\"b\":\"\xc3\xa4\xe2\x82\xac"
                                 "\xf0\x9f\x98\x80\",\"c\":[],\"d\":\"\\u20ac\\n\"}");
    assert_true(r.fine);
    assert_int_equal(r.arguments.count, 4);
    assert_string_equal(r.arguments.list[0].text, "false");
    assert_string_equal(r.arguments.list[1].text, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_string_equal(r.arguments.list[2].text, "");
    assert_string_equal(r.arguments.list[3].text, "\xe2\x82\xac\n");
    assert_true(r.arguments.list[2].is_list && !r.arguments.list[1].is_list);
    done(&r);
}

static void a_mixture_is_read(void **state)
{
    (void)state;
    struct reading r = read_text("{\"mixture\":{\"weights\":[0.5,0.3,0.2],\"means\":[0,5,-3],"
                                 "\"stds\":[1,0.5,1.5],\"count\":123}}");
    assert_true(r.fine && r.body.has_mixture && !r.body.samples);
    assert_int_equal(r.body.mixture.components, 3);
    assert_int_equal(r.body.mixture_count, 123);
    assert_true(r.body.mixture.weights[2] == 0.2 && r.body.mixture.means[2] == -3 &&
                r.body.mixture.stds[2] == 1.5);
    done(&r);
    r = read_text("{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[0]}}");
    assert_true(r.fine);
    assert_int_equal(r.body.mixture_count, 10000);
    done(&r);
}

/* A body, the status it is refused with and the member that is blamed. */
struct refusal {
    const char *text;
    int status;
    const char *pointer;
};

static const struct refusal refusals[] = {
    {"", 400, ""},
    {"   ", 400, ""},
    {"[1]", 400, ""},
    {"{", 400, ""},
    {"{}", 400, ""},
    {"{\"samples\"", 400, "/samples"},
    {"{\"samples\":", 400, "/samples"},
    {"{\"samples\":[", 400, "/samples/0"},
    {"{\"samples\":[1", 400, "/samples/0"},
    {"{\"samples\":[1,", 400, "/samples/1"},
    {"{\"samples\":[1]", 400, ""},
    {"{\"samples\":[1]}x", 400, ""},
    {"{\"samples\":[1]}{}", 400, ""},
    {"{\"samples\":[]}", 400, "/samples"},
    {"{\"samples\":[1,]}", 400, "/samples/1"},
    {"{\"samples\":[1 2]}", 400, "/samples/0"},
    {"{\"samples\":[1,\"2\"]}", 400, "/samples/1"},
    {"{\"samples\":[1,2,null]}", 400, "/samples/2"},
    {"{\"samples\":[[1]]}", 400, "/samples/0"},
    {"{\"samples\":[NaN]}", 400, "/samples/0"},
    {"{\"samples\":[Infinity]}", 400, "/samples/0"},
    {"{\"samples\":[-]}", 400, "/samples/0"},
    {"{\"samples\":[007]}", 400, "/samples/0"},
    {"{\"samples\":[.5]}", 400, "/samples/0"},
    {"{\"samples\":[5.]}", 400, "/samples/0"},
    {"{\"samples\":[1e]}", 400, "/samples/0"},
    {"{\"samples\":[+1]}", 400, "/samples/0"},
    {"{\"samples\":[0x1]}", 400, "/samples/0"},
    {"{\"samples\":[1,1e999]}", 400, "/samples/1"},
    {"{\"samples\":[1,1e39]}", 422, "/samples/1"},
    {"{\"samples\":5}", 400, "/samples"},
    {"{\"samples\":[1],\"samples\":[2]}", 400, "/samples"},
    {"{\"samples\":[1],\"samples\":2}", 400, "/samples"},
    {"{\"s\\u0061mples\":[1],\"samples\":[1]}", 400, "/samples"},
    {"{\"s\\u0061mples\":1}", 400, "/samples"},
    {"{\"samples\\u0020\":[1]}", 400, ""},
    {"{\"sample\":[1]}", 400, ""},
    {"{\"samples\":[1],\"steps\":1,\"steps\":1}", 400, "/steps"},
    {"{\"samples\":[1],\"seed\":9007199254740992}", 400, "/seed"},
    {"{\"samples\":[1],\"seed\":1e999}", 400, "/seed"},
    {"{\"samples\":[1],\"beta\":null}", 400, "/beta"},
    {"{\"samples\":[1],\"beta\":{}}", 400, "/beta"},
    {"{\"samples\":[1],\"range\":[1,\"2\"]}", 400, "/range"},
    {"{\"samples\":[1],\"a/b~c\":null}", 400, "/a~1b~0c"},
    {"{\"samples\":[1],\"a/b\":nul}", 400, "/a~1b"},
    {"{\"samples\":[1],\"x\":tru}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"\\u0000\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"\\ud800\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"\\udc00\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"\\u12g4\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"\\q\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"a\nb\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"\xff\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"\xc0\x80\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"\xed\xa0\x80\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"\xe2\x82\"}", 400, "/x"},
    {"{\"samples\":[1],\"x\":\"abc", 400, "/x"},
    {"{\"samples\":[1],x:1}", 400, ""},
    {"{\"samples\":[1],\"x\" 1}", 400, "/x"},
    {"{\"samples\":[1],}", 400, ""},
    {"{\"mixture\":5}", 400, "/mixture"},
    {"{\"mixture\":{}}", 400, "/mixture/weights"},
    {"{\"mixture\":{\"weights\":[]}}", 400, "/mixture/weights"},
    {"{\"mixture\":{\"weights\":[1],\"means\":[0]}}", 400, "/mixture/stds"},
    {"{\"mixture\":{\"weights\":[1],\"means\":[0,1],\"stds\":[1]}}", 400, "/mixture/means"},
    {"{\"mixture\":{\"weights\":[\"1\"],\"means\":[0],\"stds\":[1]}}", 400, "/mixture/weights/0"},
    {"{\"mixture\":{\"weights\":[-1],\"means\":[0],\"stds\":[1]}}", 400, "/mixture/weights/0"},
    {"{\"mixture\":{\"weights\":[0],\"means\":[0],\"stds\":[1]}}", 400, "/mixture/weights"},
    {"{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[-1]}}", 400, "/mixture/stds/0"},
    {"{\"mixture\":{\"weights\":[1],\"means\":[1e39],\"stds\":[1]}}", 400, "/mixture/means/0"},
    {"{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1],\"count\":0}}", 400,
     "/mixture/count"},
    {"{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1],\"count\":1.5}}", 400,
     "/mixture/count"},
    {"{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1],\"count\":\"5\"}}", 400,
     "/mixture/count"},
    {"{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1],\"mu\":5}}", 400, "/mixture/mu"},
    {"{\"mixture\":{\"weights\":[1],\"weights\":[1],\"means\":[0],\"stds\":[1]}}", 400,
     "/mixture/weights"},
    {"{\"mixture\":{\"weights\":[1],\"means\":[3.4e38],\"stds\":[1e38]}}", 400, "/mixture"},
    {"{\"samples\":[1],\"x\xff\":1}", 400, ""},
    {"{\"samples\":[1],\"x", 400, ""},
    {"{\"samples\":[1],\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1]}}", 400, ""},
};

static void faults_are_refused_and_pointed_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct reading r = read_text(refusals[i].text);
        if (r.fine || r.problem.status != refusals[i].status ||
            strcmp(r.problem.culprit, refusals[i].pointer) != 0)
            fail_msg("%s: fine %d, status %d, pointer %s, %s", refusals[i].text, r.fine,
                     r.problem.status, r.problem.culprit, r.problem.detail);
        done(&r);
    }
}

static void depth_and_size_beside_the_samples_are_limited(void **state)
{
    (void)state;
    char deep[1200] = "{\"samples\":[1],\"x\":";
    size_t used = strlen(deep);
    memset(deep + used, '[', 1001);
    struct reading r = read_text(deep);
    assert_int_equal(r.problem.status, 400);
    assert_non_null(strstr(r.problem.detail, "deep"));
    done(&r);

    size_t size = (1 << 20) + 100;
    char *large = malloc(size);
    assert_non_null(large);
    memset(large, ' ', size);
    memcpy(large, "{\"samples\":[1]", 14);
    large[size - 1] = '}';
    r = read_bytes(large, size);
    assert_int_equal(r.problem.status, 400);
    assert_non_null(strstr(r.problem.detail, "beside samples"));
    done(&r);
    free(large);
}

static void a_nul_is_no_space(void **state)
{
    (void)state;
    struct reading r = read_bytes("{\"samples\":[1]}\0", 16);
    assert_false(r.fine);
    done(&r);
    r = read_bytes("{\"samples\":[1,\0 2]}", 19);
    assert_false(r.fine);
    assert_string_equal(r.problem.culprit, "/samples/1");
    done(&r);
}

static void long_arrays_grow(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    char *text = malloc(COUNT * 8 + 32);
    assert_non_null(text);
    char *at = text + sprintf(text, "{\"samples\":[");
    for (int i = 0; i < COUNT; i++)
        at += sprintf(at, i ? ",%d" : "%d", i);
    strcpy(at, "]}");
    struct reading r = read_text(text);
    assert_true(r.fine);
    assert_int_equal(r.body.sample_count, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_true(r.body.samples[i] == (float)i);
    done(&r);
    free(text);
}

static void the_writer_places_commas_and_turns_infinities_to_null(void **state)
{
    (void)state;
    struct codec_buffer out = {0};
    struct json_writer json = {.out = &out};
    const double doubles[] = {0.1, INFINITY, NAN, -1e300};
    const uint64_t integers[] = {0, UINT64_MAX};
    json_open(&json, '{');
    json_key(&json, "a");
    json_numbers(&json, doubles, 4);
    json_key(&json, "b");
    json_integers(&json, integers, 2);
    json_key(&json, "c");
    json_text(&json, "x");
    json_key(&json, "d");
    json_null(&json);
    json_key(&json, "e");
    json_open(&json, '[');
    json_close(&json, ']');
    json_close(&json, '}');
    assert_int_equal(json.status, DISSOLVE_OK);
    assert_int_equal(codec_buffer_append(&out, "", 1), DISSOLVE_OK);
    assert_string_equal((char *)out.data, "{\"a\":[0.1,null,null,-1e+300],\"b\":[0,"
                                          "18446744073709551615],\"c\":\"x\",\"d\":null,\"e\":[]}");
    codec_buffer_free(&out);
}

static void the_writer_has_floats_and_truths(void **state)
{
    (void)state;
    struct codec_buffer out = {0};
    struct json_writer json = {.out = &out};
    const float floats[] = {0.1f, NAN, -0.0f, 16777216, -INFINITY, 1e-45f, 3.4028235e38f};
    json_open(&json, '{');
    json_key(&json, "a");
    json_open(&json, '[');
    json_floats(&json, floats, 2);
    json_floats(&json, floats + 2, 5);
    json_close(&json, ']');
    json_key(&json, "b");
    json_boolean(&json, true);
    json_key(&json, "c");
    json_boolean(&json, false);
    json_key(&json, "d");
    json_open(&json, '[');
    json_floats(&json, NULL, 0);
    json_close(&json, ']');
    json_close(&json, '}');
    assert_int_equal(json.status, DISSOLVE_OK);
    assert_int_equal(codec_buffer_append(&out, "", 1), DISSOLVE_OK);
    assert_string_equal((char *)out.data, "{\"a\":[0.1,null,-0,16777216,null,1e-45,3.4028235e+38],"
                                          "\"b\":true,\"c\":false,\"d\":[]}");
    codec_buffer_free(&out);
}

/* The first failure stays, and nothing follows it. */
static void a_failure_of_the_writer_sticks(void **state)
{
    (void)state;
    struct codec_buffer out = {0};
    struct json_writer json = {.out = &out};
    const float one = 1;
    json_text(&json, "x");
    json.status = DISSOLVE_NO_MEMORY;
    json_floats(&json, &one, 1);
    json_number(&json, 1);
    json_integer(&json, 1);
    json_boolean(&json, true);
    json_null(&json);
    assert_int_equal(json.status, DISSOLVE_NO_MEMORY);
    assert_int_equal(out.size, 3);
    codec_buffer_free(&out);
}

/* Longer than any run of items for which room is made at once. */
static void long_arrays_are_written_item_by_item(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static double doubles[COUNT];
    static uint64_t integers[COUNT];
    struct codec_buffer out = {0}, expected = {0};
    struct json_writer json = {.out = &out}, single = {.out = &expected};
    for (int i = 0; i < COUNT; i++) {
        doubles[i] = i % 100 == 7 ? INFINITY : -1.2345678901234567e-300 * (i + 1);
        integers[i] = UINT64_MAX - (uint64_t)i;
    }
    json_numbers(&json, doubles, COUNT);
    json_integers(&json, integers, COUNT);
    json_open(&single, '[');
    for (int i = 0; i < COUNT; i++)
        json_number(&single, doubles[i]);
    json_close(&single, ']');
    json_open(&single, '[');
    for (int i = 0; i < COUNT; i++)
        json_integer(&single, integers[i]);
    json_close(&single, ']');
    assert_int_equal(json.status, DISSOLVE_OK);
    assert_int_equal(out.size, expected.size);
    assert_memory_equal(out.data, expected.data, out.size);
    codec_buffer_free(&out);
    codec_buffer_free(&expected);
}

static void problems_are_documents(void **state)
{
    (void)state;
    struct api_problem problem;
    assert_false(
        api_problem_blame(&problem, 400, API_FAULT_PARAMETER, "be\"ta", "say \"%s\"", "x"));
    char *text = json_problem(&problem, "id-1");
    assert_string_equal(text, "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                              "\"detail\":\"Say \\\"x\\\".\",\"request_id\":\"id-1\","
                              "\"parameter\":\"be\\\"ta\"}");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_and_parameters_are_read),
        cmocka_unit_test(words_and_texts_are_read),
        cmocka_unit_test(a_mixture_is_read),
        cmocka_unit_test(faults_are_refused_and_pointed_at),
        cmocka_unit_test(depth_and_size_beside_the_samples_are_limited),
        cmocka_unit_test(a_nul_is_no_space),
        cmocka_unit_test(long_arrays_grow),
        cmocka_unit_test(the_writer_places_commas_and_turns_infinities_to_null),
        cmocka_unit_test(the_writer_has_floats_and_truths),
        cmocka_unit_test(a_failure_of_the_writer_sticks),
        cmocka_unit_test(long_arrays_are_written_item_by_item),
        cmocka_unit_test(problems_are_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
