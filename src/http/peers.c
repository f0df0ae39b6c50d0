/*
 * A balanced tree of the addresses that are there, by the C library. It is no hash table, so that
 * there are no collisions for anybody to look for: with a million addresses 40 comparisons are the
 * most that one of them costs, whichever they are.
 */
#include "peers.h"

#include "client.h"

#include <pthread.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    struct http_client client; /* first, so that a client can be looked for */
    size_t connections;
};

/* The mutex is a leaf. */
struct http_peers {
    pthread_mutex_t mutex;
    void *tree; /* of struct peer, each allocated by itself */
    size_t count;
    size_t limit;
};

static int compare(const void *left, const void *right)
{
    return http_client_compare(left, right);
}

/* false: the client is not counted. */
static bool is_counted(const struct http_peers *peers, const struct http_client *client)
{
    return peers->limit > 0 && (client->family == AF_INET || client->family == AF_INET6);
}

struct http_peers *http_peers_create(size_t limit)
{
    struct http_peers *peers = calloc(1, sizeof *peers);
    if (peers == NULL)
        return NULL;
    pthread_mutex_init(&peers->mutex, NULL);
    peers->limit = limit;
    return peers;
}

/* Puts an address that is not there into the tree, with one connection. */
static bool add(struct http_peers *peers, const struct http_client *client)
{
    struct peer *peer = malloc(sizeof *peer);
    if (peer == NULL)
        return false;
    *peer = (struct peer){.client = *client, .connections = 1};
    if (tsearch(peer, &peers->tree, compare) == NULL) {
        free(peer);
        return false;
    }
    peers->count++;
    return true;
}

bool http_peers_enter(struct http_peers *peers, const struct http_address *address)
{
    const struct http_client client = http_client_of_address(address);
    if (!is_counted(peers, &client))
        return true;
    pthread_mutex_lock(&peers->mutex);
    struct peer *const *found = tfind(&client, &peers->tree, compare);
    bool entered;
    if (found == NULL) {
        entered = add(peers, &client);
    } else {
        entered = (*found)->connections < peers->limit;
        (*found)->connections += entered;
    }
    pthread_mutex_unlock(&peers->mutex);
    return entered;
}

void http_peers_leave(struct http_peers *peers, const struct http_address *address)
{
    const struct http_client client = http_client_of_address(address);
    if (!is_counted(peers, &client))
        return;
    pthread_mutex_lock(&peers->mutex);
    struct peer *const *found = tfind(&client, &peers->tree, compare);
    if (found != NULL && --(*found)->connections == 0) {
        struct peer *peer = *found;
        tdelete(peer, &peers->tree, compare);
        free(peer);
        peers->count--;
    }
    pthread_mutex_unlock(&peers->mutex);
}

size_t http_peers_count(struct http_peers *peers)
{
    pthread_mutex_lock(&peers->mutex);
    size_t count = peers->count;
    pthread_mutex_unlock(&peers->mutex);
    return count;
}

void http_peers_destroy(struct http_peers *peers)
{
    if (peers == NULL)
        return;
    tdestroy(peers->tree, free);
    pthread_mutex_destroy(&peers->mutex);
    free(peers);
}
