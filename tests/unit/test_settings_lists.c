/* Settings that are lists: origins, keys, files of keys, proxies; and no memory for them. */
#include "settings.h"

#include <stdarg.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "http/keys.h"

static void check_words(const struct http_words *words, ...)
{
    va_list expected;
    va_start(expected, words);
    for (size_t i = 0; i < words->count; i++) {
        const char *word = va_arg(expected, const char *);
        assert_non_null(word);
        assert_string_equal(words->words[i], word);
    }
    assert_null(va_arg(expected, const char *));
    va_end(expected);
}

/* As browsers write them, so that a comparison of bytes finds them. */
static void origins(void **state)
{
    (void)state;
    struct result result = read_flag("--cors-origins=https://Example.org , http://a-b.c_d:8080,"
                                     "http://[::1]:80,https://x:443,https://x:80,app+1.x-y://h,*");
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    check_words(&result.configuration.cors_origins, "https://example.org", "http://a-b.c_d:8080",
                "http://[::1]", "https://x", "https://x:80", "app+1.x-y://h", "*", (char *)NULL);
    forget(&result);
    result = read_flag("--cors-origins=");
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    check_words(&result.configuration.cors_origins, (char *)NULL);
    forget(&result);
}

static void bad_origins(void **state)
{
    static const char *const bad[] = {
        "--cors-origins=example.org",
        "--cors-origins=https://",
        "--cors-origins=https://a/",
        "--cors-origins=https://a/b",
        "--cors-origins=https://a?b",
        "--cors-origins=https://u@a",
        "--cors-origins=https://a:",
        "--cors-origins=https://a:x",
        "--cors-origins=https://a:1x",
        "--cors-origins=https://a:65536",
        "--cors-origins=https://a:99999999999999999999",
        "--cors-origins=https:/a",
        "--cors-origins=https",
        "--cors-origins=://a",
        "--cors-origins=1a://a",
        "--cors-origins=http://[::1",
        "--cors-origins=http://[]",
        "--cors-origins=http://*.a",
        "--cors-origins=**",
        "--cors-origins=*,",
        "--cors-origins=,*",
        "--cors-origins=*,,*",
        "--cors-origins=* *",
        "--cors-origins=,",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct result result = read_flag(bad[i]);
        assert_int_equal(result.status, 2);
        assert_non_null(strstr(result.err, "--cors-origins: bad value"));
        forget(&result);
    }
}

static void keys_are_a_list(void **state)
{
    char *const pairs[] = {(char *)"DISSOLVED_API_KEYS", (char *)"the-first, #Second=~/+", NULL};
    (void)state;
    struct result result = read_settings(pairs, (char *const[]){(char *)"dissolved", NULL});
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    check_words(&result.configuration.api_keys, "the-first", "#Second=~/+", (char *)NULL);
    forget(&result);
    char *const arguments[] = {(char *)"dissolved", (char *)"--api-keys", (char *)"the-third",
                               NULL};
    result = read_settings(pairs, arguments);
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    check_words(&result.configuration.api_keys, "the-third", (char *)NULL);
    forget(&result);
}

static void the_bounds_of_a_key(void **state)
{
    char argument[sizeof "--api-keys=" + HTTP_KEY_MAX + 1] = "--api-keys=";
    size_t start = strlen(argument);
    (void)state;
    for (size_t length = 1; length <= HTTP_KEY_MAX + 1; length++) {
        memset(argument + start, 'k', length);
        struct result result = read_flag(argument);
        bool fits = length >= HTTP_KEY_MIN && length <= HTTP_KEY_MAX;
        assert_int_equal(result.status, fits ? HTTP_CONFIGURATION_READ : 2);
        forget(&result);
    }
}

/* However a key is mistaken, the error that names the setting does not show it. */
static void errors_keep_keys(void **state)
{
    static const char *const bad[][3] = {
        {"--api-keys=SECRET-\x01", NULL, "--api-keys: bad value"},
        {"--api-keys=SECRET with blanks", NULL, "--api-keys: bad value"},
        {"--api-keys=SECRET-\"quoted\"", NULL, "--api-keys: bad value"},
        {"--api-keys=SECRET-'quoted'", NULL, "--api-keys: bad value"},
        {"--api-keys=SECRET-\xc3\xa4\xc3\xb6", NULL, "--api-keys: bad value"},
        {"--api-keys=SECRET-\x7f", NULL, "--api-keys: bad value"},
        {"--api-keys=SECRET-1,,SECRET-2", NULL, "--api-keys: bad value"},
        {"--api-keys=", NULL, "--api-keys: bad value"},
        {"--api-keys", "SECRET", "--api-keys: bad value"},
        {"--api-keys=SECRET-1", "SECRET-2", "unknown command"},
        {"--api-keys=SECRET-1", "--SECRET-2", "unknown flag"},
        {"--api-keys=SECRET-1", "-SECRET-2", "...: unknown flag"},
        {"--api-key=SECRET-1", NULL, "--api-key: unknown flag"},
        {"-api-keys=SECRET-1", NULL, "-api-keys: unknown flag"},
        {"--api-keys-file=SECRET-1", NULL, "--api-keys-file: bad value"},
        {"--api-keys-file=", NULL, "--api-keys-file: bad value"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *const arguments[] = {(char *)"dissolved", (char *)bad[i][0], (char *)bad[i][1], NULL};
        struct result result = read_settings(NULL, arguments);
        assert_int_equal(result.status, 2);
        assert_non_null(strstr(result.err, bad[i][2]));
        assert_null(strstr(result.err, "SECRET"));
        forget(&result);
    }
}

/* ---- Files of keys ---- */

struct file {
    char path[64];
    char flag[96];
};

static void write_file(struct file *file, const void *bytes, size_t size)
{
    strcpy(file->path, "/tmp/dissolved-keys-XXXXXX");
    int fd = mkstemp(file->path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
    snprintf(file->flag, sizeof file->flag, "--api-keys-file=%s", file->path);
}

static void a_file_has_a_key_a_line(void **state)
{
    static const char text[] = "# keys\n\nof-alice\r\n  \t\n \t# indented\nof-bob#1\n\r\nthe-last";
    struct file file;
    (void)state;
    write_file(&file, text, sizeof text - 1);
    struct result result = read_flag(file.flag);
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    check_words(&result.configuration.api_keys, "of-alice", "of-bob#1", "the-last", (char *)NULL);
    check_words(&result.configuration.file_keys, (char *)NULL);
    forget(&result);
    char *const arguments[] = {(char *)"dissolved", file.flag, (char *)"--api-keys=by-flag-", NULL};
    result = read_settings(NULL, arguments);
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    check_words(&result.configuration.api_keys, "by-flag-", "of-alice", "of-bob#1", "the-last",
                (char *)NULL);
    forget(&result);
    unlink(file.path);
}

static void a_flags_file_replaces_the_environments(void **state)
{
    struct file first;
    struct file second;
    (void)state;
    write_file(&first, "key-of-the-first\n", 17);
    write_file(&second, "key-of-the-second\n", 18);
    char *const pairs[] = {(char *)"DISSOLVED_API_KEYS_FILE", first.path, NULL};
    struct result result =
        read_settings(pairs, (char *const[]){(char *)"dissolved", second.flag, NULL});
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    check_words(&result.configuration.api_keys, "key-of-the-second", (char *)NULL);
    forget(&result);
    unlink(first.path);
    unlink(second.path);
}

static void a_bad_line_is_told_by_its_number(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *told;
    } bad[] = {
#define LINES(text) text, sizeof text - 1
        {LINES("SECRET-1\nshort\n"), "line 2 "},
        {LINES("\n\nSECRET,1\n"), "line 3 "},
        {LINES("SECRET 1\n"), "line 1 "},
        {LINES(" SECRET-1\n"), "line 1 "},
        {LINES("SECRET-1 \n"), "line 1 "},
        {LINES("# c\nSECRET-1\0\n"), "line 2 "},
        {LINES("SECRET-1\n\"SECRET-2\""), "line 2 "},
        {LINES("\xef\xbb\xbfSECRET-1\n"), "line 1 "},
        {LINES("SECRET-1\rSECRET-2\n"), "line 1 "},
        {LINES(""), "no key"},
        {LINES("# SECRET-1\n\n"), "no key"},
#undef LINES
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct file file;
        write_file(&file, bad[i].text, bad[i].size);
        struct result result = read_flag(file.flag);
        assert_int_equal(result.status, 2);
        assert_non_null(strstr(result.err, "--api-keys-file"));
        assert_non_null(strstr(result.err, bad[i].told));
        assert_null(strstr(result.err, "SECRET"));
        forget(&result);
        unlink(file.path);
    }
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    struct result result = read_flag("--api-keys-file=/nowhere/keys");
    assert_int_equal(result.status, 2);
    assert_non_null(strstr(result.err, "No such file"));
    forget(&result);
    result = read_flag("--api-keys-file=/");
    assert_int_equal(result.status, 2);
    assert_non_null(strstr(result.err, "Is a directory"));
    forget(&result);
    char *const pairs[] = {(char *)"DISSOLVED_API_KEYS_FILE", (char *)"/nowhere/keys", NULL};
    result = read_settings(pairs, (char *const[]){(char *)"dissolved", NULL});
    assert_int_equal(result.status, 2);
    assert_non_null(strstr(result.err, "DISSOLVED_API_KEYS_FILE"));
    forget(&result);
}

static void a_file_has_at_most_a_mebibyte(void **state)
{
    enum { LIMIT = 1 << 20 };
    char *text = malloc(LIMIT + 1);
    struct file file;
    (void)state;
    assert_non_null(text);
    memset(text, '#', LIMIT + 1);
    memcpy(text + LIMIT - 10, "\nthe-only-", 10);
    write_file(&file, text, LIMIT);
    struct result result = read_flag(file.flag);
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    check_words(&result.configuration.api_keys, "the-only-", (char *)NULL);
    forget(&result);
    unlink(file.path);
    write_file(&file, text, LIMIT + 1);
    result = read_flag(file.flag);
    assert_int_equal(result.status, 2);
    assert_non_null(strstr(result.err, "larger than 1 MiB"));
    forget(&result);
    unlink(file.path);
    free(text);
}

/* ---- Proxies ---- */

static void proxies(void **state)
{
    char *const pairs[] = {(char *)"DISSOLVED_TRUSTED_PROXIES", (char *)"10.0.0.0/8, ::1,unix",
                           NULL};
    (void)state;
    struct result result = read_settings(pairs, (char *const[]){(char *)"dissolved", NULL});
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    assert_int_equal(result.configuration.trusted_proxies.count, 2);
    assert_true(result.configuration.trusted_proxies.unix_peers);
    forget(&result);
    char *const arguments[] = {(char *)"dissolved", (char *)"--trusted-proxies=", NULL};
    result = read_settings(pairs, arguments);
    assert_int_equal(result.status, HTTP_CONFIGURATION_READ);
    assert_int_equal(result.configuration.trusted_proxies.count, 0);
    assert_false(result.configuration.trusted_proxies.unix_peers);
    forget(&result);
    result = read_flag("--trusted-proxies=10.0.0.0/33");
    assert_int_equal(result.status, 2);
    assert_non_null(strstr(result.err, "--trusted-proxies: bad value \"10.0.0.0/33\""));
    forget(&result);
}

/* Whichever allocation fails is told, and nothing leaks. */
static void without_memory(void **state)
{
    struct file file;
    long failures = 0;
    bool failed = true;
    (void)state;
    write_file(&file, "of-the-file\n", 12);
    char *const arguments[] = {(char *)"dissolved",
                               file.flag,
                               (char *)"--api-keys=key-number-1,key-number-2",
                               (char *)"--cors-origins=https://a,https://b",
                               (char *)"--trusted-proxies=::1,127.0.0.1",
                               NULL};
    while (failed) {
        char *text;
        size_t size;
        FILE *err = open_memstream(&text, &size);
        struct http_configuration configuration;
        assert_non_null(err);
        variables = NULL;
        fail_allocation(failures);
        int status = http_configuration_read(5, arguments, environment, err, err, &configuration);
        failed = allocation_failed();
        fclose(err);
        assert_int_equal(status, failed ? 2 : HTTP_CONFIGURATION_READ);
        if (failed)
            assert_non_null(strstr(text, "memory could not be allocated"));
        else
            http_configuration_free(&configuration);
        free(text);
        failures += failed;
    }
    assert_in_range(failures, 7, 100);
    unlink(file.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins),
        cmocka_unit_test(bad_origins),
        cmocka_unit_test(keys_are_a_list),
        cmocka_unit_test(the_bounds_of_a_key),
        cmocka_unit_test(errors_keep_keys),
        cmocka_unit_test(a_file_has_a_key_a_line),
        cmocka_unit_test(a_flags_file_replaces_the_environments),
        cmocka_unit_test(a_bad_line_is_told_by_its_number),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(a_file_has_at_most_a_mebibyte),
        cmocka_unit_test(proxies),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
