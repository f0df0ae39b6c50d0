/* Socket addresses: IPv4 or IPv6 and a port, or the path of a Unix socket. */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Zero-initialised but for what the family needs, so that a path ends with a 0. */
struct http_address {
    struct sockaddr_storage storage;
    socklen_t size;
};

/* The longest is "unix:" and the 107 bytes that Linux allows a path. */
enum { HTTP_ADDRESS_TEXT = 120 };

/* Reads "127.0.0.1:8080", "localhost:8080", "[::1]:8080" or "unix:PATH". false: it is none of
 * these, or the path is too long for the system. */
DISSOLVE_MUST_USE bool http_address_parse(const char *text, struct http_address *address);

/* Reads "127.0.0.1", "::1" or "[::1]", with or without a port behind the first and the last. */
DISSOLVE_MUST_USE bool http_address_parse_host(const char *text, size_t length,
                                               struct http_address *address);

/* Writes it in the form that http_address_parse reads; a nameless Unix socket has no path. */
void http_address_print(const struct http_address *address, char text[HTTP_ADDRESS_TEXT]);

/* Writes who it is, without a port: "127.0.0.1", "::1", "unix", or "" of a zeroed address. IPv4
 * that is mapped into IPv6 is IPv4. */
void http_address_print_host(const struct http_address *address, char text[HTTP_ADDRESS_TEXT]);

/* NULL, or the path of a Unix socket, empty if it has no name. */
const char *http_address_path(const struct http_address *address);

/* Makes "all addresses" the loopback address of the same family: where a client can reach it. */
void http_address_to_loopback(struct http_address *address);

/* Makes ::ffff:1.2.3.4, as which a socket of both families sees the peer 1.2.3.4, that address. */
void http_address_unmap(struct http_address *address);

#endif
