/* ZIP out, streamed entries: read back by zipfile, numpy, unzip and bsdtar, and beyond 4 GiB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "judge.h"
#include "zip_sink.h"

static void test_python_reads_streamed_entries(void **state)
{
    (void)state;
    static const char script[] =
        "import io, sys, zipfile\n"
        "archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n"
        "assert archive.testzip() is None\n"
        "text = b'stored, and streamed in parts'\n"
        "whole = {'whole': (text, 10, 0), 'streamed': (text, 20, 8), 'nothing': (b'', 20, 8),\n"
        "         'caf\\xe9': (b'', 10, 0x800), '\\u03b2': (text[:6], 20, 0x808)}\n"
        "assert archive.namelist() == list(whole)\n"
        "for entry in archive.infolist():\n"
        "    expected = archive.read(entry), entry.extract_version, entry.flag_bits\n"
        "    assert expected == whole[entry.filename], (entry, expected)\n"
        "    assert entry.date_time == (1980, 1, 1, 0, 0, 0)\n"
        "    block = 5 if entry.compress_type == zipfile.ZIP_DEFLATED else 0\n"
        "    assert bool(block) == bool(entry.flag_bits & 8)\n"
        "    assert entry.compress_size == entry.file_size + block and entry.extra == b''\n";
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

/*
 * The same entry by Python, to something that cannot seek: field by field the same. zlib's level 0
 * makes stored blocks, but divides them in its own way: the text is shorter than a block.
 */
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
        "entry = zipfile.ZipInfo('streamed')\n"
        "entry.compress_type, entry._compresslevel = zipfile.ZIP_DEFLATED, 0\n"
        "with zipfile.ZipFile(pipe, 'w') as archive:\n"
        "    with archive.open(entry, 'w') as member:\n"
        "        member.write(text)\n"
        "ours = sys.stdin.buffer.read()\n"
        "ours = ours[30 + 5 + len(text):]\n"  /* behind `whole` */
        "end = 30 + 8 + 5 + len(text) + 16\n" /* name, block, descriptor */
        "assert pipe.data[:end] == ours[:end], (pipe.data[:end], ours[:end])\n";
    struct sink sink = {0};
    char answer[1];
    assert_int_equal(write_mixed(&sink, 7), DISSOLVE_OK);
    judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer);
    codec_buffer_free(&sink.bytes);
}

/* Info-ZIP's unzip by the directory; libarchive's bsdtar from a pipe, by the entries' headers. */
static void test_others_read_it(void **state)
{
    (void)state;
    static const char script[] =
        "import subprocess, sys, tempfile\n"
        "data = sys.stdin.buffer.read()\n"
        "with tempfile.NamedTemporaryFile(suffix='.zip') as file:\n"
        "    file.write(data)\n"
        "    file.flush()\n"
        "    done = subprocess.run(['unzip', '-t', file.name], capture_output=True)\n"
        "    assert done.returncode == 0 and done.stdout.count(b' OK') == 5, done\n"
        "    assert not done.stderr, done\n"
        "def tar(*options):\n"
        "    command = ['bsdtar', *options, '-f', '-']\n"
        "    done = subprocess.run(command, input=data, capture_output=True, check=True)\n"
        "    assert not done.stderr, done\n"
        "    return done.stdout\n"
        "names = tar('-t').split(b'\\n')\n"
        "assert names[:3] == [b'whole', b'streamed', b'nothing'] and len(names) == 6, names\n"
        "text = b'stored, and streamed in parts'\n"
        "assert tar('-xO') == text + text + text[:6]\n";
    struct sink sink = {0};
    char answer[1];
    assert_int_equal(write_mixed(&sink, 7), DISSOLVE_OK);
    judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer);
    codec_buffer_free(&sink.bytes);
}

/*
 * Sizes around whole blocks, read as a stream: zlib finds each entry's end, the descriptor follows.
 * The checks of the headers are those of Java's ZipInputStream.
 */
static void test_blocks(void **state)
{
    (void)state;
    static const char script[] =
        "import struct, sys, zlib\n"
        "data, at, sizes = sys.stdin.buffer.read(), 0, []\n"
        "while data[at:at + 4] == b'PK\\3\\4':\n"
        "    (version, flags, method, _, date, crc, packed, size, name,\n"
        "     extra) = struct.unpack_from('<HHHHHLLLHH', data, at + 4)\n"
        "    assert (version, flags, method, date, extra) == (20, 8, 8, 33, 0)\n"
        "    assert crc == packed == size == 0\n"
        "    at += 30 + name\n"
        "    inflate = zlib.decompressobj(-15)\n"
        "    text = inflate.decompress(data[at:])\n"
        "    assert inflate.eof\n"
        "    packed = len(data) - at - len(inflate.unused_data)\n"
        "    assert packed == len(text) + 5 * max(1, -(-len(text) // 65535))\n"
        "    assert text == bytes(i * i >> 7 & 255 for i in range(len(text)))\n"
        "    at += packed\n"
        "    assert struct.unpack_from('<4sLLL', data, at) == (\n"
        "        b'PK\\7\\x08', zlib.crc32(text), packed, len(text))\n"
        "    at += 16\n"
        "    sizes.append(len(text))\n"
        "assert data[at:at + 4] == b'PK\\1\\2'\n"
        "assert sizes == [0, 1, 65534, 65535, 65536, 131069, 131070, 131071, 200000], sizes\n";
    static const size_t sizes[] = {0, 1, 65534, 65535, 65536, 131069, 131070, 131071, 200000};
    static const size_t parts[] = {200000, 65535, 65536, 40000, 999};
    static uint8_t bytes[200000];
    struct sink first = {0};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i >> 7);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        struct sink sink = {0};
        struct codec_zip *zip;
        assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            assert_int_equal(stream_entry(zip, "n", bytes, sizes[i], parts[p]), DISSOLVE_OK);
        assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
        codec_zip_destroy(zip);
        if (p == 0) {
            char answer[1];
            judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer);
            first = sink;
            continue;
        }
        assert_int_equal(sink.bytes.size, first.bytes.size);
        assert_memory_equal(sink.bytes.data, first.bytes.data, first.bytes.size);
        codec_buffer_free(&sink.bytes);
    }
    codec_buffer_free(&first.bytes);
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
    assert_int_equal(codec_zip_begin(zip, "x.npy", 128 + 1000 * sizeof(float)), DISSOLVE_OK);
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
    ends->tail_start = size + size / 65535 * 5 + 30; /* shortly before its descriptor */
    assert_int_equal(codec_zip_create(write_ends, ends, &zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_begin(zip, "large", size), DISSOLVE_OK);
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
    "packed = large + 5 * -(-large // 65535)\n"
    "assert [entry.compress_size for entry in entries] == [packed, 5, 15]\n"
    "assert archive.read('whole') == b'bytes' and archive.read('streamed') == b'more bytes'\n"
    "far, wide, full = entries[1].header_offset, packed > 2**32 - 1, 2**32 - 1\n"
    "assert far == 30 + 5 + (20 if wide else 0) + packed + (24 if wide else 16)\n"
    "assert [entry.extract_version for entry in entries] == [\n"
    "    45 if packed >= full else 20, 45 if far >= full else 10,\n"
    "    45 if entries[2].header_offset >= full else 20]\n"
    "descriptor = '<4sLQQ' if wide else '<4sLLL'\n"
    "file.seek(far - struct.calcsize(descriptor))\n"
    "assert struct.unpack(descriptor, file.read(struct.calcsize(descriptor))) == (\n"
    "    b'PK\\7\\x08', entries[0].CRC, packed, large)\n"
    "fields = struct.unpack('<4sHHHHHLLLHH5s', head[:35])\n"
    "sizes = (full, full, 5, 20) if wide else (0, 0, 5, 0)\n"
    "assert fields == (b'PK\\3\\4', entries[0].extract_version, 8, 8, 0, 33, 0, *sizes,\n"
    "                  b'large'), fields\n"
    "assert not wide or struct.unpack('<HHQQ', head[35:55]) == (1, 16, 0, 0)\n"
    "first = head[55 if wide else 35:][:5]\n" /* of the blocks */
    "assert first == b'\\0\\xff\\xff\\0\\0', first\n"
    "large_too = archive.open('large')\n" /* reads its header in the head */
    "start, = struct.unpack('<L', tail[-6:-2])\n"
    "start64 = tail[-98:-94] == b'PK\\6\\6' and struct.unpack('<Q', tail[-50:-42])[0]\n"
    "place = size - 22 - (76 if start64 else 0) - archive.start_dir\n"
    "assert start == min(archive.start_dir, 2**32 - 1)\n"
    "assert start64 == (archive.start_dir if start == 2**32 - 1 else False), (start, start64)\n"
    "records = sum(46 + len(entry.filename) for entry in entries)\n"
    "for entry in entries:\n"
    "    places = (entry.file_size, entry.compress_size, entry.header_offset)\n"
    "    more = 8 * sum(place >= full for place in places)\n"
    "    records += more and 4 + more\n"
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

/*
 * The first entry takes 327,680 bytes more than its size. Around 4 GiB - 1 are: the directory and
 * the third entry; the second entry; the first one's compressed size (equal, then one more); its
 * size.
 */
static void test_beyond_4_gib(void **state)
{
    (void)state;
    const uint64_t most = UINT32_MAX - (uint64_t)327680;
    check_large(most - 91);
    check_large(most - 51);
    check_large(most);
    check_large(most + 1);
    check_large(UINT32_MAX);
}

/* What follows a size that is refused goes on as if nothing had been asked for. */
static void test_declared_size(void **state)
{
    (void)state;
    struct sink sink = {0};
    struct codec_zip *zip;
    assert_int_equal(codec_zip_create(write_sink, &sink, &zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_begin(zip, "n", UINT64_MAX), DISSOLVE_TOO_LARGE);
    assert_int_equal(sink.bytes.size, 0);
    assert_int_equal(codec_zip_begin(zip, "n", 5), DISSOLVE_OK);
    size_t size = sink.bytes.size;
    assert_int_equal(codec_zip_append(zip, "bytes!", 6), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_append(zip, "bytes", SIZE_MAX), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_end(zip), DISSOLVE_INVALID);
    assert_int_equal(sink.bytes.size, size);
    assert_int_equal(codec_zip_append(zip, "byte", 4), DISSOLVE_OK);
    assert_int_equal(codec_zip_end(zip), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_append(zip, "s!", 2), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_append(zip, "s", 1), DISSOLVE_OK);
    size = sink.bytes.size;
    assert_int_equal(codec_zip_append(zip, "!", 1), DISSOLVE_INVALID);
    assert_int_equal(sink.bytes.size, size);
    assert_int_equal(codec_zip_end(zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_begin(zip, "empty", 0), DISSOLVE_OK);
    assert_int_equal(codec_zip_append(zip, "a", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_end(zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
    codec_zip_destroy(zip);
    static const char script[] = "import io, sys, zipfile\n"
                                 "archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n"
                                 "assert archive.testzip() is None\n"
                                 "assert archive.read('n') == b'bytes'\n"
                                 "assert archive.read('empty') == b''\n";
    char answer[1];
    judge(script, sink.bytes.data, sink.bytes.size, answer, sizeof answer);
    codec_buffer_free(&sink.bytes);
}

/* What codec_zip_size says of entries "0", "1", .. and what they take. */
static void check_size(const uint64_t *sizes, size_t count)
{
    static uint8_t part[1 << 20];
    struct ends ends = {.tail_start = UINT64_MAX};
    struct codec_zip_size expected = {0};
    struct codec_zip *zip;
    assert_int_equal(codec_zip_create(write_ends, &ends, &zip), DISSOLVE_OK);
    for (size_t i = 0; i < count; i++) {
        char name[24];
        snprintf(name, sizeof name, "%zu", i);
        assert_int_equal(codec_zip_size_add(&expected, name, sizes[i]), DISSOLVE_OK);
        assert_int_equal(codec_zip_begin(zip, name, sizes[i]), DISSOLVE_OK);
        for (uint64_t left = sizes[i]; left > 0;) {
            size_t next = left < sizeof part ? (size_t)left : sizeof part;
            assert_int_equal(codec_zip_append(zip, part, next), DISSOLVE_OK);
            left -= next;
        }
        assert_int_equal(codec_zip_end(zip), DISSOLVE_OK);
    }
    assert_int_equal(codec_zip_finish(zip), DISSOLVE_OK);
    assert_int_equal(codec_zip_size_total(&expected), ends.size);
    codec_zip_destroy(zip);
    codec_buffer_free(&ends.head);
    codec_buffer_free(&ends.tail);
}

/* Beside small ones: what ends a block, more entries than 16 bits count, and 4 GiB around. */
static void test_size_beforehand(void **state)
{
    (void)state;
    static const uint64_t many[65536];
    const uint64_t most = UINT32_MAX - (uint64_t)327680;
    check_size(NULL, 0);
    check_size((const uint64_t[]){0}, 1);
    check_size((const uint64_t[]){1, 0, 65534, 65535, 65536, 131070, 131071}, 7);
    check_size(many, 65534);
    check_size(many, 65535);
    check_size(many, 65536);
    check_size((const uint64_t[]){most, 5}, 2);
    check_size((const uint64_t[]){most + 1, 5}, 2);
    check_size((const uint64_t[]){UINT32_MAX}, 1);
    check_size((const uint64_t[]){most - 51, 5}, 2);
}

static void test_sizes_out_of_range(void **state)
{
    (void)state;
    struct codec_zip_size size = {0};
    assert_int_equal(codec_zip_size_add(&size, "", 1), DISSOLVE_INVALID);
    assert_int_equal(codec_zip_size_add(&size, "n", UINT64_MAX), DISSOLVE_TOO_LARGE);
    assert_int_equal(codec_zip_size_total(&size), 22); /* APPNOTE 4.3.16 */
    assert_int_equal(codec_zip_size_add(&size, "n", UINT64_MAX / 2), DISSOLVE_OK);
    assert_int_equal(codec_zip_size_add(&size, "n", UINT64_MAX / 2), DISSOLVE_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_python_reads_streamed_entries),
        cmocka_unit_test(test_python_writes_the_same),
        cmocka_unit_test(test_others_read_it),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_numpy_loads_it),
        cmocka_unit_test(test_beyond_4_gib),
        cmocka_unit_test(test_declared_size),
        cmocka_unit_test(test_size_beforehand),
        cmocka_unit_test(test_sizes_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
