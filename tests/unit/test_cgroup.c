/* The limits of control groups, read from trees of files as kernels and containers show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/cgroup.h"

struct file {
    const char *path; /* below the root; "C" stands for sys/fs/cgroup */
    const char *text;
};

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755);
        *slash = '/';
    }
}

static void write_file(const char *root, const struct file *file)
{
    char path[PATH_MAX];
    bool below = strncmp(file->path, "C/", 2) == 0;
    snprintf(path, sizeof path, "%s/%s%s", root, below ? "sys/fs/cgroup/" : "",
             file->path + (below ? 2 : 0));
    make_folders(path);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(file->text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static int drop(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

/* What is read from a tree of these files, which ends with a path of NULL. */
static struct http_cgroup read_tree(const struct file files[])
{
    char root[] = "/tmp/dissolved-cgroup-XXXXXX";
    assert_non_null(mkdtemp(root));
    for (; files->path != NULL; files++)
        write_file(root, files);
    struct http_cgroup cgroup = http_cgroup_read(root);
    assert_int_equal(nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
    return cgroup;
}

static void check(const struct file files[], uint64_t millicpus, uint64_t memory)
{
    struct http_cgroup cgroup = read_tree(files);
    assert_int_equal(cgroup.millicpus, millicpus);
    assert_int_equal(cgroup.memory, memory);
}

#define SELF "proc/self/cgroup"
#define END        \
    {              \
        NULL, NULL \
    }

static void a_container_of_version_2(void **state)
{
    (void)state;
    check((const struct file[]){{SELF, "0::/\n"},
                                {"C/cpu.max", "150000 100000\n"},
                                {"C/memory.max", "536870912\n"},
                                {"C/memory.high", "max\n"},
                                END},
          1500, 512 << 20);
    check(
        (const struct file[]){
            {SELF, "0::/\n"}, {"C/cpu.max", "max 100000\n"}, {"C/memory.max", "max\n"}, END},
        0, 0);
}

static void parts_of_a_processor_are_rounded_up(void **state)
{
    (void)state;
    check((const struct file[]){{SELF, "0::/\n"}, {"C/cpu.max", "1000 300000\n"}, END}, 4, 0);
    check((const struct file[]){{SELF, "0::/\n"}, {"C/cpu.max", "1 1000000\n"}, END}, 1, 0);
    check((const struct file[]){{SELF, "0::/\n"}, {"C/cpu.max", "200000 100000\n"}, END}, 2000, 0);
}

static void the_narrowest_level_counts(void **state)
{
    (void)state;
    const struct file files[] = {{SELF, "0::/pods/one/main\n"},
                                 {"C/pods/one/main/cpu.max", "max 100000\n"},
                                 {"C/pods/one/main/memory.max", "3000000000\n"},
                                 {"C/pods/one/main/memory.high", "2500000000\n"},
                                 {"C/pods/one/cpu.max", "250000 100000\n"},
                                 {"C/pods/one/memory.max", "2000000000\n"},
                                 {"C/pods/cpu.max", "400000 50000\n"},
                                 {"C/pods/memory.max", "max\n"},
                                 END};
    check(files, 2500, 2000000000);
    const struct file high[] = {
        {SELF, "0::/a\n"}, {"C/a/memory.max", "3000000\n"}, {"C/a/memory.high", "2000000\n"}, END};
    check(high, 0, 2000000);
}

static void version_1(void **state)
{
    (void)state;
    const char *self = "12:memory:/docker/f00\n4:cpu,cpuacct:/docker/f00\n3:cpuset:/\n"
                       "1:name=systemd:/docker/f00\n0::/\n";
    check((const struct file[]){{SELF, self},
                                {"C/cpu,cpuacct/docker/f00/cpu.cfs_quota_us", "50000\n"},
                                {"C/cpu,cpuacct/docker/f00/cpu.cfs_period_us", "100000\n"},
                                {"C/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
                                {"C/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
                                {"C/memory/docker/f00/memory.limit_in_bytes", "1073741824\n"},
                                {"C/memory/memory.limit_in_bytes", "9223372036854771712\n"},
                                END},
          500, 1 << 30);
    /* Within the container the same group is the root of the mount. */
    check((const struct file[]){{SELF, self},
                                {"C/cpu,cpuacct/cpu.cfs_quota_us", "300000\n"},
                                {"C/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
                                {"C/memory/memory.limit_in_bytes", "104857600\n"},
                                END},
          3000, 100 << 20);
    check((const struct file[]){{SELF, "2:cpu:/\n"},
                                {"C/cpu/cpu.cfs_quota_us", "-1\n"},
                                {"C/cpu/cpu.cfs_period_us", "100000\n"},
                                END},
          0, 0);
}

/* A group that the namespace does not show: the files of its root are those that are there. */
static void a_group_from_outside(void **state)
{
    (void)state;
    check((const struct file[]){{SELF, "0::/../../other\n"}, {"C/memory.max", "7000000\n"}, END}, 0,
          7000000);
}

static void nothing_and_nonsense_are_no_limit(void **state)
{
    static const char *const times[] = {"",
                                        "max",
                                        "0 100000",
                                        "100000",
                                        "100000 0",
                                        "-5 100",
                                        "1e5 100000",
                                        "1 x",
                                        "99999999999999999999 1",
                                        "18446744073709551615 1000"};
    static const char *const memories[] = {"", "max", "0", "-1", "12k", "99999999999999999999"};
    (void)state;
    check((const struct file[]){{"proc/none", ""}, END}, 0, 0);
    check((const struct file[]){{SELF, ""}, END}, 0, 0);
    check((const struct file[]){{SELF, "nonsense\n0\n::\n\n5:cpu\n"}, END}, 0, 0);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        check((const struct file[]){{SELF, "0::/\n"}, {"C/cpu.max", times[i]}, END}, 0, 0);
    for (size_t i = 0; i < sizeof memories / sizeof memories[0]; i++)
        check((const struct file[]){{SELF, "0::/\n"}, {"C/memory.max", memories[i]}, END}, 0, 0);
    check((const struct file[]){{SELF, "1:cpu:/\n"}, {"C/cpu/cpu.cfs_quota_us", "5\n"}, END}, 0, 0);
}

static void paths_too_long_are_no_limit(void **state)
{
    (void)state;
    char line[3 * PATH_MAX];
    int head = snprintf(line, sizeof line, "0::/");
    memset(line + head, 'a', 2 * PATH_MAX);
    line[head + 2 * PATH_MAX] = '\0';
    check((const struct file[]){{SELF, line}, {"C/memory.max", "7000000\n"}, END}, 0, 0);
    head = snprintf(line, sizeof line, "1:cpu,");
    memset(line + head, 'a', 2 * PATH_MAX);
    snprintf(line + head + 2 * PATH_MAX, 8, ":/\n");
    check((const struct file[]){{SELF, line}, END}, 0, 0);
    memset(line, 'a', PATH_MAX);
    line[PATH_MAX] = '\0';
    assert_int_equal(http_cgroup_read(line).memory, 0);
    /* There is room for the directory, but not for a file in it. */
    head = snprintf(line, sizeof line, "0::/");
    memset(line + head, 'a', PATH_MAX - 60);
    line[head + PATH_MAX - 60] = '\0';
    check((const struct file[]){{SELF, line}, {"C/memory.max", "7000000\n"}, END}, 0, 7000000);
}

/* Of this machine nothing is known but that reading it does no harm. */
static void here(void **state)
{
    (void)state;
    struct http_cgroup cgroup = http_cgroup_read("");
    assert_true(cgroup.memory == 0 || cgroup.memory > 1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_container_of_version_2),
        cmocka_unit_test(parts_of_a_processor_are_rounded_up),
        cmocka_unit_test(the_narrowest_level_counts),
        cmocka_unit_test(version_1),
        cmocka_unit_test(a_group_from_outside),
        cmocka_unit_test(nothing_and_nonsense_are_no_limit),
        cmocka_unit_test(paths_too_long_are_no_limit),
        cmocka_unit_test(here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
