/* Names, links and versions, and how a version becomes the current one. */
#include "model/versions_private.h"

#include "base/clock.h"
#include "model/folder.h"
#include "model/model.h"
#include "model/store_path.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A store has no more versions of a model than this. */
#define NUMBER_MAX 999999999u

/* --- the layout ------------------------------------------------------------------------------- */

int wi_versions_open_store(const char *directory)
{
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* No owner's name is "_": so OWNER/NAME cannot be a version of OWNER. */
char *wi_versions_place(const char *name)
{
    return wi_sprintf(WI_VERSIONS_PULLED "/%s%s", strchr(name, '/') ? "" : "_/", name);
}

char *wi_versions_link(const char *name, unsigned number)
{
    char *place = wi_versions_place(name);
    char *link = wi_sprintf("%s%s/%u", strchr(name, '/') ? "../" : "", place, number);
    free(place);
    return link;
}

unsigned wi_versions_number(const char *name)
{
    size_t length = strspn(name, "0123456789");
    if (length == 0 || length > 9 || name[length] || name[0] == '0')
        return 0;
    return (unsigned)strtoul(name, NULL, 10);
}

unsigned wi_versions_read_link(int parent, const char *file, const char *name)
{
    char text[2 * WI_MODEL_NAME_MAX];
    ssize_t size = readlinkat(parent, file, text, sizeof text - 1);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    const char *slash = strrchr(text, '/');
    unsigned number = slash ? wi_versions_number(slash + 1) : 0;
    char *expected = wi_versions_link(name, number);
    int same = strcmp(text, expected) == 0;
    free(expected);
    return same ? number : 0;
}

int wi_versions_open_parent(int store, const char *name, int make, const char **last)
{
    const char *slash = strchr(name, '/');
    *last = slash ? slash + 1 : name;
    if (!slash)
        return wi_path_open(store, ".");
    char *owner = wi_strndup(name, (size_t)(slash - name));
    int fd = make ? wi_path_make(store, owner) : wi_path_open(store, owner);
    free(owner);
    return fd;
}

char *wi_versions_folder(const char *directory, const char *name, unsigned number)
{
    char *place = wi_versions_place(name);
    char *folder = wi_sprintf("%s/%s/%u", directory, place, number);
    free(place);
    return folder;
}

static int open_version(int store, const char *name, unsigned number)
{
    char *place = wi_versions_place(name), *path = wi_sprintf("%s/%u", place, number);
    int fd = wi_path_open(store, path);
    free(place);
    free(path);
    return fd;
}

/* --- what there is ---------------------------------------------------------------------------- */

struct names {
    wi_versions_name_fn *each;
    void *context;
    const char *owner;
};

static int take_name(void *context, int folder, const char *last, const struct stat *status)
{
    const struct names *names = context;
    int alone = strcmp(names->owner, "_") == 0;
    char *name = wi_sprintf("%s%s%s", alone ? "" : names->owner, alone ? "" : "/", last);
    (void)folder;
    if (S_ISDIR(status->st_mode) && !strchr(name, ':') && wi_model_check_name(name, NULL) == WI_OK)
        names->each(names->context, name);
    free(name);
    return 0;
}

static int take_owner(void *context, int pulled, const char *owner, const struct stat *status)
{
    struct names *names = context;
    int folder = S_ISDIR(status->st_mode) ? wi_path_open(pulled, owner) : -1;
    names->owner = owner;
    if (folder >= 0) {
        wi_path_each(folder, take_name, names);
        close(folder);
    }
    return 0;
}

void wi_versions_each_name(int store, wi_versions_name_fn *each, void *context)
{
    struct names names = {each, context, NULL};
    int pulled = wi_path_open(store, WI_VERSIONS_PULLED);
    if (pulled < 0)
        return;
    wi_path_each(pulled, take_owner, &names);
    close(pulled);
}

static unsigned current_in(int store, const char *name)
{
    const char *last;
    int parent = wi_versions_open_parent(store, name, 0, &last);
    unsigned number = parent >= 0 ? wi_versions_read_link(parent, last, name) : 0;
    int folder = number ? open_version(store, name, number) : -1;
    if (parent >= 0)
        close(parent);
    if (folder < 0)
        return 0;
    close(folder);
    return number;
}

unsigned wi_versions_current(const char *directory, const char *name)
{
    int store = wi_versions_open_store(directory);
    unsigned number = store >= 0 ? current_in(store, name) : 0;
    if (store >= 0)
        close(store);
    return number;
}

static int add_version(void *context, int place, const char *name, const struct stat *status)
{
    struct wi_versions *versions = context;
    struct wi_version version = {.number = wi_versions_number(name)};
    struct stat used;
    if (!version.number || !S_ISDIR(status->st_mode))
        return 0;
    int folder = wi_path_open(place, name);
    if (folder < 0)
        return 0;
    wi_source_read(folder, &version.source);
    version.used_at = fstatat(folder, WI_VERSIONS_USED, &used, AT_SYMLINK_NOFOLLOW) == 0
                          ? used.st_mtim.tv_sec
                          : status->st_mtim.tv_sec;
    close(folder);
    versions->items =
        wi_realloc_array(versions->items, versions->count + 1, sizeof *versions->items);
    versions->items[versions->count++] = version;
    return 0;
}

static int later_first(const void *a, const void *b)
{
    unsigned x = ((const struct wi_version *)a)->number, y = ((const struct wi_version *)b)->number;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void list_in(int store, const char *name, struct wi_versions *versions)
{
    char *path = wi_versions_place(name);
    int place = wi_path_open(store, path);
    unsigned current = current_in(store, name);
    free(path);
    if (place < 0)
        return;
    wi_path_each(place, add_version, versions);
    close(place);
    if (versions->count > 0)
        qsort(versions->items, versions->count, sizeof *versions->items, later_first);
    for (size_t i = 0; i < versions->count; i++)
        versions->items[i].current = versions->items[i].number == current;
}

void wi_versions_list(const char *directory, const char *name, struct wi_versions *versions)
{
    int store = wi_versions_open_store(directory);
    if (store < 0)
        return;
    list_in(store, name, versions);
    close(store);
}

void wi_versions_clear(struct wi_versions *versions)
{
    for (size_t i = 0; i < versions->count; i++)
        wi_source_clear(&versions->items[i].source);
    free(versions->items);
    *versions = (struct wi_versions){0};
}

/* The time alone is changed: the folder must not look as if it were. */
void wi_versions_touch(const char *folder)
{
    char *path = wi_sprintf("%s/" WI_VERSIONS_USED, folder);
    utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
    free(path);
}

void wi_versions_use_clear(struct wi_versions_use *use)
{
    wi_strings_clear(&use->names);
    wi_strings_clear(&use->folders);
    wi_strings_clear(&use->stagings);
}

/* --- publishing ------------------------------------------------------------------------------- */

static enum wi_code taken(const char *name, struct wi_error *error)
{
    return wi_error_set(error, WI_CONFLICT, "as",
        "there is a model %.160s in the store that was not pulled; pull this one under another "
        "name (--as NAME), or remove that one first (webinfer rm)",
        name);
}

static enum wi_code check_name_in(
    int store, const char *directory, const char *name, struct wi_error *error)
{
    const char *last;
    struct stat status;
    if (strchr(name, ':') || wi_model_check_name(name, NULL) != WI_OK) {
        wi_error_set(error, WI_INVALID_FIELD, "as", "\"%.160s\" can be no model's name", name);
        wi_error_allow(error, "NAME or OWNER/NAME, each of at most 128 letters, digits, \".\", "
                              "\"_\" and \"-\", beginning with a letter or digit");
        return WI_INVALID_FIELD;
    }
    if (strcmp(name, "builtin") == 0 || strncmp(name, "builtin/", 8) == 0)
        return wi_error_set(error, WI_INVALID_FIELD, "as",
            "names in builtin/ are the daemon's own; choose another one");
    int parent = wi_versions_open_parent(store, name, 0, &last);
    if (parent < 0 && errno == ENOENT)
        return WI_OK;
    if (parent < 0 && (errno == ENOTDIR || errno == ELOOP))
        return taken(name, error);
    if (parent < 0)
        return wi_path_failed(directory, "the owner's folder cannot be opened", error);
    int there = fstatat(parent, last, &status, AT_SYMLINK_NOFOLLOW) == 0;
    int ours = there && wi_versions_read_link(parent, last, name) != 0;
    close(parent);
    return there && !ours ? taken(name, error) : WI_OK;
}

enum wi_code wi_versions_check_name(const char *directory, const char *name, struct wi_error *error)
{
    int store = wi_versions_open_store(directory);
    if (store < 0)
        return wi_path_failed(directory, "nothing can be kept", error);
    enum wi_code code = check_name_in(store, directory, name, error);
    close(store);
    return code;
}

/* The next number, larger than any that there is or was linked to. */
static unsigned next_number(int store, const char *name)
{
    struct wi_versions versions = {0};
    list_in(store, name, &versions);
    unsigned number = versions.count > 0 ? versions.items[0].number + 1 : 1;
    wi_versions_clear(&versions);
    return number;
}

struct unlisted {
    const struct wi_source *source;
    const char *folder; /* the path so far, ended by a slash, or "" */
    uint64_t freed;
};

static int is_listed(const struct wi_source *source, const char *path)
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
    if (!is_listed(unlisted->source, path)) {
        wi_path_remove(folder, name, &unlisted->freed);
    } else if (S_ISDIR(status->st_mode)) {
        char *inside = wi_sprintf("%s/", path);
        struct unlisted below = {.source = unlisted->source, .folder = inside};
        int inner = wi_path_open(folder, name);
        if (inner >= 0) {
            wi_path_each(inner, drop_entry, &below);
            close(inner);
        }
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

/* Everything that the version will have, on disk before it gets its name. */
static enum wi_code complete(
    int files, struct wi_source *source, const char *directory, struct wi_error *error)
{
    if (source->pulled_at == 0)
        source->pulled_at = wi_wall_ms() / 1000;
    drop_unlisted(files, source);
    enum wi_code code = wi_source_write(files, source, error);
    if (code != WI_OK)
        return code;
    int used = openat(
        files, WI_VERSIONS_USED, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
    if (used >= 0)
        close(used);
    if (used < 0 || wi_path_sync(files) != 0)
        return wi_path_failed(directory, "the model cannot be completed", error);
    return WI_OK;
}

/* Writes down which link is to be made, then moves the folder to where that leads. */
static int move_files(int store, int staging, const char *name, unsigned number)
{
    char *link = wi_versions_link(name, number), *path = wi_versions_place(name), last[16];
    int place = wi_path_make(store, path), result = -1;
    snprintf(last, sizeof last, "%u", number);
    unlinkat(staging, WI_STAGING_LINK, 0);
    if (place >= 0 && symlinkat(link, staging, WI_STAGING_LINK) == 0 && fsync(staging) == 0 &&
        renameat(staging, WI_STAGING_FILES, place, last) == 0)
        result = fsync(place) == 0 && fsync(staging) == 0 ? 0 : -1;
    int why = errno;
    if (place >= 0)
        close(place);
    free(link);
    free(path);
    errno = why;
    return result;
}

char *wi_versions_staged_name(int staging, unsigned *number)
{
    char text[2 * WI_MODEL_NAME_MAX];
    ssize_t size = readlinkat(staging, WI_STAGING_LINK, text, sizeof text - 1);
    if (size <= 0)
        return NULL;
    text[size] = '\0';
    const char *start = strncmp(text, "../", 3) == 0 ? text + 3 : text;
    char *slash = strrchr(text, '/');
    if (!slash || strncmp(start, WI_VERSIONS_PULLED "/", sizeof WI_VERSIONS_PULLED) != 0)
        return NULL;
    *slash = '\0';
    start += sizeof WI_VERSIONS_PULLED;
    char *name = wi_strdup(strncmp(start, "_/", 2) == 0 ? start + 2 : start);
    *number = wi_model_check_name(name, NULL) == WI_OK
                  ? wi_versions_read_link(staging, WI_STAGING_LINK, name)
                  : 0;
    if (*number)
        return name;
    free(name);
    return NULL;
}

int wi_versions_finish(int store, int staging, const char *name)
{
    const char *last;
    int parent = wi_versions_open_parent(store, name, 1, &last);
    if (parent < 0)
        return -1;
    int moved = renameat(staging, WI_STAGING_LINK, parent, last) == 0 && fsync(parent) == 0;
    int why = errno;
    close(parent);
    errno = why;
    return moved ? 0 : -1;
}

static enum wi_code publish_in(int store, int staging, const char *directory, const char *name,
    struct wi_source *source, unsigned *number, struct wi_error *error)
{
    int files = wi_path_open(staging, WI_STAGING_FILES);
    if (files < 0)
        return wi_path_failed(directory, "what was fetched cannot be found", error);
    enum wi_code code = complete(files, source, directory, error);
    close(files);
    if (code != WI_OK)
        return code;
    *number = next_number(store, name);
    if (*number > NUMBER_MAX)
        return wi_error_set(error, WI_STORAGE_FAILED, "", "there are too many versions");
    if (move_files(store, staging, name, *number) != 0 ||
        wi_versions_finish(store, staging, name) != 0)
        return wi_path_failed(directory, "the model cannot be published", error);
    return WI_OK;
}

enum wi_code wi_versions_publish(const char *directory, const char *name,
    const struct wi_staging *staging, struct wi_source *source, unsigned *number,
    struct wi_error *error)
{
    char *path = wi_sprintf(WI_VERSIONS_PULLING "/%s", staging->id);
    int store = wi_versions_open_store(directory),
        place = store >= 0 ? wi_path_open(store, path) : -1;
    enum wi_code code = place < 0 ? wi_path_failed(directory, "nothing can be published", error)
                                  : check_name_in(store, directory, name, error);
    if (code == WI_OK)
        code = publish_in(store, place, directory, name, source, number, error);
    if (place >= 0)
        close(place);
    if (store >= 0)
        close(store);
    free(path);
    if (code == WI_OK)
        wi_staging_drop(directory, staging->id);
    return code;
}
