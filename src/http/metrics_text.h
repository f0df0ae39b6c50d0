/* The text that Prometheus reads, a family at a time (text exposition format 0.0.4). */
#ifndef HTTP_METRICS_TEXT_H
#define HTTP_METRICS_TEXT_H

#include "codec/buffer.h"

#include <dissolve/status.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Zero-initialised but for `out`. A failure sticks in `status` and turns what follows into nothing,
 * so that it is asked for once, at the end.
 */
struct metrics_text {
    struct codec_buffer *out;
    enum dissolve_status status;
    const char *family;
};

/* The value may be any characters. */
struct metrics_label {
    const char *name;
    const char *value;
};

/* Begins a family, which the samples that follow belong to. type: counter, gauge or histogram. */
void metrics_family(struct metrics_text *text, const char *name, const char *type,
                    const char *help);

/* A sample: the family's name with a suffix ("" but in histograms), its labels, its value. */
void metrics_integer(struct metrics_text *text, const char *suffix,
                     const struct metrics_label *labels, size_t count, uint64_t value);
void metrics_number(struct metrics_text *text, const char *suffix,
                    const struct metrics_label *labels, size_t count, double value);

#endif
