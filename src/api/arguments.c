/* Gathers the parameters of query, form and JSON into one list. */
#include "arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far more than there are parameters, far less than hurts. */
#define MAX_ARGUMENTS 128

static bool grow(struct api_arguments *arguments, struct api_problem *problem)
{
    if (arguments->count < arguments->room)
        return true;
    if (arguments->count >= MAX_ARGUMENTS)
        return api_problem_set(problem, 400, "more than %d parameters", MAX_ARGUMENTS);
    size_t room = arguments->room ? 2 * arguments->room : 16;
    struct api_argument *list = realloc(arguments->list, room * sizeof *list);
    if (!list)
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    arguments->list = list;
    arguments->room = room;
    return true;
}

bool api_arguments_add(struct api_arguments *arguments, enum api_source source, const char *name,
                       const void *text, size_t size, struct api_problem *problem)
{
    if (!grow(arguments, problem))
        return false;
    struct api_argument *argument = &arguments->list[arguments->count];
    argument->source = source;
    argument->is_list = false;
    argument->name = strdup(name);
    argument->text = malloc(size + 1);
    if (!argument->name || !argument->text) {
        free(argument->name);
        free(argument->text);
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    }
    if (size > 0)
        memcpy(argument->text, text, size);
    argument->text[size] = '\0';
    arguments->count++;
    if (strlen(argument->text) != size)
        return api_argument_refuse(argument, problem, "%s contains a NUL byte", name);
    return true;
}

bool api_arguments_add_query(struct api_arguments *arguments, const struct api_request *request,
                             struct api_problem *problem)
{
    for (size_t i = 0; i < request->query_count; i++) {
        const struct api_field *field = &request->query[i];
        const char *value = field->value ? field->value : "";
        if (!api_arguments_add(arguments, API_FROM_QUERY, field->name, value, strlen(value),
                               problem))
            return false;
    }
    return true;
}

void api_arguments_free(struct api_arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        free(arguments->list[i].name);
        free(arguments->list[i].text);
    }
    free(arguments->list);
    *arguments = (struct api_arguments){0};
}

void api_pointer_append(char *pointer, size_t room, const char *name, size_t length)
{
    size_t at = strlen(pointer);
    if (at + 4 > room)
        return;
    pointer[at++] = '/';
    for (size_t i = 0; i < length && at + 3 < room; i++) {
        bool escape = name[i] == '~' || name[i] == '/';
        if (escape)
            pointer[at++] = '~';
        pointer[at++] = !escape ? name[i] : name[i] == '~' ? '0' : '1';
    }
    pointer[at] = '\0';
}

bool api_argument_refuse(const struct api_argument *argument, struct api_problem *problem,
                         const char *format, ...)
{
    char detail[sizeof problem->detail];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    if (argument->source != API_FROM_JSON)
        return api_problem_blame(problem, 400, API_FAULT_PARAMETER, argument->name, "%s", detail);
    char pointer[sizeof problem->culprit] = "";
    api_pointer_append(pointer, sizeof pointer, argument->name, strlen(argument->name));
    return api_problem_blame(problem, 400, API_FAULT_POINTER, pointer, "%s", detail);
}
