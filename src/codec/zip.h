/* ZIP out, entry by entry as they are made: stored, dated 1980-01-01, the same bytes each time. */
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
 * Adds one entry and writes it out before it returns. DISSOLVE_CANCELLED: write returned false.
 * No limit on the archive's size (ZIP64 beyond 4 GiB); an entry of 4 GiB - 1 or more is
 * DISSOLVE_TOO_LARGE, a name of 0 or more than 65535 bytes DISSOLVE_INVALID. After
 * DISSOLVE_CANCELLED or DISSOLVE_NO_MEMORY the archive is of no use, and what follows returns the
 * same.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_zip_add(struct codec_zip *zip, const char *name,
                                                     const void *bytes, size_t size);

/* Writes the directory. Nothing may be added after it. */
DISSOLVE_MUST_USE enum dissolve_status codec_zip_finish(struct codec_zip *zip);

/* Frees it, finished or not; NULL is fine. */
void codec_zip_destroy(struct codec_zip *zip);

#endif
