/* The parts of a plot: in any order, of any number, at the ends of the doubles, and refused. */
#include "failing_malloc.h"
#include "plot_made.h"

/* Frames without anything to draw, and with a bar at every turn. */
static void test_path_data(void **state)
{
    static const struct {
        double edges[5];
        double density[4];
        size_t series;
        const char *path;
    } cases[] = {
        {{0, 1, 2, 3, 4}, {0, 0, 0, 0}, 1, "d=\"\""},
        {{0, 1, 2, 3, 4}, {NAN, INFINITY, -INFINITY, -1}, 1, "d=\"\""},
        {{20, 21, 22, 23, 24}, {1, 1, 1, 1}, 1, "d=\"\""},
        {{-24, -23, -22, -21, -20}, {1, 1, 1, 1}, 1, "d=\"\""},
        {{NAN, 1, INFINITY, 3, NAN}, {1, 1, 1, 1}, 1, "d=\"\""},
        {{0, 5, 10, 15, 20}, {.25, .25, 0, 9}, 1, "d=\"M316 320V160h158V320V160h158V320\""},
        {{0, 5, 10, 15, 20}, {.25, .25, 0, 9}, 2, "d=\"M316 320V160h158V160h158V320\""},
        {{-5, 0, 5, 10, 15},
         {.25, 0, 9, .125},
         2,
         "d=\"M158 320V160h158V320M474 320V-4h158V240h4V320\""},
        {{0, .05, .1, .15, .2},
         {.25, .125, .25, 0},
         1,
         "d=\"M316 320V160h1.58V240h1.58V160h1.58V320\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct codec_plot_series one = {4, cases[i].edges, cases[i].density};
        const struct codec_plot_series both[] = {one, one};
        struct codec_plot plot = {.frames = 2, .series = cases[i].series};
        struct codec_plot_frame frame = {.alpha_bar = 1, .series = both};
        struct codec_buffer out = {0};
        assert_int_equal(codec_plot_frame(&plot, &frame, &out), DISSOLVE_OK);
        if (!memmem(out.data, out.size, cases[i].path, strlen(cases[i].path)))
            fail_msg("case %zu: %.*s", i, (int)out.size, (const char *)out.data);
        codec_buffer_free(&out);
    }
}

/* Axes at the very ends of the doubles, where quotients overflow, underflow or are NaN. */
static void test_extreme_axes(void **state)
{
    static const char script[] =
        "import sys, xml.etree.ElementTree as ET\n"
        "text = sys.stdin.read()\n"
        "ET.fromstring(text)\n"
        "assert 'nan' not in text and 'inf' not in text.replace('infinite', '')\n";
    static const double axes[][3] = {
        {0, 5e-324, 5e-324},  {-8e307, 8e307, 1.7e308}, {1, 1 + 0x1p-52, 1},
        {-5e-324, 0, 1e-300}, {1e308, 1.1e308, 1},      {-1e308, -1.5e307, 1e-320},
    };
    (void)state;
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++) {
        struct codec_plot plot = mixture;
        struct codec_buffer out = {0};
        char answer[1];
        plot.layout = (enum codec_plot_layout)(i % 3);
        plot.x_low = axes[i][0];
        plot.x_high = axes[i][1];
        plot.y_high = axes[i][2];
        assert_int_equal(append_document(&out, &plot, 9, 9), DISSOLVE_OK);
        judge(script, out.data, out.size, answer, sizeof answer);
        codec_buffer_free(&out);
    }
}

/* Frames made last to first, each by itself, are the same bytes. */
static void test_any_order(void **state)
{
    static struct codec_buffer parts[41];
    (void)state;
    for (int layout = CODEC_PLOT_ANIMATION; layout <= CODEC_PLOT_GRID; layout++) {
        struct codec_plot plot = mixture;
        struct codec_buffer whole = {0};
        struct codec_buffer joined = {0};
        struct made_frame made;
        plot.layout = (enum codec_plot_layout)layout;
        assert_int_equal(append_document(&whole, &plot, 20, 10), DISSOLVE_OK);
        for (size_t i = plot.frames; i-- > 0;) {
            make_frame(&plot, i, 20, 10, &made);
            assert_int_equal(codec_plot_frame(&plot, &made.frame, &parts[i]), DISSOLVE_OK);
        }
        assert_int_equal(codec_plot_head(&plot, &joined), DISSOLVE_OK);
        for (size_t i = 0; i < plot.frames; i++) {
            assert_int_equal(codec_buffer_append(&joined, parts[i].data, parts[i].size),
                             DISSOLVE_OK);
            codec_buffer_free(&parts[i]);
        }
        assert_int_equal(codec_plot_tail(&plot, &joined), DISSOLVE_OK);
        assert_int_equal(joined.size, whole.size);
        assert_memory_equal(joined.data, whole.data, whole.size);
        codec_buffer_free(&joined);
        codec_buffer_free(&whole);
    }
}

/* The defaults are those of the lesson. */
static void test_defaults(void **state)
{
    struct codec_plot zeros = mixture;
    struct codec_buffer told = {0};
    struct codec_buffer assumed = {0};
    (void)state;
    zeros.x_low = zeros.x_high = zeros.y_high = 0;
    assert_int_equal(codec_plot_head(&mixture, &told), DISSOLVE_OK);
    assert_int_equal(codec_plot_head(&zeros, &assumed), DISSOLVE_OK);
    assert_int_equal(told.size, assumed.size);
    assert_memory_equal(told.data, assumed.data, told.size);
    codec_buffer_free(&told);
    codec_buffer_free(&assumed);
}

/* As many frames as a run can have: each takes as much as any other. */
static void test_many_frames(void **state)
{
    static const char script[] =
        "import sys, xml.etree.ElementTree as ET\n"
        "root = ET.fromstring(sys.stdin.buffer.read())\n"
        "assert sum(e.get('class') in ('f', 'f l') for e in root.iter()) == 10001\n";
    (void)state;
    for (int layout = CODEC_PLOT_ANIMATION; layout <= CODEC_PLOT_GRID; layout++) {
        struct codec_plot plot = mixture;
        struct codec_buffer out = {0};
        struct made_frame made;
        char answer[1];
        size_t before = 0;
        plot.layout = (enum codec_plot_layout)layout;
        plot.frames = 10001;
        assert_int_equal(codec_plot_head(&plot, &out), DISSOLVE_OK);
        assert_in_range(out.size, 4000, 9000);
        for (size_t i = 0; i < plot.frames; i++) {
            make_frame(&plot, i, 10, 0, &made);
            before = out.size;
            assert_int_equal(codec_plot_frame(&plot, &made.frame, &out), DISSOLVE_OK);
            assert_in_range(out.size - before, 120, 380 + 10 * 20);
        }
        before = out.size;
        assert_int_equal(codec_plot_tail(&plot, &out), DISSOLVE_OK);
        assert_in_range(out.size - before, 7, 90);
        judge(script, out.data, out.size, answer, sizeof answer);
        codec_buffer_free(&out);
    }
}

static void assert_refused(const struct codec_plot *plot)
{
    struct codec_buffer out = {0};
    struct made_frame made;
    make_frame(&mixture, 0, 5, 0, &made);
    assert_int_equal(codec_plot_head(plot, &out), DISSOLVE_INVALID);
    assert_int_equal(codec_plot_frame(plot, &made.frame, &out), DISSOLVE_INVALID);
    assert_int_equal(codec_plot_tail(plot, &out), DISSOLVE_INVALID);
    assert_int_equal(out.size, 0);
}

static void test_refused_plots(void **state)
{
    static const double axes[][3] = {
        {1, 1, 1},          {1, 0, 1},  {NAN, 1, 1}, {0, INFINITY, 1}, {-INFINITY, 0, 1},
        {-1e308, 1e308, 1}, {0, 1, -1}, {0, 1, NAN}, {0, 1, INFINITY},
    };
    struct codec_plot plot = mixture;
    (void)state;
    for (size_t i = 0; i < sizeof axes / sizeof *axes; i++) {
        plot.x_low = axes[i][0];
        plot.x_high = axes[i][1];
        plot.y_high = axes[i][2];
        assert_refused(&plot);
    }
    plot = mixture;
    plot.frames = 0;
    assert_refused(&plot);
    plot.frames = CODEC_PLOT_MAX_FRAMES + 1;
    assert_refused(&plot);
    plot = mixture;
    plot.series = 0;
    assert_refused(&plot);
    plot.series = CODEC_PLOT_MAX_SERIES + 1;
    assert_refused(&plot);
    plot = mixture;
    plot.layout = (enum codec_plot_layout)3;
    assert_refused(&plot);
}

static void test_refused_frames(void **state)
{
    struct codec_buffer out = {0};
    struct made_frame made;
    (void)state;
    make_frame(&mixture, mixture.frames, 5, 0, &made);
    assert_int_equal(codec_plot_frame(&mixture, &made.frame, &out), DISSOLVE_INVALID);
    make_frame(&mixture, 0, 5, 0, &made);
    made.series[0].bins = 0;
    assert_int_equal(codec_plot_frame(&mixture, &made.frame, &out), DISSOLVE_INVALID);
    assert_int_equal(out.size, 0);
}

/* Whichever allocation fails: what was written of the part is taken back. */
static void test_no_memory(void **state)
{
    struct made_frame made;
    int failures = 0;
    (void)state;
    make_frame(&mixture, 3, MAX_BINS, MAX_EXACT, &made);
    for (int part = 0; part < 3; part++) {
        bool failed = true;
        for (long n = 0; failed; n++) {
            struct codec_buffer out = {0};
            enum dissolve_status status;
            append(&out, "before");
            /* Full but for 20 bytes, so that the tail too has to grow it. */
            out.capacity = 26;
            fail_allocation(n);
            status = part == 0   ? codec_plot_head(&mixture, &out)
                     : part == 1 ? codec_plot_frame(&mixture, &made.frame, &out)
                                 : codec_plot_tail(&mixture, &out);
            failed = allocation_failed();
            assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
            assert_true(failed ? out.size == 6 : out.size > 26);
            failures += failed;
            codec_buffer_free(&out);
        }
    }
    assert_true(failures > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_data),      cmocka_unit_test(test_extreme_axes),
        cmocka_unit_test(test_any_order),      cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_many_frames),    cmocka_unit_test(test_refused_plots),
        cmocka_unit_test(test_refused_frames), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
