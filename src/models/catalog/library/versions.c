/* Names, links and versions: how they lie in the store, and which there are. */
#include "models/catalog/library/versions.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "models/catalog/library/blobs.h"
#include "models/catalog/library/store_path.h"
#include "settings/config/alias.h"
#include "terms/format/model.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- the layout ------------------------------------------------------------------------------- */

int wi_versions_open_store(const char *directory)
{
    return open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* No owner's name is "_": so OWNER/NAME cannot be a version of OWNER. */
char *wi_versions_place(const char *of, const char *name)
{
    return wi_sprintf("%s/%s%s", of, strchr(name, '/') ? "" : "_/", name);
}

char *wi_versions_link(const char *name, unsigned number)
{
    char *place = wi_versions_place(WI_STORE_VERSIONS, name);
    char *link = wi_sprintf("%s%s/%u", strchr(name, '/') ? "../" : "", place, number);
    free(place);
    return link;
}

/* The number that a folder of a version has as its name, else 0. */
static unsigned version_number(const char *name)
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
    unsigned number = slash ? version_number(slash + 1) : 0;
    char *expected = wi_versions_link(name, number);
    int same = strcmp(text, expected) == 0;
    free(expected);
    return same ? number : 0;
}

char *wi_versions_folder(const char *directory, const char *name, unsigned number)
{
    char *place = wi_versions_place(WI_STORE_VERSIONS, name);
    char *folder = wi_sprintf("%s/%s/%u", directory, place, number);
    free(place);
    return folder;
}

static int open_version(int store, const char *name, unsigned number)
{
    char *place = wi_versions_place(WI_STORE_VERSIONS, name),
         *path = wi_sprintf("%s/%u", place, number);
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
    if (S_ISDIR(status->st_mode) && !wi_model_name_variant(name) &&
        wi_model_check_name(name, NULL) == WI_OK)
        names->each(names->context, name);
    free(name);
    return 0;
}

static int take_owner(void *context, int place, const char *owner, const struct stat *status)
{
    struct names *names = context;
    names->owner = owner;
    if (S_ISDIR(status->st_mode))
        wi_path_each_in(place, owner, take_name, names);
    return 0;
}

void wi_versions_each_name(int store, const char *of, wi_versions_name_fn *each, void *context)
{
    struct names names = {each, context, NULL};
    wi_path_each_in(store, of, take_owner, &names);
}

/* 0 and `*number` as of wi_versions_current, or -1 with errno if that cannot be said now. */
static int find_current(int store, const char *name, unsigned *number)
{
    const char *last;
    int parent = wi_path_open_above(store, name, 0, &last);
    *number = parent >= 0 ? wi_versions_read_link(parent, last, name) : 0;
    int folder = *number ? open_version(store, name, *number) : -1;
    int unknown = folder < 0 && (parent < 0 || *number) && !wi_is_missing(errno);
    if (folder < 0)
        *number = 0;
    wi_close(folder);
    wi_close(parent);
    return unknown ? -1 : 0;
}

int wi_versions_find(const char *directory, const char *name, unsigned *number)
{
    int store = wi_versions_open_store(directory);
    *number = 0;
    if (store < 0)
        return wi_is_missing(errno) ? 0 : -1;
    int known = find_current(store, name, number);
    wi_close(store);
    return known;
}

unsigned wi_versions_current(const char *directory, const char *name)
{
    unsigned number;
    wi_versions_find(directory, name, &number);
    return number;
}

struct listed {
    struct wi_versions *versions;
    int failed; /* errno, or 0 */
};

static int add_version(void *context, int place, const char *name, const struct stat *status)
{
    struct listed *listed = context;
    struct wi_versions *versions = listed->versions;
    struct wi_version version = {.number = version_number(name)};
    struct stat used;
    if (!version.number || !S_ISDIR(status->st_mode))
        return 0;
    int folder = wi_path_open(place, name);
    if (folder < 0) {
        listed->failed = wi_is_missing(errno) ? 0 : errno;
        return listed->failed != 0;
    }
    wi_source_read(folder, &version.source);
    version.used_at = fstatat(folder, WI_VERSIONS_USED, &used, AT_SYMLINK_NOFOLLOW) == 0
                          ? used.st_mtim.tv_sec
                          : status->st_mtim.tv_sec;
    close(folder);
    *WI_APPEND(versions->items, versions->count) = version;
    return 0;
}

static int later_first(const void *a, const void *b)
{
    unsigned x = ((const struct wi_version *)a)->number, y = ((const struct wi_version *)b)->number;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* 0 or errno. */
static int list_in(int store, const char *name, struct wi_versions *versions)
{
    struct listed listed = {versions, 0};
    unsigned current;
    char *path = wi_versions_place(WI_STORE_VERSIONS, name);
    int place = wi_path_open(store, path), why = place < 0 ? errno : 0;
    free(path);
    if (why)
        return wi_is_missing(why) ? 0 : why;
    if (find_current(store, name, &current) != 0 || wi_path_each(place, add_version, &listed) != 0)
        listed.failed = errno;
    close(place);
    if (versions->count > 0)
        qsort(versions->items, versions->count, sizeof *versions->items, later_first);
    for (size_t i = 0; i < versions->count; i++)
        versions->items[i].current = versions->items[i].number == current;
    return listed.failed;
}

int wi_versions_list(const char *directory, const char *name, struct wi_versions *versions)
{
    int store = wi_versions_open_store(directory);
    if (store < 0)
        return wi_is_missing(errno) ? 0 : -1;
    int why = list_in(store, name, versions);
    close(store);
    errno = why;
    return why ? -1 : 0;
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

/* The folder of the current version, open; -1 if there is none. */
static int open_current(const char *directory, const char *name)
{
    unsigned number = wi_versions_current(directory, name);
    char *folder = wi_versions_folder(directory, name, number);
    int fd = number > 0 ? open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    free(folder);
    return fd;
}

int wi_versions_is_copy(const char *directory, const char *name)
{
    struct stat status;
    int folder = open_current(directory, name);
    int is = folder >= 0 && fstatat(folder, WI_VERSIONS_COPY, &status, AT_SYMLINK_NOFOLLOW) == 0;
    wi_close(folder);
    return is;
}

enum wi_code wi_versions_adopt(const char *directory, const char *name, struct wi_error *error)
{
    int folder = open_current(directory, name);
    int gone = folder < 0 || unlinkat(folder, WI_VERSIONS_COPY, 0) == 0 || errno == ENOENT;
    if (gone && folder >= 0)
        gone = fsync(folder) == 0;
    enum wi_code code =
        gone ? WI_OK
             : wi_path_failed(directory, "the request for a model cannot be written down", error);
    wi_close(folder);
    return code;
}

void wi_versions_use_clear(struct wi_versions_use *use)
{
    wi_strings_clear(&use->names);
    wi_strings_clear(&use->folders);
    wi_strings_clear(&use->pinned);
    wi_strings_clear(&use->apart);
    wi_strings_clear(&use->stagings);
    free(use->elsewhere);
    *use = (struct wi_versions_use){0};
}

/* --- names that may be taken ------------------------------------------------------------------ */

static enum wi_code name_taken(const char *name, struct wi_error *error)
{
    return wi_error_set(error, WI_CONFLICT, "as",
        "the store has a model %.160s that was not pulled; pull this model under another name "
        "(--as NAME), or remove the other first (webinfer rm)",
        name);
}

static enum wi_code check_name_in(
    int store, const char *directory, const char *name, struct wi_error *error)
{
    const char *last;
    struct stat status;
    if (wi_name_allow(name, "as", error) != WI_OK)
        return error->code;
    int parent = wi_path_open_above(store, name, 0, &last);
    if (parent < 0 && errno == ENOENT)
        return WI_OK;
    if (parent < 0 && (errno == ENOTDIR || errno == ELOOP))
        return name_taken(name, error);
    if (parent < 0)
        return wi_path_failed(directory, "the owner's folder cannot be opened", error);
    int there = fstatat(parent, last, &status, AT_SYMLINK_NOFOLLOW) == 0;
    int ours = there && wi_versions_read_link(parent, last, name) != 0;
    close(parent);
    return there && !ours ? name_taken(name, error) : WI_OK;
}

enum wi_code wi_versions_check_name(const char *directory, const char *name, struct wi_error *error)
{
    int store = wi_versions_open_store(directory);
    if (store < 0)
        return wi_path_failed(directory, "nothing can be kept", error);
    enum wi_code code = check_name_in(store, directory, name, error);
    wi_close(store);
    return code;
}

/* --- links and folders that come and go ------------------------------------------------------- */

int wi_versions_link_in(int parent, const char *last, int staging)
{
    return renameat(staging, WI_STAGING_LINK, parent, last) == 0 ? fsync(parent) : -1;
}

int wi_versions_discard(int store, int at, const char *name, uint64_t *freed)
{
    int pulling = wi_path_make(store, WI_STORE_STAGING), result = -1;
    char gone[32];
    struct stat status;
    for (unsigned i = 0; pulling >= 0 && i < 1000; i++) {
        snprintf(gone, sizeof gone, ".gone-%u", i);
        if (fstatat(pulling, gone, &status, AT_SYMLINK_NOFOLLOW) != 0)
            break;
        wi_path_remove(pulling, gone, freed); /* of an earlier time; then the name is free */
    }
    if (pulling >= 0 && renameat(at, name, pulling, gone) == 0) {
        result = fsync(at);
        wi_path_remove(pulling, gone, freed);
        wi_blobs_sweep(store, freed);
    }
    wi_close(pulling);
    return result;
}
