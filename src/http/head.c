/* Reading a request's headers, with the checks that keep requests from being smuggled. */
#include "head.h"

#include "../codec/number.h"

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

static bool keep(const char *wanted, const char *name, const char *value, const char **kept)
{
    if (strcasecmp(name, wanted) != 0)
        return false;
    if (*kept == NULL)
        *kept = value;
    return true;
}

void http_head_add(struct http_head *head, const char *name, const char *value)
{
    if (value == NULL)
        value = "";
    if (!http_head_is_token(name) || !is_value(value))
        head->malformed = true;
    if (keep("Host", name, value, &head->host))
        head->hosts++;
    else if (keep("Content-Length", name, value, &head->content_length))
        head->content_lengths++;
    else if (keep("Transfer-Encoding", name, value, &head->transfer_encoding))
        head->transfer_encodings++;
    else if (!keep("Content-Type", name, value, &head->content_type) &&
             !keep("Accept", name, value, &head->accept) &&
             !keep("Accept-Encoding", name, value, &head->accept_encoding) &&
             !keep("If-None-Match", name, value, &head->if_none_match) &&
             !keep("X-Request-Id", name, value, &head->request_id) &&
             !keep("Authorization", name, value, &head->authorization) &&
             !keep("Origin", name, value, &head->origin) &&
             !keep("Expect", name, value, &head->expect) &&
             strcasecmp(name, "X-Forwarded-For") == 0)
        head->forwarded_for = value;
}

int http_head_check(const struct http_head *head, bool http_1_0, const char **detail)
{
    *detail = NULL;
    if (head->malformed)
        *detail = "The method or the name of a header is not a token, or a value is not text.";
    else if (head->hidden)
        *detail = "A header is folded over lines, or there are bytes that belong to none.";
    else if (head->hosts > 1)
        *detail = "There is more than one Host.";
    else if (head->hosts == 0 && !http_1_0)
        *detail = "There is no Host.";
    else if (head->hosts == 1 && !is_host(head->host))
        *detail = "The Host is not sound.";
    else if (head->content_lengths > 1)
        *detail = "There is more than one Content-Length.";
    else if (head->content_lengths > 0 && head->transfer_encodings > 0)
        *detail = "There is a Content-Length together with a Transfer-Encoding.";
    else if (head->transfer_encodings > 1)
        *detail = "There is more than one Transfer-Encoding.";
    else if (head->transfer_encodings > 0 && http_1_0)
        *detail = "HTTP/1.0 has no Transfer-Encoding.";
    if (*detail != NULL)
        return 400;
    if (head->transfer_encodings == 0 || strcasecmp(head->transfer_encoding, "chunked") == 0)
        return 0;
    *detail = "The only transfer coding known here is chunked.";
    return 501;
}

uint64_t http_head_body_size(const struct http_head *head)
{
    if (head->transfer_encodings > 0)
        return UINT64_MAX;
    uint64_t size = head->content_lengths == 0 ? 0 : strtoull(head->content_length, NULL, 10);
    return size < UINT64_MAX ? size : UINT64_MAX - 1;
}

static bool is_sound(const char *id)
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
    if (head->request_id != NULL && is_sound(head->request_id)) {
        memcpy(id, head->request_id, strlen(head->request_id) + 1);
        return;
    }
    codec_number_print_hexadecimal(random_number(), id);
    id[CODEC_NUMBER_HEXADECIMAL] = '\0';
}
