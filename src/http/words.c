/* A list of words, and text that is such a list. */
#include "words.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Room for so many words more. */
static bool grow(struct http_words *words, size_t more)
{
    if (more > SIZE_MAX / sizeof *words->words - words->count)
        return false;
    char **grown = realloc(words->words, (words->count + more) * sizeof *grown);
    if (grown != NULL)
        words->words = grown;
    return grown != NULL;
}

enum dissolve_status http_words_add(struct http_words *words, const char *word, size_t length)
{
    char *copy = strndup(word, length);
    if (copy == NULL || !grow(words, 1)) {
        free(copy);
        return DISSOLVE_NO_MEMORY;
    }
    words->words[words->count++] = copy;
    return DISSOLVE_OK;
}

enum dissolve_status http_words_append(struct http_words *words, struct http_words *from)
{
    if (from->count == 0)
        return DISSOLVE_OK;
    if (!grow(words, from->count))
        return DISSOLVE_NO_MEMORY;
    memcpy(words->words + words->count, from->words, from->count * sizeof *from->words);
    words->count += from->count;
    free(from->words);
    *from = (struct http_words){0};
    return DISSOLVE_OK;
}

void http_words_free(struct http_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        explicit_bzero(words->words[i], strlen(words->words[i]));
        free(words->words[i]);
    }
    free(words->words);
    *words = (struct http_words){0};
}

enum dissolve_status http_words_each(const char *text,
                                     enum dissolve_status (*take)(void *context, const char *word,
                                                                  size_t length),
                                     void *context)
{
    static const char blanks[] = " \t";
    enum dissolve_status status = DISSOLVE_OK;
    const char *at = text + strspn(text, blanks);
    bool more = *at != '\0';
    while (more && status == DISSOLVE_OK) {
        at += strspn(at, blanks);
        size_t size = strcspn(at, ",");
        size_t length = size;
        while (length > 0 && strchr(blanks, at[length - 1]) != NULL)
            length--;
        status = length == 0 ? DISSOLVE_INVALID : take(context, at, length);
        more = at[size] == ',';
        at += size + 1;
    }
    return status;
}
