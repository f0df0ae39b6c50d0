/* A list of words, and text that is such a list. */
#ifndef HTTP_WORDS_H
#define HTTP_WORDS_H

#include <dissolve/status.h>
#include <stddef.h>

/* Zero-initialised is empty. The list owns its words, each ends with a 0. */
struct http_words {
    char **words;
    size_t count;
};

/* Adds a copy of the bytes. NO_MEMORY: the list is what it was. */
DISSOLVE_MUST_USE enum dissolve_status http_words_add(struct http_words *words, const char *word,
                                                      size_t length);

/* Moves all words of `from` behind those of `words`; `from` is empty then. NO_MEMORY: both are what
 * they were. */
DISSOLVE_MUST_USE enum dissolve_status http_words_append(struct http_words *words,
                                                         struct http_words *from);

/* Empties the list. The words are overwritten before they are freed, for they may be secret. */
void http_words_free(struct http_words *words);

/*
 * Calls take for each word between the commas of the text, without the blanks around it; a text of
 * nothing but blanks has none. Ends with the first status of take that is not OK; an empty word is
 * INVALID.
 */
DISSOLVE_MUST_USE enum dissolve_status
http_words_each(const char *text,
                enum dissolve_status (*take)(void *context, const char *word, size_t length),
                void *context);

#endif
