/* What all handlers share: beginning an answer, writing it, compressed or not, and ending it. */
#include "call.h"

#include "accept.h"

#include <string.h>
#include <time.h>

enum { MAX_HEADERS = 8 };

/* Text that is worth it; pictures and archives are compressed already, arrays are noise. */
bool api_varies(const char *media_type)
{
    return strcmp(media_type, "application/json") == 0 ||
           strcmp(media_type, "application/yaml") == 0 ||
           strcmp(media_type, "image/svg+xml") == 0 || strncmp(media_type, "text/", 5) == 0;
}

bool api_may_compress(const struct api_call *call, const char *media_type)
{
    return api_varies(media_type) && api_accept_gzip(call->request.accept_encoding);
}

static bool write_bytes(struct api_call *call, const void *bytes, size_t size)
{
    call->written += size;
    return call->reply.write(call->reply.context, bytes, size);
}

static bool write_compressed(void *context, const void *bytes, size_t size)
{
    return write_bytes(context, bytes, size);
}

/* The value of a header, NULL if it is not there. */
static const char *value_of(const struct api_field *headers, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(headers[i].name, name) == 0)
            return headers[i].value;
    }
    return NULL;
}

void api_start(struct api_call *call, int status, const struct api_field *headers, size_t count)
{
    struct api_field all[MAX_HEADERS + 2];
    const char *type = value_of(headers, count, "Content-Type");
    memcpy(all, headers, count * sizeof *headers);
    if (type && api_varies(type))
        all[count++] = (struct api_field){"Vary", "Accept-Encoding"};
    if (call->compress && codec_gzip_create(write_compressed, call, &call->gzip) == DISSOLVE_OK)
        all[count++] = (struct api_field){"Content-Encoding", "gzip"};
    call->started = true;
    call->reply.start(call->reply.context, status, all, count);
}

void api_announce(struct api_call *call, uint64_t size)
{
    if (!call->gzip && call->reply.announce)
        call->reply.announce(call->reply.context, size);
}

enum dissolve_status api_write(struct api_call *call, const void *bytes, size_t size)
{
    call->has_body = true;
    if (call->gzip)
        return codec_gzip_write(call->gzip, bytes, size);
    return write_bytes(call, bytes, size) ? DISSOLVE_OK : DISSOLVE_CANCELLED;
}

enum dissolve_status api_write_borrowed(struct api_call *call, const void *bytes, size_t size)
{
    const struct api_reply *reply = &call->reply;
    if (call->gzip || !reply->write_borrowed || size < API_BORROWED_LEAST)
        return api_write(call, bytes, size);
    call->has_body = true;
    call->written += size;
    call->borrowed = call->written;
    return reply->write_borrowed(reply->context, bytes, size) ? DISSOLVE_OK : DISSOLVE_CANCELLED;
}

bool api_must_wait(const struct api_call *call, uint64_t mark)
{
    return call->reply.must_wait && call->reply.must_wait(call->reply.context, mark);
}

bool api_reserve(const struct api_call *call, uint64_t bytes)
{
    return !call->reply.reserve || call->reply.reserve(call->reply.context, bytes);
}

void api_release_body(const struct api_call *call)
{
    if (call->reply.release_body)
        call->reply.release_body(call->reply.context);
}

enum dissolve_status api_flush(struct api_call *call)
{
    if (!call->has_body)
        return DISSOLVE_OK;
    enum dissolve_status status = call->gzip ? codec_gzip_flush(call->gzip) : DISSOLVE_OK;
    if (status == DISSOLVE_OK)
        call->reply.flush(call->reply.context);
    return status;
}

bool api_finish(struct api_call *call, bool complete)
{
    if (complete && call->gzip)
        complete = codec_gzip_finish(call->gzip) == DISSOLVE_OK;
    codec_gzip_destroy(call->gzip);
    call->gzip = NULL;
    return complete;
}

double api_now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}
