/* ZIP out, by minizip, which "seeks" in memory: only headers are held, never an entry's bytes. */
#include "zip.h"

#include "buffer.h"

#include <minizip/zip.h>
#include <stdlib.h>
#include <string.h>

#define HEADER   30 /* bytes before an entry's name */
#define MAX_NAME 65535

/* From here on an entry would need ZIP64 sizes in its own header. */
#define MAX_ENTRY 0xfffffffful

/* 1980-01-01, midnight, as ZIP has it: year - 1980, month, day from bit 25, 21, 16. */
#define DATE (0ul << 25 | 1ul << 21 | 1ul << 16)

/*
 * minizip goes back to an entry's header when the entry ends. So the header waits in `pending`, the
 * entry's bytes stay with the caller, and both go out when minizip is done with the entry.
 */
struct codec_zip {
    codec_zip_write *write;
    void *context;
    zipFile file;
    uint64_t written;            /* how many bytes went out, where `pending` begins */
    struct codec_buffer pending; /* what minizip wrote, but for the entry's bytes */
    uint64_t position;           /* where minizip writes next */
    bool in_body;                /* what minizip writes are the entry's bytes */
    bool discarding;             /* closing after an error: nothing is kept or goes out */
    enum dissolve_status status; /* the first error; the archive is of no use after it */
};

static uint64_t pending_end(const struct codec_zip *zip)
{
    return zip->written + zip->pending.size;
}

static voidpf open_archive(voidpf opaque, const void *name, int mode)
{
    (void)name;
    (void)mode;
    return opaque;
}

/* Writes at the end of `pending`, or over a part of it. */
static bool write_pending(struct codec_zip *zip, const void *bytes, size_t size)
{
    if (zip->position == pending_end(zip)) {
        enum dissolve_status status = codec_buffer_append(&zip->pending, bytes, size);
        if (status)
            zip->status = status;
        return status == DISSOLVE_OK;
    }
    if (zip->position < zip->written || size > pending_end(zip) - zip->position)
        return false;
    memcpy(zip->pending.data + (zip->position - zip->written), bytes, size);
    return true;
}

static uLong write_archive(voidpf opaque, voidpf stream, const void *bytes, uLong size)
{
    (void)stream;
    struct codec_zip *zip = opaque;
    if (!zip->in_body && !zip->discarding && !write_pending(zip, bytes, size))
        return 0;
    zip->position += size;
    return size;
}

static ZPOS64_T tell_archive(voidpf opaque, voidpf stream)
{
    (void)stream;
    const struct codec_zip *zip = opaque;
    return zip->position;
}

/*
 * minizip goes nowhere but to places in an entry's header, when it has written the last of the
 * entry's bytes, and back to the end.
 */
static long seek_archive(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
    (void)stream;
    struct codec_zip *zip = opaque;
    if (origin != ZLIB_FILEFUNC_SEEK_SET)
        return -1;
    zip->in_body = false;
    zip->position = offset;
    return 0;
}

static int close_archive(voidpf opaque, voidpf stream)
{
    (void)opaque;
    (void)stream;
    return 0;
}

enum dissolve_status codec_zip_create(codec_zip_write *write, void *context, struct codec_zip **zip)
{
    *zip = calloc(1, sizeof **zip);
    if (!*zip)
        return DISSOLVE_NO_MEMORY;
    (*zip)->write = write;
    (*zip)->context = context;
    /* Without those that minizip needs only to add to an archive that exists. */
    zlib_filefunc64_def functions = {
        .zopen64_file = open_archive,
        .zwrite_file = write_archive,
        .ztell64_file = tell_archive,
        .zseek64_file = seek_archive,
        .zclose_file = close_archive,
        .opaque = *zip,
    };
    (*zip)->file = zipOpen2_64("", APPEND_STATUS_CREATE, NULL, &functions);
    if ((*zip)->file)
        return DISSOLVE_OK;
    free(*zip);
    *zip = NULL;
    return DISSOLVE_NO_MEMORY;
}

static enum dissolve_status emit(struct codec_zip *zip, const void *bytes, size_t size)
{
    if (size > 0 && !zip->write(zip->context, bytes, size))
        zip->status = DISSOLVE_CANCELLED;
    zip->written += size;
    return zip->status;
}

static enum dissolve_status send_pending(struct codec_zip *zip)
{
    size_t size = zip->pending.size;
    zip->pending.size = 0;
    return emit(zip, zip->pending.data, size);
}

/* Where minizip fails and no function here did, it could not allocate. */
static enum dissolve_status settle(struct codec_zip *zip, int error)
{
    if (error != ZIP_OK && !zip->status)
        zip->status = DISSOLVE_NO_MEMORY;
    return zip->status;
}

/* Has minizip make the header of an entry, and count and sum its bytes. */
static int put_entry(struct codec_zip *zip, const char *name, const void *bytes, size_t size)
{
    const zip_fileinfo info = {.dosDate = DATE};
    const int method = 0; /* stored */
    int error = zipOpenNewFileInZip64(zip->file, name, &info, NULL, 0, NULL, 0, NULL, method, 0, 0);
    if (error != ZIP_OK)
        return error;
    zip->in_body = true;
    error = zipWriteInFileInZip(zip->file, bytes, (unsigned)size);
    int closing = zipCloseFileInZip(zip->file);
    zip->in_body = false;
    return error != ZIP_OK ? error : closing;
}

enum dissolve_status codec_zip_add(struct codec_zip *zip, const char *name, const void *bytes,
                                   size_t size)
{
    size_t length = strlen(name);
    if (!zip->file || length == 0 || length > MAX_NAME)
        return DISSOLVE_INVALID;
    if (size >= MAX_ENTRY)
        return DISSOLVE_TOO_LARGE;
    if (zip->status)
        return zip->status;
    /* Now, for minizip does not clean up well where its header cannot be written. */
    zip->status = codec_buffer_reserve(&zip->pending, HEADER + length);
    if (zip->status || settle(zip, put_entry(zip, name, bytes, size)))
        return zip->status;
    enum dissolve_status status = send_pending(zip);
    return status ? status : emit(zip, bytes, size);
}

enum dissolve_status codec_zip_finish(struct codec_zip *zip)
{
    if (!zip->file)
        return DISSOLVE_INVALID;
    if (zip->status)
        return zip->status;
    int error = zipClose(zip->file, NULL);
    zip->file = NULL;
    return settle(zip, error) ? zip->status : send_pending(zip);
}

void codec_zip_destroy(struct codec_zip *zip)
{
    if (!zip)
        return;
    if (zip->file) {
        zip->discarding = true;
        (void)zipClose(zip->file, NULL);
    }
    codec_buffer_free(&zip->pending);
    free(zip);
}
