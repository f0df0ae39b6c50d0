/* The lines of the log, put together by hand: printf would take longer than many a request. */
#include "log_line.h"

#include "codec/number.h"
#include "codec/utf8.h"

#include <assert.h>
#include <string.h>

enum {
    ID = 128,
    METHOD = 32,
    PATH = 512,
    CLIENT = 128,
    LONGEST = 6,  /* what one byte may become: \u001f */
    AROUND = 768, /* keys, numbers, time, ellipses */
};
static_assert((ID + METHOD + PATH + CLIENT) * LONGEST + AROUND <= HTTP_LOG_LINE_ROOM, "requests");
static_assert(HTTP_LOG_MESSAGE * LONGEST + 96 <= HTTP_LOG_LINE_ROOM, "messages");

#define JSON_TIME "{\"time\":\""

static const char HEX[] = "0123456789abcdef";

size_t http_log_line_time(enum http_log_format format)
{
    return format == HTTP_LOG_JSON ? sizeof JSON_TIME - 1 : 0;
}

/* ---- values; each function returns where the line goes on ---- */

/* The character, of two bytes or more, as what a JSON string shows better escaped; 0: none such. */
static unsigned hidden(const unsigned char *bytes)
{
    if (bytes[0] == 0xc2 && bytes[1] < 0xa0)
        return bytes[1]; /* C1, which terminals obey */
    if (bytes[0] != 0xe2)
        return 0;
    if (bytes[1] == 0x80 && bytes[2] >= 0xa8 && bytes[2] <= 0xae)
        return 0x2000u + (bytes[2] & 0x3fu); /* ends of lines, and what turns their direction */
    if (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9)
        return 0x2040u + (bytes[2] & 0x3fu);
    return 0;
}

static char *put_escape(char *at, unsigned code)
{
    *at++ = '\\';
    *at++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4)
        *at++ = HEX[code >> shift & 15];
    return at;
}

/* What a JSON string has between its quotes. */
static char *put_json(char *at, const char *text, size_t limit)
{
    while (*text != '\0') {
        unsigned char byte = (unsigned char)*text;
        size_t size = byte < 0x80 ? 1 : codec_utf8_size(text);
        if ((size > 0 ? size : 1) > limit)
            return stpcpy(at, "\u2026");
        if (size == 0) {
            at = put_escape(at, 0xfffd);
            size = 1;
        } else if (size > 1) {
            unsigned code = hidden((const unsigned char *)text);
            at = code != 0 ? put_escape(at, code) : mempcpy(at, text, size);
        } else if (byte < 0x20 || byte == 0x7f) {
            at = put_escape(at, byte);
        } else {
            if (byte == '"' || byte == '\\')
                *at++ = '\\';
            *at++ = (char)byte;
        }
        text += size;
        limit -= size;
    }
    return at;
}

static char *put_ascii(char *at, const char *text, size_t limit, bool spaces)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (limit-- == 0)
            return stpcpy(at, "...");
        if ((byte > ' ' && byte < 0x7f && byte != '\\') || (byte == ' ' && spaces)) {
            *at++ = (char)byte;
            continue;
        }
        *at++ = '\\';
        *at++ = 'x';
        *at++ = HEX[byte >> 4];
        *at++ = HEX[byte & 15];
    }
    return at;
}

static char *put_string(char *at, enum http_log_format format, const char *text, size_t limit)
{
    if (format == HTTP_LOG_TEXT)
        return text != NULL ? put_ascii(at, text, limit, false) : stpcpy(at, "-");
    if (text == NULL)
        return stpcpy(at, "null");
    *at++ = '"';
    at = put_json(at, text, limit);
    *at++ = '"';
    return at;
}

static char *put_integer(char *at, uint64_t value)
{
    return at + codec_number_print_integer(value, at);
}

static char *put_milliseconds(char *at, double value)
{
    static const double MOST = 1e15;
    double microseconds = value * 1000;
    if (!(microseconds >= 0))
        microseconds = 0;
    if (microseconds > MOST)
        microseconds = MOST;
    uint64_t whole = (uint64_t)(microseconds + 0.5);
    unsigned rest = (unsigned)(whole % 1000);
    at = put_integer(at, whole / 1000);
    *at++ = '.';
    *at++ = (char)('0' + rest / 100);
    *at++ = (char)('0' + rest / 10 % 10);
    *at++ = (char)('0' + rest % 10);
    return at;
}

static char *put_key(char *at, enum http_log_format format, const char *name)
{
    at = stpcpy(at, format == HTTP_LOG_JSON ? ",\"" : " ");
    at = stpcpy(at, name);
    return stpcpy(at, format == HTTP_LOG_JSON ? "\":" : "=");
}

/* ---- lines ---- */

static const char *level_name(enum http_log_level level)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    return names[level];
}

/* The time's room, and the level. */
static char *put_head(char *at, enum http_log_format format, enum http_log_level level)
{
    bool json = format == HTTP_LOG_JSON;
    if (json)
        at = stpcpy(at, JSON_TIME);
    at = (char *)memset(at, '-', HTTP_LOG_TIME_SIZE) + HTTP_LOG_TIME_SIZE;
    at = stpcpy(at, json ? "\",\"level\":\"" : " ");
    at = stpcpy(at, level_name(level));
    return json ? stpcpy(at, "\"") : at;
}

size_t http_log_line_say(enum http_log_format format, enum http_log_level level,
                         const char *message, char line[HTTP_LOG_LINE_ROOM])
{
    char *at = put_head(line, format, level);
    if (format == HTTP_LOG_JSON) {
        at = put_key(at, format, "message");
        at = put_string(at, format, message, HTTP_LOG_MESSAGE);
        *at++ = '}';
    } else {
        *at++ = ' ';
        at = put_ascii(at, message, HTTP_LOG_MESSAGE, true);
    }
    *at++ = '\n';
    return (size_t)(at - line);
}

static char *put_status(char *at, enum http_log_format format, int status)
{
    if (status > 0)
        return put_integer(at, (uint64_t)status);
    return stpcpy(at, format == HTTP_LOG_JSON ? "null" : "-");
}

/* The request's names and its status: in text, the method, the path and the status without keys. */
static char *put_names(char *at, enum http_log_format format,
                       const struct http_log_request *request)
{
    if (format == HTTP_LOG_TEXT) {
        *at++ = ' ';
        at = put_string(at, format, request->method, METHOD);
        *at++ = ' ';
        at = put_string(at, format, request->path, PATH);
        *at++ = ' ';
        at = put_status(at, format, request->status);
    }
    at = put_string(put_key(at, format, "id"), format, request->id, ID);
    if (format == HTTP_LOG_JSON) {
        at = put_string(put_key(at, format, "method"), format, request->method, METHOD);
        at = put_string(put_key(at, format, "path"), format, request->path, PATH);
    }
    at = put_string(put_key(at, format, "client"), format, request->client, CLIENT);
    if (format == HTTP_LOG_JSON)
        at = put_status(put_key(at, format, "status"), format, request->status);
    return at;
}

static char *put_numbers(char *at, enum http_log_format format,
                         const struct http_log_request *request)
{
    at = put_integer(put_key(at, format, "bytes_in"), request->bytes_in);
    at = put_integer(put_key(at, format, "bytes_out"), request->bytes_out);
    at = put_milliseconds(put_key(at, format, "total_ms"), request->total);
    if (request->computed) {
        at = put_milliseconds(put_key(at, format, "queue_ms"), request->queue);
        at = put_milliseconds(put_key(at, format, "decode_ms"), request->decode);
        at = put_milliseconds(put_key(at, format, "diffuse_ms"), request->diffuse);
        at = put_milliseconds(put_key(at, format, "encode_ms"), request->encode);
    }
    return stpcpy(put_key(at, format, "cancelled"), request->cancelled ? "true" : "false");
}

size_t http_log_line_request(enum http_log_format format, const struct http_log_request *request,
                             char line[HTTP_LOG_LINE_ROOM])
{
    char *at = put_head(line, format, request->level);
    at = put_names(at, format, request);
    at = put_numbers(at, format, request);
    if (format == HTTP_LOG_JSON)
        *at++ = '}';
    *at++ = '\n';
    return (size_t)(at - line);
}
