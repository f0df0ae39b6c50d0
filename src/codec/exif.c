/* The orientation of a picture from its EXIF data, by libexif. */
#include "exif.h"

#include <errno.h>
#include <libexif/exif-data.h>
#include <stdlib.h>

/* The most bytes that libexif gets at once: more than it needs for itself. */
#define LARGEST 2048

/* The value of one integer: EXIF has SHORT for an orientation, some cameras write another type, and
 * Pillow reads all of these. */
static uint32_t integer_in(const ExifEntry *entry, ExifByteOrder order)
{
    switch (entry->format) {
    case EXIF_FORMAT_SBYTE:
        return entry->size >= 1 ? entry->data[0] : 0;
    case EXIF_FORMAT_SHORT:
    case EXIF_FORMAT_SSHORT:
        return entry->size >= 2 ? exif_get_short(entry->data, order) : 0;
    case EXIF_FORMAT_LONG:
    case EXIF_FORMAT_SLONG:
        return entry->size >= 4 ? exif_get_long(entry->data, order) : 0;
    default:
        return 0;
    }
}

/* 1..8 as EXIF 2.3 has it in its table 6; 1 where there is none. */
static unsigned orientation_in(ExifData *data)
{
    const ExifEntry *entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    if (!entry || !entry->data || entry->components != 1)
        return 1;
    uint32_t value = integer_in(entry, exif_data_get_byte_order(data));
    return value >= 1 && value <= 8 ? value : 1;
}

/* Tags may all have values of 64 KiB, the same bytes even, and an orientation has a few bytes:
 * libexif reads on without what it cannot keep. */
static void *allocate_small(ExifLong size)
{
    return size <= LARGEST ? calloc(1, size) : NULL;
}

static void *reallocate_small(void *old, ExifLong size)
{
    return size <= LARGEST ? realloc(old, size) : NULL;
}

static ExifData *create_data(void)
{
    ExifMem *memory = exif_mem_new(allocate_small, reallocate_small, free);
    ExifData *data = memory ? exif_data_new_mem(memory) : NULL;
    exif_mem_unref(memory);
    return data;
}

/* libexif does not say everywhere that there is no memory, but malloc does. */
unsigned codec_exif_orientation(const uint8_t *bytes, size_t size)
{
    errno = 0;
    ExifData *data = create_data();
    if (!data)
        return 0;
    /* Repairing it would add what is not there. */
    exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_load_data(data, bytes, (unsigned)size);
    unsigned orientation = errno == ENOMEM ? 0 : orientation_in(data);
    exif_data_unref(data);
    return orientation;
}
