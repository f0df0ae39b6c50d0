/* Keys: which are accepted, in what form, and that nothing shorter, longer or near is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_malloc.h"
#include "http/keys.h"

enum { COUNT = 5 };

/* Of one letter, of both extreme lengths, one a prefix of another, and two that differ at the end.
 */
static struct http_words make_words(void)
{
    struct http_words words = {0};
    char longest[HTTP_KEY_MAX + 1];
    memset(longest, 'L', HTTP_KEY_MAX);
    longest[HTTP_KEY_MAX] = '\0';
    const char *const keys[COUNT] = {"aaaaaaaa", "aaaaaaaaaaaaaaaa", longest, "The-Key=1",
                                     "The-Key=2"};
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(http_words_add(&words, keys[i], strlen(keys[i])), DISSOLVE_OK);
    return words;
}

static bool accepts_value(const struct http_keys *keys, const char *value)
{
    size_t place;
    return http_keys_accept(keys, value, &place);
}

static bool accepts(const struct http_keys *keys, const char *before, const char *key,
                    const char *after)
{
    char value[2 * HTTP_KEY_MAX + 64];
    snprintf(value, sizeof value, "%s%s%s", before, key, after);
    return accepts_value(keys, value);
}

static size_t place_of(const struct http_keys *keys, const char *key)
{
    char value[HTTP_KEY_MAX + 16];
    size_t place;
    snprintf(value, sizeof value, "Bearer %s", key);
    assert_true(http_keys_accept(keys, value, &place));
    return place;
}

static void every_key_and_nothing_near(void **state)
{
    (void)state;
    struct http_words words = make_words();
    struct http_keys *keys = http_keys_create(&words);
    assert_non_null(keys);
    for (size_t i = 0; i < COUNT; i++) {
        const char *key = words.words[i];
        char near[HTTP_KEY_MAX + 1];
        assert_true(accepts(keys, "Bearer ", key, ""));
        assert_int_equal(place_of(keys, key), i);
        assert_false(accepts(keys, "Bearer ", key, "!"));
        assert_false(accepts(keys, "Bearer ", key, "aaaaaaaaa"));
        assert_false(accepts(keys, "Bearer !", key, ""));
        assert_false(accepts(keys, "Bearer ", key + 1, ""));
        for (size_t j = 0; key[j] != '\0'; j++) {
            strcpy(near, key);
            near[j] ^= 0x08; /* makes none of them another */
            assert_false(accepts(keys, "Bearer ", near, ""));
            near[j] = '\0';
            assert_true(accepts(keys, "Bearer ", near, "") == (i == 1 && j == 8));
        }
    }
    assert_false(accepts(keys, "Bearer ", "THE-KEY=1", ""));
    http_keys_destroy(keys);
    http_words_free(&words);
}

static void forms_of_the_header(void **state)
{
    static const char *const good[] = {"Bearer The-Key=1", "bearer The-Key=1", "BEARER The-Key=1",
                                       "bEaReR    The-Key=1", "Bearer The-Key=1 \t "};
    static const char *const bad[] = {
        "",
        "Bearer",
        "Bearer ",
        "Bearer    ",
        "The-Key=1",
        "Bear",
        "BearerThe-Key=1",
        "Bearer\tThe-Key=1",
        "Bearer: The-Key=1",
        " Bearer The-Key=1",
        "Basic The-Key=1",
        "Token The-Key=1",
        "Bearer The-Key=1,The-Key=2",
        "Bearer The-Key=1 x",
        "Bearer \"The-Key=1\"",
        "Bearers The-Key=1",
    };
    (void)state;
    struct http_words words = make_words();
    struct http_keys *keys = http_keys_create(&words);
    assert_non_null(keys);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(accepts_value(keys, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(accepts_value(keys, bad[i]));
    assert_false(accepts_value(keys, NULL));
    http_keys_destroy(keys);
    http_words_free(&words);
}

/* The keys are copies: the words may go. */
static void no_keys_and_no_words(void **state)
{
    struct http_words words = {0};
    (void)state;
    struct http_keys *keys = http_keys_create(&words);
    assert_non_null(keys);
    assert_false(accepts_value(keys, "Bearer The-Key=1"));
    assert_false(accepts_value(keys, "Bearer "));
    assert_false(accepts_value(keys, NULL));
    http_keys_destroy(keys);
    http_keys_destroy(NULL);
    words = make_words();
    keys = http_keys_create(&words);
    assert_non_null(keys);
    http_words_free(&words);
    assert_true(accepts_value(keys, "Bearer The-Key=2"));
    http_keys_destroy(keys);
}

static void without_memory(void **state)
{
    (void)state;
    struct http_words words = make_words();
    fail_allocation(0);
    struct http_keys *keys = http_keys_create(&words);
    assert_true(allocation_failed());
    assert_null(keys);
    const struct http_words too_many = {.words = words.words, .count = SIZE_MAX / 8};
    assert_null(http_keys_create(&too_many));
    http_words_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_and_nothing_near),
        cmocka_unit_test(forms_of_the_header),
        cmocka_unit_test(no_keys_and_no_words),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
