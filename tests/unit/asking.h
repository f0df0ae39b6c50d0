/* Asks the api as the door does, and keeps the answer; the requests that several tests share. */
#ifndef TESTS_ASKING_H
#define TESTS_ASKING_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "expect.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    ANSWER_ROOM = 1 << 22,
    ANSWER_HEADERS = 10,
    QUERY_ROOM = 1024,
    QUERY_FIELDS = 140,
    ANSWER_PIECES = 64
};

/* What is asked. NULL and 0 where nothing is said. */
struct question {
    const char *method; /* NULL: POST with a body, else GET */
    const char *path;
    const char *query; /* "a=b&c=d", as it is after decoding */
    const char *content_type;
    const char *accept;
    const char *accept_encoding;
    const char *if_none_match;
    const char *text; /* a body that is a string */
    const void *body; /* any other */
    size_t size;
};

/* What was answered. The first four are for the caller to set. */
struct answer {
    bool reader_leaves; /* when `limit` bytes have been taken */
    size_t limit;
    size_t
        cancel_at; /* another thread cancels the job when so many bytes are there; 0: none does */

    bool pauses; /* it has the call pause wherever it may, and takes what is borrowed late */

    bool complete;
    int status;
    size_t starts;
    size_t flushes;
    bool taken; /* it was small enough for this thread */
    bool cancelled;
    char headers[ANSWER_HEADERS][2][160];
    size_t header_count;
    uint8_t bytes[ANSWER_ROOM + 1]; /* a NUL stands behind them */
    size_t size;
    size_t pause_count;
    size_t refusal_count;
    uint64_t granted; /* bytes that the call has reserved */
    uint64_t refused; /* what the call waits for; 0: nothing */
    struct answer_piece {
        const void *bytes;
        size_t size;
    } borrowed[ANSWER_PIECES];
    size_t borrowed_count;
    struct dissolve_job *job;
    struct api_timing timing;
};

struct server {
    struct dissolve_pool *pool;
    struct api_service *service;
};

static inline void server_open(struct server *server, unsigned threads,
                               const struct api_limits *limits)
{
    assert_int_equal(dissolve_pool_create(threads, &server->pool), DISSOLVE_OK);
    assert_int_equal(api_service_create(server->pool, limits, &server->service), DISSOLVE_OK);
}

static inline void server_close(struct server *server)
{
    api_service_destroy(server->service);
    dissolve_pool_destroy(server->pool);
}

static inline void answer_start(void *context, int status, const struct api_field *headers,
                                size_t count)
{
    struct answer *answer = context;
    answer->starts++;
    answer->status = status;
    answer->header_count = count;
    assert_true(count <= ANSWER_HEADERS);
    for (size_t i = 0; i < count; i++) {
        assert_true(strlen(headers[i].value) < sizeof answer->headers[i][1]);
        strcpy(answer->headers[i][0], headers[i].name);
        strcpy(answer->headers[i][1], headers[i].value);
    }
}

static inline void *answer_cancel(void *context)
{
    dissolve_job_cancel(context);
    return NULL;
}

static inline bool answer_copy(struct answer *answer, const void *bytes, size_t size)
{
    assert_int_equal(answer->starts, 1);
    if (answer->reader_leaves && answer->size + size > answer->limit)
        return false;
    assert_true(size <= ANSWER_ROOM - answer->size);
    memcpy(answer->bytes + answer->size, bytes, size);
    answer->size += size;
    if (answer->cancel_at > 0 && !answer->cancelled && answer->size >= answer->cancel_at) {
        pthread_t other;
        assert_int_equal(pthread_create(&other, NULL, answer_cancel, answer->job), 0);
        pthread_join(other, NULL);
        answer->cancelled = true;
    }
    return true;
}

/* What is borrowed is looked at only when that is over, or something comes behind it. */
static inline bool answer_take_borrowed(struct answer *answer)
{
    bool taken = true;
    for (size_t i = 0; i < answer->borrowed_count && taken; i++)
        taken = answer_copy(answer, answer->borrowed[i].bytes, answer->borrowed[i].size);
    answer->borrowed_count = 0;
    return taken;
}

static inline bool answer_write(void *context, const void *bytes, size_t size)
{
    struct answer *answer = context;
    return answer_take_borrowed(answer) && answer_copy(answer, bytes, size);
}

static inline bool answer_write_borrowed(void *context, const void *bytes, size_t size)
{
    struct answer *answer = context;
    if (answer->borrowed_count == ANSWER_PIECES && !answer_take_borrowed(answer))
        return false;
    answer->borrowed[answer->borrowed_count++] = (struct answer_piece){bytes, size};
    return true;
}

/* Every other time it is asked. */
static inline bool answer_must_wait(void *context, uint64_t mark)
{
    struct answer *answer = context;
    if (mark > 0)
        (void)answer_take_borrowed(answer);
    return answer->pauses && answer->pause_count++ % 2 == 0;
}

static inline bool answer_reserve(void *context, uint64_t bytes)
{
    struct answer *answer = context;
    if (answer->refused > 0)
        assert_int_equal(bytes, answer->refused);
    bool more = bytes > answer->granted;
    bool refuses = answer->pauses && more && answer->refusal_count++ % 2 == 0;
    answer->refused = refuses ? bytes : 0;
    answer->granted = refuses ? answer->granted : bytes;
    return !refuses;
}

static inline void answer_flush(void *context)
{
    struct answer *answer = context;
    assert_int_equal(answer->starts, 1);
    answer->flushes++;
}

/* Cuts "a=b&c=d" at its marks, in `room`; returns how many fields there are. */
static inline size_t query_split(const char *query, char room[QUERY_ROOM], struct api_field *fields)
{
    size_t count = 0;
    assert_true(strlen(query ? query : "") < QUERY_ROOM);
    strcpy(room, query ? query : "");
    for (char *at = room; *at;) {
        char *end = at + strcspn(at, "&");
        char *next = *end ? end + 1 : end;
        *end = '\0';
        char *value = at + strcspn(at, "=");
        if (*value)
            *value++ = '\0';
        assert_true(count < QUERY_FIELDS);
        fields[count++] = (struct api_field){at, value};
        at = next;
    }
    return count;
}

static inline bool answer_by_call(const struct server *server, const struct api_route *route,
                                  const struct api_request *request, struct dissolve_job *job,
                                  const struct api_reply *reply, struct answer *answer)
{
    struct api_call *call =
        api_call_create(server->service, route, request, job, reply, &answer->timing);
    enum api_progress progress;
    if (!call) {
        api_refuse(reply, request->id, 503, "no memory");
        return true;
    }
    do
        progress = api_call_continue(call);
    while (progress == API_WAITS_FOR_READER || progress == API_WAITS_FOR_MEMORY);
    (void)answer_take_borrowed(answer);
    api_call_destroy(call);
    return progress == API_COMPLETE;
}

/* Asks with a job of the caller's; NULL: as a request that is small, perhaps, on this thread. */
static inline void ask_with(const struct server *server, const struct question *question,
                            struct dissolve_job *job, struct answer *answer)
{
    char room[QUERY_ROOM];
    struct api_field fields[QUERY_FIELDS];
    const struct api_route *route = NULL;
    const char *allow = NULL;
    const struct api_reply reply = {.context = answer,
                                    .start = answer_start,
                                    .write = answer_write,
                                    .write_borrowed = answer_write_borrowed,
                                    .must_wait = answer_must_wait,
                                    .flush = answer_flush,
                                    .reserve = answer_reserve};
    bool posts = question->text || question->body || question->content_type;
    const struct api_request request = {
        .id = "id-1",
        .content_type = question->content_type,
        .accept = question->accept,
        .accept_encoding = question->accept_encoding,
        .if_none_match = question->if_none_match,
        .query = fields,
        .query_count = query_split(question->query, room, fields),
        .body = question->text ? (const uint8_t *)question->text : question->body,
        .body_size = question->text ? strlen(question->text) : question->size};
    const struct answer wanted = {.pauses = answer->pauses,
                                  .reader_leaves = answer->reader_leaves,
                                  .limit = answer->limit,
                                  .cancel_at = answer->cancel_at,
                                  .job = job};
    memcpy(answer, &wanted, offsetof(struct answer, bytes));
    answer->size = 0;
    answer->job = job;
    answer->timing = (struct api_timing){0};
    const char *method = question->method ? question->method : posts ? "POST" : "GET";
    assert_int_equal(api_find_route(method, question->path, &route, &allow), API_MATCH);
    answer->taken = true;
    if (job)
        answer->complete = answer_by_call(server, route, &request, job, &reply, answer);
    else
        answer->taken = api_handle_small(server->service, route, &request, &reply, &answer->timing,
                                         &answer->complete);
    answer->bytes[answer->size] = '\0';
    assert_int_equal(answer->starts, answer->taken);
}

/* Asks, with a job of its own, and without any wishes the answer had before. */
static inline void ask(const struct server *server, const struct question *question,
                       struct answer *answer)
{
    struct dissolve_job *job;
    assert_int_equal(dissolve_job_create(server->pool, &job), DISSOLVE_OK);
    answer->pauses = false;
    answer->reader_leaves = false;
    answer->cancel_at = 0;
    ask_with(server, question, job, answer);
    dissolve_job_destroy(job);
}

/* NULL: the answer has no such header. */
static inline const char *header_of(const struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        if (strcmp(answer->headers[i][0], name) == 0)
            return answer->headers[i][1];
    }
    return NULL;
}

static inline bool same_head(const struct answer *a, const struct answer *b)
{
    bool same = a->status == b->status && a->header_count == b->header_count;
    for (size_t i = 0; same && i < a->header_count; i++)
        same = strcmp(a->headers[i][0], b->headers[i][0]) == 0 &&
               strcmp(a->headers[i][1], b->headers[i][1]) == 0;
    return same;
}

static inline bool same_bytes(const struct answer *a, const struct answer *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static inline bool is_problem(const struct answer *answer, int status)
{
    const char *type = header_of(answer, "Content-Type");
    return answer->complete && answer->status == status && type &&
           strcmp(type, "application/problem+json") == 0;
}

#endif
