/* JSON documents in, and the small ones out; the one file behind this header that uses cJSON. */
#ifndef API_JSON_H
#define API_JSON_H

#include "arguments.h"
#include "problem.h"

#include <dissolve/mixture.h>

/* What the body of a samples request said. Zero-initialised is empty; freed with json_body_free. */
struct json_body {
    float *samples; /* NULL: no member of that name */
    size_t sample_count;

    bool has_mixture;
    struct dissolve_mixture mixture; /* checked; its arrays are `numbers` */
    uint64_t mixture_count;
    double *numbers;
};

/*
 * Reads the JSON object in text[0..size). Members other than samples and mixture are parameters
 * and join `arguments`. Strict (RFC 8259): no duplicate members, nothing behind the object, valid
 * UTF-8, numbers within double's range. The samples array is scanned, not built as a tree.
 */
DISSOLVE_MUST_USE bool json_body_read(const char *text, size_t size, struct json_body *body,
                                      struct api_arguments *arguments, struct api_problem *problem);
void json_body_free(struct json_body *body);

/* A problem as a document; malloc'ed, NULL without memory. */
char *json_problem(const struct api_problem *problem, const char *request_id);

/* What GET /v1 tells. */
struct json_service {
    const char *version;
    const char *instruction_set;
    unsigned threads;
    const struct api_limits *limits;
};

/* The service as a document, with its routes; malloc'ed, NULL without memory. */
char *json_service(const struct json_service *service);

#endif
