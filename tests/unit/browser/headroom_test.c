/* What is left of memory, read from files as the kernel writes them. */
#include "../test.h"

#include "../files.h"
#include "browser/headroom.h"

#define MIB 1048576ull

/* A machine with 4096 MiB left, and the group of `cgroup`, a line of /proc/self/cgroup. */
static struct wi_headroom look(const char *root, const char *cgroup)
{
    struct wi_headroom headroom;
    char *with_slash = wi_sprintf("%s/", root);
    write_text(root, "proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable:    4194304 kB\n");
    write_text(root, "proc/vmstat", "pgfault 12\noom_kill 3\n");
    if (cgroup)
        write_text(root, "proc/self/cgroup", cgroup);
    wi_headroom_read(with_slash, &headroom);
    free(with_slash);
    return headroom;
}

TEST(without_groups_it_is_the_machine_s)
{
    char root[64];
    make_root(root, "headroom");
    struct wi_headroom headroom = look(root, NULL);
    assert_int_equal(headroom.available, 4096 * MIB);
    assert_int_equal(headroom.limit, 8192 * MIB);
    assert_int_equal(headroom.oom_kills, 3);
    assert_false(headroom.of_group);
    remove_root(root);
}

TEST(where_nothing_can_be_read_nothing_is_bounded)
{
    struct wi_headroom headroom;
    wi_headroom_read("/nowhere/", &headroom);
    assert_true(headroom.available == UINT64_MAX);
    assert_true(headroom.limit == UINT64_MAX);
    assert_int_equal(headroom.oom_kills, 0);
}

TEST(the_least_of_a_group_and_those_above_it_counts)
{
    char root[64];
    make_root(root, "headroom");
    write_text(root, "sys/fs/cgroup/a/b/memory.max", "max\n");
    write_text(root, "sys/fs/cgroup/a/b/memory.current", "5242880\n");
    write_text(root, "sys/fs/cgroup/a/b/memory.events", "low 0\noom 2\noom_kill 7\n");
    write_text(root, "sys/fs/cgroup/a/memory.max", "1073741824\n");
    write_text(root, "sys/fs/cgroup/a/memory.current", "1048576000\n");
    write_text(root, "sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 104857600\n");
    struct wi_headroom headroom = look(root, "0::/a/b\n");
    assert_int_equal(headroom.available, 124 * MIB);
    assert_int_equal(headroom.limit, 1024 * MIB);
    assert_int_equal(headroom.oom_kills, 7);
    assert_true(headroom.of_group);
    write_text(root, "sys/fs/cgroup/a/memory.current", "2147483648\n");
    assert_int_equal(look(root, "0::/a/b\n").available, 0);
    remove_root(root);
}

TEST(a_group_of_version_1_is_found_among_others)
{
    char root[64];
    make_root(root, "headroom");
    write_text(root, "sys/fs/cgroup/memory/x/memory.limit_in_bytes", "524288000\n");
    write_text(root, "sys/fs/cgroup/memory/x/memory.usage_in_bytes", "314572800\n");
    write_text(root, "sys/fs/cgroup/memory/x/memory.stat", "cache 5\ntotal_inactive_file 0\n");
    write_text(root, "sys/fs/cgroup/memory/x/memory.oom_control", "under_oom 0\noom_kill 4\n");
    const char *cgroup = "9:name=systemd:/\n4:cpu,memory:/x\n3:memoryish:/y\n0::/\n";
    struct wi_headroom headroom = look(root, cgroup);
    assert_int_equal(headroom.available, 200 * MIB);
    assert_int_equal(headroom.limit, 500 * MIB);
    assert_int_equal(headroom.oom_kills, 4);
    assert_true(headroom.of_group);
    remove_root(root);
}

TEST(a_group_without_a_limit_leaves_the_machine_s)
{
    char root[64];
    make_root(root, "headroom");
    write_text(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write_text(root, "sys/fs/cgroup/memory/memory.usage_in_bytes", "314572800\n");
    struct wi_headroom headroom = look(root, "nonsense\n4:memory:/\n:\n");
    assert_int_equal(headroom.available, 4096 * MIB);
    assert_int_equal(headroom.limit, 8192 * MIB);
    assert_false(headroom.of_group);
    remove_root(root);
}

TEST(a_budget_is_a_quarter_at_most)
{
    const struct wi_headroom group = {.limit = 100 * MIB}, unknown = {.limit = UINT64_MAX};
    assert_int_equal(wi_headroom_budget(&group, 1024 * MIB), 25 * MIB);
    assert_int_equal(wi_headroom_budget(&group, 25 * MIB), 25 * MIB);
    assert_int_equal(wi_headroom_budget(&group, 24 * MIB), 24 * MIB);
    assert_int_equal(wi_headroom_budget(&unknown, 1024 * MIB), 1024 * MIB);
}
