/* How many bytes of bodies are kept at a time, arriving, waiting or worked on, and how many may be.
 */
#ifndef HTTP_ROOM_H
#define HTTP_ROOM_H

#include <dissolve/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised it has room for nothing. All functions: any thread, without a lock. */
struct http_room {
    uint64_t size; /* not changed once it is in use */
    atomic_uint_fast64_t taken;
};

/* Whether it had room for so much just now; nothing is taken. */
DISSOLVE_MUST_USE bool http_room_has(const struct http_room *room, uint64_t size);

/* false: there is no room, and nothing was taken. */
DISSOLVE_MUST_USE bool http_room_take(struct http_room *room, uint64_t size);

/* What was taken, or a part of it. */
void http_room_give(struct http_room *room, uint64_t size);

uint64_t http_room_taken(const struct http_room *room);

#endif
