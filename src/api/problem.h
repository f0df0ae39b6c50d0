/* What goes wrong with a request, told as application/problem+json (RFC 9457). */
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include "api.h"

/* What in the request is at fault. */
enum api_fault {
    API_FAULT_NONE,
    API_FAULT_PARAMETER, /* a query or form parameter, by name */
    API_FAULT_POINTER,   /* a JSON member, by JSON pointer (RFC 6901) */
};

/* Zero-initialised: no problem. Both texts are UTF-8. */
struct api_problem {
    int status;
    enum api_fault fault;
    char culprit[128];
    char detail[320];
};

/* Fills in status and detail, which begins with a capital and ends with a full stop, whether or not
 * the text does. Returns false, so that a check can end with it. */
bool api_problem_set(struct api_problem *problem, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a parameter or pointer, cut to fit; a text that begins with its name keeps that as
 * it is written. What is no UTF-8 in either is shown as "?". */
bool api_problem_blame(struct api_problem *problem, int status, enum api_fault fault,
                       const char *culprit, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A failed step of ours or of a codec: the one table from dissolve_status to HTTP. NULL: its text.
 */
bool api_problem_from_status(struct api_problem *problem, enum dissolve_status status,
                             const char *detail);

/* Sends it; the answer must not have begun. */
void api_problem_send(const struct api_problem *problem, const char *request_id,
                      const struct api_reply *reply);

/* The reason phrase of an HTTP status that this service uses. */
const char *api_status_title(int status);

#endif
