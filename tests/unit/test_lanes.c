/* The kernel's fma where the processor's own is not used: exact, on the numbers where that is hard.
 */
#include "engine/lanes.h"
#include "expect.h"

#include <math.h>

struct three {
    float a, b, c;
};

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Each lane gets the numbers once; its neighbours get harmless ones. */
static void assert_exact(struct three x)
{
    float expected = fmaf(x.a, x.b, x.c);
    for (int lane = 0; lane < LANES; lane++) {
        vfloat a = lanes_all(0.75f), b = lanes_all(1.5f), c = lanes_all(0.125f);
        a[lane] = x.a;
        b[lane] = x.b;
        c[lane] = x.c;
        vfloat got = lanes_fma(a, b, c);
        for (int i = 0; i < LANES; i++) {
            float one = got[i], right = i == lane ? expected : 1.25f;
            if (memcmp(&one, &right, sizeof one) != 0)
                fail_msg("fma(%a, %a, %a) is %a, not %a", (double)x.a, (double)x.b, (double)x.c,
                         (double)one, (double)right);
        }
    }
}

/* Both signs of each, at this scale. */
static void assert_exact_signs(struct three x, int scale)
{
    for (int signs = 0; signs < 8; signs++) {
        float a = signs & 1 ? -x.a : x.a, b = signs & 2 ? -x.b : x.b, c = signs & 4 ? -x.c : x.c;
        assert_exact((struct three){a, ldexpf(b, scale), ldexpf(c, scale)});
    }
}

/* A sum a hair beside the middle between two floats: rounded to double, it falls upon it. */
static void a_hair_beside_the_middle(void **state)
{
    (void)state;
    static const int scales[] = {0, 1, -20, 90, -100, -125, -140, -149};
    for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) {
        for (int i = 1; i <= 64; i++) {
            float up = 1 + (float)i * 0x1p-23f, down = 1 - (float)i * 0x1p-23f;
            float whole = 0x1p23f + (float)(i * 4099);
            assert_exact_signs((struct three){up, down / 2, whole}, scales[s]);
            float odd = 4097 + 2 * (float)i; /* its square has 25 bits, the last one set */
            assert_exact_signs((struct three){odd, odd, 0x1p-40f}, scales[s]);
        }
    }
}

/* Results too small for all their digits, and zeros of both signs. */
static void small_results(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next(&seed);
        float a = 1 + (float)(bits & 0x7fffff) * 0x1p-23f;
        float b = 1 + (float)(bits >> 23 & 0x7fffff) * 0x1p-23f;
        float c = (float)(bits >> 46 & 0x1ff);
        int exponent = -120 - (int)(bits >> 58);
        assert_exact_signs((struct three){a, ldexpf(b, exponent), ldexpf(c, -149)}, 0);
    }
    for (int i = 1; i <= 64; i++) { /* a hair beside the middle of two of them */
        float up = 1 + (float)i * 0x1p-23f, down = 1 - (float)i * 0x1p-23f;
        float whole = 0x1p20f + (float)i;
        assert_exact_signs((struct three){up * 0x1p-100f, down * 0x1p-50f, whole * 0x1p-149f}, 0);
    }
    assert_exact_signs((struct three){0, 0, 0}, 0);
    assert_exact_signs((struct three){1.5f, 2, 3}, 0);
}

/* Any finite numbers: a product and a sum of like size, and of very different ones. */
static void any_numbers(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next(&seed), more = next(&seed);
        int product = (int)(more & 0xff) - 128;
        int apart = (int)(more >> 8 & 0x3f) - 32;
        float a = 1 + (float)(bits & 0x7fffff) * 0x1p-23f;
        float b = ldexpf(1 + (float)(bits >> 23 & 0x7fffff) * 0x1p-23f, product);
        float c = ldexpf(1 + (float)(more >> 32 & 0x7fffff) * 0x1p-23f, product + apart);
        assert_exact((struct three){a, b, isfinite(c) ? c : 1});
        assert_exact((struct three){-a, b, isfinite(c) ? c : 1});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hair_beside_the_middle),
        cmocka_unit_test(small_results),
        cmocka_unit_test(any_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
