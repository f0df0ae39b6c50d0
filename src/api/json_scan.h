/* A strict pass over a JSON text that finds faults and takes the long array of samples out of it.
 */
#ifndef API_JSON_SCAN_H
#define API_JSON_SCAN_H

#include "problem.h"

/* What a scan found. Zero-initialised is empty; samples belongs to the caller. */
struct json_scan {
    float *samples; /* the numbers of the top-level member "samples"; NULL: no such array */
    size_t sample_count;
    size_t array_start; /* where that array stands in the text: its brackets and all between */
    size_t array_end;
};

/*
 * Checks that text[0..size) is one JSON object (RFC 8259), in valid UTF-8, nested no deeper than
 * 32, without U+0000 in strings and without numbers beyond double's range. A UTF-8 byte order mark
 * before it is skipped. On a fault the problem
 * is a 400 that points at the place (a 422 for a sample that is not finite in float32).
 */
DISSOLVE_MUST_USE bool json_scan(const char *text, size_t size, struct json_scan *scan,
                                 struct api_problem *problem);

#endif
