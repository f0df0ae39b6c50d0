/* What a Content-Type header says, parameters aside. */
#ifndef API_MEDIA_TYPE_H
#define API_MEDIA_TYPE_H

#include <stdbool.h>

/* Whether the header names this media type ("image/png"), in any case; NULL names none. */
bool api_media_type_is(const char *header, const char *type);

/*
 * Whether the header leaves open what the body is, so that its first bytes decide: none, octets,
 * or what curl says when it is told nothing.
 */
bool api_media_type_is_unsaid(const char *header);

#endif
