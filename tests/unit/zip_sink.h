/* What the tests of ZIP archives share: where an archive goes, and archives with streamed entries.
 */
#ifndef TESTS_ZIP_SINK_H
#define TESTS_ZIP_SINK_H

#include "codec/buffer.h"
#include "codec/zip.h"

/* Where archives go: kept in a buffer, until the reader is gone. */
struct sink {
    struct codec_buffer bytes;
    size_t limit; /* it is gone after so many bytes; 0: it stays */
};

static inline bool write_sink(void *context, const void *bytes, size_t size)
{
    struct sink *sink = context;
    if (sink->limit > 0 && sink->bytes.size + size > sink->limit)
        return false;
    return codec_buffer_append(&sink->bytes, bytes, size) == DISSOLVE_OK;
}

/* Begins, appends the bytes in parts of at most `part`, ends. */
static inline enum dissolve_status stream_entry(struct codec_zip *zip, const char *name,
                                                const void *bytes, size_t size, size_t part)
{
    enum dissolve_status status = codec_zip_begin(zip, name, size);
    for (size_t at = 0; !status && at < size; at += part)
        status =
            codec_zip_append(zip, (const uint8_t *)bytes + at, size - at < part ? size - at : part);
    return status ? status : codec_zip_end(zip);
}

/* Entries whole and streamed by turns; names that are not ASCII; none of them empty but two. */
static inline enum dissolve_status write_mixed(struct sink *sink, size_t part)
{
    static const char text[] = "stored, and streamed in parts";
    struct codec_zip *zip;
    enum dissolve_status status = codec_zip_create(write_sink, sink, &zip);
    if (!status)
        status = codec_zip_add(zip, "whole", text, sizeof text - 1);
    if (!status)
        status = stream_entry(zip, "streamed", text, sizeof text - 1, part);
    if (!status)
        status = stream_entry(zip, "nothing", text, 0, part);
    if (!status)
        status = codec_zip_add(zip, "caf\xc3\xa9", text, 0);
    if (!status)
        status = stream_entry(zip, "\xce\xb2", text, 6, part);
    if (!status)
        status = codec_zip_finish(zip);
    codec_zip_destroy(zip);
    return status;
}

#endif
