/* Whether a request is let in, as far as its head tells. */
#ifndef HTTP_JUDGE_H
#define HTTP_JUDGE_H

#include "exchange.h"

/*
 * Finds the exchange's route, or its refusal, or that it is a preflight. Work is refused while the
 * door is draining or the queue is full.
 */
void http_judge(struct http_exchange *exchange, const struct http_head *head, const char *method,
                bool draining, bool full);

/* Refuses it with a 4xx or 5xx status; detail is static. */
void http_judge_refuse(struct http_exchange *exchange, int status, const char *detail);

#endif
