/* Content negotiation, and media types. */
#include "api/accept.h"
#include "api/media_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PNG, APNG, ZIP, JSON };

static int choose(const char *accept)
{
    static const char *const offers[] = {"image/png", "image/apng", "application/zip",
                                         "application/json"};
    return api_accept_choose(accept, offers, 4);
}

static void the_first_offer_is_the_default(void **state)
{
    (void)state;
    assert_int_equal(choose(NULL), PNG);
    assert_int_equal(choose(""), PNG);
    assert_int_equal(choose("  , "), PNG);
    assert_int_equal(choose("*/*"), PNG);
    assert_int_equal(choose("image/*"), PNG);
}

static void names_win_over_wildcards(void **state)
{
    (void)state;
    assert_int_equal(choose("application/zip"), ZIP);
    assert_int_equal(choose("APPLICATION/Json"), JSON);
    assert_int_equal(choose("*/*, application/json"), JSON);
    assert_int_equal(choose("application/*"), ZIP);
    assert_int_equal(choose("image/avif,image/webp,image/apng,image/*,*/*;q=0.8"), APNG);
    assert_int_equal(choose("application/json, application/zip"), JSON);
}

static void quality_decides(void **state)
{
    (void)state;
    assert_int_equal(choose("application/json;q=0.5, application/zip;q=0.9"), ZIP);
    assert_int_equal(choose("application/json; q=0.123, application/zip ; Q=0.122"), JSON);
    assert_int_equal(choose("image/png;q=0, */*"), APNG);
    assert_int_equal(choose("image/*;q=0, */*;q=0.1"), ZIP);
    assert_int_equal(choose("application/json;v=1;q=0.2, image/apng;q=0.3"), APNG);
}

static void what_is_not_offered_is_refused(void **state)
{
    (void)state;
    assert_int_equal(choose("text/html"), -1);
    assert_int_equal(choose("image/jpeg, text/*"), -1);
    assert_int_equal(choose("image/png;q=0"), -1);
    assert_int_equal(choose("*/*;q=0"), -1);
    assert_int_equal(choose("image/pngx"), -1);
    assert_int_equal(choose("nonsense"), -1);
}

static void media_types_are_compared_without_case_and_parameters(void **state)
{
    (void)state;
    assert_true(api_media_type_is("image/png", "image/png"));
    assert_true(api_media_type_is("Image/PNG; charset=x", "image/png"));
    assert_true(api_media_type_is(" multipart/form-data;boundary=x", "multipart/form-data"));
    assert_false(api_media_type_is("image/png2", "image/png"));
    assert_false(api_media_type_is("image", "image/png"));
    assert_false(api_media_type_is(NULL, "image/png"));
}

static void open_types_leave_the_kind_to_the_bytes(void **state)
{
    static const char *const open[] = {NULL,
                                       "",
                                       " ",
                                       "application/octet-stream",
                                       "Binary/Octet-Stream; x=y",
                                       "application/octetstream",
                                       "application/x-octet-stream",
                                       "octet/stream",
                                       "*/*",
                                       "unknown/unknown",
                                       "application/x-www-form-urlencoded"};
    static const char *const closed[] = {"text/plain", "image/png", "text/plain; x=octet",
                                         "binary"};
    (void)state;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        assert_true(api_media_type_is_open(open[i]));
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        assert_false(api_media_type_is_open(closed[i]));
}

static void image_types_are_known_by_their_first_half(void **state)
{
    (void)state;
    assert_true(api_media_type_is_image("image/png"));
    assert_true(api_media_type_is_image(" IMAGE/webp;q=1"));
    assert_false(api_media_type_is_image("image"));
    assert_false(api_media_type_is_image("images/png"));
    assert_false(api_media_type_is_image(NULL));
    assert_true(api_media_type_is_png_or_jpeg("image/apng"));
    assert_true(api_media_type_is_png_or_jpeg("image/JPG;a"));
    assert_false(api_media_type_is_png_or_jpeg("image/webp"));
    assert_false(api_media_type_is_png_or_jpeg(NULL));
}

static void gzip_is_taken_by_name_or_by_star(void **state)
{
    static const char *const taken[] = {
        "gzip",           "GZIP",        "x-gzip",       "gzip;q=0.001",   "*",
        "br, gzip",       "gzip, br",    " gzip ; q=1 ", "deflate;q=0,*",  "identity;q=0, *;q=0.1",
        "br,\tgzip;q=.5", "gzip;q=high", ",,gzip",       "gzip;x=0;q=0.5", "*;q=0, gzip",
    };
    static const char *const refused[] = {
        "",           "identity",    "br",      "gzip;q=0",         "gzip;q=0.000", "*;q=0",
        "gzip;q=0,*", "*, gzip;q=0", "gzipped", "application/gzip", "br, *;q=0",    "; gzip",
    };
    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (!api_accept_gzip(taken[i]))
            fail_msg("'%s' takes gzip", taken[i]);
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (api_accept_gzip(refused[i]))
            fail_msg("'%s' does not take gzip", refused[i]);
    }
    assert_false(api_accept_gzip(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_offer_is_the_default),
        cmocka_unit_test(names_win_over_wildcards),
        cmocka_unit_test(quality_decides),
        cmocka_unit_test(what_is_not_offered_is_refused),
        cmocka_unit_test(gzip_is_taken_by_name_or_by_star),
        cmocka_unit_test(media_types_are_compared_without_case_and_parameters),
        cmocka_unit_test(open_types_leave_the_kind_to_the_bytes),
        cmocka_unit_test(image_types_are_known_by_their_first_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
