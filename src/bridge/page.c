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

/* A built page has about thirty files, with copies ninety; more than this is some other folder. */
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
    struct wi_page_form *form = &file->forms[WI_IDENTITY];
    file->name = wi_strdup(name);
    file->codings = 1u << WI_IDENTITY;
    for (int i = 0; i < WI_CODING_COUNT; i++)
        file->forms[i] = (struct wi_page_form){.fd = -1};
    form->fd = fd;
    form->size = (uint64_t)info->st_size;
    snprintf(form->etag, sizeof form->etag, "\"%llx-%llx%08lx\"", (unsigned long long)form->size,
        (unsigned long long)info->st_mtim.tv_sec, (unsigned long)info->st_mtim.tv_nsec);
}

static void clear_file(struct wi_page_file *file)
{
    for (int i = 0; i < WI_CODING_COUNT; i++)
        if (file->forms[i].fd >= 0)
            close(file->forms[i].fd);
    free(file->name);
}

static struct wi_page_file *find_name(const struct wi_page *page, const char *name)
{
    struct wi_page_file key = {.name = (char *)name};
    return page->count ? bsearch(&key, page->files, page->count, sizeof *page->files, by_name)
                       : NULL;
}

/* Which coding a file's name says that it is a copy in, with its original; or WI_IDENTITY. */
static enum wi_coding copy_of(
    const struct wi_page *page, const char *name, struct wi_page_file **original)
{
    static const char *const endings[WI_CODING_COUNT] = {[WI_GZIP] = ".gz", [WI_BROTLI] = ".br"};
    const char *dot = strrchr(name, '.');
    for (int i = 0; dot && i < WI_CODING_COUNT; i++)
        if (endings[i] && strcmp(dot, endings[i]) == 0) {
            char *stem = wi_sprintf("%.*s", (int)(dot - name), name);
            *original = find_name(page, stem);
            free(stem);
            return *original ? (enum wi_coding)i : WI_IDENTITY;
        }
    return WI_IDENTITY;
}

/* Makes compressed copies what they are: forms of the files that they are of. */
static void take_copies(struct wi_page *page)
{
    size_t kept = 0;
    for (size_t i = 0; i < page->count; i++) {
        struct wi_page_file *copy = &page->files[i], *original;
        enum wi_coding coding = copy_of(page, copy->name, &original);
        if (coding == WI_IDENTITY)
            continue;
        struct wi_page_form *form = &original->forms[coding], *from = &copy->forms[WI_IDENTITY];
        *form = *from;
        snprintf(form->etag, sizeof form->etag, "%.*s-%s\"", (int)strlen(from->etag) - 1,
            from->etag, wi_http_coding_name(coding));
        original->codings |= 1u << coding;
        from->fd = -1;
    }
    for (size_t i = 0; i < page->count; i++)
        if (page->files[i].forms[WI_IDENTITY].fd < 0)
            clear_file(&page->files[i]);
        else
            page->files[kept++] = page->files[i];
    page->count = kept;
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
    take_copies(page);
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
    for (size_t i = 0; i < page->count; i++)
        clear_file(&page->files[i]);
    free(page->files);
    free(page);
}

const struct wi_page_file *wi_page_find(const struct wi_page *page, const char *path)
{
    if (path[0] != '/')
        return NULL;
    return find_name(page, path[1] ? path + 1 : "index.html");
}
