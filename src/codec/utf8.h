/* UTF-8 that somebody else wrote: whether it is any, and text that may be shown nevertheless. */
#ifndef CODEC_UTF8_H
#define CODEC_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The length of the sequence at text, 1..4, or 0 if it is none: no surrogates, nothing too long
 * (Unicode 15, table 3-7). The text ends with a NUL, which is a sequence of 1, and is read no
 * further. Pure; any thread.
 */
size_t codec_utf8_size(const uint8_t *text);

/* Makes UTF-8 of a string, in place: each byte that is not part of any sequence becomes "?". */
void codec_utf8_mend(char *text);

#endif
