/* From an address to a client. */
#include "client.h"

#include <netinet/in.h>
#include <string.h>

struct http_client http_client_of_address(const struct http_address *address)
{
    struct http_address plain = *address;
    http_address_unmap(&plain);
    struct http_client client = {.family = plain.storage.ss_family};
    if (client.family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&plain.storage;
        client.prefix = in->sin_addr.s_addr;
    } else if (client.family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&plain.storage;
        memcpy(&client.prefix, &in6->sin6_addr, sizeof client.prefix);
    }
    return client;
}

int http_client_compare(const struct http_client *a, const struct http_client *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return (a->prefix > b->prefix) - (a->prefix < b->prefix);
}
