/* Reading and printing socket addresses; the only name that is looked up is localhost. */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool parse_port(const char *text, in_port_t *port)
{
    unsigned value = 0;
    if (text[0] == '\0' || strlen(text) > 5)
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
    }
    *port = htons((in_port_t)value);
    return value <= 65535;
}

static bool set_ipv4(const char *host, in_port_t port, struct http_address *address)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;
    in->sin_family = AF_INET;
    in->sin_port = port;
    address->size = sizeof *in;
    return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

static bool set_ipv6(const char *host, in_port_t port, struct http_address *address)
{
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->storage;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = port;
    address->size = sizeof *in6;
    return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
}

static bool set_unix(const char *path, struct http_address *address)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&address->storage;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof un->sun_path)
        return false;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, length + 1);
    address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    return true;
}

enum { HOST_TEXT = INET6_ADDRSTRLEN + 8 }; /* with brackets, a colon and a port */

/* An IPv6 address is in brackets, or an IPv4 address is not. Changes the text. */
static bool set_host(char *host, in_port_t port, struct http_address *address)
{
    size_t length = strlen(host);
    if (length < 2 || host[0] != '[' || host[length - 1] != ']')
        return set_ipv4(host, port, address);
    host[length - 1] = '\0';
    return set_ipv6(host + 1, port, address);
}

bool http_address_parse(const char *text, struct http_address *address)
{
    static const char unix_scheme[] = "unix:";
    const char *colon = strrchr(text, ':');
    char host[HOST_TEXT];
    in_port_t port;
    memset(address, 0, sizeof *address);
    if (strncmp(text, unix_scheme, sizeof unix_scheme - 1) == 0)
        return set_unix(text + sizeof unix_scheme - 1, address);
    if (colon == NULL || (size_t)(colon - text) >= sizeof host || !parse_port(colon + 1, &port))
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    if (strcmp(host, "localhost") == 0)
        return set_ipv4("127.0.0.1", port, address);
    return set_host(host, port, address);
}

bool http_address_parse_host(const char *text, size_t length, struct http_address *address)
{
    char host[HOST_TEXT];
    memset(address, 0, sizeof *address);
    if (length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    char *colon = strrchr(host, ':');
    const char *bracket = strchr(host, ']');
    in_port_t port = 0;
    if (bracket == NULL && colon != NULL && strchr(host, ':') != colon)
        return set_ipv6(host, port, address);
    if (colon != NULL && colon > bracket) {
        if (!parse_port(colon + 1, &port))
            return false;
        *colon = '\0';
    }
    return set_host(host, port, address);
}

const char *http_address_path(const struct http_address *address)
{
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->storage;
    return un->sun_family == AF_UNIX ? un->sun_path : NULL;
}

void http_address_print(const struct http_address *address, char text[HTTP_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "";
    const char *path = http_address_path(address);
    if (path != NULL) {
        snprintf(text, HTTP_ADDRESS_TEXT, "unix:%s", path);
    } else if (address->storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->storage;
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
        snprintf(text, HTTP_ADDRESS_TEXT, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&address->storage;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(text, HTTP_ADDRESS_TEXT, "%s:%u", host, ntohs(in->sin_port));
    }
}

void http_address_to_loopback(struct http_address *address)
{
    if (address->storage.ss_family == AF_INET6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->storage;
        if (IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
            in6->sin6_addr = in6addr_loopback;
    } else if (address->storage.ss_family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;
        if (in->sin_addr.s_addr == htonl(INADDR_ANY))
            in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
}

void http_address_unmap(struct http_address *address)
{
    struct sockaddr_in6 in6;
    if (address->storage.ss_family != AF_INET6)
        return;
    memcpy(&in6, &address->storage, sizeof in6);
    if (!IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
        return;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = in6.sin6_port};
    memcpy(&in.sin_addr, in6.sin6_addr.s6_addr + 12, sizeof in.sin_addr);
    *address = (struct http_address){.size = sizeof in};
    memcpy(&address->storage, &in, sizeof in);
}

void http_address_print_host(const struct http_address *address, char text[HTTP_ADDRESS_TEXT])
{
    struct http_address host = *address;
    http_address_unmap(&host);
    const void *bytes = host.storage.ss_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)&host.storage)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)&host.storage)->sin_addr;
    if (host.size == 0)
        text[0] = '\0';
    else if (host.storage.ss_family == AF_UNIX)
        snprintf(text, HTTP_ADDRESS_TEXT, "unix");
    else
        inet_ntop(host.storage.ss_family, bytes, text, HTTP_ADDRESS_TEXT);
}
