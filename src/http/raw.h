/* An answer written to a socket by hand, where libmicrohttpd would take none. */
#ifndef HTTP_RAW_H
#define HTTP_RAW_H

#include "exchange.h"

/*
 * Sends the exchange's answer, which is complete, in its pipe and short; the connection is to be
 * closed afterwards. What the socket does not take at once is lost.
 */
void http_raw_send(struct http_exchange *exchange, const char *reason, int fd);

#endif
