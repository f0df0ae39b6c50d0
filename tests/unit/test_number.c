/* Numbers to and from text, with Python's float as the judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "codec/buffer.h"
#include "codec/number.h"
#include "judge.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MANY         20000

static const double special[] = {0.0,
                                 -0.0,
                                 1.0,
                                 -1.0,
                                 0.1,
                                 1.0 / 3,
                                 1e5,
                                 123456.,
                                 DBL_MAX,
                                 DBL_MIN,
                                 5e-324,
                                 DBL_EPSILON,
                                 1e21,
                                 1e22,
                                 1e23,
                                 1e-7,
                                 0.3,
                                 2.5,
                                 9007199254740993.0,
                                 -DBL_MAX,
                                 4294967296.0,
                                 0.000123};

/* Some of every magnitude: random bits, random float32 values, and the special ones. */
static void make_values(double values[MANY])
{
    uint64_t bits = 42;
    for (size_t i = 0; i < MANY; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        uint64_t mixed = bits ^ bits >> 29;
        memcpy(&values[i], &mixed, sizeof mixed);
        if (i % 2 == 1)
            values[i] = (double)(float)((double)(int64_t)mixed * 0x1p-61);
        if (i < COUNT(special) || !isfinite(values[i]))
            values[i] = special[i % COUNT(special)];
    }
}

static void test_printed_is_shortest_and_reads_back(void **state)
{
    (void)state;
    static const char script[] =
        "import json, struct, sys\n"
        "data = sys.stdin.buffer.read()\n"
        "values = struct.unpack('<20000d', data[:160000])\n"
        "texts = data[160000:].decode('ascii').split()\n"
        "def digits(text):\n"
        "    mantissa = text.lower().split('e')[0].lstrip('-')\n"
        "    return mantissa.replace('.', '').strip('0')\n"
        "assert len(texts) == len(values)\n"
        "for value, text in zip(values, texts):\n"
        "    json.loads(text)\n"
        "    read = float(text)\n"
        "    assert struct.pack('<d', read) == struct.pack('<d', value), (value, text)\n"
        "    assert len(digits(text)) <= len(digits(repr(value))) or '.' not in text, text\n"
        "    assert len(text) <= len(repr(value)), (value, text)\n";
    static double values[MANY];
    struct codec_buffer out = {0};
    make_values(values);
    assert_int_equal(codec_buffer_append(&out, values, sizeof values), DISSOLVE_OK);
    for (size_t i = 0; i < MANY; i++) {
        char text[CODEC_NUMBER_ROOM];
        size_t size = codec_number_print(values[i], text);
        assert_in_range(size, 1, CODEC_NUMBER_LONGEST);
        double read = 1;
        assert_int_equal(codec_number_parse(text, size, &read), size);
        assert_memory_equal(&read, &values[i], sizeof read);
        assert_int_equal(codec_buffer_append(&out, text, size), DISSOLVE_OK);
        assert_int_equal(codec_buffer_append(&out, "\n", 1), DISSOLVE_OK);
    }
    char answer[1];
    judge(script, out.data, out.size, answer, sizeof answer);
    codec_buffer_free(&out);
}

/*
 * Floats of every magnitude: read by strtof, and as a double that is rounded, as JSON's readers do.
 */
static void test_floats_read_back(void **state)
{
    (void)state;
    char text[CODEC_NUMBER_ROOM + 1];
    uint32_t bits = 7;
    for (size_t i = 0; i < 1000000; i++) {
        bits = bits * 1664525u + 1013904223u;                      /* all 2^32 of them, some time */
        uint32_t pattern = i % 8 == 0 ? bits & 0x807fffffu : bits; /* many that are subnormal */
        if (i < 4)
            pattern = (uint32_t[]){0, 0x80000000u, 0x7f7fffffu, 1}[i];
        float value;
        memcpy(&value, &pattern, sizeof value);
        size_t size = codec_number_print_float(value, text);
        assert_true((size == 0) == !isfinite(value));
        if (size == 0)
            continue;
        text[size] = '\0';
        double wide = 77;
        float read = strtof(text, NULL);
        bool taken = codec_number_parse(text, size, &wide) == size;
        float narrowed = (float)wide;
        if (!taken || memcmp(&read, &value, sizeof value) != 0 ||
            memcmp(&narrowed, &value, sizeof value) != 0)
            fail_msg("%a is printed as %s", (double)value, text);
    }
}

static void test_floats_are_as_short_as_numpy_s(void **state)
{
    (void)state;
    static const char script[] =
        "import json, sys\n"
        "import numpy\n"
        "data = sys.stdin.buffer.read()\n"
        "values = numpy.frombuffer(data[:80000], '<f4')\n"
        "texts = data[80000:].decode('ascii').split()\n"
        "assert len(texts) == len(values)\n"
        "for value, text in zip(values, texts):\n"
        "    json.loads(text)\n"
        "    short = numpy.format_float_scientific(value, unique=True, trim='-')\n"
        "    plain = numpy.format_float_positional(value, unique=True, trim='-')\n"
        "    assert len(text) <= min(len(short), len(plain)), (value, text)\n"
        "    if 'e' in text or '.' in text:\n"
        "        assert float(text) == float(short), (value, text)\n";
    static float values[MANY];
    struct codec_buffer out = {0};
    uint32_t bits = 1;
    for (size_t i = 0; i < MANY; i++) {
        do {
            bits = bits * 1664525u + 1013904223u;
            memcpy(&values[i], &bits, sizeof bits);
        } while (!isfinite(values[i]));
        if (i % 2 == 0) /* as samples are */
            values[i] = ldexpf((float)(int32_t)bits, -29);
    }
    assert_int_equal(codec_buffer_append(&out, values, sizeof values), DISSOLVE_OK);
    for (size_t i = 0; i < MANY; i++) {
        char text[CODEC_NUMBER_ROOM];
        size_t size = codec_number_print_float(values[i], text);
        assert_int_equal(codec_buffer_append(&out, text, size), DISSOLVE_OK);
        assert_int_equal(codec_buffer_append(&out, "\n", 1), DISSOLVE_OK);
    }
    char answer[1];
    judge(script, out.data, out.size, answer, sizeof answer);
    codec_buffer_free(&out);
}

/* With an exponent only where that is shorter; its own digits or zeros before the point. */
static void test_the_shorter_form(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {7.0, "7"},
        {-0.5, "-0.5"},
        {12.75, "12.75"},
        {0.1 + 0.2, "0.30000000000000004"},
        {123456789.12345679, "123456789.12345679"},
        {12345678901234568.0, "12345678901234568"},
        {0.001, "0.001"},
        {0.0001, "1e-04"},
        {0.00012, "0.00012"},
        {0.000012, "1.2e-05"},
        {-0.00054213420260805625, "-0.0005421342026080562"},
        {0.000054213420260805625, "5.4213420260805625e-05"},
        {10000.0, "10000"},
        {100000.0, "1e+05"},
        {1200000.0, "1200000"},
        {12000000.0, "1.2e+07"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[CODEC_NUMBER_ROOM + 1];
        text[codec_number_print(cases[i].value, text)] = '\0';
        assert_string_equal(text, cases[i].text);
    }
}

static void test_not_finite_is_not_printed(void **state)
{
    (void)state;
    char text[CODEC_NUMBER_ROOM];
    assert_int_equal(codec_number_print((double)NAN, text), 0);
    assert_int_equal(codec_number_print((double)INFINITY, text), 0);
    assert_int_equal(codec_number_print(-(double)INFINITY, text), 0);
    assert_int_equal(codec_number_print_float(NAN, text), 0);
    assert_int_equal(codec_number_print_float(-INFINITY, text), 0);
}

static void test_integers(void **state)
{
    (void)state;
    uint64_t value = 1;
    for (int i = 0; i < 64; i++, value *= 7) {
        char text[CODEC_NUMBER_ROOM], expected[CODEC_NUMBER_ROOM];
        uint64_t printed = i == 0 ? 0 : i == 1 ? UINT64_MAX : value;
        int size = snprintf(expected, sizeof expected, "%" PRIu64, printed);
        assert_int_equal(codec_number_print_integer(printed, text), size);
        assert_memory_equal(text, expected, (size_t)size);
        char digits[CODEC_NUMBER_HEXADECIMAL];
        snprintf(expected, sizeof expected, "%016" PRIx64, printed);
        codec_number_print_hexadecimal(printed, digits);
        assert_memory_equal(digits, expected, sizeof digits);
    }
}

static void test_read_as_python_reads(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "12",
        "0.5",
        "-12.75e2",
        "1E5",
        "1e+5",
        "1e-5",
        "1e308",
        "1.8e308",
        "1e309",
        "-1e309",
        "1e-323",
        "2e-324",
        "3e-324",
        "1e-400",
        "-1e-400",
        "0e999999999",
        "0.1e1",
        "123456789012345678901234567890",
        "9007199254740993",
        "9007199254740992.9999999999999999999999999999",
        "1e99999999999999999999999",
        "1e-99999999999999999999999",
        "0.00000000000000000000001e-400",
        "100000000000000000000000000000000000000000000000e400",
        "2.2250738585072011e-308",
        "179769313486231580793728971405301e276",
        "0.000000000000000000000000000000000000000000000000000000001e60",
        "0e5",
        "-0.0e-99999",
        "0.0000e99999999999999999999"};
    static const char script[] = "import struct, sys\n"
                                 "for text in sys.stdin.read().split():\n"
                                 "    sys.stdout.buffer.write(struct.pack('<d', float(text)))\n";
    double expected[COUNT(texts) + 1];
    struct codec_buffer all = {0};
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(codec_buffer_append(&all, texts[i], strlen(texts[i])), DISSOLVE_OK);
        assert_int_equal(codec_buffer_append(&all, "\n", 1), DISSOLVE_OK);
    }
    assert_int_equal(judge(script, all.data, all.size, expected, sizeof expected),
                     COUNT(texts) * sizeof(double));
    for (size_t i = 0; i < COUNT(texts); i++) {
        double value = 77;
        assert_int_equal(codec_number_parse(texts[i], strlen(texts[i]), &value), strlen(texts[i]));
        if (memcmp(&value, &expected[i], sizeof value) != 0)
            fail_msg("%s: %a, not %a", texts[i], value, expected[i]);
    }
    codec_buffer_free(&all);
}

/* The longest beginning that JSON's grammar calls a number. */
static void test_grammar(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t taken;
        double value;
    } cases[] = {{"", 0, 7},      {"-", 0, 7},        {"+1", 0, 7},      {".5", 0, 7},
                 {"NaN", 0, 7},   {"Infinity", 0, 7}, {"-x", 0, 7},      {" 1", 0, 7},
                 {"-.5", 0, 7},   {"e5", 0, 7},       {"inf", 0, 7},     {"--1", 0, 7},
                 {"007", 1, 0},   {"-01", 2, -0.0},   {"1.", 1, 1},      {"1.e5", 1, 1},
                 {"1e", 1, 1},    {"1e+", 1, 1},      {"1.5e-", 3, 1.5}, {"0x10", 1, 0},
                 {"1,2", 1, 1},   {"1 ", 1, 1},       {"2.5]", 3, 2.5},  {"1e5.5", 3, 1e5},
                 {"1_000", 1, 1}, {"12e3e4", 4, 12e3}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double value = 7;
        size_t taken = codec_number_parse(cases[i].text, strlen(cases[i].text), &value);
        if (taken != cases[i].taken || memcmp(&value, &cases[i].value, sizeof value) != 0)
            fail_msg("'%s': took %zu, %g", cases[i].text, taken, value);
    }
}

/* Only text[0..size) counts, whatever stands behind it. */
static void test_size_ends_the_text(void **state)
{
    (void)state;
    double value = 7;
    assert_int_equal(codec_number_parse("123.5e2", 2, &value), 2);
    assert_true(value == 12);
    assert_int_equal(codec_number_parse("123.5e2", 4, &value), 3);
    assert_true(value == 123);
    assert_int_equal(codec_number_parse("123.5e2", 6, &value), 5);
    assert_true(value == 123.5);
    assert_int_equal(codec_number_parse("-1", 1, &value), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_printed_is_shortest_and_reads_back),
        cmocka_unit_test(test_floats_read_back),
        cmocka_unit_test(test_floats_are_as_short_as_numpy_s),
        cmocka_unit_test(test_the_shorter_form),
        cmocka_unit_test(test_not_finite_is_not_printed),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_read_as_python_reads),
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_size_ends_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
