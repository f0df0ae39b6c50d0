/* Asks the api as the door does, and keeps the answer; the requests that several tests share. */
#ifndef TESTS_ASKING_H
#define TESTS_ASKING_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "expect.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { ANSWER_ROOM = 1 << 18, ANSWER_HEADERS = 10, QUERY_ROOM = 1024, QUERY_FIELDS = 140 };

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

/* What was answered. The first three are for the caller to set. */
struct answer {
    bool reader_leaves; /* when `limit` bytes have been taken */
    size_t limit;
    size_t
        cancel_at; /* another thread cancels the job when so many bytes are there; 0: none does */

    bool complete; /* what api_handle returned */
    int status;
    size_t starts;
    size_t flushes;
    bool taken; /* it was small enough for this thread */
    bool cancelled;
    char headers[ANSWER_HEADERS][2][160];
    size_t header_count;
    uint8_t bytes[ANSWER_ROOM + 1]; /* a NUL stands behind them */
    size_t size;
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

static inline bool answer_write(void *context, const void *bytes, size_t size)
{
    struct answer *answer = context;
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

/* Asks with a job of the caller's; NULL: as a request that is small, perhaps, on this thread. */
static inline void ask_with(const struct server *server, const struct question *question,
                            struct dissolve_job *job, struct answer *answer)
{
    char room[QUERY_ROOM];
    struct api_field fields[QUERY_FIELDS];
    const struct api_route *route = NULL;
    const char *allow = NULL;
    const struct api_reply reply = {
        .context = answer, .start = answer_start, .write = answer_write, .flush = answer_flush};
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
    const struct answer wanted = {.reader_leaves = answer->reader_leaves,
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
        answer->complete =
            api_handle(server->service, route, &request, job, &reply, &answer->timing);
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
