/* The address that the server listens on: IPv4 or IPv6, and a port. */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <sys/socket.h>

struct http_address {
    struct sockaddr_storage storage;
    socklen_t size;
};

enum { HTTP_ADDRESS_TEXT = 64 };

/* Reads "127.0.0.1:8080", "localhost:8080" or "[::1]:8080". false: it is none of these. */
DISSOLVE_MUST_USE bool http_address_parse(const char *text, struct http_address *address);

/* Writes it in the same form. */
void http_address_print(const struct http_address *address, char text[HTTP_ADDRESS_TEXT]);

/* Makes "all addresses" the loopback address of the same family: where a client can reach it. */
void http_address_to_loopback(struct http_address *address);

#endif
