/* Pulls under way: where their files are gathered, and what they may have of earlier versions. */
#include "models/catalog/library/versions.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "models/catalog/library/store_path.h"
#include "terms/model_name.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_MAX = 2 * 1024 * 1024 }; /* that of an upload names each file and its hash */

static int is_id(const char *id)
{
    size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && length <= WI_STAGING_ID_MAX && !id[length] && *id != '-';
}

/* --- folders ---------------------------------------------------------------------------------- */

/* The folder for the files comes first: a request without one has been published. */
static enum wi_code open_in(int store, const char *directory, const char *id, const char *request,
    struct wi_staging *staging, struct wi_error *error)
{
    char *path = wi_sprintf(WI_STORE_STAGING "/%s", id);
    int place = request ? wi_path_make(store, path) : wi_path_open(store, path);
    int files = place >= 0 ? wi_path_make(place, WI_STAGING_FILES) : -1;
    int failed = files < 0;
    size_t size;
    if (!failed && request)
        failed = wi_file_replace(place, WI_STAGING_REQUEST, request, strlen(request), 0600) != 0;
    wi_close(files);
    enum wi_code code = WI_OK;
    if (failed && !request && wi_is_missing(errno))
        code = wi_error_set(error, WI_NOT_FOUND, "", "there is no pull %s any more", id);
    else if (failed)
        code = wi_path_failed(directory, "nothing can be fetched into a folder", error);
    else if (!(staging->request = wi_path_read(place, WI_STAGING_REQUEST, REQUEST_MAX, &size)))
        code = wi_is_shortage(errno)
                   ? wi_path_failed(directory, "the request of a pull cannot be read", error)
                   : wi_error_set(error, WI_NOT_FOUND, "",
                         "the request of pull %s was not written down", id);
    if (code == WI_OK) {
        staging->id = wi_strdup(id);
        staging->folder = wi_sprintf("%s/%s/" WI_STAGING_FILES, directory, path);
    }
    wi_close(place);
    free(path);
    return code;
}

enum wi_code wi_staging_open(const char *directory, const char *id, const char *request,
    struct wi_staging *staging, struct wi_error *error)
{
    if (!is_id(id) || (request && strlen(request) > REQUEST_MAX))
        return wi_error_set(
            error, WI_STORAGE_FAILED, "", "\"%.64s\" is not a valid ID of a pull", id);
    int store = wi_versions_open_store(directory);
    if (store < 0)
        return wi_path_failed(directory, "nothing can be kept", error);
    enum wi_code code = open_in(store, directory, id, request, staging, error);
    close(store);
    return code;
}

void wi_staging_clear(struct wi_staging *staging)
{
    free(staging->id);
    free(staging->request);
    free(staging->folder);
    *staging = (struct wi_staging){0};
}

/* Waits, a few seconds at most, until a fetch that was cancelled has let go of the folder, which it
 * holds by flock(2): what it writes to its end would be left behind otherwise. */
static void wait_for_fetch(int pulling, const char *id)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    char *path = wi_sprintf("%s/" WI_STAGING_FILES, id);
    int folder = wi_path_open(pulling, path);
    for (int i = 0; folder >= 0 && i < 1000 && flock(folder, LOCK_EX | LOCK_NB) != 0; i++)
        nanosleep(&pause, NULL);
    wi_close(folder);
    free(path);
}

void wi_staging_drop(const char *directory, const char *id)
{
    uint64_t freed = 0;
    int store = wi_versions_open_store(directory);
    int pulling = store >= 0 ? wi_path_open(store, WI_STORE_STAGING) : -1;
    if (pulling >= 0 && is_id(id)) {
        wait_for_fetch(pulling, id);
        wi_versions_discard(store, pulling, id, &freed);
    }
    wi_close(pulling);
    wi_close(store);
}

static int note_file(void *context, int folder, const char *name, const struct stat *status)
{
    int *empty = context;
    if (strcmp(name, WI_STAGING_BLOCKS) == 0)
        return 0;
    *empty = S_ISDIR(status->st_mode);
    if (*empty)
        wi_path_each_in(folder, name, note_file, empty);
    return !*empty;
}

int wi_staging_is_empty(const char *directory, const char *id)
{
    char *path = wi_sprintf(WI_STORE_STAGING "/%s/" WI_STAGING_FILES, id);
    int store = wi_versions_open_store(directory), empty = 1;
    if (store >= 0 && is_id(id))
        wi_path_each_in(store, path, note_file, &empty);
    wi_close(store);
    free(path);
    return empty;
}

/* --- after a restart -------------------------------------------------------------------------- */

/* The name that a link in a staging folder is for; the caller frees it. NULL: there is none. */
static char *staged_name(int staging, unsigned *number)
{
    char text[2 * WI_MODEL_NAME_MAX];
    ssize_t size = readlinkat(staging, WI_STAGING_LINK, text, sizeof text - 1);
    if (size <= 0)
        return NULL;
    text[size] = '\0';
    const char *start = strncmp(text, "../", 3) == 0 ? text + 3 : text;
    char *slash = strrchr(text, '/');
    if (!slash || strncmp(start, WI_STORE_VERSIONS "/", sizeof WI_STORE_VERSIONS) != 0)
        return NULL;
    *slash = '\0';
    start += sizeof WI_STORE_VERSIONS;
    char *name = wi_strdup(strncmp(start, "_/", 2) == 0 ? start + 2 : start);
    *number = wi_model_check_name(name, NULL) == WI_OK
                  ? wi_versions_read_link(staging, WI_STAGING_LINK, name)
                  : 0;
    if (*number)
        return name;
    free(name);
    return NULL;
}

/* Puts the link of the staging folder in place. 0 or -1. */
static int link_put(int store, int staging, const char *name)
{
    const char *last;
    int parent = wi_path_open_above(store, name, 1, &last);
    if (parent < 0)
        return -1;
    int linked = wi_versions_link_in(parent, last, staging);
    wi_close(parent);
    return linked;
}

/* The daemon was killed between the two renames of publishing: does the second. The name may have
 * become somebody else's meanwhile: then the version is left to wi_versions_gc. 0, or -1 with errno
 * where a shortage has kept it from that. */
static int staging_finish(int store, const char *directory, int staging)
{
    unsigned number;
    struct wi_source source = {0};
    char *name = staged_name(staging, &number);
    if (!name)
        return 0;
    char *place = wi_versions_place(WI_STORE_VERSIONS, name),
         *path = wi_sprintf("%s/%u", place, number);
    errno = 0; /* a source that cannot be read sets none */
    int folder = wi_path_open(store, path);
    int done = folder >= 0 && wi_source_read(folder, &source) == 0 &&
               wi_versions_check_name(directory, name, NULL) == WI_OK &&
               link_put(store, staging, name) == 0;
    int why = done ? 0 : errno;
    wi_close(folder);
    wi_source_clear(&source);
    free(place);
    free(path);
    free(name);
    errno = why;
    return wi_is_shortage(why) ? -1 : 0;
}

struct staged {
    int store;
    const char *directory;
    struct wi_strings *ids;
    struct wi_strings published;
    int failed; /* errno */
};

/* A shortage is what is told: it passes. */
static void note_failure(struct staged *staged)
{
    if (!wi_is_missing(errno) && (!staged->failed || wi_is_shortage(errno)))
        staged->failed = errno;
}

static int add_staged(void *context, int pulling, const char *name, const struct stat *status)
{
    struct staged *staged = context;
    struct stat item;
    if (!is_id(name) || !S_ISDIR(status->st_mode))
        return 0;
    int folder = wi_path_open(pulling, name);
    if (folder < 0) {
        note_failure(staged);
        return 0;
    }
    if (fstatat(folder, WI_STAGING_REQUEST, &item, AT_SYMLINK_NOFOLLOW) != 0) {
        /* killed before it was written down: left to wi_versions_gc */
    } else if (fstatat(folder, WI_STAGING_FILES, &item, AT_SYMLINK_NOFOLLOW) == 0) {
        wi_strings_add(staged->ids, name);
    } else if (staging_finish(staged->store, staged->directory, folder) == 0) {
        wi_strings_add(&staged->published, name);
    } else {
        note_failure(staged);
    }
    close(folder);
    return 0;
}

int wi_staging_list(const char *directory, struct wi_strings *ids)
{
    struct staged staged = {
        .store = wi_versions_open_store(directory), .directory = directory, .ids = ids};
    int pulling = staged.store >= 0 ? wi_path_open(staged.store, WI_STORE_STAGING) : -1;
    if (pulling < 0 || wi_path_each(pulling, add_staged, &staged) != 0)
        note_failure(&staged);
    wi_close(pulling);
    for (size_t i = 0; i < staged.published.count; i++)
        wi_staging_drop(directory, staged.published.items[i]);
    wi_strings_clear(&staged.published);
    wi_close(staged.store);
    errno = staged.failed;
    return staged.failed ? -1 : 0;
}

/* --- what is there already -------------------------------------------------------------------- */

/* Links a file that is still what was verified. 0 or -1. */
static int link_file(int from, const struct wi_source_file *known, int to, const char *path)
{
    const char *old, *fresh;
    struct stat status, present;
    int there = wi_path_open_above(from, known->path, 0, &old);
    int here = there >= 0 ? wi_path_open_above(to, path, 1, &fresh) : -1, result = -1;
    if (here >= 0 && fstatat(there, old, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        wi_source_file_is(known, &status)) {
        int linked = fstatat(here, fresh, &present, AT_SYMLINK_NOFOLLOW) == 0 &&
                     present.st_ino == status.st_ino;
        result = linked ? 0 : wi_path_link(there, old, here, fresh);
    }
    wi_close(here);
    wi_close(there);
    return result;
}

struct reuse {
    const char *directory, *name;
    int to; /* the staging folder */
    struct wi_source_file *files;
    size_t count;
    uint64_t saved;
};

/* Git's SHA-1, which a hub gives of small files, counts within one model alone. */
static int file_is_wanted(
    const struct wi_source_file *known, const struct wi_source_file *file, int same_model)
{
    const char *sha256 = *file->sha256 ? file->sha256 : file->hash;
    return (strcmp(known->sha256, sha256) == 0 ||
               ((same_model || wi_source_hash_is_cid(file->hash)) &&
                   strcmp(known->hash, file->hash) == 0)) &&
           (file->bytes == UINT64_MAX || file->bytes == known->bytes);
}

static void reuse_file(struct reuse *reuse, int version, const struct wi_source_file *known,
    struct wi_source_file *file)
{
    if (link_file(version, known, reuse->to, file->path) != 0)
        return;
    file->bytes = known->bytes;
    file->modified = known->modified;
    file->here = 1;
    reuse->saved += known->bytes;
}

static void reuse_version(
    struct reuse *reuse, const char *folder, const struct wi_source *source, int same_model)
{
    int version = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    for (size_t i = 0; version >= 0 && i < reuse->count; i++)
        for (size_t k = 0; k < source->count && !reuse->files[i].here; k++)
            if (wi_file_path_ok(reuse->files[i].path) &&
                file_is_wanted(&source->files[k], &reuse->files[i], same_model))
                reuse_file(reuse, version, &source->files[k], &reuse->files[i]);
    wi_close(version);
}

static void reuse_model(void *context, const char *name)
{
    struct reuse *reuse = context;
    struct wi_versions versions = {0};
    wi_versions_list(reuse->directory, name, &versions);
    for (size_t i = 0; i < versions.count; i++) {
        char *folder = wi_versions_folder(reuse->directory, name, versions.items[i].number);
        reuse_version(reuse, folder, &versions.items[i].source, strcmp(name, reuse->name) == 0);
        free(folder);
    }
    wi_versions_clear(&versions);
}

uint64_t wi_staging_reuse(const char *directory, const struct wi_staging *staging, const char *name,
    struct wi_source_file *files, size_t count)
{
    struct reuse reuse = {.directory = directory, .name = name, .files = files, .count = count};
    int store = wi_versions_open_store(directory);
    reuse.to = open(staging->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (store >= 0 && reuse.to >= 0)
        wi_versions_each_name(store, WI_STORE_VERSIONS, reuse_model, &reuse);
    wi_close(reuse.to);
    wi_close(store);
    return reuse.saved;
}
