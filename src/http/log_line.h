/* How one line of the log looks; everything but the time, for which it leaves room. */
#ifndef HTTP_LOG_LINE_H
#define HTTP_LOG_LINE_H

#include "log.h"

#include <stddef.h>

enum {
    HTTP_LOG_LINE_ROOM = 6144, /* of any line */
    HTTP_LOG_MESSAGE = 1000,   /* bytes of a message; beyond, it is cut */
    HTTP_LOG_TIME_SIZE = 24,   /* of 2026-01-31T12:34:56.789Z */
};

/* Where in a line the time goes. */
size_t http_log_line_time(enum http_log_format format);

/* Both: write a line with its line feed, no NUL, and return its size. Formats: see log.h. */
size_t http_log_line_say(enum http_log_format format, enum http_log_level level,
                         const char *message, char line[HTTP_LOG_LINE_ROOM]);
size_t http_log_line_request(enum http_log_format format, const struct http_log_request *request,
                             char line[HTTP_LOG_LINE_ROOM]);

#endif
