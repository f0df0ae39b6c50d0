/* Which frames a request wants: all, last, or a list of t and ranges. */
#ifndef API_SELECTION_H
#define API_SELECTION_H

#include "api.h"

#include <dissolve/schedule.h>

/* A list has at most so many items: one for each t that there can be. */
#define API_SELECTION_MAX_ITEMS (DISSOLVE_MAX_STEPS + 1)

/* Ascending, without repetition, at least one. Freed with api_selection_free. */
struct api_selection {
    uint32_t *t;
    size_t count;
};

/*
 * Reads "all", "last", or a comma-separated list of t, a-b and a-b/stride, with t from first to
 * steps; first <= steps. DISSOLVE_INVALID: `detail` says in a sentence what is wrong.
 */
DISSOLVE_MUST_USE enum dissolve_status api_selection_read(const char *text, uint32_t first,
                                                          uint32_t steps,
                                                          struct api_selection *selection,
                                                          char *detail, size_t room);

/* The largest t: how many steps have to be made. */
uint32_t api_selection_last(const struct api_selection *selection);

void api_selection_free(struct api_selection *selection);

#endif
