/* JPEG decoder: libjpeg (libjpeg-turbo's) decodes; a warning of libjpeg is an error unless it is
 * harmless. */
#include "image.h"

#include "exif.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h> /* before jpeglib.h, which does not include it */
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

/* libjpeg's own files have 10, the longest that encoders make out about 20; each costs a pass. */
#define MAX_SCANS 100

/* Where counting ends: a file with more is refused long before. */
#define MAX_COUNTED_SCANS 65535

#define EXIF_MARKER (JPEG_APP0 + 1)

/* The most that reading an orientation takes, before all else; see exif.h. */
#define EXIF_MEMORY ((uint64_t)1 << 20)

/* Everything that one decoding owns but the image. */
struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    const uint8_t *bytes;
    size_t size;
    uint64_t max_pixels;
    const struct codec_cancel *cancel;
    struct codec_image *image;     /* NULL: only `info` is wanted */
    struct codec_image_info *info; /* NULL: only the image is wanted */
    uint8_t *row;        /* a row as libjpeg decodes it; NULL if that is a row of the image */
    const uint8_t *exif; /* the first EXIF segment behind its length; NULL: none so far */
    size_t exif_size;
    bool ended; /* libjpeg has asked for bytes beyond the last one */
    char *detail;
    enum dissolve_status status;
    jmp_buf escape; /* out of libjpeg, whose functions cannot return an error */
};

static struct decoder *decoder_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

/* Ends the decoding; `status` is what codec_refuse returned. */
static _Noreturn void give_up(struct decoder *decoder, enum dissolve_status status)
{
    decoder->status = status;
    longjmp(decoder->escape, 1);
}

static _Noreturn void give_up_memory(struct decoder *decoder)
{
    give_up(decoder, codec_refuse(decoder->detail, DISSOLVE_NO_MEMORY,
                                  "There is not enough memory to decode the image."));
}

/* ---- libjpeg's errors and warnings ---- */

#define EMPTY        "The JPEG's header has a width, a height or a number of channels of 0."
#define MISSING_DATA "The JPEG lacks a part of its image data; send the whole file."
#define CORRUPT_DATA "The JPEG's image data are damaged: they hold an invalid code."
#define OUT_OF_ORDER "The JPEG's segments are out of order, or one is of an unknown kind."
#define BAD_SCANS    "The JPEG's scans are invalid or contradict each other."
#define BAD_HUFFMAN  "The JPEG has an invalid Huffman table."
#define BAD_SAMPLING \
    "The JPEG's sampling factors are invalid; each has to be 1 to 4, 10 blocks in all."

static const struct {
    int code;
    const char *sentence;
} faults[] = {
    {JWRN_JPEG_EOF, "The JPEG ends within a header segment; send the whole file."},
    {JERR_NO_IMAGE, "The JPEG has no image data; send the whole file."},
    {JERR_SOF_NO_SOS, "The JPEG has no image data; send the whole file."},
    {JWRN_HIT_MARKER, MISSING_DATA},
    {JWRN_HUFF_BAD_CODE, CORRUPT_DATA},
    {JERR_BAD_DCT_COEF, CORRUPT_DATA},
    {JWRN_MUST_RESYNC, "The JPEG's image data are damaged: a restart marker is missing or is not "
                       "the next one."},
    {JWRN_BOGUS_PROGRESSION, BAD_SCANS},
    {JERR_BAD_PROGRESSION, BAD_SCANS},
    {JERR_BAD_COMPONENT_ID, "The JPEG has a scan of a channel that its header does not have."},
    {JERR_COMPONENT_COUNT, "The JPEG has an invalid number of channels; send it with 1, 3 or 4."},
    {JERR_NO_QUANT_TABLE, "The JPEG lacks a quantization table that its image data need."},
    {JERR_DQT_INDEX, "The JPEG has a quantization table of an invalid number; 0 to 3 are valid."},
    {JERR_NO_HUFF_TABLE, "The JPEG lacks a Huffman table that its image data need."},
    {JERR_BAD_HUFF_TABLE, BAD_HUFFMAN},
    {JERR_DHT_INDEX, BAD_HUFFMAN},
    {JERR_BAD_LENGTH, "The JPEG has a header segment whose length does not match its contents."},
    {JERR_BAD_SAMPLING, BAD_SAMPLING},
    {JERR_BAD_MCU_SIZE, BAD_SAMPLING},
    {JERR_EMPTY_IMAGE, EMPTY},
    {JERR_SOF_DUPLICATE, OUT_OF_ORDER},
    {JERR_SOI_DUPLICATE, OUT_OF_ORDER},
    {JERR_SOS_NO_SOF, OUT_OF_ORDER},
    {JERR_UNKNOWN_MARKER, OUT_OF_ORDER},
};

/* The sentence for the client about an error or a warning of libjpeg's; `ended` says that the file
 * had ended before. */
static const char *fault_sentence(int code, bool ended)
{
    if (code == JWRN_HIT_MARKER && ended)
        return "The JPEG ends before its image data are complete; send the whole file.";
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (faults[i].code == code)
            return faults[i].sentence;
    return "The JPEG is damaged; save it again, or send it as a PNG.";
}

static _Noreturn void give_up_broken(j_common_ptr jpeg)
{
    struct decoder *decoder = decoder_of(jpeg);
    give_up(decoder, codec_refuse(decoder->detail, DISSOLVE_MALFORMED, "%s",
                                  fault_sentence(jpeg->err->msg_code, decoder->ended)));
}

static _Noreturn void on_error(j_common_ptr jpeg)
{
    struct decoder *decoder = decoder_of(jpeg);
    char *detail = decoder->detail;
    int number = jpeg->err->msg_parm.i[0];
    switch (jpeg->err->msg_code) {
    case JERR_OUT_OF_MEMORY:
        give_up_memory(decoder);
    case JERR_BAD_PRECISION:
        give_up(decoder,
                codec_refuse(detail, DISSOLVE_UNSUPPORTED,
                             "The JPEG has %d bits a channel; only 8 are read here.", number));
    case JERR_SOF_UNSUPPORTED:
        give_up(decoder, codec_refuse(detail, DISSOLVE_UNSUPPORTED,
                                      "The JPEG is lossless or hierarchical (SOF type 0x%02x), "
                                      "which is not read here.",
                                      (unsigned)number));
    case JERR_FRACT_SAMPLE_NOTIMPL:
        give_up(decoder,
                codec_refuse(detail, DISSOLVE_UNSUPPORTED,
                             "The JPEG has sampling factors that do not divide each other; "
                             "send it with 4:4:4, 4:2:2 or 4:2:0 sampling."));
    case JERR_IMAGE_TOO_BIG:
        give_up(decoder, codec_refuse(detail, DISSOLVE_TOO_LARGE,
                                      "The JPEG is wider or higher than %d pixels.", number));
    default:
        give_up_broken(jpeg);
    }
}

/*
 * The end of the file is harmless where a marker or image data may follow: libjpeg then reads an
 * end marker (EOI) there, and issues JWRN_HIT_MARKER if a block still needs bits. Within a marker
 * segment it would read made-up bytes as the segment's.
 */
static void on_end_of_file(j_common_ptr jpeg)
{
    struct decoder *decoder = decoder_of(jpeg);
    decoder->ended = true;
    if (decoder->jpeg.unread_marker != 0)
        give_up_broken(jpeg);
}

/*
 * These warnings leave every pixel as the file has it, and Pillow ignores them: bytes between the
 * segments (some cameras pad), an unknown JFIF version or Adobe transform, and sequential scans
 * with unexpected values in header fields that they do not use. After any other warning libjpeg
 * makes up pixels.
 */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level >= 0) /* a trace */
        return;
    switch (jpeg->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM:
    case JWRN_NOT_SEQUENTIAL:
        return;
    case JWRN_JPEG_EOF:
        on_end_of_file(jpeg);
        return;
    default:
        give_up_broken(jpeg);
    }
}

/* A small file can hold very many scans over a large picture. */
static void on_progress(j_common_ptr jpeg)
{
    struct decoder *decoder = decoder_of(jpeg);
    if (codec_is_cancelled(decoder->cancel))
        give_up(decoder, codec_refuse(decoder->detail, DISSOLVE_CANCELLED, CODEC_CANCELLED));
    if (decoder->jpeg.input_scan_number > MAX_SCANS)
        give_up(decoder, codec_refuse(decoder->detail, DISSOLVE_MALFORMED,
                                      "The JPEG has more than %d scans.", MAX_SCANS));
}

/* ---- orientation ---- */

/*
 * libjpeg's function for EXIF's segments, which skips them as libjpeg does: the first that is
 * EXIF's is noted where it lies, for a file may have as many of them as it has bytes.
 */
static boolean note_exif(j_decompress_ptr jpeg)
{
    static const char signature[6] = "Exif\0";
    struct decoder *decoder = jpeg->client_data;
    struct jpeg_source_mgr *source = jpeg->src;
    if (source->bytes_in_buffer < 2)
        return source->fill_input_buffer(jpeg); /* gives up: the file ends within a header */
    const uint8_t *segment = source->next_input_byte;
    size_t length = (size_t)segment[0] << 8 | segment[1];
    size_t kept = length < source->bytes_in_buffer ? length : source->bytes_in_buffer;
    if (!decoder->exif && kept >= 2 + sizeof signature &&
        memcmp(segment + 2, signature, sizeof signature) == 0) {
        decoder->exif = segment + 2;
        decoder->exif_size = kept - 2;
    }
    source->skip_input_data(jpeg, length > 2 ? (long)length : 2);
    return TRUE;
}

/* By the first EXIF segment, as Pillow has it. */
static unsigned read_orientation(struct decoder *decoder)
{
    if (!decoder->exif)
        return 1;
    unsigned orientation = codec_exif_orientation(decoder->exif, decoder->exif_size);
    if (orientation == 0)
        give_up_memory(decoder);
    return orientation;
}

/* Where the file's pixels belong in the image, in pixels from its first one. */
struct turn {
    ptrdiff_t first;  /* of the file's first pixel */
    ptrdiff_t across; /* from there, for each column of the file */
    ptrdiff_t down;   /* for each row of the file */
};

/* width and height are the file's; from 5 on they change places. */
static struct turn turn_of(unsigned orientation, uint32_t width, uint32_t height)
{
    bool exchanged = orientation >= 5;
    bool right_to_left =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool bottom_to_top =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    struct turn turn = {
        .across = exchanged ? (ptrdiff_t)height : 1,
        .down = exchanged ? 1 : (ptrdiff_t)width,
    };
    if (right_to_left) {
        turn.first += ((ptrdiff_t)width - 1) * turn.across;
        turn.across = -turn.across;
    }
    if (bottom_to_top) {
        turn.first += ((ptrdiff_t)height - 1) * turn.down;
        turn.down = -turn.down;
    }
    return turn;
}

/* ---- decoding ---- */

static void check_header(struct decoder *decoder)
{
    const struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    if ((uint64_t)jpeg->image_width * jpeg->image_height > decoder->max_pixels)
        give_up(decoder,
                codec_refuse(decoder->detail, DISSOLVE_TOO_LARGE,
                             "The JPEG has %u x %u pixels; the limit is %llu.", jpeg->image_width,
                             jpeg->image_height, (unsigned long long)decoder->max_pixels));
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE:
    case JCS_YCbCr:
    case JCS_RGB:
    case JCS_CMYK:
    case JCS_YCCK:
        return;
    default:
        give_up(decoder, codec_refuse(decoder->detail, DISSOLVE_UNSUPPORTED,
                                      "The JPEG has %d channels; send it with 1, 3 or 4.",
                                      jpeg->num_components));
    }
}

/*
 * The least number of bits in which a complete file can code its blocks (ITU-T T.81): a Huffman
 * code has at least one bit, and a block has a DC code and, in a sequential file, an end of its AC
 * codes. A progressive file needs the DC code alone: a run can end the AC codes of 32,767 blocks.
 */
static uint64_t least_bits(const struct jpeg_decompress_struct *jpeg)
{
    uint64_t blocks = 0;
    for (int i = 0; i < jpeg->num_components; i++)
        blocks +=
            (uint64_t)jpeg->comp_info[i].width_in_blocks * jpeg->comp_info[i].height_in_blocks;
    return jpeg->progressive_mode ? blocks : 2 * blocks;
}

/* Rejects, before memory is allocated for the image, what could not be decoded later or would be
 * made up by libjpeg, which reads zeros where arithmetic-coded data end. */
static void check_data(struct decoder *decoder)
{
    const struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    if (jpeg->arith_code)
        give_up(decoder, codec_refuse(decoder->detail, DISSOLVE_UNSUPPORTED,
                                      "The JPEG has arithmetic coding, which is not supported; "
                                      "send it with Huffman coding."));
    if ((uint64_t)jpeg->src->bytes_in_buffer * 8 < least_bits(jpeg))
        give_up(decoder, codec_refuse(decoder->detail, DISSOLVE_MALFORMED,
                                      "The JPEG has too little image data for its %u x %u pixels; "
                                      "send the whole file.",
                                      jpeg->image_width, jpeg->image_height));
}

/* libjpeg makes CMYK of YCCK, but no RGB of CMYK. */
static bool has_four_channels(const struct decoder *decoder)
{
    return decoder->jpeg.num_components == 4;
}

static void read_header(struct decoder *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    jpeg_create_decompress(jpeg);
    jpeg->mem->max_memory_to_use = 0; /* whatever JPEGMEM in the environment says */
    jpeg->progress = &decoder->progress;
    jpeg_set_marker_processor(jpeg, EXIF_MARKER, note_exif);
    jpeg_mem_src(jpeg, decoder->bytes, decoder->size);
    (void)jpeg_read_header(jpeg, TRUE); /* JPEG_HEADER_OK, for the source never suspends */
    check_header(decoder);
    check_data(decoder);
    jpeg->out_color_space = has_four_channels(decoder) ? JCS_CMYK : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg->do_block_smoothing = FALSE; /* it is for pictures that are not there wholly */
}

/* True if every component, with every bit of its coefficients, has come with the scans so far;
 * valid between scans. */
static bool is_complete(const struct jpeg_decompress_struct *jpeg)
{
    bool complete = true;
    for (int i = 0; i < jpeg->num_components; i++) {
        /* libjpeg keeps a component's table when its first scan begins. */
        complete = complete && jpeg->comp_info[i].quant_table != NULL;
        for (int k = 0; jpeg->coef_bits && k < DCTSIZE2; k++)
            complete = complete && jpeg->coef_bits[i][k] == 0;
    }
    return complete;
}

/*
 * Reads scans until the image is complete. What follows is not read: it may be an end marker, or
 * anything that a camera appends, which libjpeg would take for more segments.
 */
static void read_scans(struct decoder *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    int event = JPEG_REACHED_SOS;
    while (event != JPEG_REACHED_EOI) {
        if (event == JPEG_SCAN_COMPLETED && is_complete(jpeg))
            return;
        on_progress((j_common_ptr)jpeg);
        event = jpeg_consume_input(jpeg);
    }
    give_up(decoder, codec_refuse(decoder->detail, DISSOLVE_MALFORMED,
                                  decoder->ended
                                      ? "The JPEG ends before its last scan; send the whole file."
                                      : "The JPEG lacks some of its scans; send the whole file."));
}

/* Of several scans, all are read into memory before the first row can be decoded. */
static void start(struct decoder *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    jpeg->buffered_image = jpeg_has_multiple_scans(jpeg);
    (void)jpeg_start_decompress(jpeg); /* TRUE, for the source never suspends */
    if (!jpeg->buffered_image)
        return;
    read_scans(decoder);
    (void)jpeg_start_output(jpeg, jpeg->input_scan_number); /* likewise */
}

static void allocate(struct decoder *decoder, unsigned orientation)
{
    struct codec_image *image = decoder->image;
    uint32_t width = decoder->jpeg.output_width;
    uint32_t height = decoder->jpeg.output_height;
    size_t size;
    if (__builtin_mul_overflow((size_t)width * 3, height, &size))
        give_up_memory(decoder);
    bool direct = orientation == 1 && !has_four_channels(decoder);
    image->pixels = malloc(size);
    if (!direct)
        decoder->row = malloc((size_t)width * (size_t)decoder->jpeg.output_components);
    if (!image->pixels || (!direct && !decoder->row))
        give_up_memory(decoder);
    image->width = orientation >= 5 ? height : width;
    image->height = orientation >= 5 ? width : height;
    image->channels = 3;
}

/*
 * Converts a row of CMYK to RGB in place. The file's values are taken as inverted, as Adobe writes
 * them (255: no ink), with or without its marker; each of R, G and B is c * k / 255, rounded.
 * Pillow's convert("RGB").
 */
static void convert_cmyk(uint8_t *row, uint32_t width)
{
    for (size_t x = 0; x < width; x++) {
        unsigned black = row[4 * x + 3];
        for (size_t i = 0; i < 3; i++)
            row[3 * x + i] = (uint8_t)((row[4 * x + i] * black + 127) / 255);
    }
}

static void read_rows(struct decoder *decoder, unsigned orientation)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    uint32_t width = jpeg->output_width;
    struct turn turn = turn_of(orientation, width, jpeg->output_height);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = decoder->image->pixels +
                      3 * (turn.first + turn.down * (ptrdiff_t)jpeg->output_scanline);
        uint8_t *row = decoder->row ? decoder->row : to;
        (void)jpeg_read_scanlines(jpeg, &row, 1); /* 1, for the source never suspends */
        if (has_four_channels(decoder))
            convert_cmyk(row, width);
        if (!decoder->row)
            continue;
        for (uint32_t x = 0; x < width; x++)
            memcpy(to + 3 * turn.across * (ptrdiff_t)x, row + 3 * (size_t)x, 3);
    }
}

/* Counts the first scan, whose header has been read, and those whose headers follow. A byte 0xff of
 * image data is followed by 0, so that the marker occurs nowhere else but in a table or a comment.
 */
static unsigned count_scans(const struct jpeg_decompress_struct *jpeg)
{
    const uint8_t *at = jpeg->src->next_input_byte;
    const uint8_t *end = at + jpeg->src->bytes_in_buffer;
    unsigned scans = 1;
    while (scans < MAX_COUNTED_SCANS && (at = memmem(at, (size_t)(end - at), "\xff\xda", 2))) {
        scans++;
        at += 2;
    }
    return scans;
}

static uint64_t round_up(uint64_t value, int step)
{
    return (value + (uint64_t)step - 1) / (uint64_t)step * (uint64_t)step;
}

/*
 * The most that libjpeg allocates for a component: ten groups of rows as they come from the inverse
 * DCT, as many upsampled rows as a group of the image has, and, of several scans, all coefficients.
 */
static uint64_t memory_of_component(j_decompress_ptr jpeg, const jpeg_component_info *component)
{
    uint64_t across = round_up(component->width_in_blocks, component->h_samp_factor);
    uint64_t down = round_up(component->height_in_blocks, component->v_samp_factor);
    uint64_t groups = (uint64_t)(10 * component->v_samp_factor) * across * DCTSIZE;
    uint64_t upsampled =
        (uint64_t)jpeg->max_v_samp_factor * round_up(jpeg->image_width, jpeg->max_h_samp_factor);
    uint64_t coefficients = across * down * sizeof(JBLOCK) + down * sizeof(JBLOCKROW);
    return groups + upsampled + (jpeg_has_multiple_scans(jpeg) ? coefficients : 0);
}

/* The most that decoding allocates; valid behind the header. */
static uint64_t memory_of(j_decompress_ptr jpeg)
{
    uint64_t memory = 64 << 10; /* tables and states */
    for (int i = 0; i < jpeg->num_components; i++)
        memory += memory_of_component(jpeg, &jpeg->comp_info[i]);
    memory += (uint64_t)jpeg->image_width * (3 * (uint64_t)jpeg->image_height + 4);
    const struct decoder *decoder = jpeg->client_data;
    return decoder->exif && memory < EXIF_MEMORY ? EXIF_MEMORY : memory;
}

static void describe(struct decoder *decoder, unsigned orientation)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    bool exchanged = orientation >= 5;
    *decoder->info = (struct codec_image_info){
        .width = exchanged ? jpeg->image_height : jpeg->image_width,
        .height = exchanged ? jpeg->image_width : jpeg->image_height,
        .bits = 8,
        .coded_size = jpeg->src->bytes_in_buffer,
        .scans = count_scans(jpeg),
        .memory = memory_of(jpeg),
    };
}

static void decode(struct decoder *decoder)
{
    read_header(decoder);
    unsigned orientation = read_orientation(decoder);
    if (decoder->info) {
        describe(decoder, orientation);
        return;
    }
    start(decoder);
    allocate(decoder, orientation);
    read_rows(decoder, orientation); /* and not what follows: see read_scans */
}

/* A function of its own: what it changes is none of its local variables, which longjmp may lose. */
static enum dissolve_status decode_or_escape(struct decoder *decoder)
{
    if (setjmp(decoder->escape) == 0)
        decode(decoder);
    return decoder->status;
}

/* Fills in decoder->status and whatever else is wanted; `decoder` holds the arguments. */
static enum dissolve_status run_decoder(struct decoder *decoder)
{
    decoder->detail[0] = '\0';
    if (decoder->size < 3 || memcmp(decoder->bytes, "\xff\xd8\xff", 3) != 0)
        return codec_refuse(decoder->detail, DISSOLVE_UNSUPPORTED,
                            "The image is not a JPEG file, or broken at its start; send an "
                            "undamaged copy.");
    decoder->jpeg.err = jpeg_std_error(&decoder->errors);
    decoder->jpeg.client_data = decoder;
    decoder->errors.error_exit = on_error;
    decoder->errors.emit_message = on_message;
    decoder->progress.progress_monitor = on_progress;
    enum dissolve_status status = decode_or_escape(decoder);
    jpeg_destroy_decompress(&decoder->jpeg);
    free(decoder->row);
    return status;
}

enum dissolve_status codec_jpeg_probe(const uint8_t *bytes, size_t size, uint64_t max_pixels,
                                      struct codec_image_info *info, char detail[CODEC_DETAIL])
{
    *info = (struct codec_image_info){0};
    struct decoder decoder = {
        .bytes = bytes, .size = size, .max_pixels = max_pixels, .info = info, .detail = detail};
    return run_decoder(&decoder);
}

enum dissolve_status codec_jpeg_decode(const uint8_t *bytes, size_t size, uint64_t max_pixels,
                                       const struct codec_cancel *cancel, struct codec_image *image,
                                       char detail[CODEC_DETAIL])
{
    *image = (struct codec_image){0};
    struct decoder decoder = {.bytes = bytes,
                              .size = size,
                              .max_pixels = max_pixels,
                              .cancel = cancel,
                              .image = image,
                              .detail = detail};
    enum dissolve_status status = run_decoder(&decoder);
    if (status)
        codec_image_free(image);
    return status;
}
