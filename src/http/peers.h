/* How many connections each client address has. */
#ifndef HTTP_PEERS_H
#define HTTP_PEERS_H

#include "address.h"

/* Any thread may call any function below, except that destroy is the last. */
struct http_peers;

/* limit: the connections that one address may have at a time; 0: as many as it likes, and nothing
 * is counted. NULL: no memory. */
DISSOLVE_MUST_USE struct http_peers *http_peers_create(size_t limit);

/*
 * Counts a connection more. An IPv4 address counts by itself, also where it is mapped into IPv6; an
 * IPv6 address by its first 64 bits, which is what one subscriber has; peers of a Unix socket are
 * not counted. false: the limit is reached, or there is no memory to count with, and nothing
 * changed.
 */
DISSOLVE_MUST_USE bool http_peers_enter(struct http_peers *peers,
                                        const struct http_address *address);

/* Takes back one that entered; an address with none left takes no memory. */
void http_peers_leave(struct http_peers *peers, const struct http_address *address);

/* How many addresses there are now. */
DISSOLVE_MUST_USE size_t http_peers_count(struct http_peers *peers);

/* NULL is fine. */
void http_peers_destroy(struct http_peers *peers);

#endif
