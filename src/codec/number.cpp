/* Numbers to and from text: Dragonbox, std::to_chars and std::from_chars for the C of this room. */
#include "number.h"

#include "plain.h"

#include <charconv>
#include <cmath>
#include <dragonbox/dragonbox.h>
#include <limits>
#include <system_error>

namespace
{

/* What stands at the beginning of a text, by JSON's grammar; size is 0 if it is no number. */
struct numeral {
    size_t size;
    bool huge; /* the decimal point stands right of the first digit other than 0 */
};

/* More decimal places than any text that fits in memory moves a point by. */
constexpr long long FAR = std::numeric_limits<long long>::max() / 4;

size_t count_digits(const char *text, size_t size, size_t from)
{
    size_t end = from;
    while (end < size && text[end] >= '0' && text[end] <= '9')
        end++;
    return end - from;
}

/*
 * Reads "e+12" at text[from..size): returns its length, 0 if it is no exponent. An exponent too
 * large to count is cut to FAR.
 */
size_t scan_exponent(const char *text, size_t size, size_t from, long long *exponent)
{
    size_t at = from;
    *exponent = 0;
    if (at >= size || (text[at] != 'e' && text[at] != 'E'))
        return 0;
    at++;
    bool negative = at < size && text[at] == '-';
    if (at < size && (text[at] == '+' || text[at] == '-'))
        at++;
    size_t digits = count_digits(text, size, at);
    if (digits == 0)
        return 0;
    for (size_t i = at; i < at + digits && *exponent < FAR / 10 - 1; i++)
        *exponent = *exponent * 10 + (text[i] - '0');
    if (negative)
        *exponent = -*exponent;
    return at + digits - from;
}

/* How far right of the point the first digit other than 0 stands: 12.3 gives 2, 0.01 gives -1. */
long long magnitude(const char *text, size_t begin, size_t whole, size_t fraction)
{
    if (text[begin] != '0')
        return static_cast<long long>(whole);
    size_t zeros = 0;
    while (zeros < fraction && text[begin + whole + 1 + zeros] == '0')
        zeros++;
    return -static_cast<long long>(zeros);
}

numeral scan(const char *text, size_t size)
{
    size_t begin = size > 0 && text[0] == '-' ? 1 : 0;
    size_t whole = count_digits(text, size, begin);
    if (whole == 0)
        return {0, false};
    if (text[begin] == '0')
        whole = 1;
    size_t at = begin + whole;
    size_t fraction = at < size && text[at] == '.' ? count_digits(text, size, at + 1) : 0;
    if (fraction > 0)
        at += 1 + fraction;
    long long exponent;
    at += scan_exponent(text, size, at, &exponent);
    return {at, magnitude(text, begin, whole, fraction) + exponent > 0};
}

static_assert(CODEC_NUMBER_ROOM > CODEC_PLAIN_ROOM, "a sign goes before");

/*
 * Most doubles by Dragonbox, in two thirds of std::to_chars' time and with its text; 0 for 0, and
 * what has an exponent or zeros before the point. Floats are as soon printed by std::to_chars.
 */
size_t print_soon(double value, char text[CODEC_NUMBER_ROOM])
{
    if (value == 0)
        return 0;
    auto decimal = jkj::dragonbox::to_decimal(value);
    if (decimal.exponent > 0)
        return 0;
    size_t sign = decimal.is_negative ? 1 : 0;
    text[0] = '-';
    size_t size =
        codec_plain_print(decimal.significand, static_cast<size_t>(-decimal.exponent), text + sign);
    return size > 0 ? sign + size : 0;
}

} // namespace

extern "C" size_t codec_number_print(double value, char text[CODEC_NUMBER_ROOM])
{
    if (!std::isfinite(value))
        return 0;
    size_t size = print_soon(value, text);
    if (size == 0)
        size = static_cast<size_t>(std::to_chars(text, text + CODEC_NUMBER_ROOM, value).ptr - text);
    return size;
}

extern "C" size_t codec_number_print_float(float value, char text[CODEC_NUMBER_ROOM])
{
    if (!std::isfinite(value))
        return 0;
    return static_cast<size_t>(std::to_chars(text, text + CODEC_NUMBER_ROOM, value).ptr - text);
}

extern "C" size_t codec_number_print_integer(uint64_t value, char text[CODEC_NUMBER_ROOM])
{
    return static_cast<size_t>(std::to_chars(text, text + CODEC_NUMBER_ROOM, value).ptr - text);
}

extern "C" void codec_number_print_hexadecimal(uint64_t value, char text[CODEC_NUMBER_HEXADECIMAL])
{
    for (int i = CODEC_NUMBER_HEXADECIMAL - 1; i >= 0; i--, value >>= 4)
        text[i] = "0123456789abcdef"[value & 15];
}

extern "C" size_t codec_number_parse(const char *text, size_t size, double *value)
{
    numeral found = scan(text, size);
    if (found.size == 0)
        return 0;
    double read = 0;
    std::from_chars_result result = std::from_chars(text, text + found.size, read);
    if (result.ec == std::errc::result_out_of_range) {
        double limit = found.huge ? std::numeric_limits<double>::infinity() : 0.0;
        read = text[0] == '-' ? -limit : limit;
    }
    *value = read;
    return found.size;
}
