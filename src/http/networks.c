/* Blocks of addresses, and the walk through X-Forwarded-For that they allow. */
#include "networks.h"

#include "words.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { IPV4_BITS = 32, IPV6_BITS = 128, MAPPED_BITS = IPV6_BITS - IPV4_BITS };

/* The whole address as a block of one. false: it is of no network. */
static bool block_of(const struct http_address *address, struct http_network *block)
{
    struct http_address plain = *address;
    http_address_unmap(&plain);
    memset(block, 0, sizeof *block);
    if (plain.storage.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&plain.storage;
        memcpy(block->bytes, &in->sin_addr, sizeof in->sin_addr);
        block->bits = IPV4_BITS;
        return true;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&plain.storage;
    block->ipv6 = true;
    block->bits = IPV6_BITS;
    memcpy(block->bytes, &in6->sin6_addr, sizeof block->bytes);
    return plain.storage.ss_family == AF_INET6;
}

/* ---- Reading ---- */

static bool parse_bits(const char *text, size_t length, unsigned *bits)
{
    unsigned value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *bits = value;
    return length > 0 && length <= 3;
}

static bool parse_address(const char *text, struct http_network *block)
{
    struct http_address address = {.size = 0};
    struct sockaddr_in *in = (struct sockaddr_in *)&address.storage;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address.storage;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
        address.storage.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
        address.storage.ss_family = AF_INET6;
    return block_of(&address, block);
}

/* An address, and perhaps a slash and the number of bits that count. */
static bool parse_block(const char *text, size_t length, struct http_network *block)
{
    char host[INET6_ADDRSTRLEN];
    const char *slash = memchr(text, '/', length);
    size_t size = slash == NULL ? length : (size_t)(slash - text);
    if (size >= sizeof host)
        return false;
    memcpy(host, text, size);
    host[size] = '\0';
    unsigned bits;
    if (!parse_address(host, block))
        return false;
    if (slash == NULL)
        return true;
    if (!parse_bits(slash + 1, length - size - 1, &bits))
        return false;
    if (!block->ipv6 && strchr(host, ':') != NULL) { /* mapped: the bits of IPv4 come last */
        if (bits < MAPPED_BITS)
            return false;
        bits -= MAPPED_BITS;
    }
    bool fits = bits <= block->bits;
    block->bits = bits;
    return fits;
}

static enum dissolve_status take(void *context, const char *word, size_t length)
{
    struct http_networks *networks = context;
    struct http_network block;
    if (length == 4 && memcmp(word, "unix", 4) == 0) {
        networks->unix_peers = true;
        return DISSOLVE_OK;
    }
    if (!parse_block(word, length, &block))
        return DISSOLVE_INVALID;
    if (networks->count >= SIZE_MAX / sizeof block)
        return DISSOLVE_NO_MEMORY;
    struct http_network *grown = realloc(networks->blocks, (networks->count + 1) * sizeof *grown);
    if (grown == NULL)
        return DISSOLVE_NO_MEMORY;
    networks->blocks = grown;
    grown[networks->count++] = block;
    return DISSOLVE_OK;
}

enum dissolve_status http_networks_parse(const char *text, struct http_networks *networks)
{
    *networks = (struct http_networks){0};
    enum dissolve_status status = http_words_each(text, take, networks);
    if (status != DISSOLVE_OK)
        http_networks_free(networks);
    return status;
}

void http_networks_free(struct http_networks *networks)
{
    free(networks->blocks);
    *networks = (struct http_networks){0};
}

/* ---- Asking ---- */

static bool holds(const struct http_network *block, const struct http_network *address)
{
    unsigned whole = block->bits / 8;
    unsigned rest = block->bits % 8;
    if (block->ipv6 != address->ipv6 || memcmp(block->bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (block->bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

bool http_networks_contains(const struct http_networks *networks,
                            const struct http_address *address)
{
    struct http_network asked;
    if (address->storage.ss_family == AF_UNIX)
        return networks->unix_peers;
    if (!block_of(address, &asked))
        return false;
    for (size_t i = 0; i < networks->count; i++) {
        if (holds(&networks->blocks[i], &asked))
            return true;
    }
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Reads the last entry of the text's first *length bytes, which are then those before its comma. */
static bool take_last(const char *text, size_t *length, struct http_address *address)
{
    size_t end = *length;
    size_t start = end;
    while (start > 0 && text[start - 1] != ',')
        start--;
    *length = start == 0 ? 0 : start - 1;
    while (start < end && is_blank(text[start]))
        start++;
    while (start < end && is_blank(text[end - 1]))
        end--;
    return http_address_parse_host(text + start, end - start, address);
}

bool http_forwarded_client(const struct http_networks *trusted, const struct http_address *peer,
                           const char *x_forwarded_for, struct http_address *client)
{
    bool found = false;
    size_t length = x_forwarded_for == NULL ? 0 : strlen(x_forwarded_for);
    struct http_address entry;
    *client = *peer;
    while (length > 0 && http_networks_contains(trusted, client) &&
           take_last(x_forwarded_for, &length, &entry)) {
        *client = entry;
        found = true;
    }
    return found;
}
