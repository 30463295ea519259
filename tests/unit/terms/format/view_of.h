/* A view of files that are texts: names and texts in turn, ended by NULL. */
#ifndef WI_TESTS_VIEW_OF_H
#define WI_TESTS_VIEW_OF_H

#include "terms/model/view.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct texts {
    struct wi_view view;
    const char *const *files;
};

static const char *text_of(const struct wi_view *view, const char *path)
{
    const char *const *file = ((const struct texts *)view)->files;
    while (*file && strcmp(*file, path) != 0)
        file += 2;
    return *file ? file[1] : NULL;
}

static int has_text(const struct wi_view *view, const char *path)
{
    return text_of(view, path) != NULL;
}

static int any_text(const struct wi_view *view, const char *folder, int (*is)(const char *path))
{
    size_t length = strlen(folder);
    for (const char *const *file = ((const struct texts *)view)->files; *file; file += 2) {
        const char *name = *file + (length ? length + 1 : 0);
        if (strncmp(*file, folder, length) == 0 && !strchr(name, '/') && is(*file))
            return 1;
    }
    return 0;
}

static int open_text(const struct wi_view *view, const char *path, enum wi_view_reach reach,
    uint64_t *bytes, struct wi_error *error)
{
    const char *text = text_of(view, path);
    (void)reach;
    if (!text) {
        wi_error_set(error, WI_MODEL_NOT_FOUND, path, "there is no %s", path);
        return -1;
    }
    *bytes = strlen(text);
    int fd = memfd_create("text", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, *bytes) != (ssize_t)*bytes || lseek(fd, 0, SEEK_SET) != 0)
        return -1;
    return fd;
}

static const struct wi_view texts_view = {has_text, any_text, open_text};

#endif
