/*
 * Reading the process table from /proc/PID/stat (proc_pid_stat(5)) and finding descendants in it.
 * The command name in that line may hold anything, spaces and parentheses included, so fields are
 * counted from the last ')'.
 */
#include "browser/proctree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Parses one stat line; 0, or -1 if it is none. */
static int parse_stat(char *line, struct wi_process *process)
{
    const char *rest = strrchr(line, ')');
    int parent;
    long long rss;
    char state;

    /* state ppid, then 19 fields that we skip, then rss in pages (the line's 24th field). */
    if (!rest ||
        sscanf(rest + 1,
            " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
            "%lld",
            &state, &parent, &rss) != 3)
        return -1;
    process->parent = parent;
    process->stopped = state == 'T';
    process->rss = rss > 0 ? (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
    return 0;
}

/* 0, or -1 if the process is gone already. */
static int read_process(int proc_fd, const char *name, struct wi_process *process)
{
    char path[64], line[2048];
    ssize_t size;
    int fd;

    snprintf(path, sizeof path, "%.32s/stat", name);
    fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size = read(fd, line, sizeof line - 1);
    close(fd);
    if (size <= 0)
        return -1;
    line[size] = '\0';
    memset(process, 0, sizeof *process);
    process->pid = (pid_t)atoi(name);
    return parse_stat(line, process);
}

static int compare(const void *a, const void *b)
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
        qsort(tree->items, tree->count, sizeof *tree->items, compare);
    return 0;
}

static int parent_is_marked(const struct wi_proctree *tree, const struct wi_process *process)
{
    const struct wi_process key = {.pid = process->parent};
    const struct wi_process *parent =
        bsearch(&key, tree->items, tree->count, sizeof *tree->items, compare);

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

struct wi_proctree_sum wi_proctree_sum(struct wi_proctree *tree, pid_t root)
{
    struct wi_proctree_sum sum = {0};

    for (size_t i = 0; i < tree->count; i++)
        tree->items[i].marked = 0;
    wi_proctree_mark(tree, root);
    for (size_t i = 0; i < tree->count; i++) {
        const struct wi_process *process = &tree->items[i];
        if (!process->marked && process->pid != root)
            continue;
        sum.rss += process->rss;
        sum.stopped += process->stopped != 0;
    }
    return sum;
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
