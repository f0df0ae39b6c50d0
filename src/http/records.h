/* What is told of a request once it is over: a line of the log, and the figures. */
#ifndef HTTP_RECORDS_H
#define HTTP_RECORDS_H

#include "exchange.h"
#include "log.h"
#include "metrics.h"

struct http_records {
    struct http_log *log; /* NULL: none is kept */
    struct http_metrics *metrics;
};

/* Of an exchange that is over. Any thread. */
void http_records_add(const struct http_records *records, const struct http_exchange *exchange);

/*
 * Adds a request of which only the line was read, and libmicrohttpd refused it: one line of the log
 * without method and path, one request and one rejection in the metrics. status is what was sent,
 * or 400 where the library closed the connection without a response.
 */
void http_records_add_refused(const struct http_records *records, const struct http_address *client,
                              int status);

#endif
