/* What a GET answers with: bytes under a media type and an ETag. */
#ifndef API_DOCUMENT_H
#define API_DOCUMENT_H

#include "call.h"
#include "codec/buffer.h"

struct api_document {
    const char *media_type; /* static */
    const void *bytes;      /* borrowed */
    size_t size;
    uint64_t fingerprint;
    const struct codec_buffer *packed; /* compressed by gzip; NULL: not yet, empty: no gain */
    const char *warning; /* borrowed, the value of Dissolve-Warning; NULL: it has none */
};

struct api_document api_document_of(const char *media_type, const void *bytes, size_t size);

/*
 * Compresses it, where that is worth it, into an empty buffer, which stays empty otherwise. On
 * DISSOLVE_NO_MEMORY it is empty, too.
 */
DISSOLVE_MUST_USE enum dissolve_status api_document_pack(const struct api_document *document,
                                                         struct codec_buffer *packed);

/* Sends it, or a 304 where the client has it already; as api_handler. */
bool api_document_send(struct api_call *call, const struct api_document *document);

#endif
