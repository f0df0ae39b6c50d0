/* A client of one request, over a plain socket. */
#include "healthcheck.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static const char REQUEST[] = "GET /healthz HTTP/1.1\r\n"
                              "Host: localhost\r\n"
                              "Connection: close\r\n"
                              "\r\n";
static const char PROTOCOL[] = "HTTP/1.1 ";

enum { ANSWER = sizeof PROTOCOL - 1 + 4 }; /* and a status, and a blank */

enum { REASON = 128 };

/* What errno says; a timeout of the socket is EINPROGRESS in connect. */
static bool failed(char reason[REASON])
{
    bool late = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINPROGRESS;
    snprintf(reason, REASON, "%s", late ? "no answer in time" : strerror(errno));
    return false;
}

static bool is_healthy(const char *answer, size_t size, char reason[REASON])
{
    const char *status = answer + sizeof PROTOCOL - 1;
    if (size == 0)
        snprintf(reason, REASON, "the connection was closed without an answer");
    else if (size < ANSWER || memcmp(answer, PROTOCOL, sizeof PROTOCOL - 1) != 0 ||
             strspn(status, "0123456789") != 3 || status[3] != ' ')
        snprintf(reason, REASON, "what answers does not speak HTTP");
    else if (memcmp(status, "200", 3) != 0)
        snprintf(reason, REASON, "status %.3s", status);
    else
        return true;
    return false;
}

static bool ask(int fd, const struct http_address *address, char reason[REASON])
{
    const struct timeval patience = {.tv_sec = 3}; /* for connect, too */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (const struct sockaddr *)&address->storage, address->size) != 0 ||
        send(fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof REQUEST - 1))
        return failed(reason);
    char answer[ANSWER + 1] = "";
    ssize_t size = recv(fd, answer, ANSWER, MSG_WAITALL);
    return size < 0 ? failed(reason) : is_healthy(answer, (size_t)size, reason);
}

bool http_healthcheck(const struct http_address *listen, FILE *err)
{
    struct http_address address = *listen;
    char reason[REASON];
    char text[HTTP_ADDRESS_TEXT];
    http_address_to_loopback(&address);
    int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool healthy = fd >= 0 ? ask(fd, &address, reason) : failed(reason);
    if (fd >= 0)
        close(fd);
    if (!healthy) {
        http_address_print(&address, text);
        fprintf(err, "dissolved: healthcheck: %s: %s\n", text, reason);
    }
    return healthy;
}
