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

#endif
