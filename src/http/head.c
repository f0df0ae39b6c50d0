/* Reading a request's headers, with the checks that keep requests from being smuggled. */
#include "head.h"

#include "../codec/number.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

/* Whatever the locale. */
static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool http_head_is_token(const char *text)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_letter_or_digit(*c) && strchr(marks, *c) == NULL)
            return false;
    }
    return text[0] != '\0';
}

/* Tabs are the only control characters that a value may have. */
static bool is_value(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    }
    return true;
}

/* Empty, a name or an address, and perhaps a port. */
static bool is_host(const char *text)
{
    static const char marks[] = "-._~%!$&'()*+,;=:[]";
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_letter_or_digit(*c) && strchr(marks, *c) == NULL)
            return false;
    }
    return true;
}

/* How a field's lines become one value. */
enum rule {
    FIRST, /* the first line counts */
    EXACT, /* likewise, and blanks behind the value stay */
    LIST,  /* the lines are joined */
};

static const struct field {
    const char *name;
    size_t offset; /* of its value in the head */
    enum rule rule;
} fields[] = {
    {"Host", offsetof(struct http_head, host), FIRST},
    {"Content-Type", offsetof(struct http_head, content_type), FIRST},
    {"Content-Encoding", offsetof(struct http_head, content_encoding), LIST},
    {"Content-Length", offsetof(struct http_head, content_length), EXACT},
    {"Transfer-Encoding", offsetof(struct http_head, transfer_encoding), EXACT},
    {"Accept", offsetof(struct http_head, accept), LIST},
    {"Accept-Encoding", offsetof(struct http_head, accept_encoding), LIST},
    {"If-None-Match", offsetof(struct http_head, if_none_match), LIST},
    {"X-Request-Id", offsetof(struct http_head, request_id), FIRST},
    {"Authorization", offsetof(struct http_head, authorization), FIRST},
    {"Origin", offsetof(struct http_head, origin), FIRST},
    {"Expect", offsetof(struct http_head, expect), FIRST},
    {"X-Forwarded-For", offsetof(struct http_head, forwarded_for), LIST},
};

enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static struct http_value *value_of(struct http_head *head, const struct field *field)
{
    return (struct http_value *)((char *)head + field->offset);
}

/* Capacity doubles, so that any number of lines takes linear time. false: no memory. */
static bool append(struct http_value *value, const char *text, size_t length)
{
    size_t needed = value->length + length + 1;
    if (needed > value->capacity) {
        size_t capacity = needed > 2 * value->capacity ? needed : 2 * value->capacity;
        char *grown = realloc(value->text, capacity);
        if (grown == NULL)
            return false;
        value->text = grown;
        value->capacity = capacity;
    }
    memcpy(value->text + value->length, text, length);
    value->length += length;
    value->text[value->length] = '\0';
    return true;
}

/* The length of a value without the blanks behind it. */
static size_t trimmed_length(const char *text)
{
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return length;
}

static bool add_line(struct http_value *value, enum rule rule, const char *text)
{
    value->lines++;
    if (value->lines > 1 && rule != LIST)
        return true;
    size_t length = rule == EXACT ? strlen(text) : trimmed_length(text);
    return (value->lines == 1 || append(value, ", ", 2)) && append(value, text, length);
}

void http_head_add(struct http_head *head, const char *name, const char *value)
{
    if (value == NULL)
        value = "";
    if (!http_head_is_token(name) || !is_value(value))
        head->malformed = true;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcasecmp(name, fields[i].name) != 0)
            continue;
        if (!add_line(value_of(head, &fields[i]), fields[i].rule, value))
            head->no_memory = true;
        return;
    }
}

void http_head_free(struct http_head *head)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        free(value_of(head, &fields[i])->text);
    *head = (struct http_head){0};
}

char *http_value_take(struct http_value *value)
{
    char *text = value->text;
    *value = (struct http_value){0};
    return text;
}

int http_head_check(const struct http_head *head, bool http_1_0, const char **detail)
{
    *detail = NULL;
    if (head->malformed)
        *detail = "The method or the name of a header is not a token, or a value is not text.";
    else if (head->hidden)
        *detail = "A header is folded over lines, or there are bytes that belong to none.";
    else if (head->host.lines > 1)
        *detail = "There is more than one Host header.";
    else if (head->host.lines == 0 && !http_1_0)
        *detail = "There is no Host header.";
    else if (head->host.lines == 1 && !is_host(head->host.text))
        *detail = "The Host header is invalid.";
    else if (head->content_length.lines > 1)
        *detail = "There is more than one Content-Length header.";
    else if (head->content_length.lines > 0 && head->transfer_encoding.lines > 0)
        *detail = "There is a Content-Length together with a Transfer-Encoding.";
    else if (head->transfer_encoding.lines > 1)
        *detail = "There is more than one Transfer-Encoding header.";
    else if (head->transfer_encoding.lines > 0 && http_1_0)
        *detail = "HTTP/1.0 has no Transfer-Encoding.";
    else if (head->authorization.lines > 1)
        *detail = "There is more than one Authorization header; send one.";
    if (*detail != NULL)
        return 400;
    if (head->too_large) {
        *detail = "The request line and the headers are larger than 24 KiB, where each header and "
                  "each cookie counts as 64 bytes more; send fewer or shorter ones.";
        return 431;
    }
    if (head->transfer_encoding.lines == 0 ||
        strcasecmp(head->transfer_encoding.text, "chunked") == 0)
        return 0;
    *detail = "The only transfer coding that this service reads is chunked.";
    return 501;
}

bool http_head_body_is_coded(const struct http_head *head)
{
    static const char identity[] = "identity";
    static const char separators[] = ", \t";
    const char *at = head->content_encoding.text;
    if (at == NULL)
        return false;
    for (at += strspn(at, separators); *at != '\0'; at += strspn(at, separators)) {
        size_t length = strcspn(at, separators);
        if (length != sizeof identity - 1 || strncasecmp(at, identity, length) != 0)
            return true;
        at += length;
    }
    return false;
}

bool http_head_expects_continue(const struct http_head *head)
{
    return head->expect.text != NULL && strcasecmp(head->expect.text, "100-continue") == 0;
}

uint64_t http_head_body_size(const struct http_head *head)
{
    if (head->transfer_encoding.lines > 0)
        return UINT64_MAX;
    uint64_t size =
        head->content_length.text == NULL ? 0 : strtoull(head->content_length.text, NULL, 10);
    return size < UINT64_MAX ? size : UINT64_MAX - 1;
}

static bool is_valid_id(const char *id)
{
    size_t length = strlen(id);
    for (size_t i = 0; i < length; i++) {
        if (!is_letter_or_digit(id[i]) && strchr("._-", id[i]) == NULL)
            return false;
    }
    return length >= 1 && length <= HTTP_ID_MAX;
}

/* Each thread asks the kernel for many at once: to ask takes longer than all the rest. */
static uint64_t random_number(void)
{
    static _Thread_local uint64_t numbers[32];
    static _Thread_local size_t left;
    if (left == 0 && getrandom(numbers, sizeof numbers, GRND_NONBLOCK) == (ssize_t)sizeof numbers)
        left = sizeof numbers / sizeof numbers[0];
    if (left > 0)
        return numbers[--left];
    struct timespec now; /* early in a machine's start: unique is enough */
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void http_head_id(const struct http_head *head, char id[HTTP_ID_MAX + 1])
{
    const char *request_id = head->request_id.text;
    if (request_id != NULL && is_valid_id(request_id)) {
        memcpy(id, request_id, strlen(request_id) + 1);
        return;
    }
    codec_number_print_hexadecimal(random_number(), id);
    id[CODEC_NUMBER_HEXADECIMAL] = '\0';
}
