/* A gzip stream out: read back by Python's gzip, the same however it is cut, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/buffer.h"
#include "codec/gzip.h"
#include "failing_malloc.h"
#include "judge.h"

#define SIZE 400000

/* Where streams go: kept in a buffer, until the reader is gone. */
struct sink {
    struct codec_buffer bytes;
    size_t limit; /* it is gone after so many bytes; 0: it stays */
};

static bool write_sink(void *context, const void *bytes, size_t size)
{
    struct sink *sink = context;
    assert_true(size > 0);
    if (sink->limit > 0 && sink->bytes.size + size > sink->limit)
        return false;
    return codec_buffer_append(&sink->bytes, bytes, size) == DISSOLVE_OK;
}

/* Columns of words, base64 of noise and noise itself by turns, none of them in whole blocks. */
static const uint8_t *make_input(void)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static uint8_t input[SIZE];
    uint32_t seed = 1;
    for (size_t i = 0; i < SIZE; i++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t noise = seed >> 24;
        switch (i / 41000 % 3) {
        case 0:
            input[i] = (uint8_t) "\"counts\": [0, 0, 0, 0]"[i % 22];
            break;
        case 1:
            input[i] = (uint8_t)digits[noise % 64];
            break;
        default:
            input[i] = (uint8_t)noise;
        }
    }
    return input;
}

/* A stream of the input, in writes of at most `part` bytes, `flushes` flushes between them. */
static enum dissolve_status write_stream(struct sink *sink, size_t size, size_t part, bool flushes)
{
    struct codec_gzip *gzip;
    const uint8_t *input = make_input();
    enum dissolve_status status = codec_gzip_create(write_sink, sink, &gzip);
    for (size_t at = 0; !status && at < size; at += part) {
        status = codec_gzip_write(gzip, input + at, size - at < part ? size - at : part);
        if (!status && flushes)
            status = codec_gzip_flush(gzip);
    }
    if (!status)
        status = codec_gzip_finish(gzip);
    codec_gzip_destroy(gzip);
    return status;
}

/* Also: no name, no time, nothing behind the stream. */
static const char script[] = "import gzip, sys\n"
                             "data = sys.stdin.buffer.read()\n"
                             "assert data[:8] == bytes.fromhex('1f8b080000000000'), data[:10]\n"
                             "sys.stdout.buffer.write(gzip.decompress(data))\n";

static void check_stream(size_t size, size_t part, bool flushes)
{
    static uint8_t answer[SIZE + 1];
    struct sink sink = {0};
    assert_int_equal(write_stream(&sink, size, part, flushes), DISSOLVE_OK);
    assert_int_equal(judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer), size);
    assert_memory_equal(answer, make_input(), size);
    codec_buffer_free(&sink.bytes);
}

static void test_python_reads_it(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 16383, 16384, 16385, SIZE};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_stream(sizes[i], SIZE, false);
    check_stream(SIZE, 3001, true);
    check_stream(SIZE, 50000, true);
    check_stream(SIZE, 20, true);
}

static void test_it_is_smaller(void **state)
{
    (void)state;
    struct sink sink = {0};
    assert_int_equal(write_stream(&sink, 41000, SIZE, false), DISSOLVE_OK);
    assert_true(sink.bytes.size < 41000 / 50); /* the words */
    codec_buffer_free(&sink.bytes);
    assert_int_equal(write_stream(&sink, 82000, SIZE, false), DISSOLVE_OK);
    assert_true(sink.bytes.size < 41000 / 50 + 41000 / 100 * 77); /* and base64 */
    codec_buffer_free(&sink.bytes);
}

static void test_cuts_change_nothing(void **state)
{
    (void)state;
    static const size_t parts[] = {1, 7, 258, 16383, 16384, 16385, 100000};
    struct sink whole = {0};
    assert_int_equal(write_stream(&whole, SIZE, SIZE, false), DISSOLVE_OK);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct sink cut = {0};
        assert_int_equal(write_stream(&cut, SIZE, parts[i], false), DISSOLVE_OK);
        assert_int_equal(cut.bytes.size, whole.bytes.size);
        assert_memory_equal(cut.bytes.data, whole.bytes.data, whole.bytes.size);
        codec_buffer_free(&cut.bytes);
    }
    codec_buffer_free(&whole.bytes);
}

/* What a reader has after a flush: all, before the stream has ended. */
static void check_flushed(const struct codec_buffer *stream, size_t size)
{
    static const char partial[] = "import sys, zlib\n"
                                  "stream = zlib.decompressobj(31)\n"
                                  "data = stream.decompress(sys.stdin.buffer.read())\n"
                                  "assert not stream.eof and not stream.unconsumed_tail\n"
                                  "sys.stdout.buffer.write(data)\n";
    static uint8_t answer[SIZE + 1];
    assert_int_equal(judge(partial, stream->data, stream->size, answer, sizeof answer), size);
    assert_memory_equal(answer, make_input(), size);
}

static void test_flush_lets_all_out(void **state)
{
    (void)state;
    static const size_t ends[] = {1, 20, 16384, 60000, 100000, 350000};
    struct sink sink = {0};
    struct codec_gzip *gzip;
    const uint8_t *input = make_input();
    size_t at = 0;
    assert_int_equal(codec_gzip_create(write_sink, &sink, &gzip), DISSOLVE_OK);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        assert_int_equal(codec_gzip_write(gzip, input + at, ends[i] - at), DISSOLVE_OK);
        assert_int_equal(codec_gzip_flush(gzip), DISSOLVE_OK);
        at = ends[i];
        size_t size = sink.bytes.size;
        check_flushed(&sink.bytes, at);
        assert_int_equal(codec_gzip_flush(gzip), DISSOLVE_OK);
        assert_int_equal(sink.bytes.size, size); /* nothing new, no second mark */
    }
    codec_gzip_destroy(gzip);
    codec_buffer_free(&sink.bytes);
}

static void test_nothing_after_the_end(void **state)
{
    (void)state;
    struct sink sink = {0};
    struct codec_gzip *gzip;
    assert_int_equal(codec_gzip_create(write_sink, &sink, &gzip), DISSOLVE_OK);
    assert_int_equal(codec_gzip_finish(gzip), DISSOLVE_OK);
    size_t size = sink.bytes.size;
    assert_int_equal(codec_gzip_write(gzip, "a", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_gzip_flush(gzip), DISSOLVE_INVALID);
    assert_int_equal(codec_gzip_finish(gzip), DISSOLVE_INVALID);
    assert_int_equal(sink.bytes.size, size);
    codec_gzip_destroy(gzip);
    codec_gzip_destroy(NULL);
    codec_buffer_free(&sink.bytes);
}

static void test_reader_leaves(void **state)
{
    (void)state;
    for (int flushes = 0; flushes < 2; flushes++) {
        struct sink whole = {0};
        assert_int_equal(write_stream(&whole, SIZE, 30000, flushes), DISSOLVE_OK);
        for (size_t limit = 1; limit < whole.bytes.size; limit += 9973) {
            struct sink sink = {.limit = limit};
            assert_int_equal(write_stream(&sink, SIZE, 30000, flushes), DISSOLVE_CANCELLED);
            codec_buffer_free(&sink.bytes);
        }
        codec_buffer_free(&whole.bytes);
    }
    struct sink sink = {.limit = 1};
    struct codec_gzip *gzip;
    assert_int_equal(codec_gzip_create(write_sink, &sink, &gzip), DISSOLVE_OK);
    assert_int_equal(codec_gzip_write(gzip, "a", 1), DISSOLVE_OK); /* it waits */
    assert_int_equal(codec_gzip_flush(gzip), DISSOLVE_CANCELLED);
    sink.limit = 0;
    assert_int_equal(codec_gzip_write(gzip, "a", 1), DISSOLVE_CANCELLED);
    assert_int_equal(codec_gzip_flush(gzip), DISSOLVE_CANCELLED);
    assert_int_equal(codec_gzip_finish(gzip), DISSOLVE_CANCELLED);
    assert_int_equal(sink.bytes.size, 0);
    codec_gzip_destroy(gzip);
}

/* Ours and each of zlib's, all when the stream begins. */
static void test_no_memory(void **state)
{
    (void)state;
    bool failed = true;
    long n = 0;
    for (; failed; n++) {
        struct sink sink = {0};
        struct codec_gzip *gzip;
        fail_allocation(n);
        enum dissolve_status status = codec_gzip_create(write_sink, &sink, &gzip);
        failed = allocation_failed();
        assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
        assert_true(failed == (gzip == NULL));
        codec_gzip_destroy(gzip);
    }
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_python_reads_it),
        cmocka_unit_test(test_it_is_smaller),
        cmocka_unit_test(test_cuts_change_nothing),
        cmocka_unit_test(test_flush_lets_all_out),
        cmocka_unit_test(test_nothing_after_the_end),
        cmocka_unit_test(test_reader_leaves),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
