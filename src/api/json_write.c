/* Writes JSON into a buffer, item by item. */
#include "json_write.h"

#include "codec/number.h"

#include <string.h>

static void put(struct json_writer *writer, const void *bytes, size_t size)
{
    if (writer->status == DISSOLVE_OK)
        writer->status = codec_buffer_append(writer->out, bytes, size);
}

/* The comma that separates the coming item from the one before. */
static void separate(struct json_writer *writer)
{
    if (writer->comma)
        put(writer, ",", 1);
    writer->comma = true;
}

void json_open(struct json_writer *writer, char bracket)
{
    separate(writer);
    put(writer, &bracket, 1);
    writer->comma = false;
}

void json_close(struct json_writer *writer, char bracket)
{
    put(writer, &bracket, 1);
    writer->comma = true;
}

/* Room for so many bytes; NULL after a failure. What is written there counts once it is kept. */
static char *make_room(struct json_writer *writer, size_t size)
{
    if (writer->status == DISSOLVE_OK)
        writer->status = codec_buffer_reserve(writer->out, size);
    return writer->status == DISSOLVE_OK ? (char *)writer->out->data + writer->out->size : NULL;
}

static void keep(struct json_writer *writer, const char *end)
{
    writer->out->size = (size_t)((const uint8_t *)end - writer->out->data);
}

static char *print_comma(struct json_writer *writer, char *at)
{
    *at = ',';
    at += writer->comma;
    writer->comma = true;
    return at;
}

/* A name or a string, with its comma. `after` follows the second quote. */
static void write_quoted(struct json_writer *writer, const char *plain, const char *after)
{
    size_t size = strlen(plain), more = strlen(after);
    char *at = make_room(writer, size + more + 3);
    if (!at)
        return;
    at = print_comma(writer, at);
    *at++ = '"';
    memcpy(at, plain, size);
    at += size;
    *at++ = '"';
    memcpy(at, after, more);
    keep(writer, at + more);
}

void json_key(struct json_writer *writer, const char *name)
{
    write_quoted(writer, name, ":");
    writer->comma = false;
}

void json_text(struct json_writer *writer, const char *plain)
{
    write_quoted(writer, plain, "");
}

void json_null(struct json_writer *writer)
{
    separate(writer);
    put(writer, "null", 4);
}

void json_boolean(struct json_writer *writer, bool value)
{
    const char *word = value ? "true" : "false";
    separate(writer);
    put(writer, word, strlen(word));
}

/* Enough for any numbers, each with the comma before it, and for printing the last. */
#define ROOM_FOR(count) ((count) * (CODEC_NUMBER_LONGEST + 1) + CODEC_NUMBER_ROOM)

/* Arrays are printed in runs of this many items, for which room is made at once. */
#define RUN 64

/* The printers write one item with its comma, and return where it ends. */

/* `size` digits have been printed; none stand for a value that is not finite. */
static char *finish_number(char *at, size_t size)
{
    if (size > 0)
        return at + size;
    memcpy(at, "null", 4);
    return at + 4;
}

static char *print_number(struct json_writer *writer, char *at, double value)
{
    at = print_comma(writer, at);
    return finish_number(at, codec_number_print(value, at));
}

static char *print_float(struct json_writer *writer, char *at, float value)
{
    at = print_comma(writer, at);
    return finish_number(at, codec_number_print_float(value, at));
}

static char *print_integer(struct json_writer *writer, char *at, uint64_t value)
{
    at = print_comma(writer, at);
    return at + codec_number_print_integer(value, at);
}

void json_number(struct json_writer *writer, double value)
{
    char *at = make_room(writer, ROOM_FOR(1));
    if (at)
        keep(writer, print_number(writer, at, value));
}

void json_integer(struct json_writer *writer, uint64_t value)
{
    char *at = make_room(writer, ROOM_FOR(1));
    if (at)
        keep(writer, print_integer(writer, at, value));
}

/* Items that a printer writes. A failure ends it: `at` is NULL then. */
#define WRITE_ITEMS(writer, print, values, count)                   \
    do {                                                            \
        for (size_t done = 0; done < (count); done += RUN) {        \
            size_t end = (count)-done < RUN ? (count) : done + RUN; \
            char *at = make_room(writer, ROOM_FOR(end - done));     \
            for (size_t i = done; at && i < end; i++)               \
                at = print(writer, at, (values)[i]);                \
            if (at)                                                 \
                keep(writer, at);                                   \
        }                                                           \
    } while (0)

void json_floats(struct json_writer *writer, const float *values, size_t count)
{
    WRITE_ITEMS(writer, print_float, values, count);
}

void json_numbers(struct json_writer *writer, const double *values, size_t count)
{
    json_open(writer, '[');
    WRITE_ITEMS(writer, print_number, values, count);
    json_close(writer, ']');
}

void json_integers(struct json_writer *writer, const uint64_t *values, size_t count)
{
    json_open(writer, '[');
    WRITE_ITEMS(writer, print_integer, values, count);
    json_close(writer, ']');
}
