/* One request on its way through this room, and the handlers that answer it. */
#ifndef API_CALL_H
#define API_CALL_H

#include "problem.h"

struct api_call {
    struct api_service *service;
    const struct api_request *request;
    struct dissolve_job *job; /* NULL for a document */
    const struct api_reply *reply;
    struct api_timing *timing;
    bool started; /* the answer has begun: a problem can no longer be told */
};

/*
 * true: the answer is complete. false: it is not, and if it has not even begun, *problem is what to
 * answer instead.
 */
typedef bool api_handler(struct api_call *call, struct api_problem *problem);

/* Begins the answer with these headers. */
void api_start(struct api_call *call, int status, const struct api_field *headers, size_t count);

/* Begins the answer of a computation. */
void api_start_computation(struct api_call *call, const char *content_type, uint64_t seed);

/* DISSOLVE_CANCELLED: nobody reads any more. */
DISSOLVE_MUST_USE enum dissolve_status api_write(struct api_call *call, const void *bytes,
                                                 size_t size);

api_handler api_images_frames;
api_handler api_samples_histograms;

#endif
