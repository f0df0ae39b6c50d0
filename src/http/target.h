/* The target of a request line: a path and the parameters of a query, percent-decoded. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "../api/api.h"

/* Zero-initialised is empty. */
struct http_target {
    char *path;              /* begins with "/", or is "*" */
    bool path_encoded;       /* the path was written with a percent sign; no route is */
    struct api_field *query; /* in the order given, names given twice included */
    size_t query_count;
};

/*
 * Reads the origin form ("/v1?steps=3"), the absolute form ("http://host/v1") and "*". In the
 * query "+" is a space, as HTML forms write it. DISSOLVE_MALFORMED: something else, blanks or
 * control characters, a percent sign without two hexadecimal digits, or %00; *target is empty then,
 * as on DISSOLVE_NO_MEMORY.
 */
DISSOLVE_MUST_USE enum dissolve_status http_target_parse(const char *text,
                                                         struct http_target *target);

/* Leaves it empty. */
void http_target_free(struct http_target *target);

#endif
