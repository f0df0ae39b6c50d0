/* The measures' loops: the same bits from every instruction set, and bell curves against expl. */
#include "engine/kernel.h"
#include "engine/measuring.h"
#include "expect.h"
#include "made.h"
#include <float.h>
#include <stdbool.h>
#include <string.h>

enum { N = 1024 };

/* The variants that this processor can run; the last is NULL. */
static const struct measuring *const *variants(void)
{
    static const struct measuring *found[3];
    size_t count = 0;

    found[count++] = &measuring_baseline;
#ifdef __x86_64__
    if (kernel_named("avx2"))
        found[count++] = &measuring_avx2;
#endif
    found[count] = NULL;
    return found;
}

/* Ordinary values, and now and then one that is not. */
static float *odd_values(size_t n)
{
    static const float odd[] = {NAN, INFINITY, -INFINITY, 1.0f, -1.0f, 4.0f, -4.0f, -0.0f, 1e30f};
    float *x = made(77, n, -15, 0.2f);

    for (size_t i = 0; i * 10 + 3 < n; i++)
        x[10 * i + 3] = odd[i % (sizeof odd / sizeof odd[0])];
    return x;
}

static void test_places(void **state)
{
    const struct measuring_ruler ruler = {.scale = 12.5f, .origin = 26, .top = 51.5f, .sure = 0.4f};
    int32_t expected[N], got[N];
    uint32_t doubts[N / MEASURING_PLACES], doubtful[N / MEASURING_PLACES];
    float *x = odd_values(N);

    (void)state;
    measuring_baseline.places(x, N / MEASURING_PLACES, &ruler, expected, doubts);
    for (size_t i = 0; i < N; i++) {
        float at = x[i] * 12.5f + 26.0f, held = at > 0.5f ? (at < 51.5f ? at : 51.5f) : 0.5f;
        bool far = fabsf(held - floorf(held) - 0.5f) > 0.4f;

        assert_int_equal(expected[i], (int32_t)held);
        assert_int_equal(doubts[i / MEASURING_PLACES] >> i % MEASURING_PLACES & 1, far);
    }
    for (const struct measuring *const *v = variants(); *v; v++) {
        (*v)->places(x, N / MEASURING_PLACES, &ruler, got, doubtful);
        assert_memory_equal(got, expected, sizeof expected);
        assert_memory_equal(doubtful, doubts, sizeof doubts);
    }
    free(x);
}

/* The smallest and the largest at every place of every length. */
static void test_ends(void **state)
{
    float x[40] = {0}, low, high;

    (void)state;
    for (const struct measuring *const *v = variants(); *v; v++) {
        for (size_t n = 1; n <= 40; n++) {
            for (size_t i = 0; i < n; i++) {
                size_t j = (i + 7) % n;

                x[i] = -2;
                x[j] = i == j ? -2 : 3;
                (*v)->ends(x, n, &low, &high);
                assert_true(low == -2);
                assert_true(high == (n == 1 ? -2.0f : i == j ? 0.0f : 3.0f));
                x[i] = x[j] = 0;
            }
        }
    }
}

static void test_ends_of_nan(void **state)
{
    const float x[9] = {1, NAN, 3, 2, NAN, 2, 2, 2, NAN};
    float low, high;

    (void)state;
    for (const struct measuring *const *v = variants(); *v; v++) {
        (*v)->ends(x, 9, &low, &high);
        assert_true(low == 1 && high == 3);
        (*v)->ends(x + 1, 8, &low, &high);
        assert_true(isnan(low) && isnan(high));
    }
}

/* e^y over the whole range of double: within 5e-16, and below it within half of the smallest. */
static void test_exponential(void **state)
{
    (void)state;
    for (double y = -760.0; y < 746.0; y += 0.013671) {
        long double exact = expl((long double)y);
        double expected = 0.0;

        for (const struct measuring *const *v = variants(); *v; v++) {
            const double x[3] = {0.5, 0.5, 0.5};
            const struct measuring_gauss gauss = {.mean = 0.5, .sd = 2, .peak = y};
            double sum[4] = {0.0, 0.0, 1.0, 12345.0};

            (*v)->gauss(x, 3, &gauss, sum);
            if (exact <= (long double)DBL_MAX)
                assert_true(fabsl((long double)sum[0] - exact) <=
                            5e-16L * exact + 0x0.8p-1074L * (1 + 1e-9L));
            else
                assert_true(isinf(sum[0]));
            assert_true(sum[1] == sum[0] && sum[2] == 1.0 + sum[0] && sum[3] == 12345.0);
            if (v == variants())
                expected = sum[0];
            assert_memory_equal(&sum[0], &expected, sizeof expected);
        }
    }
}

static void test_bell(void **state)
{
    enum { POINTS = 203 };
    const struct measuring_gauss gauss = {.mean = -1.5, .sd = 0.75, .peak = 1.0};
    double x[POINTS], expected[POINTS];

    (void)state;
    for (size_t i = 0; i < POINTS; i++)
        x[i] = 0.25 * (double)i - 25.0;
    x[0] = -DBL_MAX;
    x[POINTS - 1] = DBL_MAX;
    for (const struct measuring *const *v = variants(); *v; v++) {
        double got[POINTS];

        for (size_t i = 0; i < POINTS; i++)
            got[i] = (double)i;
        (*v)->gauss(x, POINTS, &gauss, got);
        for (size_t i = 0; i < POINTS; i++) {
            double z = (x[i] + 1.5) / 0.75, exact = (double)i + exp(1.0 - 0.5 * z * z);

            assert_true(fabs(got[i] - exact) <= 1e-13 * fabs(exact));
        }
        if (v == variants())
            memcpy(expected, got, sizeof got);
        assert_memory_equal(got, expected, sizeof got);
    }
}

static void test_the_kernel_chooses(void **state)
{
    bool baseline = kernel_active() == &kernel_baseline;

    (void)state;
    assert_true((measuring_active() == &measuring_baseline) == baseline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),      cmocka_unit_test(test_ends),
        cmocka_unit_test(test_ends_of_nan), cmocka_unit_test(test_exponential),
        cmocka_unit_test(test_bell),        cmocka_unit_test(test_the_kernel_chooses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
