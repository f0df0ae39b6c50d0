/* The headers of a request: those that matter, and whether they may be trusted with the framing. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_ID_MAX = 64 };

/* Zero-initialised has none. Values are borrowed from whoever adds them. */
struct http_head {
    const char *host;
    const char *content_type;
    const char *accept;
    const char *accept_encoding;
    const char *if_none_match;
    const char *request_id;
    const char *authorization;
    const char *origin;
    const char *forwarded_for; /* of several the last one: the nearest proxy's */
    const char *transfer_encoding;
    const char *content_length;
    const char *expect;
    size_t hosts;
    size_t transfer_encodings;
    size_t content_lengths;
    bool malformed;
    bool hidden; /* it has bytes that are none of its headers' */
};

/*
 * Adds one header; of several with the same name the first one counts, but for X-Forwarded-For the
 * last one does. value may be NULL.
 */
void http_head_add(struct http_head *head, const char *name, const char *value);

/*
 * 0, or the status of the answer to a head that another server on the way may read in another way,
 * above all its end or its body's; the connection must be closed then. *detail says why.
 */
int http_head_check(const struct http_head *head, bool http_1_0, const char **detail);

/* As the names of headers, and methods, are. */
bool http_head_is_token(const char *text);

/* The bytes of body announced, at most UINT64_MAX - 1; UINT64_MAX: not known, it comes in chunks.
 */
uint64_t http_head_body_size(const struct http_head *head);

/* The id of the request: the client's, if it is sound, else one of 16 random hexadecimal digits. */
void http_head_id(const struct http_head *head, char id[HTTP_ID_MAX + 1]);

#endif
