/* The estimate of a request's cost: what it grows with, where it ends, and what max-work admits. */
#include <inttypes.h>
#include <stdlib.h>

#include "api/cost.h"
#include "asking_cases.h"

static struct answer answer;

/* One request of each form, as large as its numbers are small. */
static const struct api_work works[] = {
    {.endpoint = API_IMAGES_FRAMES, .format = API_FORMAT_PNG},
    {.endpoint = API_IMAGES_FRAMES,
     .format = API_FORMAT_PNG,
     .compression = CODEC_COMPRESSION_BEST,
     .sampler = DISSOLVE_SAMPLER_JUMP},
    {.endpoint = API_IMAGES_FRAMES, .format = API_FORMAT_ZIP, .terms = true},
    {.endpoint = API_IMAGES_FRAMES, .format = API_FORMAT_MULTIPART},
    {.endpoint = API_IMAGES_FRAMES, .format = API_FORMAT_JSON, .gzip = true},
    {.endpoint = API_IMAGES_FRAMES, .format = API_FORMAT_NPY, .sampler = DISSOLVE_SAMPLER_TREE},
    {.endpoint = API_IMAGES_FRAMES, .format = API_FORMAT_NPZ},
    {.endpoint = API_IMAGES_HISTOGRAMS, .format = API_FORMAT_JSON},
    {.endpoint = API_IMAGES_HISTOGRAMS, .format = API_FORMAT_SVG, .gzip = true},
    {.endpoint = API_SAMPLES_FRAMES, .format = API_FORMAT_JSON},
    {.endpoint = API_SAMPLES_FRAMES, .format = API_FORMAT_NPY},
    {.endpoint = API_SAMPLES_HISTOGRAMS, .format = API_FORMAT_JSON, .gzip = true},
    {.endpoint = API_SAMPLES_HISTOGRAMS, .format = API_FORMAT_SVG},
};

/* The members of struct api_work that are numbers. */
static const size_t members[] = {
    offsetof(struct api_work, steps),    offsetof(struct api_work, frames),
    offsetof(struct api_work, passes),   offsetof(struct api_work, draws),
    offsetof(struct api_work, elements), offsetof(struct api_work, channels),
    offsetof(struct api_work, bins),     offsetof(struct api_work, components),
    offsetof(struct api_work, exact),    offsetof(struct api_work, picture.raw_size),
};

static uint64_t *member_of(struct api_work *work, size_t index)
{
    return (uint64_t *)((char *)work + members[index]);
}

static struct api_work filled(const struct api_work *work, uint64_t value)
{
    struct api_work full = *work;
    for (size_t i = 0; i < COUNT(members); i++)
        *member_of(&full, i) = value;
    return full;
}

static void a_picture_is_charged_by_its_header(void **state)
{
    static const struct codec_image_info smaller[] = {
        {.width = 2000, .height = 1000, .bits = 8, .raw_size = 6001000},
        {.width = 2000, .height = 1000, .bits = 8, .scans = 1, .coded_size = 500000},
    };
    struct codec_image_info larger[] = {smaller[0], smaller[0], smaller[1], smaller[1], smaller[1]};
    larger[0].width = 4000;
    larger[1].raw_size *= 2;
    larger[2].height = 2000;
    larger[3].scans = 10;
    larger[4].coded_size *= 2;
    (void)state;
    for (size_t i = 0; i < COUNT(larger); i++) {
        const struct api_work less = {.picture = smaller[i < 2 ? 0 : 1]};
        const struct api_work more = {.picture = larger[i]};
        assert_true(api_cost_estimate(&less) > 0);
        assert_true(api_cost_estimate(&more) > api_cost_estimate(&less));
    }
    const struct api_work most = {
        .picture = {.width = UINT32_MAX, .height = UINT32_MAX, .scans = 65535}};
    assert_int_equal(api_cost_estimate(&most), UINT64_MAX);
}

static void nothing_costs_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(works); i++)
        assert_int_equal(api_cost_estimate(&works[i]), 0);
}

static void more_of_anything_costs_no_less(void **state)
{
    static const uint64_t values[] = {1, 2, 3, 50, 1000, 123456, 1ull << 40, UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(works); i++) {
        for (size_t k = 0; k < COUNT(members); k++) {
            struct api_work work = filled(&works[i], 3);
            *member_of(&work, k) = 0;
            uint64_t before = api_cost_estimate(&work);
            for (size_t v = 0; v < COUNT(values); v++) {
                *member_of(&work, k) = values[v];
                uint64_t now = api_cost_estimate(&work);
                if (now < before)
                    fail_msg("form %zu, member %zu, %" PRIu64, i, k, values[v]);
                before = now;
            }
        }
    }
}

/* Where 2^64 nanoseconds, 585 years, are not enough to tell it. */
static void the_largest_numbers_saturate(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(works); i++) {
        struct api_work work = filled(&works[i], UINT64_MAX);
        assert_int_equal(api_cost_estimate(&work), UINT64_MAX);
        work = filled(&works[i], 1ull << 32);
        assert_int_equal(api_cost_estimate(&work), UINT64_MAX);
    }
}

static uint64_t seconds_of(const struct api_work *work)
{
    return api_cost_estimate(work) / 1000000000;
}

/* An estimate is a sum, in which each frame and each pass counts the same. */
static void terms_are_added(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(works); i++) {
        struct api_work work = filled(&works[i], 1000);
        work.passes = 1;
        work.frames = 0;
        uint64_t none = api_cost_estimate(&work);
        work.frames = 1;
        uint64_t one = api_cost_estimate(&work);
        work.frames = 7;
        assert_in_range(api_cost_estimate(&work), none + 7 * (one - none) - 8,
                        none + 7 * (one - none) + 8);
        work.frames = 0;
        work.draws = 0;
        uint64_t drawn = none - api_cost_estimate(&work);
        work.draws = 3000;
        assert_in_range(api_cost_estimate(&work), none + 2 * drawn - 4, none + 2 * drawn + 4);
    }
}

/* What the limit before, 10^11 elements times steps, admitted and what it should not have. */
static void the_default_limit_fits(void **state)
{
    const uint64_t limit = 150;
    (void)state;
    struct api_work chain = {.endpoint = API_IMAGES_FRAMES,
                             .format = API_FORMAT_PNG,
                             .steps = 833,
                             .frames = 1,
                             .passes = 1,
                             .draws = 833,
                             .elements = 120000000,
                             .channels = 3,
                             .picture = {.width = 8000, .height = 5000, .raw_size = 120005000}};
    assert_in_range(seconds_of(&chain), 60, limit - 1);
    chain.compression = CODEC_COMPRESSION_BEST;
    chain.draws = 0;
    assert_in_range(seconds_of(&chain), 5, limit - 1);
    chain.frames = 100;
    assert_true(seconds_of(&chain) > limit);
    const struct api_work numbers = {.endpoint = API_SAMPLES_FRAMES,
                                     .format = API_FORMAT_JSON,
                                     .frames = 1000,
                                     .passes = 1,
                                     .draws = 1000,
                                     .elements = 100000000,
                                     .channels = 1};
    assert_true(seconds_of(&numbers) > 20 * limit);
}

/* ---- through the api ---- */

static void open_limited(struct server *server, uint64_t limit)
{
    const struct api_limits limits = {
        .max_body = 1 << 20, .max_pixels = 1 << 20, .max_work = limit};
    server_open(server, 1, &limits);
}

/* The status, and the estimate that a refusal names. */
static int ask_estimate(const struct server *server, const struct question *question,
                        uint64_t *estimate)
{
    ask(server, question, &answer);
    const char *text = strstr((const char *)answer.bytes, "estimated at ");
    *estimate =
        answer.status == 422 && text ? strtoull(text + strlen("estimated at "), NULL, 10) : 0;
    return answer.status;
}

/* The same of a server with that limit. */
static int ask_limited(const struct question *question, uint64_t limit, uint64_t *estimate)
{
    struct server server;
    open_limited(&server, limit);
    int status = ask_estimate(&server, question, estimate);
    server_close(&server);
    return status;
}

static bool computes(const struct request_case *request)
{
    return strncmp(request->path, "/v1/images", 10) == 0 ||
           strncmp(request->path, "/v1/samples", 11) == 0;
}

/* Odd limits, so that they and the estimates are told in nanoseconds. */
static void every_form_is_admitted_up_to_its_estimate(void **state)
{
    (void)state;
    struct server lowest;
    size_t asked = 0;
    open_limited(&lowest, 1);
    for (size_t i = 0; i < COUNT(request_cases); i++) {
        const struct question question = question_of(&request_cases[i], true);
        uint64_t estimate, none;
        if (!computes(&request_cases[i]))
            continue;
        assert_int_equal(ask_estimate(&lowest, &question, &estimate), 422);
        /* The exact distribution's points are counted only where the rest is within the limit. */
        while (ask_limited(&question, estimate | 1, &none) == 422) {
            assert_true(none > estimate);
            estimate = none;
        }
        assert_int_equal(answer.status, 200);
        const uint64_t below = estimate % 2 == 0 ? estimate - 1 : estimate - 2;
        assert_int_equal(ask_limited(&question, below, &none), 422);
        assert_non_null(strstr((const char *)answer.bytes,
                               " of one processor core, above the limit "
                               "of "));
        assert_non_null(strstr((const char *)answer.bytes, " ns (max-work); ask for fewer "));
        asked++;
    }
    server_close(&lowest);
    assert_true(asked >= 20);
}

/* 0.2 kB that ask for 1.8 GB. */
static void frames_times_bins_are_charged(void **state)
{
    static const char *const texts[] = {
        "{\"samples\":[1]}",
        "{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1],\"count\":1}}",
        "{\"samples\":[0,1,2,3,4],\"sampler\":\"jump\"}",
    };
    uint64_t estimate;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct question question = {
            .path = samples_bins_path, .query = "steps=10000&bins=4096", .text = texts[i]};
        assert_int_equal(ask_limited(&question, 2000000000, &estimate), 422);
        assert_non_null(strstr((const char *)answer.bytes, "above the limit of 2 s (max-work)"));
    }
}

/* A picture's work is charged by its header: what is behind it is missing here. */
static void work_is_charged_before_decoding(void **state)
{
    uint64_t estimate;
    (void)state;
    for (enum made_body body = PNG_BODY; body <= JPEG_BODY; body++) {
        struct question question = {.path = image_path,
                                    .query = "steps=1000",
                                    .body = made_bodies[body].data,
                                    .size = made_bodies[body].size - 20};
        assert_int_equal(ask_limited(&question, 1000000, &estimate), 422);
        assert_true(estimate > 1);
        assert_int_equal(ask_limited(&question, 1000000000, &estimate), 422);
        assert_true(estimate == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_costs_nothing),
        cmocka_unit_test(a_picture_is_charged_by_its_header),
        cmocka_unit_test(more_of_anything_costs_no_less),
        cmocka_unit_test(the_largest_numbers_saturate),
        cmocka_unit_test(terms_are_added),
        cmocka_unit_test(the_default_limit_fits),
        cmocka_unit_test(every_form_is_admitted_up_to_its_estimate),
        cmocka_unit_test(frames_times_bins_are_charged),
        cmocka_unit_test(work_is_charged_before_decoding),
    };
    return cmocka_run_group_tests(tests, make_bodies, free_bodies);
}
