/* Listening and accepting, without libmicrohttpd: closing the socket must be possible at any time.
 */
#include "listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct http_listener {
    struct http_listener_options options;
    struct http_address address; /* with the port that the system picked */
    uint64_t watch;
    int fd;
    int spare;
    bool named; /* a Unix socket, whose file is the one below */
    dev_t device;
    ino_t inode;
};

enum { ACCEPTS_AT_ONCE = 64 };

/*
 * What is given up for a connection: a file that is not shared, so that it makes room in the
 * system's table of files as well as in the process's. The sandbox lets no other be opened.
 */
static int open_spare(void)
{
    return eventfd(0, EFD_CLOEXEC);
}

/*
 * Out of descriptors: a connection left waiting would wake this thread again and again, so the
 * spare descriptor is given up to take it, close it and have the spare again.
 */
static void turn_away(struct http_listener *listener)
{
    if (listener->spare >= 0)
        close(listener->spare);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
        listener->options.exhausted(listener->options.context);
    }
    listener->spare = open_spare();
}

/* What is left of descriptors is for others. */
static void pass_on(struct http_listener *listener, int fd, const struct http_address *peer)
{
    const struct http_listener_options *options = &listener->options;
    if (options->descriptors == 0 || fd < options->descriptors) {
        options->accepted(options->context, fd, peer);
    } else {
        close(fd);
        options->exhausted(options->context);
    }
}

static bool accept_waiting(void *context, uint32_t events)
{
    struct http_listener *listener = context;
    (void)events;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct http_address peer = {.size = sizeof peer.storage};
        int fd = accept4(listener->fd, (struct sockaddr *)&peer.storage, &peer.size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            pass_on(listener, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE) {
            turn_away(listener);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        }
    }
    return true;
}

/* For errno: EADDRINUSE, unless the path is a socket that nobody listens on any more. */
static int why_in_use(const struct http_address *address)
{
    struct stat file;
    if (lstat(http_address_path(address), &file) != 0)
        return errno;
    if (!S_ISSOCK(file.st_mode))
        return ENOTSOCK;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    bool refused = connect(fd, (const struct sockaddr *)&address->storage, address->size) != 0 &&
                   errno == ECONNREFUSED;
    close(fd);
    return refused ? 0 : EADDRINUSE;
}

/*
 * A process that was killed leaves its socket's file, which is replaced. The file's mode is the
 * socket's at the time of binding, less the umask: 0777, unless it is told otherwise before.
 */
static bool bind_path(int fd, const struct http_address *address)
{
    const struct sockaddr *name = (const struct sockaddr *)&address->storage;
    if (fchmod(fd, 0666) != 0)
        return false;
    if (bind(fd, name, address->size) == 0)
        return true;
    if (errno != EADDRINUSE)
        return false;
    errno = why_in_use(address);
    return errno == 0 && unlink(http_address_path(address)) == 0 &&
           bind(fd, name, address->size) == 0;
}

static bool bind_port(int fd, const struct http_address *address)
{
    int on = 1;
    int off = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (address->storage.ss_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0))
        return false;
    return bind(fd, (const struct sockaddr *)&address->storage, address->size) == 0;
}

static int open_socket(const struct http_address *address)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    bool named = http_address_path(address) != NULL;
    if (!(named ? bind_path(fd, address) : bind_port(fd, address))) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

/* So that closing removes the file that was made here, and not another's. */
static bool note_file(struct http_listener *listener, const struct http_address *address)
{
    struct stat file;
    const char *path = http_address_path(address);
    if (path == NULL)
        return true;
    if (lstat(path, &file) != 0)
        return false;
    listener->named = true;
    listener->device = file.st_dev;
    listener->inode = file.st_ino;
    return true;
}

static void remove_file(const struct http_listener *listener)
{
    struct stat file;
    const char *path = http_address_path(&listener->address);
    if (listener->named && lstat(path, &file) == 0 && file.st_dev == listener->device &&
        file.st_ino == listener->inode)
        (void)!unlink(path);
}

struct http_listener *http_listener_open(const struct http_listener_options *options)
{
    struct http_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return NULL;
    *listener =
        (struct http_listener){.options = *options, .address = *options->address, .spare = -1};
    listener->fd = open_socket(options->address);
    if (listener->fd < 0 || !note_file(listener, options->address) ||
        listen(listener->fd, SOMAXCONN) != 0)
        goto failed;
    listener->spare = open_spare();
    listener->address.size = sizeof listener->address.storage;
    if (getsockname(listener->fd, (struct sockaddr *)&listener->address.storage,
                    &listener->address.size) != 0)
        goto failed;
    return listener;
failed:;
    int reason = errno;
    http_listener_close(listener);
    errno = reason;
    return NULL;
}

bool http_listener_start(struct http_listener *listener)
{
    const struct http_watch watch = {
        .fd = listener->fd, .events = EPOLLIN, .seen = accept_waiting, .context = listener};
    listener->watch = http_watcher_add(listener->options.watcher, &watch);
    return listener->watch != 0;
}

const struct http_address *http_listener_address(const struct http_listener *listener)
{
    return &listener->address;
}

void http_listener_close(struct http_listener *listener)
{
    if (listener == NULL)
        return;
    http_watcher_remove(listener->options.watcher, listener->watch);
    remove_file(listener);
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->spare >= 0)
        close(listener->spare);
    free(listener);
}
