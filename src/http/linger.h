/* Listens on to a client whose request was refused before it had sent all of it. */
#ifndef HTTP_LINGER_H
#define HTTP_LINGER_H

#include "seats.h"
#include "watcher.h"
#include <stdint.h>

/*
 * A socket closed with unread bytes in it sends a reset, which takes the answer away from a client
 * that is still sending. So a copy of the descriptor is kept, and what comes in is thrown away:
 * until the client closes, has sent `limit` bytes or two seconds are over. Call it while fd is
 * open; the owner of fd goes on to write to it, shuts its sending side down and closes it. The seat
 * is held meanwhile. The copy has a lower number than `descriptors`, unless that is 0; where there
 * is none, or no memory, nothing is read.
 */
void http_linger(struct http_watcher *watcher, int fd, uint64_t limit, struct http_seat *seat,
                 int descriptors);

#endif
