/* A list of connections under one mutex, and a timer that looks at them. */
#include "connections.h"

#include "clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Timeouts are seconds; this is how late they may be told. */
enum { TICK_MS = 100 };

/* For what a client had sent before it hung up to be read. */
enum { MOMENT_MS = 1000 };

/*
 * The mutex comes after the watcher's, under which check runs, and before those that check takes:
 * a pipe's and the pool's.
 */
struct http_connections {
    pthread_mutex_t mutex;
    struct http_connection *first;
    atomic_size_t count;
    struct http_watcher *watcher;
    struct http_attendant attendant;
    int timer;
    uint64_t watch;
};

/* It ticks only while there is somebody to look at. */
static void set_timer(const struct http_connections *connections, bool on)
{
    const struct timespec pause = {.tv_nsec = on ? TICK_MS * 1000000L : 0};
    const struct itimerspec times = {.it_interval = pause, .it_value = pause};
    (void)timerfd_settime(connections->timer, 0, &times, NULL);
}

void http_connections_check(struct http_connections *connections, int64_t now)
{
    pthread_mutex_lock(&connections->mutex);
    for (struct http_connection *at = connections->first; at != NULL; at = at->next)
        connections->attendant.check(connections->attendant.context, at, now);
    connections->attendant.checked(connections->attendant.context, connections->first);
    pthread_mutex_unlock(&connections->mutex);
}

static bool tick(void *context, uint32_t events)
{
    struct http_connections *connections = context;
    uint64_t ticks;
    (void)events;
    if (read(connections->timer, &ticks, sizeof ticks) > 0)
        http_connections_check(connections, http_clock_now());
    return true;
}

struct http_connections *http_connections_create(struct http_watcher *watcher,
                                                 const struct http_attendant *attendant)
{
    struct http_connections *connections = calloc(1, sizeof *connections);
    if (connections == NULL)
        return NULL;
    pthread_mutex_init(&connections->mutex, NULL);
    connections->watcher = watcher;
    connections->attendant = *attendant;
    connections->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct http_watch watch = {
        .fd = connections->timer, .events = EPOLLIN, .seen = tick, .context = connections};
    if (connections->timer >= 0)
        connections->watch = http_watcher_add(watcher, &watch);
    if (connections->watch != 0)
        return connections;
    http_connections_destroy(connections);
    return NULL;
}

void http_connections_destroy(struct http_connections *connections)
{
    if (connections == NULL)
        return;
    http_watcher_remove(connections->watcher, connections->watch);
    if (connections->timer >= 0)
        close(connections->timer);
    pthread_mutex_destroy(&connections->mutex);
    free(connections);
}

size_t http_connections_count(const struct http_connections *connections)
{
    return atomic_load(&connections->count);
}

static void add(struct http_connection *connection)
{
    struct http_connections *connections = connection->all;
    pthread_mutex_lock(&connections->mutex);
    connection->next = connections->first;
    if (connection->next != NULL)
        connection->next->previous = connection;
    connections->first = connection;
    if (atomic_fetch_add(&connections->count, 1) == 0)
        set_timer(connections, true);
    pthread_mutex_unlock(&connections->mutex);
}

static void drop(struct http_connection *connection)
{
    struct http_connections *connections = connection->all;
    pthread_mutex_lock(&connections->mutex);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        connections->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    if (atomic_fetch_sub(&connections->count, 1) == 1)
        set_timer(connections, false);
    pthread_mutex_unlock(&connections->mutex);
}

static void shorten(struct http_connection *connection)
{
    int64_t moment = http_clock_now() + MOMENT_MS;
    if (atomic_load(&connection->until) > moment)
        atomic_store(&connection->until, moment);
}

static bool hung_up(void *context, uint32_t events)
{
    struct http_connection *connection = context;
    struct http_connections *connections = connection->all;
    bool gone = (events & (EPOLLHUP | EPOLLERR)) != 0;
    pthread_mutex_lock(&connections->mutex);
    if (gone)
        atomic_store(&connection->gone, true);
    if (!atomic_load(&connection->hung_up))
        atomic_store(&connection->hung_up_at, http_clock_now());
    atomic_store(&connection->hung_up, true);
    shorten(connection);
    connections->attendant.left(connections->attendant.context, connection);
    pthread_mutex_unlock(&connections->mutex);
    return !gone; /* http_watcher_hang_up still reaches one that is half-closed */
}

struct http_connection *http_connections_enter(struct http_connections *connections, int fd,
                                               const struct sockaddr *peer, socklen_t size,
                                               int64_t until)
{
    struct http_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->all = connections;
    connection->fd = fd;
    if (peer != NULL && size <= sizeof connection->peer.storage) {
        memcpy(&connection->peer.storage, peer, size);
        connection->peer.size = size;
    }
    http_connection_expect(connection, HTTP_WAIT_HEAD, until);
    add(connection);
    const struct http_watch watch = {
        .fd = fd, .events = EPOLLRDHUP | EPOLLONESHOT, .seen = hung_up, .context = connection};
    connection->watch = http_watcher_add(connections->watcher, &watch);
    if (connection->watch != 0)
        return connection;
    http_connections_leave(connection);
    return NULL;
}

void http_connections_leave(struct http_connection *connection)
{
    if (connection == NULL)
        return;
    http_watcher_remove(connection->all->watcher, connection->watch);
    drop(connection);
    free(connection);
}

struct http_connection *http_connections_find(struct http_connections *connections, int fd)
{
    pthread_mutex_lock(&connections->mutex);
    struct http_connection *at = connections->first;
    while (at != NULL && at->fd != fd)
        at = at->next;
    pthread_mutex_unlock(&connections->mutex);
    return at;
}

void http_connection_answer(struct http_connection *connection)
{
    pthread_mutex_lock(&connection->all->mutex);
    connection->answering = true;
    pthread_mutex_unlock(&connection->all->mutex);
}

void http_connection_attach(struct http_connection *connection, struct http_exchange *exchange)
{
    pthread_mutex_lock(&connection->all->mutex);
    connection->exchange = exchange;
    connection->rate = (struct http_rate){0};
    connection->answering = false;
    connection->probed = false;
    pthread_mutex_unlock(&connection->all->mutex);
}

void http_connection_expect(struct http_connection *connection, enum http_wait wait, int64_t until)
{
    atomic_store(&connection->until, until);
    atomic_store(&connection->wait, wait);
    if (atomic_load(&connection->hung_up)) /* this sees it, or hung_up sees what is waited for */
        shorten(connection);
}
