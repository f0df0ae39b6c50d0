/* multipart/form-data in (RFC 7578): what browsers' forms and curl -F send. */
#ifndef CODEC_MULTIPART_H
#define CODEC_MULTIPART_H

#include "image.h"

#include <stdbool.h>

/* A form may have at most this many fields. */
#define CODEC_MAX_FIELDS 64

/* One field. Strings end with a NUL and contain none; data is borrowed from the body. */
struct codec_field {
    char *name;
    bool is_file;       /* a file name came with it, be it empty; the file name is not kept */
    char *content_type; /* without its parameters; NULL: none said */
    const uint8_t *data;
    size_t size;
};

struct codec_form {
    struct codec_field fields[CODEC_MAX_FIELDS];
    size_t count;
};

/*
 * Reads a whole body. content_type is the request's header, with its boundary. Names are UTF-8 and
 * at most 255 bytes; a part's headers are at most 4096, not counting the values of `filename` and
 * `filename*`, which may have any length and any bytes but a line end. %22, %0D and %0A in a name,
 * which browsers write for a quote and line ends, are decoded, and so are \" and \\; any other
 * backslash or % is itself. No fields at all is a form, too.
 *
 * DISSOLVE_MALFORMED: not a form (no or bad boundary, cut off, a part without a name, too many
 * fields...), `detail` says it in a sentence; DISSOLVE_NO_MEMORY. *form is to be freed with
 * codec_form_free, after an error too. Takes a time that is linear in size, for any body.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_form_parse(const char *content_type,
                                                        const uint8_t *body, size_t size,
                                                        struct codec_form *form,
                                                        char detail[CODEC_DETAIL]);

void codec_form_free(struct codec_form *form);

#endif
