/* A short number that tells byte strings apart: for ETags, not against malice. */
#ifndef API_FINGERPRINT_H
#define API_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 64 bits (draft-eastlake-fnv). Pure; any thread. */
uint64_t api_fingerprint(const void *bytes, size_t size);

#endif
