/* multipart/form-data in: finds the parts between the boundaries and reads their headers. */
#include "multipart.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_BOUNDARY 70   /* RFC 2046 */
#define MAX_HEADERS  4096 /* bytes of a part's headers without its file names */
#define MAX_VALUE    255  /* bytes of a name or content type */

/* Bytes that belong to somebody else. */
struct span {
    const uint8_t *data;
    size_t size;
};

/* What the parts are cut out of. */
struct reader {
    struct span rest; /* what is not read yet */
    char *detail;
    size_t part;                      /* the part that is being read, from 1 */
    size_t file_names;                /* bytes of file names in the part's headers so far */
    char delimiter[MAX_BOUNDARY + 4]; /* CR LF, two dashes, the boundary */
    size_t delimiter_size;
};

/* A boundary's line. */
enum line { LINE_NONE, LINE_NEXT, LINE_LAST };

__attribute__((format(printf, 2, 3))) static enum dissolve_status refuse(char *detail,
                                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, CODEC_DETAIL, format, arguments);
    va_end(arguments);
    return DISSOLVE_MALFORMED;
}

static enum dissolve_status refuse_part(const struct reader *reader, const char *what)
{
    return refuse(reader->detail, "Part %zu of the form %s.", reader->part, what);
}

static struct span advance(struct span span, size_t size)
{
    return (struct span){span.data + size, span.size - size};
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static struct span skip_blanks(struct span span)
{
    while (span.size > 0 && is_blank(span.data[0]))
        span = advance(span, 1);
    return span;
}

static struct span trim(struct span span)
{
    span = skip_blanks(span);
    while (span.size > 0 && is_blank(span.data[span.size - 1]))
        span.size--;
    return span;
}

static bool is_alphanumeric(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z');
}

/* A byte of a token (RFC 9110). */
static bool is_token_byte(uint8_t byte)
{
    return is_alphanumeric(byte) || (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte));
}

static size_t token_size(struct span span)
{
    size_t size = 0;
    while (size < span.size && is_token_byte(span.data[size]))
        size++;
    return size;
}

static bool equals(struct span span, const char *word)
{
    return span.size == strlen(word) && strncasecmp((const char *)span.data, word, span.size) == 0;
}

/* ---- header values and their parameters ---- */

/* One parameter of a header; a quoted value is without its quotes, but not unescaped yet. */
struct parameter {
    struct span name;
    struct span value;
    bool quoted;
};

/*
 * True for every way to name a file: "filename", "filename*" and the pieces "filename*0",
 * "filename*1*" (RFC 2231). RFC 7578 forbids all but the first, but clients send them.
 */
static bool is_file_name(struct span name)
{
    static const size_t length = sizeof "filename" - 1;
    const struct span stem = {name.data, name.size < length ? name.size : length};
    return equals(stem, "filename") && (name.size == length || name.data[length] == '*');
}

/* How long a quoted value is, before the quote that ends it; span.size if none does. */
static size_t quoted_size(struct span span)
{
    size_t size = 0;
    while (size < span.size && span.data[size] != '"') {
        bool escape = span.data[size] == '\\' && size + 1 < span.size &&
                      (span.data[size + 1] == '"' || span.data[size + 1] == '\\');
        size += escape ? 2 : 1;
    }
    return size;
}

/*
 * Takes a quoted value from *rest, behind its first quote. Browsers do not escape a backslash:
 * where one at the end of a file name hides the last quote, it stands for itself.
 */
static bool take_quoted(struct span *rest, struct parameter *parameter)
{
    size_t size = quoted_size(*rest);
    const uint8_t *quote = NULL;
    if (size >= rest->size && is_file_name(parameter->name))
        quote = memchr(rest->data, '"', rest->size);
    if (quote)
        size = (size_t)(quote - rest->data);
    if (size >= rest->size)
        return false;
    parameter->value = (struct span){rest->data, size};
    *rest = skip_blanks(advance(*rest, size + 1));
    return true;
}

/*
 * Takes '; name=value' from *rest, which is not empty, or a ';' with nothing behind it, which has
 * no name. Only a file name may be an unquoted value of no bytes. False: something else stands
 * there.
 */
static bool take_parameter(struct span *rest, struct parameter *parameter)
{
    if (rest->data[0] != ';')
        return false;
    struct span at = skip_blanks(advance(*rest, 1));
    *parameter = (struct parameter){.name = {at.data, token_size(at)}};
    if (at.size == 0 || at.data[0] == ';') {
        *rest = at;
        return true;
    }
    at = skip_blanks(advance(at, parameter->name.size));
    if (parameter->name.size == 0 || at.size == 0 || at.data[0] != '=')
        return false;
    at = skip_blanks(advance(at, 1));
    parameter->quoted = at.size > 0 && at.data[0] == '"';
    if (parameter->quoted) {
        *rest = advance(at, 1);
        return take_quoted(rest, parameter);
    }
    const uint8_t *end = memchr(at.data, ';', at.size);
    size_t size = end ? (size_t)(end - at.data) : at.size;
    parameter->value = trim((struct span){at.data, size});
    *rest = advance(at, size);
    return parameter->value.size > 0 || is_file_name(parameter->name);
}

/* How many bytes at span stand for *byte: an escape, what browsers percent-encode, or itself. */
static size_t take_byte(struct span span, bool quoted, uint8_t *byte)
{
    *byte = span.data[0];
    if (!quoted || span.size < 2)
        return 1;
    if (span.data[0] == '\\' && (span.data[1] == '"' || span.data[1] == '\\')) {
        *byte = span.data[1];
        return 2;
    }
    if (span.data[0] != '%' || span.size < 3)
        return 1;
    struct span code = {span.data + 1, 2};
    if (equals(code, "22"))
        *byte = '"';
    else if (equals(code, "0d"))
        *byte = '\r';
    else if (equals(code, "0a"))
        *byte = '\n';
    else
        return 1;
    return 3;
}

/* Copies a parameter's value as a string. */
static enum dissolve_status copy_value(const struct reader *reader,
                                       const struct parameter *parameter, char **copy)
{
    char text[MAX_VALUE + 1];
    size_t size = 0;
    for (struct span at = parameter->value; at.size > 0;) {
        uint8_t byte;
        at = advance(at, take_byte(at, parameter->quoted, &byte));
        if (size == MAX_VALUE)
            return refuse_part(reader, "has a header value of more than 255 bytes");
        text[size++] = (char)byte;
    }
    text[size] = '\0';
    *copy = malloc(size + 1);
    if (!*copy)
        return DISSOLVE_NO_MEMORY;
    memcpy(*copy, text, size + 1);
    return DISSOLVE_OK;
}

/* ---- one part's headers ---- */

static bool is_utf8(const char *string)
{
    while (*string) {
        size_t size = codec_utf8_size(string);
        if (size == 0)
            return false;
        string += size;
    }
    return true;
}

static bool has_control(struct span span)
{
    for (size_t i = 0; i < span.size; i++)
        if ((span.data[i] < ' ' && span.data[i] != '\t') || span.data[i] == 0x7f)
            return true;
    return false;
}

static enum dissolve_status refuse_control(const struct reader *reader)
{
    return refuse_part(reader, "has a control character in its headers");
}

/* A file name is only noted; named[] says which of its parameters but its pieces have been read. */
static enum dissolve_status read_parameter(struct reader *reader, const struct parameter *parameter,
                                           bool named[2], struct codec_field *field)
{
    if (is_file_name(parameter->name)) {
        bool whole = parameter->name.size <= sizeof "filename*" - 1;
        bool *seen = &named[equals(parameter->name, "filename*")];
        if (whole && *seen)
            return refuse_part(reader, "has a name twice");
        *seen = *seen || whole;
        reader->file_names += parameter->value.size;
        field->is_file = true;
        return DISSOLVE_OK;
    }
    if (has_control(parameter->value))
        return refuse_control(reader);
    if (!equals(parameter->name, "name"))
        return DISSOLVE_OK;
    return field->name ? refuse_part(reader, "has a name twice")
                       : copy_value(reader, parameter, &field->name);
}

static enum dissolve_status read_disposition(struct reader *reader, struct span value,
                                             struct codec_field *field)
{
    bool named[2] = {false, false};
    if (field->name)
        return refuse_part(reader, "has two Content-Disposition headers");
    struct span kind = {value.data, token_size(value)};
    if (!equals(kind, "form-data"))
        return refuse_part(reader, "has a Content-Disposition other than form-data");
    struct span rest = skip_blanks(advance(value, kind.size));
    while (rest.size > 0) {
        struct parameter parameter;
        if (!take_parameter(&rest, &parameter))
            return refuse_part(reader, "has a Content-Disposition that cannot be read");
        enum dissolve_status status = read_parameter(reader, &parameter, named, field);
        if (status)
            return status;
    }
    if (!field->name || field->name[0] == '\0')
        return refuse_part(reader, "has no name");
    return is_utf8(field->name) ? DISSOLVE_OK : refuse_part(reader, "has a name that is not UTF-8");
}

static enum dissolve_status read_header(struct reader *reader, struct span name, struct span value,
                                        struct codec_field *field)
{
    if (equals(name, "Content-Disposition"))
        return read_disposition(reader, value, field);
    if (has_control(value))
        return refuse_control(reader);
    if (equals(name, "Content-Type")) {
        const uint8_t *parameters = memchr(value.data, ';', value.size);
        struct parameter type = {.value = value};
        if (parameters) /* a file name may be among them, of any length */
            type.value = trim((struct span){value.data, (size_t)(parameters - value.data)});
        if (field->content_type)
            return refuse_part(reader, "has two Content-Type headers");
        return copy_value(reader, &type, &field->content_type);
    }
    if (equals(name, "Content-Transfer-Encoding") && !equals(value, "binary") &&
        !equals(value, "8bit") && !equals(value, "7bit"))
        return refuse_part(reader, "has a Content-Transfer-Encoding, which forms do not use");
    return DISSOLVE_OK;
}

/* Reads one header from a line without its end. */
static enum dissolve_status read_line(struct reader *reader, struct span line,
                                      struct codec_field *field)
{
    struct span name = {line.data, token_size(line)};
    if (name.size == 0 || name.size == line.size || line.data[name.size] != ':')
        return refuse_part(reader, "has a line in its headers that is no header");
    return read_header(reader, name, trim(advance(line, name.size + 1)), field);
}

/* Reads a part's headers up to, not including, the line end of the empty line behind them. */
static enum dissolve_status read_headers(struct reader *reader, struct codec_field *field)
{
    struct span *rest = &reader->rest;
    size_t size = 2; /* of the empty line */
    reader->file_names = 0;
    for (;;) {
        const uint8_t *line_end = memmem(rest->data, rest->size, "\r\n", 2);
        if (!line_end)
            return refuse(reader->detail, "The form is cut off in its last part's headers.");
        if (line_end == rest->data)
            break;
        struct span line = {rest->data, (size_t)(line_end - rest->data)};
        enum dissolve_status status = read_line(reader, line, field);
        if (status)
            return status;
        *rest = advance(*rest, line.size + 2);
        size += line.size + 2;
        if (size - reader->file_names > MAX_HEADERS)
            return refuse_part(reader, "has more than 4096 bytes of headers");
    }
    return field->name ? DISSOLVE_OK : refuse_part(reader, "has no name");
}

/* ---- the body ---- */

/*
 * What line a boundary makes whose last byte stands before `rest`; moves behind the line's end. A
 * line that only begins with a boundary is none.
 */
static enum line take_line(struct span *rest)
{
    bool last = rest->size >= 2 && memcmp(rest->data, "--", 2) == 0;
    struct span at = skip_blanks(advance(*rest, last ? 2 : 0));
    if (last && at.size == 0) {
        *rest = at;
        return LINE_LAST;
    }
    if (at.size < 2 || memcmp(at.data, "\r\n", 2) != 0)
        return LINE_NONE;
    *rest = advance(at, 2);
    return last ? LINE_LAST : LINE_NEXT;
}

/*
 * Where the delimiter begins in `span`, NULL if it is not there. No byte of it but the first is a
 * CR, so that trying every CR takes no more than linear time.
 */
static const uint8_t *find_delimiter(const struct reader *reader, struct span span)
{
    while (span.size >= reader->delimiter_size) {
        size_t places = span.size - reader->delimiter_size + 1;
        const uint8_t *found = memchr(span.data, '\r', places);
        if (!found || memcmp(found, reader->delimiter, reader->delimiter_size) == 0)
            return found;
        span = advance(span, (size_t)(found - span.data) + 1);
    }
    return NULL;
}

/* Finds the next boundary's line: what stood before it is *before, what stands behind it is left.
 */
static enum line find_line(struct reader *reader, struct span *before)
{
    struct span at = reader->rest;
    for (;;) {
        const uint8_t *found = find_delimiter(reader, at);
        if (!found)
            return LINE_NONE;
        *before = (struct span){reader->rest.data, (size_t)(found - reader->rest.data)};
        at = advance(at, (size_t)(found - at.data) + reader->delimiter_size);
        enum line line = take_line(&at);
        if (line != LINE_NONE) {
            reader->rest = at;
            return line;
        }
    }
}

/*
 * The first boundary may stand at the very beginning, without the line end before it. Only there
 * may it be the last one, too: a form without fields has nothing to put a preamble before.
 */
static enum line find_first_line(struct reader *reader)
{
    const char *boundary = reader->delimiter + 2;
    size_t size = reader->delimiter_size - 2;
    if (reader->rest.size >= size && memcmp(reader->rest.data, boundary, size) == 0) {
        struct span at = advance(reader->rest, size);
        enum line line = take_line(&at);
        if (line != LINE_NONE) {
            reader->rest = at;
            return line;
        }
    }
    struct span preamble;
    return find_line(reader, &preamble) == LINE_NEXT ? LINE_NEXT : LINE_NONE;
}

/*
 * Reads the part at the beginning of what is left, and the boundary's line behind it. The line end
 * of the empty line behind the headers may be the one that belongs to the boundary.
 */
static enum line read_part(struct reader *reader, struct codec_field *field,
                           enum dissolve_status *status)
{
    struct span data = {0};
    *status = read_headers(reader, field);
    if (*status)
        return LINE_NONE;
    enum line line = find_line(reader, &data);
    if (line == LINE_NONE)
        *status = refuse(reader->detail, "The form is cut off: no boundary ends its last part.");
    else if (data.size > 0)
        data = advance(data, 2);
    field->data = data.data;
    field->size = data.size;
    return line;
}

static enum dissolve_status read_parts(struct reader *reader, struct codec_form *form)
{
    enum line line = find_first_line(reader);
    if (line == LINE_NONE)
        return refuse(reader->detail, "The form's boundary is not in the body.");
    while (line == LINE_NEXT) {
        enum dissolve_status status;
        if (form->count == CODEC_MAX_FIELDS)
            return refuse(reader->detail, "The form has more than %d fields.", CODEC_MAX_FIELDS);
        reader->part++;
        line = read_part(reader, &form->fields[form->count++], &status);
        if (status)
            return status;
    }
    return DISSOLVE_OK;
}

/* ---- the request's Content-Type ---- */

static bool is_boundary(struct span value)
{
    for (size_t i = 0; i < value.size; i++)
        if (!is_alphanumeric(value.data[i]) &&
            (value.data[i] == '\0' || !strchr("'()+_,-./:=? ", value.data[i])))
            return false;
    return value.size > 0 && value.size <= MAX_BOUNDARY && value.data[value.size - 1] != ' ';
}

static enum dissolve_status read_boundary(struct reader *reader, const char *content_type)
{
    struct span rest = trim((struct span){(const uint8_t *)content_type, strlen(content_type)});
    static const char type[] = "multipart/form-data";
    const size_t size = sizeof type - 1;
    if (rest.size < size || !equals((struct span){rest.data, size}, type))
        return refuse(reader->detail, "The Content-Type is not multipart/form-data.");
    rest = skip_blanks(advance(rest, size));
    while (rest.size > 0) {
        struct parameter parameter;
        if (!take_parameter(&rest, &parameter))
            return refuse(reader->detail, "The form's Content-Type cannot be read.");
        if (!equals(parameter.name, "boundary"))
            continue;
        if (reader->delimiter_size > 0)
            return refuse(reader->detail, "The form's Content-Type has two boundaries.");
        if (!is_boundary(parameter.value))
            return refuse(reader->detail, "The form's boundary is not one that RFC 2046 allows.");
        memcpy(reader->delimiter, "\r\n--", 4);
        memcpy(reader->delimiter + 4, parameter.value.data, parameter.value.size);
        reader->delimiter_size = 4 + parameter.value.size;
    }
    return reader->delimiter_size > 0
               ? DISSOLVE_OK
               : refuse(reader->detail, "The form's Content-Type has no boundary.");
}

enum dissolve_status codec_form_parse(const char *content_type, const uint8_t *body, size_t size,
                                      struct codec_form *form, char detail[CODEC_DETAIL])
{
    struct reader reader = {.rest = {size > 0 ? body : (const uint8_t *)"", size},
                            .detail = detail};
    *form = (struct codec_form){0};
    detail[0] = '\0';
    enum dissolve_status status = read_boundary(&reader, content_type);
    if (!status)
        status = read_parts(&reader, form);
    if (status == DISSOLVE_NO_MEMORY)
        snprintf(detail, CODEC_DETAIL, "There is not enough memory to read the form.");
    return status;
}

void codec_form_free(struct codec_form *form)
{
    for (size_t i = 0; i < form->count; i++) {
        free(form->fields[i].name);
        free(form->fields[i].content_type);
    }
    *form = (struct codec_form){0};
}
