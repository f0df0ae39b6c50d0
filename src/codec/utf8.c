/* UTF-8's characters: the first byte gives the length, the value says whether it had to be so long.
 */
#include "utf8.h"

#include <stdbool.h>
#include <stdint.h>

size_t codec_utf8_size(const char *string)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *text = (const uint8_t *)string;
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

size_t codec_utf8_print(uint32_t code, char text[CODEC_UTF8_MAX])
{
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3f));
    text[0] = (char)(0xf00 >> size | code); /* as many ones as bytes, then a zero */
    return size;
}

void codec_utf8_mend(char *string)
{
    while (*string != '\0') {
        size_t size = codec_utf8_size(string);
        if (size == 0)
            *string = '?';
        string += size > 0 ? size : 1;
    }
}
