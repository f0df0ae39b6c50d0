/* Fuzzes the JSON body of samples: the scan, the tree, the mixture and the parameters in it. */
#include "judged.h"

/* Either samples, all of them finite, or a mixture that the engine takes. */
static void check_body(const struct json_body *body)
{
    CHECK(!body->samples == body->has_mixture);
    CHECK(!body->samples == (body->sample_count == 0));
    for (size_t i = 0; i < body->sample_count; i++)
        CHECK(isfinite(body->samples[i]));
    if (!body->has_mixture)
        return;
    CHECK(dissolve_mixture_check(&body->mixture) == DISSOLVE_OK);
    CHECK(body->mixture_count >= 1 && body->mixture_count < 1ull << 53);
    float drawn[7];
    dissolve_mixture_draw(&body->mixture, 1, 2, 7, drawn);
    for (size_t i = 0; i < 7; i++)
        CHECK(isfinite(drawn[i]));
}

/* The two samples endpoints read what stands beside the samples. */
static void check_arguments(const struct api_arguments *arguments)
{
    static const enum api_endpoint endpoints[] = {API_SAMPLES_FRAMES, API_SAMPLES_HISTOGRAMS};
    for (size_t i = 0; i < 2; i++) {
        struct api_parameters parameters;
        if (read_parameters(endpoints[i], arguments, &parameters))
            api_parameters_free(&parameters);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_body body = {0};
    struct api_arguments arguments = {0};
    struct api_problem problem = {0};
    if (json_body_read((const char *)data, size, &body, &arguments, &problem)) {
        check_json(data, size);
        check_body(&body);
        check_arguments(&arguments);
    } else {
        check_problem(&problem);
    }
    json_body_free(&body);
    api_arguments_free(&arguments);
    return 0;
}
