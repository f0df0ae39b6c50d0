/* The memory that is reserved for a request, against what it allocates. */
#include "api/api.h"
#include "api/memory.h"

#include <stdlib.h>
#include <string.h>

#include "asking.h"
#include "counting_malloc.h"
#include "judge.h"

/* The pipe is not here: the sink takes all at once. */
enum { BODY_ROOM = 24 << 20, PIPE_AND_MORE = 6 << 20 };

/* Writes the file that its input names; pictures of 600 x 400. */
static const char make_file[] =
    "import io, json, struct, sys, zlib\n"
    "import numpy as np\n"
    "from PIL import Image\n"
    "name = sys.stdin.read()\n"
    "y, x = np.mgrid[0:400, 0:600]\n"
    "photo = np.stack([x // 3 % 256, y // 2 % 256, (x + y) // 5 % 256], -1).astype(np.uint8)\n"
    "noise = np.random.default_rng(1).integers(0, 256, photo.shape, dtype=np.uint8)\n"
    "out = io.BytesIO()\n"
    "def chunk(kind, data):\n"
    "    return (struct.pack('>I', len(data)) + kind + data\n"
    "            + struct.pack('>I', zlib.crc32(kind + data)))\n"
    "def deep(pixels, colour):\n"
    "    rows = b''.join(b'\\0' + row.astype('>u2').tobytes() for row in pixels)\n"
    "    out.write(b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack(\n"
    "        '>IIBBBBB', 600, 400, 16, colour, 0, 0, 0))\n"
    "        + chunk(b'IDAT', zlib.compress(rows, 1)) + chunk(b'IEND', b''))\n"
    "if name.endswith('.png'):\n"
    "    {'photo.png': lambda: Image.fromarray(photo).save(out, 'PNG'),\n"
    "     'noise.png': lambda: Image.fromarray(noise).save(out, 'PNG'),\n"
    "     'small.png': lambda: Image.fromarray(noise[:32, :32]).save(out, 'PNG'),\n"
    "     'gray.png': lambda: Image.fromarray(photo[:, :, 0]).save(out, 'PNG'),\n"
    "     'palette.png': lambda: Image.fromarray(photo).convert('P').save(out, 'PNG'),\n"
    "     'deep.png': lambda: deep(photo.astype(np.uint16) * 257, 2),\n"
    "     'alpha.png': lambda: deep(np.dstack([photo, photo[:, :, :1]]) * 257.0, 6),\n"
    "    }[name]()\n"
    "elif name.endswith('.jpg'):\n"
    "    exif = Image.Exif()\n"
    "    if 'turned' in name: exif[0x112] = 6\n"
    "    picture = Image.fromarray(photo)\n"
    "    if 'cmyk' in name: picture = picture.convert('CMYK')\n"
    "    picture.save(out, 'JPEG', subsampling=0, progressive='progressive' in name,\n"
    "                 exif=exif.tobytes())\n"
    "elif name.endswith('.npy'):\n"
    "    array = noise.ravel() if 'samples' in name else photo\n"
    "    np.save(out, array.astype(name.split('.')[0].split('-')[-1]))\n"
    "elif name == 'samples':\n"
    "    out.write(np.random.default_rng(2).standard_normal(1500000).astype('<f4').tobytes())\n"
    "elif name == 'numbers.json':\n"
    "    values = np.random.default_rng(3).standard_normal(200000).tolist()\n"
    "    out.write(json.dumps({'samples': values}).encode())\n"
    "elif name == 'ones.json':\n"
    "    out.write(b'{\"samples\":[' + b','.join([b'1'] * 1100000) + b']}')\n"
    "elif name == 'betas.json':\n"
    "    out.write(b'{\"samples\":[1],\"betas\":[' + b','.join([b'1'] * 500000) + b']}')\n"
    "else:\n"
    "    count = int(name)\n"
    "    out.write(json.dumps({'mixture': {'weights': [1, 2], 'means': [-2, 2],\n"
    "                          'stds': [1, 0.5], 'count': count}}).encode())\n"
    "sys.stdout.buffer.write(out.getvalue())\n";

#define FRAMES     "/v1/images/frames"
#define HISTOGRAMS "/v1/images/histograms"
#define SAMPLES    "/v1/samples/frames"
#define BINS       "/v1/samples/histograms"

/*
 * At most 1.6 times as much is reserved, and some MiB, unless it is said that the contents decide:
 * text that is shorter than it may be, what is beside samples in JSON, pictures of few rows.
 */
static const struct {
    const char *path;
    const char *query;
    const char *file;
    double most; /* 0: 1.6 */
    bool zipped;
} cases[] = {
    {FRAMES, "steps=20", "photo.png", 0, false},
    {FRAMES, "steps=20", "noise.png", 0, false},
    {FRAMES, "steps=20", "gray.png", 0, false},
    {FRAMES, "steps=20&channels=gray", "palette.png", 0, false},
    {FRAMES, "steps=20&frames=20", "deep.png", 0, false},
    {FRAMES, "steps=1&frames=0&channels=gray&format=npy", "deep.png", 1.8, false},
    {FRAMES, "steps=1&frames=0&channels=gray&format=npy", "alpha.png", 1.8, false},
    {FRAMES, "steps=20&compression=best", "photo.png", 0, false},
    {FRAMES, "steps=20&compression=none", "photo.png", 0, false},
    {FRAMES, "steps=20&format=zip", "photo.png", 0, false},
    {FRAMES, "steps=20&format=zip&measures=terms", "noise.png", 0, false},
    {FRAMES, "steps=20&format=multipart", "photo.png", 0, false},
    {FRAMES, "steps=20&format=json", "photo.png", 0, false},
    {FRAMES, "steps=20&format=json", "photo.png", 0, true},
    {FRAMES, "steps=20&format=npy", "photo.png", 0, false},
    {FRAMES, "steps=20&format=npy&sampler=jump", "photo.png", 0, false},
    {FRAMES, "steps=20&format=npy&sampler=tree", "photo.png", 0, false},
    {FRAMES, "steps=20&content=x,noise,velocity", "photo.png", 0, false},
    {FRAMES, "steps=20&layout=strip", "photo.png", 2, false},
    {FRAMES, "steps=20&layout=grid&compression=best", "photo.png", 2, false},
    {FRAMES, "steps=1000", "small.png", 2.5, false},
    {FRAMES, "steps=1000&format=zip", "small.png", 0, false},
    {FRAMES, "steps=1000&format=npy", "small.png", 0, false},
    {FRAMES, "steps=1&frames=1&channels=gray", "plain.jpg", 0, false},
    {FRAMES, "steps=1&frames=1&channels=gray", "turned.jpg", 0, false},
    {FRAMES, "steps=1&frames=1&channels=gray", "progressive.jpg", 0, false},
    {FRAMES, "steps=1&frames=1&channels=gray", "progressive-cmyk-turned.jpg", 0, false},
    {FRAMES, "steps=20", "uint8.npy", 0, false},
    {FRAMES, "steps=20", "uint16.npy", 0, false},
    {FRAMES, "steps=1&frames=1&channels=gray", "uint16.npy", 0, false},
    {FRAMES, "steps=20", "float32.npy", 0, false},
    {FRAMES, "steps=20", "float64.npy", 0, false},
    {HISTOGRAMS, "steps=20", "photo.png", 0, false},
    {HISTOGRAMS, "steps=20&bins=4096&measures=terms", "photo.png", 0, true},
    {HISTOGRAMS, "steps=20&format=svg", "deep.png", 0, false},
    {HISTOGRAMS, "steps=1000&bins=4096", "small.png", 2.5, false},
    {HISTOGRAMS, "steps=1000&bins=4096&format=svg", "small.png", 4, false},
    {SAMPLES, "steps=20", "samples", 0, false},
    {SAMPLES, "steps=20&format=npy", "samples", 0, false},
    {SAMPLES, "steps=20", "samples-float64.npy", 0, false},
    {SAMPLES, "steps=20", "numbers.json", 2.5, true},
    {SAMPLES, "steps=20&frames=20&format=npy", "ones.json", 7, false},
    {SAMPLES, "steps=20", "betas.json", 1.6, false},
    {SAMPLES, "steps=20", "1500000", 0, false},
    {BINS, "steps=20", "1500000", 0, false},
    {BINS, "steps=1000&bins=4096", "1", 2.5, true},
    {BINS, "steps=1000&bins=4096&format=svg", "1", 5, false},
};

struct sink {
    uint64_t reserved; /* the most */
    int status;
};

static void start(void *context, int status, const struct api_field *headers, size_t count)
{
    struct sink *sink = context;
    (void)headers, (void)count;
    sink->status = status;
}

static bool discard(void *context, const void *bytes, size_t size)
{
    (void)context, (void)bytes, (void)size;
    return true;
}

static void flush(void *context)
{
    (void)context;
}

static bool reserve(void *context, uint64_t bytes)
{
    struct sink *sink = context;
    sink->reserved = bytes > sink->reserved ? bytes : sink->reserved;
    return true;
}

/* Returns the most bytes that were allocated at a time. */
static long peak_of(const struct server *server, const struct api_route *route,
                    const struct api_request *request, struct sink *sink)
{
    const struct api_reply reply = {
        .context = sink, .start = start, .write = discard, .flush = flush, .reserve = reserve};
    struct api_timing timing = {0};
    struct dissolve_job *job;
    assert_int_equal(dissolve_job_create(server->pool, &job), DISSOLVE_OK);
    long before = atomic_load(&bytes_now);
    reset_peak();
    struct api_call *call = api_call_create(server->service, route, request, job, &reply, &timing);
    assert_non_null(call);
    assert_int_equal(api_call_continue(call), API_COMPLETE);
    api_call_destroy(call);
    long peak = atomic_load(&bytes_peak) - before;
    dissolve_job_destroy(job);
    return peak;
}

static const char *type_of(const char *file)
{
    return strstr(file, ".png")   ? "image/png"
           : strstr(file, ".jpg") ? "image/jpeg"
           : strstr(file, ".npy") ? "application/x-npy"
           : file[0] == 's'       ? "application/octet-stream"
                                  : "application/json";
}

static void check_case(const struct server *server, size_t i, const uint8_t *body, size_t size)
{
    char room[QUERY_ROOM], query[QUERY_ROOM];
    struct api_field fields[QUERY_FIELDS];
    const struct api_route *route;
    const char *allow;
    const char *file = cases[i].file;
    snprintf(query, sizeof query, "seed=1&%s", cases[i].query);
    struct sink sink = {0};
    const struct api_request request = {.id = "x",
                                        .content_type = type_of(file),
                                        .accept_encoding = cases[i].zipped ? "gzip" : NULL,
                                        .query = fields,
                                        .query_count = query_split(query, room, fields),
                                        .body = body,
                                        .body_size = size};
    assert_int_equal(api_find_route("POST", cases[i].path, &route, &allow), API_MATCH);
    double peak = (double)peak_of(server, route, &request, &sink);
    double reserved = (double)sink.reserved;
    double most = cases[i].most > 0 ? cases[i].most : 1.6;
    if (peak > reserved || reserved > most * peak + PIPE_AND_MORE)
        fail_msg("%s?%s of %s: %.0f bytes, %.0f reserved (%.2f)", cases[i].path, query, file, peak,
                 reserved, reserved / peak);
    bool refused = strcmp(file, "betas.json") == 0;
    assert_int_equal(sink.status, refused ? 400 : 200);
}

static void enough_is_reserved_and_not_much_more(void **state)
{
    const struct api_limits limits = {
        .max_body = 1 << 30, .max_pixels = 1 << 30, .max_work = UINT64_C(1) << 62};
    static uint8_t body[BODY_ROOM];
    size_t size = 0;
    struct server one, four;
    (void)state;
    server_open(&one, 1, &limits);
    server_open(&four, 4, &limits);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *file = cases[i].file;
        if (i == 0 || strcmp(file, cases[i - 1].file) != 0)
            size = judge(make_file, file, strlen(file), body, BODY_ROOM);
        check_case(&one, i, body, size);
        check_case(&four, i, body, size);
    }
    server_close(&one);
    server_close(&four);
}

static void what_never_fits_is_refused(void **state)
{
    static const char text[] =
        "{\"mixture\":{\"weights\":[1],\"means\":[0],\"stds\":[1],\"count\":1000000}}";
    const struct api_limits limits = {.max_body = 1 << 20,
                                      .max_pixels = 1 << 20,
                                      .max_work = UINT64_C(1) << 40,
                                      .max_memory = 8 << 20};
    static struct answer answer;
    struct server server;
    (void)state;
    server_open(&server, 1, &limits);
    ask(&server, &(struct question){.path = SAMPLES, .text = text}, &answer);
    assert_int_equal(answer.status, 422);
    assert_non_null(strstr((char *)answer.bytes, "above the limit of 8 MiB"));
    ask(&server, &(struct question){.path = SAMPLES, .text = "{\"samples\":[1]}"}, &answer);
    assert_int_equal(answer.status, 200);
    server_close(&server);
}

static void it_grows_and_saturates(void **state)
{
    struct api_footprint footprint = {.format = API_FORMAT_NPY,
                                      .state = true,
                                      .windows = 3,
                                      .window_frames = 1,
                                      .frames = 3,
                                      .channels = 1};
    uint64_t last = 0;
    (void)state;
    for (uint64_t n = 1; n < UINT64_C(1) << 58; n *= 3) {
        footprint.elements = n;
        uint64_t estimate = api_memory_estimate(&footprint);
        assert_true(estimate > last && estimate > n);
        last = estimate;
    }
    footprint.elements = UINT64_MAX;
    assert_true(api_memory_estimate(&footprint) == UINT64_MAX);
    assert_true(api_memory_of_json(UINT64_MAX) > UINT64_MAX / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enough_is_reserved_and_not_much_more),
        cmocka_unit_test(what_never_fits_is_refused),
        cmocka_unit_test(it_grows_and_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
