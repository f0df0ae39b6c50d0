/*
 * Fuzzes a whole request, as the door hands it on: lines with method and target, Content-Type,
 * Accept and Accept-Encoding, then the body. The answer has to be well-formed, and the one that a
 * small request gets on the asking thread has to be the same.
 */
#include "codec/image.h"
#include "codec/npy.h"
#include "http/target.h"
#include "judged.h"

#include <libdeflate.h>

enum { MAX_ANSWER = 1 << 18, MAX_PLAIN = 1 << 22 };

/* The reader takes so much and leaves. */
struct answer {
    size_t starts;
    int status;
    char type[128];
    bool gzip;
    bool left;
    size_t size;
    uint8_t bytes[MAX_ANSWER];
};

static bool is_token(const char *name)
{
    size_t size = strlen(name);
    return size > 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == size;
}

static void start(void *context, int status, const struct api_field *headers, size_t count)
{
    struct answer *answer = context;
    CHECK(answer->starts++ == 0);
    answer->status = status;
    for (size_t i = 0; i < count; i++) {
        CHECK(is_token(headers[i].name) && headers[i].value[0] != '\0');
        for (const char *c = headers[i].value; *c; c++)
            CHECK(*c >= ' ' && *c <= '~');
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(headers[k].name, headers[i].name) != 0);
        if (strcmp(headers[i].name, "Content-Type") == 0)
            snprintf(answer->type, sizeof answer->type, "%s", headers[i].value);
        answer->gzip = answer->gzip || strcmp(headers[i].name, "Content-Encoding") == 0;
    }
}

static bool take(void *context, const void *bytes, size_t size)
{
    struct answer *answer = context;
    CHECK(answer->starts == 1 && answer->status != 304);
    answer->left = answer->left || size > MAX_ANSWER - answer->size;
    if (answer->left)
        return false;
    if (size > 0)
        memcpy(answer->bytes + answer->size, bytes, size);
    answer->size += size;
    return true;
}

static void flush(void *context)
{
    const struct answer *answer = context;
    CHECK(answer->starts == 1);
}

/* ---- what holds of an answer ---- */

static bool is_type(const struct answer *answer, const char *type)
{
    return strncmp(answer->type, type, strlen(type)) == 0;
}

/* Contents of a document, as its type says. */
static void check_contents(const struct answer *answer, const uint8_t *bytes, size_t size)
{
    char detail[CODEC_DETAIL];
    struct codec_image image;
    struct codec_npy array;
    CHECK(size > 0);
    if (is_type(answer, "application/json") || is_type(answer, "application/problem+json")) {
        check_json(bytes, size);
    } else if (is_type(answer, "image/png") || is_type(answer, "image/apng")) {
        CHECK(codec_png_decode(bytes, size, UINT32_MAX, NULL, &image, detail) == DISSOLVE_OK);
        codec_image_free(&image);
    } else if (is_type(answer, "application/x-npy")) {
        CHECK(codec_npy_open(bytes, size, &array, detail) == DISSOLVE_OK);
    } else if (is_type(answer, "application/zip") || is_type(answer, "application/x-npz")) {
        CHECK(size >= 22 && memcmp(bytes, "PK\3\4", 4) == 0);
        CHECK(memcmp(bytes + size - 22, "PK\5\6", 4) == 0);
    } else if (is_type(answer, "image/svg+xml")) {
        CHECK(size > 6 && memmem(bytes + size - 8, 8, "</svg>", 6));
    } else if (is_type(answer, "multipart/mixed")) {
        CHECK(memcmp(bytes + size - 4, "--\r\n", 4) == 0);
    }
}

static void check_gzip(const struct answer *answer)
{
    static uint8_t plain[MAX_PLAIN];
    size_t size = 0;
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    CHECK(decompressor);
    enum libdeflate_result result = libdeflate_gzip_decompress(
        decompressor, answer->bytes, answer->size, plain, sizeof plain, &size);
    libdeflate_free_decompressor(decompressor);
    CHECK(result == LIBDEFLATE_SUCCESS || result == LIBDEFLATE_INSUFFICIENT_SPACE);
    if (result == LIBDEFLATE_SUCCESS)
        check_contents(answer, plain, size);
}

static void check_answer(const struct answer *answer, bool complete)
{
    CHECK(answer->starts == 1);
    CHECK(answer->status == 200 || answer->status == 400 || answer->status == 406 ||
          answer->status == 415 || answer->status == 422);
    CHECK(answer->type[0] != '\0');
    CHECK(complete || answer->left);
    CHECK(answer->status == 200 || is_type(answer, "application/problem+json"));
    if (!complete || answer->left)
        return;
    if (answer->gzip)
        check_gzip(answer);
    else
        check_contents(answer, answer->bytes, answer->size);
}

/* ---- asking ---- */

static struct api_service *service_of_all(void)
{
    static const struct api_limits limits = {
        .max_body = 1 << 16, .max_pixels = 4096, .max_work = 20000000};
    static struct dissolve_pool *pool;
    static struct api_service *service;
    if (!service) {
        CHECK(dissolve_pool_create(1, &pool) == DISSOLVE_OK);
        CHECK(api_service_create(pool, &limits, &service) == DISSOLVE_OK);
    }
    return service;
}

static bool handle(const struct api_route *route, const struct api_request *request,
                   struct dissolve_job *job, const struct api_reply *reply)
{
    struct api_timing timing = {0};
    struct api_call *call = api_call_create(service_of_all(), route, request, job, reply, &timing);
    CHECK(call);
    bool complete = api_call_continue(call) == API_COMPLETE;
    api_call_destroy(call);
    return complete;
}

/* A small request is answered twice, here and by a job, and the same way. */
static void ask(const struct api_route *route, const struct api_request *request)
{
    static struct answer usual, small;
    struct api_timing timing = {0};
    struct dissolve_job *job;
    struct api_reply reply = {.context = &usual, .start = start, .write = take, .flush = flush};
    bool complete = false;
    memset(&usual, 0, offsetof(struct answer, bytes));
    CHECK(dissolve_job_create(NULL, &job) == DISSOLVE_OK);
    check_answer(&usual, handle(route, request, job, &reply));
    dissolve_job_destroy(job);
    memset(&small, 0, offsetof(struct answer, bytes));
    reply.context = &small;
    if (!api_handle_small(service_of_all(), route, request, &reply, &timing, &complete)) {
        CHECK(small.starts == 0 && small.size == 0);
        return;
    }
    check_answer(&small, complete);
    CHECK(small.status == usual.status && strcmp(small.type, usual.type) == 0);
    CHECK(small.size == usual.size && memcmp(small.bytes, usual.bytes, small.size) == 0);
}

/* An empty line: no such header. */
static const char *header_of(const char *line)
{
    return line[0] != '\0' ? line : NULL;
}

/* A path that there is and a method that it has are answered. */
static void ask_target(const char *method, const struct http_target *target,
                       struct api_request *request)
{
    const struct api_route *route = NULL;
    const char *allow = NULL;
    request->id = "id";
    request->query = target->query;
    request->query_count = target->query_count;
    if (api_find_route(method, target->path, &route, &allow) == API_MATCH)
        ask(route, request);
    else
        CHECK(!route == !allow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes left = {data, size};
    struct http_target target;
    char *line = fuzz_line(&left), *type = fuzz_line(&left), *accept = fuzz_line(&left),
         *coding = fuzz_line(&left);
    uint8_t *body = fuzz_copy(left.data, left.size);
    struct api_request request = {.content_type = header_of(type),
                                  .accept = header_of(accept),
                                  .accept_encoding = header_of(coding),
                                  .body = body,
                                  .body_size = left.size};
    char *text = line + strcspn(line, " ");
    if (*text == ' ')
        *text++ = '\0';
    if (http_target_parse(text, &target) == DISSOLVE_OK)
        ask_target(line, &target, &request);
    http_target_free(&target);
    free(body);
    free(line);
    free(type);
    free(accept);
    free(coding);
    return 0;
}
