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
    atomic_bool ready;
    struct api_document documents[API_DOCUMENT_COUNT];
    struct codec_buffer sample;
    char *description;
};

/* FNV-1a, 64 bits: tells versions of a document apart. */
static uint64_t fingerprint(const uint8_t *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    return hash;
}

static void publish(struct api_service *service, enum api_document_name name,
                    const char *media_type, const void *bytes, size_t size)
{
    struct api_document *document = &service->documents[name];
    *document = (struct api_document){.media_type = media_type, .bytes = bytes, .size = size};
    snprintf(document->etag, sizeof document->etag, "\"%016" PRIx64 "\"", fingerprint(bytes, size));
}

static void publish_text(struct api_service *service, enum api_document_name name,
                         const char *media_type, const char *text)
{
    publish(service, name, media_type, text, strlen(text));
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

enum dissolve_status api_service_create(struct dissolve_pool *pool, const struct api_limits *limits,
                                        struct api_service **out)
{
    *out = NULL;
    struct api_service *service = calloc(1, sizeof *service);
    if (!service)
        return DISSOLVE_NO_MEMORY;
    service->limits = *limits;
    atomic_init(&service->ready, true);
    publish(service, API_DOCUMENT_PAGE, "text/html; charset=utf-8", explorer_page,
            explorer_page_size);
    publish(service, API_DOCUMENT_OPENAPI, "application/yaml", explorer_openapi,
            explorer_openapi_size);
    publish_text(service, API_DOCUMENT_HEALTH, "application/json", "{\"status\":\"ok\"}\n");
    publish_text(service, API_DOCUMENT_READY, "application/json", "{\"status\":\"ready\"}\n");
    enum dissolve_status status = make_sample(service);
    if (status == DISSOLVE_OK)
        status = make_description(service, pool);
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
    codec_buffer_free(&service->sample);
    free(service->description);
    free(service);
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

bool api_check_work(const struct api_service *service, uint64_t elements, uint64_t steps,
                    struct api_problem *problem)
{
    uint64_t most = service->limits.max_work;
    if (steps == 0 || elements <= most / steps)
        return true;
    return api_problem_set(problem, 422,
                           "%" PRIu64 " elements times %" PRIu64
                           " steps is more work than the limit of %" PRIu64,
                           elements, steps, most);
}
