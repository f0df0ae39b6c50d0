/* A request of every endpoint and form, for what must hold of all of them. */
#ifndef TESTS_ASKING_CASES_H
#define TESTS_ASKING_CASES_H

#include "asking.h"
#include "codec/npy.h"
#include "codec/png.h"
#include "judge.h"

/* Bodies that are made when the tests begin. */
enum made_body {
    NO_BODY,
    PNG_BODY,
    JPEG_BODY,
    FORM_BODY,
    STATE_BODY,
    DEEP_BODY,
    RAW_BODY,
    ARRAY_BODY
};

enum { WIDTH = 6, HEIGHT = 5, PIXELS = WIDTH * HEIGHT, SAMPLES = 37 };

struct request_case {
    const char *path;
    const char *query;
    enum made_body body;
    const char *text;
    const char *accept;
    const char *type; /* that of the answer, or how it begins */
    bool zipped;      /* the client takes gzip, and gets it */
};

static const char image_path[] = "/v1/images/frames";
static const char image_bins_path[] = "/v1/images/histograms";
static const char samples_path[] = "/v1/samples/frames";
static const char samples_bins_path[] = "/v1/samples/histograms";

static const char samples_text[] = "{\"samples\":[0.5,-1,2.25,3,0,1e-3,-7],\"seed\":\"5\"}";
static const char mixture_text[] =
    "{\"mixture\":{\"weights\":[2,1],\"means\":[-2,3],\"stds\":[1,0.5],"
    "\"count\":33},\"seed\":5,\"steps\":3}";

#define FRAMES "seed=7&steps=3&"

static const struct request_case request_cases[] = {
    {image_path, FRAMES "frames=2", PNG_BODY, NULL, NULL, "image/png", false},
    {image_path, FRAMES, PNG_BODY, NULL, NULL, "image/png", false},
    {image_path, FRAMES "channels=gray&compression=none", JPEG_BODY, NULL, "image/apng",
     "image/apng", false},
    {image_path, FRAMES "layout=strip&compression=best", PNG_BODY, NULL, NULL, "image/png", false},
    {image_path, FRAMES "layout=grid&sampler=tree", FORM_BODY, NULL, NULL, "image/png", false},
    {image_path, FRAMES "measures=terms", PNG_BODY, NULL, "application/zip", "application/zip",
     false},
    {image_path, FRAMES "sampler=jump", DEEP_BODY, NULL, "multipart/mixed",
     "multipart/mixed; boundary=dissolve-", false},
    {image_path, FRAMES "format=json&measures=terms", PNG_BODY, NULL, NULL, "application/json",
     true},
    {image_path, FRAMES "format=json&schedule=sigmoid", JPEG_BODY, NULL, NULL, "application/json",
     false},
    {image_path, FRAMES "format=npy", PNG_BODY, NULL, NULL, "application/x-npy", false},
    {image_path, FRAMES "format=npy&start_step=1", STATE_BODY, NULL, NULL, "application/x-npy",
     false},
    {image_path, FRAMES "format=npz&content=x,noise,velocity", PNG_BODY, NULL, NULL,
     "application/x-npz", false},
    {image_bins_path, FRAMES "bins=7&measures=terms", PNG_BODY, NULL, NULL, "application/json",
     true},
    {image_bins_path, FRAMES "bins=7&channels=gray&range=-1,1", STATE_BODY, NULL, NULL,
     "application/json", false},
    {image_bins_path, FRAMES "bins=7", DEEP_BODY, NULL, "image/svg+xml", "image/svg+xml", true},
    {image_bins_path, FRAMES "bins=7&layout=grid", PNG_BODY, NULL, "image/svg+xml", "image/svg+xml",
     false},
    {samples_path, "steps=3&measures=terms", NO_BODY, samples_text, NULL, "application/json", true},
    {samples_path, FRAMES "offset=12&betas=0.1,0.2,0.3", RAW_BODY, NULL, NULL, "application/json",
     false},
    {samples_path, "sampler=tree", NO_BODY, mixture_text, NULL, "application/json", false},
    {samples_path, FRAMES "format=npy&content=noise", ARRAY_BODY, NULL, NULL, "application/x-npy",
     false},
    {samples_path, FRAMES "content=velocity,x", RAW_BODY, NULL, NULL, "application/x-npz", false},
    {samples_bins_path, "bins=9", NO_BODY, mixture_text, NULL, "application/json", true},
    {samples_bins_path, FRAMES "bins=9&measures=terms", RAW_BODY, NULL, NULL, "application/json",
     false},
    {samples_bins_path, "bins=9&layout=strip", NO_BODY, mixture_text, "image/svg+xml",
     "image/svg+xml", true},
    {samples_bins_path, FRAMES "bins=9", ARRAY_BODY, NULL, "image/svg+xml", "image/svg+xml", false},
    {"/v1/schedule", "steps=9", NO_BODY, NULL, NULL, "application/json", true},
    {"/v1/schedule", "betas=0.1,0.2,1&rescale_zero_snr=true", NO_BODY, NULL, NULL,
     "application/json", false},
    {"/v1", "", NO_BODY, NULL, NULL, "application/json", false},
    {"/readyz", "", NO_BODY, NULL, NULL, "application/json", false},
};

static struct codec_buffer made_bodies[ARRAY_BODY + 1];

/* A function of the place alone, other for each body. */
static inline uint8_t made_byte(size_t place)
{
    uint32_t mixed = ((uint32_t)place + 1) * 2654435761u;
    return (uint8_t)(mixed >> 24);
}

static inline void append(enum made_body body, const void *bytes, size_t size)
{
    assert_int_equal(codec_buffer_append(&made_bodies[body], bytes, size), DISSOLVE_OK);
}

static inline void make_pictures(void)
{
    static const char script[] = "import io, sys\n"
                                 "from PIL import Image\n"
                                 "out = io.BytesIO()\n"
                                 "Image.open(sys.stdin.buffer).save(out, 'JPEG')\n"
                                 "sys.stdout.buffer.write(out.getvalue())\n";
    static const char head[] = "--x\r\nContent-Disposition: form-data; name=\"image\"; "
                               "filename=\"a\"\r\n\r\n";
    static const char tail[] = "\r\n--x\r\nContent-Disposition: form-data; name=\"beta\"\r\n\r\n"
                               "0.125\r\n--x--\r\n";
    uint8_t pixels[3 * PIXELS], jpeg[4096];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = made_byte(i);
    const struct codec_raster raster = {
        .width = WIDTH, .height = HEIGHT, .channels = 3, .pixels = pixels};
    struct codec_buffer *png = &made_bodies[PNG_BODY];
    assert_int_equal(codec_png_encode(&raster, NULL, png), DISSOLVE_OK);
    append(JPEG_BODY, jpeg, judge(script, png->data, png->size, jpeg, sizeof jpeg));
    append(FORM_BODY, head, strlen(head));
    append(FORM_BODY, png->data, png->size);
    append(FORM_BODY, tail, strlen(tail));
}

static inline void make_arrays(void)
{
    static const uint64_t image[] = {HEIGHT, WIDTH, 3}, samples[] = {SAMPLES};
    float values[3 * PIXELS];
    for (size_t i = 0; i < 3 * PIXELS; i++)
        values[i] = (float)made_byte(i) / 64.0f - 2.0f;
    assert_int_equal(codec_npy_head(image, 3, &made_bodies[STATE_BODY]), DISSOLVE_OK);
    append(STATE_BODY, values, sizeof values);
    assert_int_equal(codec_npy_head(samples, 1, &made_bodies[ARRAY_BODY]), DISSOLVE_OK);
    append(ARRAY_BODY, values, SAMPLES * sizeof *values);
    append(RAW_BODY, values, SAMPLES * sizeof *values);
    /* uint16 has half the bytes, and its name as many letters */
    assert_int_equal(codec_npy_head(image, 2, &made_bodies[DEEP_BODY]), DISSOLVE_OK);
    struct codec_buffer *head = &made_bodies[DEEP_BODY];
    char *type = memmem(head->data, head->size, "<f4", 3);
    assert_non_null(type);
    memcpy(type, "<u2", 3);
    append(DEEP_BODY, values, PIXELS * 2);
}

static inline int make_bodies(void **state)
{
    (void)state;
    make_pictures();
    make_arrays();
    return 0;
}

static inline int free_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(made_bodies); i++)
        codec_buffer_free(&made_bodies[i]);
    return 0;
}

static const struct api_limits wide_limits = {
    .max_body = 1 << 20, .max_pixels = 1 << 20, .max_work = 1 << 30};

/* Without gzip, whatever the case says, if `plain`. */
static inline struct question question_of(const struct request_case *request, bool plain)
{
    const struct codec_buffer *made = &made_bodies[request->body];
    struct question question = {.path = request->path,
                                .query = request->query,
                                .text = request->text,
                                .accept = request->accept};
    if (request->zipped && !plain)
        question.accept_encoding = "gzip";
    if (request->body != NO_BODY) {
        question.body = made->data;
        question.size = made->size;
    }
    if (request->body == FORM_BODY)
        question.content_type = "multipart/form-data; boundary=x";
    if (request->body == RAW_BODY)
        question.content_type = "application/octet-stream";
    return question;
}

#endif
