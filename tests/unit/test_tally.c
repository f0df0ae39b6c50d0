/* The kernel's tally: from every instruction set what its formulas give, one element after another.
 */
#include "engine/kernel.h"
#include "expect.h"
#include "made.h"
#include <stdbool.h>
#include <string.h>

enum { N = TALLY_BLOCK };

static const char *const names[] = {"baseline", "avx2", "avx512", "neon"};

static float at_least(float low, float x)
{
    return x > low ? x : low; /* low where x is NaN */
}

static float at_most(float top, float x)
{
    return x < top ? x : top;
}

static size_t cell_of(float x)
{
    float v = at_most(1.0f, at_least(0.0f, (x + 1.0f) / 2.0f));
    size_t level = (size_t)(v * 255.0f);
    float bin = floorf(x * TALLY_BINS_IN_ONE) + TALLY_BINS / 2;

    if (!(x >= -4.0f))
        return 0;
    if (x > 4.0f)
        return TALLY_CELLS - 1;
    return 1 + (x == 4.0f ? TALLY_BINS - 1 : (size_t)bin) + level;
}

static void count(const float *x, size_t first, size_t n, struct tally_counts *counts)
{
    for (size_t i = 0; i < n; i++) {
        counts->cells[(first + i) % counts->slots * TALLY_CELLS + cell_of(x[i])]++;
        counts->clipped += x[i] < -1 || x[i] > 1;
    }
}

static double sum_of(const double lane[8])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static struct tally_moments moments_of(const float *x, size_t n)
{
    double sums[8] = {0}, squares[8] = {0};
    struct tally_moments got;

    for (size_t i = 0; i < n; i++)
        sums[i % 8] += (double)x[i];
    got.mean = sum_of(sums) / (double)n;
    for (size_t i = 0; i < n; i++)
        squares[i % 8] += ((double)x[i] - got.mean) * ((double)x[i] - got.mean);
    got.squares = sum_of(squares);
    return got;
}

/* Ordinary values, and now and then one that is not. */
static float *odd_values(void)
{
    static const float odd[] = {NAN,   INFINITY, -INFINITY, 1.0f,   -1.0f,    4.0f,          -4.0f,
                                -0.0f, 1e30f,    -1e30f,    -1e-9f, 3.96875f, 0x1.000002p+0f};
    float *x = made(77, N, -15, 0.2f);

    for (size_t i = 0; i * 10 + 3 < N; i++)
        x[10 * i + 3] = odd[i % (sizeof odd / sizeof odd[0])];
    return x;
}

/* A block, then an odd one, from the elements `first` on. */
static void expect_of(const struct kernel *kernel, const float *x, const float *odd, size_t first,
                      size_t n, size_t slots)
{
    static struct tally_counts expected, got;
    struct tally_moments exact = moments_of(x, n), alone = kernel->moments(x, n), with;

    memset(&expected, 0, sizeof expected);
    memset(&got, 0, sizeof got);
    expected.slots = got.slots = slots;
    count(x, first, n, &expected);
    count(odd, first + N, n, &expected);
    with = kernel->tally(x, first, n, &got);
    kernel->tally(odd, first + N, n, &got);
    assert_memory_equal(&alone, &exact, sizeof exact);
    assert_memory_equal(&with, &exact, sizeof exact);
    assert_memory_equal(&got, &expected, sizeof expected);
}

static void test_blocks(void **state)
{
    static const size_t counts[] = {1,  2,  3,  7,  8,   9,    15,   16,   17,   23,
                                    24, 31, 32, 33, 100, 1000, 1008, 1016, 1023, N};
    float *x = made(1, N, -15, 0.3f), *odd = odd_values();

    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const struct kernel *kernel = kernel_named(names[k]);

        for (size_t i = 0; kernel && i < sizeof counts / sizeof counts[0]; i++) {
            for (size_t slots = 3; slots <= 4; slots++) {
                expect_of(kernel, x, odd, 0, counts[i], slots);
                expect_of(kernel, x, odd, 1024, counts[i], slots);
                expect_of(kernel, x, odd, ((size_t)1 << 40) + 2048, counts[i], slots);
            }
        }
    }
    free(x);
    free(odd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
