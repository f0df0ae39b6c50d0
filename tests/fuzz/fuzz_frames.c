/* Fuzzes the frames expression, held against a slow reading of it: two bytes each for the first t
 * there is and for the number of steps, then the text. */
#include "api/selection.h"

#include "fuzz.h"

#include <dissolve/schedule.h>

/* Whether an item, "t", "a-b" or "a-b/stride", names t. */
static bool item_names(const char *item, unsigned long long t)
{
    char *end;
    unsigned long long low = strtoull(item, &end, 10), high = low, stride = 1;
    if (*end == '-')
        high = strtoull(end + 1, &end, 10);
    if (*end == '/')
        stride = strtoull(end + 1, &end, 10);
    CHECK(*end == ',' || *end == '\0');
    CHECK(stride > 0);
    return t >= low && t <= high && (t - low) % stride == 0;
}

static bool list_names(const char *text, uint32_t t)
{
    for (const char *item = text; item; item = strchr(item, ',')) {
        item += *item == ',';
        if (item_names(item, t))
            return true;
    }
    return false;
}

static void check_members(const char *text, uint32_t first, uint32_t steps,
                          const struct api_selection *selection)
{
    size_t at = 0;
    bool all = strcmp(text, "all") == 0, last = strcmp(text, "last") == 0;
    for (uint32_t t = first; t <= steps; t++) {
        bool named = all || (last ? t == steps : list_names(text, t));
        CHECK(named == (at < selection->count && selection->t[at] == t));
        at += named;
    }
    CHECK(at == selection->count);
}

/* Sorted, none twice, all among the steps that there are. */
static void check_order(uint32_t first, uint32_t steps, const struct api_selection *selection)
{
    CHECK(selection->count > 0 && selection->count <= steps - first + 1);
    CHECK(selection->t[0] >= first);
    for (size_t i = 1; i < selection->count; i++)
        CHECK(selection->t[i - 1] < selection->t[i]);
    CHECK(api_selection_last(selection) == selection->t[selection->count - 1]);
    CHECK(api_selection_last(selection) <= steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes left = {data, size};
    uint32_t first = fuzz_short(&left) % (DISSOLVE_MAX_STEPS + 1);
    uint32_t steps = fuzz_short(&left) % (DISSOLVE_MAX_STEPS + 1);
    char *text = fuzz_string(left.data, left.size);
    char detail[200] = "";
    struct api_selection selection;
    if (first > steps)
        first = steps;
    enum dissolve_status status =
        api_selection_read(text, first, steps, &selection, detail, sizeof detail);
    if (status == DISSOLVE_OK) {
        check_order(first, steps, &selection);
        check_members(text, first, steps, &selection);
    } else {
        CHECK(status == DISSOLVE_INVALID && !selection.t && selection.count == 0);
        CHECK(detail[0] != '\0' && strlen(detail) < sizeof detail);
    }
    api_selection_free(&selection);
    free(text);
    return 0;
}
