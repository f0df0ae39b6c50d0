/* Every parameter: its bounds and words, its names, what it says of others, and who is blamed. */
#include "api/parameters.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/parameter_words.h"
#include "expect.h"
#include "failing_malloc.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct reading {
    struct api_parameters parameters;
    struct api_problem problem;
    bool fine;
};

static bool add(struct api_arguments *arguments, enum api_source source, const char *name,
                const char *text)
{
    struct api_problem problem;
    return api_arguments_add(arguments, source, name, text, strlen(text), &problem);
}

/* "a=b&c=d", as a query or a form. */
static struct reading read_from(enum api_endpoint endpoint, enum api_source source,
                                const char *query)
{
    struct api_arguments arguments = {0};
    struct reading reading = {0};
    char *room = strdup(query), *saved = NULL;
    for (char *at = strtok_r(room, "&", &saved); at; at = strtok_r(NULL, "&", &saved)) {
        char *value = at + strcspn(at, "=");
        *value = '\0';
        assert_true(add(&arguments, source, at, value + 1));
    }
    free(room);
    reading.fine = api_parameters_read(endpoint, &arguments, &reading.parameters, &reading.problem);
    api_arguments_free(&arguments);
    return reading;
}

static struct reading read_query(enum api_endpoint endpoint, const char *query)
{
    return read_from(endpoint, API_FROM_QUERY, query);
}

/* The members of an object that has samples, too. */
static struct reading read_json(const char *members)
{
    struct api_arguments arguments = {0};
    struct json_body body = {0};
    struct reading reading = {0};
    char text[400];
    snprintf(text, sizeof text, "{\"samples\":[1],%s}", members);
    reading.fine = json_body_read(text, strlen(text), &body, &arguments, &reading.problem) &&
                   api_parameters_read(API_SAMPLES_HISTOGRAMS, &arguments, &reading.parameters,
                                       &reading.problem);
    json_body_free(&body);
    api_arguments_free(&arguments);
    return reading;
}

static struct reading read_fine(enum api_endpoint endpoint, const char *query)
{
    struct reading reading = read_query(endpoint, query);
    if (!reading.fine)
        fail_msg("%s: %s", query, reading.problem.detail);
    return reading;
}

static void done(struct reading *reading)
{
    api_parameters_free(&reading->parameters);
}

static void check_refusal(const struct reading *reading, const char *text, enum api_fault fault,
                          const char *culprit)
{
    if (reading->fine || reading->problem.status != 400 || reading->problem.fault != fault ||
        strcmp(reading->problem.culprit, culprit) != 0)
        fail_msg("%s: %d, '%s', not '%s'", text, reading->problem.status, reading->problem.culprit,
                 culprit);
    assert_true(strlen(reading->problem.detail) > 10);
    assert_null(reading->parameters.frames.t);
    assert_null(reading->parameters.betas);
}

static void check_refused(enum api_endpoint endpoint, const char *query, const char *culprit)
{
    struct reading reading = read_query(endpoint, query);
    check_refusal(&reading, query, API_FAULT_PARAMETER, culprit);
}

static const enum api_endpoint endpoints[] = {API_IMAGES_FRAMES, API_IMAGES_HISTOGRAMS,
                                              API_SAMPLES_FRAMES, API_SAMPLES_HISTOGRAMS,
                                              API_SCHEDULE};

/* ---- Defaults, and where a parameter is known ---- */

static void defaults_are_the_endpoint_s(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(endpoints); i++) {
        bool samples = endpoints[i] & API_SAMPLES;
        struct reading r = read_fine(endpoints[i], "");
        const struct api_parameters *p = &r.parameters;
        assert_int_equal(p->schedule.steps, samples ? 40 : 20);
        assert_true(p->schedule.beta == (samples ? 0.5 : 0.25));
        assert_int_equal(p->schedule.kind, DISSOLVE_SCHEDULE_CONSTANT);
        assert_int_equal(p->schedule.parameterization, DISSOLVE_VARIANCE);
        assert_true(p->schedule.beta_start == 1e-4 && p->schedule.beta_end == 0.02);
        assert_true(p->schedule.max_beta == 0.999 && !p->schedule.rescale_zero_snr);
        assert_true(!p->betas && !p->schedule.betas && !p->has_range && !p->terms);
        assert_int_equal(p->sampler, DISSOLVE_SAMPLER_CHAIN);
        assert_int_equal(p->start_step, 0);
        assert_int_equal(p->format, API_FORMAT_UNSAID);
        assert_int_equal(p->channels, API_CHANNELS_RGB);
        assert_int_equal(p->compression, CODEC_COMPRESSION_FAST);
        assert_int_equal(p->layout, API_LAYOUT_ANIMATION);
        assert_int_equal(p->delay, endpoints[i] & API_HISTOGRAMS ? 100 : 200);
        assert_int_equal(p->bins, 50);
        assert_int_equal(p->offset, 0);
        assert_true(p->content_count == 1 && p->content[0] == API_CONTENT_X);
        assert_false(api_parameters_want_targets(p));
        assert_int_equal(p->frames.count, endpoints[i] == API_SCHEDULE ? 0 : samples ? 41 : 21);
        done(&r);
    }
}

/* A parameter with a value that is right, and who knows it. */
static const struct {
    const char *query;
    unsigned endpoints;
} known[] = {
    {"steps=5", API_ALL},
    {"num_train_timesteps=5", API_ALL},
    {"beta=0.5", API_ALL},
    {"betas=0.5", API_ALL},
    {"trained_betas=0.5", API_ALL},
    {"schedule=linear", API_ALL},
    {"beta_schedule=linear", API_ALL},
    {"beta_start=0.1", API_ALL},
    {"beta_end=0.1", API_ALL},
    {"max_beta=0.1", API_ALL},
    {"rescale_zero_snr=true", API_ALL},
    {"rescale_betas_zero_snr=true", API_ALL},
    {"scale_betas=false", API_ALL},
    {"parameterization=std", API_ALL},
    {"format=json", API_ALL},
    {"sampler=jump", API_RUNS},
    {"seed=1", API_RUNS},
    {"frames=all", API_RUNS},
    {"start_step=1", API_RUNS},
    {"measures=terms", API_RUNS},
    {"channels=gray", API_IMAGES},
    {"compression=best", API_IMAGES_FRAMES},
    {"delay=1", API_IMAGES_FRAMES | API_HISTOGRAMS},
    {"layout=grid", API_IMAGES_FRAMES | API_HISTOGRAMS},
    {"content=x", API_FRAMES},
    {"bins=5", API_HISTOGRAMS},
    {"range=0,1", API_HISTOGRAMS},
    {"offset=1", API_SAMPLES},
    {"format=png", API_IMAGES_FRAMES},
    {"format=zip", API_IMAGES_FRAMES},
    {"format=multipart", API_IMAGES_FRAMES},
    {"format=npy", API_FRAMES},
    {"format=npz", API_FRAMES},
    {"format=svg", API_HISTOGRAMS},
    {"nonsense=1", 0},
    {"Steps=1", 0},
    {"step=1", 0},
    {"image=1", 0},
    {"t=1", 0},
};

static void each_is_known_where_it_belongs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        char name[32] = "";
        strncat(name, known[i].query, strcspn(known[i].query, "="));
        for (size_t k = 0; k < COUNT(endpoints); k++) {
            if (!(known[i].endpoints & endpoints[k])) {
                check_refused(endpoints[k], known[i].query, name);
                continue;
            }
            struct reading r = read_fine(endpoints[k], known[i].query);
            done(&r);
        }
    }
}

/* ---- Values ---- */

/* Of each reader's rules: what is taken. See the next table for what is not. */
static void bounds_are_within(void **state)
{
    static const struct {
        enum api_endpoint endpoint;
        const char *query;
    } cases[] = {
        {API_IMAGES_FRAMES, "steps=0"},
        {API_IMAGES_FRAMES, "steps=10000"},
        {API_IMAGES_FRAMES, "steps=0007"},
        {API_IMAGES_FRAMES, "beta=0"},
        {API_IMAGES_FRAMES, "beta=-0"},
        {API_IMAGES_FRAMES, "beta=1"},
        {API_IMAGES_FRAMES, "beta=1e-400"},
        {API_IMAGES_FRAMES, "beta=1.0e0"},
        {API_IMAGES_FRAMES, "beta_start=-5e300&schedule=constant&beta=0.5"},
        {API_IMAGES_FRAMES, "beta_end=1.7976931348623157e308"},
        {API_IMAGES_FRAMES, "max_beta=12"},
        {API_IMAGES_FRAMES, "seed=0"},
        {API_IMAGES_FRAMES, "seed=18446744073709551615"},
        {API_IMAGES_FRAMES, "delay=0"},
        {API_IMAGES_FRAMES, "delay=60000"},
        {API_IMAGES_FRAMES, "start_step=20"},
        {API_SAMPLES_FRAMES, "start_step=10000&steps=10000"},
        {API_SAMPLES_FRAMES, "offset=4611686018427387904"},
        {API_SAMPLES_HISTOGRAMS, "bins=1"},
        {API_SAMPLES_HISTOGRAMS, "bins=4096"},
        {API_SAMPLES_HISTOGRAMS, "range=-1e5,0.5"},
        {API_SAMPLES_HISTOGRAMS, "range=3,3"},
        {API_SAMPLES_HISTOGRAMS, "range=-8e307,8e307"},
        {API_IMAGES_FRAMES, "content=velocity,x,noise"},
        {API_IMAGES_FRAMES, "rescale_zero_snr=false"},
        {API_IMAGES_FRAMES, "schedule=squaredcos_cap_v2"},
        {API_IMAGES_FRAMES, "betas=0.1,-0,1,7,-3"}, /* the schedule judges their values */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading r = read_fine(cases[i].endpoint, cases[i].query);
        done(&r);
    }
}

static void anything_else_is_refused(void **state)
{
    static const struct {
        const char *name;
        const char *values[16];
    } cases[] = {
        {"steps",
         {"", "-1", "10001", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "99999999999999999999"}},
        {"beta",
         {"", "-0.1", "1.1", "1.0000000000000002", "nan", "inf", ".5", "5.", "1,0", " 0.5"}},
        {"beta_start", {"", "nan", "inf", "-inf", "1e309", "0.1x", "0x1p-3", "1_0", "0,1"}},
        {"beta_end", {"", "nan", "1e999"}},
        {"max_beta", {"", "NaN", "Infinity"}},
        {"seed", {"", "-1", "18446744073709551616", "1e3", "1.0", "0x10", "184467440737095516150"}},
        {"delay", {"", "60001", "-1", "1.5"}},
        {"start_step", {"", "10001", "21", "-1", "1.5"}},
        {"bins", {"", "0", "4097", "-5", "2.5"}},
        {"offset", {"", "4611686018427387905", "18446744073709551615", "-1"}},
        {"betas", {"", ",", "0.1,", ",0.1", "0.1,,0.2", "0.1;0.2", "0.1, 0.2", "nan", "0.1,1e999"}},
        {"range",
         {"", "1", "1,", ",1", "2,1", "1,2,3", "a,b", "0,1e999", "-1e308,1e308", "0, 1", "nan,nan",
          "0,inf"}},
        {"content", {"", "y", "x,x", "x,", ",x", "noise,velocity,noise", "x noise", "X", "terms"}},
        {"schedule", {"", "custom", "Linear", "linear ", "squaredcos", "quadratic"}},
        {"parameterization", {"", "variances", "STD", "beta"}},
        {"sampler", {"", "ddim", "Chain"}},
        {"format", {"", "apng", "jpeg", "PNG", "application/json"}},
        {"channels", {"", "grey", "rgba", "L", "1"}},
        {"compression", {"", "9", "Best"}},
        {"layout", {"", "row", "grid "}},
        {"measures", {"", "true", "Terms", "terms,terms"}},
        {"rescale_zero_snr", {"", "1", "0", "yes", "True", "terms"}},
        {"scale_betas", {"", "1", "yes", "true "}},
        {"frames", {"", "x", "21", "5-1"}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool bins = strcmp(cases[i].name, "bins") == 0 || strcmp(cases[i].name, "range") == 0;
        bool offset = strcmp(cases[i].name, "offset") == 0;
        enum api_endpoint endpoint = bins     ? API_IMAGES_HISTOGRAMS
                                     : offset ? API_SAMPLES_FRAMES
                                              : API_IMAGES_FRAMES;
        for (size_t k = 0; k < COUNT(cases[i].values) && cases[i].values[k]; k++) {
            char query[100];
            snprintf(query, sizeof query, "%s=%s", cases[i].name, cases[i].values[k]);
            check_refused(endpoint, query, cases[i].name);
        }
    }
}

static void values_arrive(void **state)
{
    (void)state;
    struct reading r = read_fine(
        API_IMAGES_FRAMES, "num_train_timesteps=30&beta_schedule=scaled_linear&beta_start=0.25"
                           "&beta_end=-1e5&max_beta=0.5&rescale_zero_snr=true&parameterization=std"
                           "&sampler=jump&seed=18446744073709551615&frames=last&start_step=29"
                           "&format=npy&channels=gray&compression=none&delay=60000&layout=strip"
                           "&content=x&measures=terms");
    const struct api_parameters *p = &r.parameters;
    assert_int_equal(p->schedule.steps, 30);
    assert_int_equal(p->schedule.kind, DISSOLVE_SCHEDULE_SCALED_LINEAR);
    assert_true(p->schedule.beta_start == 0.25 && p->schedule.beta_end == -1e5);
    assert_true(p->schedule.max_beta == 0.5 && p->schedule.rescale_zero_snr);
    assert_int_equal(p->schedule.parameterization, DISSOLVE_STD);
    assert_int_equal(p->sampler, DISSOLVE_SAMPLER_JUMP);
    assert_true(p->seed == UINT64_MAX);
    assert_true(p->frames.count == 1 && p->frames.t[0] == 30 && p->start_step == 29);
    assert_int_equal(p->format, API_FORMAT_NPY);
    assert_int_equal(p->channels, API_CHANNELS_GRAY);
    assert_int_equal(p->compression, CODEC_COMPRESSION_NONE);
    assert_int_equal(p->delay, 60000);
    assert_int_equal(p->layout, API_LAYOUT_STRIP);
    assert_true(p->terms);
    done(&r);
    r = read_fine(API_SAMPLES_HISTOGRAMS, "bins=4096&range=-2.5,1e3&offset=4611686018427387904"
                                          "&trained_betas=0.5,1,0.125&layout=grid&delay=7");
    assert_int_equal(r.parameters.bins, 4096);
    assert_true(r.parameters.has_range && r.parameters.range[0] == -2.5);
    assert_true(r.parameters.range[1] == 1e3 && r.parameters.offset == 1ull << 62);
    assert_int_equal(r.parameters.schedule.kind, DISSOLVE_SCHEDULE_CUSTOM);
    assert_true(r.parameters.schedule.steps == 3 && r.parameters.frames.count == 4);
    assert_ptr_equal(r.parameters.schedule.betas, r.parameters.betas);
    assert_true(r.parameters.betas[0] == 0.5 && r.parameters.betas[2] == 0.125);
    assert_int_equal(r.parameters.delay, 7);
    done(&r);
    r = read_fine(API_SAMPLES_FRAMES, "content=velocity,noise");
    assert_int_equal(r.parameters.content_count, 2);
    assert_int_equal(r.parameters.content[0], API_CONTENT_VELOCITY);
    assert_int_equal(r.parameters.content[1], API_CONTENT_NOISE);
    assert_true(api_parameters_want_targets(&r.parameters));
    done(&r);
    r = read_fine(API_SAMPLES_FRAMES, "content=noise");
    assert_true(api_parameters_want_targets(&r.parameters));
    done(&r);
}

/* 10,000 of them and no more. */
static void betas_are_counted(void **state)
{
    (void)state;
    static char query[6 + 2 * (DISSOLVE_MAX_STEPS + 2)];
    strcpy(query, "betas=");
    for (size_t i = 0; i < DISSOLVE_MAX_STEPS; i++)
        strcpy(query + 6 + 2 * i, i + 1 < DISSOLVE_MAX_STEPS ? "0," : "0");
    struct reading r = read_fine(API_SCHEDULE, query);
    assert_int_equal(r.parameters.schedule.steps, DISSOLVE_MAX_STEPS);
    done(&r);
    strcat(query, ",0");
    check_refused(API_SCHEDULE, query, "betas");
}

/* ---- What parameters say of each other ---- */

static void who_is_blamed(void **state)
{
    static const struct {
        const char *query;
        const char *culprit;
    } cases[] = {
        {"steps=5&steps=5", "steps"},
        {"steps=5&num_train_timesteps=5", "num_train_timesteps"},
        {"num_train_timesteps=5&steps=5", "steps"},
        {"betas=0.1&trained_betas=0.1", "trained_betas"},
        {"beta_schedule=linear&schedule=linear", "schedule"},
        {"measures=terms&measures=terms", "measures"},
        {"frames=1&frames=2", "frames"},
        {"beta=0.5&betas=0.1", "beta"},
        {"betas=0.1&beta=0.5", "beta"},
        {"beta=0.5&trained_betas=0.1", "beta"},
        {"betas=0.1&schedule=linear", "schedule"},
        {"beta_schedule=constant&betas=0.1", "beta_schedule"},
        {"beta=0.5&beta_schedule=constant&betas=0.1", "beta_schedule"},
        {"beta=0.5&schedule=linear", "beta"},
        {"schedule=cosine&beta=0.5", "beta"},
        {"betas=0.1,0.2&steps=3", "steps"},
        {"steps=1&betas=0.1,0.2", "steps"},
        {"steps=0&betas=0.1", "steps"},
        {"num_train_timesteps=7&trained_betas=0.1", "num_train_timesteps"},
        {"start_step=6&steps=5", "start_step"},
        {"start_step=3&betas=0.1,0.2", "start_step"},
        {"start_step=1&sampler=tree", "start_step"},
        {"sampler=tree&start_step=20", "start_step"},
        {"start_step=1&content=noise", "start_step"},
        {"content=x,velocity&start_step=1", "start_step"},
        {"start_step=3&frames=2", "frames"},
        {"frames=0-5&start_step=3", "frames"},
        {"frames=6&steps=5", "frames"},
        {"frames=3&betas=0.1,0.2", "frames"},
        {"scale_betas=true", "scale_betas"},
        {"schedule=constant&scale_betas=true", "scale_betas"},
        {"scale_betas=true&beta_schedule=squaredcos_cap_v2", "scale_betas"},
        {"betas=0.1&scale_betas=true", "scale_betas"},
        {"steps=0&scale_betas=true", "scale_betas"},
        {"rescale_zero_snr=true&rescale_betas_zero_snr=true", "rescale_betas_zero_snr"},
    };
    static const char *const fine[] = {
        "betas=0.1,0.2&steps=2",
        "steps=2&betas=0.1,0.2",
        "beta=0.5&schedule=constant",
        "start_step=0&sampler=tree",
        "start_step=0&content=noise",
        "start_step=20&frames=20",
        "beta_start=0.1&betas=0.1",
        "start_step=3&frames=3-5",
        "start_step=3&content=x",
        "beta_start=0.5&schedule=cosine",
        "steps=0&frames=0",
        "scale_betas=false&schedule=cosine",
        "scale_betas=true&schedule=linear",
        "schedule=sigmoid&scale_betas=true&steps=0",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_refused(API_IMAGES_FRAMES, cases[i].query, cases[i].culprit);
    for (size_t i = 0; i < COUNT(fine); i++) {
        struct reading r = read_fine(API_IMAGES_FRAMES, fine[i]);
        done(&r);
    }
}

static void forms_are_blamed_by_name(void **state)
{
    (void)state;
    struct reading r = read_from(API_IMAGES_FRAMES, API_FROM_FORM, "beta=2");
    check_refusal(&r, "beta", API_FAULT_PARAMETER, "beta");
}

/* ---- JSON ---- */

static void json_has_lists_and_truths(void **state)
{
    (void)state;
    struct reading r = read_json("\"trained_betas\":[0.5,1e-3],\"range\":[-1,2.5],\"frames\":[0,2],"
                                 "\"rescale_zero_snr\":true,\"seed\":9007199254740991");
    assert_true(r.fine);
    assert_true(r.parameters.schedule.steps == 2 && r.parameters.betas[1] == 1e-3);
    assert_true(r.parameters.range[0] == -1 && r.parameters.range[1] == 2.5);
    assert_true(r.parameters.frames.count == 2 && r.parameters.frames.t[1] == 2);
    assert_true(r.parameters.schedule.rescale_zero_snr);
    assert_true(r.parameters.seed == 9007199254740991u);
    done(&r);
    r = read_json("\"betas\":\"0.5,1e-3\",\"range\":\"-1,2.5\",\"rescale_zero_snr\":\"true\"");
    assert_true(r.fine && r.parameters.betas[1] == 1e-3 && r.parameters.range[1] == 2.5);
    assert_true(r.parameters.schedule.rescale_zero_snr);
    done(&r);
    r = read_json("\"betas\":[0.5],\"frames\":\"last\",\"seed\":\"18446744073709551615\"");
    assert_true(r.fine && r.parameters.schedule.steps == 1 && r.parameters.seed == UINT64_MAX);
    done(&r);
}

static void json_is_blamed_by_pointer(void **state)
{
    static const struct {
        const char *members;
        const char *pointer;
    } cases[] = {
        {"\"steps\":[5]", "/steps"},
        {"\"beta\":[0.5]", "/beta"},
        {"\"seed\":[1,2]", "/seed"},
        {"\"schedule\":[1]", "/schedule"},
        {"\"bins\":[]", "/bins"},
        {"\"betas\":[]", "/betas"},
        {"\"betas\":[[0.1]]", "/betas"},
        {"\"betas\":[0.1,\"0.2\"]", "/betas"},
        {"\"range\":[1]", "/range"},
        {"\"range\":[1,2,3]", "/range"},
        {"\"frames\":[0.5]", "/frames"},
        {"\"frames\":[]", "/frames"},
        {"\"steps\":5.5", "/steps"},
        {"\"steps\":true", "/steps"},
        {"\"rescale_zero_snr\":1", "/rescale_zero_snr"},
        {"\"measures\":true", "/measures"},
        {"\"steps\":5,\"num_train_timesteps\":5", "/num_train_timesteps"},
        {"\"betas\":[0.1],\"schedule\":\"linear\"", "/schedule"},
        {"\"a/b\":1", "/a~1b"},
        {"\"channels\":\"rgb\"", "/channels"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading r = read_json(cases[i].members);
        check_refusal(&r, cases[i].members, API_FAULT_POINTER, cases[i].pointer);
    }
}

/* What depends on more than the parameters is blamed later, under the name that was used. */
static void blame_finds_the_name_given(void **state)
{
    struct api_arguments arguments = {0};
    struct api_problem problem = {0};
    (void)state;
    assert_false(api_parameters_blame(&arguments, "betas", &problem, "wrong: %d", 7));
    assert_string_equal(problem.culprit, "betas");
    assert_string_equal(problem.detail, "Wrong: 7.");
    assert_true(add(&arguments, API_FROM_FORM, "trained_betas", "1"));
    assert_true(add(&arguments, API_FROM_JSON, "layout", "grid"));
    assert_false(api_parameters_blame(&arguments, "betas", &problem, "wrong"));
    assert_string_equal(problem.culprit, "trained_betas");
    assert_int_equal(problem.fault, API_FAULT_PARAMETER);
    assert_false(api_parameters_blame(&arguments, "layout", &problem, "wrong"));
    assert_string_equal(problem.culprit, "/layout");
    assert_int_equal(problem.fault, API_FAULT_POINTER);
    assert_int_equal(problem.status, 400);
    api_arguments_free(&arguments);
}

static void words_are_listed(void **state)
{
    char list[160], little[12];
    (void)state;
    api_words_list(api_formats, API_IMAGES_FRAMES, list, sizeof list);
    assert_string_equal(list, "png, zip, multipart, json, npy or npz");
    api_words_list(api_formats, API_SAMPLES_HISTOGRAMS, list, sizeof list);
    assert_string_equal(list, "json or svg");
    api_words_list(api_formats, API_SCHEDULE, list, sizeof list);
    assert_string_equal(list, "json");
    api_words_list(api_formats, API_IMAGES_FRAMES, little, sizeof little);
    assert_string_equal(little, "png, zip, m");
    assert_string_equal(api_schedule_name(DISSOLVE_SCHEDULE_COSINE), "cosine");
    assert_string_equal(api_schedule_name(DISSOLVE_SCHEDULE_CUSTOM), "custom");
    assert_string_equal(api_parameterization_name(DISSOLVE_STD), "std");
    assert_string_equal(api_sampler_name(DISSOLVE_SAMPLER_TREE), "tree");
    assert_string_equal(api_content_name(API_CONTENT_VELOCITY), "velocity");
}

static void without_memory_it_says_so(void **state)
{
    struct api_arguments arguments = {0};
    struct reading r = {0};
    bool failed = true;
    long n = 0;
    (void)state;
    assert_true(add(&arguments, API_FROM_QUERY, "betas", "0.1,0.2"));
    for (; failed; n++) {
        fail_allocation(n);
        r.fine = api_parameters_read(API_SAMPLES_FRAMES, &arguments, &r.parameters, &r.problem);
        failed = allocation_failed();
        assert_true(failed == !r.fine);
        if (failed)
            assert_int_equal(r.problem.status, 503);
        done(&r);
    }
    assert_int_equal(n, 4); /* betas, and two of the frames */
    api_arguments_free(&arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_endpoint_s),
        cmocka_unit_test(each_is_known_where_it_belongs),
        cmocka_unit_test(bounds_are_within),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(betas_are_counted),
        cmocka_unit_test(who_is_blamed),
        cmocka_unit_test(forms_are_blamed_by_name),
        cmocka_unit_test(json_has_lists_and_truths),
        cmocka_unit_test(json_is_blamed_by_pointer),
        cmocka_unit_test(blame_finds_the_name_given),
        cmocka_unit_test(words_are_listed),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
