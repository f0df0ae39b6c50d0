/* Blocks of addresses that are trusted to say for whom they ask. */
#ifndef HTTP_NETWORKS_H
#define HTTP_NETWORKS_H

#include "address.h"
#include <stdint.h>

struct http_network {
    uint8_t bytes[16]; /* of IPv4 the first four */
    unsigned bits;     /* how many of them have to agree */
    bool ipv6;
};

/* Zero-initialised is empty. The list owns its blocks. */
struct http_networks {
    struct http_network *blocks;
    size_t count;
    bool unix_peers; /* whoever comes by a Unix socket belongs to them */
};

/*
 * Reads "10.0.0.0/8, ::1, unix": addresses or blocks of them (RFC 4632), and the word for peers of
 * a Unix socket. Bits of an address behind the block's own are ignored. INVALID, NO_MEMORY: the
 * list is empty.
 */
DISSOLVE_MUST_USE enum dissolve_status http_networks_parse(const char *text,
                                                           struct http_networks *networks);

void http_networks_free(struct http_networks *networks);

/* Whether the address is in one of the blocks. IPv4-mapped IPv6 addresses count as IPv4, as blocks
 * and as members; otherwise no block holds addresses of the other family. */
DISSOLVE_MUST_USE bool http_networks_contains(const struct http_networks *networks,
                                              const struct http_address *address);

/*
 * Who the client is. The peer, unless it is trusted and X-Forwarded-For (NULL: there is none; of
 * several headers the last one, which the nearest proxy wrote) says for whom it asks: then the
 * first address from the right that is not trusted, or else the leftmost. What is no address ends
 * the search at the one before it, for what stands further left was not written by anybody trusted.
 * A port is kept.
 *
 * true: *client comes from the header; false: it is *peer.
 */
bool http_forwarded_client(const struct http_networks *trusted, const struct http_address *peer,
                           const char *x_forwarded_for, struct http_address *client);

#endif
