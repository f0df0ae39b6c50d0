/* A request's header fields: those that are read, and whether they frame the body unmistakably. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_ID_MAX = 64 };

/* A header field's value. */
struct http_value {
    char *text; /* ends with a NUL; NULL: the request has no such field */
    size_t length;
    size_t capacity; /* bytes allocated for text */
    size_t lines;    /* how many field lines had this name */
};

/*
 * The fields that are read, by their names in RFC 9110 and RFC 7239's predecessor X-Forwarded-For.
 * Zero-initialised is a request without any. Freed with http_head_free.
 */
struct http_head {
    struct http_value host;
    struct http_value content_type;
    struct http_value content_encoding;
    struct http_value accept;
    struct http_value accept_encoding;
    struct http_value if_none_match;
    struct http_value request_id;
    struct http_value authorization;
    struct http_value origin;
    struct http_value forwarded_for;
    struct http_value transfer_encoding;
    struct http_value content_length;
    struct http_value expect;
    bool malformed; /* a name is not a token, or a value has a control character */
    bool hidden;    /* the header section has bytes that belong to none of its fields */
    bool too_large; /* it takes more than HTTP_HEAD_MEMORY */
    bool no_memory; /* a field is missing here */
};

/*
 * Adds one field line; name and value are copied where they are kept, value may be NULL. Spaces and
 * tabs behind a value are not part of it (RFC 9112, 5.1), except in Content-Length and
 * Transfer-Encoding: a server behind this one may read those in another way, so they are kept as
 * they are and refused later. Lines of a list field (Accept, Accept-Encoding, Content-Encoding,
 * If-None-Match, X-Forwarded-For) are joined by commas (RFC 9110, 5.3); of any other field the
 * first line counts.
 */
void http_head_add(struct http_head *head, const char *name, const char *value);

/* Leaves it empty. */
void http_head_free(struct http_head *head);

/* Moves a value's text out of the head; the caller frees it. NULL: there is none. */
DISSOLVE_MUST_USE char *http_value_take(struct http_value *value);

/*
 * 0, or the status of the answer to a header section that another server may read in another way,
 * above all its end or the body's; the connection must be closed then. *detail says why.
 */
int http_head_check(const struct http_head *head, bool http_1_0, const char **detail);

/* Whether the body is coded (gzip, say): Content-Encoding names anything but identity. */
bool http_head_body_is_coded(const struct http_head *head);

/* Whether the client waits for 100 (Continue) before it sends the body (RFC 9110, 10.1.1). */
bool http_head_expects_continue(const struct http_head *head);

/* As the names of headers, and methods, are. */
bool http_head_is_token(const char *text);

/* The announced size of the body, at most UINT64_MAX - 1; UINT64_MAX: unknown, it comes in chunks.
 */
uint64_t http_head_body_size(const struct http_head *head);

/* The id of the request: the client's, if it is valid, else one of 16 random hexadecimal digits. */
void http_head_id(const struct http_head *head, char id[HTTP_ID_MAX + 1]);

#endif
