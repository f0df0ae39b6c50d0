/* Reads the limits of control groups, of both versions, from the files that the kernel shows. */
#include "cgroup.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Version 1 says "no limit" by the largest number of whole pages, which no machine has. */
static const uint64_t NO_MEMORY_LIMIT = 1ull << 60;

/* One level of a hierarchy: a directory, and where to note what it allows. */
struct level {
    const char *directory;
    struct http_cgroup *cgroup;
};

static void lower(uint64_t *limit, uint64_t value)
{
    if (*limit == 0 || value < *limit)
        *limit = value;
}

/* Up to `count` numbers of a file's first line; how many there are until one is none. */
static int read_numbers(const char *directory, const char *name, uint64_t numbers[], int count)
{
    char path[PATH_MAX];
    char line[64];
    int found = 0;
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path)
        return 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    const char *c = fgets(line, sizeof line, file);
    (void)fclose(file);
    for (; c != NULL && found < count; found++) {
        char *end;
        c += strspn(c, " ");
        errno = 0;
        numbers[found] = strtoull(c, &end, 10);
        /* A minus is "no limit", and strtoull takes it for a large number. */
        if (*c < '0' || *c > '9' || errno != 0 || (*end != ' ' && *end != '\n' && *end != '\0'))
            break;
        c = end;
    }
    return found;
}

/* Rounded up, at least one: 0 would be no limit. */
static void limit_time(const struct level *level, uint64_t quota, uint64_t period)
{
    uint64_t thousands;
    if (quota == 0 || period == 0 || __builtin_mul_overflow(quota, 1000u, &thousands))
        return;
    lower(&level->cgroup->millicpus, (thousands - 1) / period + 1);
}

static void limit_memory(const struct level *level, const char *name)
{
    uint64_t bytes;
    if (read_numbers(level->directory, name, &bytes, 1) == 1 && bytes > 0 &&
        bytes < NO_MEMORY_LIMIT)
        lower(&level->cgroup->memory, bytes);
}

static void read_unified(const struct level *level)
{
    uint64_t time[2]; /* quota, or "max", and period */
    if (read_numbers(level->directory, "cpu.max", time, 2) == 2)
        limit_time(level, time[0], time[1]);
    limit_memory(level, "memory.max");
    limit_memory(level, "memory.high");
}

static void read_time(const struct level *level)
{
    uint64_t quota;
    uint64_t period;
    if (read_numbers(level->directory, "cpu.cfs_quota_us", &quota, 1) == 1 &&
        read_numbers(level->directory, "cpu.cfs_period_us", &period, 1) == 1)
        limit_time(level, quota, period);
}

static void read_memory(const struct level *level)
{
    limit_memory(level, "memory.limit_in_bytes");
}

/* From the group's directory, base and path, up to base itself. */
static void climb(const char *base, const char *path, void (*read)(const struct level *level),
                  struct http_cgroup *cgroup)
{
    char directory[PATH_MAX];
    /* A group outside what the process sees begins with "/..": nothing of it is here. */
    const char *seen = strstr(path, "/..") != NULL ? "" : path;
    int length = snprintf(directory, sizeof directory, "%s%s", base, seen);
    size_t end = strlen(base);
    if (length < 0 || length >= (int)sizeof directory)
        return;
    const struct level level = {directory, cgroup};
    for (char *slash = directory; slash != NULL;) {
        read(&level);
        slash = strrchr(directory + end, '/');
        if (slash != NULL)
            *slash = '\0';
    }
}

/* Whether a list with commas has the word. */
static bool lists(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *c = list; c != NULL; c = strchr(c, ',')) {
        c += *c == ',';
        if (strncmp(c, word, length) == 0 && (c[length] == ',' || c[length] == '\0'))
            return true;
    }
    return false;
}

/* "ID:CONTROLLERS:PATH"; version 2 has no controllers here, version 1 a mount point of that name.
 */
static void read_line(const char *root, char *line, struct http_cgroup *cgroup)
{
    char base[PATH_MAX];
    char *controllers = strchr(line, ':');
    char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (path == NULL)
        return;
    controllers++;
    *path++ = '\0';
    path[strcspn(path, "\n")] = '\0';
    if (snprintf(base, sizeof base, "%s/sys/fs/cgroup%s%s", root, *controllers != '\0' ? "/" : "",
                 controllers) >= (int)sizeof base)
        return;
    if (*controllers == '\0')
        climb(base, path, read_unified, cgroup);
    if (lists(controllers, "cpu"))
        climb(base, path, read_time, cgroup);
    if (lists(controllers, "memory"))
        climb(base, path, read_memory, cgroup);
}

struct http_cgroup http_cgroup_read(const char *root)
{
    struct http_cgroup cgroup = {0};
    char path[PATH_MAX];
    char *line = NULL;
    size_t size = 0;
    FILE *file = NULL;
    if (snprintf(path, sizeof path, "%s/proc/self/cgroup", root) < (int)sizeof path)
        file = fopen(path, "re");
    while (file != NULL && getline(&line, &size, file) > 0)
        read_line(root, line, &cgroup);
    free(line);
    if (file != NULL)
        (void)fclose(file);
    return cgroup;
}
