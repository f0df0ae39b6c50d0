/* Rates over periods, from what the kernel knows of a connection. */
#include "rate.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void http_rate_update(struct http_rate *rate, int64_t now, uint64_t bytes)
{
    if (rate->since == 0 || bytes < rate->from) {
        *rate = (struct http_rate){.since = now, .from = bytes};
    } else if (now - rate->since >= HTTP_RATE_PERIOD_MS) {
        uint64_t elapsed = (uint64_t)(now - rate->since);
        *rate = (struct http_rate){.since = now,
                                   .from = bytes,
                                   .known = true,
                                   .value = (bytes - rate->from) * 1000 / elapsed};
    }
}

bool http_rate_acknowledged(int fd, uint64_t sent, uint64_t *bytes)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    int unread;
    const size_t needed =
        offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && size >= needed) {
        *bytes = info.tcpi_bytes_acked;
        return true;
    }
    if (sent == 0 || ioctl(fd, SIOCOUTQ, &unread) != 0 || unread < 0)
        return false;
    *bytes = sent > (uint64_t)unread ? sent - (uint64_t)unread : 0;
    return true;
}
