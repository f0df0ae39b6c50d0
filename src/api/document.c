/* Sends documents, if the client does not have them already. */
#include "document.h"

#include "fingerprint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Shorter texts do not get shorter by much. */
#define WORTH_COMPRESSING 1024

struct api_document api_document_of(const char *media_type, const void *bytes, size_t size)
{
    return (struct api_document){.media_type = media_type,
                                 .bytes = bytes,
                                 .size = size,
                                 .fingerprint = api_fingerprint(bytes, size)};
}

/* Whether an If-None-Match header names the tag, weakly compared, or any (RFC 9110, 13.1.2). */
static bool names_etag(const char *header, const char *etag)
{
    if (!header)
        return false;
    return strcmp(header, "*") == 0 || strstr(header, etag);
}

bool api_document_send(struct api_call *call, const struct api_document *document)
{
    char etag[32]; /* of these bytes: another coding has others */
    bool compress =
        document->size >= WORTH_COMPRESSING && api_may_compress(call, document->media_type);
    snprintf(etag, sizeof etag, "\"%016" PRIx64 "%s\"", document->fingerprint,
             compress ? "-gzip" : "");
    const struct api_field headers[] = {
        {"Content-Type", document->media_type},
        {"ETag", etag},
        {"Cache-Control", "no-cache"},
    };
    if (names_etag(call->request->if_none_match, etag)) {
        const struct api_field known[] = {
            headers[1],
            headers[2],
            {"Vary", "Accept-Encoding"},
        };
        api_start(call, 304, known, api_varies(document->media_type) ? 3 : 2);
        return true;
    }
    call->compress = compress;
    api_start(call, 200, headers, 3);
    return api_write(call, document->bytes, document->size) == DISSOLVE_OK;
}
