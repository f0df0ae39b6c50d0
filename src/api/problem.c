/* Problem details: filled in by checks, sent in one place. */
#include "problem.h"

#include "codec/utf8.h"
#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    int status;
    const char *title;
} titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *api_status_title(int status)
{
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (titles[i].status == status)
            return titles[i].title;
    }
    return "Error";
}

/* Whether a text begins with the name of what is at fault, which stays as it is written. */
static bool begins_with_name(const char *text, enum api_fault fault, const char *culprit)
{
    const char *slash = fault == API_FAULT_POINTER ? strrchr(culprit, '/') : NULL;
    const char *name = slash ? slash + 1 : culprit;
    size_t length = strlen(name);
    return length > 0 && strncmp(text, name, length) == 0 && text[length] == ' ';
}

/* What was said becomes a sentence. It may quote what is no UTF-8, or end in the middle of a
 * character. */
static void say(struct api_problem *problem, const char *culprit, const char *format,
                va_list arguments)
{
    char *detail = problem->detail;
    vsnprintf(detail, sizeof problem->detail, format, arguments);
    codec_utf8_mend(detail);
    if (*detail >= 'a' && *detail <= 'z' && !begins_with_name(detail, problem->fault, culprit))
        *detail = (char)(*detail & ~0x20);
    size_t length = strlen(detail);
    if (length > 0 && length + 1 < sizeof problem->detail && detail[length - 1] != '.')
        memcpy(detail + length, ".", 2);
}

bool api_problem_set(struct api_problem *problem, int status, const char *format, ...)
{
    *problem = (struct api_problem){.status = status};
    va_list arguments;
    va_start(arguments, format);
    say(problem, "", format, arguments);
    va_end(arguments);
    return false;
}

/* Cuts a text to fit, not in the middle of a UTF-8 character. */
static void copy_cut(char *to, size_t room, const char *from)
{
    size_t length = strnlen(from, room);
    if (length == room) {
        length = room - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(to, from, length);
    to[length] = '\0';
}

bool api_problem_blame(struct api_problem *problem, int status, enum api_fault fault,
                       const char *culprit, const char *format, ...)
{
    *problem = (struct api_problem){.status = status, .fault = fault};
    copy_cut(problem->culprit, sizeof problem->culprit, culprit);
    codec_utf8_mend(problem->culprit);
    va_list arguments;
    va_start(arguments, format);
    say(problem, culprit, format, arguments);
    va_end(arguments);
    return false;
}

/* CANCELLED reaches a client only when the service ends before the work does. */
static int http_status(enum dissolve_status status)
{
    switch (status) {
    case DISSOLVE_MALFORMED:
    case DISSOLVE_UNSUPPORTED:
    case DISSOLVE_TOO_LARGE:
        return 422;
    case DISSOLVE_NO_MEMORY:
    case DISSOLVE_CANCELLED:
    case DISSOLVE_SYSTEM:
        return 503;
    case DISSOLVE_OK:
    case DISSOLVE_INVALID:
        break;
    }
    return 500;
}

bool api_problem_from_status(struct api_problem *problem, enum dissolve_status status,
                             const char *detail)
{
    return api_problem_set(problem, http_status(status), "%s",
                           detail && *detail ? detail : dissolve_status_text(status));
}

/*
 * A problem where there is no memory for its own text. Titles and ids (letters, digits, "._-") need
 * no escapes.
 */
enum { SHORT_ROOM = 256 };
static void print_short(const struct api_problem *problem, const char *request_id,
                        char text[SHORT_ROOM])
{
    snprintf(text, SHORT_ROOM,
             "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,"
             "\"detail\":\"There is no memory to say why.\",\"request_id\":\"%s\"}",
             api_status_title(problem->status), problem->status, request_id);
}

void api_problem_send(const struct api_problem *problem, const char *request_id,
                      const struct api_reply *reply)
{
    const struct api_field headers[] = {
        {"Content-Type", "application/problem+json"},
        {"Cache-Control", "no-store"},
        {"Retry-After", "1"},
    };
    reply->start(reply->context, problem->status, headers, problem->status == 503 ? 3 : 2);
    char *text = json_problem(problem, request_id);
    char short_text[SHORT_ROOM];
    const char *body = text;
    if (!text) {
        print_short(problem, request_id, short_text);
        body = short_text;
    }
    reply->write(reply->context, body, strlen(body)); /* if nobody reads, nobody is to be told */
    free(text);
}

void api_refuse(const struct api_reply *reply, const char *request_id, int status,
                const char *detail)
{
    struct api_problem problem;
    api_problem_set(&problem, status, "%s", detail);
    api_problem_send(&problem, request_id, reply);
}
