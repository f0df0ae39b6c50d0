/* Decimal digits as text, many at a time. */
#ifndef CODEC_PLAIN_H
#define CODEC_PLAIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is written goes beyond the text, up to here. */
#define CODEC_PLAIN_ROOM 46

/*
 * Prints value 10^-places, 0 < value < 10^17, without an exponent and with a point if there are
 * places: 0.012, 12.5, 125. Returns the number of characters; 0 where an exponent makes the text
 * shorter, by std::to_chars' rule: 1e-04, not 0.0001.
 */
size_t codec_plain_print(uint64_t value, size_t places, char text[CODEC_PLAIN_ROOM]);

#ifdef __cplusplus
}
#endif

#endif
