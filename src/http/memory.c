/*
 * A few sums under one mutex, and a balanced tree of the clients that have memory (by the C
 * library, as in peers.c): a request looks its client up once.
 */
#include "memory.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>

struct http_memory_client {
    struct http_client client; /* first, so that a client can be looked for */
    size_t charges;
    uint64_t reserved; /* of the reserve */
    uint64_t bodies;   /* bodies beside it, and kept responses */
    uint64_t all;
};

/* The mutex is a leaf. */
struct http_memory {
    struct http_memory_options options;
    pthread_mutex_t mutex;
    void *clients; /* a tree of struct http_memory_client, each allocated by itself */
    uint64_t reserved;
    uint64_t bodies;
    uint64_t all;     /* but for what is from the reserve */
    uint64_t stalled; /* the part of it that waiting computations have */
    bool refused;     /* a computation, since the last release */
};

struct http_memory *http_memory_create(const struct http_memory_options *options)
{
    struct http_memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL)
        return NULL;
    memory->options = *options;
    pthread_mutex_init(&memory->mutex, NULL);
    return memory;
}

void http_memory_destroy(struct http_memory *memory)
{
    if (memory == NULL)
        return;
    pthread_mutex_destroy(&memory->mutex);
    free(memory);
}

/* ---- Clients ---- */

static int compare_clients(const void *left, const void *right)
{
    return http_client_compare(left, right);
}

static struct http_memory_client *find_client(const struct http_memory *memory,
                                              const struct http_client *client)
{
    void *const *found = tfind(client, &memory->clients, compare_clients);
    return found == NULL ? NULL : *found;
}

static struct http_memory_client *add_client(struct http_memory *memory,
                                             const struct http_client *client)
{
    struct http_memory_client *added = malloc(sizeof *added);
    if (added == NULL)
        return NULL;
    *added = (struct http_memory_client){.client = *client};
    if (tsearch(added, &memory->clients, compare_clients) != NULL)
        return added;
    free(added);
    return NULL;
}

/* false: no memory for its client. */
static bool attach(struct http_memory *memory, struct http_charge *charge,
                   const struct http_client *client)
{
    if (charge->client != NULL)
        return true;
    charge->client = find_client(memory, client);
    if (charge->client == NULL)
        charge->client = add_client(memory, client);
    if (charge->client != NULL)
        charge->client->charges++;
    return charge->client != NULL;
}

static void detach_if_empty(struct http_memory *memory, struct http_charge *charge)
{
    struct http_memory_client *client = charge->client;
    if (client == NULL || charge->body > 0 || charge->kept > 0 || charge->job > 0)
        return;
    charge->client = NULL;
    client->charges--;
    if (client->charges == 0) {
        tdelete(client, &memory->clients, compare_clients);
        free(client);
    }
}

/* ---- Sums ---- */

/* Whether `size` more is within the limit; taken may be beyond it. */
static bool fits(uint64_t taken, uint64_t size, uint64_t limit)
{
    return taken <= limit && size <= limit - taken;
}

static bool fits_reserve(const struct http_memory *memory, const struct http_memory_client *client,
                         uint64_t size)
{
    uint64_t reserve = memory->options.reserve;
    return fits(memory->reserved, size, reserve) &&
           fits(client == NULL ? 0 : client->reserved, size, reserve / 2);
}

static bool fits_bodies(const struct http_memory *memory, const struct http_memory_client *client,
                        uint64_t size)
{
    const struct http_memory_options *options = &memory->options;
    return fits(memory->bodies, size, options->bodies) &&
           fits(client == NULL ? 0 : client->bodies, size, options->bodies / 2) &&
           fits(memory->all, size, options->size - options->reserve);
}

static void move_reserved(struct http_memory *memory, struct http_charge *charge, uint64_t from,
                          uint64_t to)
{
    memory->reserved += to - from;
    charge->client->reserved += to - from;
    charge->client->all += to - from;
}

static void move_bodies(struct http_memory *memory, struct http_charge *charge, uint64_t from,
                        uint64_t to)
{
    memory->bodies += to - from;
    memory->all += to - from;
    charge->client->bodies += to - from;
    charge->client->all += to - from;
}

/* ---- Bodies and kept responses ---- */

bool http_memory_fits_body(struct http_memory *memory, const struct http_client *client,
                           uint64_t size)
{
    pthread_mutex_lock(&memory->mutex);
    const struct http_memory_client *found = find_client(memory, client);
    bool taken = (size <= HTTP_SMALL_BODY && fits_reserve(memory, found, size)) ||
                 fits_bodies(memory, found, size);
    pthread_mutex_unlock(&memory->mutex);
    return taken;
}

/* A body that is no longer small leaves the reserve. */
static bool grow_body(struct http_memory *memory, struct http_charge *charge, uint64_t size)
{
    uint64_t whole;
    if (__builtin_add_overflow(charge->body, size, &whole))
        return false;
    bool reserved = charge->from_reserve || charge->body == 0;
    if (reserved && whole <= HTTP_SMALL_BODY && fits_reserve(memory, charge->client, size)) {
        move_reserved(memory, charge, charge->body, whole);
        charge->from_reserve = true;
    } else {
        uint64_t before = charge->from_reserve ? 0 : charge->body;
        if (!fits_bodies(memory, charge->client, whole - before))
            return false;
        if (charge->from_reserve)
            move_reserved(memory, charge, charge->body, 0);
        move_bodies(memory, charge, before, whole);
        charge->from_reserve = false;
    }
    charge->body = whole;
    return true;
}

bool http_memory_add_body(struct http_memory *memory, struct http_charge *charge,
                          const struct http_client *client, uint64_t size)
{
    pthread_mutex_lock(&memory->mutex);
    bool taken = attach(memory, charge, client) && grow_body(memory, charge, size);
    detach_if_empty(memory, charge);
    pthread_mutex_unlock(&memory->mutex);
    return taken;
}

bool http_memory_add_kept(struct http_memory *memory, struct http_charge *charge,
                          const struct http_client *client, uint64_t size)
{
    pthread_mutex_lock(&memory->mutex);
    bool taken = attach(memory, charge, client) && fits_bodies(memory, charge->client, size);
    if (taken) {
        move_bodies(memory, charge, 0, size);
        charge->kept += size;
    }
    detach_if_empty(memory, charge);
    pthread_mutex_unlock(&memory->mutex);
    return taken;
}

/* ---- Computations ---- */

static bool fits_job(const struct http_memory *memory, uint64_t held, uint64_t more,
                     bool others_wait)
{
    const struct http_memory_options *options = &memory->options;
    bool alone = memory->all == memory->bodies + memory->stalled;
    return fits(memory->all, more, options->size - options->reserve) &&
           (!others_wait || alone || fits(held, more, options->size / 2));
}

/* Unlocks, and notifies if a computation was refused before. */
static void unlock_after_release(struct http_memory *memory)
{
    bool notify = memory->refused && memory->options.released != NULL;
    memory->refused = false;
    pthread_mutex_unlock(&memory->mutex);
    if (notify)
        memory->options.released(memory->options.context);
}

static void mark_waiting(struct http_memory *memory, struct http_charge *charge, bool waits)
{
    if (waits != charge->waits)
        memory->stalled += waits ? charge->job : -charge->job;
    charge->waits = waits;
}

static void set_job(struct http_memory *memory, struct http_charge *charge, uint64_t size)
{
    mark_waiting(memory, charge, false);
    memory->all += size - charge->job;
    charge->client->all += size - charge->job;
    charge->job = size;
}

bool http_memory_fits_job(struct http_memory *memory, struct http_charge *charge,
                          const struct http_client *client, uint64_t size, bool others_wait)
{
    pthread_mutex_lock(&memory->mutex);
    mark_waiting(memory, charge, true);
    const struct http_memory_client *found =
        charge->client != NULL ? charge->client : find_client(memory, client);
    bool granted = size <= charge->job || fits_job(memory, found == NULL ? 0 : found->all,
                                                   size - charge->job, others_wait);
    memory->refused = memory->refused || !granted;
    pthread_mutex_unlock(&memory->mutex);
    return granted;
}

bool http_memory_set_job(struct http_memory *memory, struct http_charge *charge,
                         const struct http_client *client, uint64_t size, bool others_wait)
{
    pthread_mutex_lock(&memory->mutex);
    bool attached = attach(memory, charge, client);
    bool less = size <= charge->job;
    bool granted = attached &&
                   (less || fits_job(memory, charge->client->all, size - charge->job, others_wait));
    if (granted)
        set_job(memory, charge, size);
    else
        mark_waiting(memory, charge, !less);
    detach_if_empty(memory, charge);
    if (granted && less) {
        unlock_after_release(memory);
        return true;
    }
    memory->refused = memory->refused || !granted;
    pthread_mutex_unlock(&memory->mutex);
    return granted || less;
}

/* ---- Releases ---- */

static void drop_body(struct http_memory *memory, struct http_charge *charge)
{
    if (charge->body == 0)
        return;
    if (charge->from_reserve)
        move_reserved(memory, charge, charge->body, 0);
    else
        move_bodies(memory, charge, charge->body, 0);
    charge->body = 0;
    charge->from_reserve = false;
}

void http_memory_release_body(struct http_memory *memory, struct http_charge *charge)
{
    pthread_mutex_lock(&memory->mutex);
    drop_body(memory, charge);
    detach_if_empty(memory, charge);
    unlock_after_release(memory);
}

void http_memory_release(struct http_memory *memory, struct http_charge *charge)
{
    pthread_mutex_lock(&memory->mutex);
    drop_body(memory, charge);
    if (charge->kept > 0)
        move_bodies(memory, charge, charge->kept, 0);
    charge->kept = 0;
    mark_waiting(memory, charge, false);
    if (charge->job > 0)
        set_job(memory, charge, 0);
    detach_if_empty(memory, charge);
    unlock_after_release(memory);
}

bool http_memory_bodies_pressed(struct http_memory *memory)
{
    const struct http_memory_options *options = &memory->options;
    pthread_mutex_lock(&memory->mutex);
    bool pressed = memory->bodies >= options->bodies - options->bodies / 4 ||
                   memory->reserved > options->reserve - options->reserve / 4;
    pthread_mutex_unlock(&memory->mutex);
    return pressed;
}

struct http_memory_taken http_memory_taken(struct http_memory *memory)
{
    pthread_mutex_lock(&memory->mutex);
    struct http_memory_taken taken = {.all = memory->all + memory->reserved,
                                      .bodies = memory->bodies + memory->reserved};
    pthread_mutex_unlock(&memory->mutex);
    return taken;
}
