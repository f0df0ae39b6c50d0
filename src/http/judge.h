/* Whether a request is let in, as far as its head tells. */
#ifndef HTTP_JUDGE_H
#define HTTP_JUDGE_H

#include "exchange.h"
#include "keys.h"
#include "words.h"

/* What the head is judged by. */
struct http_rules {
    const struct http_keys *keys;     /* NULL: none is asked for */
    const struct http_words *origins; /* whose pages may read answers; "*": everybody's */
    bool operators;                   /* only what operators ask for is here */
    bool draining;                    /* no more work is taken */
    bool full;                        /* nor is it now */
    bool no_room;                     /* for its body */
    bool crowded;                     /* the client has enough requests under way */
};

/* Finds the exchange's route, or its refusal, or that it is a preflight. */
void http_judge(struct http_exchange *exchange, const struct http_head *head, const char *method,
                const struct http_rules *rules);

/* Refuses it with a 4xx or 5xx status, and counts that under the reason; detail is static. */
void http_judge_reject(struct http_exchange *exchange, enum http_rejection reason, int status,
                       const char *detail);

#endif
