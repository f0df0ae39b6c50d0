/* One number that many threads move, and that never passes its bound. */
#include "room.h"

bool http_room_has(const struct http_room *room, uint64_t size)
{
    return size <= room->size - http_room_taken(room);
}

bool http_room_take(struct http_room *room, uint64_t size)
{
    uint_fast64_t taken = atomic_load(&room->taken);
    do {
        if (size > room->size - taken)
            return false;
    } while (!atomic_compare_exchange_weak(&room->taken, &taken, taken + size));
    return true;
}

void http_room_give(struct http_room *room, uint64_t size)
{
    atomic_fetch_sub(&room->taken, size);
}

uint64_t http_room_taken(const struct http_room *room)
{
    return atomic_load(&room->taken);
}
