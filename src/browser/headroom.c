/*
 * Reading the available memory; see headroom.h. /proc/self/cgroup names our group in each
 * hierarchy, "ID:CONTROLLERS:PATH": version 2's has no controllers, version 1's for memory names
 * it. A limit applies to all groups below, so each group from ours up to the hierarchy's root is
 * checked.
 */
#include "browser/headroom.h"

#include "browser/proctree.h"
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX_BYTES 16384
#define BUDGET_PART 4

struct layout {
    const char *mount; /* below root */
    const char *limit, *used, *events;
    const char *idle; /* the part of memory.stat that can be reclaimed */
};

static const struct layout version_2 = {
    "sys/fs/cgroup", "memory.max", "memory.current", "memory.events", "inactive_file"};
static const struct layout version_1 = {"sys/fs/cgroup/memory", "memory.limit_in_bytes",
    "memory.usage_in_bytes", "memory.oom_control", "total_inactive_file"};

/* The file's text in `text`; 0, or -1. */
static int text_read(const char *folder, const char *name, char text[FILE_MAX_BYTES])
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return -1;
    return wi_proc_text(AT_FDCWD, path, text, FILE_MAX_BYTES) < 0 ? -1 : 0;
}

/* The number behind `name` at the beginning of a line. 0, or -1. */
static int find_number(const char *text, const char *name, uint64_t *number)
{
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && strchr(": ", line[length]))
            return sscanf(line + length + 1, " %" SCNu64, number) == 1 ? 0 : -1;
    }
    return -1;
}

/* A file that is one number; "max" is none. */
static int number_read(const char *folder, const char *name, uint64_t *number)
{
    char text[FILE_MAX_BYTES];
    return text_read(folder, name, text) == 0 && sscanf(text, "%" SCNu64, number) == 1 ? 0 : -1;
}

static void look_at_group(
    const char *folder, const struct layout *layout, struct wi_headroom *headroom)
{
    char text[FILE_MAX_BYTES];
    uint64_t limit, used, idle = 0;
    if (number_read(folder, layout->limit, &limit) != 0)
        return;
    if (limit < headroom->limit)
        headroom->limit = limit;
    if (number_read(folder, layout->used, &used) != 0)
        return;
    if (text_read(folder, "memory.stat", text) == 0)
        find_number(text, layout->idle, &idle);
    used = used > idle ? used - idle : 0;
    uint64_t left = limit > used ? limit - used : 0;
    if (left < headroom->available) {
        headroom->available = left;
        headroom->of_group = 1;
    }
}

static void look_at_hierarchy(
    const char *root, const char *path, const struct layout *layout, struct wi_headroom *headroom)
{
    char folder[PATH_MAX], text[FILE_MAX_BYTES];
    int length = snprintf(folder, sizeof folder, "%s%s", root, layout->mount);
    size_t top = (size_t)length;
    if ((size_t)snprintf(folder + top, sizeof folder - top, "%s", path) >= sizeof folder - top)
        return;
    if (text_read(folder, layout->events, text) == 0)
        find_number(text, "oom_kill", &headroom->oom_kills);
    for (char *slash;; *slash = '\0') {
        look_at_group(folder, layout, headroom);
        slash = strrchr(folder + top, '/');
        if (!slash)
            break;
    }
}

static int has_memory(const char *controllers)
{
    for (const char *at = controllers; (at = strstr(at, "memory")); at++)
        if ((at == controllers || at[-1] == ',') && (at[6] == '\0' || at[6] == ','))
            return 1;
    return 0;
}

static void look_at_groups(const char *root, struct wi_headroom *headroom)
{
    char folder[PATH_MAX], text[FILE_MAX_BYTES], *rest = text, *line;
    snprintf(folder, sizeof folder, "%sproc/self", root);
    if (text_read(folder, "cgroup", text) != 0)
        return;
    while ((line = strsep(&rest, "\n"))) {
        strsep(&line, ":");
        const char *controllers = strsep(&line, ":");
        if (!line || line[0] != '/')
            continue;
        if (*controllers == '\0')
            look_at_hierarchy(root, line, &version_2, headroom);
        else if (has_memory(controllers))
            look_at_hierarchy(root, line, &version_1, headroom);
    }
}

void wi_headroom_read(const char *root, struct wi_headroom *headroom)
{
    char folder[PATH_MAX], text[FILE_MAX_BYTES];
    uint64_t kilobytes;
    *headroom = (struct wi_headroom){.available = UINT64_MAX, .limit = UINT64_MAX};
    snprintf(folder, sizeof folder, "%sproc", root);
    if (text_read(folder, "meminfo", text) == 0) {
        if (find_number(text, "MemAvailable", &kilobytes) == 0)
            headroom->available = kilobytes * 1024;
        if (find_number(text, "MemTotal", &kilobytes) == 0)
            headroom->limit = kilobytes * 1024;
    }
    if (text_read(folder, "vmstat", text) == 0)
        find_number(text, "oom_kill", &headroom->oom_kills);
    look_at_groups(root, headroom);
}

uint64_t wi_headroom_budget(const struct wi_headroom *headroom, uint64_t wanted)
{
    uint64_t most = headroom->limit / BUDGET_PART;
    return wanted < most ? wanted : most;
}
