/* The forms in which the frames of an image leave: PNG, animated PNG, ZIP, JSON. */
#ifndef API_FRAME_FORMS_H
#define API_FRAME_FORMS_H

#include "call.h"
#include "codec/image.h"
#include "codec/zip.h"
#include "parameters.h"
#include "pipeline.h"

#include <dissolve/schedule.h>

struct frame_form;

/* Everything an answer of frames is made from; borrowed but for the part below. */
struct frame_answer {
    struct api_call *call;
    const struct api_parameters *parameters;
    const struct dissolve_schedule *schedule;
    const struct codec_image *image;
    const struct frame_form *form;
    const char *media_type;

    /* the form's own; freed with frame_answer_free */
    struct codec_buffer scratch;
    struct codec_zip *zip;
    struct dissolve_measures *measures; /* of each frame */
};

struct frame_form {
    bool wants_measures;

    /* What comes before the first frame, and what after the last; on the caller's thread. */
    enum dissolve_status (*open)(struct frame_answer *answer);
    enum dissolve_status (*close)(struct frame_answer *answer);

    /* As in struct api_pipeline; context is the answer. */
    enum dissolve_status (*encode)(void *context, struct api_slot *slot);
    enum dissolve_status (*emit)(void *context, struct api_slot *slot);
};

extern const struct frame_form frame_form_png;  /* of exactly one frame */
extern const struct frame_form frame_form_apng; /* of several */
extern const struct frame_form frame_form_zip;
extern const struct frame_form frame_form_json;

void frame_answer_free(struct frame_answer *answer);

#endif
