/* Compares media types. */
#include "media_type.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

bool api_media_type_is(const char *field, const char *type)
{
    size_t length = strlen(type);
    if (!field)
        return false;
    field += strspn(field, " \t");
    return strncasecmp(field, type, length) == 0 && strcspn(field, "; \t") == length;
}

static bool is_one_of(const char *field, const char *const types[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (api_media_type_is(field, types[i]))
            return true;
    }
    return false;
}

bool api_media_type_is_image(const char *field)
{
    return field && strncasecmp(field + strspn(field, " \t"), "image/", 6) == 0;
}

bool api_media_type_is_png_or_jpeg(const char *field)
{
    static const char *const types[] = {"image/png",  "image/x-png", "image/apng",
                                        "image/jpeg", "image/jpg",   "image/pjpeg"};
    return is_one_of(field, types, sizeof types / sizeof types[0]);
}

/* "application/octet-stream", "binary/octet-stream", "application/octetstream"... */
static bool names_octets(const char *field)
{
    const char *octets = strcasestr(field, "octet");
    return octets && octets < field + strcspn(field, ";");
}

bool api_media_type_is_open(const char *field)
{
    static const char *const types[] = {
        "application/x-www-form-urlencoded",
        "application/binary",
        "application/x-binary",
        "application/unknown",
        "unknown/unknown",
        "application/download",
        "application/force-download",
        "application/x-download",
        "*/*",
    };
    return !field || field[strspn(field, " \t")] == '\0' || names_octets(field) ||
           is_one_of(field, types, sizeof types / sizeof types[0]);
}
