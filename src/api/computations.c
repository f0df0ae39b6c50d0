/* The four computing endpoints: what each takes, and the forms in which it answers. */
#include "call.h"
#include "forms.h"
#include "histograms.h"
#include "service.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- POST /v1/images/frames ---- */

static const struct api_offer image_offers[] = {
    {"image/png", API_FORMAT_PNG, "png", false},
    {"image/apng", API_FORMAT_PNG, "png", false},
    {"application/zip", API_FORMAT_ZIP, "zip", true},
    {"multipart/mixed", API_FORMAT_MULTIPART, NULL, false},
    {"application/json", API_FORMAT_JSON, "json", false},
    {"application/x-npy", API_FORMAT_NPY, "npy", true},
    {"application/x-npz", API_FORMAT_NPZ, "npz", true},
};

static const struct api_form *image_form(const struct api_run *run, enum api_format format)
{
    const struct api_parameters *parameters = &run->parameters;
    switch (format) {
    case API_FORMAT_ZIP:
        return &api_form_zip;
    case API_FORMAT_MULTIPART:
        return &api_form_multipart;
    case API_FORMAT_JSON:
        return &api_form_image_json;
    case API_FORMAT_NPY:
        return &api_form_npy;
    case API_FORMAT_NPZ:
        return &api_form_npz;
    case API_FORMAT_PNG:
    case API_FORMAT_SVG:
    case API_FORMAT_UNSAID:
        break;
    }
    if (parameters->layout != API_LAYOUT_ANIMATION)
        return &api_form_sheet;
    return parameters->frames.count == 1 ? &api_form_png : &api_form_animation;
}

const struct api_computation api_images_frames = {.endpoint = API_IMAGES_FRAMES,
                                                  .file_stem = "dissolved",
                                                  .offers = image_offers,
                                                  .offer_count = COUNT(image_offers),
                                                  .identify = api_image_identify,
                                                  .parse = api_image_parse,
                                                  .probe = api_image_probe,
                                                  .load = api_image_load,
                                                  .form = image_form};

/* ---- POST /v1/samples/frames ---- */

static const struct api_offer sample_offers[] = {
    {"application/json", API_FORMAT_JSON, "json", false},
    {"application/x-npy", API_FORMAT_NPY, "npy", true},
    {"application/x-npz", API_FORMAT_NPZ, "npz", true},
};

static const struct api_form *sample_form(const struct api_run *run, enum api_format format)
{
    (void)run;
    if (format == API_FORMAT_NPY)
        return &api_form_npy;
    return format == API_FORMAT_NPZ ? &api_form_npz : &api_form_samples_json;
}

const struct api_computation api_samples_frames = {.endpoint = API_SAMPLES_FRAMES,
                                                   .file_stem = "dissolved",
                                                   .offers = sample_offers,
                                                   .offer_count = COUNT(sample_offers),
                                                   .identify = api_samples_identify,
                                                   .parse = api_samples_parse,
                                                   .probe = api_samples_probe,
                                                   .load = api_samples_load,
                                                   .form = sample_form};

/* ---- POST /v1/images/histograms and /v1/samples/histograms ---- */

static const struct api_offer histogram_offers[] = {
    {"application/json", API_FORMAT_JSON, "json", false},
    {"image/svg+xml", API_FORMAT_SVG, "svg", false},
};

static const struct api_form *histogram_form(const struct api_run *run, enum api_format format)
{
    if (format == API_FORMAT_SVG)
        return &api_form_plot;
    return run->computation->endpoint == API_IMAGES_HISTOGRAMS ? &api_form_image_histograms
                                                               : &api_form_sample_histograms;
}

/*
 * A drawing evaluates the density along its curve alone; JSON in each bin, and at the points of
 * quadrature. Counting these takes time, too: it ends where they are more nanoseconds than max-work
 * allows, and when the job is cancelled, which then computes nothing.
 */
static uint64_t exact_points(const struct api_run *run)
{
    const struct api_selection *frames = &run->parameters.frames;
    uint64_t most = api_service_limits(run->call->service)->max_work;
    struct dissolve_marginal law;
    uint64_t count = 0;
    if (run->form == &api_form_plot)
        return run->body.json.has_mixture
                   ? API_PLOT_CURVE * frames->count * run->body.json.mixture.components
                   : 0;
    for (size_t i = 0; i < frames->count && count <= most; i++) {
        if (dissolve_job_cancelled(run->call->job) || !api_exact_law(run, frames->t[i], &law))
            break;
        uint64_t points = dissolve_marginal_points(&law);
        if (points > DISSOLVE_MARGINAL_MAX_POINTS)
            points = 0; /* these are told as null */
        count += (points + run->parameters.bins) * law.mixture->components;
    }
    return count;
}

const struct api_computation api_images_histograms = {.endpoint = API_IMAGES_HISTOGRAMS,
                                                      .file_stem = "histograms",
                                                      .offers = histogram_offers,
                                                      .offer_count = COUNT(histogram_offers),
                                                      .identify = api_image_identify,
                                                      .parse = api_image_parse,
                                                      .probe = api_image_probe,
                                                      .load = api_image_load,
                                                      .form = histogram_form};

const struct api_computation api_samples_histograms = {.endpoint = API_SAMPLES_HISTOGRAMS,
                                                       .file_stem = "histograms",
                                                       .offers = histogram_offers,
                                                       .offer_count = COUNT(histogram_offers),
                                                       .identify = api_samples_identify,
                                                       .parse = api_samples_parse,
                                                       .probe = api_samples_probe,
                                                       .load = api_samples_load,
                                                       .form = histogram_form,
                                                       .exact_points = exact_points};
