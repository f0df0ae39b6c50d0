/* A client of one request, over a plain socket. */
#include "healthcheck.h"

#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const char REQUEST[] = "GET /healthz HTTP/1.1\r\n"
                              "Host: localhost\r\n"
                              "Connection: close\r\n"
                              "\r\n";
static const char EXPECTED[] = "HTTP/1.1 200 ";

static bool ask(int fd, const struct http_address *address)
{
    const struct timeval patience = {.tv_sec = 3}; /* for connect, too */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (const struct sockaddr *)&address->storage, address->size) != 0 ||
        send(fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof REQUEST - 1))
        return false;
    char answer[sizeof EXPECTED - 1];
    return recv(fd, answer, sizeof answer, MSG_WAITALL) == (ssize_t)sizeof answer &&
           memcmp(answer, EXPECTED, sizeof answer) == 0;
}

bool http_healthcheck(const struct http_address *listen)
{
    struct http_address address = *listen;
    http_address_to_loopback(&address);
    int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool healthy = ask(fd, &address);
    close(fd);
    return healthy;
}
