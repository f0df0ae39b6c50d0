/* Base64 out, by nettle. */
#include "base64.h"

#include <nettle/base64.h>

enum dissolve_status codec_base64_encode(const uint8_t *bytes, size_t size,
                                         struct codec_buffer *out)
{
    if (size == 0)
        return DISSOLVE_OK;
    if (size > PTRDIFF_MAX / 4 * 3 - 2)
        return DISSOLVE_NO_MEMORY;
    size_t length = BASE64_ENCODE_RAW_LENGTH(size);
    enum dissolve_status status = codec_buffer_reserve(out, length);
    if (status)
        return status;
    base64_encode_raw((char *)out->data + out->size, size, bytes);
    out->size += length;
    return DISSOLVE_OK;
}
