/* One computation: everything its request owns, and the straight way that it takes. */
#ifndef API_RUN_H
#define API_RUN_H

#include "call.h"
#include "codec/image.h"
#include "codec/multipart.h"
#include "codec/zip.h"
#include "json.h"
#include "parameters.h"
#include "pipeline.h"

#include <dissolve/dissolve.h>

struct api_run;

/* What a request's body is, once its type and its first bytes have been looked at. */
enum api_body_kind {
    API_BODY_UNKNOWN, /* nothing that is read */
    API_BODY_IMAGE,
    API_BODY_NPY,
    API_BODY_RAW,
    API_BODY_JSON,
};

struct api_body {
    enum api_body_kind kind;
    const uint8_t *bytes; /* borrowed from the request; not of JSON */
    size_t size;
    const char *type; /* of an image: what its Content-Type claims, or its part's; may be NULL */
    struct codec_image_info picture; /* of a PNG or a JPEG, from its header; else zero */
    uint64_t array_elements;         /* of an NPY */
    unsigned array_bits;             /* of its elements, if they are whole numbers; else 0 */
    struct codec_form form;
    struct json_body json;
};

/* What is dissolved. */
struct api_subject {
    float *state; /* x_0, or x of start_step; the process carries it on */
    float *x0;    /* a copy of it for what is derived from x_0, else NULL */
    size_t elements;
    uint32_t width, height; /* of an image */
    unsigned channels;      /* interleaved; 1 for samples */
    uint8_t *pixels;        /* what t = 0 shows; NULL: the state, rendered */
};

/* What a form keeps while it writes. */
struct api_output {
    struct codec_buffer recipe; /* a query string without t, ended by a NUL */
    char boundary[48];          /* of multipart: a pure function of recipe and body */
    struct codec_buffer scratch;
    struct codec_zip *zip;
    struct api_record *records; /* of each frame, for the manifest */
    uint8_t *sheet;             /* the picture that all frames are put into */
    size_t pass;                /* of a form that goes through the frames several times */
};

/* A form in which frames leave. */
struct api_form {
    bool wants_pixels;
    bool wants_state;
    enum api_measuring wants_measures;
    bool each_content; /* the frames are gone through once for each content */

    /* What comes before the first frame, and what after the last; on the caller's thread. NULL:
       nothing. */
    enum dissolve_status (*open)(struct api_run *run);
    enum dissolve_status (*close)(struct api_run *run);

    /* As in struct api_pipeline; context is the run. encode may be NULL. */
    enum dissolve_status (*encode)(void *context, struct api_slot *slot);
    enum dissolve_status (*emit)(void *context, struct api_slot *slot);
};

/* A media type that an endpoint can answer with. */
struct api_offer {
    const char *media_type;
    enum api_format format;
    const char *extension; /* of the file name; NULL: no file name */
    bool attachment;       /* a browser saves it rather than shows it */
};

/* What tells the four computing endpoints apart. */
struct api_computation {
    enum api_endpoint endpoint;
    const char *file_stem;
    const struct api_offer *offers; /* the first is preferred */
    size_t offer_count;

    /* Finds out what the body is. */
    bool (*identify)(struct api_run *run, struct api_problem *problem);
    /* Adds its parameters to the arguments, and finds the image in a form. */
    bool (*parse)(struct api_run *run, struct api_problem *problem);
    /* Finds the size of the subject, and checks it against the limits; nothing is decoded. */
    bool (*probe)(struct api_run *run, struct api_problem *problem);
    /* Makes the subject. */
    bool (*load)(struct api_run *run, struct api_problem *problem);
    /* The form of a format; never NULL for one that is offered. */
    const struct api_form *(*form)(const struct api_run *run, enum api_format format);
    /* Points times components of the exact distribution, over all frames. NULL: none. */
    uint64_t (*exact_points)(const struct api_run *run);
};

struct api_run {
    struct api_call *call;
    struct codec_cancel cancel; /* asks whether anybody still waits for the answer */
    const struct api_computation *computation;
    struct api_arguments arguments;
    struct api_parameters parameters;
    struct api_body body;
    const struct api_offer *offer;
    const struct api_form *form;
    struct dissolve_schedule *schedule;
    struct api_subject subject;
    struct dissolve_process *process; /* of this pass, like the pipeline; NULL: between two */
    struct api_pipeline *pipeline;
    struct api_output output;
    size_t stage; /* of its way; see run.c */
};

extern const struct api_computation api_images_frames;
extern const struct api_computation api_images_histograms;
extern const struct api_computation api_samples_frames;
extern const struct api_computation api_samples_histograms;

/* The call is borrowed. NULL: no memory. */
DISSOLVE_MUST_USE struct api_run *api_run_create(struct api_call *call,
                                                 const struct api_computation *computation);

/* Goes on with a request, from its body to the last byte, as api_call_continue; where it is
 * incomplete and its answer has not begun, *problem is what to answer instead. */
DISSOLVE_MUST_USE enum api_progress api_run_continue(struct api_run *run,
                                                     struct api_problem *problem);

/* NULL is fine. */
void api_run_destroy(struct api_run *run);

/* The form of the answer, of those that its parameters and the client allow: offer and form. */
DISSOLVE_MUST_USE bool api_choose_form(struct api_run *run, struct api_problem *problem);

/* Writes what is in the output's scratch buffer, and empties it. */
DISSOLVE_MUST_USE enum dissolve_status api_run_write_scratch(struct api_run *run);

/* The schedule of a request, or a 400 that names the step at fault. */
DISSOLVE_MUST_USE bool api_make_schedule(const struct api_arguments *arguments,
                                         const struct api_parameters *parameters,
                                         struct dissolve_schedule **schedule,
                                         struct api_problem *problem);

/* 422 where a sheet of all frames, whose size the subject now has, would pass the limit of pixels.
 */
DISSOLVE_MUST_USE bool api_sheet_check(const struct api_run *run, struct api_problem *problem);

/* The two bodies: images, and samples or mixtures. As in struct api_computation. */
bool api_image_identify(struct api_run *run, struct api_problem *problem);
bool api_image_parse(struct api_run *run, struct api_problem *problem);
bool api_image_probe(struct api_run *run, struct api_problem *problem);
bool api_image_load(struct api_run *run, struct api_problem *problem);
bool api_samples_identify(struct api_run *run, struct api_problem *problem);
bool api_samples_parse(struct api_run *run, struct api_problem *problem);
bool api_samples_probe(struct api_run *run, struct api_problem *problem);
bool api_samples_load(struct api_run *run, struct api_problem *problem);

#endif
