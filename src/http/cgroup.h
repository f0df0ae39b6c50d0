/* What the control groups that hold this process allow it: a container's limits. */
#ifndef HTTP_CGROUP_H
#define HTTP_CGROUP_H

#include <stdint.h>

/* The narrowest of all groups from the process's own up to the root. */
struct http_cgroup {
    uint64_t millicpus; /* thousandths of a processor's time, rounded up; 0: no limit */
    uint64_t memory;    /* bytes; 0: no limit */
};

/*
 * Reads <root>/proc/self/cgroup and what is below <root>/sys/fs/cgroup; root is "" but in tests.
 * Version 2: cpu.max, and the lesser of memory.max and memory.high (Linux,
 * admin-guide/cgroup-v2.rst). Version 1: cpu.cfs_quota_us and cpu.cfs_period_us,
 * memory.limit_in_bytes (scheduler/sched-bwc.rst, cgroup-v1/memory.rst). Where a container sees its
 * own group as the root, but its path as the host's, only the root counts. What is not there or
 * makes no sense sets no limit: without limits the server still runs.
 */
struct http_cgroup http_cgroup_read(const char *root);

#endif
