/* Sends documents, if the client does not have them already. */
#include "document.h"

#include "../codec/number.h"
#include "fingerprint.h"

#include <string.h>

/* Shorter texts do not get shorter by much. */
#define WORTH_COMPRESSING 1024

enum { ETAG = CODEC_NUMBER_HEXADECIMAL + sizeof "\"-gzip\"", MAX_FIELDS = 7 };

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

static bool append(void *context, const void *bytes, size_t size)
{
    return codec_buffer_append(context, bytes, size) == DISSOLVE_OK;
}

enum dissolve_status api_document_pack(const struct api_document *document,
                                       struct codec_buffer *packed)
{
    struct codec_gzip *gzip;
    if (!api_varies(document->media_type) || document->size < WORTH_COMPRESSING)
        return DISSOLVE_OK;
    enum dissolve_status status = codec_gzip_create(append, packed, &gzip);
    if (!status)
        status = codec_gzip_write(gzip, document->bytes, document->size);
    if (!status)
        status = codec_gzip_finish(gzip);
    codec_gzip_destroy(gzip);
    if (status)
        codec_buffer_free(packed);
    return status == DISSOLVE_CANCELLED ? DISSOLVE_NO_MEMORY : status;
}

/* Sends a document; uncompressed where its packed form is empty. */
static bool send_packed(struct api_call *call, const struct api_document *document,
                        const struct codec_buffer *packed)
{
    char etag[ETAG];
    bool compress = packed->size > 0 && api_may_compress(call, document->media_type);
    print_etag(document, compress, etag);
    struct api_field headers[MAX_FIELDS] = {
        {"ETag", etag},
        {"Cache-Control", "no-cache"},
    };
    size_t count = 2;
    if (names_etag(call->request.if_none_match, etag)) {
        if (api_varies(document->media_type))
            headers[count++] = (struct api_field){"Vary", "Accept-Encoding"};
        api_start(call, 304, headers, count);
    } else {
        headers[count++] = (struct api_field){"Content-Type", document->media_type};
        if (compress)
            headers[count++] = (struct api_field){"Content-Encoding", "gzip"};
        if (strncmp(document->media_type, "text/html", 9) == 0) {
            headers[count++] = OF_PAGES[0];
            headers[count++] = OF_PAGES[1];
        }
        if (document->warning)
            headers[count++] = (struct api_field){"Dissolve-Warning", document->warning};
        api_start(call, 200, headers, count);
    }
    /* The bytes of a 304 are only counted: its Content-Length is that of the 200. */
    return (compress ? api_write(call, packed->data, packed->size)
                     : api_write(call, document->bytes, document->size)) == DISSOLVE_OK;
}

bool api_document_send(struct api_call *call, const struct api_document *document)
{
    struct codec_buffer packed = {0};
    if (document->packed)
        return send_packed(call, document, document->packed);
    if (api_may_compress(call, document->media_type)) {
        enum dissolve_status status = api_document_pack(document, &packed);
        (void)status; /* without memory it is sent uncompressed */
    }
    bool sent = send_packed(call, document, &packed);
    codec_buffer_free(&packed);
    return sent;
}
