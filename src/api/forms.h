/* The forms in which frames leave, one constant each; see struct api_form. */
#ifndef API_FORMS_H
#define API_FORMS_H

#include "run.h"

/* What the manifest of a ZIP says of a frame when all of them have gone. */
struct api_record {
    struct dissolve_measures measures;
    struct api_terms terms;
};

/* Of an image (form_picture.c) */
extern const struct api_form api_form_png;       /* of exactly one frame */
extern const struct api_form api_form_animation; /* of several */
extern const struct api_form api_form_sheet;     /* strip and grid */
extern const struct api_form api_form_multipart;
extern const struct api_form api_form_zip; /* form_zip.c */

/* form_json.c */
extern const struct api_form api_form_image_json;
extern const struct api_form api_form_samples_json;

/* Of either (form_array.c) */
extern const struct api_form api_form_npy;
extern const struct api_form api_form_npz;

/* Histograms (form_histograms.c, form_plot.c) */
extern const struct api_form api_form_sample_histograms;
extern const struct api_form api_form_image_histograms;
extern const struct api_form api_form_plot;

/* The exact density is drawn through this many points: more than the curve is wide in pixels. */
enum { API_PLOT_CURVE = 500 };

/* Numbers of a frame of samples as JSON that are printed at once, in the pool; more are printed in
   pieces. */
enum { API_NUMBERS_AT_ONCE = 1 << 20 };

/*
 * Appends the PNG of a slot's frame, with the recipe of that one frame in it. Pure but for `out`;
 * any thread.
 */
DISSOLVE_MUST_USE enum dissolve_status
api_encode_png(const struct api_run *run, const struct api_slot *slot, struct codec_buffer *out);

/* open, for forms that are a ZIP: output.zip is then an empty one that goes into the answer. */
enum dissolve_status api_open_archive(struct api_run *run);

/* close, for forms that are a JSON object which ends with its frames. */
enum dissolve_status api_close_json(struct api_run *run);

/* emit, for forms whose encode has made all the bytes. */
enum dissolve_status api_emit_bytes(void *context, struct api_slot *slot);

/* The size of the sheet that all frames are put into, side by side or row by row. */
struct api_sheet {
    size_t columns, rows;
};
struct api_sheet api_sheet_of(const struct api_run *run);

#endif
