/* What the tests of forms share: bodies parsed, their fields and the reasons of refusals checked.
 */
#ifndef TESTS_FORMS_IN_H
#define TESTS_FORMS_IN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/buffer.h"
#include "codec/multipart.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TYPE         "multipart/form-data; boundary=B"
#define NAMED(name)  "Content-Disposition: form-data; name=\"" name "\"\r\n"

static inline enum dissolve_status parse_bytes(const char *type, const void *body, size_t size,
                                               struct codec_form *form, char detail[CODEC_DETAIL])
{
    uint8_t *copy = test_malloc(size + 1); /* at its end, for the sanitizer */
    memcpy(copy + 1, body, size);
    enum dissolve_status status = codec_form_parse(type, copy + 1, size, form, detail);
    for (size_t i = 0; i < form->count && status == DISSOLVE_OK; i++) {
        struct codec_field *field = &form->fields[i];
        assert_true(field->data > copy && field->data + field->size <= copy + 1 + size);
        field->data = (const uint8_t *)body + (field->data - (copy + 1));
    }
    test_free(copy);
    return status;
}

static inline void parse(const char *type, const char *body, struct codec_form *form)
{
    char detail[CODEC_DETAIL];
    if (parse_bytes(type, body, strlen(body), form, detail))
        fail_msg("%s: %s", body, detail);
    assert_string_equal(detail, "");
}

static inline void expect_malformed(const char *type, const char *body, const char *part_of_detail)
{
    struct codec_form form;
    char detail[CODEC_DETAIL];
    assert_int_equal(parse_bytes(type, body, strlen(body), &form, detail), DISSOLVE_MALFORMED);
    if (!strstr(detail, part_of_detail))
        fail_msg("'%s' has no '%s'", detail, part_of_detail);
    codec_form_free(&form);
    assert_int_equal(form.count, 0);
}

static inline void check_text(const char *text, const char *expected)
{
    if (!expected)
        assert_null(text);
    else
        assert_string_equal(text, expected);
}

static inline void check_field(const struct codec_field *field, const char *name, bool is_file,
                               const char *content_type, const char *data)
{
    check_text(field->name, name);
    assert_int_equal(field->is_file, is_file);
    check_text(field->content_type, content_type);
    assert_int_equal(field->size, strlen(data));
    assert_memory_equal(field->data, data, field->size);
}

static inline void append(struct codec_buffer *buffer, const char *text)
{
    assert_int_equal(codec_buffer_append(buffer, text, strlen(text)), DISSOLVE_OK);
}

static inline void expect_large(const struct codec_buffer *body, enum dissolve_status expected,
                                size_t count, const char *part_of_detail)
{
    struct codec_form form;
    char detail[CODEC_DETAIL];
    assert_int_equal(codec_form_parse(TYPE, body->data, body->size, &form, detail), expected);
    assert_int_equal(form.count, count);
    assert_non_null(strstr(detail, part_of_detail));
    codec_form_free(&form);
}

#endif
