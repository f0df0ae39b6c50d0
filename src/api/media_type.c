/* Compares media types. */
#include "media_type.h"

#include <string.h>
#include <strings.h>

bool api_media_type_is(const char *header, const char *type)
{
    size_t length = strlen(type);
    if (!header)
        return false;
    header += strspn(header, " \t");
    return strncasecmp(header, type, length) == 0 && strcspn(header, "; \t") == length;
}

bool api_media_type_is_unsaid(const char *header)
{
    return !header || *header == '\0' || api_media_type_is(header, "application/octet-stream") ||
           api_media_type_is(header, "application/x-www-form-urlencoded");
}
