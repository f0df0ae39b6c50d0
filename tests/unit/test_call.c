/* The way of an answer: begun, written, flushed, ended, compressed or not; and documents. */
#include "api/call.h"

#include <zlib.h>

#include "api/document.h"
#include "asking.h"
#include "failing_malloc.h"

static struct answer answer;

static const struct api_reply reply = {
    .context = &answer, .start = answer_start, .write = answer_write, .flush = answer_flush};

static struct api_call begin(const struct api_request *request)
{
    memset(&answer, 0, sizeof answer);
    return (struct api_call){.request = *request, .reply = reply, .timing = &answer.timing};
}

static const struct api_request asks_plain = {.id = "x"};
static const struct api_request asks_gzip = {.id = "x", .accept_encoding = "br, gzip;q=0.5"};

static const struct api_field json_head[] = {{"Content-Type", "application/json"}};
static const struct api_field svg_head[] = {{"X-Other", "1"}, {"Content-Type", "image/svg+xml"}};
static const struct api_field png_head[] = {{"Content-Type", "image/png"}};

static void texts_may_be_compressed_for_who_takes_it(void **state)
{
    (void)state;
    struct api_call call = begin(&asks_gzip);
    assert_true(api_may_compress(&call, "application/json"));
    assert_true(api_may_compress(&call, "image/svg+xml"));
    assert_false(api_may_compress(&call, "image/png"));
    assert_false(api_may_compress(&call, "application/zip"));
    assert_false(api_may_compress(&call, "application/x-npy"));
    assert_false(api_may_compress(&call, "multipart/mixed"));
    call = begin(&asks_plain);
    assert_false(api_may_compress(&call, "application/json"));
}

static void an_answer_passes_as_it_is(void **state)
{
    (void)state;
    struct api_call call = begin(&asks_gzip);
    assert_false(call.started);
    api_start(&call, 201, json_head, 1);
    assert_true(call.started && !call.gzip);
    assert_int_equal(answer.status, 201);
    assert_int_equal(answer.header_count, 2);
    assert_string_equal(header_of(&answer, "Vary"), "Accept-Encoding");
    assert_int_equal(api_write(&call, "ab", 2), DISSOLVE_OK);
    assert_int_equal(api_write(&call, "", 0), DISSOLVE_OK);
    assert_int_equal(api_write(&call, "c", 1), DISSOLVE_OK);
    assert_int_equal(api_flush(&call), DISSOLVE_OK);
    assert_int_equal(answer.flushes, 1);
    assert_true(api_finish(&call, true));
    assert_int_equal(answer.size, 3);
    assert_memory_equal(answer.bytes, "abc", 3);
}

static void only_texts_vary(void **state)
{
    (void)state;
    struct api_call call = begin(&asks_plain);
    api_start(&call, 200, png_head, 1);
    assert_int_equal(answer.header_count, 1);
    assert_true(api_finish(&call, true));
    call = begin(&asks_plain);
    api_start(&call, 200, svg_head, 2);
    assert_string_equal(header_of(&answer, "Vary"), "Accept-Encoding");
    assert_string_equal(header_of(&answer, "X-Other"), "1");
    assert_true(api_finish(&call, true));
    call = begin(&asks_plain);
    api_start(&call, 304, svg_head, 1); /* without a type */
    assert_int_equal(answer.header_count, 1);
    assert_true(api_finish(&call, true));
}

static void as_many_headers_as_there_may_be(void **state)
{
    (void)state;
    struct api_field headers[8] = {{"Content-Type", "application/json"}};
    for (size_t i = 1; i < 8; i++)
        headers[i] = (struct api_field){"X-Other", "1"};
    struct api_call call = begin(&asks_gzip);
    call.compress = true;
    api_start(&call, 200, headers, 8);
    assert_int_equal(answer.header_count, 10);
    assert_string_equal(header_of(&answer, "Content-Encoding"), "gzip");
    assert_true(api_finish(&call, true));
}

/* What zlib says of the bytes of the answer: Z_STREAM_END if they end as gzip ends. */
static int inflate_all(void)
{
    char out[4096];
    z_stream stream = {.next_in = answer.bytes,
                       .avail_in = (uInt)answer.size,
                       .next_out = (Bytef *)out,
                       .avail_out = sizeof out};
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    int result = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    return result;
}

static void assert_inflates(const char *text)
{
    char out[4096];
    z_stream stream = {.next_in = answer.bytes,
                       .avail_in = (uInt)answer.size,
                       .next_out = (Bytef *)out,
                       .avail_out = sizeof out};
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    assert_int_equal(stream.total_out, strlen(text));
    assert_memory_equal(out, text, strlen(text));
    inflateEnd(&stream);
}

static void an_answer_is_compressed(void **state)
{
    (void)state;
    struct api_call call = begin(&asks_gzip);
    call.compress = true;
    api_start(&call, 200, json_head, 1);
    assert_non_null(call.gzip);
    assert_string_equal(header_of(&answer, "Content-Encoding"), "gzip");
    assert_int_equal(api_write(&call, "ab", 2), DISSOLVE_OK);
    assert_int_equal(api_write(&call, "c", 1), DISSOLVE_OK);
    assert_true(api_finish(&call, true));
    assert_null(call.gzip);
    assert_inflates("abc");
    assert_true(api_finish(&call, true)); /* nothing is left to end */
}

/* One that is not complete must not look as if it were. */
static void what_is_cut_off_has_no_end(void **state)
{
    (void)state;
    for (int complete = 0; complete < 2; complete++) {
        struct api_call call = begin(&asks_gzip);
        call.compress = true;
        api_start(&call, 200, json_head, 1);
        assert_int_equal(api_write(&call, "[1,2", 4), DISSOLVE_OK);
        assert_true(api_finish(&call, complete) == complete);
        assert_null(call.gzip);
        assert_true((inflate_all() == Z_STREAM_END) == complete);
    }
    struct api_call call = begin(&asks_plain);
    api_start(&call, 200, json_head, 1);
    assert_false(api_finish(&call, false));
}

static void without_memory_it_is_not_compressed(void **state)
{
    (void)state;
    bool failed = true;
    for (long n = 0; failed; n++) {
        struct api_call call = begin(&asks_gzip);
        call.compress = true;
        fail_allocation(n);
        api_start(&call, 200, json_head, 1);
        failed = allocation_failed();
        assert_int_equal(api_write(&call, "abc", 3), DISSOLVE_OK);
        assert_true(api_finish(&call, true));
        assert_true(failed == !header_of(&answer, "Content-Encoding"));
        assert_string_equal(header_of(&answer, "Vary"), "Accept-Encoding");
        if (failed)
            assert_memory_equal(answer.bytes, "abc", 3);
        else
            assert_inflates("abc");
    }
}

static void a_reader_leaves(void **state)
{
    (void)state;
    struct api_call call = begin(&asks_plain);
    answer.reader_leaves = true;
    answer.limit = 3;
    api_start(&call, 200, json_head, 1);
    assert_int_equal(api_write(&call, "abc", 3), DISSOLVE_OK);
    assert_int_equal(api_write(&call, "d", 1), DISSOLVE_CANCELLED);
    assert_true(api_finish(&call, true)); /* nothing was held back */
    call = begin(&asks_gzip);
    answer.reader_leaves = true;
    call.compress = true;
    api_start(&call, 200, json_head, 1);
    assert_int_equal(api_write(&call, "abc", 3), DISSOLVE_OK); /* it waits inside */
    assert_false(api_finish(&call, true));
    assert_null(call.gzip);
}

static void an_answer_that_never_began_has_no_end(void **state)
{
    (void)state;
    struct api_call call = begin(&asks_gzip);
    assert_true(api_finish(&call, true));
    assert_int_equal(answer.starts, 0);
}

static void time_goes_forward(void **state)
{
    (void)state;
    double before = api_now_ms();
    for (int i = 0; i < 1000; i++) {
        double now = api_now_ms();
        assert_true(now >= before);
        before = now;
    }
}

/* ---- Documents ---- */

static void send(const struct api_document *document, const char *encoding, const char *known)
{
    const struct api_request request = {
        .id = "x", .accept_encoding = encoding, .if_none_match = known};
    struct api_call call = begin(&request);
    assert_true(api_document_send(&call, document));
    assert_true(api_finish(&call, true));
}

static char words[2000];

static const char *make_words(void)
{
    for (size_t i = 0; i + 1 < sizeof words; i++)
        words[i] = "all work and no play "[i % 21];
    return words;
}

static void a_document_is_sent_or_known(void **state)
{
    (void)state;
    const struct api_document document = api_document_of("image/png", "foobar", 6);
    static const char tag[] = "\"85944171f73967e8\"";
    static const char *const others[] = {
        NULL, "", "\"85944171f73967e9\"", "85944171f73967e8", "\"85944171f73967e8-gzip\"", "\"*\""};
    static const char *const matches[] = {tag, "*", "W/\"85944171f73967e8\"",
                                          "\"a\", \"85944171f73967e8\" , \"b\""};
    for (size_t i = 0; i < COUNT(others); i++) {
        send(&document, NULL, others[i]);
        assert_int_equal(answer.status, 200);
        assert_string_equal(header_of(&answer, "ETag"), tag);
        assert_string_equal(header_of(&answer, "Content-Type"), "image/png");
        assert_string_equal(header_of(&answer, "Cache-Control"), "no-cache");
        assert_memory_equal(answer.bytes, "foobar", 6);
    }
    for (size_t i = 0; i < COUNT(matches); i++) {
        send(&document, NULL, matches[i]);
        assert_int_equal(answer.status, 304);
        assert_string_equal(header_of(&answer, "ETag"), tag);
        assert_string_equal(header_of(&answer, "Cache-Control"), "no-cache");
        assert_null(header_of(&answer, "Content-Type"));
        assert_int_equal(answer.size, 6); /* for its Content-Length, RFC 9110, 8.6 */
    }
}

/* Compressed once or now, the bytes are the same. */
static void a_packed_document_is_what_packing_gives(void **state)
{
    (void)state;
    struct codec_buffer packed = {0}, none = {0};
    struct api_document document = api_document_of("text/css", make_words(), 1500);
    send(&document, "gzip", NULL);
    size_t size = answer.size;
    assert_int_equal(api_document_pack(&document, &packed), DISSOLVE_OK);
    assert_int_equal(packed.size, size);
    assert_memory_equal(packed.data, answer.bytes, size);
    document.packed = &packed;
    send(&document, "gzip", NULL);
    assert_int_equal(answer.size, size);
    assert_string_equal(header_of(&answer, "Content-Encoding"), "gzip");
    send(&document, "gzip", "*");
    assert_int_equal(answer.status, 304);
    assert_int_equal(answer.size, size);
    assert_null(header_of(&answer, "Content-Encoding"));
    send(&document, NULL, NULL);
    assert_int_equal(answer.size, 1500);
    document.packed = &none; /* as where packing was not worth it */
    send(&document, "gzip", NULL);
    assert_int_equal(answer.size, 1500);
    assert_null(header_of(&answer, "Content-Encoding"));
    codec_buffer_free(&packed);
    document = api_document_of("image/png", words, 1500);
    assert_int_equal(api_document_pack(&document, &none), DISSOLVE_OK);
    assert_int_equal(none.size, 0);
}

/* From 1,024 bytes on, texts only; each coding has its tag, and a tag of the other is not known. */
static void long_texts_are_compressed(void **state)
{
    (void)state;
    char plain_tag[64], gzip_tag[64];
    struct api_document document = api_document_of("application/json", make_words(), 1024);
    send(&document, NULL, NULL);
    strcpy(plain_tag, header_of(&answer, "ETag"));
    assert_int_equal(answer.size, 1024);
    assert_null(header_of(&answer, "Content-Encoding"));
    send(&document, "gzip", plain_tag);
    assert_int_equal(answer.status, 200);
    assert_string_equal(header_of(&answer, "Content-Encoding"), "gzip");
    assert_true(answer.size < 200);
    strcpy(gzip_tag, header_of(&answer, "ETag"));
    assert_string_not_equal(plain_tag, gzip_tag);
    send(&document, "gzip", gzip_tag);
    assert_int_equal(answer.status, 304);
    send(&document, NULL, gzip_tag);
    assert_int_equal(answer.status, 200);

    document = api_document_of("application/json", words, 1023);
    send(&document, "gzip", NULL);
    assert_null(header_of(&answer, "Content-Encoding"));
    document = api_document_of("image/png", words, 2000);
    send(&document, "gzip", NULL);
    assert_null(header_of(&answer, "Content-Encoding"));
}

/* RFC 9110, 15.4.5: a 304 has the Vary that the 200 would have had. */
static void what_is_known_varies_too(void **state)
{
    (void)state;
    const struct api_document document = api_document_of("application/json", "foobar", 6);
    send(&document, NULL, "*");
    assert_int_equal(answer.status, 304);
    assert_string_equal(header_of(&answer, "Vary"), "Accept-Encoding");
    assert_null(header_of(&answer, "Content-Type"));
    const struct api_document picture = api_document_of("image/png", "foobar", 6);
    send(&picture, NULL, "*");
    assert_null(header_of(&answer, "Vary"));
}

static void a_document_s_reader_leaves(void **state)
{
    (void)state;
    const struct api_document document = api_document_of("image/png", "foobar", 6);
    struct api_call call = begin(&asks_plain);
    answer.reader_leaves = true;
    answer.limit = 5;
    assert_false(api_document_send(&call, &document));
    assert_true(call.started);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_may_be_compressed_for_who_takes_it),
        cmocka_unit_test(an_answer_passes_as_it_is),
        cmocka_unit_test(only_texts_vary),
        cmocka_unit_test(as_many_headers_as_there_may_be),
        cmocka_unit_test(an_answer_is_compressed),
        cmocka_unit_test(what_is_cut_off_has_no_end),
        cmocka_unit_test(without_memory_it_is_not_compressed),
        cmocka_unit_test(a_reader_leaves),
        cmocka_unit_test(an_answer_that_never_began_has_no_end),
        cmocka_unit_test(time_goes_forward),
        cmocka_unit_test(a_document_is_sent_or_known),
        cmocka_unit_test(a_packed_document_is_what_packing_gives),
        cmocka_unit_test(long_texts_are_compressed),
        cmocka_unit_test(what_is_known_varies_too),
        cmocka_unit_test(a_document_s_reader_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
