/* The names and texts of the status table. */
#include <dissolve/status.h>

const char *dissolve_status_name(enum dissolve_status status)
{
    switch (status) {
#define STATUS_NAME(suffix, name, text) \
    case DISSOLVE_##suffix:             \
        return name;
        DISSOLVE_STATUS_TABLE(STATUS_NAME)
#undef STATUS_NAME
    }
    return "unknown";
}

const char *dissolve_status_text(enum dissolve_status status)
{
    switch (status) {
#define STATUS_TEXT(suffix, name, text) \
    case DISSOLVE_##suffix:             \
        return text;
        DISSOLVE_STATUS_TABLE(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "no such status";
}
