/*
 * Bytes that grow at the end: to twice as many at least, so that appending costs a constant time a
 * byte; or to what is needed and a little more, so that a few bytes behind it do not double it.
 */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST 256

enum dissolve_status codec_buffer_reserve(struct codec_buffer *buffer, size_t more)
{
    if (more <= buffer->capacity - buffer->size)
        return DISSOLVE_OK;
    size_t needed;
    if (__builtin_add_overflow(buffer->size, more, &needed) || needed > PTRDIFF_MAX)
        return DISSOLVE_NO_MEMORY;
    size_t capacity = buffer->capacity > PTRDIFF_MAX / 2 ? needed : buffer->capacity * 2;
    if (capacity < SMALLEST)
        capacity = SMALLEST;
    if (capacity < needed)
        capacity = needed > PTRDIFF_MAX / 2 ? needed : needed + needed / 64;
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data)
        return DISSOLVE_NO_MEMORY;
    buffer->data = data;
    buffer->capacity = capacity;
    return DISSOLVE_OK;
}

enum dissolve_status codec_buffer_append(struct codec_buffer *buffer, const void *bytes,
                                         size_t size)
{
    if (size == 0)
        return DISSOLVE_OK;
    enum dissolve_status status = codec_buffer_reserve(buffer, size);
    if (status)
        return status;
    memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
    return DISSOLVE_OK;
}

void codec_buffer_free(struct codec_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct codec_buffer){0};
}
