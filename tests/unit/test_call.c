/* The end of an answer: a compressed one that is not complete must not look as if it were. */
#include "api/call.h"
#include "expect.h"

#include <string.h>
#include <zlib.h>

struct answer {
    uint8_t bytes[256];
    size_t size;
};

static void start(void *context, int status, const struct api_field *headers, size_t count)
{
    (void)context, (void)headers;
    assert_int_equal(status, 200);
    assert_int_equal(count, 3); /* Content-Type, and the two of compression */
}

static bool write_bytes(void *context, const void *bytes, size_t size)
{
    struct answer *answer = context;
    assert_true(size <= sizeof answer->bytes - answer->size);
    memcpy(answer->bytes + answer->size, bytes, size);
    answer->size += size;
    return true;
}

/* What zlib says at the end of what was written: Z_STREAM_END, or something else. */
static int inflate_all(struct answer *answer)
{
    uint8_t text[64];
    z_stream stream = {.next_in = answer->bytes,
                       .avail_in = (unsigned)answer->size,
                       .next_out = text,
                       .avail_out = sizeof text};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    int result = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return result;
}

static void answer_with(struct answer *answer, bool complete)
{
    const struct api_field type = {"Content-Type", "application/json"};
    const struct api_reply reply = {.context = answer, .start = start, .write = write_bytes};
    struct api_call call = {.reply = &reply, .compress = true};
    *answer = (struct answer){0};
    api_start(&call, 200, &type, 1);
    assert_int_equal(api_write(&call, "[1,2", 4), DISSOLVE_OK);
    assert_true(api_finish(&call, complete) == complete);
    assert_null(call.gzip);
}

static void test_end(void **state)
{
    struct answer answer;
    (void)state;
    answer_with(&answer, true);
    assert_int_equal(inflate_all(&answer), Z_STREAM_END);
    answer_with(&answer, false);
    assert_int_not_equal(inflate_all(&answer), Z_STREAM_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
