/* The frames expression: what it names, and what it refuses. */
#include "api/selection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The frames as text, "0 5 10", or the word of the failure; none may be before `first`. */
static const char *read_from(const char *text, uint32_t first, uint32_t steps)
{
    static char out[512];
    char detail[200];
    struct api_selection selection;
    enum dissolve_status status =
        api_selection_read(text, first, steps, &selection, detail, sizeof detail);
    if (status != DISSOLVE_OK) {
        assert_null(selection.t);
        assert_true(strlen(detail) > 10);
        return dissolve_status_name(status);
    }
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < selection.count && used + 8 < sizeof out; i++)
        used += (size_t)snprintf(out + used, sizeof out - used, i ? " %u" : "%u", selection.t[i]);
    api_selection_free(&selection);
    return out;
}

static const char *read(const char *text, uint32_t steps)
{
    return read_from(text, 0, steps);
}

static void lists_ranges_and_words_are_read(void **state)
{
    (void)state;
    assert_string_equal(read("all", 3), "0 1 2 3");
    assert_string_equal(read("all", 0), "0");
    assert_string_equal(read("last", 20), "20");
    assert_string_equal(read("0", 0), "0");
    assert_string_equal(read("5", 20), "5");
    assert_string_equal(read("0,5,10-20/5", 20), "0 5 10 15 20");
    assert_string_equal(read("3-5", 20), "3 4 5");
    assert_string_equal(read("7-7", 20), "7");
    assert_string_equal(read("0-10/4", 20), "0 4 8");
    assert_string_equal(read("0-10/4000000000", 20), "0");
    assert_string_equal(read("0005", 20), "5");
}

static void frames_come_out_sorted_and_once(void **state)
{
    (void)state;
    assert_string_equal(read("9,3,3,1-4,2-4/2", 20), "1 2 3 4 9");
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",     "x",  "all,1", "1,all", "last,1", "1,",   ",1",    "1,,2",       "5-2",
        "1-",   "-1", "1-5/",  "1-5/0", "1 ,2",   "1, 2", " 1",    "1/2",        "1.5",
        "0-21", "21", "1-2-3", "+1",    "ALL",    "1;2",  "1-5/x", "4294967297", "99999999999999",
        "0x10",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_string_equal(read(wrong[i], 20), "invalid");
}

/* As many items as there can be steps, which is enough to name every one. */
static void lists_are_not_endless(void **state)
{
    static char text[2 * API_SELECTION_MAX_ITEMS + 2];
    (void)state;
    for (size_t i = 0; i < API_SELECTION_MAX_ITEMS; i++)
        memcpy(text + 2 * i, "1,", 2);
    text[2 * API_SELECTION_MAX_ITEMS - 1] = '\0';
    assert_string_equal(read(text, 2), "1");
    strcat(text, ",2");
    assert_string_equal(read(text, 2), "invalid");
}

/* A run that begins in the middle has no frames before that. */
static void frames_begin_with_the_run(void **state)
{
    (void)state;
    assert_string_equal(read_from("all", 2, 5), "2 3 4 5");
    assert_string_equal(read_from("all", 5, 5), "5");
    assert_string_equal(read_from("last", 3, 5), "5");
    assert_string_equal(read_from("2", 2, 5), "2");
    assert_string_equal(read_from("2-5/2", 2, 5), "2 4");
    static const char *const early[] = {"1", "0", "0-3", "4,1", "1-5/4", "3,0-5"};
    for (size_t i = 0; i < sizeof early / sizeof early[0]; i++)
        assert_string_equal(read_from(early[i], 2, 5), "invalid");
    assert_string_equal(read_from("4294967295", 2, 5), "invalid");
    assert_string_equal(read_from("4294967298", 2, 5), "invalid"); /* 2^32 + 2 */
}

static void the_detail_names_the_step(void **state)
{
    struct api_selection selection;
    char detail[200];
    (void)state;
    assert_int_equal(api_selection_read("1", 2, 5, &selection, detail, sizeof detail),
                     DISSOLVE_INVALID);
    assert_string_equal(detail, "frames names t = 1, before start_step = 2");
    assert_int_equal(api_selection_read("6", 2, 5, &selection, detail, sizeof detail),
                     DISSOLVE_INVALID);
    assert_string_equal(detail, "frames names t = 6, beyond the 5 steps");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_ranges_and_words_are_read),
        cmocka_unit_test(frames_come_out_sorted_and_once),
        cmocka_unit_test(frames_begin_with_the_run),
        cmocka_unit_test(the_detail_names_the_step),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(lists_are_not_endless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
