/* The clock that deadlines and waits are measured by. */
#ifndef HTTP_CLOCK_H
#define HTTP_CLOCK_H

#include <stdint.h>

/* Milliseconds; it only goes forward, and is never 0. */
int64_t http_clock_now(void);

#endif
