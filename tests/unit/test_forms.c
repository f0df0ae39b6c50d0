/* Which form an answer takes, and that all forms of one run say the same: Python is the judge. */
#include "asking_cases.h"

static struct server server;
static struct answer answer;

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

/* A point, and two peaks so narrow that their entropy would take more than 10^7 points. */
#define POINT_TEXT "{\"mixture\":{\"weights\":[1],\"means\":[0.5],\"stds\":[0],\"count\":50}}"
#define NARROW_TEXT \
    "{\"mixture\":{\"weights\":[1,3],\"means\":[-4,4],\"stds\":[1e-9,1],\"count\":50}}"
#define SAMPLES_TEXT "{\"samples\":[0.5,-1,2.25,3,0,1e-3,-7]}"

static struct question question_to(const char *path, const char *query)
{
    struct question question = {.path = path, .query = query, .text = SAMPLES_TEXT};
    if (strncmp(path, "/v1/images", 10) == 0) {
        question.text = NULL;
        question.body = made_bodies[PNG_BODY].data;
        question.size = made_bodies[PNG_BODY].size;
    } else if (strncmp(path, "/v1/samples", 11) != 0) {
        question.text = NULL;
    }
    return question;
}

/* ---- The choice ---- */

struct choice {
    const char *path;
    const char *query;
    const char *accept;
    int status;
    const char *said; /* the type, or who is blamed, or a part of the detail */
};

static const struct choice choices[] = {
    {image_path, "", NULL, 200, "image/png"},
    {image_path, "", "*/*", 200, "image/png"},
    {image_path, "", "image/apng, image/png;q=0.5", 200, "image/apng"},
    {image_path, "", "application/json", 200, "application/json"},
    {image_path, "", "application/*", 200, "application/zip"},
    {image_path, "", "application/x-npz", 200, "application/x-npz"},
    {image_path, "format=zip", "image/png", 200, "application/zip"},
    {image_path, "format=json", "text/html", 200, "application/json"},
    {image_path, "", "text/html", 406,
     "This answer is offered as image/png, image/apng, application/zip, multipart/mixed, "
     "application/json, application/x-npy and application/x-npz"},
    {image_path, "", "image/svg+xml", 406, "application/x-npz"},
    {image_bins_path, "", "image/*", 200, "image/svg+xml"},
    {image_bins_path, "", NULL, 200, "application/json"},
    {image_bins_path, "", "image/png", 406, "application/json and image/svg+xml"},
    {samples_path, "", NULL, 200, "application/json"},
    {samples_path, "", "image/png", 406, "application/json, application/x-npy and"},
    {samples_bins_path, "format=svg", "application/json", 200, "image/svg+xml"},
    {"/v1/schedule", "", "text/html", 406, "application/json"},
    {"/v1/schedule", "format=json", "text/html", 200, "application/json"},
    /* content */
    {image_path, "content=noise", NULL, 200, "application/x-npy"},
    {image_path, "content=x", NULL, 200, "image/png"},
    {image_path, "content=x,noise", NULL, 200, "application/x-npz"},
    {image_path, "content=x,noise&format=npy", NULL, 200, "application/x-npz"},
    {image_path, "content=noise&format=npz", NULL, 200, "application/x-npz"},
    {image_path, "content=noise", "application/x-npz", 200, "application/x-npz"},
    {image_path, "content=x,noise", "application/x-npy", 406, "offered as application/x-npz"},
    {image_path, "content=noise", "image/png", 400, "\"parameter\":\"content\""},
    {image_path, "content=noise", "text/html", 406, "application/x-npy and application/x-npz"},
    {image_path, "content=noise&format=png", NULL, 400, "\"parameter\":\"content\""},
    {samples_path, "content=velocity&format=json", NULL, 400, "\"parameter\":\"content\""},
    /* measures */
    {image_path, "measures=terms", NULL, 200, "application/zip"},
    {image_path, "measures=terms", "application/json", 200, "application/json"},
    {image_path, "measures=terms", "image/png", 400, "\"parameter\":\"measures\""},
    {image_path, "measures=terms", "text/html", 406, "application/zip and application/json"},
    {image_path, "measures=terms&format=png", NULL, 400, "\"parameter\":\"measures\""},
    {image_path, "measures=terms&format=multipart", NULL, 400, "\"parameter\":\"measures\""},
    {samples_path, "measures=terms&format=npy", NULL, 400, "\"parameter\":\"measures\""},
    {samples_bins_path, "measures=terms&format=svg", NULL, 400, "\"parameter\":\"measures\""},
    {samples_path, "measures=terms&sampler=jump", NULL, 400, "\"parameter\":\"measures\""},
    {samples_path, "measures=terms&sampler=tree", NULL, 400, "\"parameter\":\"measures\""},
    {image_path, "measures=terms&content=noise", NULL, 400, "\"parameter\":\"measures\""},
    {image_path, "measures=terms&layout=grid", NULL, 400, "\"parameter\":\"measures\""},
    /* layout */
    {image_path, "layout=strip", "image/apng", 406, "offered as image/png"},
    {image_path, "layout=strip", "image/apng, */*;q=0.1", 200, "image/png"},
    {image_path, "layout=grid&format=png", NULL, 200, "image/png"},
    {image_path, "layout=grid&format=zip", NULL, 400, "\"parameter\":\"layout\""},
    {image_path, "layout=strip&content=noise", NULL, 400, "\"parameter\":\"layout\""},
    {image_path, "layout=animation&format=zip", NULL, 200, "application/zip"},
    {samples_bins_path, "layout=grid", NULL, 200, "image/svg+xml"},
    {samples_bins_path, "layout=grid", "application/json", 400, "\"parameter\":\"layout\""},
    {samples_bins_path, "layout=grid", "text/html", 406, "offered as image/svg+xml"},
    {samples_bins_path, "layout=strip&format=json", NULL, 400, "\"parameter\":\"layout\""},
};

static void the_form_is_chosen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(choices); i++) {
        struct question question = question_to(choices[i].path, choices[i].query);
        question.accept = choices[i].accept;
        ask(&server, &question, &answer);
        const char *said =
            answer.status == 200 ? header_of(&answer, "Content-Type") : (const char *)answer.bytes;
        bool fits = answer.status == 200 ? strcmp(said, choices[i].said) == 0
                                         : strstr(said, choices[i].said) != NULL;
        if (!answer.complete || answer.status != choices[i].status || !fits)
            fail_msg("%s?%s, %s: %d %s", choices[i].path, choices[i].query, choices[i].accept,
                     answer.status, said);
    }
}

/* ---- The same run in all forms ---- */

/* Puts an answer behind the others: type and size before its bytes. */
static void collect_answer(struct codec_buffer *all, const struct question *question)
{
    char head[200];
    ask(&server, question, &answer);
    if (!answer.complete || answer.status != 200)
        fail_msg("%s?%s: %d %s", question->path, question->query, answer.status, answer.bytes);
    int length =
        snprintf(head, sizeof head, "%s\n%zu\n", header_of(&answer, "Content-Type"), answer.size);
    assert_int_equal(codec_buffer_append(all, head, (size_t)length), DISSOLVE_OK);
    assert_int_equal(codec_buffer_append(all, answer.bytes, answer.size), DISSOLVE_OK);
}

static void collect(struct codec_buffer *all, const char *path, const char *query)
{
    const struct question question = question_to(path, query);
    collect_answer(all, &question);
}

static void judge_all(const char *script, struct codec_buffer *all)
{
    char whole[12000], nothing[1];
    int length = snprintf(whole, sizeof whole,
                          "import base64, email, io, json, math, sys, zipfile\n"
                          "import numpy\n"
                          "from PIL import Image, ImageSequence\n"
                          "source = sys.stdin.buffer\n"
                          "answers = []\n"
                          "for line in source:\n"
                          "    size = int(source.readline())\n"
                          "    answers.append((line.decode().strip(), source.read(size)))\n"
                          "def picture(data):\n"
                          "    return numpy.array(Image.open(io.BytesIO(data)))\n"
                          "%s",
                          script);
    assert_in_range(length, 1, sizeof whole - 1);
    judge(whole, all->data, all->size, nothing, sizeof nothing);
    codec_buffer_free(all);
}

#define RUN "seed=7&steps=5&frames=0,2-5&"

static void pictures_are_the_same_in_all_forms(void **state)
{
    static const char *const queries[] = {
        RUN "format=npy",
        RUN "format=png",
        RUN "format=zip&measures=terms",
        RUN "format=multipart",
        RUN "format=json&measures=terms",
        RUN "layout=strip",
        RUN "layout=grid",
        RUN "compression=best",
        RUN "compression=none&delay=0",
    };
    static const char script[] =
        "states = numpy.load(io.BytesIO(answers[0][1]))\n"
        "assert states.shape == (5, 5, 6, 3) and states.dtype == numpy.dtype('<f4')\n"
        "v = (states + numpy.float32(1)) / numpy.float32(2)\n"
        "frames = (numpy.clip(v, 0, 1) * numpy.float32(255)).astype('uint8')\n"
        "def animation(data):\n"
        "    image = Image.open(io.BytesIO(data))\n"
        "    return [numpy.array(f.convert('RGB')) for f in ImageSequence.Iterator(image)]\n"
        "def check(pictures):\n"
        "    assert len(pictures) == 5\n"
        "    assert all((a == b).all() for a, b in zip(pictures[1:], frames[1:]))\n"
        "    assert (abs(pictures[0].astype(int) - frames[0]) <= 1).all()\n" /* truncated once */
        "for k in (1, 7, 8):\n"
        "    check(animation(answers[k][1]))\n"
        "archive = zipfile.ZipFile(io.BytesIO(answers[2][1]))\n"
        "names = archive.namelist()\n"
        "assert names == [f'frame-{t:04}.png' for t in (0, 2, 3, 4, 5)] + ['manifest.json']\n"
        "assert archive.testzip() is None\n"
        "check([picture(archive.read(name)) for name in names[:-1]])\n"
        "kind, data = answers[3]\n"
        "mail = email.message_from_bytes(b'Content-Type: ' + kind.encode() + b'\\r\\n\\r\\n' + "
        "data)\n"
        "assert [p['Dissolve-Step'] for p in mail.get_payload()] == ['0', '2', '3', '4', '5']\n"
        "parts = data.split(b'\\r\\n--' + kind.split('=')[1].encode())\n"
        "assert parts[-1] == b'--\\r\\n' and len(parts) == 6\n"
        "bodies = [part.split(b'\\r\\n\\r\\n', 1)[1] for part in parts[:-1]]\n"
        "assert [p['Content-Length'] for p in mail.get_payload()] == [str(len(b)) for b in "
        "bodies]\n"
        "check([picture(body) for body in bodies])\n"
        "document = json.loads(answers[4][1])\n"
        "check([picture(base64.b64decode(f['png'])) for f in document['frames']])\n"
        "strip = picture(answers[5][1])\n"
        "check([strip[:, 6 * k:6 * k + 6] for k in range(5)])\n"
        "grid = picture(answers[6][1])\n"
        "assert grid.shape == (10, 18, 3)\n"
        "cells = [grid[y:y + 5, x:x + 6] for y in (0, 5) for x in (0, 6, 12)]\n"
        "check(cells[:5])\n"
        "assert (cells[5] == 255).all()\n"
        "manifest = json.loads(archive.read('manifest.json'))\n"
        "assert manifest['betas'] == [0.25] * 5\n"
        "assert [f.pop('file') for f in manifest['frames']] == names[:-1]\n"
        "for f in document['frames']:\n"
        "    del f['png']\n"
        "assert manifest['frames'] == document['frames']\n"
        "assert manifest['width'] == 6 and manifest['height'] == 5 and manifest['channels'] == 3\n"
        "for f, x in zip(document['frames'], states.astype('f8')):\n"
        "    assert abs(f['mean'] - x.mean()) < 1e-12 and abs(f['std'] - x.std()) < 1e-12\n"
        "    assert f['clipped'] == (abs(x) > 1).mean()\n"
        "    assert f['beta'] == (0.25 if f['t'] else None)\n"
        "    assert abs(f['alpha_bar'] - .75 ** f['t']) < 1e-15\n"
        "    assert (f['terms'] is None) == (f['t'] == 0)\n"
        "rms = lambda x: math.sqrt((x ** 2).mean())\n"
        "x = states.astype('f8')\n"
        "for k in (2, 3, 4):\n" /* where the frame before was asked for, too */
        "    terms = document['frames'][k]['terms']\n"
        "    moved = (math.sqrt(.75) - 1) * x[k - 1]\n"
        "    assert abs(terms['deterministic'] - rms(moved)) < 1e-9\n"
        "    assert abs(terms['stochastic'] - rms(x[k] - x[k - 1] - moved)) < 1e-6\n";
    struct codec_buffer all = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(queries); i++)
        collect(&all, image_path, queries[i]);
    judge_all(script, &all);
}

static void samples_are_the_same_in_all_forms(void **state)
{
    static const char *const queries[] = {
        RUN "format=npy",       RUN "format=json&measures=terms", RUN "content=x,noise,velocity",
        RUN "content=velocity", RUN "content=noise&format=npz",   RUN "offset=4",
    };
    static const char script[] =
        "x = numpy.load(io.BytesIO(answers[0][1]))\n"
        "document = json.loads(answers[1][1])\n"
        "assert x.shape == (5, 7)\n"
        "assert (numpy.array([f['samples'] for f in document['frames']], 'f4') == x).all()\n"
        "arrays = numpy.load(io.BytesIO(answers[2][1]))\n"
        "assert arrays.files == ['x', 'noise', 'velocity']\n"
        "assert (arrays['x'] == x).all()\n"
        "assert (numpy.load(io.BytesIO(answers[3][1])) == arrays['velocity']).all()\n"
        "one = numpy.load(io.BytesIO(answers[4][1]))\n"
        "assert one.files == ['noise'] and (one['noise'] == arrays['noise']).all()\n"
        "assert (arrays['noise'][0] == 0).all()\n"
        "for k, t in enumerate((0, 2, 3, 4, 5)):\n"
        "    a, s = math.sqrt(.5 ** t), math.sqrt(1 - .5 ** t)\n"
        "    noise = arrays['noise'][k].astype('f8')\n"
        "    assert (abs(a * x[0] + s * noise - x[k]) < 2e-6).all()\n"
        "    assert (abs(a * noise - s * x[0] - arrays['velocity'][k]) < 2e-6).all()\n"
        "for f, row in zip(document['frames'], x.astype('f8')):\n"
        "    assert abs(f['mean'] - row.mean()) < 1e-12 and abs(f['std'] - row.std()) < 1e-12\n"
        "shifted = json.loads(answers[5][1])\n"
        "assert document['offset'] == 0 and shifted['offset'] == 4\n"
        "first, later = document['frames'][4]['samples'], shifted['frames'][4]['samples']\n"
        "assert first != later and document['noise_version'] == 1\n";
    struct codec_buffer all = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(queries); i++)
        collect(&all, samples_path, queries[i]);
    judge_all(script, &all);
}

static void histograms_are_numpy_s(void **state)
{
    static const char script[] =
        "x = numpy.load(io.BytesIO(answers[0][1])).astype('f8')\n"
        "pixels = numpy.load(io.BytesIO(answers[3][1])).astype('f8')\n"
        "grey = numpy.load(io.BytesIO(answers[6][1])).astype('f8')\n"
        "def check(h, values, span):\n"
        "    counts, edges = numpy.histogram(values, 9, span)\n"
        "    assert h['counts'] == counts.tolist() and h['edges'] == edges.tolist()\n"
        "    assert h['outside'] == values.size - counts.sum()\n"
        "    density = counts / numpy.diff(edges) / counts.sum()\n"
        "    assert numpy.allclose(h['density'], density, rtol=1e-12, atol=0)\n"
        "    assert abs(h['mean'] - values.mean()) < 1e-12 and abs(h['std'] - values.std()) < "
        "1e-12\n"
        "for k, span in ((1, None), (2, (-1, 1.5))):\n"
        "    document = json.loads(answers[k][1])\n"
        "    assert document['bins'] == 9 and len(document['frames']) == 5\n"
        "    for f, row in zip(document['frames'], x):\n"
        "        check(f, row, span)\n"
        "for k, span in ((4, None), (5, (-1, 1.5))):\n"
        "    document = json.loads(answers[k][1])\n"
        "    assert document['width'] == 6 and document['channels'] == 3\n"
        "    for f, frame in zip(document['frames'], pixels):\n"
        "        assert [c['channel'] for c in f['channels']] == ['r', 'g', 'b']\n"
        "        for c, h in enumerate(f['channels']):\n"
        "            check(h, frame[..., c].ravel(), span)\n"
        "document = json.loads(answers[7][1])\n"
        "for f, frame in zip(document['frames'], grey):\n"
        "    assert [c['channel'] for c in f['channels']] == ['gray']\n"
        "    check(f['channels'][0], frame.ravel(), None)\n";
    struct codec_buffer all = {0};
    (void)state;
    collect(&all, samples_path, RUN "format=npy");
    collect(&all, samples_bins_path, RUN "bins=9");
    collect(&all, samples_bins_path, RUN "bins=9&range=-1,1.5");
    collect(&all, image_path, RUN "format=npy");
    collect(&all, image_bins_path, RUN "bins=9");
    collect(&all, image_bins_path, RUN "bins=9&range=-1,1.5");
    collect(&all, image_path, RUN "format=npy&channels=gray");
    collect(&all, image_bins_path, RUN "bins=9&channels=gray");
    judge_all(script, &all);
}

/* The lesson's formulas, once more. */
static void a_schedule_is_a_table(void **state)
{
    static const char script[] =
        "t = numpy.arange(1, 1001)\n"
        "betas = numpy.linspace(1e-4, 0.02, 1000)\n"
        "bars = numpy.cumprod(1 - betas)\n"
        "table = json.loads(answers[0][1])\n"
        "expected = {'t': t, 'betas': betas, 'alphas': 1 - betas, 'alphas_cumprod': bars,\n"
        "            'sqrt_alphas_cumprod': numpy.sqrt(bars),\n"
        "            'sqrt_one_minus_alphas_cumprod': numpy.sqrt(1 - bars),\n"
        "            'snr': bars / (1 - bars), 'log_snr': numpy.log(bars / (1 - bars)),\n"
        "            'drift': -betas / 2, 'diffusion': numpy.sqrt(betas)}\n"
        "for name, values in expected.items():\n"
        "    assert numpy.allclose(table[name], values, rtol=1e-11, atol=1e-12), name\n"
        "kl = -numpy.log1p(-bars) / 2\n"
        "crossings = {'snr_1': int(t[bars <= 0.5][0]), 'kl_0.01': int(t[kl <= 0.01][0])}\n"
        "assert table['crossings'] == crossings, (table['crossings'], crossings)\n"
        "assert table['schedule'] == 'linear' and table['beta_end'] == 0.02\n"
        "flat, ends, none = (json.loads(data) for kind, data in answers[1:])\n"
        "assert flat['snr'] == [None] * 3 and flat['log_snr'] == [None] * 3\n"
        "assert flat['crossings'] == {'snr_1': None, 'kl_0.01': None}\n"
        "assert flat['schedule'] == 'constant' and flat['beta'] == 0\n"
        "assert [str(d) for d in flat['drift']] == ['0'] * 3\n"
        "assert ends['schedule'] == 'custom' and ends['betas'] == [0.5, 1, 0.5]\n"
        "assert ends['snr'] == [1, 0, 0] and ends['log_snr'] == [0, None, None]\n"
        "assert ends['crossings'] == {'snr_1': 1, 'kl_0.01': 2}\n"
        "assert none['t'] == [] and none['betas'] == [] and none['crossings']['snr_1'] is None\n";
    struct codec_buffer all = {0};
    (void)state;
    collect(&all, "/v1/schedule", "schedule=linear&steps=1000");
    collect(&all, "/v1/schedule", "beta=0&steps=3");
    collect(&all, "/v1/schedule", "betas=0.5,1,0.5");
    collect(&all, "/v1/schedule", "steps=0");
    judge_all(script, &all);
}

static void exact_measures_may_be_null(void **state)
{
    static const char script[] =
        "point, narrow, svg = (data for kind, data in answers)\n"
        "first, last = (f['exact'] for f in json.loads(point)['frames'])\n"
        "assert first['density'] is None and first['entropy'] is None and first['kl'] is None\n"
        "assert first['mean'] == 0.5 and first['std'] == 0\n"
        "v = 1 - 0.5 ** 3\n"
        "assert abs(last['entropy'] - math.log(2 * math.pi * math.e * v) / 2) < 1e-8\n"
        "assert len(last['density']) == 5\n"
        "first, last = (f['exact'] for f in json.loads(narrow)['frames'])\n"
        "assert first['entropy'] is None and first['kl'] is None and len(first['density']) == 5\n"
        "assert first['mean'] == 2 and last['kl'] > 0\n"
        "assert b'<svg' in svg\n";
    static const char *const queries[] = {"", "", "&format=svg"};
    static const char *const texts[] = {POINT_TEXT, NARROW_TEXT, POINT_TEXT};
    struct codec_buffer all = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        char query[100];
        snprintf(query, sizeof query, "seed=1&steps=3&bins=5&frames=0,3%s", queries[i]);
        struct question question = question_to(samples_bins_path, query);
        question.text = texts[i];
        collect_answer(&all, &question);
    }
    judge_all(script, &all);
}

/* Names have as many digits as the last step needs. */
static void long_runs_have_long_names(void **state)
{
    static const char script[] =
        "for digits, (kind, data) in zip((4, 5), answers):\n"
        "    names = zipfile.ZipFile(io.BytesIO(data)).namelist()\n"
        "    assert names[0] == 'frame-' + '7'.zfill(digits) + '.png', names\n"
        "    assert names[1] == f'frame-{9999 if digits == 4 else 10000}.png', names\n";
    struct codec_buffer all = {0};
    (void)state;
    collect(&all, image_path, "sampler=jump&format=zip&steps=9999&frames=7,9999");
    collect(&all, image_path, "sampler=jump&format=zip&steps=10000&frames=7,10000");
    judge_all(script, &all);
}

/* Each layout, with and without an exact law: XML, and as many frames as were asked for. */
static void drawings_are_xml(void **state)
{
    static const char *const queries[] = {
        RUN "format=svg",
        RUN "format=svg&layout=strip&schedule=cosine&range=-1,1",
        RUN "format=svg&layout=grid&schedule=linear&range=3,3&delay=60000",
        RUN "format=svg&frames=2&sampler=tree&bins=1",
        "format=svg&betas=0,1,0.5&seed=1",
    };
    static const char script[] = "from xml.etree import ElementTree\n"
                                 "for kind, data in answers:\n"
                                 "    root = ElementTree.fromstring(data)\n"
                                 "    assert root.tag == '{http://www.w3.org/2000/svg}svg'\n"
                                 "    assert b'nan' not in data and b'null' not in data\n";
    struct codec_buffer all = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(queries); i++) {
        if (!strstr(queries[i], "frames=2&")) {
            collect(&all, samples_bins_path, queries[i]);
            collect(&all, image_bins_path, queries[i]);
        }
    }
    collect(&all, samples_bins_path, "seed=1&steps=4&format=svg&frames=2&sampler=tree&bins=1");
    judge_all(script, &all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_chosen),
        cmocka_unit_test(pictures_are_the_same_in_all_forms),
        cmocka_unit_test(samples_are_the_same_in_all_forms),
        cmocka_unit_test(histograms_are_numpy_s),
        cmocka_unit_test(a_schedule_is_a_table),
        cmocka_unit_test(exact_measures_may_be_null),
        cmocka_unit_test(long_runs_have_long_names),
        cmocka_unit_test(drawings_are_xml),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
