/* A table of file signatures, and a look at what may be text. */
#include "signature.h"

#include "utf8.h"

#include <string.h>
#include <strings.h>

/* How far text is looked at. */
enum { LOOK = 4096 };

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
    bool (*check)(const uint8_t *bytes); /* of short ones: what else is always there; or NULL */
};

static bool begins_with_bm(const uint8_t *bytes)
{
    return bytes[0] == 'B' && bytes[1] == 'M';
}

/* The size of the header, 64 bits, is below 4 GiB. */
static bool has_small_header(const uint8_t *bytes)
{
    return memcmp(bytes + 4, "\0\0\0\0", 4) == 0;
}

#define SIGNATURE(place, text) .offset = (place), .length = sizeof(text) - 1, .bytes = (text)

/* A kind that is read, and one that is not. */
#define READ(place, text, what, called)                          \
    {                                                            \
        SIGNATURE(place, text), .kind = (what), .name = (called) \
    }
#define OTHER(place, text, called, advice)                           \
    {                                                                \
        SIGNATURE(place, text), .name = (called), .remedy = (advice) \
    }

/* The first row that fits counts. Sources: each format's specification. */
static const struct row rows[] = {
    READ(0, "\x89PNG\r\n\x1a\n", CODEC_KIND_PNG, "PNG"),
    READ(0, "\xff\xd8", CODEC_KIND_JPEG, "JPEG"),
    READ(0, "\x93NUMPY", CODEC_KIND_NPY, "an NPY array"),

    OTHER(0, "GIF8", "GIF", CONVERT),
    OTHER(8, "WEBPVP8", "WebP", CONVERT),
    OTHER(4, "ftypavi", "AVIF", CONVERT),
    OTHER(4, "ftyphe", "HEIC", CONVERT),
    OTHER(4, "ftypmif1", "HEIF", CONVERT),
    OTHER(4, "ftypmsf1", "HEIF", CONVERT),
    OTHER(4, "ftyp", "a video (MP4)", "send one frame of it as PNG"),
    OTHER(0, "II*\0", "TIFF", CONVERT),
    OTHER(0, "MM\0*", "TIFF", CONVERT),
    OTHER(0, "II+\0", "TIFF", CONVERT),
    OTHER(0, "MM\0+", "TIFF", CONVERT),
    OTHER(0, "\xff\x0a", "JPEG XL", CONVERT),
    OTHER(4, "JXL \r\n\x87\n", "JPEG XL", CONVERT),
    OTHER(4, "jP  \r\n\x87\n", "JPEG 2000", CONVERT),
    OTHER(0, "\xff\x4f\xff\x51", "JPEG 2000", CONVERT),
    OTHER(0, "\x8aMNG\r\n\x1a\n", "MNG", CONVERT),
    OTHER(0, "8BPS", "a Photoshop document", CONVERT),
    OTHER(0, "gimp xcf", "a GIMP picture", CONVERT),
    OTHER(0, "\0\0\1\0", "a Windows icon", CONVERT),
    OTHER(0, "qoif", "QOI", CONVERT),
    OTHER(0, "P5\n", "PGM", CONVERT),
    OTHER(0, "P6\n", "PPM", CONVERT),
    OTHER(0, "v/1\1", "OpenEXR", CONVERT),
    OTHER(0, "#?RADIANCE", "Radiance HDR", CONVERT),
    OTHER(0, "DDS ", "DDS", CONVERT),
    OTHER(0, "SIMPLE  =", "FITS", CONVERT),
    OTHER(128, "DICM", "DICOM", CONVERT),
    {SIGNATURE(6, "\0\0\0\0"), .kind = CODEC_KIND_OTHER, .name = "BMP", .remedy = CONVERT,
     .check = begins_with_bm},
    OTHER(0, "%PDF-", "PDF", CONVERT),

    OTHER(0, "\x1f\x8b", "gzip", DECOMPRESS),
    OTHER(0, "(\xb5/\xfd", "Zstandard", DECOMPRESS),
    OTHER(0,
          "\xfd"
          "7zXZ\0",
          "xz", DECOMPRESS),
    OTHER(0, "BZh", "bzip2", DECOMPRESS),
    OTHER(0, "\4\"M\x18", "LZ4", DECOMPRESS),
    OTHER(0, "PK\3\4", "a ZIP archive, such as NPZ", EXTRACT),
    OTHER(0, "PK\5\6", "a ZIP archive without files", NULL),
    OTHER(0, "7z\xbc\xaf'\x1c", "a 7z archive", EXTRACT),
    OTHER(0, "Rar!\x1a\7", "a RAR archive", EXTRACT),
    OTHER(257, "ustar", "a tar archive", EXTRACT),

    OTHER(0, "\x89HDF\r\n\x1a\n", "HDF5", SAVE_NPY),
    OTHER(0, "MATLAB 5.0", "a MATLAB file", SAVE_NPY),
    OTHER(0, "PAR1", "Parquet", SAVE_NPY),
    OTHER(0, "ARROW1", "Arrow", SAVE_NPY),
    {SIGNATURE(8, "{\""), .kind = CODEC_KIND_OTHER, .name = "safetensors", .remedy = SAVE_NPY,
     .check = has_small_header},
    OTHER(0, "\x80\2", "a Python pickle", SAVE_NPY),
    OTHER(0, "\x80\3", "a Python pickle", SAVE_NPY),
    OTHER(0, "\x80\4", "a Python pickle", SAVE_NPY),
    OTHER(0, "\x80\5", "a Python pickle", SAVE_NPY),

    OTHER(0, "\xff\xfe\0\0", "UTF-32 text", "encode it as UTF-8"),
    OTHER(0, "\0\0\xfe\xff", "UTF-32 text", "encode it as UTF-8"),
    OTHER(0, "\xff\xfe", "UTF-16 text", "encode it as UTF-8"),
    OTHER(0, "\xfe\xff", "UTF-16 text", "encode it as UTF-8"),
    OTHER(0, "{\0", "UTF-16 text", "encode it as UTF-8"),
    OTHER(0, "[\0", "UTF-16 text", "encode it as UTF-8"),
    OTHER(0, "\0{", "UTF-16 text", "encode it as UTF-8"),
    OTHER(0, "\0[", "UTF-16 text", "encode it as UTF-8"),
};

/* Text, by how it begins; "" is all other text. */
static const struct row texts[] = {
    READ(0, "{", CODEC_KIND_JSON, "JSON"),
    OTHER(0, "[", "a JSON array", "put it into an object"),
    OTHER(0, "data:", "a data URL", DECODE),
    OTHER(0, "iVBORw0KGgo", "a PNG in Base64", DECODE),
    OTHER(0, "/9j/", "a JPEG in Base64", DECODE),
    OTHER(0, "http://", "a URL", "send what it names"),
    OTHER(0, "https://", "a URL", "send what it names"),
    OTHER(0, "<svg", "SVG", CONVERT),
    OTHER(0, "<!doctype svg", "SVG", CONVERT),
    OTHER(0, "<!doctype html", "HTML", NULL),
    OTHER(0, "<html", "HTML", NULL),
    OTHER(0, "<", "XML", NULL),
    OTHER(0, "--", "a form", "send it as multipart/form-data with its boundary"),
    OTHER(0, "", "text", NULL),
};

static bool fits(const struct row *row, const uint8_t *bytes, size_t size)
{
    return size >= row->offset + row->length &&
           memcmp(bytes + row->offset, row->bytes, row->length) == 0 &&
           (!row->check || row->check(bytes));
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
    if (at < size && bytes[at] == '<' && contains(bytes, size, "<svg"))
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
