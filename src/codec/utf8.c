/* One sequence of UTF-8 after another. */
#include "utf8.h"

#include <stdbool.h>

size_t codec_utf8_size(const uint8_t *text)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text[0];
    if (first < 0x80)
        return 1;
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc0 || first >= 0xf8)
        return 0;
    uint32_t code = first & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    bool sound = code >= least[size] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return sound ? size : 0;
}

void codec_utf8_mend(char *text)
{
    while (*text != '\0') {
        size_t size = codec_utf8_size((const uint8_t *)text);
        if (size == 0)
            *text = '?';
        text += size > 0 ? size : 1;
    }
}
