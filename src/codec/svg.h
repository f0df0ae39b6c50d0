/* Text of an SVG document: appended to a buffer, whatever the locale; the first error is kept. */
#ifndef CODEC_SVG_H
#define CODEC_SVG_H

#include "buffer.h"
#include "ticks.h"

#include <dissolve/status.h>
#include <stddef.h>

/* Where the text goes. After an error nothing more is written; look at `status` in the end. */
struct codec_svg {
    struct codec_buffer *out;
    enum dissolve_status status;
};

/* Appends markup as it is. */
void codec_svg_put(struct codec_svg *svg, const char *markup);

/* The same by printf's rules, for integers and strings only: a locale prints other numbers. */
void codec_svg_format(struct codec_svg *svg, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Appends a coordinate given in hundredths of a pixel, as short as it goes: 1250 is "12.5".
 */
void codec_svg_hundredths(struct codec_svg *svg, long hundredths);

/*
 * Appends text (UTF-8) for an element or an attribute: with entities, and with U+FFFD for the
 * control characters that XML has no way to write. Beyond `most` characters it is cut and ends in
 * "…".
 */
void codec_svg_text(struct codec_svg *svg, const char *text, size_t most);

/* Appends a number for people. */
void codec_svg_decimal(struct codec_svg *svg, struct codec_decimal number);

#endif
