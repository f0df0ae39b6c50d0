/* Numbers to and from text, whatever the locale; the shortest digits that read back the same. */
#ifndef CODEC_NUMBER_H
#define CODEC_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Room that any number takes. */
#define CODEC_NUMBER_ROOM 32

/*
 * Prints a double; returns the number of characters (no NUL is written), 0 if it is not finite:
 * JSON has no word for that.
 */
size_t codec_number_print(double value, char text[CODEC_NUMBER_ROOM]);

/* The same of a float: the shortest digits that read back, as float, to the same value. */
size_t codec_number_print_float(float value, char text[CODEC_NUMBER_ROOM]);

/* The same of a whole number; never 0 characters. */
size_t codec_number_print_integer(uint64_t value, char text[CODEC_NUMBER_ROOM]);

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
