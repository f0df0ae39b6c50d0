/* What UTF-8 is and what is not, one character at a time. */
#ifndef CODEC_UTF8_H
#define CODEC_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * How many bytes the character at the beginning of a string takes, 1..4; 1 at its end. 0: the bytes
 * there are none (no surrogates, nothing longer than it must be, nothing beyond U+10FFFF). It reads
 * no further than the string's NUL.
 */
size_t codec_utf8_size(const char *string);

/* The most bytes that a character takes. */
#define CODEC_UTF8_MAX 4

/* Prints the character with this code point, up to U+10FFFF; returns its size. No NUL is written.
 */
size_t codec_utf8_print(uint32_t code, char text[CODEC_UTF8_MAX]);

/* Makes UTF-8 of a string, in place: each byte that is part of no character becomes "?". */
void codec_utf8_mend(char *string);

#endif
