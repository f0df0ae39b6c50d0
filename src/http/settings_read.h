/* How the text of a setting becomes its value, by kind. */
#ifndef HTTP_SETTINGS_READ_H
#define HTTP_SETTINGS_READ_H

#include "words.h"

#include <stdbool.h>
#include <stdint.h>

/* Room for what is wrong with a file. */
enum { SETTINGS_DETAIL = 128 };

/* Digits, then perhaps k, m or g for the powers of 1024. false: it is none, or out of bounds. */
DISSOLVE_MUST_USE bool settings_read_number(const char *text, uint64_t min, uint64_t max,
                                            uint64_t *number);

/*
 * Digits, perhaps a point and up to nine more, then perhaps ms, s, m or h; seconds if not. The
 * result and the bounds are in milliseconds, parts of one are cut off.
 */
DISSOLVE_MUST_USE bool settings_read_time(const char *text, uint64_t min, uint64_t max,
                                          uint64_t *milliseconds);

/* 1, true or yes; 0, false or no. */
DISSOLVE_MUST_USE bool settings_read_switch(const char *text, bool *on);

/* The index of the text among the words, which end with NULL. */
DISSOLVE_MUST_USE bool settings_read_choice(const char *text, const char *const words[],
                                            unsigned *choice);

/* The lists below: INVALID or NO_MEMORY, and words is empty; otherwise the caller frees it. */

/*
 * "*" or scheme://host[:port], between commas, in the form in which a browser sends its origin
 * (RFC 6454, 6.1): small letters, and no port where it is the scheme's own.
 */
DISSOLVE_MUST_USE enum dissolve_status settings_read_origins(const char *text,
                                                             struct http_words *words);

/* At least one key, between commas: see keys.h; no comma, quote or space is in it. */
DISSOLVE_MUST_USE enum dissolve_status settings_read_keys(const char *text,
                                                          struct http_words *words);

/*
 * The keys of a file of at most 1 MiB, one a line; blank lines and those that begin with # are
 * skipped. INVALID: detail says what is wrong with it, and in which line.
 */
DISSOLVE_MUST_USE enum dissolve_status
settings_read_key_file(const char *path, struct http_words *words, char detail[SETTINGS_DETAIL]);

#endif
