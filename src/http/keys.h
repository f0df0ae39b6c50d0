/* The keys that open the door, and the header that brings one. */
#ifndef HTTP_KEYS_H
#define HTTP_KEYS_H

#include "words.h"
#include <stdbool.h>

/* How many bytes a key has: visible ASCII. */
enum { HTTP_KEY_MIN = 8, HTTP_KEY_MAX = 256 };

/* Constant once made: any thread may ask. */
struct http_keys;

/*
 * Copies the keys, of at most HTTP_KEY_MAX bytes each. NULL: no memory. With no keys nothing is
 * accepted; who wants an open door does not ask.
 */
DISSOLVE_MUST_USE struct http_keys *http_keys_create(const struct http_words *words);

/*
 * true, and *place is the key's among those of create: the value of an Authorization header, NULL
 * if there is none, is "Bearer" (in whatever case), spaces and one of the keys (RFC 6750, 2.1). How
 * long this takes depends on the value and on how many keys there are, but not on what they are:
 * nothing can be found out by guessing.
 */
DISSOLVE_MUST_USE bool http_keys_accept(const struct http_keys *keys, const char *authorization,
                                        size_t *place);

/* The keys are overwritten before they are freed. NULL is fine. */
void http_keys_destroy(struct http_keys *keys);

#endif
