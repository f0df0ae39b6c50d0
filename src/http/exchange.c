/* The life of one exchange between its socket thread and its job thread. */
#include "exchange.h"

#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct http_exchange *http_exchange_create(struct api_service *service, const char *target)
{
    struct http_exchange *exchange = malloc(sizeof *exchange);
    if (exchange == NULL)
        return NULL;
    *exchange = (struct http_exchange){.service = service, .holders = 1, .began = api_now_ms()};
    exchange->target_status = http_target_parse(target, &exchange->target);
    return exchange;
}

void http_exchange_free_body(struct http_exchange *exchange)
{
    free(exchange->body);
    exchange->body = NULL;
    exchange->body_capacity = 0;
    exchange->body_size = 0;
    if (exchange->memory != NULL)
        http_memory_release_body(exchange->memory, &exchange->charge);
}

void http_exchange_hold(struct http_exchange *exchange)
{
    atomic_fetch_add(&exchange->holders, 1);
}

static void forget_headers(struct http_exchange *exchange)
{
    free(exchange->headers);
    exchange->headers = NULL;
    exchange->header_count = 0;
    exchange->status = 0;
}

void http_exchange_release(struct http_exchange *exchange)
{
    if (atomic_fetch_sub(&exchange->holders, 1) != 1)
        return;
    if (exchange->records != NULL && exchange->counted)
        http_records_add(exchange->records, exchange);
    forget_headers(exchange);
    http_target_free(&exchange->target);
    free(exchange->content_type);
    free(exchange->accept);
    free(exchange->accept_encoding);
    free(exchange->if_none_match);
    http_exchange_free_body(exchange);
    api_call_destroy(exchange->call);
    http_pipe_destroy(exchange->pipe);
    dissolve_job_destroy(exchange->job);
    if (exchange->memory != NULL)
        http_memory_release(exchange->memory, &exchange->charge);
    free(exchange);
}

bool http_exchange_take_head(struct http_exchange *exchange, struct http_head *head)
{
    if (head->no_memory)
        return false;
    http_head_id(head, exchange->id);
    exchange->content_type = http_value_take(&head->content_type);
    exchange->accept = http_value_take(&head->accept);
    exchange->accept_encoding = http_value_take(&head->accept_encoding);
    exchange->if_none_match = http_value_take(&head->if_none_match);
    return true;
}

void http_exchange_note_unseen(struct http_exchange *exchange)
{
    if (exchange->counted)
        return;
    if (exchange->id[0] == '\0')
        http_head_id(&(struct http_head){0}, exchange->id);
    exchange->rejected = true;
    exchange->rejection =
        exchange->sent_status == 413 ? HTTP_REJECTED_TOO_LARGE : HTTP_REJECTED_MALFORMED;
    exchange->counted = true;
}

bool http_exchange_append(struct http_exchange *exchange, const void *bytes, size_t size,
                          size_t expected)
{
    if (size > SIZE_MAX - exchange->body_size)
        return false;
    size_t needed = exchange->body_size + size;
    if (needed > exchange->body_capacity) {
        /* Doubling, although the size may be known: a client that lies about it costs nothing. */
        size_t capacity =
            exchange->body_capacity > SIZE_MAX / 2 ? SIZE_MAX : exchange->body_capacity * 2;
        if (capacity > expected && expected >= needed)
            capacity = expected;
        if (capacity < needed)
            capacity = needed;
        uint8_t *body = realloc(exchange->body, capacity);
        if (body == NULL)
            return false;
        exchange->body = body;
        exchange->body_capacity = capacity;
    }
    memcpy(exchange->body + exchange->body_size, bytes, size);
    exchange->body_size = needed;
    return true;
}

static void resume_work(void *context)
{
    struct http_exchange *exchange = context;
    http_queue_resume(exchange->queue, &exchange->work);
}

bool http_exchange_begin(struct http_exchange *exchange, size_t capacity,
                         void (*readable)(void *context))
{
    const struct http_pipe_events events = {
        .readable = readable, .drained = resume_work, .context = exchange};
    http_pipe_destroy(exchange->pipe);
    exchange->pipe_capacity = capacity;
    exchange->whole = exchange->http_1_0;
    exchange->pipe = http_pipe_create(exchange->whole ? SIZE_MAX : capacity, &events);
    if (exchange->pipe == NULL)
        return false;
    if (exchange->head_only)
        http_pipe_count_only(exchange->pipe);
    return true;
}

static bool copy_headers(struct http_exchange *exchange, const struct api_field *headers,
                         size_t count)
{
    size_t size = (count + 1) * sizeof *exchange->headers; /* never 0 */
    for (size_t i = 0; i < count; i++)
        size += strlen(headers[i].name) + 1 + strlen(headers[i].value) + 1;
    exchange->headers = malloc(size);
    if (exchange->headers == NULL)
        return false;
    char *end = (char *)(exchange->headers + count);
    for (size_t i = 0; i < count; i++) {
        exchange->headers[i] = (struct http_header){.name = end};
        end = stpcpy(end, headers[i].name) + 1;
        exchange->headers[i].value = end;
        end = stpcpy(end, headers[i].value) + 1;
    }
    exchange->header_count = count;
    return true;
}

static void start(void *context, int status, const struct api_field *headers, size_t count)
{
    struct http_exchange *exchange = context;
    forget_headers(exchange);
    if (status == 304) /* it has the headers of a 200, its Content-Length among them, and no body */
        http_pipe_count_only(exchange->pipe);
    if (copy_headers(exchange, headers, count))
        exchange->status = status;
    else
        http_pipe_abort(exchange->pipe); /* no memory for a head: no answer at all */
}

/* The pipe of a size that is known opens as any other: its reader notices a missing part. */
static void announce(void *context, uint64_t size)
{
    struct http_exchange *exchange = context;
    if (!exchange->whole || exchange->head_only)
        return;
    exchange->whole = false;
    exchange->size_known = true;
    exchange->size = size;
    http_pipe_bound(exchange->pipe, exchange->pipe_capacity);
}

static void fail(struct http_exchange *exchange, int status, const char *detail)
{
    exchange->failure = status;
    exchange->failure_detail = detail;
}

static void reject_for_memory(struct http_exchange *exchange, const char *detail)
{
    exchange->rejected = true;
    exchange->rejection = HTTP_REJECTED_NO_MEMORY;
    fail(exchange, 503, detail);
}

/* Whether bytes that are kept until the answer is complete may be. */
static bool may_keep(struct http_exchange *exchange, size_t size)
{
    if (size > HTTP_WHOLE_MAX - exchange->charge.kept)
        fail(exchange, 505,
             "The answer is too long for HTTP/1.0, where it is sent only when it is complete and "
             "at most 64 MiB long; ask with HTTP/1.1, or for less.");
    else if (exchange->memory != NULL &&
             !http_memory_add_kept(exchange->memory, &exchange->charge, &exchange->sharer, size))
        fail(exchange, 503,
             "Too many answers to HTTP/1.0 are being kept; retry later, or ask with HTTP/1.1.");
    return exchange->failure == 0;
}

static bool must_keep(const struct http_exchange *exchange)
{
    return exchange->whole && exchange->pipe_capacity < SIZE_MAX && !exchange->head_only;
}

static bool write_bytes(void *context, const void *bytes, size_t size)
{
    struct http_exchange *exchange = context;
    if (must_keep(exchange) && !may_keep(exchange, size))
        return false;
    return http_pipe_write(exchange->pipe, bytes, size);
}

static bool write_borrowed(void *context, const void *bytes, size_t size)
{
    struct http_exchange *exchange = context;
    if (must_keep(exchange))
        return write_bytes(context, bytes, size);
    return http_pipe_write_borrowed(exchange->pipe, bytes, size);
}

static bool must_wait(void *context, uint64_t mark)
{
    const struct http_exchange *exchange = context;
    return http_pipe_must_wait(exchange->pipe, mark);
}

/* Where others wait, the queue decides when it is the turn of this one. */
static bool reserve(void *context, uint64_t bytes)
{
    struct http_exchange *exchange = context;
    struct http_charge *charge = &exchange->charge;
    if (exchange->memory == NULL || exchange->queue == NULL || bytes == charge->job)
        return true;
    bool others_wait = http_queue_length(exchange->queue) > 0;
    if (http_memory_set_job(exchange->memory, charge, &exchange->sharer, bytes, others_wait))
        return true;
    exchange->work.memory = bytes;
    return false;
}

static void release_body(void *context)
{
    http_exchange_free_body(context);
}

static void flush(void *context)
{
    const struct http_exchange *exchange = context;
    if (!exchange->whole)
        http_pipe_flush(exchange->pipe);
}

static struct api_request request_of(const struct http_exchange *exchange)
{
    return (struct api_request){
        .id = exchange->id,
        .content_type = exchange->content_type,
        .accept = exchange->accept,
        .accept_encoding = exchange->accept_encoding,
        .if_none_match = exchange->if_none_match,
        .query = exchange->target.query,
        .query_count = exchange->target.query_count,
        .body = exchange->body != NULL ? exchange->body : (const uint8_t *)"",
        .body_size = exchange->body_size,
    };
}

static struct api_reply reply_of(struct http_exchange *exchange)
{
    return (struct api_reply){.context = exchange,
                              .start = start,
                              .write = write_bytes,
                              .write_borrowed = write_borrowed,
                              .must_wait = must_wait,
                              .flush = flush,
                              .announce = announce,
                              .reserve = reserve,
                              .release_body = release_body};
}

/* The answer of a request whose own could not be made. */
static void refuse_instead(struct http_exchange *exchange, int verdict)
{
    const struct api_reply reply = reply_of(exchange);
    int status = verdict != 0 ? verdict : exchange->failure != 0 ? exchange->failure : 500;
    const char *detail = status == exchange->failure ? exchange->failure_detail
                         : status == 504 ? "The computation took longer than the deadline."
                         : status == 503 ? "The service is shutting down."
                                         : "The answer could not be completed.";
    exchange->whole = false; /* the refusal is short, and complete when it is written */
    exchange->size_known = false;
    api_refuse(&reply, exchange->id, status, detail);
}

/*
 * The response is made, and what is left of it to be sent is in the pipe: that counts, unless it is
 * little, for operators, or has been counted as it was kept. Of work it takes the computation's
 * place. false: there is no memory for it.
 */
static bool count_left(struct http_exchange *exchange)
{
    enum { LITTLE = 4096 };
    struct http_charge *charge = &exchange->charge;
    uint64_t left = charge->kept > 0 ? 0 : http_pipe_memory(exchange->pipe);
    if (left <= LITTLE)
        left = 0;
    if (exchange->memory == NULL || left == charge->job)
        return true;
    if (exchange->queue == NULL)
        return api_route_is_for_operators(exchange->route) ||
               http_memory_add_kept(exchange->memory, charge, &exchange->sharer, left);
    bool others_wait = http_queue_length(exchange->queue) > 0;
    return http_memory_set_job(exchange->memory, charge, &exchange->sharer, left, others_wait);
}

/*
 * The answer has been made, or as much of it as could be. A job that was stopped may have told so
 * in its own way; why is known here.
 */
static void finish(struct http_exchange *exchange, bool complete)
{
    int verdict = atomic_load(&exchange->verdict);
    complete = complete && exchange->status != 0 && (verdict == 0 || exchange->status != 503);
    bool fits = count_left(exchange);
    if (!(complete && fits) && !atomic_load(&exchange->gone) && http_pipe_restart(exchange->pipe)) {
        if (complete)
            reject_for_memory(exchange, "There is no memory for the response now; retry later.");
        refuse_instead(exchange, verdict);
        complete = exchange->status != 0;
        (void)!count_left(exchange);
    }
    http_exchange_free_body(exchange);
    http_pipe_end(exchange->pipe, complete);
}

/* Stopped or abandoned work is over, however far it has come. */
static enum api_progress go_on(struct http_exchange *exchange)
{
    if (atomic_load(&exchange->gone) || atomic_load(&exchange->verdict) != 0)
        return API_INCOMPLETE;
    if (exchange->call == NULL) {
        const struct api_reply reply = reply_of(exchange);
        const struct api_request request = request_of(exchange);
        exchange->call = api_call_create(exchange->service, exchange->route, &request,
                                         exchange->job, &reply, &exchange->timing);
    }
    if (exchange->call == NULL) {
        reject_for_memory(exchange, "There is no memory for the request now.");
        return API_INCOMPLETE;
    }
    return api_call_continue(exchange->call);
}

enum http_work_result http_exchange_continue(struct http_exchange *exchange)
{
    enum api_progress progress = go_on(exchange);
    if (progress == API_WAITS_FOR_READER)
        return HTTP_WORK_PAUSED;
    if (progress == API_WAITS_FOR_MEMORY)
        return HTTP_WORK_WAITS;
    api_call_destroy(exchange->call);
    exchange->call = NULL;
    finish(exchange, progress == API_COMPLETE);
    return HTTP_WORK_DONE;
}

/* A pipe of any capacity never has its writer wait, and a document asks for no memory. */
void http_exchange_answer(struct http_exchange *exchange)
{
    (void)!http_exchange_continue(exchange);
}

bool http_exchange_answer_small(struct http_exchange *exchange)
{
    const struct api_reply reply = reply_of(exchange);
    const struct api_request request = request_of(exchange);
    bool complete;
    if (!api_handle_small(exchange->service, exchange->route, &request, &reply, &exchange->timing,
                          &complete))
        return false;
    exchange->computed = true;
    finish(exchange, complete);
    return true;
}

void http_exchange_refuse(struct http_exchange *exchange)
{
    const struct api_reply reply = reply_of(exchange);
    http_exchange_free_body(exchange);
    api_refuse(&reply, exchange->id, exchange->refusal, exchange->refusal_detail);
    http_pipe_end(exchange->pipe, exchange->status != 0);
}

/* What is left to do needs no thread: it is done here. */
static void leave_queue(struct http_exchange *exchange)
{
    if (exchange->queue != NULL && http_queue_withdraw(exchange->queue, &exchange->work))
        (void)exchange->work.run(&exchange->work);
}

static void give_up(struct http_exchange *exchange)
{
    dissolve_job_cancel(exchange->job);
    http_pipe_abort(exchange->pipe);
    leave_queue(exchange);
}

/* One of the two, share and abandon, sees what the other one has stored. */
void http_exchange_share(struct http_exchange *exchange)
{
    atomic_store(&exchange->shared, true);
    if (atomic_load(&exchange->gone))
        give_up(exchange);
}

void http_exchange_abandon(struct http_exchange *exchange)
{
    atomic_store(&exchange->gone, true);
    if (atomic_load(&exchange->shared))
        give_up(exchange);
}

bool http_exchange_claim(struct http_exchange *exchange)
{
    return !atomic_exchange(&exchange->heard, true);
}

void http_exchange_stop(struct http_exchange *exchange, int status)
{
    int none = 0;
    atomic_compare_exchange_strong(&exchange->verdict, &none, status);
    if (!atomic_load(&exchange->shared))
        return;
    dissolve_job_cancel(exchange->job);
    http_pipe_abort_if_open(exchange->pipe);
    leave_queue(exchange);
}

void http_exchange_print_timing(const struct http_exchange *exchange, char text[HTTP_TIMING_TEXT])
{
    snprintf(text, HTTP_TIMING_TEXT,
             "queue;dur=%.3f, decode;dur=%.3f, diffuse;dur=%.3f, encode;dur=%.3f", exchange->queued,
             exchange->timing.decode, exchange->timing.diffuse, exchange->timing.encode);
}
