/* How fast a client takes its response, or sends its body. */
#ifndef HTTP_RATE_H
#define HTTP_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* How long a client is watched before its rate is known. */
enum { HTTP_RATE_PERIOD_MS = 10000 };

/* The rate over the last whole period; zero-initialised: not known. */
struct http_rate {
    int64_t since; /* http_clock_now() at the begin of this period; 0: none has begun */
    uint64_t from; /* bytes at that time */
    bool known;
    uint64_t value; /* bytes a second */
};

/* Notes that so many bytes have been moved by now. Fewer than before begin anew. */
void http_rate_update(struct http_rate *rate, int64_t now, uint64_t bytes);

/*
 * Bytes of a connection that its client has acknowledged since it was opened; of a Unix socket
 * those of `sent` that it has read; where that is 0, nothing is known. What a kernel keeps for a
 * client that does not read is not among them, but for what the client's own kernel has taken.
 * false: not known.
 */
bool http_rate_acknowledged(int fd, uint64_t sent, uint64_t *bytes);

#endif
