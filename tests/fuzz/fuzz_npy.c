/* Fuzzes the reader of NPY files; what it reads is compared, and written and read once more. */
#include "codec/npy.h"

#include "fuzz.h"

static const size_t sizes[] = {
    [CODEC_NPY_U8] = 1,  [CODEC_NPY_I8] = 1,  [CODEC_NPY_U16] = 2, [CODEC_NPY_I16] = 2,
    [CODEC_NPY_U32] = 4, [CODEC_NPY_I32] = 4, [CODEC_NPY_U64] = 8, [CODEC_NPY_I64] = 8,
    [CODEC_NPY_F16] = 2, [CODEC_NPY_F32] = 4, [CODEC_NPY_F64] = 8,
};

/* The values lie in the file, to its end, and are as many as the shape says. */
static void check_extent(const struct codec_npy *array, const uint8_t *bytes, size_t size)
{
    size_t count = 1;
    CHECK((size_t)array->type < sizeof sizes / sizeof *sizes);
    CHECK(array->dims <= CODEC_NPY_MAX_DIMS);
    CHECK(array->data >= bytes && array->data <= bytes + size);
    CHECK(array->count == (size_t)(bytes + size - array->data) / sizes[array->type]);
    CHECK(array->count * sizes[array->type] == (size_t)(bytes + size - array->data));
    for (size_t i = 0; i < array->dims; i++)
        count *= array->count > 0 ? array->shape[i] : array->shape[i] != 0;
    CHECK(array->count == 0 ? array->dims > 0 : count == array->count);
}

/* Where element i in C order is in Fortran's. */
static size_t place_of(const struct codec_npy *array, size_t i)
{
    size_t index[CODEC_NPY_MAX_DIMS] = {0}, place = 0;
    for (size_t d = array->dims; d-- > 0; i /= array->shape[d])
        index[d] = i % array->shape[d];
    for (size_t d = array->dims; d-- > 0;)
        place = place * array->shape[d] + index[d];
    return place;
}

static void check_order(const struct codec_npy *array, const float *values)
{
    struct codec_npy plain = *array;
    float *in_file = fuzz_room(array->count * sizeof *in_file);
    plain.fortran = false;
    codec_npy_floats(&plain, in_file);
    for (size_t i = 0; i < array->count; i++)
        CHECK(memcmp(&values[i], &in_file[array->fortran ? place_of(array, i) : i],
                     sizeof *values) == 0);
    free(in_file);
}

/* The same array, written as float32, is the same array. */
static void check_round_trip(const struct codec_npy *array, const float *values)
{
    struct codec_buffer file = {0};
    struct codec_npy again;
    char detail[CODEC_DETAIL];
    uint64_t shape[CODEC_NPY_MAX_DIMS];
    for (size_t i = 0; i < array->dims; i++)
        shape[i] = array->shape[i];
    CHECK(codec_npy_head(shape, array->dims, &file) == DISSOLVE_OK);
    CHECK(file.size % 64 == 0);
    CHECK(codec_buffer_append(&file, values, array->count * sizeof *values) == DISSOLVE_OK);
    CHECK(codec_npy_open(file.data, file.size, &again, detail) == DISSOLVE_OK);
    CHECK(again.type == CODEC_NPY_F32 && !again.swapped && !again.fortran);
    CHECK(again.dims == array->dims && again.count == array->count);
    CHECK(memcmp(again.shape, array->shape, array->dims * sizeof *again.shape) == 0);
    CHECK(again.count == 0 || memcmp(again.data, values, again.count * sizeof *values) == 0);
    codec_buffer_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct codec_npy empty;
    struct codec_npy array;
    char detail[CODEC_DETAIL];
    memset(&array, 0xa5, sizeof array);
    if (codec_npy_open(data, size, &array, detail) != DISSOLVE_OK) {
        CHECK(detail[0] != '\0' && strlen(detail) < sizeof detail);
        for (const char *c = detail; *c; c++)
            CHECK(*c >= ' ' && *c <= '~');
        CHECK(array.count == empty.count && array.dims == 0 && !array.data);
        return 0;
    }
    CHECK(codec_npy_is(data, size) && detail[0] == '\0');
    check_extent(&array, data, size);
    float *values = fuzz_room(array.count * sizeof *values);
    codec_npy_floats(&array, values);
    check_order(&array, values);
    check_round_trip(&array, values);
    free(values);
    return 0;
}
