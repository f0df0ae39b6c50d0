/* The log's memory and its thread: lines are put into one half while the other is being written. */
#include "log.h"

#include "log_line.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ROOM = 512 * 1024, /* bytes of lines that may wait */
    PAUSE = 5,         /* milliseconds between writes, so that a busy log wakes its thread seldom */
    STUCK = 1000,      /* milliseconds that the end waits for a reader */
    LOOK = 100,      /* milliseconds after which a waiting writer looks whether the end has come */
    CLOCK_SIZE = 19, /* of 2026-01-31T12:34:56 */
};

static const size_t ASLEEP = SIZE_MAX;

/* The mutex is a leaf, held to copy one line or to swap the halves; never while writing. */
struct http_log {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    int fd;
    enum http_log_format format;
    enum http_log_level level;
    char *memory;   /* both halves, each with room for one line more: how many were lost */
    char *waiting;  /* the half that lines are put into */
    size_t used;    /* of it */
    size_t wake_at; /* the thread wants to hear when so much is used; ASLEEP: it is awake */
    uint64_t lost;  /* lines that found no room since the halves were swapped */
    uint64_t dropped;
    bool closing;
    bool given_up;  /* the end came, and its time passed with nothing read: the thread's own */
    time_t second;  /* of the text in clock */
    char clock[80]; /* CLOCK_SIZE, and what compilers think that numbers may take */
};

/* ---- putting lines in ---- */

/* The text of a second. gmtime_r opens the zone's file when it is called first, and not again. */
static void read_clock(struct http_log *log, time_t second)
{
    struct tm parts = {0};
    gmtime_r(&second, &parts);
    snprintf(log->clock, sizeof log->clock, "%04d-%02d-%02dT%02d:%02d:%02d", parts.tm_year + 1900,
             parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    log->second = second;
}

/* With the mutex held, for the text of a second is kept. */
static void stamp(struct http_log *log, const struct timespec *now, char *line)
{
    char *text = line + http_log_line_time(log->format);
    if (now->tv_sec != log->second)
        read_clock(log, now->tv_sec);
    unsigned milliseconds = (unsigned)(now->tv_nsec / 1000000);
    text = mempcpy(text, log->clock, CLOCK_SIZE);
    text[0] = '.';
    text[1] = (char)('0' + milliseconds / 100);
    text[2] = (char)('0' + milliseconds / 10 % 10);
    text[3] = (char)('0' + milliseconds % 10);
    text[4] = 'Z';
}

static void keep(struct http_log *log, const char *line, size_t size)
{
    struct timespec now;
    bool wake = false;
    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&log->mutex);
    /* Once a line is lost so are those behind it: the line that counts them stands in their place.
     */
    if (log->lost > 0 || size > ROOM - log->used) {
        log->lost++;
        log->dropped++;
    } else {
        memcpy(log->waiting + log->used, line, size);
        stamp(log, &now, log->waiting + log->used);
        log->used += size;
        wake = log->used >= log->wake_at;
        if (wake)
            log->wake_at = ASLEEP;
    }
    pthread_mutex_unlock(&log->mutex);
    if (wake)
        pthread_cond_signal(&log->changed);
}

bool http_log_wants(const struct http_log *log, enum http_log_level level)
{
    return log != NULL && level <= log->level;
}

void http_log_say(struct http_log *log, enum http_log_level level, const char *format, ...)
{
    if (!http_log_wants(log, level))
        return;
    char message[HTTP_LOG_MESSAGE + 8]; /* longer than the limit, so that it is seen to be cut */
    char line[HTTP_LOG_LINE_ROOM];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    keep(log, line, http_log_line_say(log->format, level, message, line));
}

void http_log_request(struct http_log *log, const struct http_log_request *request)
{
    if (!http_log_wants(log, request->level))
        return;
    char line[HTTP_LOG_LINE_ROOM];
    keep(log, line, http_log_line_request(log->format, request, line));
}

uint64_t http_log_dropped(struct http_log *log)
{
    if (log == NULL)
        return 0;
    pthread_mutex_lock(&log->mutex);
    uint64_t dropped = log->dropped;
    pthread_mutex_unlock(&log->mutex);
    return dropped;
}

/* ---- writing them ---- */

static bool is_closing(struct http_log *log)
{
    pthread_mutex_lock(&log->mutex);
    bool closing = log->closing;
    pthread_mutex_unlock(&log->mutex);
    return closing;
}

/* Waits until something can be written. false: the end has come, and the reader takes nothing. */
static bool await_reader(struct http_log *log)
{
    for (;;) {
        struct pollfd reader = {.fd = log->fd, .events = POLLOUT};
        bool closing = is_closing(log);
        if (poll(&reader, 1, closing ? STUCK : LOOK) != 0)
            return true; /* or write() will say what is wrong */
        if (closing) {
            log->given_up = true;
            return false;
        }
    }
}

/*
 * How much of the lines to write at once: what a pipe that can take anything takes whole, so that
 * not even a blocking one makes the thread wait where it would not see the end coming.
 */
static size_t slice(const char *bytes, size_t size)
{
    if (size <= PIPE_BUF)
        return size;
    const char *end = memrchr(bytes, '\n', PIPE_BUF);
    return end != NULL ? (size_t)(end - bytes) + 1 : PIPE_BUF;
}

/* Returns how much was written; less than size: it cannot be. */
static size_t write_out(struct http_log *log, const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size && await_reader(log)) {
        ssize_t count = write(log->fd, bytes + done, slice(bytes + done, size - done));
        if (count >= 0)
            done += (size_t)count;
        else if (errno != EINTR && errno != EAGAIN)
            break;
    }
    return done;
}

static uint64_t count_lines(const char *bytes, size_t size)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    return lines;
}

/* A line about those that were lost, with the mutex held; returns its size. */
static size_t tell(struct http_log *log, uint64_t lost, char line[HTTP_LOG_LINE_ROOM])
{
    char message[64];
    struct timespec now;
    snprintf(message, sizeof message, "log lines lost before this one: %llu",
             (unsigned long long)lost);
    size_t size = http_log_line_say(log->format, HTTP_LOG_WARNING, message, line);
    clock_gettime(CLOCK_REALTIME, &now);
    stamp(log, &now, line);
    return size;
}

/*
 * Swaps the halves and writes what waited. With the mutex held, which it gives back meanwhile.
 * untold: lines that were lost before, and are still to be told about; returns the same of after.
 */
static uint64_t write_waiting(struct http_log *log, uint64_t untold)
{
    char *bytes = log->waiting;
    size_t size = log->used;
    untold += log->lost;
    size_t more = untold > 0 ? tell(log, untold, bytes + size) : 0;
    log->waiting = bytes == log->memory ? bytes + ROOM + HTTP_LOG_LINE_ROOM : log->memory;
    log->used = 0;
    log->lost = 0;

    pthread_mutex_unlock(&log->mutex);
    size_t done = write_out(log, bytes, size + more);
    uint64_t failed = done < size ? count_lines(bytes + done, size - done) : 0;
    pthread_mutex_lock(&log->mutex);
    log->dropped += failed;
    return done < size + more ? untold + failed : 0;
}

/* Waits for a line. false: there will be none. */
static bool await_lines(struct http_log *log)
{
    while (log->used == 0 && !log->closing) {
        log->wake_at = 1;
        pthread_cond_wait(&log->changed, &log->mutex);
    }
    log->wake_at = ASLEEP;
    return log->used > 0;
}

/* Lets lines gather, unless there are many or the end has come. */
static void pause_writing(struct http_log *log)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PAUSE * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    log->wake_at = ROOM / 2;
    while (log->used < ROOM / 2 && !log->closing &&
           pthread_cond_timedwait(&log->changed, &log->mutex, &until) == 0)
        continue;
}

static void *serve(void *argument)
{
    struct http_log *log = argument;
    uint64_t untold = 0;
    pthread_mutex_lock(&log->mutex);
    while (!log->given_up && await_lines(log)) {
        untold = write_waiting(log, untold);
        pause_writing(log);
    }
    pthread_mutex_unlock(&log->mutex);
    return NULL;
}

/* ---- beginning and end ---- */

static void release(struct http_log *log)
{
    pthread_cond_destroy(&log->changed);
    pthread_mutex_destroy(&log->mutex);
    free(log->memory);
    free(log);
}

struct http_log *http_log_create(int fd, enum http_log_format format, enum http_log_level level)
{
    struct http_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return NULL;
    pthread_condattr_t forward; /* a clock that nobody sets back */
    pthread_condattr_init(&forward);
    pthread_condattr_setclock(&forward, CLOCK_MONOTONIC);
    pthread_cond_init(&log->changed, &forward);
    pthread_condattr_destroy(&forward);
    pthread_mutex_init(&log->mutex, NULL);
    log->fd = fd;
    log->format = format;
    log->level = level;
    read_clock(log, 0);
    log->wake_at = ASLEEP;
    log->memory = malloc(2 * (size_t)(ROOM + HTTP_LOG_LINE_ROOM));
    log->waiting = log->memory;
    if (log->memory == NULL || !http_thread_start(&log->thread, serve, log)) {
        release(log);
        return NULL;
    }
    return log;
}

void http_log_destroy(struct http_log *log)
{
    if (log == NULL)
        return;
    pthread_mutex_lock(&log->mutex);
    log->closing = true;
    pthread_mutex_unlock(&log->mutex);
    pthread_cond_signal(&log->changed);
    pthread_join(log->thread, NULL);
    release(log);
}
