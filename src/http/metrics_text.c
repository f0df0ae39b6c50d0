/* Metrics as text: names as they are, values of labels escaped, numbers whatever the locale. */
#include "metrics_text.h"

#include "codec/number.h"

#include <string.h>

static void put(struct metrics_text *text, const char *bytes, size_t size)
{
    if (!text->status)
        text->status = codec_buffer_append(text->out, bytes, size);
}

static void put_string(struct metrics_text *text, const char *string)
{
    put(text, string, strlen(string));
}

static void put_escaped(struct metrics_text *text, const char *value)
{
    for (;;) {
        size_t plain = strcspn(value, "\"\\\n");
        put(text, value, plain);
        value += plain;
        if (*value == '\0')
            return;
        put_string(text, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
        value++;
    }
}

void metrics_family(struct metrics_text *text, const char *name, const char *type, const char *help)
{
    const char *const parts[] = {"# HELP ", name, " ", help, "\n",
                                 "# TYPE ", name, " ", type, "\n"};
    text->family = name;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        put_string(text, parts[i]);
}

static void put_name(struct metrics_text *text, const char *suffix,
                     const struct metrics_label *labels, size_t count)
{
    put_string(text, text->family);
    put_string(text, suffix);
    for (size_t i = 0; i < count; i++) {
        put_string(text, i == 0 ? "{" : ",");
        put_string(text, labels[i].name);
        put_string(text, "=\"");
        put_escaped(text, labels[i].value);
        put_string(text, "\"");
    }
    put_string(text, count > 0 ? "} " : " ");
}

void metrics_integer(struct metrics_text *text, const char *suffix,
                     const struct metrics_label *labels, size_t count, uint64_t value)
{
    char digits[CODEC_NUMBER_ROOM];
    put_name(text, suffix, labels, count);
    put(text, digits, codec_number_print_integer(value, digits));
    put_string(text, "\n");
}

void metrics_number(struct metrics_text *text, const char *suffix,
                    const struct metrics_label *labels, size_t count, double value)
{
    char digits[CODEC_NUMBER_ROOM];
    put_name(text, suffix, labels, count);
    put(text, digits, codec_number_print(value, digits));
    put_string(text, "\n");
}
