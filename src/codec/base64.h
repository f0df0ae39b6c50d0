/* Base64 out (RFC 4648, with padding, no line breaks). */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "buffer.h"

DISSOLVE_MUST_USE enum dissolve_status codec_base64_encode(const uint8_t *bytes, size_t size,
                                                           struct codec_buffer *out);

#endif
