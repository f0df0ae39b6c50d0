/* Measures against exact sums and numpy, and the same bits from any pieces and threads. */
#include "expect.h"
#include "made.h"
#include <dissolve/measure.h>
#include <dissolve/process.h>
#include <pthread.h>
#include <string.h>

struct measure_case {
    uint64_t seed;
    size_t n;
    unsigned channels;
    int exponent;
    float shift;
    int special;
    struct dissolve_measures expected;
};

#include "measure_table.inc"

static float *state_of(const struct measure_case *c)
{
    const size_t count = sizeof special_values / sizeof special_values[0];
    float *x = made(c->seed, c->n, c->exponent, c->shift);

    for (size_t i = 0; c->special && 10 * i < c->n; i++)
        x[10 * i] = special_values[i % count];
    return x;
}

static struct dissolve_tally *tally_for(size_t n, unsigned channels)
{
    struct dissolve_tally *tally = NULL;

    assert_int_equal(dissolve_tally_create(n, channels, &tally), DISSOLVE_OK);
    return tally;
}

/* Zeroed first, so that two of them can be compared as bytes. */
static struct dissolve_measures read_tally(const struct dissolve_tally *tally)
{
    struct dissolve_measures measures;

    memset(&measures, 0, sizeof measures);
    dissolve_tally_read(tally, &measures);
    return measures;
}

static struct dissolve_measures measure(const float *x, size_t n, unsigned channels)
{
    struct dissolve_tally *tally = tally_for(n, channels);
    struct dissolve_measures measures;

    dissolve_tally_add(tally, 0, x, n);
    measures = read_tally(tally);
    dissolve_tally_destroy(tally);
    return measures;
}

static void near(size_t number, const char *what, double got, double expected, double slack)
{
    if (isnan(expected) ? !isnan(got) : !(fabs(got - expected) <= 1e-12 * fabs(expected) + slack))
        fail_msg("case %zu: %s is %.17g, not %.17g", number, what, got, expected);
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof measure_cases / sizeof measure_cases[0]; i++) {
        const struct measure_case *c = &measure_cases[i];
        float *x = state_of(c);
        struct dissolve_measures got = measure(x, c->n, c->channels);

        /* A mean near zero is as exact as its terms are. */
        near(i, "mean", got.mean, c->expected.mean, 1e-15 * c->expected.std);
        near(i, "std", got.std, c->expected.std, 0.0);
        near(i, "clipped", got.clipped, c->expected.clipped, 0.0);
        for (size_t k = 0; k < DISSOLVE_MAX_CHANNELS; k++) {
            near(i, "entropy", got.entropy[k], c->expected.entropy[k], 1e-14);
            near(i, "entropy_bits", got.entropy_bits[k], c->expected.entropy_bits[k], 1e-14);
        }
        free(x);
    }
}

/* One value: no entropy in bits, and no -0 either. */
static void test_flat(void **state)
{
    enum { N = 3000 };
    float x[N];
    struct dissolve_measures got;

    (void)state;
    for (size_t i = 0; i < N; i++)
        x[i] = 0.1f;
    got = measure(x, N, 3);
    assert_true(got.mean == (double)0.1f);
    assert_true(got.std == 0.0);
    assert_true(got.clipped == 0.0);
    for (size_t k = 0; k < 3; k++) {
        assert_true(got.entropy[k] == log(8.0 / 256));
        assert_true(got.entropy_bits[k] == 0.0 && !signbit(got.entropy_bits[k]));
    }
    assert_true(got.entropy[3] == 0.0 && got.entropy_bits[3] == 0.0);
}

/* Pieces of any size in any order, and the same tally used again. */
static void test_any_pieces(void **state)
{
    static const unsigned channel_counts[] = {1, 2, 3, 4};
    enum { N = 12 * 3000 };
    float *x = made(5, N, -15, 0.1f);

    (void)state;
    for (size_t c = 0; c < 4; c++) {
        struct dissolve_measures whole = measure(x, N, channel_counts[c]);
        struct dissolve_tally *tally = tally_for(N, channel_counts[c]);

        for (size_t piece = DISSOLVE_TALLY_BLOCK; piece < N; piece += 3 * DISSOLVE_TALLY_BLOCK) {
            struct dissolve_measures got;

            for (size_t i = (N - 1) / piece + 1; i-- > 0;) {
                size_t first = i * piece;

                dissolve_tally_add(tally, first, x + first, N - first < piece ? N - first : piece);
            }
            got = read_tally(tally);
            assert_memory_equal(&got, &whole, sizeof got);
            dissolve_tally_reset(tally);
        }
        dissolve_tally_destroy(tally);
    }
    free(x);
}

enum { THREADS = 4, PIECES = 1999 };

struct work {
    struct dissolve_tally *tally;
    const float *x;
    size_t n;
    size_t thread;
};

static void *add_some(void *context)
{
    const struct work *work = context;

    for (size_t i = work->thread; i < PIECES; i += THREADS) {
        size_t first = i * DISSOLVE_TALLY_BLOCK, left = work->n - first;

        dissolve_tally_add(work->tally, first, work->x + first,
                           left < DISSOLVE_TALLY_BLOCK ? left : DISSOLVE_TALLY_BLOCK);
    }
    return NULL;
}

static void test_threads(void **state)
{
    const size_t n = (PIECES - 1) * DISSOLVE_TALLY_BLOCK + 3;
    float *x = made(6, n, -15, 0.0f);
    struct dissolve_measures whole = measure(x, n, 3), got;
    struct dissolve_tally *tally = tally_for(n, 3);
    struct work work[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        work[i] = (struct work){tally, x, n, i};
        assert_int_equal(pthread_create(&threads[i], NULL, add_some, &work[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    got = read_tally(tally);
    assert_memory_equal(&got, &whole, sizeof got);
    dissolve_tally_destroy(tally);
    free(x);
}

/* Moments alone are the same moments, from any pieces, and the rest is 0. */
static void test_moments_alone(void **state)
{
    enum { N = 12 * 3000 + 5 };
    float *x = made(5, N, -15, 0.1f);
    struct dissolve_measures whole = measure(x, N, 1), got;
    struct dissolve_measures expected = {.mean = whole.mean, .std = whole.std};
    struct dissolve_tally *tally = NULL;

    (void)state;
    assert_int_equal(dissolve_tally_create_moments(N, &tally), DISSOLVE_OK);
    for (int again = 0; again < 2; again++) {
        dissolve_tally_add(tally, 2048, x + 2048, N - 2048);
        dissolve_tally_add(tally, 0, x, 2048);
        got = read_tally(tally);
        assert_memory_equal(&got, &expected, sizeof got);
        dissolve_tally_reset(tally);
    }
    dissolve_tally_destroy(tally);
    free(x);
}

/* Values beside every border of a bin and of a level, each a different number of times. */
enum { BESIDE = 2, BORDERS = 256 + 257, MOST = BORDERS * (2 * BESIDE + 1) * 7 };

static size_t add_beside(float *x, size_t n, float border, size_t times)
{
    float value = border;

    for (int i = 0; i < BESIDE; i++)
        value = nextafterf(value, -INFINITY);
    for (int i = 0; i < 2 * BESIDE + 1; i++) {
        for (size_t k = 0; k < 1 + (times + (size_t)i) % 7; k++)
            x[n++] = value;
        value = nextafterf(value, INFINITY);
    }
    return n;
}

/* The smallest x that dissolve_render gives at least that level. */
static float level_border(uint8_t level)
{
    float low = -1.5f, high = 1.5f;

    while (nextafterf(low, high) < high) {
        float middle = low + (high - low) / 2;
        uint8_t pixel;

        if (middle <= low || middle >= high)
            middle = nextafterf(low, high);
        dissolve_render(&middle, 1, &pixel);
        *(pixel >= level ? &high : &low) = middle;
    }
    return high;
}

static double plain_entropy(const size_t *counts, size_t n)
{
    double entropy = 0.0, sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)counts[i];
    for (size_t i = 0; i < n; i++) {
        if (counts[i])
            entropy -= (double)counts[i] / sum * log((double)counts[i] / sum);
    }
    return entropy;
}

static void test_borders(void **state)
{
    static float x[MOST];
    static uint8_t pixels[MOST];
    size_t levels[256] = {0}, bins[256] = {0}, n = 0, clipped = 0;
    struct dissolve_measures got;

    (void)state;
    for (unsigned i = 0; i <= 256; i++)
        n = add_beside(x, n, (float)i / 32 - 4, i);
    for (unsigned i = 1; i < 256; i++)
        n = add_beside(x, n, level_border((uint8_t)i), 3 * i);
    dissolve_render(x, n, pixels);
    for (size_t i = 0; i < n; i++) {
        levels[pixels[i]]++;
        clipped += x[i] < -1 || x[i] > 1;
        if (x[i] >= -4 && x[i] <= 4)
            bins[x[i] < 4 ? (size_t)(128 + floor((double)x[i] * 32)) : 255]++;
    }
    got = measure(x, n, 1);
    near(0, "entropy_bits", got.entropy_bits[0], plain_entropy(levels, 256) / log(2), 1e-13);
    near(0, "entropy", got.entropy[0], plain_entropy(bins, 256) + log(1.0 / 32), 1e-13);
    assert_true(got.clipped == (double)clipped / (double)n);
}

/* Not asked for by the contract, but nothing may be written where it does not belong. */
static void test_not_finite(void **state)
{
    const float x[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f};
    struct dissolve_measures got = measure(x, 5, 1);

    (void)state;
    assert_true(isnan(got.mean));
    assert_true(isnan(got.entropy[0]));
    assert_true(got.clipped == 0.8);
}

/* What is asked for here is refused by every allocator, also by the sanitizers' own. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void test_refusals(void **state)
{
    static const struct {
        size_t n;
        unsigned channels;
        enum dissolve_status status;
    } cases[] = {
        {0, 1, DISSOLVE_INVALID},
        {5, 0, DISSOLVE_INVALID},
        {5, DISSOLVE_MAX_CHANNELS + 1, DISSOLVE_INVALID},
        {5, 3, DISSOLVE_INVALID},
        {SIZE_MAX, 1, DISSOLVE_NO_MEMORY},
        {SIZE_MAX - 3, 4, DISSOLVE_NO_MEMORY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dissolve_tally *tally = (void *)(uintptr_t)1;

        assert_int_equal(dissolve_tally_create(cases[i].n, cases[i].channels, &tally),
                         cases[i].status);
        assert_null(tally);
    }
    for (int all = 0; all < 2; all++) {
        struct dissolve_tally *tally = (void *)(uintptr_t)1;

        assert_int_equal(dissolve_tally_create_moments(all ? SIZE_MAX : 0, &tally),
                         all ? DISSOLVE_NO_MEMORY : DISSOLVE_INVALID);
        assert_null(tally);
    }
    dissolve_tally_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),         cmocka_unit_test(test_flat),
        cmocka_unit_test(test_any_pieces),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_not_finite),    cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_moments_alone), cmocka_unit_test(test_borders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
