/* The refusal of a body that is nothing this service reads. */
#include "unknown_body.h"

bool api_unknown_body_refuse(struct api_problem *problem, int status,
                             const struct codec_signature *signature, const char *accepted)
{
    if (!signature->name)
        return api_problem_set(problem, status, "The body is of an unknown kind. Send %s.",
                               accepted);
    if (!signature->remedy)
        return api_problem_set(problem, status, "This looks like %s. Send %s.", signature->name,
                               accepted);
    return api_problem_set(problem, status, "This looks like %s; %s. Send %s.", signature->name,
                           signature->remedy, accepted);
}
