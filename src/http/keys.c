/* Keys are rows of one length; all of them are compared, each to its end. */
#include "keys.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ROW = HTTP_KEY_MAX / sizeof(uint64_t) };

/* A key has no 0 in it: filled up with them it still differs from all others. */
struct http_keys {
    size_t count;
    uint64_t rows[][ROW];
};

struct http_keys *http_keys_create(const struct http_words *words)
{
    struct http_keys *keys;
    if (words->count > (SIZE_MAX - sizeof *keys) / sizeof keys->rows[0])
        return NULL;
    keys = calloc(1, sizeof *keys + words->count * sizeof keys->rows[0]);
    if (keys == NULL)
        return NULL;
    keys->count = words->count;
    for (size_t i = 0; i < words->count; i++)
        memcpy(keys->rows[i], words->words[i], strnlen(words->words[i], HTTP_KEY_MAX));
    return keys;
}

/* The token of "Bearer token", NULL if it is no such thing. *length is without blanks at its end.
 */
static const char *find_token(const char *authorization, size_t *length)
{
    static const char scheme[] = "Bearer";
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return NULL;
    const char *token = authorization + sizeof scheme - 1;
    size_t spaces = strspn(token, " ");
    token += spaces;
    *length = strlen(token);
    while (*length > 0 && (token[*length - 1] == ' ' || token[*length - 1] == '\t'))
        --*length;
    return spaces > 0 && *length > 0 ? token : NULL;
}

/* 0: they are the same. Volatile: every word is read, whatever was found in those before it. */
static uint64_t compare(const uint64_t key[ROW], const volatile uint64_t row[ROW])
{
    uint64_t difference = 0;
    for (size_t i = 0; i < ROW; i++)
        difference |= key[i] ^ row[i];
    return difference;
}

bool http_keys_accept(const struct http_keys *keys, const char *authorization, size_t *place)
{
    size_t length;
    const char *token = find_token(authorization, &length);
    if (token == NULL)
        return false;
    uint64_t row[ROW] = {0};
    memcpy(row, token, length < sizeof row ? length : sizeof row);
    volatile bool found = false; /* likewise: there is no leaving the loop once it is true */
    *place = 0;
    for (size_t i = 0; i < keys->count; i++) {
        bool same = compare(keys->rows[i], row) == 0;
        found |= same;
        *place |= i & (0 - (size_t)same);
    }
    explicit_bzero(row, sizeof row);
    return found && length <= sizeof row;
}

void http_keys_destroy(struct http_keys *keys)
{
    if (keys == NULL)
        return;
    explicit_bzero(keys->rows, keys->count * sizeof keys->rows[0]);
    free(keys);
}
