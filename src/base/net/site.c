/* Lists and opens a site's files; see site.h. */
#include "base/net/site.h"
#include "base/descriptors.h"
#include "base/memory.h"
#include "base/net/http.h"
#include "base/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* With copies, a built page has about ninety files, and the documentation about four hundred; more
 * than this is some other folder. */
#define MAX_FILES 1024
#define MAX_DEPTH 5
/* Files up to this size are copied into the file in memory: 82 of the 99 files of a built page, 5
 * MiB. */
#define PACKED_MAX (256 * 1024)

struct form {
    int fd; /* -1: the file has no such form */
    uint64_t at, size;
    char etag[56];
};

struct file {
    char *name;                         /* below the folder, "assets/engine-5XK2Q7NB.js" */
    struct form forms[WI_CODING_COUNT]; /* WI_IDENTITY is always there */
    unsigned codings;                   /* which are there: bits 1 << coding */
};

struct wi_site {
    const char *option;
    struct file *files; /* sorted by name */
    size_t count;
    int packed; /* the file in memory; -1 before there is one, or where there can be none */
    uint64_t packed_size;
};

static void close_form(const struct wi_site *site, const struct form *form)
{
    if (form->fd >= 0 && form->fd != site->packed)
        close(form->fd);
}

/* Moves a small file to the end of the one in memory. Where that fails it stays as it is. */
static void form_pack(struct wi_site *site, struct form *form)
{
    char bytes[16 * 1024];
    uint64_t at = site->packed_size, done = 0;
    if (form->size > PACKED_MAX)
        return;
    if (site->packed < 0)
        site->packed = memfd_create("webinfer-site", MFD_CLOEXEC);
    while (site->packed >= 0 && done < form->size) {
        ssize_t got = wi_read_all(form->fd, bytes, sizeof bytes, done);
        if (got <= 0 || pwrite(site->packed, bytes, (size_t)got, (off_t)(at + done)) != got)
            return;
        done += (uint64_t)got;
    }
    if (site->packed < 0 || done != form->size)
        return;
    close(form->fd);
    form->fd = site->packed;
    form->at = at;
    site->packed_size += done;
}

static void site_add_file(struct wi_site *site, const char *name, int fd, const struct stat *info)
{
    site->files = wi_realloc_array(site->files, site->count + 1, sizeof *site->files);
    struct file *file = &site->files[site->count++];
    struct form *form = &file->forms[WI_IDENTITY];
    file->name = wi_strdup(name);
    file->codings = 1u << WI_IDENTITY;
    for (int i = 0; i < WI_CODING_COUNT; i++)
        file->forms[i] = (struct form){.fd = -1};
    form->fd = fd;
    form->size = (uint64_t)info->st_size;
    snprintf(form->etag, sizeof form->etag, "\"%llx-%llx%08lx\"", (unsigned long long)form->size,
        (unsigned long long)info->st_mtim.tv_sec, (unsigned long)info->st_mtim.tv_nsec);
    form_pack(site, form);
}

static void clear_file(const struct wi_site *site, struct file *file)
{
    for (int i = 0; i < WI_CODING_COUNT; i++)
        close_form(site, &file->forms[i]);
    free(file->name);
}

static struct file *site_find(const struct wi_site *site, const char *name)
{
    ssize_t index = wi_names_find(site->files, site->count, sizeof *site->files, name);
    return index < 0 ? NULL : &site->files[index];
}

/* Which coding a file's name says that it is a copy in, with its original; or WI_IDENTITY. */
static enum wi_coding copy_of(const struct wi_site *site, const char *name, struct file **original)
{
    static const char *const endings[WI_CODING_COUNT] = {[WI_GZIP] = ".gz", [WI_BROTLI] = ".br"};
    const char *dot = strrchr(name, '.');
    for (int i = 0; dot && i < WI_CODING_COUNT; i++)
        if (endings[i] && strcmp(dot, endings[i]) == 0) {
            char *stem = wi_sprintf("%.*s", (int)(dot - name), name);
            *original = site_find(site, stem);
            free(stem);
            return *original ? (enum wi_coding)i : WI_IDENTITY;
        }
    return WI_IDENTITY;
}

/* Turns compressed copies into forms of their files. */
static void take_copies(struct wi_site *site)
{
    size_t kept = 0;
    for (size_t i = 0; i < site->count; i++) {
        struct file *copy = &site->files[i], *original;
        enum wi_coding coding = copy_of(site, copy->name, &original);
        if (coding == WI_IDENTITY)
            continue;
        struct form *form = &original->forms[coding], *from = &copy->forms[WI_IDENTITY];
        *form = *from;
        snprintf(form->etag, sizeof form->etag, "%.*s-%s\"", (int)strlen(from->etag) - 1,
            from->etag, wi_http_coding_name(coding));
        original->codings |= 1u << coding;
        from->fd = -1;
    }
    for (size_t i = 0; i < site->count; i++)
        if (site->files[i].forms[WI_IDENTITY].fd < 0)
            clear_file(site, &site->files[i]);
        else
            site->files[kept++] = site->files[i];
    site->count = kept;
}

static enum wi_code site_scan(
    struct wi_site *site, int folder, const char *prefix, int depth, struct wi_error *error);

/* Links are not followed: the site shows only files in its folder. */
static enum wi_code take_entry(
    struct wi_site *site, int folder, const char *name, int depth, struct wi_error *error)
{
    struct stat info;
    int fd = openat(folder, wi_text_basename(name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ELOOP || errno == ENXIO ? WI_OK
                                                : wi_error_set(error, WI_UNAVAILABLE, site->option,
                                                      "cannot open %s: %s", name, strerror(errno));
    if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode) && depth < MAX_DEPTH) {
        char prefix[1026];
        snprintf(prefix, sizeof prefix, "%s/", name);
        return site_scan(site, fd, prefix, depth + 1, error); /* closes fd */
    }
    if (!S_ISREG(info.st_mode)) {
        close(fd);
        return WI_OK;
    }
    site_add_file(site, name, fd, &info);
    if (site->count > MAX_FILES)
        return wi_error_set(error, WI_INVALID_FIELD, site->option,
            "the folder has more than %d files; is it a built one?", MAX_FILES);
    return WI_OK;
}

static enum wi_code site_scan(
    struct wi_site *site, int folder, const char *prefix, int depth, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    DIR *list = fdopendir(folder);
    if (!list) {
        close(folder);
        return wi_error_set(
            error, WI_UNAVAILABLE, site->option, "cannot list %s: %s", prefix, strerror(errno));
    }
    for (struct dirent *entry; code == WI_OK && (entry = readdir(list));) {
        char name[1024];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(name, sizeof name, "%s%s", prefix, entry->d_name) < (int)sizeof name)
            code = take_entry(site, folder, name, depth, error);
    }
    closedir(list);
    return code;
}

struct wi_site *wi_site_new(const char *folder, const char *option, struct wi_error *error)
{
    struct wi_site *site = wi_alloc(sizeof *site);
    site->option = option;
    site->packed = -1;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        wi_error_set(error, WI_NOT_FOUND, site->option,
            "the folder \"%s\" cannot be read: %s; set %s to a built one", folder, strerror(errno),
            option);
        goto fail;
    }
    if (site_scan(site, fd, "", 0, error) != WI_OK)
        goto fail;
    wi_names_sort(site->files, site->count, sizeof *site->files);
    take_copies(site);
    if (!site_find(site, "index.html")) {
        wi_error_set(error, WI_NOT_FOUND, site->option,
            "\"%s\" has no index.html; build it, or set %s to a built one", folder, option);
        goto fail;
    }
    return site;
fail:
    wi_site_free(site);
    return NULL;
}

void wi_site_free(struct wi_site *site)
{
    if (!site)
        return;
    for (size_t i = 0; i < site->count; i++)
        clear_file(site, &site->files[i]);
    wi_close(site->packed);
    free(site->files);
    free(site);
}

int wi_site_find(const struct wi_site *site, const char *path, const char *accept_encoding,
    struct wi_site_file *found)
{
    const struct file *file =
        path[0] == '/' ? site_find(site, path[1] ? path + 1 : "index.html") : NULL;
    if (!file)
        return -1;
    enum wi_coding coding = wi_http_coding(accept_encoding, file->codings);
    *found = (struct wi_site_file){.fd = file->forms[coding].fd,
        .at = file->forms[coding].at,
        .size = file->forms[coding].size,
        .etag = file->forms[coding].etag,
        .type = wi_http_media_type(file->name),
        .cache =
            wi_http_name_is_hashed(file->name) ? "public, max-age=31536000, immutable" : "no-cache",
        .coding = wi_http_coding_name(coding),
        .varies = file->codings != 1u << WI_IDENTITY};
    return 0;
}
