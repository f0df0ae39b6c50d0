/* Sends documents, if the client does not have them already. */
#include "document.h"

#include "../codec/number.h"
#include "fingerprint.h"

#include <string.h>

/* Shorter texts do not get shorter by much. */
#define WORTH_COMPRESSING 1024

enum { ETAG = CODEC_NUMBER_HEXADECIMAL + sizeof "\"-gzip\"" };

struct api_document api_document_of(const char *media_type, const void *bytes, size_t size)
{
    return (struct api_document){.media_type = media_type,
                                 .bytes = bytes,
                                 .size = size,
                                 .fingerprint = api_fingerprint(bytes, size)};
}

/* Of a page: it may load and ask nothing but this service, and nobody may frame it. */
static const struct api_field OF_PAGES[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
};

/* Whether an If-None-Match header names the tag, weakly compared, or any (RFC 9110, 13.1.2). */
static bool names_etag(const char *header, const char *etag)
{
    if (!header)
        return false;
    return strcmp(header, "*") == 0 || strstr(header, etag);
}

/* Of these bytes: another coding has others. */
static void print_etag(const struct api_document *document, bool compress, char etag[ETAG])
{
    etag[0] = '"';
    codec_number_print_hexadecimal(document->fingerprint, etag + 1);
    stpcpy(etag + 1 + CODEC_NUMBER_HEXADECIMAL, compress ? "-gzip\"" : "\"");
}

bool api_document_send(struct api_call *call, const struct api_document *document)
{
    char etag[ETAG];
    bool compress =
        document->size >= WORTH_COMPRESSING && api_may_compress(call, document->media_type);
    print_etag(document, compress, etag);
    struct api_field headers[6] = {
        {"Content-Type", document->media_type},
        {"ETag", etag},
        {"Cache-Control", "no-cache"},
    };
    size_t used = 3;
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
    if (strncmp(document->media_type, "text/html", 9) == 0) {
        headers[used++] = OF_PAGES[0];
        headers[used++] = OF_PAGES[1];
    }
    if (document->warning)
        headers[used++] = (struct api_field){"Dissolve-Warning", document->warning};
    api_start(call, 200, headers, used);
    return api_write(call, document->bytes, document->size) == DISSOLVE_OK;
}
