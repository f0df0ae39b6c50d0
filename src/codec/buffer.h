/* Bytes that grow at the end: what every encoder writes into. */
#ifndef CODEC_BUFFER_H
#define CODEC_BUFFER_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty. Freed with codec_buffer_free, which leaves it empty again. */
struct codec_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

/* Makes room for `more` bytes behind the end, without changing size. */
DISSOLVE_MUST_USE enum dissolve_status codec_buffer_reserve(struct codec_buffer *buffer,
                                                            size_t more);

DISSOLVE_MUST_USE enum dissolve_status codec_buffer_append(struct codec_buffer *buffer,
                                                           const void *bytes, size_t size);

void codec_buffer_free(struct codec_buffer *buffer);

#endif
