/* JSON bodies and small documents through cJSON. */
#include "json.h"

#include "codec/buffer.h"
#include "codec/number.h"
#include "json_scan.h"
#include "routes.h"

#include <cjson/cJSON.h>
#include <dissolve/dissolve.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What may stand beside the samples; cJSON needs some 80 bytes of memory for each number of it. */
#define MAX_REST (1 << 20)

/* Integers up to here are the same number in JSON and in double. */
#define MAX_EXACT 9007199254740991.0

static bool blame(struct api_problem *problem, const char *pointer, const char *what)
{
    return api_problem_blame(problem, 400, API_FAULT_POINTER, pointer, "%s", what);
}

/* The text without the elements of its samples array, parsed. */
static bool parse_rest(const char *text, size_t size, const struct json_scan *scan, cJSON **tree,
                       struct api_problem *problem)
{
    size_t cut = scan->array_end - scan->array_start;
    if (size - cut > MAX_REST)
        return api_problem_set(problem, 400, "the JSON body has more than %d bytes beside samples",
                               MAX_REST);
    char *rest = malloc(size - cut + 4);
    if (!rest)
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    size_t length = scan->array_start;
    memcpy(rest, text, length);
    if (cut > 0) {
        memcpy(rest + length, "[]", 2);
        length += 2;
    }
    memcpy(rest + length, text + scan->array_end, size - scan->array_end);
    length += size - scan->array_end;
    *tree = cJSON_ParseWithLength(rest, length);
    free(rest);
    /* The scan has proved the text to be JSON. */
    return *tree || api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
}

static bool has_twin(const cJSON *member)
{
    for (const cJSON *other = member->next; other; other = other->next) {
        if (strcmp(other->string, member->string) == 0)
            return true;
    }
    return false;
}

static enum dissolve_status append_number(struct codec_buffer *text, const cJSON *number)
{
    char digits[CODEC_NUMBER_ROOM];
    if (!cJSON_IsNumber(number))
        return DISSOLVE_INVALID;
    size_t length = codec_number_print(number->valuedouble, digits);
    return codec_buffer_append(text, digits, length);
}

/* A list of numbers as a parameter's text: "-6,6". */
static enum dissolve_status append_list(struct codec_buffer *text, const cJSON *array)
{
    enum dissolve_status status = DISSOLVE_OK;
    for (const cJSON *element = array->child; element && status == DISSOLVE_OK;
         element = element->next) {
        if (element != array->child)
            status = codec_buffer_append(text, ",", 1);
        if (status == DISSOLVE_OK)
            status = append_number(text, element);
    }
    return status;
}

/* DISSOLVE_INVALID: a kind of value that no parameter has. */
static enum dissolve_status member_text(const cJSON *member, struct codec_buffer *text)
{
    if (cJSON_IsString(member))
        return codec_buffer_append(text, member->valuestring, strlen(member->valuestring));
    if (cJSON_IsTrue(member))
        return codec_buffer_append(text, "true", 4);
    if (cJSON_IsFalse(member))
        return codec_buffer_append(text, "false", 5);
    if (cJSON_IsArray(member))
        return append_list(text, member);
    return append_number(text, member);
}

/* A parameter: a string, a number, a truth value, or an array of numbers. */
static bool add_parameter(const cJSON *member, struct api_arguments *arguments,
                          struct api_problem *problem)
{
    const struct api_argument here = {.name = member->string, .source = API_FROM_JSON};
    if (cJSON_IsNumber(member) && fabs(member->valuedouble) > MAX_EXACT)
        return api_argument_refuse(&here, problem,
                                   "%s is beyond 2^53 - 1, where JSON numbers are not exact: "
                                   "write it as a string",
                                   member->string);
    struct codec_buffer text = {0};
    enum dissolve_status status = member_text(member, &text);
    bool fine;
    if (status == DISSOLVE_OK) {
        fine = api_arguments_add(arguments, API_FROM_JSON, member->string, text.data, text.size,
                                 problem);
        if (fine)
            arguments->list[arguments->count - 1].is_list = cJSON_IsArray(member);
    } else if (status == DISSOLVE_INVALID) {
        fine = api_argument_refuse(
            &here, problem, "%s must be a number, a string or an array of numbers", member->string);
    } else {
        fine = api_problem_from_status(problem, status, NULL);
    }
    codec_buffer_free(&text);
    return fine;
}

/* One of a mixture's three arrays. */
struct numbers {
    const char *name;
    double *values;
    bool may_be_negative;
};

static bool blame_element(const char *name, size_t index, const char *what,
                          struct api_problem *problem)
{
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/mixture/%s/%zu", name, index);
    return blame(problem, pointer, what);
}

/* Copies the array's numbers; there must be `count`, each finite in float32. */
static bool read_numbers(const cJSON *mixture, const struct numbers *numbers, size_t count,
                         struct api_problem *problem)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(mixture, numbers->name);
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/mixture/%s", numbers->name);
    if (!cJSON_IsArray(array) || (size_t)cJSON_GetArraySize(array) != count)
        return blame(problem, pointer,
                     "a mixture needs arrays weights, means and stds of the same length");
    size_t i = 0;
    for (const cJSON *element = array->child; element; element = element->next, i++) {
        double value = cJSON_IsNumber(element) ? element->valuedouble : NAN;
        if (isnan(value))
            return blame_element(numbers->name, i, "a number was expected", problem);
        if (!isfinite((float)value))
            return blame_element(numbers->name, i, "the number is beyond float32", problem);
        if (value < 0 && !numbers->may_be_negative)
            return blame_element(numbers->name, i, "no weight and no std may be negative", problem);
        numbers->values[i] = value;
    }
    return true;
}

static bool read_count(const cJSON *mixture, uint64_t *count, struct api_problem *problem)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(mixture, "count");
    double value = cJSON_IsNumber(member) ? member->valuedouble : 0;
    if (!member)
        value = 10000;
    if (value < 1 || value > MAX_EXACT || value != floor(value))
        return blame(problem, "/mixture/count", "count must be a whole number, 1 or more");
    *count = (uint64_t)value;
    return true;
}

static bool check_mixture_members(const cJSON *mixture, struct api_problem *problem)
{
    static const char *const names[] = {"weights", "means", "stds", "count"};
    const cJSON *member;
    cJSON_ArrayForEach(member, mixture)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            known = known || strcmp(member->string, names[i]) == 0;
        char pointer[sizeof problem->culprit] = "/mixture";
        api_pointer_append(pointer, sizeof pointer, member->string, strlen(member->string));
        if (!known)
            return blame(problem, pointer, "a mixture has weights, means, stds and count");
        if (has_twin(member))
            return blame(problem, pointer, "a member is given twice");
    }
    return true;
}

static bool check_sum(const struct dissolve_mixture *mixture, struct api_problem *problem)
{
    double sum = 0;
    for (size_t i = 0; i < mixture->components; i++)
        sum += mixture->weights[i];
    return (sum > 0 && isfinite(sum)) ||
           blame(problem, "/mixture/weights", "the weights need a positive, finite sum");
}

static bool read_mixture(const cJSON *mixture, struct json_body *body, struct api_problem *problem)
{
    if (!cJSON_IsObject(mixture))
        return blame(problem, "/mixture", "mixture must be an object");
    if (!check_mixture_members(mixture, problem))
        return false;
    int size = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(mixture, "weights"));
    size_t count = size > 0 ? (size_t)size : 0;
    if (count == 0 || count > DISSOLVE_MAX_COMPONENTS)
        return blame(problem, "/mixture/weights", "a mixture needs 1 to 4096 weights");
    double *numbers = body->numbers = calloc(3 * count, sizeof *numbers);
    if (!numbers)
        return api_problem_from_status(problem, DISSOLVE_NO_MEMORY, NULL);
    const struct numbers weights = {"weights", numbers, false};
    const struct numbers means = {"means", numbers + count, true};
    const struct numbers stds = {"stds", numbers + 2 * count, false};
    if (!read_numbers(mixture, &weights, count, problem) ||
        !read_numbers(mixture, &means, count, problem) ||
        !read_numbers(mixture, &stds, count, problem) ||
        !read_count(mixture, &body->mixture_count, problem))
        return false;
    body->has_mixture = true;
    body->mixture = (struct dissolve_mixture){
        .components = count, .weights = weights.values, .means = means.values, .stds = stds.values};
    return check_sum(&body->mixture, problem) &&
           (dissolve_mixture_check(&body->mixture) == DISSOLVE_OK ||
            blame(problem, "/mixture", "|mean| + 6 std must be within float32"));
}

static bool read_member(const cJSON *member, struct json_body *body,
                        struct api_arguments *arguments, struct api_problem *problem)
{
    const struct api_argument here = {.name = member->string, .source = API_FROM_JSON};
    if (has_twin(member))
        return api_argument_refuse(&here, problem, "%s is given twice", member->string);
    if (strcmp(member->string, "mixture") == 0)
        return read_mixture(member, body, problem);
    if (strcmp(member->string, "samples") != 0)
        return add_parameter(member, arguments, problem);
    /* The array was cut out; anything else under that name is none. */
    return body->samples || blame(problem, "/samples", "samples must be an array of numbers");
}

bool json_body_read(const char *text, size_t size, struct json_body *body,
                    struct api_arguments *arguments, struct api_problem *problem)
{
    struct json_scan scan = {0};
    cJSON *tree = NULL;
    bool fine = json_scan(text, size, &scan, problem);
    body->samples = scan.samples;
    body->sample_count = scan.sample_count;
    fine = fine && parse_rest(text, size, &scan, &tree, problem);
    for (const cJSON *member = fine && tree ? tree->child : NULL; member && fine;
         member = member->next)
        fine = read_member(member, body, arguments, problem);
    cJSON_Delete(tree);
    if (fine && !body->samples == !body->has_mixture)
        return api_problem_set(problem, 400, "the body needs either samples or mixture");
    return fine;
}

void json_body_free(struct json_body *body)
{
    free(body->samples);
    free(body->numbers);
    *body = (struct json_body){0};
}

/* Prints a tree, or nothing if any part of it could not be made, and frees it. */
static char *print(cJSON *tree, bool complete)
{
    char *text = complete ? cJSON_PrintUnformatted(tree) : NULL;
    cJSON_Delete(tree);
    return text;
}

char *json_problem(const struct api_problem *problem, const char *request_id)
{
    const char *fault_name = problem->fault == API_FAULT_POINTER ? "pointer" : "parameter";
    cJSON *tree = cJSON_CreateObject();
    bool complete = cJSON_AddStringToObject(tree, "type", "about:blank") &&
                    cJSON_AddStringToObject(tree, "title", api_status_title(problem->status)) &&
                    cJSON_AddNumberToObject(tree, "status", problem->status) &&
                    cJSON_AddStringToObject(tree, "detail", problem->detail) &&
                    cJSON_AddStringToObject(tree, "request_id", request_id) &&
                    (problem->fault == API_FAULT_NONE ||
                     cJSON_AddStringToObject(tree, fault_name, problem->culprit));
    return print(tree, complete);
}

static bool add_limits(cJSON *tree, const struct api_limits *limits)
{
    cJSON *object = cJSON_AddObjectToObject(tree, "limits");
    return object && cJSON_AddNumberToObject(object, "max_body", (double)limits->max_body) &&
           cJSON_AddNumberToObject(object, "max_pixels", (double)limits->max_pixels) &&
           cJSON_AddNumberToObject(object, "max_work", (double)limits->max_work) &&
           cJSON_AddNumberToObject(object, "max_steps", DISSOLVE_MAX_STEPS) &&
           cJSON_AddNumberToObject(object, "max_bins", DISSOLVE_MAX_BINS);
}

static bool add_routes(cJSON *tree)
{
    cJSON *array = cJSON_AddArrayToObject(tree, "routes");
    bool complete = array;
    struct api_field name;
    for (size_t i = 0; complete && api_route_name(i, &name); i++) {
        cJSON *route = cJSON_CreateObject();
        complete = cJSON_AddStringToObject(route, "method", name.name) &&
                   cJSON_AddStringToObject(route, "path", name.value);
        complete = cJSON_AddItemToArray(array, route) && complete;
    }
    return complete;
}

char *json_service(const struct json_service *service)
{
    cJSON *tree = cJSON_CreateObject();
    bool complete = cJSON_AddStringToObject(tree, "name", "dissolved") &&
                    cJSON_AddStringToObject(tree, "version", service->version) &&
                    cJSON_AddNumberToObject(tree, "noise_version", DISSOLVE_NOISE_VERSION) &&
                    cJSON_AddStringToObject(tree, "instruction_set", service->instruction_set) &&
                    cJSON_AddNumberToObject(tree, "threads", service->threads) &&
                    add_limits(tree, service->limits) && add_routes(tree);
    return print(tree, complete);
}
