/* Numbers to and from text, whatever the locale; the shortest digits that read back the same. */
#ifndef CODEC_NUMBER_H
#define CODEC_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is printed takes so many characters at the most: -1.2345678901234567e-100. */
#define CODEC_NUMBER_LONGEST 24

/* Room for one that is printed: more than its text may be written to. */
#define CODEC_NUMBER_ROOM 48

/*
 * Prints a double; returns the number of characters (no NUL is written), 0 if it is not finite:
 * JSON has no word for that.
 */
size_t codec_number_print(double value, char text[CODEC_NUMBER_ROOM]);

/* The same of a float: the shortest digits that read back, as float, to the same value. */
size_t codec_number_print_float(float value, char text[CODEC_NUMBER_ROOM]);

/* The same of a whole number; never 0 characters. */
size_t codec_number_print_integer(uint64_t value, char text[CODEC_NUMBER_ROOM]);

/* How many digits codec_number_print_hexadecimal prints. */
#define CODEC_NUMBER_HEXADECIMAL 16

/* All hexadecimal digits of a number, lower case; no NUL. */
void codec_number_print_hexadecimal(uint64_t value, char text[CODEC_NUMBER_HEXADECIMAL]);

/*
 * Reads a decimal number, JSON's grammar, from text[0..size): returns how many characters it took,
 * 0 if none stands there. It takes the longest beginning that is a number: 1 of "1.", 0 of "007",
 * so that the caller finds what is wrong behind it. A value beyond double's range becomes infinite,
 * one too small for it 0.
 */
size_t codec_number_parse(const char *text, size_t size, double *value);

#ifdef __cplusplus
}
#endif

#endif
