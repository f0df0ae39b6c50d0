/* Somebody who wants what takes long until he has been asked so often. */
#ifndef TESTS_IMPATIENT_H
#define TESTS_IMPATIENT_H

#include "codec/cancel.h"

struct impatient {
    size_t most;
    size_t asked;
};

static bool has_had_enough(void *context)
{
    struct impatient *who = context;
    return who->asked++ >= who->most;
}

static struct codec_cancel cancel_by(struct impatient *who)
{
    return (struct codec_cancel){.cancelled = has_had_enough, .context = who};
}

#endif
