/* Requests of every endpoint and form, answered: their heads, and the same bytes each time. */
#include "asking_cases.h"

static struct server one, four;

static int open_all(void **state)
{
    server_open(&one, 1, &wide_limits);
    server_open(&four, 4, &wide_limits);
    return make_bodies(state);
}

static int close_all(void **state)
{
    server_close(&one);
    server_close(&four);
    return free_bodies(state);
}

static void check_head(const struct request_case *request, const struct answer *answer)
{
    const char *type = header_of(answer, "Content-Type");
    bool text = strcmp(type, "application/json") == 0 || strcmp(type, "image/svg+xml") == 0;
    if (!answer->complete || answer->status != 200 ||
        strncmp(type, request->type, strlen(request->type)) != 0)
        fail_msg("%s?%s: %d, %s", request->path, request->query, answer->status, answer->bytes);
    assert_true(text == (header_of(answer, "Vary") != NULL));
    if (strncmp(request->path, "/v1/images", 10) == 0)
        assert_string_equal(header_of(answer, "Dissolve-Seed"), "7");
}

static void the_same_request_has_the_same_bytes(void **state)
{
    static struct answer first, again, others;
    (void)state;
    for (size_t i = 0; i < COUNT(request_cases); i++) {
        const struct question question = question_of(&request_cases[i], false);
        ask(&one, &question, &first);
        ask(&one, &question, &again);
        check_head(&request_cases[i], &first);
        assert_true(same_head(&first, &again) && same_bytes(&first, &again));
        if (strcmp(question.path, "/v1") == 0)
            continue; /* it tells the number of threads */
        for (int k = 0; k < 5; k++) {
            ask(&four, &question, &others);
            assert_true(others.complete);
            assert_true(same_head(&first, &others) && same_bytes(&first, &others));
        }
    }
}

/* Asks without and with pauses; returns how often it has paused and waited for memory. */
static size_t check_pauses(const struct request_case *request)
{
    static struct answer straight, paused;
    const struct question question = question_of(request, false);
    struct dissolve_job *job;
    ask(&four, &question, &straight);
    assert_int_equal(dissolve_job_create(four.pool, &job), DISSOLVE_OK);
    paused.pauses = true;
    ask_with(&four, &question, job, &paused);
    dissolve_job_destroy(job);
    assert_true(paused.complete);
    assert_true(same_head(&straight, &paused) && same_bytes(&straight, &paused));
    return paused.pause_count / 2 + paused.refusal_count / 2;
}

/* Wherever a call may pause, it goes on as if it had not. The last ones have many windows. */
static void pauses_change_nothing(void **state)
{
    static const struct request_case many[] = {
        {image_path, "seed=7&steps=300&format=multipart", PNG_BODY, NULL, NULL, "", false},
        {image_path, "seed=7&steps=300&content=x,noise", PNG_BODY, NULL, NULL, "", false},
    };
    size_t pauses = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(request_cases); i++)
        pauses += check_pauses(&request_cases[i]);
    assert_true(pauses > 20);
    for (size_t i = 0; i < COUNT(many); i++)
        assert_true(check_pauses(&many[i]) > 100);
}

/* Frames that are large enough to be borrowed, over more windows than there is memory for. */
static void borrowed_frames_do_not_change(void **state)
{
    enum { SIDE = 200, CHANNELS = 3 };
    static const char *const queries[] = {
        "seed=1&steps=4&format=multipart", "seed=1&steps=4&format=zip",
        "seed=1&steps=6&layout=strip", "seed=1&steps=3&format=npy",
        "seed=1&steps=3&content=x,velocity"};
    static struct answer straight, paused;
    static uint8_t pixels[SIDE * SIDE * CHANNELS];
    struct codec_buffer png = {0};
    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = made_byte(i);
    const struct codec_raster raster = {
        .width = SIDE, .height = SIDE, .channels = CHANNELS, .pixels = pixels};
    assert_int_equal(codec_png_encode(&raster, NULL, &png), DISSOLVE_OK);
    for (size_t i = 0; i < COUNT(queries); i++) {
        const struct question question = {
            .path = image_path, .query = queries[i], .body = png.data, .size = png.size};
        struct dissolve_job *job;
        ask(&four, &question, &straight);
        assert_int_equal(straight.status, 200);
        assert_int_equal(dissolve_job_create(four.pool, &job), DISSOLVE_OK);
        paused.pauses = true;
        ask_with(&four, &question, job, &paused);
        dissolve_job_destroy(job);
        if (!same_bytes(&straight, &paused))
            fail_msg("%s: %zu and %zu bytes", queries[i], straight.size, paused.size);
    }
    codec_buffer_free(&png);
}

/* The head says gzip, another tag stands for the other bytes, and Python finds the same in them. */
static void gzip_changes_only_the_coding(void **state)
{
    static const char script[] =
        "import gzip, sys\n"
        "sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))";
    static struct answer plain, zipped;
    static uint8_t bytes[ANSWER_ROOM];
    (void)state;
    for (size_t i = 0; i < COUNT(request_cases); i++) {
        const struct question asks_plain = question_of(&request_cases[i], true);
        struct question asks_gzip = asks_plain;
        asks_gzip.accept_encoding = "gzip";
        ask(&one, &asks_plain, &plain);
        ask(&one, &asks_gzip, &zipped);
        assert_null(header_of(&plain, "Content-Encoding"));
        if (!header_of(&zipped, "Content-Encoding")) {
            assert_true(!request_cases[i].zipped && same_head(&plain, &zipped));
            assert_true(same_bytes(&plain, &zipped));
            continue;
        }
        assert_string_equal(header_of(&zipped, "Content-Encoding"), "gzip");
        assert_int_equal(judge(script, zipped.bytes, zipped.size, bytes, sizeof bytes), plain.size);
        assert_memory_equal(bytes, plain.bytes, plain.size);
        if (header_of(&plain, "ETag"))
            assert_string_not_equal(header_of(&plain, "ETag"), header_of(&zipped, "ETag"));
    }
}

static void json_is_json(void **state)
{
    static const char script[] =
        "import json, sys\n"
        "def refuse(word): raise ValueError(word)\n"
        "def once(pairs):\n"
        "    assert len(dict(pairs)) == len(pairs)\n"
        "    return dict(pairs)\n"
        "json.loads(sys.stdin.read(), parse_constant=refuse, object_pairs_hook=once)\n";
    static struct answer answer;
    char nothing[1];
    (void)state;
    for (size_t i = 0; i < COUNT(request_cases); i++) {
        const struct question question = question_of(&request_cases[i], true);
        if (strcmp(request_cases[i].type, "application/json") != 0)
            continue;
        ask(&one, &question, &answer);
        judge(script, answer.bytes, answer.size, nothing, sizeof nothing);
    }
}

/* A PNG of 3 frames carries them all: as Pillow sees it. Every form's own bytes have tests below.
 */
static void pictures_are_pictures(void **state)
{
    static const char script[] = "import io, sys\n"
                                 "from PIL import Image\n"
                                 "image = Image.open(io.BytesIO(sys.stdin.buffer.read()))\n"
                                 "image.load()\n"
                                 "print(image.format, image.mode, image.size, "
                                 "getattr(image, 'n_frames', 1), image.info['dissolved'])\n";
    static const struct {
        const char *query;
        const char *seen;
    } cases[] = {
        {"frames=2", "PNG RGB (6, 5) 1 noise_version=1&seed=7&steps=3&schedule=constant&beta=0.25"
                     "&parameterization=variance&sampler=chain&t=2\n"},
        {"frames=0,1,3&channels=gray",
         "PNG L (6, 5) 3 noise_version=1&seed=7&steps=3&schedule=constant&beta=0.25"
         "&parameterization=variance&sampler=chain&channels=gray&t=0-1,3\n"},
        {"layout=strip", "PNG RGB (24, 5) 1 noise_version=1&seed=7&steps=3&schedule=constant"
                         "&beta=0.25&parameterization=variance&sampler=chain&t=0-3\n"},
        {"layout=grid&frames=1-3&sampler=jump&schedule=cosine",
         "PNG RGB (12, 10) 1 noise_version=1&seed=7&steps=3&schedule=cosine&max_beta=0.999"
         "&parameterization=variance&sampler=jump&t=1-3\n"},
        {"layout=grid&frames=0&rescale_zero_snr=true",
         "PNG RGB (6, 5) 1 noise_version=1&seed=7&steps=3&schedule=constant&beta=0.25"
         "&parameterization=variance&rescale_zero_snr=true&sampler=chain&t=0\n"},
    };
    static struct answer answer;
    char seen[400], query[200];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct question question = question_of(&request_cases[0], true);
        snprintf(query, sizeof query, "seed=7&steps=3&%s", cases[i].query);
        question.query = query;
        ask(&one, &question, &answer);
        assert_true(answer.complete);
        seen[judge(script, answer.bytes, answer.size, seen, sizeof seen - 1)] = '\0';
        assert_string_equal(seen, cases[i].seen);
    }
}

/* Each part leaves as soon as it is there. */
static void a_multipart_answer_flushes_each_part(void **state)
{
    static struct answer answer;
    (void)state;
    struct question question = question_of(&request_cases[0], true);
    question.query = "seed=7&steps=12&format=multipart";
    ask(&one, &question, &answer);
    assert_true(answer.complete);
    assert_int_equal(answer.flushes, 13);
    question.query = "seed=7&steps=12&format=zip";
    ask(&one, &question, &answer);
    assert_int_equal(answer.flushes, 0);
}

static void a_run_says_what_its_time_went_into(void **state)
{
    static struct answer answer;
    (void)state;
    const struct question question = question_of(&request_cases[0], true);
    ask(&one, &question, &answer);
    assert_true(answer.timing.decode > 0 && answer.timing.diffuse > 0 && answer.timing.encode > 0);
}

static void the_names_of_answers(void **state)
{
    static const struct {
        size_t request; /* of the same body */
        const char *query;
        const char *disposition;
    } cases[] = {
        {0, "seed=42", "inline; filename=\"dissolved-42.png\""},
        {0, "seed=42&format=zip&steps=1", "attachment; filename=\"dissolved-42.zip\""},
        {0, "seed=42&format=json&steps=1", "inline; filename=\"dissolved-42.json\""},
        {0, "seed=42&format=npy", "attachment; filename=\"dissolved-42.npy\""},
        {0, "seed=18446744073709551615&format=npz",
         "attachment; filename=\"dissolved-18446744073709551615.npz\""},
        {12, "seed=42&steps=1", "inline; filename=\"histograms-42.json\""},
        {12, "seed=42&steps=1&format=svg", "inline; filename=\"histograms-42.svg\""},
        {0, "seed=42&format=multipart", NULL},
    };
    static struct answer answer;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct question question = question_of(&request_cases[cases[i].request], true);
        question.query = cases[i].query;
        ask(&one, &question, &answer);
        assert_true(answer.complete);
        assert_string_equal(header_of(&answer, "Cache-Control"), "no-store");
        const char *disposition = header_of(&answer, "Content-Disposition");
        if (cases[i].disposition)
            assert_string_equal(disposition, cases[i].disposition);
        else
            assert_null(disposition);
    }
}

/* Each call draws a seed of its own, and tells it. */
static void a_seed_is_drawn_and_told(void **state)
{
    static struct answer first, second;
    static const struct question question = {.path = samples_path, .text = "{\"samples\":[1]}"};
    (void)state;
    ask(&one, &question, &first);
    ask(&one, &question, &second);
    assert_true(first.complete && second.complete);
    assert_string_not_equal(header_of(&first, "Dissolve-Seed"),
                            header_of(&second, "Dissolve-Seed"));
    char begins[64];
    snprintf(begins, sizeof begins, "{\"seed\":\"%s\",", header_of(&first, "Dissolve-Seed"));
    assert_memory_equal(first.bytes, begins, strlen(begins));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_request_has_the_same_bytes),
        cmocka_unit_test(pauses_change_nothing),
        cmocka_unit_test(borrowed_frames_do_not_change),
        cmocka_unit_test(gzip_changes_only_the_coding),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(pictures_are_pictures),
        cmocka_unit_test(a_multipart_answer_flushes_each_part),
        cmocka_unit_test(a_run_says_what_its_time_went_into),
        cmocka_unit_test(the_names_of_answers),
        cmocka_unit_test(a_seed_is_drawn_and_told),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
