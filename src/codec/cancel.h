/* Whether what takes long is still wanted. */
#ifndef CODEC_CANCEL_H
#define CODEC_CANCEL_H

#include <stdbool.h>
#include <stddef.h>

/* A question that is asked on the way. NULL in its place: it always is. */
struct codec_cancel {
    bool (*cancelled)(void *context);
    void *context;
};

static inline bool codec_is_cancelled(const struct codec_cancel *cancel)
{
    return cancel != NULL && cancel->cancelled(cancel->context);
}

#endif
