/* Files that the build puts into the binary. */
#ifndef EXPLORER_EMBEDDED_H
#define EXPLORER_EMBEDDED_H

#include <stddef.h>

extern const unsigned char explorer_page[];
extern const size_t explorer_page_size;

extern const unsigned char explorer_openapi[];
extern const size_t explorer_openapi_size;

#define FILE(symbol, path, media_type)              \
    extern const unsigned char explorer_##symbol[]; \
    extern const size_t explorer_##symbol##_size;
#include "files.inc"
#undef FILE

#endif
