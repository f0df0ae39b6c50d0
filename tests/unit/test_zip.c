/* ZIP out: whole entries read back by Python's zipfile, the number of entries, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_malloc.h"
#include "judge.h"
#include "zip_sink.h"

/* An archive of three entries: 100,000 bytes, none, and a few. */
static enum dissolve_status write_archive(struct sink *sink)
{
    static uint8_t large[100000];
    struct codec_zip *zip;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * i >> 7);
    enum dissolve_status status = codec_zip_create(write_sink, sink, &zip);
    if (!status)
        status = codec_zip_add(zip, "frame-0000.png", large, sizeof large);
    if (!status)
        status = codec_zip_add(zip, "empty", "", 0);
    if (!status)
        status = codec_zip_add(zip, "manifest.json", "{\"seed\": \"42\"}", 14);
    if (!status)
        status = codec_zip_finish(zip);
    codec_zip_destroy(zip);
    return status;
}

static void test_python_reads_it(void **state)
{
    (void)state;
    static const char script[] =
        "import io, sys, zipfile, zlib\n"
        "archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n"
        "assert archive.testzip() is None\n"
        "for entry in archive.infolist():\n"
        "    assert entry.date_time == (1980, 1, 1, 0, 0, 0), entry.date_time\n"
        "    assert entry.compress_type == zipfile.ZIP_STORED and entry.flag_bits == 0\n"
        "    assert entry.extra == b''\n"
        "    print(entry.filename, entry.file_size, end=';')\n"
        "large = bytes((i * i >> 7) % 256 for i in range(100000))\n"
        "assert archive.read('frame-0000.png') == large\n"
        "assert archive.read('manifest.json') == b'{\"seed\": \"42\"}'\n";
    static const char listing[] = "frame-0000.png 100000;empty 0;manifest.json 14;";
    struct sink sink = {0};
    char answer[200] = "";
    assert_int_equal(write_archive(&sink), DISSOLVE_OK);
    judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer - 1);
    assert_string_equal(answer, listing);
    codec_buffer_free(&sink.bytes);
}

static void test_same_bytes_each_time(void **state)
{
    (void)state;
    struct sink one = {0};
    struct sink two = {0};
    assert_int_equal(write_archive(&one), DISSOLVE_OK);
    assert_int_equal(write_archive(&two), DISSOLVE_OK);
    assert_int_equal(one.bytes.size, two.bytes.size);
    assert_memory_equal(one.bytes.data, two.bytes.data, one.bytes.size);
    codec_buffer_free(&one.bytes);
    codec_buffer_free(&two.bytes);
}

static void test_an_entry_leaves_before_add_returns(void **state)
{
    (void)state;
    struct sink sink = {0};
    struct codec_zip *zip;
    assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_add(zip, "name", "bytes", 5), DISSOLVE_OK);
    assert_int_equal(sink.bytes.size, 30 + 4 + 5);
    assert_memory_equal(sink.bytes.data, "PK\3\4", 4);
    assert_memory_equal(sink.bytes.data + 30, "namebytes", 9);
    codec_zip_destroy(zip);
    assert_int_equal(sink.bytes.size, 30 + 4 + 5);
    codec_buffer_free(&sink.bytes);
}

static void test_many_entries(void **state)
{
    (void)state;
    static const char script[] =
        "import io, sys, zipfile\n"
        "archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n"
        "assert archive.testzip() is None\n"
        "assert archive.namelist() == [f'{i}' for i in range(70000)]\n"
        "assert all(archive.read(name) == name.encode() for name in archive.namelist()[::999])\n";
    struct sink sink = {0};
    struct codec_zip *zip;
    char answer[1];
    assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
    for (int i = 0; i < 70000; i++) { /* more than an archive without ZIP64 can count */
        char name[8];
        int size = snprintf(name, sizeof name, "%d", i);
        assert_int_equal(codec_zip_add(zip, name, name, (size_t)size), DISSOLVE_OK);
    }
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
    codec_zip_destroy(zip);
    judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer);
    codec_buffer_free(&sink.bytes);
}

/* Entry counts around the one that means ZIP64. */
static void test_count_limit(void **state)
{
    (void)state;
    static const size_t ends[] = {22, 98, 98};
    for (size_t more = 0; more < 3; more++) {
        struct sink sink = {0};
        struct codec_zip *zip;
        assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
        for (size_t i = 0; i < 65534 + more; i++)
            assert_int_equal(codec_zip_add(zip, "n", "", 0), DISSOLVE_OK);
        size_t before = sink.bytes.size;
        assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
        assert_int_equal(sink.bytes.size - before, (65534 + more) * 47 + ends[more]);
        codec_zip_destroy(zip);
        codec_buffer_free(&sink.bytes);
    }
}

static void test_empty_archive(void **state)
{
    (void)state;
    struct sink sink = {0};
    struct codec_zip *zip;
    assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
    assert_int_equal(sink.bytes.size, 22);
    assert_memory_equal(sink.bytes.data, "PK\5\6", 4);
    codec_zip_destroy(zip);
    codec_buffer_free(&sink.bytes);
}

static void test_refused_arguments(void **state)
{
    (void)state;
    static char name[65537];
    struct sink sink = {0};
    struct codec_zip *zip;
    memset(name, 'n', sizeof name - 1);
    assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_add(zip, "", "a", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_add(zip, name, "a", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_begin(zip, "", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_begin(zip, name, 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_add(zip, "n", "a", UINT32_MAX), DISSOLVE_TOO_LARGE);
    assert_int_equal(sink.bytes.size, 0);
    assert_int_equal(codec_zip_add(zip, name + 1, "a", 1), DISSOLVE_OK);
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_add(zip, "n", "a", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_INVALID);
    codec_zip_destroy(zip);
    codec_zip_destroy(NULL);
    codec_buffer_free(&sink.bytes);
}

static void test_refused_order(void **state)
{
    (void)state;
    struct sink sink = {0};
    struct codec_zip *zip;
    assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_append(zip, "a", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_end(zip), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_begin(zip, "n", 1), DISSOLVE_OK);
    size_t size = sink.bytes.size;
    assert_int_equal(codec_zip_begin(zip, "m", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_add(zip, "m", "a", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_INVALID);
    assert_int_equal(sink.bytes.size, size);
    assert_int_equal(codec_zip_append(zip, "a", 1), DISSOLVE_OK);
    assert_int_equal(codec_zip_append(zip, NULL, 0), DISSOLVE_OK);
    assert_int_equal(codec_zip_end(zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_append(zip, "a", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_end(zip), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
    size = sink.bytes.size;
    assert_int_equal(codec_zip_begin(zip, "m", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_append(zip, "a", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_end(zip), DISSOLVE_INVALID);
    assert_int_equal(sink.bytes.size, size);
    codec_zip_destroy(zip);
    codec_buffer_free(&sink.bytes);
}

/* What follows an error is the same error, and nothing goes out. */
static void check_dead(struct codec_zip *zip, enum dissolve_status status)
{
    assert_int_equal(codec_zip_add(zip, "n", "a", 1), status);
    assert_int_equal(codec_zip_begin(zip, "n", 1), status);
    assert_int_equal(codec_zip_append(zip, "a", 1), status);
    assert_int_equal(codec_zip_end(zip), status);
    assert_int_equal(codec_zip_finish(zip), status);
}

static void test_reader_leaves(void **state)
{
    (void)state;
    struct sink whole = {0};
    assert_int_equal(write_archive(&whole), DISSOLVE_OK);
    for (size_t limit = 1; limit < whole.bytes.size; limit += limit < 200 ? 7 : 9999) {
        struct sink sink = {.limit = limit};
        assert_int_equal(write_archive(&sink), DISSOLVE_CANCELLED);
        codec_buffer_free(&sink.bytes);
    }
    codec_buffer_free(&whole.bytes);
    assert_int_equal(write_mixed(&whole, 7), DISSOLVE_OK);
    for (size_t limit = 1; limit < whole.bytes.size; limit++) {
        struct sink sink = {.limit = limit};
        assert_int_equal(write_mixed(&sink, 7), DISSOLVE_CANCELLED);
        codec_buffer_free(&sink.bytes);
    }
    codec_buffer_free(&whole.bytes);
}

/* In the header, in the block's, in the bytes (36 bytes on), in the descriptor. */
static void test_nothing_after_an_error(void **state)
{
    (void)state;
    static const size_t limits[] = {1, 33, 38, 50};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct sink sink = {.limit = limits[i]};
        struct codec_zip *zip;
        assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
        assert_int_equal(stream_entry(zip, "n", "bytes", 5, 1), DISSOLVE_CANCELLED);
        size_t size = sink.bytes.size;
        sink.limit = 0;
        check_dead(zip, DISSOLVE_CANCELLED);
        assert_int_equal(sink.bytes.size, size);
        codec_zip_destroy(zip);
        codec_buffer_free(&sink.bytes);
    }
}

/* Archives that need the directory to grow, whole entries and streamed ones. */
static enum dissolve_status write_many(struct codec_zip *zip, bool streamed)
{
    enum dissolve_status status = DISSOLVE_OK;
    for (int i = 0; !status && i < 50; i++)
        status = streamed ? stream_entry(zip, "name", "bytes", 5, 5)
                          : codec_zip_add(zip, "name", "bytes", 5);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    for (int streamed = 0; streamed < 2; streamed++) {
        bool failed = true;
        for (long n = 0; failed; n++) {
            struct sink sink = {0};
            struct codec_zip *zip;
            assert_int_equal(codec_buffer_reserve(&sink.bytes, 200000), DISSOLVE_OK);
            fail_allocation(n);
            enum dissolve_status status = codec_zip_create(write_sink, &sink, &zip);
            assert_true((zip != NULL) == (status == DISSOLVE_OK));
            if (!status)
                status = write_many(zip, streamed);
            failed = allocation_failed();
            assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
            if (zip && failed)
                check_dead(zip, DISSOLVE_NO_MEMORY);
            assert_true(failed || n > 2);
            codec_zip_destroy(zip);
            codec_buffer_free(&sink.bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_python_reads_it),
        cmocka_unit_test(test_same_bytes_each_time),
        cmocka_unit_test(test_an_entry_leaves_before_add_returns),
        cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_count_limit),
        cmocka_unit_test(test_empty_archive),
        cmocka_unit_test(test_refused_arguments),
        cmocka_unit_test(test_refused_order),
        cmocka_unit_test(test_reader_leaves),
        cmocka_unit_test(test_nothing_after_an_error),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
