/* The early refusals, in the order in which a client can do something about them. */
#include "judge.h"

#include <string.h>

void http_judge_refuse(struct http_exchange *exchange, int status, const char *detail)
{
    exchange->refusal = status;
    exchange->refusal_detail = detail;
}

static void find_route(struct http_exchange *exchange, const char *method)
{
    const char *path = exchange->target.path;
    bool options = strcmp(method, "OPTIONS") == 0;
    if (options && strcmp(path, "*") == 0) {
        exchange->allow = "GET, HEAD, POST, OPTIONS";
        exchange->preflight = true;
        return;
    }
    switch (api_find_route(method, path, &exchange->route, &exchange->allow)) {
    case API_MATCH:
        exchange->allow = NULL;
        return;
    case API_NO_SUCH_PATH:
        exchange->allow = NULL;
        http_judge_refuse(exchange, 404, "There is nothing at this path.");
        break;
    case API_NO_SUCH_METHOD:
        exchange->preflight = options;
        if (!options)
            http_judge_refuse(exchange, 405, "The path does not have this method.");
    }
    exchange->route = NULL;
}

/* Of a request whose end is certain and whose target could be read. */
static void judge_work(struct http_exchange *exchange, uint64_t size, bool draining, bool full)
{
    if (size != UINT64_MAX && size > api_service_limits(exchange->service)->max_body)
        http_judge_refuse(exchange, 413, "The body is larger than the limit.");
    else if (api_route_is_document(exchange->route))
        return;
    else if (draining)
        http_judge_refuse(exchange, 503, "The service is shutting down.");
    else if (full)
        http_judge_refuse(exchange, 503, "The queue is full.");
}

void http_judge(struct http_exchange *exchange, const struct http_head *head, const char *method,
                bool draining, bool full)
{
    const char *detail;
    int status = http_head_check(head, exchange->http_1_0, &detail);
    if (status != 0) {
        exchange->close = true;
        http_judge_refuse(exchange, status, detail);
    } else if (exchange->target_status == DISSOLVE_NO_MEMORY) {
        http_judge_refuse(exchange, 503, "There is no memory for the request now.");
    } else if (exchange->target_status != DISSOLVE_OK) {
        http_judge_refuse(exchange, 400, "The request target is not a sound URL.");
    } else {
        find_route(exchange, method);
        if (exchange->route != NULL)
            judge_work(exchange, http_head_body_size(head), draining, full);
    }
}
