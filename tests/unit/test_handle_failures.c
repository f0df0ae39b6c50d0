/* What becomes of an answer without memory, with a reader that leaves, and with a cancelled job. */
#include "api/json.h"
#include "asking_cases.h"
#include "failing_malloc.h"

static struct server one, four;
static struct answer good, plain, answer;

static int open_all(void **state)
{
    server_open(&one, 1, &wide_limits);
    server_open(&four, 4, &wide_limits);
    return make_bodies(state);
}

static int close_all(void **state)
{
    server_close(&one);
    server_close(&four);
    return free_bodies(state);
}

static bool begins_like(const struct answer *part, const struct answer *whole)
{
    return part->size <= whole->size && memcmp(part->bytes, whole->bytes, part->size) == 0;
}

/* Whole, or a problem, or visibly cut off: nothing else. */
static bool is_honest(const struct answer *seen)
{
    bool zipped = header_of(seen, "Content-Encoding");
    const struct answer *expected = zipped ? &good : &plain;
    if (seen->status != 200)
        return is_problem(seen, 503) && header_of(seen, "Retry-After");
    if (seen->complete)
        return same_bytes(seen, expected) && (!zipped || same_head(seen, expected));
    return begins_like(seen, expected) && seen->size < expected->size;
}

static void fail_each(const struct request_case *request, const struct server *server)
{
    const struct question question = question_of(request, false);
    struct dissolve_job *job;
    bool failed = true;
    long n = 0;
    for (; failed; n++) {
        assert_int_equal(dissolve_job_create(server->pool, &job), DISSOLVE_OK);
        fail_allocation(n);
        ask_with(server, &question, job, &answer);
        failed = allocation_failed();
        dissolve_job_destroy(job);
        if (!is_honest(&answer))
            fail_msg("%s?%s without allocation %ld: %d, %zu bytes, complete %d", request->path,
                     request->query, n, answer.status, answer.size, answer.complete);
    }
    assert_true(answer.complete && answer.status == 200);
}

static void without_memory_no_answer_lies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(request_cases); i++) {
        const struct question asks_plain = question_of(&request_cases[i], true);
        const struct question question = question_of(&request_cases[i], false);
        for (size_t k = 0; k < 2; k++) {
            const struct server *server = k == 0 ? &one : &four;
            ask(server, &asks_plain, &plain);
            ask(server, &question, &good);
            fail_each(&request_cases[i], server);
        }
    }
}

/* A problem without memory is that of the request, or that there is none; its text may be short. */
static void problems_without_memory(void **state)
{
    static const struct question question = {
        .path = samples_path, .query = "steps=x", .text = "{\"samples\":[1]}"};
    struct dissolve_job *job;
    size_t short_ones = 0;
    bool failed = true;
    (void)state;
    for (long n = 0; failed; n++) {
        assert_int_equal(dissolve_job_create(one.pool, &job), DISSOLVE_OK);
        answer.reader_leaves = false;
        answer.cancel_at = 0;
        fail_allocation(n);
        ask_with(&one, &question, job, &answer);
        failed = allocation_failed();
        dissolve_job_destroy(job);
        assert_true(is_problem(&answer, 400) || is_problem(&answer, 503));
        short_ones += strstr((const char *)answer.bytes, "no memory to say why") != NULL;
    }
    assert_true(short_ones > 3);
    assert_true(is_problem(&answer, 400));
}

/* Its picture takes its time, so that of the description's many pieces only some fail here. */
static void a_service_without_memory(void **state)
{
    struct api_service *service;
    bool failed = true;
    (void)state;
    for (long n = 0; failed; n += n < 8 ? 1 : 60) {
        fail_allocation(n);
        enum dissolve_status status = api_service_create(one.pool, &wide_limits, &service);
        failed = allocation_failed();
        assert_int_equal(status, failed ? DISSOLVE_NO_MEMORY : DISSOLVE_OK);
        assert_true(failed == !service);
        api_service_destroy(service);
    }
    api_service_destroy(NULL);
}

static void a_description_without_memory(void **state)
{
    const struct json_service facts = {
        .version = "1", .instruction_set = "x", .threads = 1, .limits = &wide_limits};
    bool failed = true;
    long n = 0;
    (void)state;
    for (; failed; n++) {
        fail_allocation(n);
        char *text = json_service(&facts);
        failed = allocation_failed();
        assert_true(failed == !text);
        free(text);
    }
    assert_true(n > 50);
}

static void check_departure(const struct request_case *request, const struct server *server,
                            size_t limit)
{
    const struct question question = question_of(request, false);
    struct dissolve_job *job;
    assert_int_equal(dissolve_job_create(server->pool, &job), DISSOLVE_OK);
    answer.reader_leaves = true;
    answer.limit = limit;
    ask_with(server, &question, job, &answer);
    answer.reader_leaves = false;
    dissolve_job_destroy(job);
    assert_true(answer.size <= limit);
    if (answer.complete != (limit >= good.size) || answer.status != 200 ||
        !begins_like(&answer, &good))
        fail_msg("%s?%s, left after %zu bytes: complete %d with %zu of %zu bytes", request->path,
                 request->query, limit, answer.complete, answer.size, good.size);
}

static void readers_may_leave_at_any_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(request_cases); i++) {
        const struct question question = question_of(&request_cases[i], false);
        ask(&one, &question, &good);
        for (size_t limit = 0; limit < good.size; limit += good.size / 25 + 1)
            check_departure(&request_cases[i], &one, limit);
        check_departure(&request_cases[i], &one, good.size - 1);
        check_departure(&request_cases[i], &one, good.size);
        if (strcmp(question.path, "/v1") == 0)
            continue;
        for (size_t limit = 1; limit < good.size; limit += good.size / 8 + 1)
            check_departure(&request_cases[i], &four, limit);
    }
}

static void ask_cancelled(const struct server *server, const struct question *question,
                          size_t cancel_at)
{
    struct dissolve_job *job;
    assert_int_equal(dissolve_job_create(server->pool, &job), DISSOLVE_OK);
    answer.cancel_at = cancel_at;
    if (cancel_at == 0)
        dissolve_job_cancel(job);
    ask_with(server, question, job, &answer);
    answer.cancel_at = 0;
    dissolve_job_destroy(job);
}

/* With 101 frames, where the query says how many: three windows. */
static struct question long_question(const struct request_case *request, char query[QUERY_ROOM])
{
    struct question question = question_of(request, false);
    const char *steps = strstr(request->query, "steps=3");
    if (steps) {
        snprintf(query, QUERY_ROOM, "%.*ssteps=100%s", (int)(steps - request->query),
                 request->query, steps + strlen("steps=3"));
        question.query = query;
    } else {
        strcpy(query, request->query);
    }
    return question;
}

static bool is_run(const struct request_case *request)
{
    return request->body != NO_BODY || request->text;
}

/* Of the third window nothing has been encoded when the first byte leaves; a sheet leaves last. */
static void check_cut(const struct request_case *request)
{
    char query[QUERY_ROOM];
    struct question question = long_question(request, query);
    bool is_sheet = strcmp(request->path, image_path) == 0 && strstr(query, "layout=");
    if (is_sheet || !strstr(query, "steps=100") || strstr(query, "frames=") ||
        strstr(query, "betas="))
        return;
    question.accept_encoding = NULL; /* gzip keeps the first bytes back */
    ask_cancelled(&four, &question, 1);
    if (!answer.cancelled || answer.status != 200 || answer.complete)
        fail_msg("%s?%s: %d, complete %d", request->path, query, answer.status, answer.complete);
}

static void jobs_may_be_cancelled_by_another_thread(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(request_cases); i++) {
        if (!is_run(&request_cases[i]))
            continue;
        const struct question question = question_of(&request_cases[i], false);
        ask_cancelled(&one, &question, 0);
        assert_true(is_problem(&answer, 503));
        check_cut(&request_cases[i]);
        ask(&one, &question, &good);
        for (size_t at = 1; at < good.size; at += good.size / 5 + 1) {
            ask_cancelled(at % 2 ? &one : &four, &question, at);
            assert_true(answer.cancelled && answer.status == 200);
            assert_true(answer.complete ? same_bytes(&answer, &good) : begins_like(&answer, &good));
        }
    }
}

/* A thread that cancels a job when it has turned round so many times. */
struct canceller {
    struct dissolve_job *job;
    long turns;
};

static void *cancel_later(void *context)
{
    const struct canceller *canceller = context;
    for (volatile long i = 0; i < canceller->turns; i++)
        continue;
    dissolve_job_cancel(canceller->job);
    return NULL;
}

/* Whenever it happens: nothing was begun, all was done, or the answer is cut off. */
static void check_any_time(const struct request_case *request, long turns)
{
    const struct question question = question_of(request, false);
    struct canceller canceller = {.turns = turns};
    pthread_t other;
    assert_int_equal(dissolve_job_create(four.pool, &canceller.job), DISSOLVE_OK);
    assert_int_equal(pthread_create(&other, NULL, cancel_later, &canceller), 0);
    ask_with(&four, &question, canceller.job, &answer);
    pthread_join(other, NULL);
    dissolve_job_destroy(canceller.job);
    assert_true(is_honest(&answer));
}

static void jobs_may_be_cancelled_at_any_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(request_cases); i++) {
        if (!is_run(&request_cases[i]))
            continue;
        const struct question asks_plain = question_of(&request_cases[i], true);
        const struct question question = question_of(&request_cases[i], false);
        ask(&four, &asks_plain, &plain);
        ask(&four, &question, &good);
        for (long turns = 1; turns < 1000000; turns *= 3)
            check_any_time(&request_cases[i], turns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_no_answer_lies),
        cmocka_unit_test(problems_without_memory),
        cmocka_unit_test(a_service_without_memory),
        cmocka_unit_test(a_description_without_memory),
        cmocka_unit_test(readers_may_leave_at_any_time),
        cmocka_unit_test(jobs_may_be_cancelled_by_another_thread),
        cmocka_unit_test(jobs_may_be_cancelled_at_any_time),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
