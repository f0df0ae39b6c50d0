/* How the server tells what it does: the form of its lines, and how many there are. */
#ifndef HTTP_LOG_H
#define HTTP_LOG_H

enum http_log_format { HTTP_LOG_JSON, HTTP_LOG_TEXT };

/* From the gravest; a level brings those before it. */
enum http_log_level { HTTP_LOG_ERROR, HTTP_LOG_WARNING, HTTP_LOG_INFO, HTTP_LOG_DEBUG };

#endif
