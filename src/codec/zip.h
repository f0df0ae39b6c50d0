/*
 * ZIP out, entry by entry as they are made: not compressed, dated 1980-01-01, the same bytes each
 * time. Format: PKWARE's APPNOTE.TXT 6.3.10. Only the directory is held, never an entry's bytes. No
 * limit on the archive's size or the number of entries: ZIP64 where 32 bits, or 16 for the number
 * of entries, do not suffice. A reader needs no seek: every entry's end is known from what precedes
 * it. All sizes are a function of the names and sizes of the entries.
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
#include <stdint.h>

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
 * An entry of `size` bytes whose checksum is not known yet: begin, append exactly `size` bytes in
 * any number of calls, end. The bytes leave as they come, in stored deflate blocks: readers of a
 * stream refuse a stored entry whose checksum follows it. The archive does not depend on how the
 * bytes are divided among the calls. Between begin and end no other call is in order.
 *
 * begin: DISSOLVE_TOO_LARGE if the blocks take 2^64 bytes or more. append: DISSOLVE_INVALID, and
 * nothing is written, if more than `size` bytes would have been appended. end: DISSOLVE_INVALID,
 * and the entry stays open, if fewer have been.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_zip_begin(struct codec_zip *zip, const char *name,
                                                       uint64_t size);
DISSOLVE_MUST_USE enum dissolve_status codec_zip_append(struct codec_zip *zip, const void *bytes,
                                                        size_t size);
DISSOLVE_MUST_USE enum dissolve_status codec_zip_end(struct codec_zip *zip);

/* Writes the directory. Nothing may be added after it. */
DISSOLVE_MUST_USE enum dissolve_status codec_zip_finish(struct codec_zip *zip);

/* The size of an archive before it is made; zero-initialised: of one without entries. */
struct codec_zip_size {
    uint64_t entries;
    uint64_t before;    /* bytes before the directory */
    uint64_t directory; /* bytes of it */
};

/*
 * Adds an entry as codec_zip_begin, append and end make it: of `size` bytes. DISSOLVE_INVALID, with
 * nothing added, for a name that codec_zip_begin refuses; DISSOLVE_TOO_LARGE if the archive takes
 * 2^64 bytes or more.
 */
DISSOLVE_MUST_USE enum dissolve_status codec_zip_size_add(struct codec_zip_size *total,
                                                          const char *name, uint64_t size);

/* Bytes of the finished archive. */
uint64_t codec_zip_size_total(const struct codec_zip_size *total);

/* Frees it, finished or not; NULL is fine. */
void codec_zip_destroy(struct codec_zip *zip);

#endif
