/* ZIP out: read back by Python's zipfile, numpy and unzip, by the letter, and every error. */
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

/* Begins, appends the bytes in parts of at most `part`, ends. */
static enum dissolve_status stream_entry(struct codec_zip *zip, const char *name, const void *bytes,
                                         size_t size, size_t part)
{
    enum dissolve_status status = codec_zip_begin(zip, name);
    for (size_t at = 0; !status && at < size; at += part)
        status =
            codec_zip_append(zip, (const uint8_t *)bytes + at, size - at < part ? size - at : part);
    return status ? status : codec_zip_end(zip);
}

/* Entries whole and streamed by turns; names that are not ASCII; none of them empty but two. */
static enum dissolve_status write_mixed(struct sink *sink, size_t part)
{
    static const char text[] = "stored, and streamed in parts";
    struct codec_zip *zip;
    enum dissolve_status status = codec_zip_create(write_sink, sink, &zip);
    if (!status)
        status = codec_zip_add(zip, "whole", text, sizeof text - 1);
    if (!status)
        status = stream_entry(zip, "streamed", text, sizeof text - 1, part);
    if (!status)
        status = stream_entry(zip, "nothing", text, 0, part);
    if (!status)
        status = codec_zip_add(zip, "caf\xc3\xa9", text, 0);
    if (!status)
        status = stream_entry(zip, "\xce\xb2", text, 6, part);
    if (!status)
        status = codec_zip_finish(zip);
    codec_zip_destroy(zip);
    return status;
}

static void test_python_reads_streamed_entries(void **state)
{
    (void)state;
    static const char script[] =
        "import io, sys, zipfile\n"
        "archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n"
        "assert archive.testzip() is None\n"
        "text = b'stored, and streamed in parts'\n"
        "whole = {'whole': (text, 10, 0), 'streamed': (text, 45, 8), 'nothing': (b'', 45, 8),\n"
        "         'caf\\xe9': (b'', 10, 0x800), '\\u03b2': (text[:6], 45, 0x808)}\n"
        "assert archive.namelist() == list(whole)\n"
        "for entry in archive.infolist():\n"
        "    expected = archive.read(entry), entry.extract_version, entry.flag_bits\n"
        "    assert expected == whole[entry.filename], (entry, expected)\n"
        "    assert entry.date_time == (1980, 1, 1, 0, 0, 0)\n"
        "    assert entry.compress_size == entry.file_size and entry.extra == b''\n";
    struct sink one = {0};
    char answer[1];
    assert_int_equal(write_mixed(&one, 7), DISSOLVE_OK);
    judge(script, one.bytes.data, one.bytes.size, answer, sizeof answer);
    for (size_t part = 1; part < 40; part++) { /* however it is cut */
        struct sink two = {0};
        assert_int_equal(write_mixed(&two, part), DISSOLVE_OK);
        assert_int_equal(one.bytes.size, two.bytes.size);
        assert_memory_equal(one.bytes.data, two.bytes.data, one.bytes.size);
        codec_buffer_free(&two.bytes);
    }
    codec_buffer_free(&one.bytes);
}

/* The same entries by Python, to something that cannot seek: field by field the same. */
static void test_python_writes_the_same(void **state)
{
    (void)state;
    static const char script[] =
        "import io, struct, sys, zipfile\n"
        "class Pipe(io.RawIOBase):\n"
        "    data = b''\n"
        "    def writable(self):\n"
        "        return True\n"
        "    def write(self, data):\n"
        "        self.data += bytes(data)\n"
        "        return len(data)\n"
        "text = b'stored, and streamed in parts'\n"
        "pipe = Pipe()\n"
        "with zipfile.ZipFile(pipe, 'w') as archive:\n"
        "    with archive.open(zipfile.ZipInfo('streamed'), 'w', force_zip64=True) as entry:\n"
        "        entry.write(text)\n"
        "ours = sys.stdin.buffer.read()\n"
        "ours = ours[30 + 5 + len(text):]\n" /* behind `whole` */
        "header = '<4sHHHHHLLLHH'\n"
        "theirs, ours_too = (list(struct.unpack_from(header, data)) for data in (pipe.data, "
        "ours))\n"
        "theirs[1], theirs[7:9] = 45, [0xffffffff] * 2\n" /* older ones: 20, 0, 0 */
        "assert theirs == ours_too, (theirs, ours_too)\n"
        "end = 30 + 8 + 20 + len(text) + 24\n" /* name, extra field, bytes, descriptor */
        "assert pipe.data[30:end] == ours[30:end]\n";
    struct sink sink = {0};
    char answer[1];
    assert_int_equal(write_mixed(&sink, 7), DISSOLVE_OK);
    judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer);
    codec_buffer_free(&sink.bytes);
}

/* Where unzip is installed it judges too. */
static void test_unzip_reads_it(void **state)
{
    (void)state;
    static const char script[] =
        "import shutil, subprocess, sys, tempfile\n"
        "with tempfile.NamedTemporaryFile(suffix='.zip') as file:\n"
        "    file.write(sys.stdin.buffer.read())\n"
        "    file.flush()\n"
        "    if shutil.which('unzip'):\n"
        "        done = subprocess.run(['unzip', '-t', file.name], capture_output=True)\n"
        "        assert done.returncode == 0 and done.stdout.count(b' OK') == 5, done\n"
        "        assert not done.stderr, done\n";
    struct sink sink = {0};
    char answer[1];
    assert_int_equal(write_mixed(&sink, 7), DISSOLVE_OK);
    judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer);
    codec_buffer_free(&sink.bytes);
}

/* What streamed entries are for: arrays whose bytes come one after another. */
static void test_numpy_loads_it(void **state)
{
    (void)state;
    static const char script[] =
        "import io, sys, numpy\n"
        "arrays = numpy.load(io.BytesIO(sys.stdin.buffer.read()))\n"
        "assert sorted(arrays) == ['noise', 'x']\n"
        "assert numpy.array_equal(arrays['x'], numpy.arange(1000, dtype='<f4'))\n"
        "assert arrays['noise'].shape == (0,)\n";
    static const char head[] = "\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, "
                               "'shape': (%04d,), }%57s\n";
    struct sink sink = {0};
    struct codec_zip *zip;
    char answer[1];
    char bytes[129];
    assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
    memcpy(bytes, head, 10);
    assert_int_equal(snprintf(bytes + 10, sizeof bytes - 10, head + 10, 1000, ""), 118);
    assert_int_equal(codec_zip_begin(zip, "x.npy"), DISSOLVE_OK);
    assert_int_equal(codec_zip_append(zip, bytes, 128), DISSOLVE_OK);
    for (int i = 0; i < 1000; i++) {
        float value = (float)i;
        assert_int_equal(codec_zip_append(zip, &value, sizeof value), DISSOLVE_OK);
    }
    assert_int_equal(codec_zip_end(zip), DISSOLVE_OK);
    memcpy(strstr(bytes + 10, "(1000"), "(   0", 5);
    assert_int_equal(stream_entry(zip, "noise.npy", bytes, 128, 50), DISSOLVE_OK);
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
    codec_zip_destroy(zip);
    judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer);
    codec_buffer_free(&sink.bytes);
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

/* Keeps the start and the end of an archive that nobody has room for: counts the rest. */
struct ends {
    uint64_t size;
    uint64_t tail_start; /* from here on all is kept again */
    struct codec_buffer head;
    struct codec_buffer tail;
};

#define HEAD 100

static bool write_ends(void *context, const void *bytes, size_t size)
{
    struct ends *ends = context;
    enum dissolve_status status = DISSOLVE_OK;
    if (ends->size < HEAD)
        status = codec_buffer_append(&ends->head, bytes, size);
    if (!status && ends->size >= ends->tail_start)
        status = codec_buffer_append(&ends->tail, bytes, size);
    ends->size += size;
    return !status;
}

/* A streamed entry of `size` bytes, and behind it one of each kind. */
static void write_large(struct ends *ends, uint64_t size)
{
    static uint8_t part[1 << 20];
    struct codec_zip *zip;
    ends->tail_start = size + 50; /* where its descriptor may be, or a little before */
    assert_int_equal(codec_zip_create(write_ends, ends, &zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_begin(zip, "large"), DISSOLVE_OK);
    for (uint64_t left = size; left > 0;) {
        size_t next = left < sizeof part ? (size_t)left : sizeof part;
        assert_int_equal(codec_zip_append(zip, part, next), DISSOLVE_OK);
        left -= next;
    }
    assert_int_equal(codec_zip_end(zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_add(zip, "whole", "bytes", 5), DISSOLVE_OK);
    assert_int_equal(stream_entry(zip, "streamed", "more bytes", 10, 3), DISSOLVE_OK);
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
    codec_zip_destroy(zip);
}

/*
 * What zipfile says of an archive that is zeros between its ends. Its input: sizes of the large
 * entry, the whole archive, its head and its tail, then head and tail.
 */
static const char large_script[] =
    "import io, struct, sys, zipfile\n"
    "data = sys.stdin.buffer.read()\n"
    "large, size, heads, tails = struct.unpack_from('<QQQQ', data)\n"
    "head, tail = data[32:32 + heads], data[32 + heads:]\n"
    "assert len(tail) == tails\n"
    "class Sparse(io.RawIOBase):\n"
    "    at = 0\n"
    "    def seekable(self):\n"
    "        return True\n"
    "    def readable(self):\n"
    "        return True\n"
    "    def tell(self):\n"
    "        return self.at\n"
    "    def seek(self, offset, whence=0):\n"
    "        self.at = offset + (0, self.at, size)[whence]\n"
    "        return self.at\n"
    "    def read(self, count=-1):\n"
    "        start, rest = self.at, size - self.at\n"
    "        count = rest if count < 0 else min(count, rest)\n"
    "        self.at += count\n"
    "        if start < heads:\n"
    "            assert start + count <= heads\n"
    "            return head[start:start + count]\n"
    "        assert start >= size - tails, (start, size, tails)\n"
    "        return tail[start - size + tails:][:count]\n"
    "file = Sparse()\n"
    "archive = zipfile.ZipFile(file)\n"
    "entries = archive.infolist()\n"
    "assert [entry.file_size for entry in entries] == [large, 5, 10]\n"
    "assert all(entry.compress_size == entry.file_size for entry in entries)\n"
    "assert archive.read('whole') == b'bytes' and archive.read('streamed') == b'more bytes'\n"
    "far = entries[1].header_offset\n"
    "assert far == 30 + 5 + 20 + large + 24\n"
    "assert [entry.extract_version for entry in entries] == [45, 45 if far > 2**32 - 2 else 10, "
    "45]\n"
    "file.seek(far - 24)\n"
    "assert struct.unpack('<4sLQQ', file.read(24)) == (b'PK\\7\\x08', entries[0].CRC, large, "
    "large)\n"
    "fields = struct.unpack('<4sHHHHHLLLHH5sHHQQ', head[:55])\n"
    "assert fields == (b'PK\\3\\4', 45, 8, 0, 0, 33, 0, 2**32 - 1, 2**32 - 1, 5, 20, b'large',\n"
    "                  1, 16, 0, 0), fields\n"
    "large_too = archive.open('large')\n" /* reads its header in the head */
    "start, = struct.unpack('<L', tail[-6:-2])\n"
    "start64 = tail[-98:-94] == b'PK\\6\\6' and struct.unpack('<Q', tail[-50:-42])[0]\n"
    "place = size - 22 - (76 if start64 else 0) - archive.start_dir\n"
    "assert start == min(archive.start_dir, 2**32 - 1)\n"
    "assert start64 == (archive.start_dir if start == 2**32 - 1 else False), (start, start64)\n"
    "records = sum(46 + len(entry.filename) for entry in entries)\n"
    "records += 4 * (large >= 2**32 - 1) + 16 * (large >= 2**32 - 1)\n"
    "records += sum(12 for entry in entries if entry.header_offset >= 2**32 - 1)\n"
    "assert place == records, (place, records)\n";

static void check_large(uint64_t size)
{
    struct ends ends = {0};
    struct codec_buffer input = {0};
    char answer[1];
    write_large(&ends, size);
    const uint64_t sizes[] = {size, ends.size, ends.head.size, ends.tail.size};
    assert_int_equal(codec_buffer_append(&input, sizes, sizeof sizes), DISSOLVE_OK);
    assert_int_equal(codec_buffer_append(&input, ends.head.data, ends.head.size), DISSOLVE_OK);
    assert_int_equal(codec_buffer_append(&input, ends.tail.data, ends.tail.size), DISSOLVE_OK);
    judge(large_script, input.data, input.size, answer, sizeof answer);
    codec_buffer_free(&input);
    codec_buffer_free(&ends.head);
    codec_buffer_free(&ends.tail);
}

/* Beyond 4 GiB - 1 are: the directory; the second entry too; the first one's size too. */
static void test_beyond_4_gib(void **state)
{
    (void)state;
    check_large(UINT32_MAX - 80);
    check_large(UINT32_MAX - 79);
    check_large(UINT32_MAX);
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
    assert_int_equal(codec_zip_begin(zip, ""), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_begin(zip, name), DISSOLVE_INVALID);
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
    assert_int_equal(codec_zip_begin(zip, "n"), DISSOLVE_OK);
    size_t size = sink.bytes.size;
    assert_int_equal(codec_zip_begin(zip, "m"), DISSOLVE_INVALID);
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
    assert_int_equal(codec_zip_begin(zip, "m"), DISSOLVE_INVALID);
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
    assert_int_equal(codec_zip_begin(zip, "n"), status);
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

/* In the header, before the bytes, in them (51 bytes on), in the descriptor. */
static void test_nothing_after_an_error(void **state)
{
    (void)state;
    static const size_t limits[] = {1, 50, 55, 75};
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
        cmocka_unit_test(test_python_reads_streamed_entries),
        cmocka_unit_test(test_python_writes_the_same),
        cmocka_unit_test(test_unzip_reads_it),
        cmocka_unit_test(test_numpy_loads_it),
        cmocka_unit_test(test_an_entry_leaves_before_add_returns),
        cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_count_limit),
        cmocka_unit_test(test_beyond_4_gib),
        cmocka_unit_test(test_empty_archive),
        cmocka_unit_test(test_refused_arguments),
        cmocka_unit_test(test_refused_order),
        cmocka_unit_test(test_reader_leaves),
        cmocka_unit_test(test_nothing_after_an_error),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
