/* Lists and opens the page's files; see page.h. */
#include "bridge/page.h"
#include "base/memory.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A built page has about twenty files; more than this is some other folder. */
#define MAX_FILES 256
#define MAX_DEPTH 4

struct wi_page {
    struct wi_page_file *files; /* sorted by name */
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    const struct wi_page_file *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static void add_file(struct wi_page *page, const char *name, int fd, const struct stat *info)
{
    page->files = wi_realloc_array(page->files, page->count + 1, sizeof *page->files);
    struct wi_page_file *file = &page->files[page->count++];
    file->name = wi_strdup(name);
    file->fd = fd;
    file->size = (uint64_t)info->st_size;
    snprintf(file->etag, sizeof file->etag, "\"%llx-%llx%08lx\"", (unsigned long long)file->size,
        (unsigned long long)info->st_mtim.tv_sec, (unsigned long)info->st_mtim.tv_nsec);
}

static enum wi_code scan(
    struct wi_page *page, int folder, const char *prefix, int depth, struct wi_error *error);

/* Links are not followed: what the page may show lies in its folder. */
static enum wi_code take_entry(
    struct wi_page *page, int folder, const char *name, int depth, struct wi_error *error)
{
    struct stat info;
    const char *base = strrchr(name, '/');
    int fd = openat(folder, base ? base + 1 : name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ELOOP || errno == ENXIO ? WI_OK
                                                : wi_error_set(error, WI_UNAVAILABLE, "bridge.page",
                                                      "cannot open %s: %s", name, strerror(errno));
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode) && depth < MAX_DEPTH) {
        char prefix[1026];
        snprintf(prefix, sizeof prefix, "%s/", name);
        return scan(page, fd, prefix, depth + 1, error); /* closes fd */
    }
    if (!S_ISREG(info.st_mode)) {
        close(fd);
        return WI_OK;
    }
    add_file(page, name, fd, &info);
    if (page->count > MAX_FILES)
        return wi_error_set(error, WI_INVALID_FIELD, "bridge.page",
            "the page's folder has more than %d files; is it the built page?", MAX_FILES);
    return WI_OK;
}

static enum wi_code scan(
    struct wi_page *page, int folder, const char *prefix, int depth, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    DIR *list = fdopendir(folder);
    if (!list) {
        close(folder);
        return wi_error_set(
            error, WI_UNAVAILABLE, "bridge.page", "cannot list %s: %s", prefix, strerror(errno));
    }
    for (struct dirent *entry; code == WI_OK && (entry = readdir(list));) {
        char name[1024];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(name, sizeof name, "%s%s", prefix, entry->d_name) < (int)sizeof name)
            code = take_entry(page, folder, name, depth, error);
    }
    closedir(list);
    return code;
}

struct wi_page *wi_page_new(const char *folder, struct wi_error *error)
{
    struct wi_page *page = wi_alloc(sizeof *page);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        wi_error_set(error, WI_NOT_FOUND, "bridge.page",
            "the page's folder \"%s\" cannot be read: %s; set [bridge] page to the built page",
            folder, strerror(errno));
        goto fail;
    }
    if (scan(page, fd, "", 0, error) != WI_OK)
        goto fail;
    if (page->count)
        qsort(page->files, page->count, sizeof *page->files, by_name);
    if (!wi_page_find(page, "/")) {
        wi_error_set(error, WI_NOT_FOUND, "bridge.page",
            "\"%s\" has no index.html; build the page or set [bridge] page", folder);
        goto fail;
    }
    return page;
fail:
    wi_page_free(page);
    return NULL;
}

void wi_page_free(struct wi_page *page)
{
    if (!page)
        return;
    for (size_t i = 0; i < page->count; i++) {
        close(page->files[i].fd);
        free(page->files[i].name);
    }
    free(page->files);
    free(page);
}

const struct wi_page_file *wi_page_find(const struct wi_page *page, const char *path)
{
    struct wi_page_file key = {.name = (char *)(path[0] == '/' ? path + 1 : path)};
    if (path[0] != '/')
        return NULL;
    if (!*key.name)
        key.name = (char *)"index.html";
    return page->count ? bsearch(&key, page->files, page->count, sizeof *page->files, by_name)
                       : NULL;
}
