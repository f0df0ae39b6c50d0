/* The service as the handlers see it: its limits, its readiness and its documents. */
#ifndef API_SERVICE_H
#define API_SERVICE_H

#include "document.h"
#include "parameters.h"

/* Threads of its pool. */
unsigned api_service_threads(const struct api_service *service);

/* 422 unless the estimate, bytes beside the body, is within max_memory. */
DISSOLVE_MUST_USE bool api_check_memory(const struct api_service *service, uint64_t estimate,
                                        struct api_problem *problem);

/* 422 unless the estimate, nanoseconds of one core, is within max-work. */
DISSOLVE_MUST_USE bool api_check_work(const struct api_service *service, enum api_endpoint endpoint,
                                      uint64_t estimate, struct api_problem *problem);

/* Sends the figures of the moment; as api_handler. */
bool api_metrics_send(struct api_call *call, struct api_problem *problem);

/* The documents; all but the last one do not change while the service runs. FILE_*: see explorer.
 */
enum api_document_name {
#define FILE(symbol, path, media_type) API_DOCUMENT_FILE_##symbol,
#include "explorer/files.inc"
#undef FILE
    API_DOCUMENT_FILES,
    API_DOCUMENT_PAGE = API_DOCUMENT_FILES,
    API_DOCUMENT_OPENAPI,
    API_DOCUMENT_SAMPLE,
    API_DOCUMENT_SERVICE,
    API_DOCUMENT_HEALTH,
    API_DOCUMENT_READY,
    API_DOCUMENT_METRICS,
    API_DOCUMENT_COUNT = API_DOCUMENT_METRICS,
};

const struct api_document *api_service_document(const struct api_service *service,
                                                enum api_document_name name);

#endif
