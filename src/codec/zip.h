/*
 * ZIP out, entry by entry as they are made: stored, dated 1980-01-01, the same bytes each time.
 * Format: PKWARE's APPNOTE.TXT 6.3.10. Only the directory is held, never an entry's bytes. No limit
 * on the archive's size or the number of entries: ZIP64 from 4 GiB - 1 or 65535 entries on.
 *
 * A name is UTF-8, 1..65535 bytes, or DISSOLVE_INVALID. DISSOLVE_CANCELLED: `write` returned false.
 * After that or DISSOLVE_NO_MEMORY the archive is of no use, and what follows returns the same.
 * Calls in an order other than told here are DISSOLVE_INVALID and change nothing. One thread at a
 * time.
 */
#ifndef CODEC_ZIP_H
#define CODEC_ZIP_H

#include <dissolve/status.h>
#include <stdbool.h>
#include <stddef.h>

struct codec_zip;

/* Takes the archive's next bytes; false: nobody wants them any more. */
typedef bool codec_zip_write(void *context, const void *bytes, size_t size);

/* Begins an archive whose bytes go to `write`; *zip is the caller's, for codec_zip_destroy. */
DISSOLVE_MUST_USE enum dissolve_status codec_zip_create(codec_zip_write *write, void *context,
                                                        struct codec_zip **zip);

/*
 * Adds one entry and writes it out before it returns. Its size and checksum stand before its bytes,
 * so that any reader can take it as it comes. 4 GiB - 1 or more: DISSOLVE_TOO_LARGE.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_zip_add(struct codec_zip *zip, const char *name,
                                                     const void *bytes, size_t size);

/*
 * An entry whose size is not known yet: begin, append any number of times, end. The bytes leave as
 * they come; size (64 bits) and checksum follow them, and stand in the directory. Between begin and
 * end nothing but append goes.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_zip_begin(struct codec_zip *zip, const char *name);
DISSOLVE_MUST_USE enum dissolve_status codec_zip_append(struct codec_zip *zip, const void *bytes,
                                                        size_t size);
DISSOLVE_MUST_USE enum dissolve_status codec_zip_end(struct codec_zip *zip);

/* Writes the directory. Nothing may be added after it. */
DISSOLVE_MUST_USE enum dissolve_status codec_zip_finish(struct codec_zip *zip);

/* Frees it, finished or not; NULL is fine. */
void codec_zip_destroy(struct codec_zip *zip);

#endif
