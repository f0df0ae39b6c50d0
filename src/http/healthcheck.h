/* Asks a running instance whether it is alive. */
#ifndef HTTP_HEALTHCHECK_H
#define HTTP_HEALTHCHECK_H

#include "address.h"

#include <stdio.h>

/* true: GET /healthz at the address, an admin listener's if there is one, was answered with 200,
 * within a few seconds. false: err has a line that says why not. */
DISSOLVE_MUST_USE bool http_healthcheck(const struct http_address *listen, FILE *err);

#endif
