/* File signatures: what the first bytes of a body say it is. */
#ifndef CODEC_SIGNATURE_H
#define CODEC_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codec_kind {
    CODEC_KIND_OTHER, /* nothing that this service reads */
    CODEC_KIND_PNG,
    CODEC_KIND_JPEG,
    CODEC_KIND_NPY,
    CODEC_KIND_JSON, /* an object: "{" behind white space and a UTF-8 byte order mark */
};

/* A finding; the texts are static. */
struct codec_signature {
    enum codec_kind kind;
    const char *name;   /* "WebP"; NULL: not known */
    const char *remedy; /* "convert it to PNG or JPEG"; NULL: none is known */
    bool text;          /* it is text that a person or a program wrote, in ASCII or UTF-8 */
};

/*
 * Looks at the first 4 KiB at most; never fails. The bytes behind a signature may still be
 * anything: whether a PNG is one, its decoder says.
 */
struct codec_signature codec_signature_find(const uint8_t *bytes, size_t size);

/* The length of a UTF-8 byte order mark at the beginning: 3, or 0 where there is none. */
size_t codec_signature_bom(const uint8_t *bytes, size_t size);

#endif
