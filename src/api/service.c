/* Makes the documents once, at start, and keeps what all requests share. */
#include "service.h"

#include "codec/png.h"
#include "explorer/embedded.h"
#include "json.h"
#include "sample_picture.h"

#include <dissolve/noise.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct api_service {
    struct api_limits limits;
    unsigned threads;
    atomic_bool ready;
    enum dissolve_status (*print_metrics)(void *context, struct codec_buffer *out);
    void *metrics_context;
    struct api_document documents[API_DOCUMENT_COUNT];
    struct codec_buffer packed[API_DOCUMENT_COUNT];
    struct codec_buffer sample;
    char *description;
};

static void publish(struct api_service *service, enum api_document_name name,
                    const char *media_type, const void *bytes, size_t size)
{
    service->documents[name] = api_document_of(media_type, bytes, size);
}

static void publish_text(struct api_service *service, enum api_document_name name,
                         const char *media_type, const char *text)
{
    publish(service, name, media_type, text, strlen(text));
}

static void publish_explorer(struct api_service *service)
{
    publish(service, API_DOCUMENT_PAGE, "text/html; charset=utf-8", explorer_page,
            explorer_page_size);
    publish(service, API_DOCUMENT_OPENAPI, "application/yaml", explorer_openapi,
            explorer_openapi_size);
#define FILE(symbol, path, media_type)                                          \
    publish(service, API_DOCUMENT_FILE_##symbol, media_type, explorer_##symbol, \
            explorer_##symbol##_size);
#include "explorer/files.inc"
#undef FILE
}

static enum dissolve_status make_sample(struct api_service *service)
{
    struct codec_raster raster = {.channels = 3};
    uint8_t *pixels = NULL;
    enum dissolve_status status = api_sample_picture(&raster.width, &raster.height, &pixels);
    raster.pixels = pixels;
    if (status == DISSOLVE_OK)
        status = codec_png_encode(&raster, NULL, &service->sample);
    if (status == DISSOLVE_OK)
        publish(service, API_DOCUMENT_SAMPLE, "image/png", service->sample.data,
                service->sample.size);
    free(pixels);
    return status;
}

static enum dissolve_status make_description(struct api_service *service,
                                             const struct dissolve_pool *pool)
{
    struct json_service facts = {.version = DISSOLVED_VERSION,
                                 .threads = dissolve_pool_threads(pool),
                                 .limits = &service->limits};
    enum dissolve_status isa = dissolve_isa(&facts.instruction_set);
    (void)isa; /* the program has asked before */
    service->description = json_service(&facts);
    if (!service->description)
        return DISSOLVE_NO_MEMORY;
    publish_text(service, API_DOCUMENT_SERVICE, "application/json", service->description);
    return DISSOLVE_OK;
}

/* Once, for all requests: it takes longer than anything else about a document. */
static enum dissolve_status pack_documents(struct api_service *service)
{
    enum dissolve_status status = DISSOLVE_OK;
    for (size_t i = 0; i < API_DOCUMENT_COUNT && !status; i++) {
        status = api_document_pack(&service->documents[i], &service->packed[i]);
        service->documents[i].packed = &service->packed[i];
    }
    return status;
}

enum dissolve_status api_service_create(struct dissolve_pool *pool, const struct api_limits *limits,
                                        struct api_service **out)
{
    *out = NULL;
    struct api_service *service = calloc(1, sizeof *service);
    if (!service)
        return DISSOLVE_NO_MEMORY;
    service->limits = *limits;
    service->threads = dissolve_pool_threads(pool);
    atomic_init(&service->ready, true);
    publish_explorer(service);
    publish_text(service, API_DOCUMENT_HEALTH, "application/json", "{\"status\":\"ok\"}\n");
    publish_text(service, API_DOCUMENT_READY, "application/json", "{\"status\":\"ready\"}\n");
    enum dissolve_status status = make_sample(service);
    if (status == DISSOLVE_OK)
        status = make_description(service, pool);
    if (status == DISSOLVE_OK)
        status = pack_documents(service);
    if (status != DISSOLVE_OK) {
        api_service_destroy(service);
        return status;
    }
    *out = service;
    return DISSOLVE_OK;
}

void api_service_destroy(struct api_service *service)
{
    if (!service)
        return;
    for (size_t i = 0; i < API_DOCUMENT_COUNT; i++)
        codec_buffer_free(&service->packed[i]);
    codec_buffer_free(&service->sample);
    free(service->description);
    free(service);
}

void api_service_set_metrics(struct api_service *service,
                             enum dissolve_status (*print)(void *context, struct codec_buffer *out),
                             void *context)
{
    service->print_metrics = print;
    service->metrics_context = context;
}

bool api_metrics_send(struct api_call *call, struct api_problem *problem)
{
    const struct api_service *service = call->service;
    struct codec_buffer text = {0};
    if (!service->print_metrics)
        return api_problem_set(problem, 404, "nobody counts here");
    enum dissolve_status status = service->print_metrics(service->metrics_context, &text);
    bool sent = false;
    if (status == DISSOLVE_OK) {
        const struct api_document document =
            api_document_of("text/plain; version=0.0.4; charset=utf-8", text.data, text.size);
        sent = api_document_send(call, &document);
    } else {
        api_problem_from_status(problem, status, NULL);
    }
    codec_buffer_free(&text);
    return sent;
}

void api_service_set_ready(struct api_service *service, bool ready)
{
    atomic_store(&service->ready, ready);
}

bool api_service_is_ready(const struct api_service *service)
{
    return atomic_load(&service->ready);
}

const struct api_limits *api_service_limits(const struct api_service *service)
{
    return &service->limits;
}

const struct api_document *api_service_document(const struct api_service *service,
                                                enum api_document_name name)
{
    return &service->documents[name];
}

/* The largest unit that divides the limit, so that both are written without a fraction. */
static uint64_t unit_of(uint64_t limit, const char **name)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}};
    size_t i = 0;
    while (limit % units[i].ns != 0)
        i++;
    *name = units[i].name;
    return units[i].ns;
}

/* What a client can do to make the request cheaper. */
static const char *remedy_of(enum api_endpoint endpoint)
{
    switch (endpoint) {
    case API_IMAGES_FRAMES:
        return "ask for fewer frames or steps, or send a smaller picture";
    case API_IMAGES_HISTOGRAMS:
        return "ask for fewer frames, steps or bins, or send a smaller picture";
    case API_SAMPLES_HISTOGRAMS:
        return "ask for fewer frames, steps or bins, or for fewer samples or components";
    case API_SAMPLES_FRAMES:
    case API_SCHEDULE:
        break;
    }
    return "ask for fewer frames or steps, or for fewer samples";
}

bool api_check_work(const struct api_service *service, enum api_endpoint endpoint,
                    uint64_t estimate, struct api_problem *problem)
{
    uint64_t most = service->limits.max_work;
    const char *name;
    if (estimate <= most)
        return true;
    uint64_t unit = unit_of(most, &name);
    uint64_t rounded = estimate / unit + (estimate % unit > 0 ? 1 : 0);
    return api_problem_set(problem, 422,
                           "This request is estimated at %" PRIu64 " %s of one processor core, "
                           "above the limit of %" PRIu64 " %s (max-work); %s.",
                           rounded, name, most / unit, name, remedy_of(endpoint));
}

unsigned api_service_threads(const struct api_service *service)
{
    return service->threads;
}

bool api_check_memory(const struct api_service *service, uint64_t estimate,
                      struct api_problem *problem)
{
    const uint64_t mebibyte = 1 << 20;
    uint64_t most = service->limits.max_memory;
    if (most == 0 || estimate <= most)
        return true;
    return api_problem_set(problem, 422,
                           "This request is estimated at %" PRIu64 " MiB of memory, above the "
                           "limit of %" PRIu64 " MiB for one request (from max-memory); send a "
                           "smaller body.",
                           estimate / mebibyte + (estimate % mebibyte > 0), most / mebibyte);
}
