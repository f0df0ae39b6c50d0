/* SHA-256 (FIPS 180-4), of bytes that come in pieces. Nothing is allocated and nothing fails. */
#ifndef CODEC_DIGEST_H
#define CODEC_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { CODEC_SHA256_SIZE = 32 };

/* The state between pieces: private, may be copied. One thread at a time. */
struct codec_sha256 {
    uint64_t state[16];
};

/* Begins anew; needed before the first update. */
void codec_sha256_init(struct codec_sha256 *sha256);

/* Adds bytes[0..size); NULL if size is 0. */
void codec_sha256_update(struct codec_sha256 *sha256, const void *bytes, size_t size);

/* Writes the digest of all bytes added. Another digest begins with codec_sha256_init. */
void codec_sha256_finish(struct codec_sha256 *sha256, uint8_t digest[CODEC_SHA256_SIZE]);

#endif
