/* Media types of Content-Type fields, without their parameters. */
#ifndef API_MEDIA_TYPE_H
#define API_MEDIA_TYPE_H

#include <stdbool.h>

/* Whether the field names this media type ("image/png"), in any case; NULL names none. */
bool api_media_type_is(const char *field, const char *type);

/* Whether it names any image type. */
bool api_media_type_is_image(const char *field);

/* Whether it claims a PNG or a JPEG, under one of the names in use for them. */
bool api_media_type_is_png_or_jpeg(const char *field);

/*
 * Whether it leaves open what the body is, so that the body's first bytes decide: no type, octets
 * under any of their names, or curl's default.
 */
bool api_media_type_is_open(const char *field);

#endif
