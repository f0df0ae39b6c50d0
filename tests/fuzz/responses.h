/* What holds of everything that the server sends on one connection, whatever was sent to it. */
#ifndef TESTS_FUZZ_RESPONSES_H
#define TESTS_FUZZ_RESPONSES_H

#include "judged.h"

#include <strings.h>

/* All bytes that a connection brought, and what is known of the requests. */
struct responses {
    struct fuzz_bytes left;
    bool may_be_head; /* a request may have been HEAD: its response announces a body that it has not
                       */
    bool cut;         /* the bytes end within a response */
    bool last;        /* a response says that the connection ends behind it */
    size_t count;     /* final responses */
};

enum { MAX_FIELDS = 32, NO_LENGTH = -1 };

/* The header section of a response; texts lie in what was received. */
struct response {
    int status;
    size_t field_count;
    struct fuzz_bytes names[MAX_FIELDS];
    struct fuzz_bytes values[MAX_FIELDS];
};

static inline bool is_text(struct fuzz_bytes bytes, const char *text)
{
    return bytes.size == strlen(text) &&
           strncasecmp((const char *)bytes.data, text, bytes.size) == 0;
}

static inline bool begins_with(struct fuzz_bytes bytes, const char *text)
{
    return bytes.size >= strlen(text) && memcmp(bytes.data, text, strlen(text)) == 0;
}

/* Up to the next CRLF, which is taken too; an empty line and `cut` where there is none. */
static inline struct fuzz_bytes take_line(struct responses *all)
{
    struct fuzz_bytes line = all->left;
    const uint8_t *end = line.size > 0 ? memmem(line.data, line.size, "\r\n", 2) : NULL;
    if (!end) {
        all->cut = true;
        return (struct fuzz_bytes){0};
    }
    line.size = (size_t)(end - line.data);
    all->left.data = end + 2;
    all->left.size -= line.size + 2;
    return line;
}

static inline struct fuzz_bytes take_bytes(struct responses *all, size_t size)
{
    struct fuzz_bytes taken = {all->left.data, size};
    if (size > all->left.size) {
        all->cut = true;
        return (struct fuzz_bytes){0};
    }
    all->left.data += size;
    all->left.size -= size;
    return taken;
}

/* ---- The header section ---- */

/* No timeout is short, and memory does not fail: neither 408 nor 500 nor 504 is among them. */
static inline bool is_known_status(int status)
{
    static const int known[] = {100, 200, 204, 304, 400, 401, 404, 405, 406,
                                413, 414, 415, 417, 422, 431, 501, 503, 505};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i] == status)
            return true;
    }
    return false;
}

static inline void check_field(struct fuzz_bytes name, struct fuzz_bytes value)
{
    CHECK(name.size > 0 && value.size > 0);
    for (size_t i = 0; i < name.size; i++)
        CHECK((name.data[i] | 0x20) >= 'a' ? (name.data[i] | 0x20) <= 'z' : name.data[i] == '-');
    for (size_t i = 0; i < value.size; i++)
        CHECK(value.data[i] >= ' ' && value.data[i] <= '~');
    CHECK(value.data[0] != ' ' && value.data[value.size - 1] != ' ');
}

/* Field lines up to the empty one, each name once but for Vary, whose value is a list. */
static inline void take_fields(struct responses *all, struct response *response)
{
    for (;;) {
        struct fuzz_bytes line = take_line(all);
        if (line.size == 0)
            return;
        const uint8_t *colon = memmem(line.data, line.size, ": ", 2);
        CHECK(colon && response->field_count < MAX_FIELDS);
        struct fuzz_bytes name = {line.data, (size_t)(colon - line.data)};
        struct fuzz_bytes value = {colon + 2, line.size - name.size - 2};
        check_field(name, value);
        for (size_t i = 0; i < response->field_count; i++)
            CHECK(is_text(name, "Vary") || response->names[i].size != name.size ||
                  strncasecmp((const char *)response->names[i].data, (const char *)name.data,
                              name.size) != 0);
        response->names[response->field_count] = name;
        response->values[response->field_count++] = value;
    }
}

/* Its value; of size 0: there is no such field. */
static inline struct fuzz_bytes field_of(const struct response *response, const char *name)
{
    for (size_t i = 0; i < response->field_count; i++) {
        if (is_text(response->names[i], name))
            return response->values[i];
    }
    return (struct fuzz_bytes){0};
}

static inline void take_head(struct responses *all, struct response *response)
{
    struct fuzz_bytes line = take_line(all);
    if (all->cut)
        return;
    CHECK(begins_with(line, "HTTP/1.1 ") || begins_with(line, "HTTP/1.0 "));
    CHECK(line.size > 13 && line.data[12] == ' ');
    for (size_t i = 9; i < 12; i++) {
        CHECK(line.data[i] >= '0' && line.data[i] <= '9');
        response->status = response->status * 10 + line.data[i] - '0';
    }
    if (!is_known_status(response->status))
        fprintf(stderr, "status %d\n", response->status);
    CHECK(is_known_status(response->status));
    take_fields(all, response);
}

/* ---- The body ---- */

static inline int64_t length_of(const struct response *response)
{
    struct fuzz_bytes value = field_of(response, "Content-Length");
    int64_t length = value.size == 0 ? NO_LENGTH : 0;
    CHECK(value.size < 16);
    for (size_t i = 0; i < value.size; i++) {
        CHECK(value.data[i] >= '0' && value.data[i] <= '9');
        length = length * 10 + value.data[i] - '0';
    }
    return length;
}

static inline size_t take_chunk_size(struct responses *all)
{
    struct fuzz_bytes line = take_line(all);
    size_t size = 0;
    CHECK(all->cut || (line.size > 0 && line.size <= 8));
    for (size_t i = 0; i < line.size; i++) {
        const char *digit = strchr("0123456789abcdef", line.data[i] | 0x20);
        CHECK(digit && line.data[i] >= '0');
        size = size * 16 + (size_t)(digit - "0123456789abcdef");
    }
    return size;
}

static inline void take_chunks(struct responses *all)
{
    struct response trailer = {0};
    for (size_t size = 1; size > 0 && !all->cut;) {
        size = take_chunk_size(all);
        if (all->cut || size == 0)
            break;
        take_bytes(all, size);
        CHECK(take_line(all).size == 0);
    }
    if (!all->cut)
        take_fields(all, &trailer);
}

/* Whether nothing follows that could be the body which is announced. */
static inline bool is_without_body(const struct responses *all, const struct response *response)
{
    if (response->status == 204 || response->status == 304)
        return true;
    return all->may_be_head && (all->left.size == 0 || begins_with(all->left, "HTTP/1."));
}

static inline void take_body(struct responses *all, const struct response *response)
{
    int64_t length = length_of(response);
    struct fuzz_bytes coding = field_of(response, "Transfer-Encoding");
    CHECK(coding.size == 0 || is_text(coding, "chunked"));
    CHECK((length == NO_LENGTH) != (coding.size == 0) || response->status == 204);
    if (is_without_body(all, response))
        return;
    if (coding.size > 0) {
        take_chunks(all);
        return;
    }
    struct fuzz_bytes body = take_bytes(all, (size_t)length);
    if (!all->cut && is_text(field_of(response, "Content-Type"), "application/problem+json"))
        check_json(body.data, body.size);
}

/* ---- A response, and all of them ---- */

/* libmicrohttpd's own page, for what is no request line, is the last response of its connection. */
static inline void check_final(struct responses *all, const struct response *response)
{
    all->last = is_text(field_of(response, "Connection"), "close");
    CHECK(field_of(response, "Date").size > 0);
    if (field_of(response, "X-Request-Id").size == 0)
        CHECK(all->last && response->status >= 400);
    else if (response->status >= 400)
        CHECK(is_text(field_of(response, "Content-Type"), "application/problem+json"));
    if (response->status == 503)
        CHECK(field_of(response, "Retry-After").size > 0);
    if (response->status == 405)
        CHECK(field_of(response, "Allow").size > 0);
    if (response->status == 401)
        CHECK(field_of(response, "WWW-Authenticate").size > 0);
}

static inline void take_response(struct responses *all)
{
    struct response response = {0};
    CHECK(!all->last);
    take_head(all, &response);
    if (all->cut)
        return;
    if (response.status == 100) {
        CHECK(response.field_count == 0);
        return;
    }
    all->count++;
    check_final(all, &response);
    take_body(all, &response);
}

/* Takes them all; `cut` and `count` tell of the end. */
static inline void check_responses(struct responses *all)
{
    while (all->left.size > 0 && !all->cut)
        take_response(all);
}

#endif
