/* Every path and method that the service has. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "api.h"

/* The method (name) and path (value) of each route in turn, for GET /v1; false behind the last. */
bool api_route_name(size_t index, struct api_field *name);

#endif
