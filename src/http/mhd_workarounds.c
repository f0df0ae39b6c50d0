/* Workarounds for faults of libmicrohttpd; the header says which they are. */
#include "mhd_workarounds.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/*
 * The library has looked for the "?" already and will parse what is behind it up to a NUL. Both
 * texts lie in memory that the library reads into and writes to, although it hands them out as
 * constant.
 */
void http_mhd_cut_query(const char *target)
{
    char *query = target == NULL ? NULL : strchr((char *)target, '?');
    if (query != NULL)
        query[1] = '\0';
}

void http_mhd_hide_expectation(const char *name, const char *value)
{
    if (strcasecmp(name, "Expect") == 0 && value != NULL && value[0] != '\0')
        *(char *)value = '\0';
}

size_t http_mhd_head_memory(size_t size, size_t fields)
{
    return size + fields * HTTP_HEAD_FIELD_MEMORY;
}

/* ---- What the library reads ---- */

enum {
    DESCRIPTORS = 1 << 16,

    /* what is known of a descriptor, since its last request has ended */
    HAS_BYTES = 1 << 0,   /* the last read brought bytes */
    AFTER_CR = 1 << 1,    /* the last byte is a CR */
    IN_LINE = 1 << 2,     /* the line has bytes */
    HAS_LINE = 1 << 3,    /* an earlier line has bytes: an empty one ends the head */
    HEAD_ENDED = 1 << 4,  /* the rest is a body, or other requests */
    HAS_CRLF = 1 << 5,    /* a line ends in CRLF */
    HAS_BARE_LF = 1 << 6, /* a line ends in LF alone */
    HAS_NUL = 1 << 7,
    IGNORES_END = 1 << 9,
    UNEXAMINED = 1 << 8, /* the head begins in what was read before the last request ended */
};

/* By descriptor, as only the process as a whole has them. Those beyond are not noted. */
static _Atomic uint16_t reads[DESCRIPTORS];

static _Thread_local int last_fd = -1; /* of this thread's last read or ended request */

static bool is_noted(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS;
}

static uint16_t end_line(uint16_t read)
{
    bool crlf = (read & AFTER_CR) != 0;
    bool ends_head = (read & (IN_LINE | HAS_LINE)) == HAS_LINE;
    if ((read & IN_LINE) != 0)
        read |= HAS_LINE;
    read |= ends_head ? HEAD_ENDED : 0;
    read |= crlf ? HAS_CRLF : HAS_BARE_LF;
    return (uint16_t)(read & ~(AFTER_CR | IN_LINE));
}

/* A CR that no LF follows is a part of the line; what becomes of it, http_head_check decides. */
static uint16_t examine(uint16_t read, const unsigned char *bytes, size_t size)
{
    size_t begin = read == 0 && bytes[0] == '\n' ? 1 : 0; /* its CR may have been read before */
    read |= HAS_BYTES;
    for (size_t i = begin; i < size && (read & (HEAD_ENDED | UNEXAMINED)) == 0; i++) {
        if (bytes[i] == '\n') {
            read = end_line(read);
        } else if (bytes[i] == '\r') {
            read |= (read & AFTER_CR) != 0 ? IN_LINE : AFTER_CR;
        } else {
            read |= bytes[i] == '\0' ? IN_LINE | HAS_NUL : IN_LINE;
            read &= (uint16_t)~AFTER_CR;
        }
    }
    return read;
}

void http_mhd_stand_in(void)
{
}

/* libmicrohttpd finds it by its name. A descriptor is read by one thread at a time. */
__attribute__((visibility("default"))) ssize_t recv(int fd, void *buf, size_t n, int flags)
{
    ssize_t count = recvfrom(fd, buf, n, flags, NULL, NULL);
    last_fd = fd;
    if (!is_noted(fd) || (count < 0 && (errno == EAGAIN || errno == EINTR)))
        return count;
    uint16_t read = atomic_load_explicit(&reads[fd], memory_order_relaxed);
    read = count > 0 ? examine(read, buf, (size_t)count) : (uint16_t)(read & ~HAS_BYTES);
    atomic_store_explicit(&reads[fd], read, memory_order_relaxed);
    if (count == 0 && n > 0 && (read & IGNORES_END) != 0) {
        errno = EAGAIN;
        return -1;
    }
    return count;
}

void http_mhd_ignore_end(int fd)
{
    if (is_noted(fd))
        atomic_fetch_or_explicit(&reads[fd], IGNORES_END, memory_order_relaxed);
}

void http_mhd_begin_head(int fd)
{
    if (is_noted(fd) && atomic_load_explicit(&reads[fd], memory_order_relaxed) == 0)
        atomic_store_explicit(&reads[fd], UNEXAMINED, memory_order_relaxed);
}

void http_mhd_forget_reads(int fd)
{
    last_fd = fd;
    if (is_noted(fd))
        atomic_store_explicit(&reads[fd], 0, memory_order_relaxed);
}

bool http_mhd_has_read(int fd)
{
    return is_noted(fd) &&
           (atomic_load_explicit(&reads[fd], memory_order_relaxed) & HAS_BYTES) != 0;
}

bool http_mhd_head_is_plain(int fd)
{
    uint16_t read = is_noted(fd) ? atomic_load_explicit(&reads[fd], memory_order_relaxed) : 0;
    bool mixed = (read & HAS_CRLF) != 0 && (read & HAS_BARE_LF) != 0;
    return !mixed && (read & HAS_NUL) == 0;
}

bool http_mhd_refused(const char *format, va_list arguments, int *fd, int *status)
{
    static const char refusal[] = "Error processing request (HTTP response code is %u ";
    if (strncmp(format, refusal, sizeof refusal - 1) != 0)
        return false;
    *fd = last_fd;
    *status = (int)va_arg(arguments, unsigned);
    return true;
}
