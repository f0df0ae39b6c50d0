/* A table of file signatures, and a look at what may be text. */
#include "signature.h"

#include "utf8.h"

#include <string.h>
#include <strings.h>

/* How far text is looked at. */
enum { LOOK = 1024 };

#define CONVERT    "convert it to PNG or JPEG"
#define DECOMPRESS "decompress it"
#define EXTRACT    "send one file of it"
#define SAVE_NPY   "save its array with numpy.save"
#define DECODE     "decode it and send its bytes"

/* One signature: these bytes at this offset. */
struct row {
    size_t offset;
    size_t length;
    const char *bytes;
    enum codec_kind kind;
    const char *name;
    const char *remedy;
};

#define SIGNATURE(offset, bytes) offset, sizeof(bytes) - 1, bytes

/* The first row that fits counts. Sources: each format's specification. */
static const struct row rows[] = {
    {SIGNATURE(0, "\x89PNG\r\n\x1a\n"), CODEC_KIND_PNG, "PNG", NULL},
    {SIGNATURE(0, "\xff\xd8"), CODEC_KIND_JPEG, "JPEG", NULL},
    {SIGNATURE(0, "\x93NUMPY"), CODEC_KIND_NPY, "an NPY array", NULL},

    {SIGNATURE(0, "GIF8"), CODEC_KIND_OTHER, "GIF", CONVERT},
    {SIGNATURE(8, "WEBPVP8"), CODEC_KIND_OTHER, "WebP", CONVERT},
    {SIGNATURE(4, "ftypavi"), CODEC_KIND_OTHER, "AVIF", CONVERT},
    {SIGNATURE(4, "ftyphe"), CODEC_KIND_OTHER, "HEIC", CONVERT},
    {SIGNATURE(4, "ftypmif1"), CODEC_KIND_OTHER, "HEIF", CONVERT},
    {SIGNATURE(4, "ftypmsf1"), CODEC_KIND_OTHER, "HEIF", CONVERT},
    {SIGNATURE(4, "ftyp"), CODEC_KIND_OTHER, "a video (MP4)", "send one frame of it as PNG"},
    {SIGNATURE(0, "II*\0"), CODEC_KIND_OTHER, "TIFF", CONVERT},
    {SIGNATURE(0, "MM\0*"), CODEC_KIND_OTHER, "TIFF", CONVERT},
    {SIGNATURE(0, "II+\0"), CODEC_KIND_OTHER, "TIFF", CONVERT},
    {SIGNATURE(0, "MM\0+"), CODEC_KIND_OTHER, "TIFF", CONVERT},
    {SIGNATURE(0, "\xff\x0a"), CODEC_KIND_OTHER, "JPEG XL", CONVERT},
    {SIGNATURE(4, "JXL \r\n\x87\n"), CODEC_KIND_OTHER, "JPEG XL", CONVERT},
    {SIGNATURE(4, "jP  \r\n\x87\n"), CODEC_KIND_OTHER, "JPEG 2000", CONVERT},
    {SIGNATURE(0, "\xff\x4f\xff\x51"), CODEC_KIND_OTHER, "JPEG 2000", CONVERT},
    {SIGNATURE(0, "\x8aMNG\r\n\x1a\n"), CODEC_KIND_OTHER, "MNG", CONVERT},
    {SIGNATURE(0, "8BPS"), CODEC_KIND_OTHER, "a Photoshop document", CONVERT},
    {SIGNATURE(0, "gimp xcf"), CODEC_KIND_OTHER, "a GIMP picture", CONVERT},
    {SIGNATURE(0, "\0\0\1\0"), CODEC_KIND_OTHER, "a Windows icon", CONVERT},
    {SIGNATURE(0, "qoif"), CODEC_KIND_OTHER, "QOI", CONVERT},
    {SIGNATURE(0, "v/1\1"), CODEC_KIND_OTHER, "OpenEXR", CONVERT},
    {SIGNATURE(0, "#?RADIANCE"), CODEC_KIND_OTHER, "Radiance HDR", CONVERT},
    {SIGNATURE(0, "DDS "), CODEC_KIND_OTHER, "DDS", CONVERT},
    {SIGNATURE(0, "SIMPLE  ="), CODEC_KIND_OTHER, "FITS", CONVERT},
    {SIGNATURE(128, "DICM"), CODEC_KIND_OTHER, "DICOM", CONVERT},
    {SIGNATURE(6, "\0\0\0\0"), CODEC_KIND_OTHER, "BMP", CONVERT}, /* and "BM", see fits */
    {SIGNATURE(0, "%PDF-"), CODEC_KIND_OTHER, "PDF", CONVERT},

    {SIGNATURE(0, "\x1f\x8b"), CODEC_KIND_OTHER, "gzip", DECOMPRESS},
    {SIGNATURE(0, "(\xb5/\xfd"), CODEC_KIND_OTHER, "Zstandard", DECOMPRESS},
    {SIGNATURE(0, "\xfd"
                  "7zXZ\0"),
     CODEC_KIND_OTHER, "xz", DECOMPRESS},
    {SIGNATURE(0, "BZh"), CODEC_KIND_OTHER, "bzip2", DECOMPRESS},
    {SIGNATURE(0, "\4\"M\x18"), CODEC_KIND_OTHER, "LZ4", DECOMPRESS},
    {SIGNATURE(0, "PK\3\4"), CODEC_KIND_OTHER, "a ZIP archive, such as NPZ", EXTRACT},
    {SIGNATURE(0, "PK\5\6"), CODEC_KIND_OTHER, "a ZIP archive without files", NULL},
    {SIGNATURE(0, "7z\xbc\xaf'\x1c"), CODEC_KIND_OTHER, "a 7z archive", EXTRACT},
    {SIGNATURE(0, "Rar!\x1a\7"), CODEC_KIND_OTHER, "a RAR archive", EXTRACT},
    {SIGNATURE(257, "ustar"), CODEC_KIND_OTHER, "a tar archive", EXTRACT},

    {SIGNATURE(0, "\x89HDF\r\n\x1a\n"), CODEC_KIND_OTHER, "HDF5", SAVE_NPY},
    {SIGNATURE(0, "MATLAB 5.0"), CODEC_KIND_OTHER, "a MATLAB file", SAVE_NPY},
    {SIGNATURE(0, "PAR1"), CODEC_KIND_OTHER, "Parquet", SAVE_NPY},
    {SIGNATURE(0, "ARROW1"), CODEC_KIND_OTHER, "Arrow", SAVE_NPY},
    {SIGNATURE(8, "{\""), CODEC_KIND_OTHER, "safetensors", SAVE_NPY}, /* see fits */
    {SIGNATURE(0, "\x80\2"), CODEC_KIND_OTHER, "a Python pickle", SAVE_NPY},
    {SIGNATURE(0, "\x80\3"), CODEC_KIND_OTHER, "a Python pickle", SAVE_NPY},
    {SIGNATURE(0, "\x80\4"), CODEC_KIND_OTHER, "a Python pickle", SAVE_NPY},
    {SIGNATURE(0, "\x80\5"), CODEC_KIND_OTHER, "a Python pickle", SAVE_NPY},

    {SIGNATURE(0, "\xff\xfe\0\0"), CODEC_KIND_OTHER, "UTF-32 text", "encode it as UTF-8"},
    {SIGNATURE(0, "\0\0\xfe\xff"), CODEC_KIND_OTHER, "UTF-32 text", "encode it as UTF-8"},
    {SIGNATURE(0, "\xff\xfe"), CODEC_KIND_OTHER, "UTF-16 text", "encode it as UTF-8"},
    {SIGNATURE(0, "\xfe\xff"), CODEC_KIND_OTHER, "UTF-16 text", "encode it as UTF-8"},
    {SIGNATURE(0, "{\0"), CODEC_KIND_OTHER, "UTF-16 text", "encode it as UTF-8"},
    {SIGNATURE(0, "[\0"), CODEC_KIND_OTHER, "UTF-16 text", "encode it as UTF-8"},
    {SIGNATURE(0, "\0{"), CODEC_KIND_OTHER, "UTF-16 text", "encode it as UTF-8"},
    {SIGNATURE(0, "\0["), CODEC_KIND_OTHER, "UTF-16 text", "encode it as UTF-8"},
};

/* Text, by how it begins; "" is all other text. */
static const struct row texts[] = {
    {SIGNATURE(0, "{"), CODEC_KIND_JSON, "JSON", NULL},
    {SIGNATURE(0, "["), CODEC_KIND_OTHER, "a JSON array", "put it into an object"},
    {SIGNATURE(0, "data:"), CODEC_KIND_OTHER, "a data URL", DECODE},
    {SIGNATURE(0, "iVBORw0KGgo"), CODEC_KIND_OTHER, "a PNG in Base64", DECODE},
    {SIGNATURE(0, "/9j/"), CODEC_KIND_OTHER, "a JPEG in Base64", DECODE},
    {SIGNATURE(0, "http://"), CODEC_KIND_OTHER, "a URL", "send what it names"},
    {SIGNATURE(0, "https://"), CODEC_KIND_OTHER, "a URL", "send what it names"},
    {SIGNATURE(0, "<svg"), CODEC_KIND_OTHER, "SVG", CONVERT},
    {SIGNATURE(0, "<!doctype html"), CODEC_KIND_OTHER, "HTML", NULL},
    {SIGNATURE(0, "<html"), CODEC_KIND_OTHER, "HTML", NULL},
    {SIGNATURE(0, "<"), CODEC_KIND_OTHER, "XML", NULL}, /* or SVG, see find_text */
    {SIGNATURE(0, "--"), CODEC_KIND_OTHER, "a form",
     "send it as multipart/form-data with its boundary"},
    {SIGNATURE(0, ""), CODEC_KIND_OTHER, "text", NULL},
};

/* Whether the row's bytes are there, and for short ones what else the format always has. */
static bool fits(const struct row *row, const uint8_t *bytes, size_t size)
{
    if (size < row->offset + row->length ||
        memcmp(bytes + row->offset, row->bytes, row->length) != 0)
        return false;
    if (strcmp(row->name, "BMP") == 0)
        return bytes[0] == 'B' && bytes[1] == 'M';
    if (strcmp(row->name, "safetensors") == 0) /* the header's size, 64 bits */
        return memcmp(bytes + 4, "\0\0\0\0", 4) == 0;
    return true;
}

static bool is_control(char c)
{
    bool space = c >= '\t' && c <= '\r';
    return (c >= 0 && c < ' ' && !space) || c == 0x7f;
}

/* Whether the beginning may be text: UTF-8 without control characters other than white space. */
static bool is_text(const uint8_t *bytes, size_t size)
{
    char text[LOOK + 1];
    size_t length = size < LOOK ? size : LOOK, at = 0, character = 1;
    memcpy(text, bytes, length);
    text[length] = '\0';
    while (at < length && character > 0 && !is_control(text[at])) {
        character = codec_utf8_size(text + at);
        at += character;
    }
    /* A character may be cut where the look ends. */
    return size > 0 && (at == length || (size > LOOK && length - at < CODEC_UTF8_MAX));
}

/* JSON's white space. */
static size_t skip_space(const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at < size && memchr(" \t\r\n", bytes[at], 4))
        at++;
    return at;
}

static bool contains(const uint8_t *bytes, size_t size, const char *word)
{
    return memmem(bytes, size < LOOK ? size : LOOK, word, strlen(word)) != NULL;
}

static bool begins_with(const uint8_t *bytes, size_t size, const struct row *row)
{
    return size >= row->length && strncasecmp((const char *)bytes, row->bytes, row->length) == 0;
}

static struct codec_signature found(const struct row *row, bool text)
{
    return (struct codec_signature){row->kind, row->name, row->remedy, text};
}

/* JSON may hold bytes that no text has: its parser says where, so a brace is enough. */
static struct codec_signature find_text(const uint8_t *bytes, size_t size)
{
    size_t at = codec_signature_bom(bytes, size);
    at += skip_space(bytes + at, size - at);
    if (begins_with(bytes + at, size - at, &texts[0]))
        return found(&texts[0], true);
    if (!is_text(bytes, size))
        return (struct codec_signature){0};
    const struct row *row = &texts[1];
    while (!begins_with(bytes + at, size - at, row))
        row++;
    if (strcmp(row->name, "XML") == 0 && contains(bytes, size, "<svg"))
        return (struct codec_signature){CODEC_KIND_OTHER, "SVG", CONVERT, true};
    return found(row, true);
}

struct codec_signature codec_signature_find(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (fits(&rows[i], bytes, size))
            return found(&rows[i], false);
    }
    return find_text(bytes, size);
}

size_t codec_signature_bom(const uint8_t *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}
