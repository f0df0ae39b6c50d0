/* SHA-256: the examples of FIPS 180-4 and RFC 6234, and Python's hashlib, however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/digest.h"
#include "judge.h"

static void check(const void *bytes, size_t size, size_t part, const uint8_t *expected)
{
    struct codec_sha256 sha256;
    uint8_t digest[CODEC_SHA256_SIZE];
    codec_sha256_init(&sha256);
    for (size_t at = 0; at < size; at += part)
        codec_sha256_update(&sha256, (const uint8_t *)bytes + at,
                            size - at < part ? size - at : part);
    codec_sha256_finish(&sha256, digest);
    assert_memory_equal(digest, expected, sizeof digest);
}

/* RFC 6234, section 8.5: tests 1 and 2; and the digest of nothing. */
static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *digest;
    } vectors[] = {
        {"", "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\x27\xae\x41\xe4"
             "\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55"},
        {"abc", "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23\xb0\x03\x61\xa3"
                "\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "\x24\x8d\x6a\x61\xd2\x06\x38\xb8\xe5\xc0\x26\x93\x0c\x3e\x60\x39\xa3\x3c\xe4\x59"
         "\x64\xff\x21\x67\xf6\xec\xed\xd4\x19\xdb\x06\xc1"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        for (size_t part = 1; part < 60; part++)
            check(vectors[i].text, strlen(vectors[i].text), part,
                  (const uint8_t *)vectors[i].digest);
    }
}

static void test_python_agrees(void **state)
{
    (void)state;
    static const char script[] = "import hashlib, sys\n"
                                 "data = sys.stdin.buffer.read()\n"
                                 "sys.stdout.buffer.write(hashlib.sha256(data).digest())\n";
    static const size_t sizes[] = {55, 56, 63, 64, 65, 127, 128, 1000, 100000};
    static uint8_t bytes[100000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i >> 7);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t expected[CODEC_SHA256_SIZE];
        assert_int_equal(judge(script, bytes, sizes[i], expected, sizeof expected),
                         sizeof expected);
        check(bytes, sizes[i], sizes[i], expected);
        check(bytes, sizes[i], 1, expected);
        check(bytes, sizes[i], 61, expected);
    }
}

static void test_states_are_copies(void **state)
{
    (void)state;
    struct codec_sha256 one, two;
    uint8_t digests[2][CODEC_SHA256_SIZE];
    codec_sha256_init(&one);
    codec_sha256_update(&one, "ab", 2);
    two = one;
    codec_sha256_update(&one, "x", 1);
    codec_sha256_update(&two, NULL, 0);
    codec_sha256_update(&two, "x", 1);
    codec_sha256_finish(&one, digests[0]);
    codec_sha256_finish(&two, digests[1]);
    assert_memory_equal(digests[0], digests[1], CODEC_SHA256_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_python_agrees),
        cmocka_unit_test(test_states_are_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
