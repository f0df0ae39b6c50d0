/* Recursive descent over JSON, keeping the path so that a fault can be pointed at. */
#include "json_scan.h"

#include "arguments.h"
#include "codec/number.h"
#include "codec/signature.h"
#include "codec/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32

/* One level of the path: a member (a slice of the text, escapes and all) or an index. */
struct level {
    const char *key; /* NULL: an array's element */
    size_t length;
    size_t index;
};

struct scanner {
    const char *text;
    size_t size;
    size_t at;
    struct level path[MAX_DEPTH];
    size_t depth;
    struct json_scan *scan;
    size_t room; /* for samples */
    struct api_problem *problem;
};

static unsigned hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

static uint32_t decode_hex4(const char *digits)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | hex_digit(digits[i]);
    return value;
}

/* Decodes the escape behind a backslash, which the scan has found valid; returns its length. */
static size_t decode_escape(const char *escape, uint32_t *code)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    if (*escape != 'u') {
        const char *found = strchr(from, *escape);
        *code = (unsigned char)(found ? to[found - from] : *escape);
        return 1;
    }
    *code = decode_hex4(escape + 1);
    if (*code < 0xd800 || *code > 0xdbff)
        return 5;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (decode_hex4(escape + 7) - 0xdc00);
    return 11;
}

/* Prints a member's name with its escapes decoded, as much of it as fits; returns its length. */
static size_t decode_name(const struct level *level, char *name, size_t capacity)
{
    size_t length = 0;
    for (size_t at = 0; at < level->length && length + CODEC_UTF8_MAX < capacity;) {
        uint32_t code;
        if (level->key[at] != '\\') {
            name[length++] = level->key[at++];
            continue;
        }
        at += 1 + decode_escape(level->key + at + 1, &code);
        length += codec_utf8_print(code, name + length);
    }
    name[length] = '\0';
    return length;
}

static void print_path(const struct scanner *s, char *pointer, size_t room)
{
    char name[sizeof s->problem->culprit];
    for (size_t i = 0; i < s->depth; i++) {
        const struct level *level = &s->path[i];
        size_t length = level->key ? decode_name(level, name, sizeof name)
                                   : (size_t)snprintf(name, sizeof name, "%zu", level->index);
        api_pointer_append(pointer, room, name, length);
    }
}

static bool fault_with_status(struct scanner *s, int status, const char *what)
{
    char pointer[sizeof s->problem->culprit] = "";
    print_path(s, pointer, sizeof pointer);
    return api_problem_blame(s->problem, status, API_FAULT_POINTER, pointer,
                             "the JSON body at byte %zu: %s", s->at, what);
}

static bool fault(struct scanner *s, const char *what)
{
    return fault_with_status(s, 400, what);
}

/* The next character, 0 at the end (a NUL in the text is no valid JSON anywhere). */
static char peek(const struct scanner *s)
{
    return s->at < s->size ? s->text[s->at] : '\0';
}

static void skip_space(struct scanner *s)
{
    while (s->at < s->size && strchr(" \t\r\n", s->text[s->at]) && s->text[s->at])
        s->at++;
}

static bool take(struct scanner *s, char c)
{
    if (peek(s) != c || s->at >= s->size)
        return false;
    s->at++;
    return true;
}

static bool read_hex4(struct scanner *s, unsigned *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        char c = peek(s);
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (unsigned)((c | 0x20) - 'a' + 10);
        else
            return fault(s, "\\u needs four hexadecimal digits");
        *value = *value << 4 | digit;
    }
    return true;
}

static bool read_unicode_escape(struct scanner *s)
{
    unsigned unit, low;
    if (!read_hex4(s, &unit))
        return false;
    if (unit == 0)
        return fault(s, "\\u0000 is not accepted");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return fault(s, "half of a surrogate pair");
    if (unit < 0xd800 || unit > 0xdbff)
        return true;
    if (!take(s, '\\') || !take(s, 'u') || !read_hex4(s, &low) || low < 0xdc00 || low > 0xdfff)
        return fault(s, "half of a surrogate pair");
    return true;
}

/* One UTF-8 character of more than one byte (Unicode 15, table 3-7). */
static bool read_utf8(struct scanner *s)
{
    const unsigned char *p = (const unsigned char *)s->text + s->at;
    size_t left = s->size - s->at;
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < length || p[1] < low || p[1] > high)
        return fault(s, "invalid UTF-8");
    for (size_t i = 2; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return fault(s, "invalid UTF-8");
    }
    s->at += length;
    return true;
}

static bool read_escape(struct scanner *s)
{
    char c = peek(s);
    if (c == '\0' || !strchr("\"\\/bfnrtu", c))
        return fault(s, "an unknown escape in a string");
    s->at++;
    return c != 'u' || read_unicode_escape(s);
}

/* Behind the opening quote, to behind the closing one. */
static bool read_string(struct scanner *s)
{
    while (s->at < s->size) {
        unsigned char c = (unsigned char)s->text[s->at];
        if (c == '"') {
            s->at++;
            return true;
        }
        if (c < 0x20)
            return fault(s, "a control character in a string");
        bool fine = true;
        if (c >= 0x80) {
            fine = read_utf8(s);
        } else {
            s->at++;
            if (c == '\\')
                fine = read_escape(s);
        }
        if (!fine)
            return false;
    }
    return fault(s, "a string without an end");
}

static bool read_number(struct scanner *s, double *value)
{
    size_t length = codec_number_parse(s->text + s->at, s->size - s->at, value);
    if (length == 0)
        return fault(s, "a value was expected");
    if (isinf(*value))
        return fault(s, "a number beyond the range of double");
    s->at += length;
    return true;
}

static bool read_word(struct scanner *s, const char *word)
{
    size_t length = strlen(word);
    if (s->size - s->at < length || memcmp(s->text + s->at, word, length) != 0)
        return fault(s, "a value was expected");
    s->at += length;
    return true;
}

static bool keep_sample(struct scanner *s, double value)
{
    struct json_scan *scan = s->scan;
    float sample = (float)value;
    if (!isfinite(sample))
        return fault_with_status(s, 422, "a sample that is not finite in float32");
    if (scan->sample_count == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        float *samples = realloc(scan->samples, room * sizeof *samples);
        if (!samples)
            return api_problem_from_status(s->problem, DISSOLVE_NO_MEMORY, NULL);
        scan->samples = samples;
        s->room = room;
    }
    scan->samples[scan->sample_count++] = sample;
    return true;
}

static bool read_value(struct scanner *s);

static bool is_sample_array(const struct scanner *s)
{
    char name[16];
    if (s->depth != 1 || !s->path[0].key)
        return false;
    decode_name(&s->path[0], name, sizeof name);
    return strcmp(name, "samples") == 0;
}

static bool read_sample(struct scanner *s)
{
    double value;
    char c = peek(s);
    if (c != '-' && (c < '0' || c > '9'))
        return fault(s, "samples must be numbers");
    return read_number(s, &value) && keep_sample(s, value);
}

static bool push(struct scanner *s, struct level level)
{
    if (s->depth == MAX_DEPTH)
        return fault(s, "nested too deeply");
    s->path[s->depth++] = level;
    return true;
}

/* Behind the opening bracket. */
static bool read_elements(struct scanner *s, bool (*read_element)(struct scanner *))
{
    skip_space(s);
    if (take(s, ']'))
        return true;
    if (!push(s, (struct level){0}))
        return false;
    struct level *level = &s->path[s->depth - 1];
    for (;; level->index++) {
        skip_space(s);
        if (!read_element(s))
            return false;
        skip_space(s);
        if (take(s, ']'))
            break;
        if (!take(s, ','))
            return fault(s, "a comma or ] was expected");
    }
    s->depth--;
    return true;
}

static bool read_array(struct scanner *s)
{
    if (!is_sample_array(s))
        return read_elements(s, read_value);
    if (s->scan->array_end > 0)
        return fault(s, "samples is given twice");
    s->scan->array_start = s->at - 1;
    if (!read_elements(s, read_sample))
        return false;
    s->scan->array_end = s->at;
    return s->scan->sample_count > 0 || fault(s, "samples is empty");
}

static bool read_member(struct scanner *s)
{
    skip_space(s);
    if (!take(s, '"'))
        return fault(s, "a member's name was expected");
    const char *key = s->text + s->at;
    if (!read_string(s))
        return false;
    size_t length = (size_t)(s->text + s->at - 1 - key);
    if (!push(s, (struct level){.key = key, .length = length}))
        return false;
    skip_space(s);
    if (!take(s, ':'))
        return fault(s, "a colon was expected");
    skip_space(s);
    if (!read_value(s))
        return false;
    s->depth--;
    return true;
}

/* Behind the opening brace. */
static bool read_object(struct scanner *s)
{
    skip_space(s);
    if (take(s, '}'))
        return true;
    do {
        if (!read_member(s))
            return false;
        skip_space(s);
    } while (take(s, ','));
    return take(s, '}') || fault(s, "a comma or } was expected");
}

static bool read_value(struct scanner *s)
{
    double number;
    switch (peek(s)) {
    case '{':
        s->at++;
        return read_object(s);
    case '[':
        s->at++;
        return read_array(s);
    case '"':
        s->at++;
        return read_string(s);
    case 't':
        return read_word(s, "true");
    case 'f':
        return read_word(s, "false");
    case 'n':
        return read_word(s, "null");
    default:
        return read_number(s, &number);
    }
}

bool json_scan(const char *text, size_t size, struct json_scan *scan, struct api_problem *problem)
{
    struct scanner s = {.text = text,
                        .size = size,
                        .at = codec_signature_bom((const uint8_t *)text, size),
                        .scan = scan,
                        .problem = problem};
    skip_space(&s);
    if (peek(&s) != '{')
        return fault(&s, "the body must be a JSON object");
    if (!read_value(&s))
        return false;
    skip_space(&s);
    return s.at == s.size || fault(&s, "something follows the object");
}
