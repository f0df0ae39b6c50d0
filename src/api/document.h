/* What a GET answers with: bytes under a media type and an ETag. */
#ifndef API_DOCUMENT_H
#define API_DOCUMENT_H

#include "call.h"

struct api_document {
    const char *media_type; /* static */
    const void *bytes;      /* borrowed */
    size_t size;
    uint64_t fingerprint;
    const char *warning; /* borrowed, the value of Dissolve-Warning; NULL: it has none */
};

struct api_document api_document_of(const char *media_type, const void *bytes, size_t size);

/* Sends it, or a 304 where the client has it already; as api_handler. */
bool api_document_send(struct api_call *call, const struct api_document *document);

#endif
