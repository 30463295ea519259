/*
 * Reading the process table from /proc/PID/stat (proc_pid_stat(5)) and finding descendants in it.
 * The command name in that line may contain anything, including spaces and parentheses, so fields
 * are counted from the last ')'. Memory is read from smaps_rollup, or from statm, which every user
 * may read.
 */
#include "browser/proctree.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t wi_proc_text(int folder, const char *path, char *text, size_t room)
{
    int file = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t size = read(file, text, room - 1);
    close(file);
    if (size <= 0)
        return -1;
    text[size] = '\0';
    return size;
}

/* Parses one stat line; 0, or -1 if it is none. */
static int parse_stat(char *line, struct wi_process *process)
{
    const char *rest = strrchr(line, ')');
    int parent;
    char state;

    if (!rest || sscanf(rest + 1, " %c %d", &state, &parent) != 2)
        return -1;
    process->parent = parent;
    process->stopped = state == 'T';
    return 0;
}

/* 0, or -1 if the process is gone already. */
static int read_process(int proc_fd, const char *name, struct wi_process *process)
{
    char path[64], line[2048];

    snprintf(path, sizeof path, "%.32s/stat", name);
    if (wi_proc_text(proc_fd, path, line, sizeof line) < 0)
        return -1;
    memset(process, 0, sizeof *process);
    process->pid = (pid_t)atoi(name);
    return parse_stat(line, process);
}

static int process_compare(const void *a, const void *b)
{
    const struct wi_process *left = a, *right = b;

    return (left->pid > right->pid) - (left->pid < right->pid);
}

int wi_proctree_read(struct wi_proctree *tree)
{
    size_t capacity = 0;
    struct dirent *entry;
    DIR *proc = opendir("/proc");

    memset(tree, 0, sizeof *tree);
    if (!proc)
        return -1;
    while ((entry = readdir(proc))) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        if (tree->count == capacity) {
            capacity = capacity ? capacity * 2 : 256;
            struct wi_process *items = realloc(tree->items, capacity * sizeof *items);
            if (!items) {
                closedir(proc);
                wi_proctree_clear(tree);
                return -1;
            }
            tree->items = items;
        }
        if (read_process(dirfd(proc), entry->d_name, &tree->items[tree->count]) == 0)
            tree->count++;
    }
    closedir(proc);
    if (tree->count > 0)
        qsort(tree->items, tree->count, sizeof *tree->items, process_compare);
    return 0;
}

static int parent_is_marked(const struct wi_proctree *tree, const struct wi_process *process)
{
    const struct wi_process key = {.pid = process->parent};
    const struct wi_process *parent =
        bsearch(&key, tree->items, tree->count, sizeof *tree->items, process_compare);

    return parent && parent->marked;
}

size_t wi_proctree_mark(struct wi_proctree *tree, pid_t root)
{
    size_t total = 0, found;

    /* Each round goes at least one generation deeper. */
    do {
        found = 0;
        for (size_t i = 0; i < tree->count; i++) {
            struct wi_process *process = &tree->items[i];
            if (process->marked || process->pid == root)
                continue;
            if (process->parent == root || parent_is_marked(tree, process)) {
                process->marked = 1;
                found++;
            }
        }
        total += found;
    } while (found > 0);
    return total;
}

/* Marks only `root` and its descendants. */
static void mark_all_of(struct wi_proctree *tree, pid_t root)
{
    for (size_t i = 0; i < tree->count; i++)
        tree->items[i].marked = 0;
    wi_proctree_mark(tree, root);
    for (size_t i = 0; i < tree->count; i++)
        tree->items[i].marked |= tree->items[i].pid == root;
}

size_t wi_proctree_stopped(struct wi_proctree *tree, pid_t root)
{
    size_t stopped = 0;

    mark_all_of(tree, root);
    for (size_t i = 0; i < tree->count; i++)
        stopped += tree->items[i].marked && tree->items[i].stopped;
    return stopped;
}

/* Bytes, including its part of shared pages. -1: we may not read them, or it is gone. */
static int read_pss(pid_t pid, uint64_t *bytes)
{
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    if (wi_proc_text(AT_FDCWD, path, text, sizeof text) < 0)
        return -1;
    const char *line = strstr(text, "\nPss:");
    uint64_t kilobytes;
    if (!line || sscanf(line, " Pss: %" SCNu64, &kilobytes) != 1)
        return -1;
    *bytes = kilobytes * 1024;
    return 0;
}

static void read_statm(pid_t pid, uint64_t *own, uint64_t *shared)
{
    char path[64], text[256];
    uint64_t resident, page = (uint64_t)sysconf(_SC_PAGESIZE);
    *own = *shared = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (wi_proc_text(AT_FDCWD, path, text, sizeof text) < 0 ||
        sscanf(text, "%*s %" SCNu64 " %" SCNu64, &resident, shared) != 2)
        return;
    *own = (resident > *shared ? resident - *shared : 0) * page;
    *shared *= page;
}

uint64_t wi_proctree_memory(struct wi_proctree *tree, pid_t root)
{
    uint64_t sum = 0, most_shared = 0, own, shared;

    mark_all_of(tree, root);
    for (size_t i = 0; i < tree->count; i++) {
        const struct wi_process *process = &tree->items[i];
        if (!process->marked)
            continue;
        if (read_pss(process->pid, &own) != 0) {
            read_statm(process->pid, &own, &shared);
            most_shared = shared > most_shared ? shared : most_shared;
        }
        sum += own;
    }
    return sum + most_shared;
}

/* Some processes rewrite their command line, with spaces between its words. */
static int has_argument(pid_t pid, const char *argument)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    ssize_t size = wi_proc_text(AT_FDCWD, path, text, sizeof text);
    for (ssize_t i = 0; i < size; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    return size > 0 && strstr(text, argument);
}

size_t wi_proctree_find(struct wi_proctree *tree, pid_t root, const char *argument)
{
    size_t found = 0;

    mark_all_of(tree, root);
    for (size_t i = 0; i < tree->count; i++) {
        struct wi_process *process = &tree->items[i];
        process->marked =
            process->marked && process->pid != root && has_argument(process->pid, argument);
        found += (size_t)process->marked;
    }
    return found;
}

void wi_proctree_kill(const struct wi_proctree *tree, int signal)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->items[i].marked)
            kill(tree->items[i].pid, signal);
}

void wi_proctree_clear(struct wi_proctree *tree)
{
    free(tree->items);
    memset(tree, 0, sizeof *tree);
}
