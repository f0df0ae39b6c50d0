/* Every status has a name and a text of its own. */
#include "expect.h"
#include <dissolve/status.h>
#include <string.h>

static void test_table(void **state)
{
    static const struct {
        enum dissolve_status status;
        const char *name;
        const char *text;
    } table[] = {
#define ROW(suffix, name, text) {DISSOLVE_##suffix, name, text},
        DISSOLVE_STATUS_TABLE(ROW)
#undef ROW
    };
    size_t count = sizeof table / sizeof table[0];

    (void)state;
    assert_int_equal(DISSOLVE_OK, 0);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(dissolve_status_name(table[i].status), table[i].name);
        assert_string_equal(dissolve_status_text(table[i].status), table[i].text);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(table[i].name, table[j].name);
            assert_string_not_equal(table[i].text, table[j].text);
        }
    }
}

static void test_known(void **state)
{
    (void)state;
    assert_string_equal(dissolve_status_name(DISSOLVE_OK), "ok");
    assert_string_equal(dissolve_status_name(DISSOLVE_NO_MEMORY), "no_memory");
    assert_string_equal(dissolve_status_text(DISSOLVE_CANCELLED), "the job was cancelled");
}

static void test_unknown(void **state)
{
    (void)state;
    assert_string_equal(dissolve_status_name((enum dissolve_status)100), "unknown");
    assert_string_equal(dissolve_status_text((enum dissolve_status)100), "no such status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
