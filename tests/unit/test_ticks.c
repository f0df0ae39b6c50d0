/* Ticks and the numbers beside them: round, few, and within the axis, whatever the range. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "codec/ticks.h"
#include "expect.h"

/* What stands along an axis, in one line. */
static void list(double low, double high, int most, char text[400])
{
    struct codec_ticks ticks;
    codec_ticks_find(low, high, most, &ticks);
    size_t at = 0;
    for (size_t i = 0; i < ticks.count; i++) {
        if (i > 0)
            text[at++] = ' ';
        codec_decimal_print(ticks.at[i], text + at);
        at += strlen(text + at);
    }
    text[at] = 0;
}

static void test_ranges(void **state)
{
    static const struct {
        double low, high;
        int most;
        const char *ticks; /* with - for the minus sign */
    } cases[] = {
        {-10, 10, 10, "-10 -8 -6 -4 -2 0 2 4 6 8 10"},
        {-10, 10, 4, "-10 -5 0 5 10"},
        {0, 0.5, 6, "0 0.1 0.2 0.3 0.4 0.5"},
        {0, 0.5, 3, "0 0.2 0.4"},
        {0, 0.3, 3, "0 0.1 0.2 0.3"},
        {-1, 1, 10, "-1 -0.8 -0.6 -0.4 -0.2 0 0.2 0.4 0.6 0.8 1"},
        {0.1, 0.7, 6, "0.1 0.2 0.3 0.4 0.5 0.6 0.7"},
        {3, 17, 5, "5 10 15"},
        {-0.0025, 0.0125, 10, "-0.002 0 0.002 0.004 0.006 0.008 0.01 0.012"},
        {0, 3e-5, 3, "0 1e-5 2e-5 3e-5"},
        {0, 2.5e6, 5, "0 500000 1e6 1.5e6 2e6 2.5e6"},
        {1e6, 1000001, 2, "1e6 1000000.5 1000001"},
        {-1e300, 1e300, 4, "-1e300 -5e299 0 5e299 1e300"},
        {1e-280, 5e-280, 4, "1e-280 2e-280 3e-280 4e-280 5e-280"},
        {99.9, 100.1, 2, "99.9 100 100.1"},
        {-7, -3, 4, "-7 -6 -5 -4 -3"},
        {0, 1, 1, "0 1"},
        {0.2, 0.9, 1, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[400];
        char plain[400];
        size_t size = 0;
        list(cases[i].low, cases[i].high, cases[i].most, text);
        for (const char *at = text; *at; at++) {
            bool minus = strncmp(at, "\xe2\x88\x92", 3) == 0;
            plain[size++] = minus ? '-' : *at;
            at += minus ? 2 : 0;
        }
        plain[size] = 0;
        assert_string_equal(plain, cases[i].ticks);
    }
}

/* For any range: at most one more than asked for, inside, at equal distances, at round numbers. */
static void test_any_range(void **state)
{
    struct codec_ticks ticks;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        double low = sin(i) * pow(10, i % 37 - 18);
        double high = low + (1.01 + cos(3 * i)) * pow(10, i % 23 - 11);
        int most = 1 + i % (CODEC_MAX_TICKS - 1);
        if (!(high - low > fabs(low) * 1e-9))
            continue;
        codec_ticks_find(low, high, most, &ticks);
        assert_in_range(ticks.count, 0, most + 1);
        assert_true(most < 5 || ticks.count >= (size_t)most / 3);
        for (size_t k = 0; k < ticks.count; k++) {
            double value = codec_decimal_value(ticks.at[k]);
            double slack = (high - low) * 1e-7;
            assert_true(value >= low - slack && value <= high + slack);
            if (k == 0)
                continue;
            assert_int_equal(ticks.at[k].exponent, ticks.at[0].exponent);
            long step = (long)(ticks.at[k].digits - ticks.at[k - 1].digits);
            assert_true(step == 1 || step == 2 || step == 5);
            assert_int_equal(step, ticks.at[1].digits - ticks.at[0].digits);
        }
    }
}

static void test_no_ticks(void **state)
{
    static const double ranges[][2] = {
        {1, 0},
        {1, 1},
        {0, DBL_MIN},
        {-DBL_MAX, DBL_MAX},
        {0, INFINITY},
        {NAN, 1},
        {1, 1 + DBL_EPSILON},
        {1e17, 1e17 + 64},
        {-1e-300, 0},
        {0, DBL_TRUE_MIN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct codec_ticks ticks = {.count = 9};
        codec_ticks_find(ranges[i][0], ranges[i][1], 10, &ticks);
        assert_int_equal(ticks.count, 0);
    }
}

static void test_decimals(void **state)
{
    static const struct {
        struct codec_decimal number;
        const char *text;
        size_t characters;
        double value;
    } cases[] = {
        {{0, 5}, "0", 1, 0},
        {{50, -3}, "0.05", 4, 0.05},
        {{-12, 3},
         "\xe2\x88\x92"
         "12000",
         6,
         -12000},
        {{999999, 0}, "999999", 6, 999999},
        {{1, 6}, "1e6", 3, 1e6},
        {{25, 7}, "2.5e8", 5, 2.5e8},
        {{1, -4}, "0.0001", 6, 0.0001},
        {{1, -5},
         "1e\xe2\x88\x92"
         "5",
         4,
         1e-5},
        {{-123, -7},
         "\xe2\x88\x92"
         "1.23e\xe2\x88\x92"
         "5",
         8,
         -1.23e-5},
        {{1234567, -3}, "1234.567", 8, 1234.567},
        {{123456789012345, -1}, "12345678901234.5", 16, 12345678901234.5},
        {{100000000000000000, 0}, "1e17", 4, 1e17},
        {{3, -1}, "0.3", 3, 0.3},
        {{7, -308},
         "7e\xe2\x88\x92"
         "308",
         6,
         7e-308},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CODEC_DECIMAL_ROOM];
        assert_int_equal(codec_decimal_print(cases[i].number, text), cases[i].characters);
        assert_string_equal(text, cases[i].text);
        double value = codec_decimal_value(cases[i].number);
        double error = fabs(value - cases[i].value);
        int exponent = cases[i].number.exponent;
        assert_true(exponent < -22 ? error <= 1e-14 * fabs(value) : error == 0);
    }
}

static void test_rounding(void **state)
{
    static const struct {
        double value;
        int figures;
        const char *text;
    } cases[] = {
        {1, 3, "1"},
        {0.031676352024078369, 3, "0.0317"},
        {0.99999, 3, "1"},
        {0.9994, 3, "0.999"},
        {4.03583e-5, 3,
         "4.04e\xe2\x88\x92"
         "5"},
        {0, 3, "0"},
        {NAN, 3, "0"},
        {INFINITY, 3, "0"},
        {1e-320, 1,
         "1e\xe2\x88\x92"
         "320"},
        {1.5e300, 6, "1.5e300"},
        {123456.7, 6, "123457"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CODEC_DECIMAL_ROOM];
        codec_decimal_print(codec_decimal_round(cases[i].value, cases[i].figures), text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),   cmocka_unit_test(test_any_range),
        cmocka_unit_test(test_no_ticks), cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_rounding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
