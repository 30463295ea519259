/* Files and folders of tests. Include it after test.h. */
#ifndef WI_TESTS_FILES_H
#define WI_TESTS_FILES_H

#include "base/memory.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes a folder of its own for a test; `root` has the room. */
static inline void make_root(char root[64], const char *what)
{
    snprintf(root, 64, "/tmp/webinfer-%s-XXXXXX", what);
    assert_non_null(mkdtemp(root));
}

static inline void remove_root(const char *root)
{
    char *command = wi_sprintf("rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
    free(command);
}

/* The same with a folder `name` in it, whose path `folder` gets. */
static inline void make_root_with(
    char root[64], char folder[80], const char *what, const char *name)
{
    make_root(root, what);
    snprintf(folder, 80, "%s/%s", root, name);
    assert_int_equal(mkdir(folder, 0700), 0);
}

/* As make_root, opened: the folder's descriptor. End it with close_root. */
static inline int open_root(char root[64], const char *what)
{
    make_root(root, what);
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder >= 0);
    return folder;
}

static inline void close_root(const char *root, int folder)
{
    close(folder);
    remove_root(root);
}

/* How many files this process has open. */
static inline int count_open(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* FOLDER/NAME, with the folders on the way made where they are missing; the caller frees it. */
static inline char *path_to(const char *folder, const char *name)
{
    char *path = wi_sprintf("%s/%s", folder, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            fail_msg("%s: %s", path, strerror(errno));
    }
    return path;
}

static inline void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char *path = path_to(folder, name);
    FILE *file = fopen(path, "we");
    if (!file)
        fail_msg("%s: %s", path, strerror(errno));
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static inline void write_text(const char *folder, const char *name, const char *content)
{
    write_file(folder, name, content, strlen(content));
}

#endif
