/* The log: one line for what happened and one for each request; it never waits for its reader. */
#ifndef HTTP_LOG_H
#define HTTP_LOG_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * JSON, an object a line:
 *   {"time":"2026-01-31T12:34:56.789Z","level":"info","message":"listening on ..."}
 *   {"time":...,"level":...,"id":...,"method":...,"path":...,"client":...,"status":200,
 *    "bytes_in":1,"bytes_out":2,"total_ms":3.000,"queue_ms":0.100,"decode_ms":0.200,
 *    "diffuse_ms":0.300,"encode_ms":0.400,"cancelled":false}
 * Text, for people:
 *   2026-01-31T12:34:56.789Z info listening on ...
 *   2026-01-31T12:34:56.789Z info POST /v1/images/frames 200 id=... client=... bytes_in=1 ...
 *
 * Nothing that a client sends can forge a line, another value or a terminal's command. In JSON,
 * control characters (C0, DEL, C1), quotes, backslashes, U+2028 to U+202E and U+2066 to U+2069 are
 * escaped, and each byte that is not UTF-8 becomes \ufffd. In text, every byte but printable ASCII
 * becomes \xNN, and so do backslashes, and spaces except in a message. What is longer than its
 * limit is cut there, between characters, and ends in an ellipsis ("..." in text).
 */
enum http_log_format { HTTP_LOG_JSON, HTTP_LOG_TEXT };

enum http_log_level { HTTP_LOG_ERROR, HTTP_LOG_WARNING, HTTP_LOG_INFO, HTTP_LOG_DEBUG };

/* One request that has ended. A string that is NULL is null in JSON, "-" in text. */
struct http_log_request {
    const char *id;     /* up to 128 bytes */
    const char *method; /* up to 32 */
    const char *path;   /* up to 512 */
    const char *client; /* up to 128 */
    int status; /* 0: it got no answer; null in JSON, "-" in text. 400 also for bytes that are no
                   request, whose connection is closed without one */
    uint64_t bytes_in;
    uint64_t bytes_out;
    double total; /* milliseconds, printed with three decimals; less than 0 and NaN are 0 */
    double queue; /* this and the next three only if computed; else the line is without them */
    double decode;
    double diffuse;
    double encode;
    bool computed;
    bool cancelled;
    enum http_log_level level;
};

struct http_log;

/*
 * Starts a log with a thread of its own, which writes to fd (the caller's, open for longer than the
 * log, blocking or not). Lines of a level beyond `level` are left out. Once it
 * is created it opens no file. NULL: it could not.
 *
 * Lines wait in memory, half a MiB beside as much that is being written; what finds no room there,
 * or could not be written (EPIPE, a full disk), is dropped and counted, and the next line that can
 * be written says how many were lost. They are written at once, or 5 ms after those before them,
 * at most PIPE_BUF bytes at once and whole lines where they fit into that, so that several
 * processes can share a pipe.
 */
DISSOLVE_MUST_USE struct http_log *http_log_create(int fd, enum http_log_format format,
                                                   enum http_log_level level);

/*
 * Ends the log once all that it took is written, or has waited a second for a reader that takes
 * nothing. Nobody may log any more. NULL is fine.
 */
void http_log_destroy(struct http_log *log);

/* Whether lines of that level are kept at all: what is not need not be made. Any thread. */
bool http_log_wants(const struct http_log *log, enum http_log_level level);

/* Both: any thread; with NULL as log they do nothing. A message has up to 1000 bytes. */
__attribute__((format(printf, 3, 4))) void
http_log_say(struct http_log *log, enum http_log_level level, const char *format, ...);
void http_log_request(struct http_log *log, const struct http_log_request *request);

/* How many lines were dropped so far. Any thread; 0 of NULL. */
uint64_t http_log_dropped(struct http_log *log);

#endif
