/* Answers written to a socket directly, where libmicrohttpd would take none. */
#ifndef HTTP_RAW_H
#define HTTP_RAW_H

#include "exchange.h"

/*
 * Refuses the exchange in the middle of its body, when nothing of an answer has been sent; the
 * connection is to be closed afterwards. What the socket does not take at once is lost. Any thread,
 * the one that has claimed the exchange.
 */
void http_raw_refuse(struct http_exchange *exchange, int status, const char *detail);

/*
 * Sends 100 (Continue), for a client that waits for it before it sends the body. What the socket
 * does not take at once is lost, as if the server did not know of 100; the client sends the body
 * after a while all the same.
 */
void http_raw_continue(const struct http_exchange *exchange);

#endif
