/* The watching thread: one epoll set, and a table of watches found by id. */
#include "watcher.h"

#include "clock.h"
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * An id is generation << 32 | slot. An event that epoll returned before its watch was removed finds
 * another generation in the slot, so it can touch nothing that is stale.
 */
struct slot {
    struct http_watch watch;
    uint32_t generation;
    bool used;
};

/*
 * Lock order: the watcher's mutex, which is held while seen runs, comes before those of a pipe, of
 * the pool and of libmicrohttpd. So none of these may be held by whoever calls the watcher.
 */
struct http_watcher {
    pthread_mutex_t mutex;
    pthread_t thread;
    int epoll;
    int bell; /* an eventfd: the table has changed in a way that the thread must hear of */
    struct slot *slots;
    uint32_t count;
    uint32_t full;    /* so many from the first on are in use */
    uint32_t timed;   /* watches with a deadline */
    int64_t earliest; /* no deadline is before it; so that most wake-ups look at no watch */
    bool closing;
};

enum { EVENTS_AT_ONCE = 64 };
static const uint64_t BELL = 0; /* no watch has it: generations begin at 1 */

static void forget(struct http_watcher *watcher, struct slot *slot)
{
    struct http_watch *watch = &slot->watch;
    epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    if (watch->owned)
        close(watch->fd);
    if (watch->deadline != 0)
        watcher->timed--;
    slot->used = false;
    if (watcher->full > (uint32_t)(slot - watcher->slots))
        watcher->full = (uint32_t)(slot - watcher->slots);
    if (watch->forgotten != NULL)
        watch->forgotten(watch->context);
}

static struct slot *find(struct http_watcher *watcher, uint64_t id)
{
    uint32_t index = (uint32_t)id;
    if (index >= watcher->count)
        return NULL;
    struct slot *slot = &watcher->slots[index];
    return slot->used && slot->generation == (uint32_t)(id >> 32) ? slot : NULL;
}

static void tell(struct http_watcher *watcher, struct slot *slot, uint32_t events)
{
    if (!slot->watch.seen(slot->watch.context, events))
        forget(watcher, slot);
}

static void ring(struct http_watcher *watcher)
{
    uint64_t one = 1;
    while (write(watcher->bell, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static void silence(struct http_watcher *watcher)
{
    uint64_t rung;
    while (read(watcher->bell, &rung, sizeof rung) < 0 && errno == EINTR)
        continue;
}

static int patience(int64_t milliseconds)
{
    return milliseconds > 60000 ? 60000 : (int)milliseconds;
}

/* Tells the watches whose deadline has passed; returns the milliseconds to the next, or -1. */
static int expire(struct http_watcher *watcher)
{
    if (watcher->timed == 0)
        return -1;
    int64_t now = http_clock_now();
    if (now < watcher->earliest)
        return patience(watcher->earliest - now);
    int64_t next = -1;
    for (uint32_t i = 0; i < watcher->count; i++) {
        struct slot *slot = &watcher->slots[i];
        if (!slot->used || slot->watch.deadline == 0)
            continue;
        int64_t left = slot->watch.deadline - now;
        if (left <= 0) {
            slot->watch.deadline = 0;
            watcher->timed--;
            tell(watcher, slot, 0);
        } else if (next < 0 || left < next) {
            next = left;
        }
    }
    watcher->earliest = next < 0 ? INT64_MAX : now + next;
    return patience(next);
}

static void *run(void *argument)
{
    struct http_watcher *watcher = argument;
    struct epoll_event events[EVENTS_AT_ONCE];
    pthread_mutex_lock(&watcher->mutex);
    while (!watcher->closing) {
        int timeout = expire(watcher);
        pthread_mutex_unlock(&watcher->mutex);
        int count = epoll_wait(watcher->epoll, events, EVENTS_AT_ONCE, timeout);
        pthread_mutex_lock(&watcher->mutex);
        for (int i = 0; i < count; i++) {
            struct slot *slot = find(watcher, events[i].data.u64);
            if (events[i].data.u64 == BELL)
                silence(watcher);
            else if (slot != NULL)
                tell(watcher, slot, events[i].events);
        }
    }
    pthread_mutex_unlock(&watcher->mutex);
    return NULL;
}

struct http_watcher *http_watcher_create(void)
{
    struct http_watcher *watcher = calloc(1, sizeof *watcher);
    if (watcher == NULL)
        return NULL;
    pthread_mutex_init(&watcher->mutex, NULL);
    watcher->earliest = INT64_MAX;
    watcher->epoll = epoll_create1(EPOLL_CLOEXEC);
    watcher->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = BELL};
    if (watcher->epoll < 0 || watcher->bell < 0 ||
        epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watcher->bell, &event) != 0 ||
        !http_thread_start(&watcher->thread, run, watcher)) {
        if (watcher->epoll >= 0)
            close(watcher->epoll);
        if (watcher->bell >= 0)
            close(watcher->bell);
        pthread_mutex_destroy(&watcher->mutex);
        free(watcher);
        return NULL;
    }
    return watcher;
}

void http_watcher_destroy(struct http_watcher *watcher)
{
    if (watcher == NULL)
        return;
    pthread_mutex_lock(&watcher->mutex);
    watcher->closing = true;
    pthread_mutex_unlock(&watcher->mutex);
    ring(watcher);
    pthread_join(watcher->thread, NULL);
    for (uint32_t i = 0; i < watcher->count; i++) {
        if (watcher->slots[i].used)
            forget(watcher, &watcher->slots[i]);
    }
    close(watcher->epoll);
    close(watcher->bell);
    pthread_mutex_destroy(&watcher->mutex);
    free(watcher->slots);
    free(watcher);
}

/* A slot nobody uses, with a generation of its own; NULL: no memory. */
static struct slot *claim(struct http_watcher *watcher)
{
    uint32_t index = watcher->full;
    while (index < watcher->count && watcher->slots[index].used)
        index++;
    if (index == watcher->count) {
        uint32_t count = watcher->count == 0 ? 64 : watcher->count * 2;
        struct slot *slots = realloc(watcher->slots, count * sizeof *slots);
        if (slots == NULL)
            return NULL;
        for (uint32_t i = watcher->count; i < count; i++)
            slots[i] = (struct slot){0};
        watcher->slots = slots;
        watcher->count = count;
    }
    watcher->full = index;
    watcher->slots[index].generation++;
    return &watcher->slots[index];
}

uint64_t http_watcher_add(struct http_watcher *watcher, const struct http_watch *watch)
{
    pthread_mutex_lock(&watcher->mutex);
    uint64_t id = 0;
    struct slot *slot = claim(watcher);
    if (slot != NULL) {
        id = (uint64_t)slot->generation << 32 | (uint64_t)(slot - watcher->slots);
        struct epoll_event event = {.events = watch->events, .data.u64 = id};
        if (epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watch->fd, &event) == 0) {
            slot->watch = *watch;
            slot->used = true;
        } else {
            id = 0;
        }
    }
    bool timed = id != 0 && watch->deadline != 0;
    if (timed) {
        watcher->timed++;
        if (watch->deadline < watcher->earliest)
            watcher->earliest = watch->deadline;
    }
    pthread_mutex_unlock(&watcher->mutex);
    if (timed)
        ring(watcher);
    return id;
}

void http_watcher_remove(struct http_watcher *watcher, uint64_t id)
{
    if (id == 0)
        return;
    pthread_mutex_lock(&watcher->mutex);
    struct slot *slot = find(watcher, id);
    if (slot != NULL)
        forget(watcher, slot);
    pthread_mutex_unlock(&watcher->mutex);
}

void http_watcher_hang_up(struct http_watcher *watcher)
{
    pthread_mutex_lock(&watcher->mutex);
    for (uint32_t i = 0; i < watcher->count; i++) {
        if (watcher->slots[i].used)
            tell(watcher, &watcher->slots[i], EPOLLHUP);
    }
    pthread_mutex_unlock(&watcher->mutex);
}
