/* Reads the frames expression by marking each t that it names. */
#include "selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at;
    uint32_t first;  /* the smallest t there is */
    uint32_t steps;  /* and the largest */
    uint8_t *wanted; /* one for each t, 0..steps */
    char *detail;
    size_t room;
};

static bool complain(struct reader *reader, const char *what)
{
    snprintf(reader->detail, reader->room,
             "frames must be all, last, or a list of t, a-b and a-b/stride such as "
             "0,5,10-100/10: %s",
             what);
    return false;
}

/* Digits, up to a value that is larger than any t. */
static bool read_number(struct reader *reader, uint32_t *value)
{
    if (*reader->at < '0' || *reader->at > '9')
        return complain(reader, *reader->at == '\0' || *reader->at == ','
                                    ? "a number is missing"
                                    : "t and strides are whole numbers, 0 or more");
    uint32_t v = 0;
    for (; *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        if (v < 100000000)
            v = 10 * v + (uint32_t)(*reader->at - '0');
    }
    *value = v;
    return true;
}

static bool read_step(struct reader *reader, uint32_t *t)
{
    if (!read_number(reader, t))
        return false;
    if (*t > reader->steps)
        snprintf(reader->detail, reader->room, "frames names t = %u, beyond the %u steps", *t,
                 reader->steps);
    else if (*t < reader->first)
        snprintf(reader->detail, reader->room, "frames names t = %u, before start_step = %u", *t,
                 reader->first);
    return *t >= reader->first && *t <= reader->steps;
}

static bool take(struct reader *reader, char c)
{
    if (*reader->at != c)
        return false;
    reader->at++;
    return true;
}

/* t, a-b or a-b/stride */
static bool read_item(struct reader *reader)
{
    uint32_t first, last, stride = 1;
    if (!read_step(reader, &first))
        return false;
    last = first;
    if (take(reader, '-')) {
        if (!read_step(reader, &last))
            return false;
        if (last < first)
            return complain(reader, "a range runs backwards");
        if (take(reader, '/') && !read_number(reader, &stride))
            return false;
        if (stride == 0)
            return complain(reader, "a stride is 0");
    }
    for (uint32_t t = first; t <= last; t += stride)
        reader->wanted[t] = 1;
    return true;
}

/* Each item may mark every t: a list that fills a whole body would take minutes. */
static bool read_list(struct reader *reader)
{
    size_t count = 0;
    do {
        if (count++ == API_SELECTION_MAX_ITEMS)
            return complain(reader, "there are more items than steps can be");
        if (!read_item(reader))
            return false;
    } while (take(reader, ','));
    if (*reader->at == '.' || *reader->at == 'e' || *reader->at == 'E')
        return complain(reader, "t and strides are whole numbers, 0 or more");
    return *reader->at == '\0' || complain(reader, "something else follows");
}

static bool read_expression(struct reader *reader)
{
    if (strcmp(reader->at, "all") == 0)
        memset(reader->wanted + reader->first, 1, reader->steps - reader->first + 1);
    else if (strcmp(reader->at, "last") == 0)
        reader->wanted[reader->steps] = 1;
    else
        return read_list(reader);
    return true;
}

enum dissolve_status api_selection_read(const char *text, uint32_t first, uint32_t steps,
                                        struct api_selection *selection, char *detail, size_t room)
{
    *selection = (struct api_selection){0};
    uint32_t *t = malloc((steps + (size_t)1) * sizeof *t);
    uint8_t *wanted = calloc(steps + (size_t)1, 1);
    struct reader reader = {.at = text,
                            .first = first,
                            .steps = steps,
                            .wanted = wanted,
                            .detail = detail,
                            .room = room};
    enum dissolve_status status = DISSOLVE_OK;
    if (!t || !wanted)
        status = DISSOLVE_NO_MEMORY;
    else if (!read_expression(&reader))
        status = DISSOLVE_INVALID;
    if (status != DISSOLVE_OK) {
        free(t);
        free(wanted);
        return status;
    }
    size_t count = 0;
    for (uint32_t i = 0; i <= steps; i++) {
        if (wanted[i])
            t[count++] = i;
    }
    free(wanted);
    *selection = (struct api_selection){.t = t, .count = count};
    return DISSOLVE_OK;
}

uint32_t api_selection_last(const struct api_selection *selection)
{
    return selection->t[selection->count - 1];
}

void api_selection_free(struct api_selection *selection)
{
    free(selection->t);
    *selection = (struct api_selection){0};
}
