/* Folders read a few levels deep. Names with a dot in front, and names that no manifest can have,
 * are passed over. */
#include "terms/format/folder.h"

#include "base/file.h"
#include "base/text.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOKS_MAX = 10000 };

/* Calls for each entry of FOLDER/INNER until it gives 0. A folder that is missing has none; 0, or
 * errno if it cannot be read. */
typedef int each_fn(void *context, const char *path, const struct stat *status);

static int each_entry(const char *folder, const char *inner, each_fn *each, void *context)
{
    int top = strcmp(inner, ".") == 0;
    char *place = wi_sprintf("%s/%s", folder, inner);
    DIR *dir = opendir(place);
    int why = dir ? 0 : errno;
    const struct dirent *item;
    int go_on = 1, looks = 0;
    while (dir && go_on && looks++ < LOOKS_MAX && (item = readdir(dir))) {
        struct stat status;
        if (item->d_name[0] == '.' || fstatat(dirfd(dir), item->d_name, &status, 0) != 0)
            continue;
        char *path = wi_sprintf("%s%s%s", top ? "" : inner, top ? "" : "/", item->d_name);
        if (wi_file_path_ok(path))
            go_on = each(context, path, &status);
        free(path);
    }
    if (dir)
        closedir(dir);
    free(place);
    return wi_is_missing(why) ? 0 : why;
}

/* --- the view --------------------------------------------------------------------------------- */

/* What cannot be looked at is there: opening it will say why. */
static int folder_has(const struct wi_view *view, const char *name)
{
    const struct wi_folder_view *folder = (const struct wi_folder_view *)view;
    char *path = wi_sprintf("%s/%s", folder->path, name);
    struct stat status;
    int there = stat(path, &status) == 0 || !wi_is_missing(errno);
    free(path);
    return there;
}

struct search {
    int (*is)(const char *path);
    int found;
};

static int search_look(void *context, const char *path, const struct stat *status)
{
    struct search *search = context;
    search->found = S_ISREG(status->st_mode) && search->is(path);
    return !search->found;
}

static int folder_any(const struct wi_view *view, const char *inner, int (*is)(const char *path))
{
    const struct wi_folder_view *folder = (const struct wi_folder_view *)view;
    struct search search = {is, 0};
    int why = each_entry(folder->path, *inner ? inner : ".", search_look, &search);
    errno = why;
    return search.found ? 1 : why ? -1 : 0;
}

static int folder_open(const struct wi_view *view, const char *path, enum wi_view_reach reach,
    uint64_t *bytes, struct wi_error *error)
{
    const struct wi_folder_view *folder = (const struct wi_folder_view *)view;
    const char *within = reach == WI_VIEW_STORE ? folder->store : folder->path;
    struct stat status;
    int fd = wi_open_inside(within, folder->path, path, &status, error);
    *bytes = fd >= 0 ? (uint64_t)status.st_size : 0;
    return fd;
}

struct wi_folder_view wi_folder_view(const char *store, const char *path)
{
    return (struct wi_folder_view){{folder_has, folder_any, folder_open}, store, path};
}

int wi_folder_format(const char *path, enum wi_model_format *format)
{
    struct wi_folder_view folder = wi_folder_view(path, path);
    return wi_format_detect(&folder.view, format);
}

/* --- the files -------------------------------------------------------------------------------- */

struct reading {
    const char *path;
    struct wi_folder *folder;
    unsigned depth;
    int failed; /* errno, or 0 */
};

static int entry_take(void *context, const char *path, const struct stat *status)
{
    struct reading *reading = context;
    struct wi_folder *folder = reading->folder;
    const struct wi_format *format = wi_formats[folder->format];
    if (S_ISDIR(status->st_mode)) {
        if (reading->depth < format->depth && folder->folders.count < WI_MODEL_FILES_MAX) {
            struct reading inner = {reading->path, folder, reading->depth + 1, 0};
            wi_strings_add(&folder->folders, path);
            int why = each_entry(reading->path, path, entry_take, &inner);
            reading->failed = wi_is_shortage(why) ? why : inner.failed;
        }
        return !reading->failed;
    }
    if (!S_ISREG(status->st_mode) || !format->wants(path))
        return 1;
    folder->too_many = folder->count == WI_MODEL_FILES_MAX;
    if (folder->too_many)
        return 0;
    folder->files = wi_realloc_array(folder->files, folder->count + 1, sizeof *folder->files);
    folder->files[folder->count++] =
        (struct wi_view_file){wi_strdup(path), (uint64_t)status->st_size};
    return 1;
}

int wi_folder_read_as(const char *path, enum wi_model_format format, struct wi_folder *folder)
{
    struct reading reading = {path, folder, 0, 0};
    folder->format = format;
    wi_strings_add(&folder->folders, ".");
    int why = each_entry(path, ".", entry_take, &reading);
    wi_names_sort(folder->files, folder->count, sizeof *folder->files);
    errno = why ? why : reading.failed;
    return errno ? -1 : 0;
}

int wi_folder_read(const char *path, struct wi_folder *folder)
{
    enum wi_model_format format;
    return wi_folder_format(path, &format) == 0 ? wi_folder_read_as(path, format, folder) : -1;
}

void wi_folder_clear(struct wi_folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->files[i].path);
    free(folder->files);
    wi_strings_clear(&folder->folders);
    *folder = (struct wi_folder){0};
}
