/* How what was fetched becomes the current version of a model: completed, moved, linked. */
#include "models/catalog/library/versions.h"

#include "base/clock.h"
#include "base/descriptors.h"
#include "models/catalog/library/blobs.h"
#include "models/catalog/library/store_path.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A store has no more versions of a model than this. */
#define NUMBER_MAX 999999999u

/* --- completing ------------------------------------------------------------------------------- */

struct unlisted {
    const struct wi_source *source;
    const char *folder; /* the path so far, ended by a slash, or "" */
    uint64_t freed;
};

static int path_is_listed(const struct wi_source *source, const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < source->count; i++) {
        const char *file = source->files[i].path;
        if (strncmp(file, path, length) == 0 && (!file[length] || file[length] == '/'))
            return 1; /* the file, or a folder above it */
    }
    return 0;
}

static int drop_entry(void *context, int folder, const char *name, const struct stat *status)
{
    struct unlisted *unlisted = context;
    char *path = wi_sprintf("%s%s", unlisted->folder, name);
    if (!path_is_listed(unlisted->source, path)) {
        wi_path_remove(folder, name, &unlisted->freed);
    } else if (S_ISDIR(status->st_mode)) {
        char *inside = wi_sprintf("%s/", path);
        struct unlisted below = {.source = unlisted->source, .folder = inside};
        wi_path_each_in(folder, name, drop_entry, &below);
        free(inside);
    }
    free(path);
    return 0;
}

/* What is not of this version: states of transfers, files of a commit that was wanted before. */
static void drop_unlisted(int files, const struct wi_source *source)
{
    struct unlisted unlisted = {.source = source, .folder = ""};
    wi_path_each(files, drop_entry, &unlisted);
}

struct publishing {
    const char *directory, *name;
    const struct wi_staging *staging;
    struct wi_source *source;
    int store, place; /* the store's folder and that of the staging, open */
};

/* Makes each file a blob. A file whose content has come into the store meanwhile is replaced by a
 * link to that. */
static enum wi_code keep_files(
    const struct publishing *publishing, int files, struct wi_error *error)
{
    struct wi_source *source = publishing->source;
    enum wi_code code = wi_source_look(files, source, error);
    if (code != WI_OK)
        return code;
    wi_staging_reuse(
        publishing->directory, publishing->staging, publishing->name, source->files, source->count);
    if (wi_blobs_keep(publishing->store, files, source) != 0)
        return wi_path_failed(publishing->directory, "the model's files cannot be kept", error);
    return WI_OK;
}

/* An empty file: that it is there, and since when, says something. */
static int files_note(int files, const char *name)
{
    int fd = openat(files, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    wi_close(fd);
    return fd < 0 ? -1 : 0;
}

/* Everything that the version will have, on disk before it gets its name. */
static enum wi_code complete_in(
    const struct publishing *publishing, int files, struct wi_error *error)
{
    struct wi_source *source = publishing->source;
    if (source->pulled_at == 0)
        source->pulled_at = wi_wall_ms() / 1000;
    drop_unlisted(files, source);
    enum wi_code code = keep_files(publishing, files, error);
    if (code == WI_OK)
        code = wi_source_write(files, source, error);
    if (code != WI_OK)
        return code;
    int noted = files_note(files, WI_VERSIONS_USED) == 0 &&
                (!source->copy || files_note(files, WI_VERSIONS_COPY) == 0);
    if (!noted || wi_path_sync(files, 0) != 0)
        return wi_path_failed(publishing->directory, "the model cannot be completed", error);
    return WI_OK;
}

static enum wi_code publishing_complete(const struct publishing *publishing, struct wi_error *error)
{
    int files = wi_path_open(publishing->place, WI_STAGING_FILES);
    if (files < 0)
        return wi_path_failed(publishing->directory, "what was staged cannot be found", error);
    enum wi_code code = complete_in(publishing, files, error);
    close(files);
    return code;
}

/* --- publishing ------------------------------------------------------------------------------- */

/* The next number, larger than any that there is or was linked to; 0 with errno if that cannot be
 * seen. */
static unsigned next_number(const char *directory, const char *name)
{
    struct wi_versions versions = {0};
    int known = wi_versions_list(directory, name, &versions) == 0, why = errno;
    unsigned number = versions.count > 0 ? versions.items[0].number + 1 : 1;
    wi_versions_clear(&versions);
    errno = why;
    return known ? number : 0;
}

/* Writes down which link is to be made, then moves the folder to where that leads. */
static int move_files(int store, int staging, const char *name, unsigned number)
{
    char *link = wi_versions_link(name, number), *path = wi_versions_place(WI_STORE_VERSIONS, name),
         last[16];
    unlinkat(staging, WI_STAGING_LINK, 0);
    snprintf(last, sizeof last, "%u", number);
    int place = wi_path_make(store, path), result = -1;
    if (place >= 0 && symlinkat(link, staging, WI_STAGING_LINK) == 0 && fsync(staging) == 0 &&
        renameat(staging, WI_STAGING_FILES, place, last) == 0)
        result = fsync(place) == 0 && fsync(staging) == 0 ? 0 : -1;
    int why = errno;
    wi_close(place);
    free(link);
    free(path);
    errno = why;
    return result;
}

static enum wi_code version_publish(
    const struct publishing *publishing, unsigned *number, struct wi_error *error)
{
    const char *directory = publishing->directory, *name = publishing->name;
    enum wi_code code = WI_OK;
    *number = next_number(directory, name);
    if (*number == 0)
        return wi_path_failed(directory, "the versions of the model cannot be seen", error);
    if (*number > NUMBER_MAX)
        return wi_error_set(error, WI_STORAGE_FAILED, "", "there are too many versions");
    /* Between moving and linking nothing is opened that there might be no descriptor for. */
    const char *last;
    int parent = wi_path_open_above(publishing->store, name, 1, &last);
    int published = parent >= 0 &&
                    move_files(publishing->store, publishing->place, name, *number) == 0 &&
                    wi_versions_link_in(parent, last, publishing->place) == 0;
    if (!published)
        code = wi_path_failed(directory, "the model cannot be published", error);
    wi_close(parent);
    return code;
}

enum wi_code wi_versions_publish(const char *directory, const char *name,
    const struct wi_staging *staging, struct wi_source *source, wi_versions_check_fn *check,
    void *context, unsigned *number, struct wi_error *error)
{
    struct publishing publishing = {directory, name, staging, source, -1, -1};
    char *path = wi_sprintf(WI_STORE_STAGING "/%s", staging->id);
    publishing.store = wi_versions_open_store(directory);
    if (publishing.store >= 0)
        publishing.place = wi_path_open(publishing.store, path);
    enum wi_code code = publishing.place < 0
                            ? wi_path_failed(directory, "nothing can be published", error)
                            : wi_versions_check_name(directory, name, error);
    if (code == WI_OK)
        code = publishing_complete(&publishing, error);
    if (code == WI_OK && check)
        code = check(context, staging->folder, error);
    if (code == WI_OK)
        code = version_publish(&publishing, number, error);
    wi_close(publishing.place);
    wi_close(publishing.store);
    free(path);
    if (code == WI_OK)
        wi_staging_drop(directory, staging->id);
    return code;
}
