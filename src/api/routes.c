/* The table of routes, and the way from a request to its handler. */
#include "routes.h"

#include "run.h"
#include "service.h"

#include <stdlib.h>
#include <string.h>

/* What api_handle_small takes on: an estimate of 100 microseconds or less, in nanoseconds. */
#define SMALL_WORK 100000
#define SMALL_BODY 8192

/* A route that has neither a computation nor a handler is a document. */
struct api_route {
    const char *method;
    const char *path;
    const struct api_computation *computation;
    api_handler *handler;
    enum api_document_name document;
    bool may_be_small;  /* what it takes to answer can be told from a small body alone */
    bool for_operators; /* see api_route_is_for_operators */
};

/* First those that take parameters, in the order of the bits of enum api_endpoint. */
static const struct api_route routes[] = {
    {"POST", "/v1/images/frames", .computation = &api_images_frames},
    {"POST", "/v1/images/histograms", .computation = &api_images_histograms},
    {"POST", "/v1/samples/frames", .computation = &api_samples_frames, .may_be_small = true},
    {"POST", "/v1/samples/histograms", .computation = &api_samples_histograms,
     .may_be_small = true},
    {"GET", "/v1/schedule", .handler = api_schedule_table},
    {"GET", "/v1", .document = API_DOCUMENT_SERVICE},
    {"GET", "/sample.png", .document = API_DOCUMENT_SAMPLE},
    {"GET", "/openapi.yaml", .document = API_DOCUMENT_OPENAPI},
    {"GET", "/healthz", .document = API_DOCUMENT_HEALTH, .for_operators = true},
    {"GET", "/readyz", .document = API_DOCUMENT_READY, .for_operators = true},
    {"GET", "/metrics", .document = API_DOCUMENT_METRICS, .for_operators = true},
    {"GET", "/", .document = API_DOCUMENT_PAGE},
#define FILE(symbol, path, media_type) {"GET", path, .document = API_DOCUMENT_FILE_##symbol},
#include "explorer/files.inc"
#undef FILE
};

/* What the page loads is all in all, but no part of the interface. */
static const size_t all_count = sizeof routes / sizeof routes[0];
static const size_t route_count = sizeof routes / sizeof routes[0] - API_DOCUMENT_FILES;

bool api_route_name(size_t index, struct api_field *name)
{
    if (index >= route_count)
        return false;
    *name = (struct api_field){.name = routes[index].method, .value = routes[index].path};
    return true;
}

enum api_match api_find_route(const char *method, const char *path, const struct api_route **route,
                              const char **allow)
{
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    for (size_t i = 0; i < all_count; i++) {
        if (strcmp(routes[i].path, path) != 0)
            continue;
        *allow = strcmp(routes[i].method, "POST") == 0 ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
        *route = &routes[i];
        return strcmp(routes[i].method, method) == 0 ? API_MATCH : API_NO_SUCH_METHOD;
    }
    return API_NO_SUCH_PATH;
}

bool api_route_is_document(const struct api_route *route)
{
    return !route->computation && !route->handler;
}

bool api_route_is_for_operators(const struct api_route *route)
{
    return route->for_operators;
}

size_t api_route_index(const struct api_route *route)
{
    size_t index = route ? (size_t)(route - routes) : route_count;
    return index < route_count ? index : route ? route_count - 1 : route_count;
}

const char *api_route_path(size_t index)
{
    return index < route_count ? routes[index].path : NULL;
}

static bool send_document(struct api_call *call, struct api_problem *problem)
{
    if (call->request.query_count > 0) {
        const struct api_field *field = &call->request.query[0];
        return api_problem_blame(problem, 400, API_FAULT_PARAMETER, field->name,
                                 "unknown parameter %.64s", field->name);
    }
    if (call->route->document == API_DOCUMENT_READY && !api_service_is_ready(call->service))
        return api_problem_set(problem, 503, "The service is shutting down.");
    if (call->route->document == API_DOCUMENT_METRICS)
        return api_metrics_send(call, problem);
    return api_document_send(call, api_service_document(call->service, call->route->document));
}

static enum api_progress continue_run(struct api_call *call, struct api_problem *problem)
{
    if (!call->run)
        call->run = api_run_create(call, call->route->computation);
    if (!call->run) {
        (void)api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
        return API_INCOMPLETE;
    }
    return api_run_continue(call->run, problem);
}

static enum api_progress answer(struct api_call *call, struct api_problem *problem)
{
    const struct api_route *route = call->route;
    if (route->computation)
        return continue_run(call, problem);
    bool complete = route->handler ? route->handler(call, problem) : send_document(call, problem);
    return complete ? API_COMPLETE : API_INCOMPLETE;
}

enum api_progress api_call_continue(struct api_call *call)
{
    struct api_problem problem = {0};
    enum api_progress progress = answer(call, &problem);
    if (progress != API_COMPLETE && progress != API_INCOMPLETE)
        return progress;
    if (api_finish(call, progress == API_COMPLETE))
        return API_COMPLETE;
    if (call->started || call->postponed)
        return API_INCOMPLETE;
    api_problem_send(&problem, call->request.id, &call->reply);
    return API_COMPLETE;
}

struct api_call *api_call_create(struct api_service *service, const struct api_route *route,
                                 const struct api_request *request, struct dissolve_job *job,
                                 const struct api_reply *reply, struct api_timing *timing)
{
    struct api_call *call = malloc(sizeof *call);
    if (call)
        *call = (struct api_call){.service = service,
                                  .route = route,
                                  .allowance = UINT64_MAX,
                                  .request = *request,
                                  .job = job,
                                  .reply = *reply,
                                  .timing = timing};
    return call;
}

void api_call_destroy(struct api_call *call)
{
    if (!call)
        return;
    (void)!api_finish(call, false); /* the rest of what is compressed */
    api_run_destroy(call->run);
    free(call);
}

bool api_handle_small(struct api_service *service, const struct api_route *route,
                      const struct api_request *request, const struct api_reply *reply,
                      struct api_timing *timing, bool *complete)
{
    struct api_call call = {.service = service,
                            .route = route,
                            .allowance = SMALL_WORK,
                            .request = *request,
                            .reply = *reply,
                            .timing = timing};
    /* Images are decoded before their work is known. */
    if (!route->may_be_small || request->body_size > SMALL_BODY ||
        dissolve_job_create(NULL, &call.job) != DISSOLVE_OK)
        return false;
    *complete = api_call_continue(&call) == API_COMPLETE;
    api_run_destroy(call.run);
    dissolve_job_destroy(call.job);
    return !call.postponed;
}
