/*
 * A gzip stream out (RFC 1952), as its bytes come: without a name or a time, so that the same input
 * gives the same bytes, however it is cut into writes; only flushes leave their mark. (Another
 * release of zlib may compress to other bytes.) One thread at a time.
 *
 * DISSOLVE_CANCELLED: the output returned false; the stream is of no use then, and what follows
 * returns the same. Nothing but create allocates.
 */
#ifndef CODEC_GZIP_H
#define CODEC_GZIP_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>

struct codec_gzip;

/* Takes the stream's next bytes; false: nobody wants them any more. */
typedef bool codec_gzip_output(void *context, const void *bytes, size_t size);

/*
 * Begins a stream whose bytes go to `output`; *gzip is the caller's, for codec_gzip_destroy. It
 * takes 300 KB. DISSOLVE_NO_MEMORY: *gzip is NULL.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_gzip_create(codec_gzip_output *output, void *context,
                                                         struct codec_gzip **gzip);

/* Compresses bytes[0..size); what comes of them may wait in here until flush or finish. */
DISSOLVE_MUST_USE enum dissolve_status codec_gzip_write(struct codec_gzip *gzip, const void *bytes,
                                                        size_t size);

/* Lets all out: a reader can decompress all that was written so far. Costs about 5 bytes. */
DISSOLVE_MUST_USE enum dissolve_status codec_gzip_flush(struct codec_gzip *gzip);

/* Ends the stream. Every call after it, but for destroy, is DISSOLVE_INVALID. */
DISSOLVE_MUST_USE enum dissolve_status codec_gzip_finish(struct codec_gzip *gzip);

/* Frees it, finished or not; NULL is fine. */
void codec_gzip_destroy(struct codec_gzip *gzip);

#endif
