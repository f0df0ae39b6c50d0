/* ZIP out: read back by Python's zipfile, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/buffer.h"
#include "codec/zip.h"
#include "failing_malloc.h"
#include "judge.h"

/* Where archives go: kept in a buffer, until the reader is gone. */
struct sink {
    struct codec_buffer bytes;
    size_t limit; /* it is gone after so many bytes; 0: it stays */
};

static bool write_sink(void *context, const void *bytes, size_t size)
{
    struct sink *sink = context;
    if (sink->limit > 0 && sink->bytes.size + size > sink->limit)
        return false;
    return codec_buffer_append(&sink->bytes, bytes, size) == DISSOLVE_OK;
}

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

static void test_reader_leaves(void **state)
{
    (void)state;
    const size_t whole = 100345;
    for (size_t limit = 1; limit < whole; limit += limit < 200 ? 7 : 9999) {
        struct sink sink = {.limit = limit};
        assert_int_equal(write_archive(&sink), DISSOLVE_CANCELLED);
        codec_buffer_free(&sink.bytes);
    }
    struct sink sink = {.limit = 20};
    struct codec_zip *zip;
    assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_add(zip, "n", "a", 1), DISSOLVE_CANCELLED);
    sink.limit = 0;
    assert_int_equal(codec_zip_add(zip, "n", "a", 1), DISSOLVE_CANCELLED);
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_CANCELLED);
    assert_int_equal(sink.bytes.size, 0);
    codec_zip_destroy(zip);
}

/*
 * Which allocations: this room's own, minizip's first, the buffer for the header and the block for
 * the directory. Number 3 is one that minizip 1.1 does not check: an entry's record in the
 * directory, some 100 bytes.
 */
static void test_no_memory(void **state)
{
    (void)state;
    static const long numbers[] = {0, 1, 2, 4};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sink sink = {0};
        assert_int_equal(codec_buffer_reserve(&sink.bytes, 200000), DISSOLVE_OK);
        fail_allocation(numbers[i]);
        assert_int_equal(write_archive(&sink), DISSOLVE_NO_MEMORY);
        assert_true(allocation_failed());
        assert_int_equal(sink.bytes.size, 0);
        codec_buffer_free(&sink.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_python_reads_it),
        cmocka_unit_test(test_same_bytes_each_time),
        cmocka_unit_test(test_an_entry_leaves_before_add_returns),
        cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_empty_archive),
        cmocka_unit_test(test_refused_arguments),
        cmocka_unit_test(test_reader_leaves),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
