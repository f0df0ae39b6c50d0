/* Bodies of all kinds, through the api: what becomes of them, and what is refused for what. */
#include <math.h>
#include <stdlib.h>

#include "asking_cases.h"

static struct server server;
static struct answer answer;

static const struct api_limits limits = {
    .max_body = 1 << 20, .max_pixels = 40, .max_work = 3000000};

static int open_all(void **state)
{
    server_open(&server, 2, &limits);
    return make_bodies(state);
}

static int close_all(void **state)
{
    server_close(&server);
    return free_bodies(state);
}

/* ---- NPY bodies ---- */

/* A file of any type: the head of a float32 array, its type replaced by one as long. */
static struct codec_buffer npy_of(const char *type, const uint64_t *shape, size_t dims,
                                  const void *data, size_t size)
{
    struct codec_buffer file = {0};
    assert_int_equal(codec_npy_head(shape, dims, &file), DISSOLVE_OK);
    char *place = memmem(file.data, file.size, "<f4", 3);
    assert_non_null(place);
    memcpy(place, type, 3);
    assert_int_equal(codec_buffer_append(&file, data, size), DISSOLVE_OK);
    return file;
}

static void ask_npy(const char *path, const char *query, const struct codec_buffer *file)
{
    const struct question question = {.path = path,
                                      .query = query,
                                      .content_type = "application/x-npy",
                                      .body = file->data,
                                      .size = file->size};
    ask(&server, &question, &answer);
}

/* The floats of an NPY answer of one frame, behind its head. */
static const void *answered_floats(size_t count)
{
    if (!answer.complete || answer.status != 200)
        fail_msg("%d: %s", answer.status, answer.bytes);
    assert_true(answer.size > count * sizeof(float));
    return answer.bytes + answer.size - count * sizeof(float);
}

/* These, and no others. */
static void check_floats(const float *expected, size_t count)
{
    assert_memory_equal(answered_floats(count), expected, count * sizeof *expected);
    assert_int_equal((answer.size - count * sizeof *expected) % 64, 0);
}

#define STATE "steps=0&format=npy"

static void floats_are_the_state(void **state)
{
    static const struct {
        uint64_t shape[6];
        size_t dims;
    } shapes[] = {
        {{2, 1}, 2},       {{2, 1, 1}, 3},    {{1, 2, 1}, 3},
        {{1, 1, 2, 1}, 4}, {{1, 2, 1, 1}, 4}, {{1, 1, 1, 2, 1, 1}, 6},
    };
    static const float values[] = {0.25f, -7.5f};
    static const float repeated[] = {0.25f, 0.25f, 0.25f, -7.5f, -7.5f, -7.5f};
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct codec_buffer file = npy_of("<f4", shapes[i].shape, shapes[i].dims, values, 8);
        ask_npy(image_path, STATE, &file);
        check_floats(repeated, 6);
        assert_non_null(strstr((char *)answer.bytes + 10, "(1, "));
        ask_npy(image_path, STATE "&channels=gray", &file);
        check_floats(values, 2);
        codec_buffer_free(&file);
    }
}

/* (height, width) of a matrix that lies in a stack of one. */
static void a_stack_of_one_is_its_matrix(void **state)
{
    static const uint64_t shape[] = {1, 2, 4};
    static const float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    (void)state;
    struct codec_buffer file = npy_of("<f4", shape, 3, values, sizeof values);
    ask_npy(image_path, STATE "&channels=gray", &file);
    check_floats(values, 8);
    assert_non_null(strstr((char *)answer.bytes + 10, "(1, 2, 4, 1)"));
    codec_buffer_free(&file);
}

/* Pillow's weights, in double; with three equal channels the value stays. */
static void colours_become_grey(void **state)
{
    static const uint64_t shape[] = {1, 2, 3};
    static const float values[] = {0.5f, -1.25f, 3.0f, 0.7f, 0.7f, 0.7f};
    (void)state;
    const float grey[] = {(float)((19595 * 0.5 - 38470 * 1.25 + 7471 * 3.0) / 65536), 0.7f};
    struct codec_buffer file = npy_of("<f4", shape, 3, values, sizeof values);
    ask_npy(image_path, STATE "&channels=gray", &file);
    check_floats(grey, 2);
    ask_npy(image_path, STATE, &file);
    check_floats(values, 6);
    codec_buffer_free(&file);
}

static void whole_numbers_are_pixels(void **state)
{
    static const uint64_t shape[] = {1, 2, 3};
    static const uint8_t bytes[] = {0, 255, 51, 10, 20, 30};
    static const uint16_t words[] = {0, 65535, 13107, 256, 512, 40000};
    float expected[6];
    (void)state;
    struct codec_buffer file = npy_of("|u1", shape, 3, bytes, sizeof bytes);
    ask_npy(image_path, STATE, &file);
    for (size_t i = 0; i < 6; i++)
        expected[i] = 2.0f * ((float)bytes[i] / 255.0f) - 1.0f;
    check_floats(expected, 6);
    codec_buffer_free(&file);
    file = npy_of("<u2", shape, 3, words, sizeof words);
    ask_npy(image_path, STATE, &file);
    for (size_t i = 0; i < 6; i++)
        expected[i] = 2.0f * ((float)words[i] / 65535.0f) - 1.0f;
    check_floats(expected, 6);
    codec_buffer_free(&file);
}

/* Frame 0 of whole numbers is those pixels, 16 bits by their upper half; grey by Pillow's L. */
static void frame_0_shows_the_pixels(void **state)
{
    static const char script[] = "import io, sys\n"
                                 "from PIL import Image\n"
                                 "image = Image.open(io.BytesIO(sys.stdin.buffer.read()))\n"
                                 "sys.stdout.buffer.write(image.tobytes())\n";
    static const uint64_t colours[] = {1, 2, 3}, greys[] = {2, 3};
    static const uint8_t bytes[] = {0, 255, 51, 10, 20, 30};
    static const uint16_t words[] = {0, 65535, 13107, 256, 511, 40000};
    static const uint8_t upper[] = {0, 255, 51, 1, 1, 156};
    uint8_t seen[18];
    (void)state;
    struct codec_buffer file = npy_of("|u1", colours, 3, bytes, sizeof bytes);
    ask_npy(image_path, "frames=0", &file);
    assert_int_equal(judge(script, answer.bytes, answer.size, seen, sizeof seen), 6);
    assert_memory_equal(seen, bytes, 6);
    ask_npy(image_path, "frames=0&channels=gray", &file);
    assert_int_equal(judge(script, answer.bytes, answer.size, seen, sizeof seen), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(seen[i], (19595 * bytes[3 * i] + 38470 * bytes[3 * i + 1] +
                                   7471 * bytes[3 * i + 2] + 32768) >>
                                      16);
    codec_buffer_free(&file);
    file = npy_of("<u2", greys, 2, words, sizeof words);
    ask_npy(image_path, "frames=0&channels=gray", &file);
    assert_int_equal(judge(script, answer.bytes, answer.size, seen, sizeof seen), 6);
    assert_memory_equal(seen, upper, 6);
    ask_npy(image_path, "frames=0", &file);
    assert_int_equal(judge(script, answer.bytes, answer.size, seen, sizeof seen), 18);
    for (size_t i = 0; i < 18; i++)
        assert_int_equal(seen[i], upper[i / 3]);
    codec_buffer_free(&file);
}

/* The unbroken run, bit for bit, from the state in its middle. */
static void a_run_goes_on(void **state)
{
    static float middle[3 * PIXELS], last[3 * PIXELS];
    static const uint64_t shape[] = {HEIGHT, WIDTH, 3};
    struct question question = question_of(&request_cases[0], true);
    (void)state;
    question.query = "seed=3&steps=5&frames=2&format=npy";
    ask(&server, &question, &answer);
    memcpy(middle, answered_floats(3 * PIXELS), sizeof middle);
    question.query = "seed=3&steps=5&frames=5&format=npy";
    ask(&server, &question, &answer);
    memcpy(last, answered_floats(3 * PIXELS), sizeof last);
    struct codec_buffer file = npy_of("<f4", shape, 3, middle, sizeof middle);
    ask_npy(image_path, "seed=3&steps=5&frames=2,5&format=npy&start_step=2", &file);
    assert_memory_equal(answered_floats(3 * PIXELS), last, sizeof last);
    assert_memory_equal(answered_floats(6 * PIXELS), middle, sizeof middle);
    codec_buffer_free(&file);
}

static void samples_come_in_many_ways(void **state)
{
    static const float values[] = {1, -2, 3, 4, 0, 100};
    static const float columns[] = {1, 3, 0, -2, 4, 100};
    static const int8_t bytes[] = {1, -2, 3, 4, 0, 100};
    static const uint64_t shape[] = {3, 2};
    static const struct {
        const char *name;
        int raw; /* the status of float32 numbers without a head */
    } types[] = {{NULL, 415},
                 {"application/octet-stream", 200},
                 {"application/x-npy", 422},
                 {"binary/octet-stream", 415},
                 {"application/json", 400},
                 {"application/x-www-form-urlencoded", 415}};
    (void)state;
    struct codec_buffer files[] = {npy_of("<f4", shape, 2, values, sizeof values),
                                   npy_of("|i1", shape, 2, bytes, sizeof bytes),
                                   npy_of("<f4", shape, 2, columns, sizeof columns)};
    char *order = memmem(files[2].data, files[2].size, "False, ", 7);
    memcpy(order, "True,  ", 7); /* Fortran's */
    for (size_t i = 0; i < COUNT(types); i++) {
        for (size_t k = 0; k < COUNT(files); k++) {
            const struct question question = {.method = "POST",
                                              .path = samples_path,
                                              .query = STATE,
                                              .content_type = types[i].name,
                                              .body = files[k].data,
                                              .size = files[k].size};
            ask(&server, &question, &answer);
            check_floats(values, 6);
        }
        struct question raw = {.method = "POST",
                               .path = samples_path,
                               .query = STATE,
                               .content_type = types[i].name,
                               .body = values,
                               .size = sizeof values};
        ask(&server, &raw, &answer);
        if (types[i].raw == 200)
            check_floats(values, 6);
        else
            assert_true(is_problem(&answer, types[i].raw));
    }
    for (size_t k = 0; k < COUNT(files); k++)
        codec_buffer_free(&files[k]);
}

static void json_is_found_by_its_type_or_its_brace(void **state)
{
    static const char *const types[] = {NULL, "application/json", "application/json; charset=utf-8",
                                        "application/x-www-form-urlencoded", ""};
    static const float values[] = {1, -2.5f};
    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        const struct question question = {.path = samples_path,
                                          .query = STATE,
                                          .content_type = types[i],
                                          .text = " \r\n\t{\"samples\":[1,-2.5]}"};
        ask(&server, &question, &answer);
        check_floats(values, 2);
    }
}

/* ---- Refusals ---- */

struct refusal {
    const char *path;
    const char *query;
    const char *type;
    const char *text; /* NULL: the picture, if the path is one of pictures */
    int status;
    const char *culprit; /* "parameter":"x" or "pointer":"/x", NULL: none */
    const char *detail;  /* a part of it */
};

#define SOME        "{\"samples\":[1,2]}"
#define MIXTURE     "{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1],\"count\":"
#define OCTETS      "application/octet-stream"
#define FORM        "multipart/form-data; boundary=x"
#define FIELD(name) "--x\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"

static const struct refusal refusals[] = {
    /* types */
    {image_path, "", "text/plain", "x", 415, NULL, "is not one of a picture"},
    {image_path, "", "image/webp", "x", 415, NULL, "This looks like text. Send a PNG"},
    {image_path, "", "application/json", "{}", 415, NULL, "is not one of a picture"},
    {image_path, "", NULL, "GIF89a", 415, NULL, "This looks like GIF; convert it to PNG or JPEG."},
    {image_path, "", "image/png", "GIF89a", 422, NULL, "This looks like GIF"},
    {image_path, "", "binary/octet-stream", "{}", 415, NULL, "This looks like JSON. Send a PNG"},
    {image_path, "", FORM, FIELD("image") "RIFF0000WEBPVP8 \r\n--x--\r\n", 415, NULL, "WebP"},
    {samples_path, "", NULL, "1,2", 415, NULL, "This looks like text. Send JSON"},
    {samples_path, "", NULL, "[1,2]", 415, NULL, "a JSON array; put it into an object."},
    {samples_path, "", "application/json", "PK\x03\x04", 400, NULL, "a ZIP archive, such as NPZ"},
    {samples_path, "", "binary/octet-stream", "12345678", 415, NULL, "text"},
    {samples_path, "", "application/octet-stream", "PK\x03\x04", 200, NULL, NULL},
    {samples_path, "", "application/x-npy", SOME, 200, NULL, NULL},
    {samples_path, "", "application/json", "\xef\xbb\xbf" SOME, 200, NULL, NULL},
    {samples_path, "", NULL, "\xef\xbb\xbf \n" SOME, 200, NULL, NULL},
    {samples_path, "", NULL, "\xef\xbb\xbf\xef\xbb\xbf" SOME, 415, NULL, NULL},
    {samples_path, "", NULL, "{\"samples\":[1],\"b\\u0065t\\u0061\":[{}]}", 400,
     "\"pointer\":\"/beta\"", NULL},
    {samples_path, "", NULL, "{\"a\\/\\ud83d\\ude00\\n\":[tru]}", 400,
     "\"pointer\":\"/a~1\xf0\x9f\x98\x80\\n/0\"", NULL},
    {samples_path, "", "text/csv", "1,2", 415, NULL, "application/json"},
    {samples_path, "", "image/png", NULL, 415, NULL, "application/json"},
    {samples_path, "", FORM, FIELD("samples") "1\r\n--x--\r\n", 415, NULL, "octet-stream"},
    /* empty or broken bodies */
    {image_path, "", NULL, "", 400, NULL, "The image is empty"},
    {image_path, "", "image/png", "no picture", 422, NULL, NULL},
    {image_path, "", "application/x-npy", "no picture", 422, NULL, NULL},
    {image_bins_path, "", NULL, "\x93NUMPY\x01", 422, NULL, NULL},
    {samples_path, "", NULL, "", 400, NULL, "The body is empty"},
    {samples_path, "", "application/json", "", 400, NULL, "The body is empty"},
    {samples_path, "", "application/json", "[1]", 400, "\"pointer\":\"\"", NULL},
    {samples_path, "", "application/json", "{}", 400, NULL, "samples or mixture"},
    {samples_path, "", OCTETS, "12345", 400, NULL, "The body has 5 bytes"},
    {samples_path, "", OCTETS, "\x01\x02\xc0\x7f", 422, NULL, "Sample 0 is not finite"},
    {samples_path, "", OCTETS, "abcd\x01\x01\x80\xff", 422, NULL, "Sample 1 is not finite"},
    {samples_path, "", "application/x-npy", "12345678", 422, NULL, NULL},
    {samples_path, "", NULL, "{\"samples\":[1,1e39]}", 422, "\"pointer\":\"/samples/1\"", NULL},
    /* forms */
    {image_path, "", "multipart/form-data", "x", 400, NULL, "boundary"},
    {image_path, "", FORM, FIELD("image") "x", 400, NULL, NULL},
    {image_path, "", FORM, FIELD("steps") "5\r\n--x--\r\n", 400, "\"parameter\":\"image\"",
     "no file field named image"},
    {image_path, "", FORM, FIELD("image") "a\r\n" FIELD("image") "b\r\n--x--\r\n", 400,
     "\"parameter\":\"image\"", "image is given twice"},
    {image_path, "", FORM, FIELD("image") "\r\n--x--\r\n", 400, NULL, "The image is empty"},
    {image_path, "steps=3", FORM, FIELD("image") "a\r\n" FIELD("steps") "3\r\n--x--\r\n", 400,
     "\"parameter\":\"steps\"", "steps is given twice"},
    {image_path, "", FORM, FIELD("image") "a\r\n" FIELD("other") "3\r\n--x--\r\n", 400,
     "\"parameter\":\"other\"", "Unknown parameter other"},
    /* parameters that the body or the schedule refuses */
    {image_path, "start_step=1&format=npy", NULL, NULL, 400, "\"parameter\":\"start_step\"",
     "as NPY"},
    {samples_path, "start_step=1", NULL, MIXTURE "5}}", 400, "\"parameter\":\"start_step\"",
     "not a mixture"},
    {samples_path, "", NULL, MIXTURE "5},\"start_step\":1}", 400, "\"pointer\":\"/start_step\"",
     "not a mixture"},
    {samples_path, "betas=0.5,1.5", NULL, SOME, 400, "\"parameter\":\"betas\"",
     "Step 2 of the schedule would be 1.5, outside 0..1"},
    {samples_path, "trained_betas=-1e-3", NULL, SOME, 400, "\"parameter\":\"trained_betas\"",
     "Step 1 of the schedule would be -0.001"},
    {samples_path, "schedule=linear&beta_end=2", NULL, SOME, 400, "\"parameter\":\"schedule\"",
     "outside 0..1"},
    {samples_path, "schedule=scaled_linear&beta_start=-1", NULL, SOME, 400,
     "\"parameter\":\"schedule\"", "would be not a finite number"},
    {samples_path, "beta_schedule=cosine&max_beta=1.5", NULL, SOME, 200, NULL, NULL},
    {samples_path, "rescale_zero_snr=true&steps=1", NULL, SOME, 400,
     "\"parameter\":\"rescale_zero_snr\"", "the same at its first and at its last"},
    {samples_path, "steps=0", NULL, "{\"samples\":[1],\"rescale_zero_snr\":true}", 400,
     "\"pointer\":\"/rescale_zero_snr\"", NULL},
    {"/v1/schedule", "rescale_zero_snr=true&beta=0", NULL, NULL, 400,
     "\"parameter\":\"rescale_zero_snr\"", NULL},
    {"/v1/schedule", "betas=7", NULL, NULL, 400, "\"parameter\":\"betas\"", NULL},
    {"/v1/schedule", "seed=7", NULL, NULL, 400, "\"parameter\":\"seed\"",
     "seed is a parameter of /v1/images/frames, /v1/images/histograms, /v1/samples/frames and "
     "/v1/samples/histograms only."},
    {samples_path, "", NULL, "{\"samples\":[1],\"compression\":\"best\"}", 400,
     "\"pointer\":\"/compression\"", "compression is a parameter of /v1/images/frames only."},
    {"/v1", "a=b", NULL, NULL, 400, "\"parameter\":\"a\"", "Unknown parameter a"},
    {"/healthz", "a", NULL, NULL, 400, "\"parameter\":\"a\"", NULL},
    /* limits: 40 pixels, 3 ms */
    {image_path, "layout=strip&steps=1", NULL, NULL, 422, NULL, "A sheet of 2 x 1 frames"},
    {image_path, "layout=grid&frames=0-2", NULL, NULL, 422, NULL, "A sheet of 2 x 2 frames"},
    {image_path, "layout=grid&frames=0", NULL, NULL, 200, NULL, NULL},
    {image_path, "steps=55", NULL, NULL, 200, NULL, NULL},
    {image_path, "steps=1000", NULL, NULL, 422, NULL, "above the limit of 3 ms (max-work); ask"},
    {image_path, "steps=1000&frames=0-55", NULL, NULL, 200, NULL, NULL},
    {image_path, "steps=10000&sampler=jump&frames=1-55", NULL, NULL, 200, NULL, NULL},
    {image_path, "steps=10000&sampler=jump&frames=1-1000", NULL, NULL, 422, NULL, "estimated at "},
    {image_path, "steps=10000&sampler=tree&frames=1-3", NULL, NULL, 200, NULL, NULL},
    {image_path, "steps=10000&sampler=tree", NULL, NULL, 422, NULL, "or send a smaller picture."},
    {image_path, "steps=3000&content=x,noise,velocity", NULL, NULL, 422, NULL, " ms of one "},
    {image_path, "steps=18&content=x,noise,velocity", NULL, NULL, 200, NULL, NULL},
    {image_path, "steps=100&compression=best", NULL, NULL, 422, NULL, "fewer frames or steps"},
    {image_bins_path, "steps=10000", NULL, NULL, 422, NULL, "fewer frames, steps or bins, or send"},
    {samples_path, "", NULL, MIXTURE "120}}", 200, NULL, NULL},
    {samples_path, "", NULL, MIXTURE "121}}", 422, "\"pointer\":\"/mixture/count\"", "at most 120"},
    {samples_path, "", NULL, MIXTURE "0}}", 400, "\"pointer\":\"/mixture/count\"", NULL},
    {samples_path, "steps=10000", NULL, MIXTURE "10}}", 422, NULL, "or for fewer samples."},
    {samples_bins_path, "frames=last", NULL, MIXTURE "100}}", 200, NULL, NULL},
    {samples_bins_path, "bins=4096", NULL, MIXTURE "100}}", 422, NULL,
     "fewer samples or components"},
    {samples_bins_path, "frames=last&bins=4096", NULL, MIXTURE "100}}", 200, NULL, NULL},
    /* what goes with what: no range is too narrow */
    {samples_bins_path, "range=0,1e-320&format=svg", NULL, SOME, 200, NULL, NULL},
    {samples_bins_path, "format=svg", NULL, "{\"samples\":[1],\"range\":[1e16,1e16]}", 200, NULL,
     NULL},
    {samples_bins_path, "range=1e300,1e300&format=svg&layout=grid", NULL, SOME, 200, NULL, NULL},
    {samples_bins_path, "range=1e16,1e16", NULL, SOME, 200, NULL, NULL},
    {samples_bins_path, "range=7,7&format=svg", NULL, SOME, 200, NULL, NULL},
};

static void ask_refusal(const struct refusal *refusal)
{
    struct question question = {.path = refusal->path,
                                .query = refusal->query,
                                .content_type = refusal->type,
                                .text = refusal->text};
    bool pictures = strncmp(refusal->path, "/v1/images", 10) == 0 || refusal->type;
    if (!refusal->text && pictures) {
        question.body = made_bodies[PNG_BODY].data;
        question.size = made_bodies[PNG_BODY].size;
    }
    ask(&server, &question, &answer);
}

static void what_is_refused_and_for_what(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct refusal *refusal = &refusals[i];
        ask_refusal(refusal);
        const char *text = (const char *)answer.bytes;
        if (!answer.complete || answer.status != refusal->status)
            fail_msg("%s?%s: %d %s", refusal->path, refusal->query, answer.status,
                     answer.status == 200 ? "" : text);
        if (answer.status == 200)
            continue;
        assert_true(is_problem(&answer, refusal->status));
        assert_string_equal(header_of(&answer, "Cache-Control"), "no-store");
        bool blames = strstr(text, "\"parameter\":") || strstr(text, "\"pointer\":");
        if (blames != (refusal->culprit != NULL) ||
            (refusal->culprit && !strstr(text, refusal->culprit)) ||
            (refusal->detail && !strstr(text, refusal->detail)))
            fail_msg("%s?%s: %s", refusal->path, refusal->query, text);
        assert_non_null(strstr(text, "\"request_id\":\"id-1\""));
    }
}

static void arrays_that_are_no_images(void **state)
{
    static const struct {
        const char *type;
        uint64_t shape[4];
        size_t dims;
        size_t size; /* of the data */
        const char *detail;
    } cases[] = {
        {"<i4", {2, 2}, 2, 16, "uint8, uint16 or a float"},
        {"|i1", {2, 2}, 2, 4, "uint8, uint16 or a float"},
        {"<u8", {1, 1}, 2, 8, "uint8, uint16 or a float"},
        {"<f4", {4}, 1, 16, "its shape is"},
        {"<f4", {0}, 0, 4, "its shape is"},
        {"<f4", {2, 2, 2}, 3, 32, "its shape is"},
        {"<f4", {2, 1, 1, 3}, 4, 24, "its shape is"},
        {"<f4", {1, 1, 1, 4}, 4, 16, NULL}, /* (1, 4) */
        {"<f4", {0, 5}, 2, 0, "its shape is"},
        {"<f4", {5, 0, 3}, 3, 0, "its shape is"},
        {"<f4", {41, 1}, 2, 164, "1 x 41 pixels; the limit is 40"},
        {"<f4", {1, 41, 3}, 3, 492, "41 x 1 pixels; the limit is 40"},
        {"<f4", {8, 5}, 2, 160, NULL},
    };
    static const uint8_t zeros[512];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct codec_buffer file =
            npy_of(cases[i].type, cases[i].shape, cases[i].dims, zeros, cases[i].size);
        ask_npy(image_path, "frames=1&seed=1", &file);
        codec_buffer_free(&file);
        if (!cases[i].detail)
            assert_true(answer.complete && answer.status == 200);
        else if (!is_problem(&answer, 422) || !strstr((char *)answer.bytes, cases[i].detail))
            fail_msg("case %zu: %d %s", i, answer.status, answer.bytes);
    }
}

static void arrays_are_finite(void **state)
{
    static const uint64_t shape[] = {1, 2}, none[] = {0};
    static const float floats[] = {1, INFINITY};
    static const double doubles[] = {1, 1e39};
    static const uint16_t halves[] = {0x3c00, 0x7e00}; /* a NaN */
    (void)state;
    struct codec_buffer files[] = {npy_of("<f4", shape, 2, floats, sizeof floats),
                                   npy_of("<f8", shape, 2, doubles, sizeof doubles),
                                   npy_of("<f2", shape, 2, halves, sizeof halves)};
    for (size_t i = 0; i < COUNT(files); i++) {
        ask_npy(image_path, "", &files[i]);
        assert_true(is_problem(&answer, 422));
        ask_npy(samples_path, "", &files[i]);
        assert_true(is_problem(&answer, 422));
        assert_non_null(strstr((char *)answer.bytes, "Sample 1 is not finite"));
        codec_buffer_free(&files[i]);
    }
    struct codec_buffer empty = npy_of("<f4", none, 1, NULL, 0);
    ask_npy(samples_path, "", &empty);
    assert_true(is_problem(&answer, 400));
    codec_buffer_free(&empty);
}

/* /readyz says so while the service ends; what is under way goes on. */
static void a_service_that_ends_is_not_ready(void **state)
{
    static const struct question ready = {.path = "/readyz"}, alive = {.path = "/healthz"};
    (void)state;
    api_service_set_ready(server.service, false);
    ask(&server, &ready, &answer);
    assert_true(is_problem(&answer, 503));
    assert_string_equal(header_of(&answer, "Retry-After"), "1");
    ask(&server, &alive, &answer);
    assert_int_equal(answer.status, 200);
    api_service_set_ready(server.service, true);
    ask(&server, &ready, &answer);
    assert_int_equal(answer.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_the_state),
        cmocka_unit_test(a_stack_of_one_is_its_matrix),
        cmocka_unit_test(colours_become_grey),
        cmocka_unit_test(whole_numbers_are_pixels),
        cmocka_unit_test(frame_0_shows_the_pixels),
        cmocka_unit_test(a_run_goes_on),
        cmocka_unit_test(samples_come_in_many_ways),
        cmocka_unit_test(json_is_found_by_its_type_or_its_brace),
        cmocka_unit_test(what_is_refused_and_for_what),
        cmocka_unit_test(arrays_that_are_no_images),
        cmocka_unit_test(arrays_are_finite),
        cmocka_unit_test(a_service_that_ends_is_not_ready),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
