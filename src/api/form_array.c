/* Frames as float32 arrays: NPY, or an NPZ of several. */
#include "codec/npy.h"
#include "forms.h"

#include <dissolve/target.h>
#include <stdio.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "arrays are little-endian, and written as they are"
#endif

static enum api_content content_of(const struct api_run *run)
{
    return run->parameters.content[run->output.pass];
}

/* x is sent as it is; what is derived from it takes its place. */
static enum dissolve_status encode(void *context, struct api_slot *slot)
{
    const struct api_run *run = context;
    const struct api_subject *subject = &run->subject;
    size_t n = subject->elements;
    if (content_of(run) == API_CONTENT_NOISE)
        dissolve_target_noise(run->schedule, slot->t, subject->x0, slot->state, n, slot->state);
    else if (content_of(run) == API_CONTENT_VELOCITY)
        dissolve_target_velocity(run->schedule, slot->t, subject->x0, slot->state, n, slot->state);
    return DISSOLVE_OK;
}

static enum dissolve_status append_head(const struct api_run *run, struct codec_buffer *out)
{
    const struct api_subject *subject = &run->subject;
    uint64_t count = run->parameters.frames.count;
    const uint64_t image[] = {count, subject->height, subject->width, subject->channels};
    const uint64_t samples[] = {count, subject->elements};
    bool is_image = subject->width > 0;
    return codec_npy_head(is_image ? image : samples, is_image ? 4 : 2, out);
}

static uint64_t frames_size(const struct api_run *run)
{
    return run->subject.elements * sizeof *run->subject.state * run->parameters.frames.count;
}

static enum dissolve_status open_npy(struct api_run *run)
{
    enum dissolve_status status = append_head(run, &run->output.scratch);
    if (status == DISSOLVE_OK)
        api_announce(run->call, run->output.scratch.size + frames_size(run));
    return status == DISSOLVE_OK ? api_run_write_scratch(run) : status;
}

static enum dissolve_status emit_npy(void *context, struct api_slot *slot)
{
    struct api_run *run = context;
    return api_write_borrowed(run->call, slot->state, run->subject.elements * sizeof *slot->state);
}

const struct api_form api_form_npy = {
    .wants_state = true, .open = open_npy, .encode = encode, .emit = emit_npy};

enum { MEMBER_NAME = 32 };

static void print_member_name(enum api_content content, char name[MEMBER_NAME])
{
    snprintf(name, MEMBER_NAME, "%s.npy", api_content_name(content));
}

/* Every member has the same shape. */
static enum dissolve_status open_npz(struct api_run *run)
{
    struct codec_buffer *head = &run->output.scratch;
    struct codec_zip_size size = {0};
    head->size = 0;
    enum dissolve_status status = append_head(run, head);
    for (size_t i = 0; status == DISSOLVE_OK && i < run->parameters.content_count; i++) {
        char name[MEMBER_NAME];
        print_member_name(run->parameters.content[i], name);
        status = codec_zip_size_add(&size, name, head->size + frames_size(run));
    }
    if (status == DISSOLVE_OK)
        api_announce(run->call, codec_zip_size_total(&size));
    return status == DISSOLVE_OK ? api_open_archive(run) : status;
}

/* A member begins with its first frame and ends with its last. */
static enum dissolve_status begin_member(struct api_run *run)
{
    struct codec_buffer *head = &run->output.scratch;
    char name[MEMBER_NAME];
    print_member_name(content_of(run), name);
    head->size = 0;
    enum dissolve_status status = append_head(run, head);
    if (status == DISSOLVE_OK)
        status = codec_zip_begin(run->output.zip, name, head->size + frames_size(run));
    return status == DISSOLVE_OK ? codec_zip_append(run->output.zip, head->data, head->size)
                                 : status;
}

/* What is appended leaves in blocks, which are copied: a large frame goes piece by piece. */
enum { NPZ_PIECE = 1 << 18 };

static enum dissolve_status emit_npz(void *context, struct api_slot *slot)
{
    struct api_run *run = context;
    struct codec_zip *zip = run->output.zip;
    size_t left = run->subject.elements - slot->position;
    size_t count = left < NPZ_PIECE ? left : NPZ_PIECE;
    bool begins = slot->ordinal == 0 && slot->position == 0;
    enum dissolve_status status = begins ? begin_member(run) : DISSOLVE_OK;
    if (status == DISSOLVE_OK)
        status = codec_zip_append(zip, slot->state + slot->position, count * sizeof *slot->state);
    slot->position += count;
    slot->unfinished = count < left;
    if (status == DISSOLVE_OK && !slot->unfinished &&
        slot->ordinal + 1 == run->parameters.frames.count)
        status = codec_zip_end(zip);
    return status;
}

static enum dissolve_status close_npz(struct api_run *run)
{
    return codec_zip_finish(run->output.zip);
}

const struct api_form api_form_npz = {.wants_state = true,
                                      .each_content = true,
                                      .open = open_npz,
                                      .encode = encode,
                                      .emit = emit_npz,
                                      .close = close_npz};
