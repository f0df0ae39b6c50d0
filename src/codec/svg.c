/* Text of an SVG document: markup, escaped text, and numbers that no locale touches. */
#include "svg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for one formatted piece of markup; they are short, only the caller's texts are not. */
#define PIECE 512

static void put_bytes(struct codec_svg *svg, const void *bytes, size_t size)
{
    if (!svg->status)
        svg->status = codec_buffer_append(svg->out, bytes, size);
}

void codec_svg_put(struct codec_svg *svg, const char *markup)
{
    put_bytes(svg, markup, strlen(markup));
}

void codec_svg_format(struct codec_svg *svg, const char *format, ...)
{
    char piece[PIECE];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (size < 0 || size >= PIECE) {
        svg->status = svg->status ? svg->status : DISSOLVE_INVALID;
        return;
    }
    put_bytes(svg, piece, (size_t)size);
}

void codec_svg_hundredths(struct codec_svg *svg, long hundredths)
{
    char text[32];
    char *at = text + sizeof text;
    unsigned long rest =
        hundredths < 0 ? 0ul - (unsigned long)hundredths : (unsigned long)hundredths;
    unsigned long fraction = rest % 100;
    if (fraction % 10 > 0)
        *--at = (char)('0' + fraction % 10);
    if (fraction > 0) {
        *--at = (char)('0' + fraction / 10);
        *--at = '.';
    }
    rest /= 100;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (hundredths < 0)
        *--at = '-';
    put_bytes(svg, at, (size_t)(text + sizeof text - at));
}

/* What stands for a byte of text; NULL: itself. */
static const char *entity(unsigned char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
    case '\r':
        return " ";
    default:
        return byte < 0x20 || byte == 0x7f ? "\xef\xbf\xbd" : NULL;
    }
}

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

/* How many bytes of text are its first `most` characters, or less so that "…" still fits. */
static size_t cut(const char *text, size_t most)
{
    size_t characters = 0;
    size_t shorter = 0;
    size_t at = 0;
    for (; text[at]; at++) {
        if (!begins_character(text[at]))
            continue;
        if (characters + 1 == most)
            shorter = at;
        if (characters++ == most)
            return shorter;
    }
    return at;
}

void codec_svg_text(struct codec_svg *svg, const char *text, size_t most)
{
    size_t size = cut(text, most);
    for (size_t i = 0; i < size; i++) {
        const char *instead = entity((unsigned char)text[i]);
        if (instead)
            codec_svg_put(svg, instead);
        else
            put_bytes(svg, text + i, 1);
    }
    if (text[size])
        codec_svg_put(svg, "\xe2\x80\xa6");
}

void codec_svg_decimal(struct codec_svg *svg, struct codec_decimal number)
{
    char text[CODEC_DECIMAL_ROOM];
    codec_decimal_print(number, text);
    codec_svg_put(svg, text);
}
