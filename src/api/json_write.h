/* JSON out, written straight into a buffer: for documents that are long, or streamed. */
#ifndef API_JSON_WRITE_H
#define API_JSON_WRITE_H

#include "codec/buffer.h"

/*
 * Zero-initialised but for `out`. A failure sticks in `status` and turns what follows into
 * nothing, so that it is asked for once, at the end.
 */
struct json_writer {
    struct codec_buffer *out;
    enum dissolve_status status;
    bool comma; /* the next item needs one before it */
};

/* open: '{' or '['; close: '}' or ']'. */
void json_open(struct json_writer *writer, char bracket);
void json_close(struct json_writer *writer, char bracket);

/* A member's name; a value or json_open follows. Names and strings must need no escaping. */
void json_key(struct json_writer *writer, const char *name);
void json_text(struct json_writer *writer, const char *plain);

void json_number(struct json_writer *writer, double value); /* null if not finite */
void json_integer(struct json_writer *writer, uint64_t value);
void json_boolean(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);

/* Items of the array that is open: the shortest digits that read back as the same float32, null for
   what is not finite. */
void json_floats(struct json_writer *writer, const float *values, size_t count);

/* Whole arrays. */
void json_numbers(struct json_writer *writer, const double *values, size_t count);
void json_integers(struct json_writer *writer, const uint64_t *values, size_t count);

#endif
