/* The refusal of a body that is nothing this service reads. */
#ifndef API_UNKNOWN_BODY_H
#define API_UNKNOWN_BODY_H

#include "codec/signature.h"
#include "problem.h"

/*
 * Sets a problem of this status that says what the body looks like, where that is known, and what
 * to send: `accepted` continues the sentence "Send ...". Returns false.
 */
bool api_unknown_body_refuse(struct api_problem *problem, int status,
                             const struct codec_signature *signature, const char *accepted);

#endif
