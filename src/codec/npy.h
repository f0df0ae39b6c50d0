/*
 * NPY, numpy's file of one array: any numbers in, the head of a float32 array out. The format is
 * that of numpy.lib.format, versions 1.0, 2.0 and 3.0.
 */
#ifndef CODEC_NPY_H
#define CODEC_NPY_H

#include "buffer.h"
#include "detail.h"

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As many as numpy 1 has. */
#define CODEC_NPY_MAX_DIMS 32

enum codec_npy_type {
    CODEC_NPY_U8,
    CODEC_NPY_I8,
    CODEC_NPY_U16,
    CODEC_NPY_I16,
    CODEC_NPY_U32,
    CODEC_NPY_I32,
    CODEC_NPY_U64,
    CODEC_NPY_I64,
    CODEC_NPY_F16,
    CODEC_NPY_F32,
    CODEC_NPY_F64,
};

/* An array in the bytes of a file, which it borrows; nothing is to be freed. */
struct codec_npy {
    enum codec_npy_type type;
    bool swapped; /* the values are in the other byte order than this machine's */
    bool fortran; /* the first index runs fastest, not the last */
    size_t dims;  /* 0..CODEC_NPY_MAX_DIMS; 0: one value */
    size_t shape[CODEC_NPY_MAX_DIMS];
    size_t count;        /* the product of the shape: may be 0 */
    const uint8_t *data; /* count values, not aligned */
};

/* Whether it begins as an NPY file does. */
bool codec_npy_is(const uint8_t *bytes, size_t size);

/*
 * Reads the header of a whole file. Nothing is allocated; any thread.
 *
 * DISSOLVE_UNSUPPORTED: not an NPY file, another version, more than CODEC_NPY_MAX_DIMS dimensions,
 * or no numbers of the types above (bool, complex, structures, objects...); DISSOLVE_MALFORMED: a
 * header that is none, or not exactly as many bytes behind it as it says. `detail` says it in a
 * sentence (in ASCII, whatever is in the file), and *array is empty then.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_npy_open(const uint8_t *bytes, size_t size,
                                                      struct codec_npy *array,
                                                      char detail[CODEC_DETAIL]);

/*
 * The array's values, nearest float32 (ties to even), in C order: values[0..count). What is beyond
 * float32 becomes infinite; infinities and NaN stay what they are.
 */
void codec_npy_floats(const struct codec_npy *array, float *values);

/*
 * Appends what goes before the bytes of a float32 array, little-endian, in C order: version 1.0,
 * padded to a multiple of 64. DISSOLVE_INVALID: dims > CODEC_NPY_MAX_DIMS; DISSOLVE_NO_MEMORY.
 * After an error `out` is as it was.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_npy_head(const uint64_t *shape, size_t dims,
                                                      struct codec_buffer *out);

#endif
