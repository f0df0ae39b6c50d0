/* Base64 out: the vectors of RFC 4648, Python's base64 as the judge, and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/base64.h"
#include "failing_malloc.h"
#include "judge.h"

static void test_vectors(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < 7; i++) {
        struct codec_buffer out = {0};
        const char *input = vectors[i][0];
        assert_int_equal(codec_buffer_append(&out, ">", 1), DISSOLVE_OK);
        assert_int_equal(codec_base64_encode((const uint8_t *)input, strlen(input), &out),
                         DISSOLVE_OK);
        assert_int_equal(out.size, 1 + strlen(vectors[i][1]));
        assert_memory_equal(out.data + 1, vectors[i][1], out.size - 1);
        codec_buffer_free(&out);
    }
}

static void test_python_reads_it(void **state)
{
    (void)state;
    static const char script[] =
        "import base64, sys\n"
        "text = sys.stdin.buffer.read()\n"
        "assert set(text[:-2]) <= set(b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'\n"
        "                             b'0123456789+/')\n"
        "sys.stdout.buffer.write(base64.b64decode(text, validate=True))\n";
    static uint8_t bytes[100000];
    static uint8_t answer[100001];
    struct codec_buffer out = {0};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i >> 5);
    assert_int_equal(codec_base64_encode(bytes, sizeof bytes, &out), DISSOLVE_OK);
    assert_int_equal(judge(script, out.data, out.size, answer, sizeof answer), sizeof bytes);
    assert_memory_equal(answer, bytes, sizeof bytes);
    codec_buffer_free(&out);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct codec_buffer out = {0};
    const uint8_t byte = 0;
    assert_int_equal(codec_base64_encode(&byte, SIZE_MAX, &out), DISSOLVE_NO_MEMORY);
    assert_int_equal(codec_base64_encode(&byte, PTRDIFF_MAX / 4 * 3, &out), DISSOLVE_NO_MEMORY);
    fail_allocation(0);
    assert_int_equal(codec_base64_encode(&byte, 1, &out), DISSOLVE_NO_MEMORY);
    assert_true(allocation_failed());
    assert_int_equal(out.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_python_reads_it),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
