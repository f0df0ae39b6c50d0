/* The early refusals, in the order in which a client can do something about them. */
#include "judge.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Detail is static, or the exchange's refusal_text. */
static void refuse(struct http_exchange *exchange, int status, const char *detail)
{
    exchange->refusal = status;
    exchange->refusal_detail = detail;
}

void http_judge_reject(struct http_exchange *exchange, enum http_rejection reason, int status,
                       const char *detail)
{
    exchange->rejected = true;
    exchange->rejection = reason;
    refuse(exchange, status, detail);
}

/* Of a path that has other methods: those of Allow. */
static void refuse_method(struct http_exchange *exchange)
{
    const char *last = strrchr(exchange->allow, ' ') + 1;
    int before = (int)(last - exchange->allow) - 2;
    snprintf(exchange->refusal_text, sizeof exchange->refusal_text,
             "The path has no such method; it has %.*s and %s.", before, exchange->allow, last);
    refuse(exchange, 405, exchange->refusal_text);
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
    /* A proxy's rule for a path compares it as it is written, so a route is nowhere else. */
    enum api_match match = exchange->target.path_encoded
                               ? API_NO_SUCH_PATH
                               : api_find_route(method, path, &exchange->route, &exchange->allow);
    switch (match) {
    case API_MATCH:
        exchange->allow = NULL;
        return;
    case API_NO_SUCH_PATH:
        exchange->allow = NULL;
        refuse(exchange, 404, "There is nothing at this path.");
        break;
    case API_NO_SUCH_METHOD:
        exchange->preflight = options;
        if (!options)
            refuse_method(exchange);
    }
    exchange->route = NULL;
}

/* Keys guard the interface, /v1 and all below; the page, its contract and health stay open. */
static bool is_guarded(const char *path)
{
    return strncmp(path, "/v1", 3) == 0 && (path[3] == '\0' || path[3] == '/');
}

/* Whether it has a key that is accepted; from then on the key says whose request it is. */
static bool has_key(struct http_exchange *exchange, const struct http_keys *keys,
                    const char *authorization)
{
    size_t place;
    if (!http_keys_accept(keys, authorization, &place))
        return false;
    exchange->sharer = (struct http_client){.prefix = place, .family = HTTP_CLIENT_KEY};
    return true;
}

/* Of a request whose end is certain and whose route is known. */
static void judge_work(struct http_exchange *exchange, const struct http_head *head,
                       const struct http_rules *rules)
{
    uint64_t size = http_head_body_size(head);
    bool work = !api_route_is_document(exchange->route);
    if (rules->operators && !api_route_is_for_operators(exchange->route))
        refuse(exchange, 404, "There is nothing at this path for operators.");
    else if (rules->keys != NULL && is_guarded(exchange->target.path) &&
             !has_key(exchange, rules->keys, head->authorization.text))
        http_judge_reject(exchange, HTTP_REJECTED_UNAUTHORIZED, 401,
                          "A key is needed here: Authorization: Bearer KEY.");
    else if (http_head_body_is_coded(head))
        refuse(exchange, 415,
               "The body has a Content-Encoding, which this service does not decode; send it "
               "decoded, without that header.");
    else if (size != UINT64_MAX && size > api_service_limits(exchange->service)->max_body)
        http_judge_reject(exchange, HTTP_REJECTED_TOO_LARGE, 413,
                          "The body is larger than the limit.");
    else if (work && rules->draining)
        http_judge_reject(exchange, HTTP_REJECTED_DRAINING, 503, "The service is shutting down.");
    else if (work && rules->full)
        http_judge_reject(exchange, HTTP_REJECTED_QUEUE_FULL, 503,
                          "The request queue is full; retry after the time in Retry-After.");
    else if (work && rules->no_room)
        http_judge_reject(exchange, HTTP_REJECTED_BODIES_FULL, 503,
                          "Too many request bodies are being received; retry later.");
    else if (work && rules->crowded)
        http_judge_reject(exchange, HTTP_REJECTED_CONNECTIONS_PER_ADDRESS, 503,
                          "There are too many requests from this address.");
}

/* The origin that a page is told it may read the answer from, if it may. */
static void judge_origin(struct http_exchange *exchange, const char *origin,
                         const struct http_words *origins)
{
    exchange->origin_matters = true;
    for (size_t i = 0; i < origins->count; i++) {
        if (strcmp(origins->words[i], "*") == 0) {
            exchange->allow_origin = "*";
            exchange->origin_matters = false;
        } else if (exchange->allow_origin == NULL && origin != NULL &&
                   strcasecmp(origins->words[i], origin) == 0) {
            exchange->allow_origin = origins->words[i];
        }
    }
}

void http_judge(struct http_exchange *exchange, const struct http_head *head, const char *method,
                const struct http_rules *rules)
{
    const char *detail;
    int status = http_head_check(head, exchange->http_1_0, &detail);
    judge_origin(exchange, head->origin.text, rules->origins);
    if (status != 0) {
        exchange->close = true;
        http_judge_reject(exchange, HTTP_REJECTED_MALFORMED, status, detail);
    } else if (exchange->target_status == DISSOLVE_NO_MEMORY) {
        http_judge_reject(exchange, HTTP_REJECTED_NO_MEMORY, 503,
                          "There is no memory for the request now.");
    } else if (exchange->target_status != DISSOLVE_OK) {
        exchange->close = true;
        refuse(exchange, 400, "The request target is not a sound URL.");
    } else {
        find_route(exchange, method);
        if (exchange->route != NULL)
            judge_work(exchange, head, rules);
    }
}
