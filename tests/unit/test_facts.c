/* A run's facts, as JSON and as a query string that can be asked again; and fingerprints. */
#include "api/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/fingerprint.h"
#include "expect.h"
#include "failing_malloc.h"

/* The parameters of a query "a=b&c=d". */
static struct api_parameters read_query(enum api_endpoint endpoint, const char *query)
{
    struct api_arguments arguments = {0};
    struct api_parameters parameters;
    struct api_problem problem = {0};
    char *room = strdup(query), *saved = NULL;
    for (char *at = strtok_r(room, "&", &saved); at; at = strtok_r(NULL, "&", &saved)) {
        char *value = at + strcspn(at, "=");
        *value++ = '\0';
        assert_true(
            api_arguments_add(&arguments, API_FROM_QUERY, at, value, strlen(value), &problem));
    }
    free(room);
    if (!api_parameters_read(endpoint, &arguments, &parameters, &problem))
        fail_msg("%s: %s", query, problem.detail);
    api_arguments_free(&arguments);
    return parameters;
}

struct fact_case {
    enum api_endpoint endpoint;
    const char *query;
    const char *as_query;
    const char *as_json;
};

static const struct fact_case cases[] = {
    {API_IMAGES_FRAMES, "seed=42",
     "noise_version=1&seed=42&steps=20&schedule=constant&beta=0.25&parameterization=variance"
     "&sampler=chain",
     "{\"seed\":\"42\",\"steps\":20,\"sampler\":\"chain\",\"schedule\":\"constant\",\"beta\":0.25,"
     "\"parameterization\":\"variance\",\"rescale_zero_snr\":false,\"start_step\":0,"
     "\"noise_version\":1}"},
    {API_SAMPLES_FRAMES,
     "seed=18446744073709551615&schedule=squaredcos_cap_v2&max_beta=0.5&sampler=tree&offset=7",
     "noise_version=1&seed=18446744073709551615&steps=40&schedule=cosine&max_beta=0.5"
     "&parameterization=variance&sampler=tree",
     "{\"seed\":\"18446744073709551615\",\"steps\":40,\"sampler\":\"tree\",\"schedule\":\"cosine\","
     "\"max_beta\":0.5,\"parameterization\":\"variance\",\"rescale_zero_snr\":false,"
     "\"start_step\":0,\"noise_version\":1,\"offset\":7}"},
    {API_IMAGES_HISTOGRAMS,
     "seed=0&schedule=sigmoid&beta_start=1e-5&beta_end=0.1&parameterization=std"
     "&rescale_zero_snr=true&start_step=3&sampler=jump&scale_betas=true",
     "noise_version=1&seed=0&steps=20&schedule=sigmoid&beta_start=1e-05&beta_end=0.1"
     "&scale_betas=true&parameterization=std&rescale_zero_snr=true&sampler=jump&start_step=3",
     "{\"seed\":\"0\",\"steps\":20,\"sampler\":\"jump\",\"schedule\":\"sigmoid\","
     "\"beta_start\":1e-05,\"beta_end\":0.1,\"scale_betas\":true,\"parameterization\":\"std\","
     "\"rescale_zero_snr\":true,\"start_step\":3,\"noise_version\":1}"},
    {API_SAMPLES_HISTOGRAMS, "seed=5&betas=0.5,0.25,1e-3&offset=4611686018427387904",
     "noise_version=1&seed=5&steps=3&schedule=custom&betas=0.5,0.25,0.001"
     "&parameterization=variance&sampler=chain",
     "{\"seed\":\"5\",\"steps\":3,\"sampler\":\"chain\",\"schedule\":\"custom\","
     "\"betas\":[0.5,0.25,0.001],\"parameterization\":\"variance\",\"rescale_zero_snr\":false,"
     "\"start_step\":0,\"noise_version\":1,\"offset\":4611686018427387904}"},
};

static enum dissolve_status write_json(const struct api_fact *facts, size_t count, bool lists,
                                       struct codec_buffer *out)
{
    struct json_writer json = {.out = out};
    json_open(&json, '{');
    api_facts_to_json(&json, facts, count, lists);
    json_close(&json, '}');
    return json.status;
}

static void assert_text(const struct codec_buffer *out, const char *text)
{
    assert_int_equal(out->size, strlen(text));
    assert_memory_equal(out->data, text, out->size);
}

static void facts_are_told_in_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct api_parameters parameters = read_query(cases[i].endpoint, cases[i].query);
        struct api_fact facts[API_MAX_FACTS];
        struct codec_buffer out = {0};
        size_t count = api_facts_of_recipe(&parameters, facts);
        assert_in_range(count, 7, API_MAX_FACTS);
        assert_int_equal(api_facts_to_query(facts, count, &out), DISSOLVE_OK);
        assert_string_equal((char *)out.data, cases[i].as_query);
        assert_int_equal(out.size, strlen(cases[i].as_query) + 1);
        out.size = 0;
        count = api_facts_of_run(cases[i].endpoint, &parameters, facts);
        assert_in_range(count, 9, API_MAX_FACTS);
        assert_int_equal(write_json(facts, count, true, &out), DISSOLVE_OK);
        assert_text(&out, cases[i].as_json);
        codec_buffer_free(&out);
        api_parameters_free(&parameters);
    }
}

static void a_schedule_has_its_own(void **state)
{
    (void)state;
    struct api_parameters parameters = read_query(API_SCHEDULE, "schedule=scaled_linear&steps=7");
    struct api_fact facts[API_MAX_FACTS];
    struct codec_buffer out = {0};
    size_t count = api_facts_of_schedule(&parameters, facts);
    assert_int_equal(write_json(facts, count, false, &out), DISSOLVE_OK);
    assert_text(&out, "{\"steps\":7,\"schedule\":\"scaled_linear\",\"beta_start\":1e-04,"
                      "\"beta_end\":0.02,\"parameterization\":\"variance\","
                      "\"rescale_zero_snr\":false}");
    codec_buffer_free(&out);
    api_parameters_free(&parameters);
}

static void lists_stand_elsewhere_if_they_are_to(void **state)
{
    (void)state;
    struct api_parameters parameters = read_query(API_SCHEDULE, "betas=0.5,0.25");
    struct api_fact facts[API_MAX_FACTS];
    struct codec_buffer out = {0};
    size_t count = api_facts_of_schedule(&parameters, facts);
    assert_int_equal(write_json(facts, count, false, &out), DISSOLVE_OK);
    assert_text(&out, "{\"steps\":2,\"schedule\":\"custom\",\"parameterization\":\"variance\","
                      "\"rescale_zero_snr\":false}");
    codec_buffer_free(&out);
    api_parameters_free(&parameters);
}

/* 2,048 characters of them are in the query, one more are not; JSON has them all. */
static void long_lists_are_left_out(void **state)
{
    static double betas[700]; /* "0.5" and a comma each */
    (void)state;
    for (size_t i = 0; i < 700; i++)
        betas[i] = 0.5;
    struct api_parameters parameters = {
        .schedule = {.kind = DISSOLVE_SCHEDULE_CUSTOM, .betas = betas}};
    for (uint32_t extra = 0; extra < 2; extra++) {
        struct api_fact facts[API_MAX_FACTS];
        struct codec_buffer out = {0};
        /* 512 take 2,047; one of them longer by a digit, or by two */
        parameters.schedule.steps = 512;
        betas[0] = extra ? 0.125 : 0.25;
        size_t count = api_facts_of_schedule(&parameters, facts);
        assert_int_equal(api_facts_to_query(facts, count, &out), DISSOLVE_OK);
        const char *list = strstr((char *)out.data, "betas=");
        if (extra)
            assert_null(list);
        else
            assert_int_equal(strcspn(list, "&"), strlen("betas=") + 2048);
        assert_non_null(strstr((char *)out.data, "schedule=custom&"));
        assert_non_null(strstr((char *)out.data, "&parameterization=variance"));
        assert_null(strstr((char *)out.data, "&&"));
        out.size = 0;
        assert_int_equal(write_json(facts, count, true, &out), DISSOLVE_OK);
        assert_true(out.size > 2048);
        codec_buffer_free(&out);
    }
}

/* What a picture says can be asked: it is read as the same parameters. */
static void a_query_reads_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char query[400];
        strcpy(query, cases[i].as_query);
        char *custom = strstr(query, "&schedule=custom");
        if (custom) /* betas say so */
            memmove(custom, custom + 16, strlen(custom + 16) + 1);
        struct api_parameters parameters =
            read_query(cases[i].endpoint, query + strlen("noise_version=1&"));
        struct api_fact facts[API_MAX_FACTS];
        struct codec_buffer out = {0};
        size_t count = api_facts_of_recipe(&parameters, facts);
        assert_int_equal(api_facts_to_query(facts, count, &out), DISSOLVE_OK);
        assert_string_equal((char *)out.data, cases[i].as_query);
        codec_buffer_free(&out);
        api_parameters_free(&parameters);
    }
}

static void no_memory(void **state)
{
    (void)state;
    struct api_parameters parameters = read_query(cases[3].endpoint, cases[3].query);
    struct api_fact facts[API_MAX_FACTS];
    size_t count = api_facts_of_run(cases[3].endpoint, &parameters, facts);
    for (int json = 0; json < 2; json++) {
        bool failed = true;
        long n = 0;
        for (; failed; n++) {
            struct codec_buffer out = {0};
            fail_allocation(n);
            enum dissolve_status status = json ? write_json(facts, count, true, &out)
                                               : api_facts_to_query(facts, count, &out);
            failed = allocation_failed();
            assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
            codec_buffer_free(&out);
        }
        assert_true(n > 1);
    }
    api_parameters_free(&parameters);
}

/* FNV-1a's published values. */
static void fingerprints(void **state)
{
    (void)state;
    assert_true(api_fingerprint("", 0) == 0xcbf29ce484222325);
    assert_true(api_fingerprint("a", 1) == 0xaf63dc4c8601ec8c);
    assert_true(api_fingerprint("foobar", 6) == 0x85944171f73967e8);
    assert_true(api_fingerprint("foobar\0", 7) == 0x34531ca7168b8f38);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_told_in_both_ways),
        cmocka_unit_test(a_schedule_has_its_own),
        cmocka_unit_test(lists_stand_elsewhere_if_they_are_to),
        cmocka_unit_test(long_lists_are_left_out),
        cmocka_unit_test(a_query_reads_back),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(fingerprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
