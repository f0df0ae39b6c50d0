/* ZIP out: headers by hand, checksums by libdeflate. */
#include "zip.h"

#include "buffer.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/* What stands before an entry's bytes, without the name; its record in the directory likewise. */
#define LOCAL_SIZE  30
#define RECORD_SIZE 46

/* The extra field of an entry's header: both sizes; of its record: those and where it begins. */
#define LOCAL_EXTRA  20
#define RECORD_EXTRA 28

/* The most that an entry takes in the directory, without the name. A header takes less. */
#define ROOM (RECORD_SIZE + RECORD_EXTRA)

/* The data descriptor with 64-bit and with 32-bit sizes, and the archive's end without and with
 * ZIP64's record. */
#define DESCRIPTOR_SIZE  24
#define SHORT_DESCRIPTOR 16
#define SHORT_END_SIZE   22
#define END_SIZE         (56 + 20 + SHORT_END_SIZE)

#define MAX_NAME 65535

/* These stand where a number is too large, and mean: see the ZIP64 field. */
#define FULL16 0xffffu
#define FULL32 0xffffffffu

/* Versions of the format: what a stored entry needs, what deflate needs, what ZIP64 needs. */
#define VERSION_PLAIN   10
#define VERSION_DEFLATE 20
#define VERSION_ZIP64   45

/* Compression methods. */
#define METHOD_STORED  0u
#define METHOD_DEFLATE 8u

/* A stored deflate block (RFC 1951, 3.2.4): its header, and the most bytes that it can hold. */
#define BLOCK_HEADER 5
#define BLOCK_SIZE   65535u

/*
 * Who made it: Unix, so that nobody takes names for those of a code page; hence with a mode, of a
 * plain file that all may read.
 */
#define MADE_BY    (3u << 8 | VERSION_ZIP64)
#define ATTRIBUTES (0100644u << 16)

/* Bits of an entry's flags. */
#define DESCRIPTOR_FOLLOWS 0x0008u
#define NAME_IS_UTF8       0x0800u

/* 1980-01-01: year - 1980, month, day from bit 9, 5, 0. */
#define DATE (0u << 9 | 1u << 5 | 1u)

struct entry {
    uint64_t offset; /* where its header begins */
    uint64_t size;
    uint64_t compressed; /* how many bytes the data takes in the archive */
    uint64_t appended;   /* how many of `size` bytes have been written */
    uint32_t sum;        /* CRC-32 of those */
    unsigned method;
    unsigned version;
    unsigned flags;
};

struct codec_zip {
    codec_zip_write *write;
    void *context;
    uint64_t written; /* how many bytes went out */
    uint64_t entries;
    struct codec_buffer directory; /* the records of the entries so far */
    struct entry entry;            /* the one that is open, or was the last */
    size_t record;                 /* where its record begins in the directory */
    bool open;                     /* between begin and end */
    bool finished;
    enum dissolve_status status; /* the first error; the archive is of no use after it */
};

static uint8_t *put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    return put16(put16(at, value & 0xffff), value >> 16);
}

static uint8_t *put64(uint8_t *at, uint64_t value)
{
    return put32(put32(at, (uint32_t)value), (uint32_t)(value >> 32));
}

static uint32_t clip32(uint64_t value)
{
    return value < FULL32 ? (uint32_t)value : FULL32;
}

enum dissolve_status codec_zip_create(codec_zip_write *write, void *context, struct codec_zip **zip)
{
    *zip = calloc(1, sizeof **zip);
    if (!*zip)
        return DISSOLVE_NO_MEMORY;
    (*zip)->write = write;
    (*zip)->context = context;
    return DISSOLVE_OK;
}

static enum dissolve_status emit(struct codec_zip *zip, const void *bytes, size_t size)
{
    if (size > 0 && !zip->write(zip->context, bytes, size))
        zip->status = DISSOLVE_CANCELLED;
    zip->written += size;
    return zip->status;
}

static unsigned name_flag(const char *name)
{
    for (; *name; name++) {
        if ((unsigned char)*name >= 0x80)
            return NAME_IS_UTF8;
    }
    return 0;
}

static bool is_streamed(const struct entry *entry)
{
    return entry->flags & DESCRIPTOR_FOLLOWS;
}

/*
 * True if the descriptor has 64-bit sizes, which the header then announces by a ZIP64 field.
 * APPNOTE 4.3.9.2 asks for them where a size exceeds 2^32 - 1, and Java's ZipInputStream looks for
 * them there and nowhere else. Deflate only adds bytes: the compressed size decides.
 */
static bool is_wide(const struct entry *entry)
{
    return entry->compressed > FULL32;
}

/* What header and record have in common, from the version to the name's length. */
static uint8_t *put_entry(uint8_t *at, const struct entry *entry, uint32_t compressed,
                          uint32_t size, size_t length)
{
    at = put16(put16(at, entry->version), entry->flags);
    at = put16(at, entry->method);
    at = put16(put16(at, 0), DATE); /* midnight */
    at = put32(at, entry->sum);
    at = put32(put32(at, compressed), size);
    return put16(at, (unsigned)length);
}

/*
 * Takes less than an entry's room in the directory. Returns the header's end. The sizes of a
 * streamed entry are in its descriptor and are 0 here, as APPNOTE 4.4.4 requires.
 */
static uint8_t *put_header(uint8_t *at, const struct entry *entry, const char *name, size_t length)
{
    bool streamed = is_streamed(entry), wide = streamed && is_wide(entry);
    uint32_t size = wide ? FULL32 : streamed ? 0 : (uint32_t)entry->size;
    at = put_entry(put32(at, 0x04034b50), entry, size, size, length);
    at = put16(at, wide ? LOCAL_EXTRA : 0);
    memcpy(at, name, length);
    at += length;
    if (wide) {
        at = put16(put16(at, 1), LOCAL_EXTRA - 4);
        at = put64(put64(at, 0), 0);
    }
    return at;
}

/*
 * Writes the entry's header, and its name into the directory. The header is made where the record
 * will be: so all the room that the entry takes is there before anything leaves.
 */
static enum dissolve_status open_entry(struct codec_zip *zip, const char *name, size_t length)
{
    struct codec_buffer *directory = &zip->directory;
    zip->status = codec_buffer_reserve(directory, ROOM + length);
    if (zip->status)
        return zip->status;
    zip->record = directory->size;
    uint8_t *record = directory->data + directory->size;
    uint8_t *end = put_header(record, &zip->entry, name, length);
    if (emit(zip, record, (size_t)(end - record)))
        return zip->status;
    memcpy(record + RECORD_SIZE, name, length);
    directory->size += RECORD_SIZE + length;
    return DISSOLVE_OK;
}

/* The extra field of an entry's record: how many bytes it takes. Large implies packed. */
static unsigned extra_size(const struct entry *entry)
{
    unsigned numbers = (unsigned)(entry->size >= FULL32) + (entry->compressed >= FULL32) +
                       (entry->offset >= FULL32);
    return numbers > 0 ? 4 + 8 * numbers : 0;
}

/* Completes the record of the entry that ends: before the name, and behind it. */
static void close_entry(struct codec_zip *zip)
{
    const struct entry *entry = &zip->entry;
    uint8_t *record = zip->directory.data + zip->record;
    uint8_t *end = zip->directory.data + zip->directory.size;
    size_t length = (size_t)(end - record) - RECORD_SIZE;
    uint8_t *extra = end;
    bool large = entry->size >= FULL32, packed = entry->compressed >= FULL32;
    bool far = entry->offset >= FULL32;
    if (packed || far)
        end = put16(put16(end, 1), extra_size(entry) - 4);
    if (large)
        end = put64(end, entry->size);
    if (packed)
        end = put64(end, entry->compressed);
    if (far)
        end = put64(end, entry->offset);
    zip->directory.size += (size_t)(end - extra);
    uint8_t *at = put16(put32(record, 0x02014b50), MADE_BY);
    at = put_entry(at, entry, clip32(entry->compressed), clip32(entry->size), length);
    at = put16(at, (unsigned)(end - extra));
    at = put16(put16(put16(at, 0), 0), 0); /* no comment, disk 0, no text */
    put32(put32(at, ATTRIBUTES), clip32(entry->offset));
    zip->entries++;
}

/* Whether something may begin now; the status to return if not. */
static enum dissolve_status check_ready(const struct codec_zip *zip)
{
    if (zip->status)
        return zip->status;
    return zip->open || zip->finished ? DISSOLVE_INVALID : DISSOLVE_OK;
}

enum dissolve_status codec_zip_add(struct codec_zip *zip, const char *name, const void *bytes,
                                   size_t size)
{
    size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME)
        return DISSOLVE_INVALID;
    enum dissolve_status status = check_ready(zip);
    if (status)
        return status;
    if (size >= FULL32)
        return DISSOLVE_TOO_LARGE;
    zip->entry = (struct entry){
        .offset = zip->written,
        .size = size,
        .compressed = size,
        .sum = libdeflate_crc32(0, bytes, size),
        .method = METHOD_STORED,
        .version = zip->written >= FULL32 ? VERSION_ZIP64 : VERSION_PLAIN,
        .flags = name_flag(name),
    };
    status = open_entry(zip, name, length);
    if (status)
        return status;
    close_entry(zip);
    return emit(zip, bytes, size);
}

/* How many bytes `size` bytes take in stored blocks; no bytes take one block, too. */
static bool find_compressed(uint64_t size, uint64_t *compressed)
{
    uint64_t blocks = size > 0 ? (size - 1) / BLOCK_SIZE + 1 : 1;
    return !__builtin_add_overflow(size, BLOCK_HEADER * blocks, compressed);
}

/* Writes the header of the block that begins at the entry's present place. */
static enum dissolve_status open_block(struct codec_zip *zip)
{
    uint64_t left = zip->entry.size - zip->entry.appended;
    unsigned length = left < BLOCK_SIZE ? (unsigned)left : BLOCK_SIZE;
    uint8_t header[BLOCK_HEADER] = {left <= BLOCK_SIZE}; /* the last block is marked */
    put16(put16(header + 1, length), ~length);
    return emit(zip, header, sizeof header);
}

enum dissolve_status codec_zip_begin(struct codec_zip *zip, const char *name, uint64_t size)
{
    size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME)
        return DISSOLVE_INVALID;
    enum dissolve_status status = check_ready(zip);
    if (status)
        return status;
    struct entry entry = {
        .offset = zip->written,
        .size = size,
        .method = METHOD_DEFLATE,
        .flags = name_flag(name) | DESCRIPTOR_FOLLOWS,
    };
    if (!find_compressed(size, &entry.compressed))
        return DISSOLVE_TOO_LARGE;
    bool zip64 = entry.compressed >= FULL32 || entry.offset >= FULL32;
    entry.version = zip64 ? VERSION_ZIP64 : VERSION_DEFLATE;
    zip->entry = entry;
    status = open_entry(zip, name, length);
    if (!status && size == 0)
        status = open_block(zip);
    zip->open = !status;
    return status;
}

enum dissolve_status codec_zip_append(struct codec_zip *zip, const void *bytes, size_t size)
{
    struct entry *entry = &zip->entry;
    const uint8_t *at = bytes;
    if (zip->status)
        return zip->status;
    if (!zip->open || size > entry->size - entry->appended)
        return DISSOLVE_INVALID;
    while (size > 0 && !zip->status) {
        size_t used = (size_t)(entry->appended % BLOCK_SIZE);
        size_t part = size < BLOCK_SIZE - used ? size : BLOCK_SIZE - used;
        if (used == 0 && open_block(zip))
            break;
        entry->sum = libdeflate_crc32(entry->sum, at, part);
        entry->appended += part;
        emit(zip, at, part);
        at += part;
        size -= part;
    }
    return zip->status;
}

enum dissolve_status codec_zip_end(struct codec_zip *zip)
{
    const struct entry *entry = &zip->entry;
    if (zip->status)
        return zip->status;
    if (!zip->open || entry->appended < entry->size)
        return DISSOLVE_INVALID;
    zip->open = false;
    close_entry(zip);
    uint8_t descriptor[DESCRIPTOR_SIZE];
    uint8_t *at = put32(put32(descriptor, 0x08074b50), entry->sum);
    if (is_wide(entry))
        at = put64(put64(at, entry->compressed), entry->size);
    else
        at = put32(put32(at, (uint32_t)entry->compressed), (uint32_t)entry->size);
    return emit(zip, descriptor, (size_t)(at - descriptor));
}

/* Whether the end of the directory needs ZIP64's record as well. */
static bool needs_end64(uint64_t entries, uint64_t start, uint64_t size)
{
    return entries >= FULL16 || start >= FULL32 || size >= FULL32;
}

/* ZIP64's record of the end, and where it is: for numbers that the old one has no room for. */
static uint8_t *put_end64(uint8_t *at, const struct codec_zip *zip, uint64_t end)
{
    at = put64(put32(at, 0x06064b50), 56 - 12); /* the size of what follows */
    at = put16(put16(at, MADE_BY), VERSION_ZIP64);
    at = put32(put32(at, 0), 0); /* disk 0, and the directory's too */
    at = put64(put64(at, zip->entries), zip->entries);
    at = put64(put64(at, zip->directory.size), zip->written);
    at = put32(put32(at, 0x07064b50), 0);
    return put32(put64(at, end), 1); /* of one disk */
}

enum dissolve_status codec_zip_finish(struct codec_zip *zip)
{
    enum dissolve_status status = check_ready(zip);
    if (status)
        return status;
    zip->finished = true;
    uint8_t last[END_SIZE];
    uint8_t *at = last;
    uint64_t start = zip->written, size = zip->directory.size;
    unsigned count = zip->entries < FULL16 ? (unsigned)zip->entries : FULL16;
    if (needs_end64(zip->entries, start, size))
        at = put_end64(at, zip, start + size);
    at = put32(put32(at, 0x06054b50), 0); /* disks */
    at = put16(put16(at, count), count);
    at = put32(put32(at, clip32(size)), clip32(start));
    at = put16(at, 0); /* no comment */
    status = emit(zip, zip->directory.data, (size_t)size);
    return status ? status : emit(zip, last, (size_t)(at - last));
}

enum dissolve_status codec_zip_size_add(struct codec_zip_size *total, const char *name,
                                        uint64_t size)
{
    size_t length = strlen(name);
    if (length == 0 || length > MAX_NAME)
        return DISSOLVE_INVALID;
    struct entry entry = {.size = size, .offset = total->before};
    if (!find_compressed(size, &entry.compressed))
        return DISSOLVE_TOO_LARGE;
    uint64_t around = LOCAL_SIZE + length;
    around += is_wide(&entry) ? LOCAL_EXTRA + DESCRIPTOR_SIZE : SHORT_DESCRIPTOR;
    uint64_t record = RECORD_SIZE + length + extra_size(&entry), before, end;
    if (__builtin_add_overflow(total->before, entry.compressed, &before) ||
        __builtin_add_overflow(before, around, &before) ||
        __builtin_add_overflow(before, total->directory + record + END_SIZE, &end))
        return DISSOLVE_TOO_LARGE;
    total->entries++;
    total->before = before;
    total->directory += record;
    return DISSOLVE_OK;
}

uint64_t codec_zip_size_total(const struct codec_zip_size *total)
{
    uint64_t end =
        needs_end64(total->entries, total->before, total->directory) ? END_SIZE : SHORT_END_SIZE;
    return total->before + total->directory + end;
}

void codec_zip_destroy(struct codec_zip *zip)
{
    if (!zip)
        return;
    codec_buffer_free(&zip->directory);
    free(zip);
}
