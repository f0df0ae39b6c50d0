/* NPY: the header, a literal of a Python dictionary, and the numbers behind it. */
#include "npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAGIC        "\x93NUMPY"
#define MAGIC_LENGTH 6
#define ALIGNMENT    64 /* of the data, in what is written */

/* How much of a dtype is repeated to the client. */
#define DESCR_SHOWN 40

/* ---- reading a Python literal ---- */

/* A part of the header, borrowed. */
struct text {
    const char *at;
    size_t length;
};

struct reader {
    const char *at;
    const char *end;
};

static bool is_one_of(char character, const char *characters)
{
    return character != '\0' && strchr(characters, character);
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && is_one_of(*reader->at, " \t\n\r\f"))
        reader->at++;
}

/* Whether the next character that is no space is this one; it is taken then. */
static bool take(struct reader *reader, char wanted)
{
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != wanted)
        return false;
    reader->at++;
    return true;
}

static bool is_quote(char character)
{
    return character == '\'' || character == '"';
}

/* A string in quotes of either kind; what a backslash hides is passed over, not resolved. */
static bool read_string(struct reader *reader, struct text *string)
{
    skip_space(reader);
    if (reader->at == reader->end || !is_quote(*reader->at))
        return false;
    char quote = *reader->at++;
    string->at = reader->at;
    for (; reader->at < reader->end && *reader->at != quote; reader->at++)
        if (*reader->at == '\\' && ++reader->at == reader->end)
            return false;
    if (reader->at == reader->end)
        return false;
    string->length = (size_t)(reader->at - string->at);
    reader->at++;
    return true;
}

/* Lists and tuples with whatever is in them, of which nothing is understood but where they end. */
static bool skip_nested(struct reader *reader, struct text *all)
{
    size_t depth = 0;
    struct text string;
    all->at = reader->at;
    while (reader->at < reader->end) {
        if (depth > 0 && is_quote(*reader->at)) {
            if (!read_string(reader, &string))
                return false;
            continue;
        }
        char character = *reader->at++;
        if (is_one_of(character, "[({"))
            depth++;
        else if (depth == 0)
            return false;
        else if (is_one_of(character, "])}"))
            depth--;
        if (depth == 0)
            break;
    }
    all->length = (size_t)(reader->at - all->at);
    return depth == 0 && all->length > 0;
}

static bool is_text(struct text text, const char *wanted)
{
    return text.length == strlen(wanted) && memcmp(text.at, wanted, text.length) == 0;
}

static bool read_bool(struct reader *reader, bool *value)
{
    skip_space(reader);
    size_t left = (size_t)(reader->end - reader->at);
    *value = left >= 4 && memcmp(reader->at, "True", 4) == 0;
    if (!*value && (left < 5 || memcmp(reader->at, "False", 5) != 0))
        return false;
    reader->at += *value ? 4 : 5;
    return true;
}

/* Decimal digits, without leading zeros, as Python has them. */
static bool read_size(struct reader *reader, size_t *value)
{
    skip_space(reader);
    const char *start = reader->at;
    *value = 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (size_t)(*reader->at - '0'), value))
            return false;
    return reader->at > start && (*start != '0' || reader->at - start == 1);
}

/* ---- the header ---- */

enum { HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4, HAS_ALL = 7 };

struct header {
    struct text descr;
    bool simple; /* descr was a string, not a structure */
    unsigned members;
    size_t dims; /* all of them, though only so many as there is room for are kept */
};

/* A tuple: one number needs a comma behind it. */
static bool read_shape(struct reader *reader, struct codec_npy *array, size_t *dims)
{
    bool comma = true;
    *dims = 0;
    if (!take(reader, '('))
        return false;
    while (!take(reader, ')')) {
        size_t side;
        if (!comma || !read_size(reader, &side))
            return false;
        if (*dims < CODEC_NPY_MAX_DIMS)
            array->shape[*dims] = side;
        ++*dims;
        comma = take(reader, ',');
    }
    return *dims != 1 || comma;
}

static bool read_descr(struct reader *reader, struct header *header)
{
    header->simple = read_string(reader, &header->descr);
    return header->simple || skip_nested(reader, &header->descr);
}

/* One of the three members, and none of them twice. */
static bool read_member(struct reader *reader, struct header *header, struct codec_npy *array)
{
    struct text key;
    unsigned member = 0;
    bool good = read_string(reader, &key) && take(reader, ':');
    if (good && is_text(key, "descr")) {
        member = HAS_DESCR;
        good = read_descr(reader, header);
    } else if (good && is_text(key, "fortran_order")) {
        member = HAS_ORDER;
        good = read_bool(reader, &array->fortran);
    } else if (good && is_text(key, "shape")) {
        member = HAS_SHAPE;
        good = read_shape(reader, array, &header->dims);
    }
    good = good && member != 0 && !(header->members & member);
    header->members |= member;
    return good;
}

/* The dictionary, then nothing but space. */
static bool read_header(struct reader *reader, struct header *header, struct codec_npy *array)
{
    bool comma = true;
    if (!take(reader, '{'))
        return false;
    while (!take(reader, '}')) {
        if (!comma || !read_member(reader, header, array))
            return false;
        comma = take(reader, ',');
    }
    skip_space(reader);
    return header->members == HAS_ALL && reader->at == reader->end;
}

/* ---- types ---- */

static const struct type {
    const char *name;
    size_t size;
} types[] = {
    [CODEC_NPY_U8] = {"u1", 1},  [CODEC_NPY_I8] = {"i1", 1},  [CODEC_NPY_U16] = {"u2", 2},
    [CODEC_NPY_I16] = {"i2", 2}, [CODEC_NPY_U32] = {"u4", 4}, [CODEC_NPY_I32] = {"i4", 4},
    [CODEC_NPY_U64] = {"u8", 8}, [CODEC_NPY_I64] = {"i8", 8}, [CODEC_NPY_F16] = {"f2", 2},
    [CODEC_NPY_F32] = {"f4", 4}, [CODEC_NPY_F64] = {"f8", 8},
};

static bool find_type(struct text descr, struct codec_npy *array)
{
    const char other = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '>' : '<';
    bool swapped = descr.length > 0 && descr.at[0] == other;
    if (descr.length > 0 && memchr("<>=|", descr.at[0], 4)) {
        descr.at++;
        descr.length--;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (is_text(descr, types[i].name)) {
            array->type = (enum codec_npy_type)i;
            array->swapped = swapped && types[i].size > 1;
            return true;
        }
    }
    return false;
}

static enum dissolve_status refuse_type(struct text descr, char detail[CODEC_DETAIL])
{
    char shown[DESCR_SHOWN + 1];
    size_t length = descr.length < DESCR_SHOWN ? descr.length : DESCR_SHOWN;
    for (size_t i = 0; i < length; i++)
        shown[i] = descr.at[i] >= ' ' && descr.at[i] <= '~' ? descr.at[i] : '?';
    shown[length] = '\0';
    return codec_refuse(
        detail, DISSOLVE_UNSUPPORTED,
        "The NPY array is of type %s%s; integers of 1 to 8 bytes and floats of 2, 4 "
        "or 8 are read here.",
        shown, length < descr.length ? "..." : "");
}

/* ---- opening ---- */

bool codec_npy_is(const uint8_t *bytes, size_t size)
{
    return size >= MAGIC_LENGTH && memcmp(bytes, MAGIC, MAGIC_LENGTH) == 0;
}

/* Finds the header's text, and where it ends. */
static enum dissolve_status find_header(const uint8_t *bytes, size_t size, struct reader *reader,
                                        char detail[CODEC_DETAIL])
{
    if (!codec_npy_is(bytes, size))
        return codec_refuse(detail, DISSOLVE_UNSUPPORTED, "The data are not an NPY file.");
    const uint8_t *version = bytes + MAGIC_LENGTH;
    const uint8_t *length = version + 2;
    size_t left = size - MAGIC_LENGTH;
    if (left >= 2 && (version[0] < 1 || version[0] > 3 || version[1] != 0))
        return codec_refuse(detail, DISSOLVE_UNSUPPORTED,
                            "The NPY file is of version %u.%u; 1.0, 2.0 and 3.0 are read here.",
                            version[0], version[1]);
    size_t prefix = left >= 2 && version[0] == 1 ? 4 : 6;
    if (left >= prefix) {
        size_t header = length[0] | (size_t)length[1] << 8;
        if (prefix == 6)
            header |= (size_t)length[2] << 16 | (size_t)length[3] << 24;
        reader->at = (const char *)version + prefix;
        reader->end = reader->at + header;
        if (header <= left - prefix)
            return DISSOLVE_OK;
    }
    return codec_refuse(detail, DISSOLVE_MALFORMED, "The NPY file ends within its header.");
}

/* How many values, and bytes, the shape stands for. False: more than a size_t holds. */
static bool measure(struct codec_npy *array, size_t *bytes)
{
    bool fits = true;
    bool empty = false;
    array->count = 1;
    for (size_t i = 0; i < array->dims; i++) {
        empty = empty || array->shape[i] == 0;
        fits = fits && !__builtin_mul_overflow(array->count, array->shape[i], &array->count);
    }
    if (empty)
        array->count = 0;
    fits = fits || empty;
    return !__builtin_mul_overflow(array->count, types[array->type].size, bytes) && fits;
}

static enum dissolve_status open_array(const uint8_t *bytes, size_t size, struct codec_npy *array,
                                       char detail[CODEC_DETAIL])
{
    struct reader reader = {0};
    struct header header = {0};
    enum dissolve_status status = find_header(bytes, size, &reader, detail);
    if (status)
        return status;
    array->data = (const uint8_t *)reader.end;
    if (!read_header(&reader, &header, array))
        return codec_refuse(detail, DISSOLVE_MALFORMED,
                            "The NPY file's header is not a dictionary of descr, fortran_order and "
                            "shape.");
    if (!header.simple || !find_type(header.descr, array))
        return refuse_type(header.descr, detail);
    if (header.dims > CODEC_NPY_MAX_DIMS)
        return codec_refuse(detail, DISSOLVE_UNSUPPORTED,
                            "The NPY array has %zu dimensions; the limit is %d.", header.dims,
                            CODEC_NPY_MAX_DIMS);
    array->dims = header.dims;
    size_t given = size - (size_t)(array->data - bytes);
    size_t wanted;
    if (!measure(array, &wanted))
        return codec_refuse(detail, DISSOLVE_MALFORMED,
                            "The NPY array's shape is larger than any file.");
    if (given != wanted)
        return codec_refuse(detail, DISSOLVE_MALFORMED,
                            "The NPY file has %zu bytes of data; by its header it should have %zu.",
                            given, wanted);
    return DISSOLVE_OK;
}

enum dissolve_status codec_npy_open(const uint8_t *bytes, size_t size, struct codec_npy *array,
                                    char detail[CODEC_DETAIL])
{
    detail[0] = '\0';
    *array = (struct codec_npy){0};
    enum dissolve_status status = open_array(bytes, size, array, detail);
    if (status)
        *array = (struct codec_npy){0};
    return status;
}

/* ---- numbers ---- */

static uint16_t load16(const uint8_t *from, bool swapped)
{
    uint16_t bits;
    memcpy(&bits, from, sizeof bits);
    return swapped ? __builtin_bswap16(bits) : bits;
}

static uint32_t load32(const uint8_t *from, bool swapped)
{
    uint32_t bits;
    memcpy(&bits, from, sizeof bits);
    return swapped ? __builtin_bswap32(bits) : bits;
}

static uint64_t load64(const uint8_t *from, bool swapped)
{
    uint64_t bits;
    memcpy(&bits, from, sizeof bits);
    return swapped ? __builtin_bswap64(bits) : bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of fraction; float32 holds them all. */
static float half_of(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    uint32_t exponent = bits >> 10 & 31;
    uint32_t fraction = bits & 1023;
    if (exponent == 0) {
        float magnitude = (float)fraction * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    exponent = exponent == 31 ? 255 : exponent - 15 + 127;
    return float_of(sign | exponent << 23 | fraction << 13);
}

/* Converts `count` values that follow one another to values[0], values[step], values[2 step]... */
static void convert(const struct codec_npy *array, size_t first, size_t count, float *values,
                    size_t step)
{
    const uint8_t *from = array->data + first * types[array->type].size;
    bool swapped = array->swapped;
#define CONVERT(type, expression)            \
    case CODEC_NPY_##type:                   \
        for (size_t i = 0; i < count; i++)   \
            values[i * step] = (expression); \
        break;
    switch (array->type) {
        CONVERT(U8, (float)from[i])
        CONVERT(I8, (float)(int8_t)from[i])
        CONVERT(U16, (float)load16(from + 2 * i, swapped))
        CONVERT(I16, (float)(int16_t)load16(from + 2 * i, swapped))
        CONVERT(U32, (float)load32(from + 4 * i, swapped))
        CONVERT(I32, (float)(int32_t)load32(from + 4 * i, swapped))
        CONVERT(U64, (float)load64(from + 8 * i, swapped))
        CONVERT(I64, (float)(int64_t)load64(from + 8 * i, swapped))
        CONVERT(F16, half_of(load16(from + 2 * i, swapped)))
        CONVERT(F32, float_of(load32(from + 4 * i, swapped)))
        CONVERT(F64, (float)double_of(load64(from + 8 * i, swapped)))
    }
#undef CONVERT
}

/* So many of the first index are converted together: they follow one another in the file, and as
 * many places are written side by side. */
#define TILE 8

/*
 * Of an array in Fortran order, what has the same indices but for the first and the last: a matrix
 * to be transposed. `from` and `to` are where it begins, in the file and in values.
 */
static void transpose(const struct codec_npy *array, size_t from, float *to)
{
    size_t rows = array->shape[0];
    size_t columns = array->shape[array->dims - 1];
    size_t row_step = array->count / rows;       /* in values */
    size_t column_step = array->count / columns; /* in the file */
    for (size_t row = 0; row < rows; row += TILE) {
        size_t count = rows - row < TILE ? rows - row : TILE;
        for (size_t column = 0; column < columns; column++)
            convert(array, from + row + column * column_step, count, to + row * row_step + column,
                    row_step);
    }
}

void codec_npy_floats(const struct codec_npy *array, float *values)
{
    if (!array->fortran || array->dims < 2 || array->count == 0) {
        convert(array, 0, array->count, values, 1);
        return;
    }
    /* The indices between the first and the last, which `values` takes in C order. */
    size_t index[CODEC_NPY_MAX_DIMS] = {0};
    size_t last = array->dims - 1;
    size_t columns = array->shape[last];
    size_t matrices = array->count / array->shape[0] / columns;
    for (size_t matrix = 0; matrix < matrices; matrix++) {
        size_t from = 0;
        for (size_t i = last; i-- > 1;)
            from = (from + index[i]) * array->shape[i - 1];
        transpose(array, from, values + matrix * columns);
        for (size_t i = last; i-- > 1 && ++index[i] == array->shape[i];)
            index[i] = 0;
    }
}

/* ---- out ---- */

enum dissolve_status codec_npy_head(const uint64_t *shape, size_t dims, struct codec_buffer *out)
{
    /* 32 numbers of 20 digits, and the words. */
    char head[1024] = MAGIC "\x01\0\0";
    size_t size = MAGIC_LENGTH + 4;
    if (dims > CODEC_NPY_MAX_DIMS)
        return DISSOLVE_INVALID;
    size += (size_t)snprintf(head + size, sizeof head - size,
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (size_t i = 0; i < dims; i++)
        size += (size_t)snprintf(head + size, sizeof head - size, "%s%" PRIu64, i > 0 ? ", " : "",
                                 shape[i]);
    size += (size_t)snprintf(head + size, sizeof head - size, "%s), }", dims == 1 ? "," : "");
    while (size % ALIGNMENT != ALIGNMENT - 1)
        head[size++] = ' ';
    head[size++] = '\n';
    size_t length = size - MAGIC_LENGTH - 4;
    head[MAGIC_LENGTH + 2] = (char)(length & 255);
    head[MAGIC_LENGTH + 3] = (char)(length >> 8);
    return codec_buffer_append(out, head, size);
}
