/* Fuzzes the reader of forms: a line with the request's Content-Type, then the body. */
#include "codec/multipart.h"

#include "fuzz.h"

#include "codec/buffer.h"

static const char boundary[] = "--dissolve-fuzz-7dd1";

/* Parts lie in the body, one behind another; names are there, and short. */
static void check_fields(const struct codec_form *form, const uint8_t *body, size_t size)
{
    const uint8_t *at = body;
    CHECK(form->count <= CODEC_MAX_FIELDS);
    for (size_t i = 0; i < form->count; i++) {
        const struct codec_field *field = &form->fields[i];
        CHECK(field->name && field->name[0] != '\0' && strlen(field->name) <= 255);
        CHECK(!field->content_type || strlen(field->content_type) <= 255);
        CHECK(field->data > at && field->data <= body + size);
        CHECK(field->size <= (size_t)(body + size - field->data));
        at = field->data + field->size;
    }
}

static void put(struct codec_buffer *out, const void *bytes, size_t size)
{
    CHECK(codec_buffer_append(out, bytes, size) == DISSOLVE_OK);
}

static void put_text(struct codec_buffer *out, const char *text)
{
    put(out, text, strlen(text));
}

/* A quoted value, as browsers write it. */
static void put_value(struct codec_buffer *out, const char *key, const char *value)
{
    put_text(out, key);
    for (; *value; value++) {
        if (*value == '"')
            put_text(out, "%22");
        else if (*value == '\r')
            put_text(out, "%0D");
        else if (*value == '\n')
            put_text(out, "%0A");
        else if (*value == '\\')
            put_text(out, "\\\\");
        else
            put(out, value, 1);
    }
    put_text(out, "\"");
}

/* Whether a form can say it: a per cent sign might be read as a code, and other data end there. */
static bool is_sayable(const struct codec_field *field)
{
    return !strchr(field->name, '%') &&
           !(field->size > 0 && memmem(field->data, field->size, boundary, strlen(boundary)));
}

static void write_form(const struct codec_form *form, struct codec_buffer *out)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct codec_field *field = &form->fields[i];
        put_text(out, boundary);
        put_value(out, "\r\nContent-Disposition: form-data; name=\"", field->name);
        if (field->is_file)
            put_text(out, i % 2 ? "; filename*=UTF-8''" : "; filename=\"C:\\\"");
        if (field->content_type) {
            put_text(out, "\r\nContent-Type: ");
            put_text(out, field->content_type);
        }
        put_text(out, "\r\n\r\n");
        put(out, field->data, field->size);
        put_text(out, "\r\n");
    }
    put_text(out, boundary);
    put_text(out, "--\r\n");
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Written once more, and read, it is the same form. */
static void check_round_trip(const struct codec_form *form)
{
    struct codec_buffer body = {0};
    struct codec_form again = {0};
    char detail[CODEC_DETAIL], type[80];
    for (size_t i = 0; i < form->count; i++) {
        if (!is_sayable(&form->fields[i]))
            return;
    }
    snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary + 2);
    write_form(form, &body);
    enum dissolve_status status = codec_form_parse(type, body.data, body.size, &again, detail);
    /* A value of 255 bytes is longer in quotes, and there is room for 4096 bytes of headers. */
    CHECK(status == DISSOLVE_OK && again.count == form->count);
    for (size_t i = 0; i < form->count; i++) {
        const struct codec_field *one = &form->fields[i], *two = &again.fields[i];
        CHECK(same_text(one->name, two->name) && one->is_file == two->is_file);
        CHECK(same_text(one->content_type, two->content_type));
        CHECK(one->size == two->size && memcmp(one->data, two->data, one->size) == 0);
    }
    codec_form_free(&again);
    codec_buffer_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes left = {data, size};
    struct codec_form form = {0};
    char detail[CODEC_DETAIL] = "";
    char *type = fuzz_line(&left);
    uint8_t *body = fuzz_copy(left.data, left.size);
    enum dissolve_status status = codec_form_parse(type, body, left.size, &form, detail);
    if (status == DISSOLVE_OK) {
        check_fields(&form, body, left.size);
        check_round_trip(&form);
    } else {
        CHECK(status == DISSOLVE_MALFORMED);
        CHECK(detail[0] != '\0' && strlen(detail) < sizeof detail);
    }
    codec_form_free(&form);
    free(body);
    free(type);
    return 0;
}
