/* Plots, as Python reads them: every bar, line and word where it belongs, in its time or panel. */
#include <stdio.h>

#include "codec/number.h"
#include "plot_made.h"

static const struct codec_plot three = {
    .layout = CODEC_PLOT_ANIMATION,
    .frames = 7,
    .delay_ms = 100,
    .x_low = -4,
    .x_high = 4,
    .y_high = 1,
    .series = 3,
    .series_names = {"r", "g", "b"},
    .subtitle = "linear, 20 steps, chain, seed 42",
};

/* As Python's json reads it, NaN and infinities included. */
static void append_numbers(struct codec_buffer *out, const double *numbers, size_t count)
{
    append(out, "[");
    for (size_t i = 0; i < count; i++) {
        char text[CODEC_NUMBER_ROOM + 1];
        text[codec_number_print(numbers[i], text)] = '\0';
        append(out, i > 0 ? "," : "");
        append(out, text[0] ? text : isnan(numbers[i]) ? "NaN" : "Infinity");
    }
    append(out, "]");
}

/* What a judge needs to know beside the document: one line of JSON. */
static void append_facts(struct codec_buffer *out, const struct codec_plot *plot, size_t bins,
                         size_t exact)
{
    struct made_frame made;
    char text[200];
    snprintf(text, sizeof text,
             "{\"layout\":%d,\"n\":%zu,\"delay\":%u,\"axes\":", (int)plot->layout, plot->frames,
             plot->delay_ms);
    append(out, text);
    append_numbers(out, (const double[]){plot->x_low, plot->x_high, plot->y_high}, 3);
    append(out, ",\"frames\":[");
    for (size_t i = 0; i < plot->frames; i++) {
        make_frame(plot, i, bins, exact, &made);
        append(out, i > 0 ? ",[" : "[");
        for (size_t k = 0; k < plot->series; k++) {
            append_numbers(out, made.edges[k], bins + 1);
            append(out, ",");
            append_numbers(out, made.density[k], bins);
            append(out, ",");
        }
        append_numbers(out, made.exact_x, exact);
        append(out, ",");
        append_numbers(out, made.exact_density, exact);
        append(out, "]");
    }
    append(out, "]}\n");
}

/* What all judges begin with; `panel` is its size, `panels` the frames' elements. */
#define READ                                                                                       \
    "import json, math, re, sys\n"                                                                 \
    "import xml.etree.ElementTree as ET\n"                                                         \
    "def documents():\n"                                                                           \
    "    for part in sys.stdin.buffer.read().split(b'</svg>\\n')[:-1]:\n"                          \
    "        facts, document = part.split(b'\\n', 1)\n"                                            \
    "        yield json.loads(facts), document + b'</svg>'\n"                                      \
    "for facts, document in documents():\n"                                                        \
    " root = ET.fromstring(document)\n"                                                            \
    " svg = '{http://www.w3.org/2000/svg}'\n"                                                      \
    " assert root.tag == svg + 'svg' and root.get('role') == 'img'\n"                              \
    " n, layout = facts['n'], facts['layout']\n"                                                   \
    " small = layout > 0 and n > 1\n"                                                              \
    " panels = [g for g in root.iter(svg + 'g') if (g.get('class') or '').split()[:1] == ['f']]\n" \
    " assert len(panels) == n, len(panels)\n"                                                      \
    " clip = root.find(f'{svg}defs/{svg}clipPath/{svg}rect')\n"                                    \
    " W, H = float(clip.get('width')), float(clip.get('height'))\n"                                \
    " assert (W, H) == ((180, 108) if small else (632, 320))\n"                                    \
    " low, high, top = facts['axes']\n"                                                            \
    " across = lambda x: (x - low) / (high - low) * W\n"                                           \
    " down = lambda y: H - y / top * H\n"                                                          \
    " named = {e.get('id'): e for e in root.iter() if e.get('id')}\n"                              \
    " def numbers(text):\n"                                                                        \
    "     return [float(x) for x in re.findall(r'-?[0-9.]+', text)]\n"                             \
    " def commands(path):\n"                                                                       \
    "     assert re.fullmatch(r'[MVHhv0-9. -]*', path.get('d')), path.get('d')[:200]\n"            \
    "     return [(c, numbers(a)) for c, a in re.findall(r'([A-Za-z])([^A-Za-z]*)', "              \
    " path.get('d'))]\n"

/* Documents and what is to be known about them, for one judge. */
static void submit(struct codec_buffer *input, const struct codec_plot *plot, size_t bins,
                   size_t exact)
{
    append_facts(input, plot, bins, exact);
    assert_int_equal(append_document(input, plot, bins, exact), DISSOLVE_OK);
}

static void ask(const char *script, struct codec_buffer *input)
{
    char answer[1];
    judge(script, input->data, input->size, answer, sizeof answer);
    codec_buffer_free(input);
}

/* Every bar and every point, computed again. */
static void test_geometry(void **state)
{
    static const char script[] = READ
        " near = lambda a, b: abs(a - b) < 0.0051\n"
        " def bars(path):\n"
        "     x = y = None\n"
        "     for name, a in commands(path):\n"
        "         if name == 'M':\n"
        "             assert y in (None, H) and len(a) == 2 and a[1] == H\n"
        "             x, y = a\n"
        "         elif name == 'V':\n"
        "             y, = a\n"
        "         else:\n"
        "             assert name == 'h' and y < H and a[0] >= 0\n"
        "             yield x, x + a[0], y\n"
        "             x += a[0]\n"
        "     assert y in (None, H)\n"
        " def expected(edges, density):\n"
        "     for a, b, d in zip(edges, edges[1:], density):\n"
        "         cut = lambda v, end: min(max(v, -4), end + 4)\n"
        "         if math.isfinite(d) and d > 0 and b >= low and a <= high and d / top * H >= "
        " 0.005:\n"
        "             yield cut(across(a), W), cut(across(b), W), max(down(d), -4)\n"
        " def points(path):\n"
        "     for name, a in commands(path):\n"
        "         assert name == 'M' and len(a) % 2 == 0\n"
        "         yield list(zip(a[::2], a[1::2]))\n"
        " drawn = 0\n"
        " for panel, data in zip(panels, facts['frames']):\n"
        "     paths = panel.findall(svg + 'path')\n"
        "     assert all(p.get('clip-path') == 'url(#c)' for p in paths)\n"
        "     exact = [p for p in paths if p.get('class') == 'e']\n"
        "     series = [p for p in paths if p.get('class') != 'e']\n"
        "     assert len(series) == len(data) // 2 - 1\n"
        "     for k, path in enumerate(series):\n"
        "         got, want = list(bars(path)), list(expected(*data[2 * k:2 * k + 2]))\n"
        "         assert len(got) == len(want), (got, want)\n"
        "         for a, b in zip(got, want):\n"
        "             assert near(a[0], b[0]) and near(a[1], b[1]) and near(a[2], b[2]), (a, b)\n"
        "         drawn += len(got)\n"
        "     assert len(exact) == (len(data[-1]) > 0)\n"
        "     for path in exact:\n"
        "         want = [[]]\n"
        "         for x, d in zip(*data[-2:]):\n"
        "             if math.isfinite(d):\n"
        "                 want[-1].append((across(x), down(d)))\n"
        "             else:\n"
        "                 want.append([])\n"
        "         got = list(points(path))\n"
        "         assert [len(g) for g in got] == [len(w) for w in want if w]\n"
        "         for g, w in zip(sum(got, []), sum(want, [])):\n"
        "             assert near(g[0], w[0]) and near(g[1], w[1]), (g, w)\n"
        " assert drawn > 0\n"
        " normal = next(p for p in root.iter(svg + 'path') if p.get('class') == 'p')\n"
        " assert normal in named['o'] and normal.get('clip-path') == 'url(#c)'\n"
        " (line,) = points(normal)\n"
        " assert len(line) > 200\n"
        " for px, py in line:\n"
        "     x = low + px / W * (high - low)\n"
        "     y = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)\n"
        "     slope = abs(x) * y * (high - low) / top * H / W\n"
        "     assert abs(py - down(y)) < 0.0051 * (1 + slope) + 1e-4, (x, py, down(y))\n";
    struct codec_buffer input = {0};
    (void)state;
    for (int layout = CODEC_PLOT_ANIMATION; layout <= CODEC_PLOT_GRID; layout++) {
        struct codec_plot plot = three;
        plot.layout = (enum codec_plot_layout)layout;
        submit(&input, &plot, MAX_BINS, 0);
        plot.x_low = 0.5;
        plot.x_high = 0.75;
        plot.y_high = 30;
        submit(&input, &plot, 9, 0);
        plot = mixture;
        plot.layout = (enum codec_plot_layout)layout;
        submit(&input, &plot, 50, MAX_EXACT);
        plot.frames = 1;
        submit(&input, &plot, 12, 3);
        submit(&input, &plot, 1, 0);
    }
    ask(script, &input);
}

/* Each frame has its own part of the cycle, and says its t. */
static void test_time(void **state)
{
    static const char script[] = READ
        " delay = facts['delay'] or 16\n"
        " style = root.find(svg + 'style').text\n"
        " if n > 1:\n"
        "     hide = ',to{visibility:hidden}}'\n"
        "     share = re.search(r'@keyframes f{0%{visibility:visible}([0-9.]+)%' + hide, style)\n"
        "     assert abs(float(share[1]) * n - 100) < 1e-9\n"
        "     assert f'.f{{animation:f {n * delay}ms step-end infinite}}' in style\n"
        "     assert '@media(prefers-reduced-motion:reduce){.f{animation:none}}' in style\n"
        "     assert '.f{visibility:hidden}.l{visibility:visible}' in style\n"
        " else:\n"
        "     assert 'animation' not in style and 'visibility' not in style\n"
        " for i, panel in enumerate(panels):\n"
        "     assert panel.get('style') == f'animation-delay:-{(n - i) * delay}ms'\n"
        "     assert panel.get('class') == ('f l' if i == n - 1 else 'f')\n"
        "     text = ''.join(panel.find(svg + 'text').itertext())\n"
        "     t, alpha = re.fullmatch(r't = (\\d+)(?:\\u1fb1 = (.*))?', text).groups()\n"
        "     assert int(t) == 3 * i\n"
        "     assert (alpha is None) == (i % 4 == 3)\n"
        "     if alpha:\n"
        "         alpha = float(alpha.replace('\\u2212', '-'))\n"
        "         assert abs(alpha / math.exp(-i / 3) - 1) < 0.00501, (i, alpha)\n"
        " moved = root.find(svg + 'g[@transform]')\n"
        " assert panels == [g for g in moved if g.tag == svg + 'g']\n"
        " uses = [u.get('href') for u in moved.findall(svg + 'use')]\n"
        " assert uses == ['#g', '#o', '#x', '#y'] and list(moved)[0].get('href') == '#g'\n";
    struct codec_plot plot = mixture;
    struct codec_buffer input = {0};
    (void)state;
    submit(&input, &plot, 5, 4);
    plot.delay_ms = 0;
    submit(&input, &plot, 5, 4);
    plot.delay_ms = 60000;
    plot.frames = 333;
    submit(&input, &plot, 5, 0);
    plot.frames = 1;
    submit(&input, &plot, 5, 0);
    ask(script, &input);
}

/* Where the panels are, and which of them have numbers beside and below. */
static void test_panels(void **state)
{
    static const char script[] =
        READ " columns = math.isqrt(n - 1) + 1 if layout == 2 else n\n"
             " width, height = numbers(root.get('viewBox'))[2:]\n"
             " assert (width, height) == (float(root.get('width')), float(root.get('height')))\n"
             " assert 'animation' not in root.find(svg + 'style').text\n"
             " boxes, shown = [], {'#x': set(), '#y': set()}\n"
             " for i, panel in enumerate(panels):\n"
             "     x, y = numbers(panel.get('transform'))\n"
             "     boxes.append((x, y))\n"
             "     assert x > 50 and x + W < width and y > 80 and y + H + 40 < height\n"
             "     if i % columns:\n"
             "         assert x == boxes[i - 1][0] + W + 26 and y == boxes[i - 1][1]\n"
             "     elif i:\n"
             "         assert x == boxes[0][0] and y == boxes[i - 1][1] + H + 30\n"
             "     uses = [u.get('href') for u in panel.findall(svg + 'use')]\n"
             "     assert uses[:2] == ['#g', '#o'] and len(uses) == len(set(uses))\n"
             "     assert [e.tag for e in panel][0] == svg + 'use'\n"
             "     assert ('#x' in uses) == (i + columns >= n) and ('#y' in uses) == (i % columns "
             "== 0)\n"
             "     assert ''.join(panel.find(svg + 'text').itertext()).startswith(f't = {3 * i}')\n"
             " assert ['Histograms of xt'] == [''.join(e.itertext()) for e in root.findall(svg + "
             " 'text')\n"
             "                                 if e.get('class') == 't']\n";
    static const size_t counts[] = {2, 3, 4, 5, 9, 10, 41, 101};
    struct codec_buffer input = {0};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct codec_plot plot = i % 2 ? three : mixture;
        plot.frames = counts[i];
        plot.layout = CODEC_PLOT_GRID;
        submit(&input, &plot, 5, 2);
        plot.layout = CODEC_PLOT_STRIP;
        submit(&input, &plot, 5, 2);
    }
    ask(script, &input);
}

/* Numbers along the axes: round, few, at their places, none over another. */
static void test_numbers(void **state)
{
    static const char script[] = READ
        " def check(axis, most, low, high, at, size):\n"
        "     labels = named[axis].findall(svg + 'text')\n"
        "     assert len(labels) <= most + 1\n"
        "     values = [float(e.text.replace('\\u2212', '-')) for e in labels]\n"
        "     places = [float(e.get(axis)) for e in labels]\n"
        "     for v, p in zip(values, places):\n"
        "         assert low - 1e-9 * (high - low) <= v <= high + 1e-9 * (high - low)\n"
        "         assert abs(at(v) - p) < 0.0051, (v, p, at(v))\n"
        "     if len(values) < 2:\n"
        "         return len(values)\n"
        "     step = values[1] - values[0]\n"
        "     digit = f'{step:.6e}'\n"
        "     assert digit.startswith(('1.000000', '2.000000', '5.000000')), digit\n"
        "     assert all(abs(b - a - step) < 1e-6 * step for a, b in zip(values, values[1:]))\n"
        "     if axis == 'x':\n"
        "         for i in range(len(labels) - 1):\n"
        "             room = (len(labels[i].text) + len(labels[i + 1].text)) / 2 * size\n"
        "             assert places[i + 1] - places[i] > room, (labels[i].text, places)\n"
        "     return len(values)\n"
        " offset = 3.5 if small else 4\n"
        " assert check('x', 4 if small else 10, low, high, across, 6 if small else 7) >= 1\n"
        " assert check('y', 3 if small else 6, 0, top, lambda y: down(y) + offset, 0) >= 2\n"
        " for x, y in re.findall(r'M([0-9.]+) ([0-9.]+)', named['g'].get('d')):\n"
        "     assert 0 <= float(x) <= W and 0 <= float(y) <= H\n";
    static const double ranges[][3] = {
        {-10, 10, 0.5},           {-4, 4, 1},           {0, 1, 7},
        {-0.0025, 0.0125, 99},    {-1e6, 1e6, 1e-6},    {99.99, 100.01, 40},
        {-3.3, 17.7, 0.123},      {1e-12, 9e-12, 1e12}, {123456, 123457, 2},
        {-1000000.5, -999999, 3}, {5, 5.5, 0.03},       {-7e-5, 3e200, 2e-201},
    };
    struct codec_buffer input = {0};
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct codec_plot plot = i % 2 ? three : mixture;
        plot.frames = 3;
        plot.x_low = ranges[i][0];
        plot.x_high = ranges[i][1];
        plot.y_high = ranges[i][2];
        submit(&input, &plot, 5, 2);
        plot.layout = CODEC_PLOT_GRID;
        submit(&input, &plot, 5, 2);
    }
    ask(script, &input);
}

/* Nothing from elsewhere, no script; what people wrote is escaped; the legend names what is drawn.
 */
static void test_words(void **state)
{
    static const char script[] = READ
        " subtitle = 'a<b>&\"\\'\\ufffd \\u03b2 ' + 'long ' * 40\n"
        " assert b'script' not in document and b'@import' not in document and b'<!' not in "
        " document\n"
        " assert b'nan' not in document and b'inf' not in document.replace(b'infinite', b'')\n"
        " for e in root.iter():\n"
        "     for name, value in e.items():\n"
        "         assert not name.startswith('on') and 'http' not in value\n"
        "         if name == 'href':\n"
        "             assert value[0] == '#' and value[1:] in named\n"
        "         assert 'url(' not in value or value == 'url(#c)'\n"
        " assert root.get('aria-labelledby') == 'title desc'\n"
        " assert named['title'].tag == svg + 'title' and named['desc'].tag == svg + 'desc'\n"
        " assert named['desc'].text.startswith(subtitle + ': ')\n"
        " assert 'x from \\u221210 to 10, density from 0 to 0.5' in named['desc'].text\n"
        " shown = root.find(svg + 'text[@class=\"n\"]').text\n"
        " cut = shown.endswith('\\u2026') and subtitle.startswith(shown[:-1]) and len(shown) > 30\n"
        " assert cut or (shown == subtitle and n == 30)\n"
        " legend = root.find(svg + 'g[@class=\"legend\"]')\n"
        " words = [''.join(e.itertext()) for e in legend.findall(svg + 'text')]\n"
        " assert words == ['red', '<other>', 'gray', 'xt', 'exact pt', 'N(0, 1)'], words\n"
        " ends = [float(e.get('x')) + 5 * len(w) for e, w in zip(legend.findall(svg + 'text'), "
        " words)]\n"
        " assert max(ends) < float(root.get('width'))\n"
        " classes = [e.get('class') for e in legend if e.tag != svg + 'text']\n"
        " assert classes == ['r h', 'd h', 'k h', 'd h', 'e', 'p'], classes\n"
        " for panel in panels:\n"
        "     assert [p.get('class') for p in panel.findall(svg + 'path')] == classes[:5]\n";
    static const size_t counts[] = {1, 2, 4, 30};
    char subtitle[300] = "a<b>&\"'\x01\n\xce\xb2 ";
    struct codec_plot plot = mixture;
    struct codec_buffer input = {0};
    (void)state;
    for (int i = 0; i < 40; i++)
        strcat(subtitle, "long ");
    plot.subtitle = subtitle;
    plot.series = 4;
    plot.series_names[0] = "r";
    plot.series_names[1] = "<other>";
    plot.series_names[2] = "gray";
    for (int layout = CODEC_PLOT_ANIMATION; layout <= CODEC_PLOT_GRID; layout++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            plot.layout = (enum codec_plot_layout)layout;
            plot.frames = counts[i];
            submit(&input, &plot, 12, 12);
        }
    }
    ask(script, &input);
}

/* Text can be read (contrast of 4.5) and lines be seen (3) on the paper, light and dark. */
static void test_contrast(void **state)
{
    static const char script[] = READ
        " style = root.find(svg + 'style').text\n"
        " light, dark = style.split('@media(prefers-color-scheme:dark){')\n"
        " def rules(text):\n"
        "     found = {}\n"
        "     for names, body in re.findall(r'([^{}]+){([^{}]*)}', text):\n"
        "         for name in names.split(','):\n"
        "             for part in body.split(';'):\n"
        "                 key, value = part.split(':')\n"
        "                 found[name, key] = value\n"
        "     return found\n"
        " def luminance(colour):\n"
        "     digits = colour[1:] if len(colour) == 7 else ''.join(2 * c for c in colour[1:])\n"
        "     parts = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]\n"
        "     parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in "
        "parts]\n"
        "     return sum(a * b for a, b in zip(parts, (0.2126, 0.7152, 0.0722)))\n"
        " def contrast(a, b):\n"
        "     a, b = sorted((luminance(a), luminance(b)))\n"
        "     return (b + 0.05) / (a + 0.05)\n"
        " bright = rules(light)\n"
        " for look in (bright, {**bright, **rules(dark)}):\n"
        "     paper = look['.w', 'fill']\n"
        "     assert look[':root', 'background'] == paper == look['.z', 'stroke']\n"
        "     for name in ('text', '.m', '.n'):\n"
        "         assert contrast(look[name, 'fill'], paper) >= 4.5, name\n"
        "     for name in ('.a', '.p', '.e', '.r', '.g', '.b', '.k'):\n"
        "         assert contrast(look[name, 'stroke'], paper) >= 3, name\n"
        "     assert contrast(look['.d', 'fill'], paper) >= 2.5\n"
        "     assert 1.1 < contrast(look['.g0', 'stroke'], paper) < 1.5\n";
    struct codec_buffer input = {0};
    (void)state;
    submit(&input, &three, 5, 0);
    ask(script, &input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_geometry), cmocka_unit_test(test_time),
        cmocka_unit_test(test_panels),   cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_words),    cmocka_unit_test(test_contrast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
