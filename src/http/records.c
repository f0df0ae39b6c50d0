/* From an exchange to the log's and the metrics' views of it. */
#include "records.h"

/* What is asked every few seconds and went well is no news. */
static enum http_log_level level_of(const struct http_exchange *exchange)
{
    if (exchange->sent_status == 500)
        return HTTP_LOG_ERROR;
    bool routine = exchange->route != NULL && api_route_is_for_operators(exchange->route);
    return routine && exchange->sent_status < 400 ? HTTP_LOG_DEBUG : HTTP_LOG_INFO;
}

static void log_it(struct http_log *log, const struct http_exchange *exchange)
{
    enum http_log_level level = level_of(exchange);
    if (!http_log_wants(log, level))
        return;
    char client[HTTP_ADDRESS_TEXT];
    http_address_print_host(&exchange->client, client);
    const struct http_log_request request = {
        .id = exchange->id,
        .method = exchange->method[0] != '\0' ? exchange->method : NULL, /* libmicrohttpd's own */
        .path = exchange->target.path != NULL ? exchange->target.path : "",
        .client = client,
        .status = exchange->sent_status,
        .bytes_in = exchange->body_seen,
        .bytes_out = exchange->bytes_out,
        .total = exchange->took,
        .queue = exchange->queued,
        .decode = exchange->timing.decode,
        .diffuse = exchange->timing.diffuse,
        .encode = exchange->timing.encode,
        .computed = exchange->computed,
        .cancelled = exchange->cancelled,
        .level = level,
    };
    http_log_request(log, &request);
}

static void count_it(struct http_metrics *metrics, const struct http_exchange *exchange)
{
    const struct http_metrics_request request = {
        .route = api_route_index(exchange->route),
        .method = exchange->method,
        .status = exchange->sent_status,
        .bytes_in = exchange->body_seen,
        .bytes_out = exchange->bytes_out,
        .computed = exchange->computed,
        .queue = exchange->queued,
        .decode = exchange->timing.decode,
        .diffuse = exchange->timing.diffuse,
        .encode = exchange->timing.encode,
        .total = exchange->took,
        .elements = exchange->timing.elements,
        .frames = exchange->timing.frames,
        .cancelled = exchange->cancelled,
    };
    if (exchange->rejected)
        http_metrics_reject(metrics, exchange->rejection);
    http_metrics_add(metrics, &request);
}

void http_records_add(const struct http_records *records, const struct http_exchange *exchange)
{
    count_it(records->metrics, exchange);
    log_it(records->log, exchange);
}

void http_records_add_refused(const struct http_records *records, const struct http_address *client,
                              int status)
{
    struct http_exchange exchange = {.client = *client, .sent_status = status};
    http_exchange_note_unseen(&exchange);
    http_records_add(records, &exchange);
}
