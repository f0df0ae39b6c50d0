/* Who sends a request, for what clients share: connections, places in the queue, request threads.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "address.h"

#include <stdint.h>

/* Comparable; zero-initialised is a client of no known address. */
struct http_client {
    uint64_t prefix; /* the address, or its first half, as its bytes stand in memory; or a number */
    int family;      /* AF_INET, AF_INET6, AF_UNIX, or HTTP_CLIENT_KEY */
};

/* The family of clients that are known by an API key; prefix is the key's place in the list. */
enum { HTTP_CLIENT_KEY = -1 };

/*
 * An IPv4 address counts by itself, also where it is mapped into IPv6; an IPv6 address by its first
 * 64 bits, which is what one subscriber has. All peers of Unix sockets are one client.
 */
struct http_client http_client_of_address(const struct http_address *address);

/* Negative, 0 or positive, as for sorting; 0: the same client. */
int http_client_compare(const struct http_client *a, const struct http_client *b);

#endif
