/* NPY in and out: numpy writes arrays of every type, order and shape, and reads what is written. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/npy.h"
#include "failing_malloc.h"
#include "judge.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ROOM         (4u << 20)

/* ---- arrays of numpy's ---- */

/*
 * For each: the file's size, type, whether it is in the other byte order and in Fortran order, how
 * many dimensions and values, as uint32; the shape; the file; the values as float32, in C order.
 */
static const char numpys_arrays[] =
    "import io, struct, sys\n"
    "import numpy as np\n"
    "names = ['u1', 'i1', 'u2', 'i2', 'u4', 'i4', 'u8', 'i8', 'f2', 'f4', 'f8']\n"
    "shapes = [(), (1,), (7,), (0,), (3, 5), (5, 0, 2), (2, 3, 4), (9, 17), (17, 9), (1, 6, 1),\n"
    "          (2, 1, 3, 2, 5), (2,) * 9, (1,) * 32, (1, 4, 3, 1)]\n"
    "rng = np.random.default_rng(7)\n"
    "def emit(array, version):\n"
    "    file = io.BytesIO()\n"
    "    np.lib.format.write_array(file, array, version)\n"
    "    file = file.getvalue()\n"
    "    with np.errstate(all='ignore'):\n"
    "        values = np.ascontiguousarray(array.astype(np.float32)).tobytes()\n"
    "    kind = array.dtype.kind + str(array.dtype.itemsize)\n"
    "    fortran = b'True' in file[:128]\n"
    "    sys.stdout.buffer.write(struct.pack('<6I', len(file), names.index(kind),\n"
    "        array.dtype.byteorder == '>', fortran, array.ndim, array.size))\n"
    "    sys.stdout.buffer.write(struct.pack(f'<{array.ndim}I', *array.shape) + file + values)\n"
    "for name in names:\n"
    "    for shape in shapes:\n"
    "        for order in '<>':\n"
    "            dtype = np.dtype(order + name)\n"
    "            n = int(np.prod(shape))\n"
    "            array = np.frombuffer(rng.bytes(n * dtype.itemsize), dtype).reshape(shape)\n"
    "            for version in (1, 0), (2, 0), (3, 0):\n"
    "                emit(array, version)\n"
    "            emit(np.asfortranarray(array), (1, 0))\n"
    /* Every half, and floats and integers that do not fit or lie between two of float32. */
    "for order in '<>':\n"
    "    emit(np.arange(65536).astype('u2').view('f2').astype(order + 'f2'), (1, 0))\n"
    "    edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-46, 1e-45, 1.4e-45, 2e-45, 3.4028236e38,\n"
    "             3.4028235677973366e38, -3.5e38, 1e308, 1 + 2**-24, 1 + 3 * 2**-24]\n"
    "    emit(np.array(edges, order + 'f8'), (1, 0))\n"
    "    emit(np.array([2**64 - 1, 2**63, 2**24 + 1, 2**40 + 2**16, 2**40 + 2**16 + 1, 0],\n"
    "                  order + 'u8'), (1, 0))\n"
    "    emit(np.array([2**63 - 1, -2**63, -2**24 - 1, -1], order + 'i8'), (1, 0))\n";

struct record {
    uint32_t size;
    uint32_t type;
    uint32_t swapped;
    uint32_t fortran;
    uint32_t dims;
    uint32_t count;
};

static void expect_same(const float *values, const uint8_t *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, expected + i * sizeof value, sizeof value);
        if (isnan(value))
            assert_true(isnan(values[i]));
        else
            assert_memory_equal(&values[i], &value, sizeof value); /* -0 is not 0 */
    }
}

/* Checks one record at `at`; returns where the next begins. */
static const uint8_t *check_record(const uint8_t *at)
{
    struct record record;
    struct codec_npy array;
    char detail[CODEC_DETAIL];
    memcpy(&record, at, sizeof record);
    const uint8_t *shape = at + sizeof record;
    const uint8_t *file = shape + 4 * record.dims;
    const uint8_t *expected = file + record.size;
    uint8_t *copy = test_malloc(record.size); /* exactly as long, for the sanitizer */
    float *values = test_malloc((record.count + 1) * sizeof *values);
    memcpy(copy, file, record.size);
    values[record.count] = 7;
    if (codec_npy_open(copy, record.size, &array, detail))
        fail_msg("%s", detail);
    assert_string_equal(detail, "");
    assert_true(codec_npy_is(copy, record.size));
    assert_int_equal(array.type, record.type);
    assert_int_equal(array.swapped, record.swapped);
    assert_int_equal(array.fortran, record.fortran);
    assert_int_equal(array.dims, record.dims);
    assert_int_equal(array.count, record.count);
    for (size_t i = 0; i < record.dims; i++) {
        uint32_t side;
        memcpy(&side, shape + 4 * i, sizeof side);
        assert_int_equal(array.shape[i], side);
    }
    codec_npy_floats(&array, values);
    expect_same(values, expected, record.count);
    assert_true(values[record.count] == 7);
    test_free(values);
    test_free(copy);
    return expected + 4 * (size_t)record.count;
}

static void test_reads_what_numpy_writes(void **state)
{
    (void)state;
    static uint8_t records[ROOM];
    size_t size = judge(numpys_arrays, "", 0, records, sizeof records);
    size_t count = 0;
    assert_true(size < sizeof records);
    for (const uint8_t *at = records; at < records + size; count++)
        at = check_record(at);
    assert_int_equal(count, 11 * 14 * 2 * 4 + 2 * 4);
}

/* ---- files made here ---- */

struct file {
    uint8_t bytes[4096];
    size_t size;
};

static void make(struct file *file, unsigned version, const char *header, size_t data)
{
    size_t length = strlen(header);
    size_t prefix = version == 1 ? 10 : 12;
    assert_true(prefix + length + data <= sizeof file->bytes);
    memset(file, 0, sizeof *file);
    memcpy(file->bytes, "\x93NUMPY", 6);
    file->bytes[6] = (uint8_t)version;
    file->bytes[8] = (uint8_t)length;
    file->bytes[9] = (uint8_t)(length >> 8);
    memcpy(file->bytes + prefix, header, length);
    file->size = prefix + length + data;
}

static enum dissolve_status open_file(const struct file *file, struct codec_npy *array,
                                      char detail[CODEC_DETAIL])
{
    uint8_t *copy = test_malloc(file->size); /* exactly as long, for the sanitizer */
    memcpy(copy, file->bytes, file->size);
    enum dissolve_status status = codec_npy_open(copy, file->size, array, detail);
    test_free(copy);
    return status;
}

static void expect_error(const struct file *file, enum dissolve_status status, const char *part)
{
    struct codec_npy array;
    char detail[CODEC_DETAIL];
    memset(&array, 0xff, sizeof array);
    assert_int_equal(open_file(file, &array, detail), status);
    if (!strstr(detail, part))
        fail_msg("'%s' has no '%s'", detail, part);
    assert_null(array.data);
    assert_int_equal(array.count, 0);
}

static void expect_header(const char *header, size_t data, enum dissolve_status status,
                          const char *part)
{
    struct file file;
    make(&file, 1, header, data);
    expect_error(&file, status, part);
}

static void test_headers_in_other_words(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{'descr':'<f4','fortran_order':False,'shape':(2,3)}",
        "{\"shape\": (2, 3, ), \"fortran_order\": False, \"descr\": \"<f4\"}",
        "  {\t'shape'\n:\r( 2\f, 3 ) , 'descr' : 'f4' ,'fortran_order' : False , }  \n",
        "{'descr': '=f4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{'fortran_order': False, 'descr': '|f4', 'shape': (2, 3), }\n",
    };
    for (size_t i = 0; i < COUNT(headers); i++) {
        for (unsigned version = 1; version <= 3; version++) {
            struct file file;
            struct codec_npy array;
            char detail[CODEC_DETAIL];
            make(&file, version, headers[i], 24);
            if (open_file(&file, &array, detail))
                fail_msg("%s: %s", headers[i], detail);
            assert_int_equal(array.type, CODEC_NPY_F32);
            assert_false(array.swapped || array.fortran);
            assert_int_equal(array.dims, 2);
            assert_int_equal(array.shape[0], 2);
            assert_int_equal(array.shape[1], 3);
            assert_int_equal(array.count, 6);
        }
    }
}

static void test_one_byte_has_no_order(void **state)
{
    (void)state;
    static const char *const types[] = {"|u1", ">u1", "<i1", ">i1"};
    for (size_t i = 0; i < COUNT(types); i++) {
        char header[100];
        struct file file;
        struct codec_npy array;
        char detail[CODEC_DETAIL];
        snprintf(header, sizeof header, "{'descr':'%s','fortran_order':True,'shape':(4,)}",
                 types[i]);
        make(&file, 1, header, 4);
        assert_int_equal(open_file(&file, &array, detail), DISSOLVE_OK);
        assert_false(array.swapped);
        assert_true(array.fortran);
    }
}

static void test_headers_that_are_none(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        "   \n",
        "[]",
        "{}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'shape': (2,)}",
        "{'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}}",
        "{, 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', , 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}",
        "{'descr' '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{descr: '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': Fals, 'shape': (2,)}",
        "{'descr': '<f4', 'shape': (2,), 'fortran_order': Tru",
        "{'descr': '<f4', 'fortran_order': FalseTrue, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [2]}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (02,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551620,)}",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4\\', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4\\",
        "{'descr': None, 'fortran_order': False, 'shape': (2,)}",
        "{'descr': , 'fortran_order': False, 'shape': (2,)}",
        "{'descr': [('a', '<f4')",
        "{'descr': [('a', '<f4",
        "{'descr': ",
        "{'descr",
    };
    for (size_t i = 0; i < COUNT(headers); i++)
        expect_header(headers[i], 8, DISSOLVE_MALFORMED, "header is not a dictionary");
}

static void test_other_types(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        const char *shown;
    } types[] = {
        {"'|b1'", "type |b1; integers"},
        {"'<c8'", "type <c8;"},
        {"'|O'", "type |O;"},
        {"'<f16'", "type <f16;"},
        {"'<u3'", "type <u3;"},
        {"'<U5'", "type <U5;"},
        {"'<M8[ns]'", "type <M8[ns];"},
        {"'float32'", "type float32;"},
        {"''", "type ;"},
        {"'<'", "type <;"},
        {"'<<f4'", "type <<f4;"},
        {"'a\\'b'", "type a\\'b;"},
        {"[('a', '<f4')]", "type [('a', '<f4')];"},
        {"[('(]', '<f4', (2, 3)), (\"'\", [('c', '|u1')])]",
         "type [('(]', '<f4', (2, 3)), (\"'\", "},
        {"('<f4', (2,))", "type ('<f4', (2,));"},
        {"{'names': ['a'], 'formats': ['<f4']}", "type {'names': ['a'], 'formats': ['<f4']};"},
        {"'\x01\xff\xc3\xa9\n'", "type ?????;"},
        {"'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddX'",
         "type aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd...; integers"},
    };
    for (size_t i = 0; i < COUNT(types); i++) {
        char header[200];
        snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': (2,), }",
                 types[i].descr);
        expect_header(header, 8, DISSOLVE_UNSUPPORTED, types[i].shown);
    }
}

static void test_sizes(void **state)
{
    (void)state;
#define SHAPED(shape) "{'descr': '<f8', 'fortran_order': False, 'shape': " shape ", }\n"
    struct codec_npy array;
    struct file file;
    char detail[CODEC_DETAIL];
    expect_header(SHAPED("(2, 3)"), 47, DISSOLVE_MALFORMED,
                  "47 bytes of data; by its header it should have 48");
    expect_header(SHAPED("(2, 3)"), 49, DISSOLVE_MALFORMED, "49 bytes of data");
    expect_header(SHAPED("(2, 3)"), 0, DISSOLVE_MALFORMED, "0 bytes of data");
    expect_header(SHAPED("()"), 0, DISSOLVE_MALFORMED, "0 bytes of data");
    expect_header(SHAPED("(0,)"), 8, DISSOLVE_MALFORMED, "8 bytes of data");
    expect_header(SHAPED("(2305843009213693952,)"), 0, DISSOLVE_MALFORMED, "larger than any file");
    expect_header(SHAPED("(4294967296, 4294967296)"), 0, DISSOLVE_MALFORMED, "larger than any");
    expect_header(SHAPED("(4294967296, 4294967296, 4)"), 8, DISSOLVE_MALFORMED, "larger than any");
    make(&file, 1, SHAPED("(4294967296, 4294967296, 0)"), 0);
    assert_int_equal(open_file(&file, &array, detail), DISSOLVE_OK);
    assert_int_equal(array.count, 0);
    codec_npy_floats(&array, NULL);
    array.fortran = true;
    codec_npy_floats(&array, NULL);
#define EIGHT "1,1,1,1,1,1,1,1,"
    expect_header(SHAPED("(" EIGHT EIGHT EIGHT EIGHT "1)"), 8, DISSOLVE_UNSUPPORTED,
                  "33 dimensions; the limit is 32");
}

static void test_not_npy(void **state)
{
    (void)state;
    static const char good[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n";
    struct file file;
    make(&file, 1, good, 4);
    assert_false(codec_npy_is(file.bytes, 5));
    assert_false(codec_npy_is((const uint8_t *)"\x93NUMPX", 6));
    file.bytes[0] = 0x92;
    expect_error(&file, DISSOLVE_UNSUPPORTED, "not an NPY file");
    file.size = 0;
    expect_error(&file, DISSOLVE_UNSUPPORTED, "not an NPY file");
    for (unsigned version = 0; version < 256; version++) {
        make(&file, version, good, 4);
        if (version < 1 || version > 3)
            expect_error(&file, DISSOLVE_UNSUPPORTED, "version");
        file.bytes[7] = 1;
        expect_error(&file, DISSOLVE_UNSUPPORTED, ".1;");
    }
}

static void test_cut_off_anywhere(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= 3; version++) {
        struct file file;
        make(&file, version, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", 12);
        size_t header = file.size - 12;
        for (size_t size = file.size - 1; size >= 6; size--) {
            file.size = size;
            expect_error(&file, DISSOLVE_MALFORMED,
                         size < header ? "ends within its header" : "bytes of data");
        }
    }
}

/* Whatever is in the header, nothing beyond it is read, and an array fits the file. */
static void test_one_byte_wrong_anywhere(void **state)
{
    (void)state;
    static const char header[] = "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3), }\n";
    struct file file;
    make(&file, 1, header, 24);
    for (size_t i = 0; i < file.size - 24; i++) {
        for (unsigned value = 0; value < 256; value++) {
            struct codec_npy array;
            char detail[CODEC_DETAIL];
            uint8_t old = file.bytes[i];
            file.bytes[i] = (uint8_t)value;
            enum dissolve_status status = open_file(&file, &array, detail);
            assert_true(status == DISSOLVE_OK || status == DISSOLVE_MALFORMED ||
                        status == DISSOLVE_UNSUPPORTED);
            assert_true(status != DISSOLVE_OK || array.count <= 24);
            file.bytes[i] = old;
        }
    }
}

/* ---- out ---- */

static void test_numpy_reads_the_head(void **state)
{
    (void)state;
    static const char script[] =
        "import io, sys\n"
        "import numpy as np\n"
        "data = sys.stdin.buffer.read()\n"
        "file = io.BytesIO(data)\n"
        "while file.tell() < len(data):\n"
        "    start = file.tell()\n"
        "    assert np.lib.format.read_magic(file) == (1, 0)\n"
        "    np.lib.format.read_array_header_1_0(file)\n"
        "    assert (file.tell() - start) % 64 == 0 and data[file.tell() - 1] == 10\n"
        "    file.seek(start)\n"
        "    array = np.load(file)\n"
        "    assert array.dtype == np.dtype('<f4') and array.flags.c_contiguous\n"
        "    assert (array.ravel() == np.arange(array.size)).all()\n"
        "    print(array.shape, end=';')\n";
    static const char listing[] = "();(5,);(0,);(2, 3);(21, 4, 2, 3);"
                                  "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, "
                                  "1, 1, 1, 1, 1, 1, 1, 1, 1, "
                                  "1, 2);";
    static const struct {
        size_t dims;
        uint64_t shape[32];
        size_t count;
    } arrays[] = {
        {0, {0}, 1},
        {1, {5}, 5},
        {1, {0}, 0},
        {2, {2, 3}, 6},
        {4, {21, 4, 2, 3}, 504},
        {32,
         {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
          1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2},
         2},
    };
    char answer[400] = "";
    struct codec_buffer out = {0};
    for (size_t i = 0; i < COUNT(arrays); i++) {
        assert_int_equal(codec_npy_head(arrays[i].shape, arrays[i].dims, &out), DISSOLVE_OK);
        for (size_t k = 0; k < arrays[i].count; k++) {
            float value = (float)k;
            assert_int_equal(codec_buffer_append(&out, &value, sizeof value), DISSOLVE_OK);
        }
    }
    judge(script, out.data, out.size, answer, sizeof answer - 1);
    assert_string_equal(answer, listing);
    codec_buffer_free(&out);
}

/* The widest of all numbers, in every number of dimensions: each head is read back here. */
static void test_own_heads_are_read(void **state)
{
    (void)state;
    uint64_t shape[33];
    struct codec_buffer out = {0};
    struct codec_npy array;
    char detail[CODEC_DETAIL];
    for (size_t i = 0; i < COUNT(shape); i++)
        shape[i] = UINT64_MAX;
    for (size_t dims = 1; dims <= 32; dims++) {
        shape[dims - 1] = 0;
        out.size = 0;
        assert_int_equal(codec_npy_head(shape, dims, &out), DISSOLVE_OK);
        assert_int_equal(out.size % 64, 0);
        assert_int_equal(codec_npy_open(out.data, out.size, &array, detail), DISSOLVE_OK);
        assert_int_equal(array.type, CODEC_NPY_F32);
        assert_int_equal(array.dims, dims);
        for (size_t i = 0; i < dims; i++)
            assert_true(array.shape[i] == shape[i]);
        shape[dims - 1] = UINT64_MAX;
    }
    size_t size = out.size;
    assert_int_equal(codec_npy_head(shape, 33, &out), DISSOLVE_INVALID);
    assert_int_equal(out.size, size);
    codec_buffer_free(&out);
}

static void test_head_no_memory(void **state)
{
    (void)state;
    const uint64_t shape[] = {3};
    struct codec_buffer out = {0};
    fail_allocation(0);
    enum dissolve_status status = codec_npy_head(shape, 1, &out);
    assert_true(allocation_failed());
    assert_int_equal(status, DISSOLVE_NO_MEMORY);
    assert_int_equal(out.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_numpy_writes),
        cmocka_unit_test(test_headers_in_other_words),
        cmocka_unit_test(test_one_byte_has_no_order),
        cmocka_unit_test(test_headers_that_are_none),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_not_npy),
        cmocka_unit_test(test_cut_off_anywhere),
        cmocka_unit_test(test_one_byte_wrong_anywhere),
        cmocka_unit_test(test_numpy_reads_the_head),
        cmocka_unit_test(test_own_heads_are_read),
        cmocka_unit_test(test_head_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
