/* The parameters as a request gave them, from wherever they came: names and texts. */
#ifndef API_ARGUMENTS_H
#define API_ARGUMENTS_H

#include "api.h"
#include "problem.h"

enum api_source { API_FROM_QUERY, API_FROM_FORM, API_FROM_JSON };

struct api_argument {
    char *name;
    char *text;
    enum api_source source;
    bool is_list; /* text was a JSON array of numbers, now joined by commas */
};

/* Zero-initialised is empty; freed with api_arguments_free. */
struct api_arguments {
    struct api_argument *list;
    size_t count;
    size_t room;
};

/* Adds copies of name and text[0..size). An embedded NUL is refused with a problem. */
DISSOLVE_MUST_USE bool api_arguments_add(struct api_arguments *arguments, enum api_source source,
                                         const char *name, const void *text, size_t size,
                                         struct api_problem *problem);

/* Appends `name` to a JSON pointer (RFC 6901), "/" before it and ~ and / escaped, as far as fits.
 */
void api_pointer_append(char *pointer, size_t room, const char *name, size_t length);

/* Adds all of the request's query. */
DISSOLVE_MUST_USE bool api_arguments_add_query(struct api_arguments *arguments,
                                               const struct api_request *request,
                                               struct api_problem *problem);

void api_arguments_free(struct api_arguments *arguments);

/* A 400 that blames the argument: its name, or its JSON pointer. Returns false. */
bool api_argument_refuse(const struct api_argument *argument, struct api_problem *problem,
                         const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
