/* How the text of a setting becomes its value, by kind. */
#include "settings_read.h"

#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- Numbers and times ---- */

/* Reads digits, at least one; *end is what follows them. */
static bool read_digits(const char *text, uint64_t *number, const char **end)
{
    uint64_t value = 0;
    const char *c = text;
    for (; is_digit(*c); c++) {
        if (value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(*c - '0');
    }
    *number = value;
    *end = c;
    return c > text;
}

bool settings_read_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    static const char units[] = "kmg";
    uint64_t value;
    const char *c;
    if (!read_digits(text, &value, &c))
        return false;
    const char *unit = *c == '\0' ? NULL : strchr(units, *c | 0x20);
    if (unit != NULL) {
        unsigned shift = 10u * (unsigned)(unit - units + 1);
        if (value > UINT64_MAX >> shift)
            return false;
        value <<= shift;
        c++;
    }
    *number = value;
    return *c == '\0' && value >= min && value <= max;
}

/* The milliseconds of a unit; 0: it is none. */
static uint64_t unit_of_time(const char *text)
{
    static const struct {
        const char *name;
        uint64_t milliseconds;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].name) == 0)
            return units[i].milliseconds;
    }
    return 0;
}

bool settings_read_time(const char *text, uint64_t min, uint64_t max, uint64_t *milliseconds)
{
    enum { PLACES = 9 };
    uint64_t whole;
    uint64_t part = 0;
    uint64_t parts = 1; /* of `part` in one */
    const char *c;
    if (!read_digits(text, &whole, &c))
        return false;
    if (*c == '.') {
        const char *first = ++c;
        if (!read_digits(first, &part, &c) || c - first > PLACES)
            return false;
        for (; first < c; first++)
            parts *= 10;
    }
    uint64_t unit = unit_of_time(c);
    if (unit == 0 || whole > max / unit)
        return false;
    *milliseconds = whole * unit + part * unit / parts;
    return *milliseconds >= min && *milliseconds <= max;
}

/* ---- Words ---- */

bool settings_read_switch(const char *text, bool *on)
{
    static const char *const words[] = {"0", "1", "false", "true", "no", "yes", NULL};
    unsigned choice;
    bool known = settings_read_choice(text, words, &choice);
    *on = known && choice % 2 == 1;
    return known;
}

bool settings_read_choice(const char *text, const char *const words[], unsigned *choice)
{
    for (*choice = 0; words[*choice] != NULL; ++*choice) {
        if (strcmp(text, words[*choice]) == 0)
            return true;
    }
    return false;
}

/* Reads a list; on failure it is empty. */
static enum dissolve_status read_list(const char *text,
                                      enum dissolve_status (*take)(void *context, const char *word,
                                                                   size_t length),
                                      struct http_words *words)
{
    *words = (struct http_words){0};
    enum dissolve_status status = http_words_each(text, take, words);
    if (status != DISSOLVE_OK)
        http_words_free(words);
    return status;
}

/* ---- Origins ---- */

/* The length of scheme:// (RFC 3986, 3.1); 0: there is none. */
static size_t measure_scheme(const char *origin)
{
    size_t length = 0;
    while (is_letter(origin[length]) ||
           (length > 0 && (is_digit(origin[length]) ||
                           (origin[length] != '\0' && strchr("+-.", origin[length]) != NULL))))
        length++;
    return length > 0 && strncmp(origin + length, "://", 3) == 0 ? length + 3 : 0;
}

/* The length of a name, an IPv4 address or an IPv6 address in brackets; 0: it is none. */
static size_t measure_host(const char *host)
{
    size_t length;
    if (host[0] == '[') {
        length = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
        return length > 1 && host[length] == ']' ? length + 1 : 0;
    }
    for (length = 0; is_letter(host[length]) || is_digit(host[length]) ||
                     (host[length] != '\0' && strchr("-._", host[length]) != NULL);)
        length++;
    return length;
}

/* Without the port that the scheme has by itself, and in small letters. */
static enum dissolve_status normalise(char *origin, char *port)
{
    if ((strncasecmp(origin, "http:", 5) == 0 && strcmp(port, ":80") == 0) ||
        (strncasecmp(origin, "https:", 6) == 0 && strcmp(port, ":443") == 0))
        *port = '\0';
    for (char *c = origin; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 0x20);
    }
    return DISSOLVE_OK;
}

static enum dissolve_status check_origin(char *origin)
{
    if (strcmp(origin, "*") == 0)
        return DISSOLVE_OK;
    size_t scheme = measure_scheme(origin);
    size_t host = scheme == 0 ? 0 : measure_host(origin + scheme);
    char *port = origin + scheme + host;
    if (host == 0)
        return DISSOLVE_INVALID;
    if (*port != '\0') {
        uint64_t number;
        const char *end;
        if (*port != ':' || !read_digits(port + 1, &number, &end) || *end != '\0' || number > 65535)
            return DISSOLVE_INVALID;
    }
    return normalise(origin, port);
}

static enum dissolve_status take_origin(void *context, const char *word, size_t length)
{
    struct http_words *words = context;
    enum dissolve_status status = http_words_add(words, word, length);
    return status == DISSOLVE_OK ? check_origin(words->words[words->count - 1]) : status;
}

enum dissolve_status settings_read_origins(const char *text, struct http_words *words)
{
    return read_list(text, take_origin, words);
}

/* ---- Keys ---- */

static enum dissolve_status take_key(void *context, const char *word, size_t length)
{
    if (length < HTTP_KEY_MIN || length > HTTP_KEY_MAX)
        return DISSOLVE_INVALID;
    for (size_t i = 0; i < length; i++) {
        if (word[i] <= ' ' || word[i] > '~' || strchr(",\"'", word[i]) != NULL)
            return DISSOLVE_INVALID;
    }
    return http_words_add(context, word, length);
}

enum dissolve_status settings_read_keys(const char *text, struct http_words *words)
{
    enum dissolve_status status = read_list(text, take_key, words);
    return status == DISSOLVE_OK && words->count == 0 ? DISSOLVE_INVALID : status;
}

enum { FILE_MAX = 1 << 20 };

/* What the file holds, at most one byte more than it may; *size is 0 before. false: errno says why.
 */
static bool read_file(const char *path, char *bytes, size_t *size)
{
    ssize_t count = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while (count > 0 && *size <= FILE_MAX) {
        count = read(fd, bytes + *size, FILE_MAX + 1 - *size);
        *size += count > 0 ? (size_t)count : 0;
    }
    int reason = errno;
    close(fd);
    errno = reason;
    return count >= 0;
}

/* The keys of the lines. INVALID: *line is the one with something else. */
static enum dissolve_status take_lines(const char *bytes, size_t size, struct http_words *words,
                                       unsigned *line)
{
    enum dissolve_status status = DISSOLVE_OK;
    const char *end = bytes + size;
    for (*line = 0; bytes < end && status == DISSOLVE_OK; ++*line) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *stop = newline == NULL ? end : newline;
        if (stop > bytes && stop[-1] == '\r')
            stop--;
        const char *first = bytes;
        while (first < stop && (*first == ' ' || *first == '\t'))
            first++;
        if (first < stop && *first != '#')
            status = take_key(words, bytes, (size_t)(stop - bytes));
        bytes = newline == NULL ? end : newline + 1;
    }
    return status;
}

enum dissolve_status settings_read_key_file(const char *path, struct http_words *words,
                                            char detail[SETTINGS_DETAIL])
{
    size_t size = 0;
    unsigned line;
    *words = (struct http_words){0};
    char *bytes = malloc(FILE_MAX + 1);
    if (bytes == NULL)
        return DISSOLVE_NO_MEMORY;
    enum dissolve_status status = DISSOLVE_INVALID;
    if (!read_file(path, bytes, &size)) {
        snprintf(detail, SETTINGS_DETAIL, "the file cannot be read: %s", strerror(errno));
        goto done;
    }
    if (size > FILE_MAX) {
        snprintf(detail, SETTINGS_DETAIL, "the file is larger than 1 MiB");
        goto done;
    }
    status = take_lines(bytes, size, words, &line);
    if (status == DISSOLVE_INVALID) {
        snprintf(detail, SETTINGS_DETAIL,
                 "line %u of the file is no key: %d to %d visible ASCII characters without comma, "
                 "quote or space",
                 line, HTTP_KEY_MIN, HTTP_KEY_MAX);
    } else if (status == DISSOLVE_OK && words->count == 0) {
        status = DISSOLVE_INVALID;
        snprintf(detail, SETTINGS_DETAIL, "there is no key in the file");
    }
    if (status != DISSOLVE_OK)
        http_words_free(words);
done:
    explicit_bzero(bytes, size);
    free(bytes);
    return status;
}
