/* The log: its two formats, what nobody can forge, and what becomes of lines that nobody reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "failing_threads.h"
#include "http/log.h"
#include "judge.h"

/* A log that writes to a file in memory, and what stood there at its end. */
struct fixture {
    int file;
    struct http_log *log;
    char *text; /* with a NUL behind it */
    size_t size;
};

static void set_up(struct fixture *fixture, enum http_log_format format, enum http_log_level level)
{
    *fixture = (struct fixture){.file = memfd_create("log", 0)};
    assert_true(fixture->file >= 0);
    fixture->log = http_log_create(fixture->file, format, level);
    assert_non_null(fixture->log);
}

static void finish(struct fixture *fixture)
{
    http_log_destroy(fixture->log);
    fixture->size = (size_t)lseek(fixture->file, 0, SEEK_END);
    fixture->text = calloc(1, fixture->size + 1);
    assert_non_null(fixture->text);
    assert_int_equal(pread(fixture->file, fixture->text, fixture->size, 0), fixture->size);
    close(fixture->file);
}

static size_t lines_in(const char *text)
{
    size_t lines = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        lines++;
    return lines;
}

/* Runs a script on the lines; it ends with an error if something is not as it should be. */
static void check_by_python(const char *script, const struct fixture *fixture)
{
    char nothing[1];
    judge(script, fixture->text, fixture->size, nothing, sizeof nothing);
}

#define PRELUDE                                                                              \
    "import json, re, sys\n"                                                                 \
    "TIME = re.compile(r'20\\d\\d-[01]\\d-[0-3]\\dT[0-2]\\d:[0-5]\\d:[0-6]\\d\\.\\d{3}Z')\n" \
    "lines = sys.stdin.buffer.read().decode('utf-8').split('\\n')\n"                         \
    "assert lines.pop() == ''\n"                                                             \
    "def read(line):\n"                                                                      \
    "    pairs = json.loads(line, object_pairs_hook=list)\n"                                 \
    "    assert TIME.fullmatch(dict(pairs)['time'])\n"                                       \
    "    return pairs[1:]\n"

static const struct http_log_request COMPUTED = {
    .id = "7f3a",
    .method = "POST",
    .path = "/v1/images/frames",
    .client = "2001:db8::1",
    .status = 200,
    .bytes_in = 400000,
    .bytes_out = UINT64_MAX,
    .total = 1234.5678,
    .queue = 0.0004,
    .decode = 0.0005,
    .diffuse = 17,
    .encode = 999.9996,
    .computed = true,
    .level = HTTP_LOG_INFO,
};

static const struct http_log_request GONE = {
    .id = "8",
    .method = "GET",
    .path = "/",
    .total = 0.25,
    .cancelled = true,
    .level = HTTP_LOG_WARNING,
};

static void json_is_what_it_says(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, HTTP_LOG_JSON, HTTP_LOG_DEBUG);
    http_log_say(fixture.log, HTTP_LOG_INFO, "listening on %s (threads %d)", "[::1]:8080", 2);
    http_log_say(fixture.log, HTTP_LOG_DEBUG, "%s", "");
    http_log_request(fixture.log, &COMPUTED);
    http_log_request(fixture.log, &GONE);
    finish(&fixture);
    check_by_python(
        PRELUDE
        "assert [read(line) for line in lines] == [\n"
        "    [('level', 'info'), ('message', 'listening on [::1]:8080 (threads 2)')],\n"
        "    [('level', 'debug'), ('message', '')],\n"
        "    [('level', 'info'), ('id', '7f3a'), ('method', 'POST'),\n"
        "     ('path', '/v1/images/frames'), ('client', '2001:db8::1'), ('status', 200),\n"
        "     ('bytes_in', 400000), ('bytes_out', 2**64 - 1), ('total_ms', 1234.568),\n"
        "     ('queue_ms', 0), ('decode_ms', 0.001), ('diffuse_ms', 17), ('encode_ms', 1000),\n"
        "     ('cancelled', False)],\n"
        "    [('level', 'warning'), ('id', '8'), ('method', 'GET'), ('path', '/'),\n"
        "     ('client', None), ('status', None), ('bytes_in', 0), ('bytes_out', 0),\n"
        "     ('total_ms', 0.25), ('cancelled', True)]]\n"
        "assert '\"total_ms\":1234.568,\"queue_ms\":0.000,\"decode_ms\":0.001,' in lines[2]\n",
        &fixture);
    free(fixture.text);
}

static void text_is_what_it_says(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, HTTP_LOG_TEXT, HTTP_LOG_DEBUG);
    http_log_say(fixture.log, HTTP_LOG_ERROR, "cannot listen on %s", "a b");
    http_log_request(fixture.log, &COMPUTED);
    http_log_request(fixture.log, &GONE);
    finish(&fixture);
    check_by_python(
        PRELUDE
        "rests = []\n"
        "for line in lines:\n"
        "    time, rest = line.split(' ', 1)\n"
        "    assert TIME.fullmatch(time)\n"
        "    rests.append(rest)\n"
        "assert rests == ['error cannot listen on a b',\n"
        "    'info POST /v1/images/frames 200 id=7f3a client=2001:db8::1 bytes_in=400000 '\n"
        "    'bytes_out=18446744073709551615 total_ms=1234.568 queue_ms=0.000 decode_ms=0.001 '\n"
        "    'diffuse_ms=17.000 encode_ms=1000.000 cancelled=false',\n"
        "    'warning GET / - id=8 client=- bytes_in=0 bytes_out=0 total_ms=0.250 '\n"
        "    'cancelled=true'], rests\n",
        &fixture);
    free(fixture.text);
}

/* The time is the computer's. */
static void time_is_now(void **state)
{
    struct fixture fixture;
    struct timespec before, after;
    struct tm parts = {0};
    (void)state;
    set_up(&fixture, HTTP_LOG_TEXT, HTTP_LOG_DEBUG);
    clock_gettime(CLOCK_REALTIME, &before);
    http_log_say(fixture.log, HTTP_LOG_INFO, "now");
    clock_gettime(CLOCK_REALTIME, &after);
    finish(&fixture);
    char *rest = strptime(fixture.text, "%Y-%m-%dT%H:%M:%S", &parts);
    assert_non_null(rest);
    int64_t logged = (int64_t)timegm(&parts) * 1000 + strtol(rest + 1, NULL, 10);
    assert_true(logged >= (int64_t)before.tv_sec * 1000 + before.tv_nsec / 1000000);
    assert_true(logged <= (int64_t)after.tv_sec * 1000 + after.tv_nsec / 1000000);
    free(fixture.text);
}

/* What clients would like to send, and how Python says that it reads in the end. */
#define FORGED                                                                    \
    "/a\n{\"time\":\"x\"}\r\n\t\\\"\x01\x1f\x7f|\xc2\x85\xe2\x80\xa8\xe2\x80\xa9" \
    "\xe2\x80\xae\xe2\x81\xa6|\xff\xc3|\xed\xa0\x80|\xf4\x90\x80\x80|\xc0\xaf|"   \
    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\xe2\x81\xaa\xf0\x9f\x99"

static void nobody_forges_json(void **state)
{
    struct http_log_request request = {.id = "\"",
                                       .method = "GET\nX",
                                       .path = FORGED,
                                       .client = "\\",
                                       .status = 400,
                                       .level = HTTP_LOG_INFO};
    struct fixture fixture;
    (void)state;
    set_up(&fixture, HTTP_LOG_JSON, HTTP_LOG_DEBUG);
    http_log_request(fixture.log, &request);
    http_log_say(fixture.log, HTTP_LOG_INFO, "%s", FORGED);
    finish(&fixture);
    check_by_python(
        PRELUDE
        "bad = '\\ufffd'\n"
        "forged = ('/a\\n{\"time\":\"x\"}\\r\\n\\t\\\\\"\\x01\\x1f\\x7f|\\x85\\u2028\\u2029'\n"
        "          '\\u202e\\u2066|' + bad * 2 + '|' + bad * 3 + '|' + bad * 4 + '|' + bad * 2 +\n"
        "          '|\\xe9\\u20ac\\U0001f642\\u206a' + bad * 3)\n"
        "first, second = map(dict, map(read, lines))\n"
        "assert first['path'] == forged, first['path']\n"
        "assert second['message'] == forged\n"
        "assert (first['id'], first['method'], first['client']) == ('\"', 'GET\\nX', '\\\\')\n"
        "for line in lines:\n"
        "    assert all(c.isprintable() or c == '\\u206a' for c in line)\n"
        "    assert bad not in line and '\\\\ufffd' in line\n"
        "    assert '\\xe9\\u20ac\\U0001f642' in line\n",
        &fixture);
    free(fixture.text);
}

static void nobody_forges_text(void **state)
{
    struct http_log_request request = {.id = "a b=c",
                                       .method = "",
                                       .path = FORGED " 200",
                                       .client = "\\x41",
                                       .status = 400,
                                       .level = HTTP_LOG_INFO};
    struct fixture fixture;
    (void)state;
    set_up(&fixture, HTTP_LOG_TEXT, HTTP_LOG_DEBUG);
    http_log_request(fixture.log, &request);
    http_log_say(fixture.log, HTTP_LOG_INFO, "%s x", FORGED);
    finish(&fixture);
    check_by_python(
        PRELUDE
        "import ast\n"
        "def bytes_of(text):\n"
        "    quotes = text.replace('\"', '\\\\x22')\n"
        "    return ast.literal_eval('b\"' + quotes + '\"')\n"
        "forged = "
        "(b'/a\\n{\"time\":\"x\"}\\r\\n\\t\\\\\"\\x01\\x1f\\x7f|\\xc2\\x85\\xe2\\x80\\xa8'\n"
        "          b'\\xe2\\x80\\xa9\\xe2\\x80\\xae\\xe2\\x81\\xa6|\\xff\\xc3|\\xed\\xa0\\x80|'\n"
        "          "
        "b'\\xf4\\x90\\x80\\x80|\\xc0\\xaf|\\xc3\\xa9\\xe2\\x82\\xac\\xf0\\x9f\\x99\\x82'\n"
        "          b'\\xe2\\x81\\xaa\\xf0\\x9f\\x99')\n"
        "first, second = lines\n"
        "for line in lines:\n"
        "    assert re.fullmatch(r'[ -~]+', line)\n"
        "words = first.split(' ')\n"
        "assert words[1:3] == ['info', ''] and words[4] == '400' and len(words) == 11\n"
        "assert bytes_of(words[3]) == forged + b' 200'\n"
        "assert words[5:7] == ['id=a\\\\x20b=c', 'client=\\\\x5cx41']\n"
        "assert bytes_of(second.split(' info ')[1]) == forged + b' x'\n",
        &fixture);
    free(fixture.text);
}

static char *repeated(const char *unit, size_t count)
{
    size_t size = strlen(unit);
    char *text = malloc(size * count + 1);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * size, unit, size);
    text[size * count] = '\0';
    return text;
}

/* Lines of every path, message, id and so on that is too long, just not, or the worst to escape. */
static void log_long_values(struct http_log *log)
{
    static const struct {
        const char *unit;
        size_t count;
    } values[] = {
        {"p", 512},     {"p", 513},     {"\xc3\xa9", 256}, {"\xc3\xa9", 257}, {"\xe2\x82\xac", 171},
        {"\x01", 5000}, {"\xff", 5000}, {"p", 1000},       {"p", 1001}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char *text = repeated(values[i].unit, values[i].count);
        http_log_request(log, &(struct http_log_request){.id = text,
                                                         .method = text,
                                                         .path = text,
                                                         .client = text,
                                                         .status = 200,
                                                         .bytes_in = UINT64_MAX,
                                                         .bytes_out = UINT64_MAX,
                                                         .computed = true,
                                                         .total = INFINITY,
                                                         .queue = 1e300,
                                                         .decode = NAN,
                                                         .diffuse = -1,
                                                         .encode = -INFINITY,
                                                         .cancelled = true,
                                                         .level = HTTP_LOG_WARNING});
        http_log_say(log, HTTP_LOG_WARNING, "%s", text);
        free(text);
    }
}

#define LONG_VALUES                                                                        \
    "values = [b'p' * 512, b'p' * 513, b'\\xc3\\xa9' * 256, b'\\xc3\\xa9' * 257,\n"        \
    "          b'\\xe2\\x82\\xac' * 171, b'\\x01' * 5000, b'\\xff' * 5000, b'p' * 1000,\n" \
    "          b'p' * 1001]\n"                                                             \
    "LIMITS = {'id': 128, 'method': 32, 'path': 512, 'client': 128, 'message': 1000}\n"

static void long_values_are_cut_in_json(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, HTTP_LOG_JSON, HTTP_LOG_DEBUG);
    log_long_values(fixture.log);
    finish(&fixture);
    check_by_python(
        PRELUDE LONG_VALUES
        "def cut(value, limit):\n"
        "    if len(value) <= limit:\n"
        "        return value.decode()\n"
        "    if value[0] == 255:\n"
        "        return '\\ufffd' * limit + '\\u2026'\n"
        "    return value[:limit].decode(errors='ignore') + '\\u2026'\n"
        "for i, value in enumerate(values):\n"
        "    request, said = dict(read(lines[2 * i])), dict(read(lines[2 * i + 1]))\n"
        "    assert request['total_ms'] == request['queue_ms'] == 1e12\n"
        "    assert request['decode_ms'] == request['diffuse_ms'] == request['encode_ms'] == 0\n"
        "    request.update(message=said['message'])\n"
        "    for name, limit in LIMITS.items():\n"
        "        assert request[name] == cut(value, limit), (i, name)\n"
        "assert len(lines) == 2 * len(values)\n",
        &fixture);
    free(fixture.text);
}

static void long_values_are_cut_in_text(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, HTTP_LOG_TEXT, HTTP_LOG_DEBUG);
    log_long_values(fixture.log);
    finish(&fixture);
    check_by_python(
        PRELUDE LONG_VALUES
        "def cut(value, limit):\n"
        "    shown = ''.join(chr(b) if 32 < b < 127 else '\\\\x%02x' % b for b in value[:limit])\n"
        "    return shown + '...' * (len(value) > limit)\n"
        "for i, value in enumerate(values):\n"
        "    words = lines[2 * i].split(' ')\n"
        "    assert words[2:7] == [cut(value, 32), cut(value, 512), '200',\n"
        "                          'id=' + cut(value, 128), 'client=' + cut(value, 128)]\n"
        "    assert lines[2 * i + 1].split(' ')[2] == cut(value, 1000)\n"
        "assert len(lines) == 2 * len(values)\n",
        &fixture);
    free(fixture.text);
}

static void levels_beyond_are_left_out(void **state)
{
    static const enum http_log_level levels[] = {HTTP_LOG_ERROR, HTTP_LOG_WARNING, HTTP_LOG_INFO,
                                                 HTTP_LOG_DEBUG};
    (void)state;
    for (size_t most = 0; most < 4; most++) {
        struct fixture fixture;
        set_up(&fixture, HTTP_LOG_TEXT, levels[most]);
        for (size_t i = 0; i < 4; i++) {
            http_log_say(fixture.log, levels[i], "said");
            http_log_request(fixture.log, &(struct http_log_request){.level = levels[i]});
            assert_int_equal(http_log_wants(fixture.log, levels[i]), i <= most);
        }
        finish(&fixture);
        assert_int_equal(lines_in(fixture.text), 2 * (most + 1));
        free(fixture.text);
    }
}

static void no_log_is_fine(void **state)
{
    (void)state;
    http_log_say(NULL, HTTP_LOG_ERROR, "%s", "nobody hears");
    http_log_request(NULL, &COMPUTED);
    assert_false(http_log_wants(NULL, HTTP_LOG_ERROR));
    assert_int_equal(http_log_dropped(NULL), 0);
    http_log_destroy(NULL);
    struct fixture fixture;
    set_up(&fixture, HTTP_LOG_JSON, HTTP_LOG_DEBUG);
    finish(&fixture);
    assert_int_equal(fixture.size, 0);
    free(fixture.text);
}

static void memory_runs_out(void **state)
{
    (void)state;
    for (long i = 0; i < 2; i++) {
        fail_allocation(i);
        assert_null(http_log_create(STDERR_FILENO, HTTP_LOG_JSON, HTTP_LOG_DEBUG));
        assert_true(allocation_failed());
    }
}

static void no_thread_to_be_had(void **state)
{
    (void)state;
    threads_fail = true;
    assert_null(http_log_create(STDERR_FILENO, HTTP_LOG_JSON, HTTP_LOG_DEBUG));
    threads_fail = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_what_it_says),
        cmocka_unit_test(text_is_what_it_says),
        cmocka_unit_test(time_is_now),
        cmocka_unit_test(nobody_forges_json),
        cmocka_unit_test(nobody_forges_text),
        cmocka_unit_test(long_values_are_cut_in_json),
        cmocka_unit_test(long_values_are_cut_in_text),
        cmocka_unit_test(levels_beyond_are_left_out),
        cmocka_unit_test(no_log_is_fine),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(no_thread_to_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
