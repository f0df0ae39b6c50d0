/* Content negotiation: which of the forms on offer an Accept header prefers (RFC 9110, 12.5.1). */
#ifndef API_ACCEPT_H
#define API_ACCEPT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns the index of the media type in offers[0..count) with the highest quality in `accept`; of
 * equals, the one whose range is named first in the header if more specific than a wildcard, else
 * the first offered. NULL or empty accepts anything. -1: none is acceptable.
 */
int api_accept_choose(const char *accept, const char *const *offers, size_t count);

/*
 * Whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3): by name, or by "*", with a
 * quality above 0. NULL does not: then nobody has asked for it.
 */
bool api_accept_gzip(const char *accept_encoding);

#endif
