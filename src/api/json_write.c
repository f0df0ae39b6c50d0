/* Writes JSON into a buffer, item by item. */
#include "json_write.h"

#include "codec/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
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

void json_key(struct json_writer *writer, const char *name)
{
    separate(writer);
    put(writer, "\"", 1);
    put(writer, name, strlen(name));
    put(writer, "\":", 2);
    writer->comma = false;
}

void json_text(struct json_writer *writer, const char *plain)
{
    separate(writer);
    put(writer, "\"", 1);
    put(writer, plain, strlen(plain));
    put(writer, "\"", 1);
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

void json_number(struct json_writer *writer, double value)
{
    char digits[CODEC_NUMBER_ROOM];
    if (!isfinite(value)) {
        json_null(writer);
        return;
    }
    separate(writer);
    put(writer, digits, codec_number_print(value, digits));
}

void json_integer(struct json_writer *writer, uint64_t value)
{
    char digits[24];
    separate(writer);
    put(writer, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, value));
}

void json_numbers(struct json_writer *writer, const double *values, size_t count)
{
    json_open(writer, '[');
    for (size_t i = 0; i < count; i++)
        json_number(writer, values[i]);
    json_close(writer, ']');
}

void json_floats(struct json_writer *writer, const float *values, size_t count)
{
    char digits[CODEC_NUMBER_ROOM];
    for (size_t i = 0; i < count; i++) {
        size_t size = codec_number_print_float(values[i], digits);
        separate(writer);
        put(writer, size > 0 ? digits : "null", size > 0 ? size : 4);
    }
}

void json_integers(struct json_writer *writer, const uint64_t *values, size_t count)
{
    json_open(writer, '[');
    for (size_t i = 0; i < count; i++)
        json_integer(writer, values[i]);
    json_close(writer, ']');
}
