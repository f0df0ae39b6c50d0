/* Decimal digits, eight at a time in one word, and their point. */
#include "plain.h"

#include <string.h>

enum {
    EIGHT = 100000000, /* 10^8 */
    DIGITS = 24,       /* of value, zeros that lead among them; no places are more than 20 */
};

_Static_assert(CODEC_PLAIN_ROOM >= 17 + 1 + DIGITS, "the copies stay in the room");

/* How many digits value has, 0 < value < 10^17: by its bits, right but for one. */
static size_t count_digits(uint64_t value)
{
    /* clang-format off */
    static const uint64_t powers[] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, EIGHT, EIGHT * 10ull,
        EIGHT * 100ull, EIGHT * 1000ull, EIGHT * 10000ull, EIGHT * 100000ull,
        EIGHT * 1000000ull, EIGHT * 10000000ull, EIGHT * 100000000ull, EIGHT * 1000000000ull,
    };
    /* clang-format on */
    size_t bits = 64 - (size_t)__builtin_clzll(value);
    size_t count = bits * 1233 >> 12; /* log10(2) is nearly 1233/4096 */
    return count + (value >= powers[count]);
}

static void store(uint64_t eight, char *digits)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    memcpy(digits, &eight, sizeof eight);
}

/*
 * The digits of value < 10^8, the first in the lowest byte: cut into fours, those into twos, those
 * into ones, all parts side by side. To multiply by 10486/2^20 is to divide by 100, below 10^4; by
 * 103/2^10, by 10, below 100.
 */
static uint64_t eight_digits(uint64_t value)
{
    uint64_t fours = value / 10000 | value % 10000 << 32;
    uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f;
    uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = (twos * 103 >> 10) & 0x000f000f000f000f;
    return (tens | (twos - tens * 10) << 8) + 0x3030303030303030;
}

size_t codec_plain_print(uint64_t value, size_t places, char text[CODEC_PLAIN_ROOM])
{
    char digits[2 * DIGITS] = {0};
    const char *point = digits + DIGITS - places;
    uint64_t high = value / EIGHT;
    size_t count = count_digits(value), whole = count > places ? count - places : 1;
    if (places >= count + (count > 1 ? 4 : 3))
        return 0;
    store(0x3030303030303030 + (high / EIGHT << 56), digits);
    store(eight_digits(high % EIGHT), digits + 8);
    store(eight_digits(value % EIGHT), digits + 16);
    /* Copies of one size are done in registers. */
    memcpy(text, point - whole, DIGITS);
    text[whole] = '.';
    memcpy(text + whole + 1, point, DIGITS);
    return places > 0 ? whole + 1 + places : whole;
}
