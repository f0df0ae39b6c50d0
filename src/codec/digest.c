/* SHA-256, by nettle. */
#include "digest.h"

#include <nettle/sha2.h>
#include <string.h>

/* The header does not name nettle's type, so its bytes are copied in and out. */
_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct codec_sha256), "the state is too small");
_Static_assert(CODEC_SHA256_SIZE == SHA256_DIGEST_SIZE, "SHA-256 has 32 bytes");

void codec_sha256_init(struct codec_sha256 *sha256)
{
    struct sha256_ctx context;
    sha256_init(&context);
    *sha256 = (struct codec_sha256){0};
    memcpy(sha256->state, &context, sizeof context);
}

void codec_sha256_update(struct codec_sha256 *sha256, const void *bytes, size_t size)
{
    struct sha256_ctx context;
    if (size == 0)
        return;
    memcpy(&context, sha256->state, sizeof context);
    sha256_update(&context, size, bytes);
    memcpy(sha256->state, &context, sizeof context);
}

void codec_sha256_finish(struct codec_sha256 *sha256, uint8_t digest[CODEC_SHA256_SIZE])
{
    struct sha256_ctx context;
    memcpy(&context, sha256->state, sizeof context);
    sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
}
