/* Removal from the store: versions that are not needed, models, and leftovers. */
#include "models/catalog/library/versions.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "models/catalog/library/blobs.h"
#include "models/catalog/library/made.h"
#include "models/catalog/library/store_path.h"
#include "models/catalog/library/uploads.h"
#include "terms/format/folder.h"
#include "terms/format/model.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- versions --------------------------------------------------------------------------------- */

/* Whether it stays for now; one that requests hold is counted: it may go when those have ended. */
static int is_held(const char *directory, const char *name, unsigned number,
    const struct wi_versions_use *use, size_t *held)
{
    char *folder = wi_versions_folder(directory, name, number);
    int in_use = wi_strings_contain(&use->folders, folder);
    int pinned = wi_strings_contain(&use->pinned, folder);
    *held += in_use && !pinned;
    free(folder);
    return in_use || pinned;
}

/* Folders that hold nothing any more. */
static void place_tidy(int store, const char *place)
{
    char *owner = wi_strdup(place);
    unlinkat(store, place, AT_REMOVEDIR);
    *strrchr(owner, '/') = '\0';
    unlinkat(store, owner, AT_REMOVEDIR);
    free(owner);
}

static uint64_t remove_version(int store, const char *place, unsigned number)
{
    uint64_t freed = 0;
    char last[16];
    int folder = wi_path_open(store, place);
    snprintf(last, sizeof last, "%u", number);
    if (folder >= 0)
        wi_versions_discard(store, folder, last, &freed);
    wi_close(folder);
    return freed;
}

uint64_t wi_versions_prune(const char *directory, const char *name, unsigned keep,
    const struct wi_versions_use *use, size_t *held)
{
    struct wi_versions versions = {0};
    unsigned kept = 0;
    uint64_t freed = 0;
    int store = wi_versions_open_store(directory), after = 0;
    char *place = wi_versions_place(WI_STORE_VERSIONS, name);
    int known = wi_versions_list(directory, name, &versions) == 0;
    for (size_t i = 0; known && store >= 0 && i < versions.count; i++) {
        const struct wi_version *version = &versions.items[i];
        after |= version->current; /* those before it in time come after it in the list */
        if (version->current || (after && kept < keep))
            kept++;
        else if (!is_held(directory, name, version->number, use, held))
            freed += remove_version(store, place, version->number);
    }
    if (store >= 0) {
        place_tidy(store, place);
        close(store);
    }
    free(place);
    wi_versions_clear(&versions);
    return freed;
}

uint64_t wi_versions_remove_one(const char *directory, const char *name, unsigned number)
{
    int store = wi_versions_open_store(directory);
    char *place = wi_versions_place(WI_STORE_VERSIONS, name);
    uint64_t freed = store >= 0 ? remove_version(store, place, number) : 0;
    if (store >= 0) {
        place_tidy(store, place);
        close(store);
    }
    free(place);
    return freed;
}

/* --- models ----------------------------------------------------------------------------------- */

static enum wi_code no_model(const char *name, struct wi_error *error)
{
    return wi_error_set(
        error, WI_MODEL_NOT_FOUND, "model_name", "there is no model %.160s in the store", name);
}

struct inner {
    const char *path;
    char *found; /* a folder inside that is a model too */
    int unseen;  /* errno of one inside that could not be looked at, or 0 */
};

static int look_for_model(void *context, int folder, const char *name, const struct stat *status)
{
    struct inner *inner = context;
    enum wi_model_format format;
    char *path = wi_sprintf("%s/%s", inner->path, name);
    if ((S_ISLNK(status->st_mode) || S_ISDIR(status->st_mode)) &&
        wi_model_check_name(name, NULL) == WI_OK) {
        if (wi_folder_format(path, &format) == 0)
            inner->found = wi_strdup(name);
        else
            inner->unseen = wi_is_missing(errno) ? 0 : errno;
    }
    free(path);
    return inner->found || inner->unseen;
}

/* A name that is to go. */
struct removed {
    const char *directory, *name;
    int store, parent; /* the store itself, and the folder that contains the name as: */
    const char *last;
};

/* The folder of a model that was added; not one that only holds models. */
static enum wi_code remove_folder(
    const struct removed *removed, uint64_t *freed, struct wi_error *error)
{
    const char *directory = removed->directory, *name = removed->name, *last = removed->last;
    char *path = wi_sprintf("%s/%s", directory, name);
    struct inner inner = {path, NULL, 0};
    enum wi_model_format format;
    enum wi_code code = WI_OK;
    int seen =
        strchr(name, '/') || wi_path_each_in(removed->parent, last, look_for_model, &inner) == 0;
    if (inner.unseen)
        errno = inner.unseen;
    if (!seen || inner.unseen)
        code = wi_path_failed(directory, "what is in the model's folder cannot be seen", error);
    else if (wi_folder_format(path, &format) != 0)
        code = wi_is_missing(errno)
                   ? no_model(name, error)
                   : wi_path_failed(directory, "the model cannot be looked at", error);
    else if (inner.found)
        code = wi_error_set(error, WI_CONFLICT, "model_name",
            "the folder of %.160s has other models: remove %.160s/%.128s first", name, name,
            inner.found);
    else if (wi_versions_discard(removed->store, removed->parent, last, freed) != 0)
        code = wi_path_failed(directory, "the model cannot be removed", error);
    free(inner.found);
    free(path);
    return code;
}

static enum wi_code remove_in(
    const struct removed *removed, int *pulled, uint64_t *freed, struct wi_error *error)
{
    int parent = removed->parent;
    struct stat status;
    if (fstatat(parent, removed->last, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return no_model(removed->name, error);
    if (S_ISDIR(status.st_mode))
        return remove_folder(removed, freed, error);
    if (!S_ISLNK(status.st_mode))
        return no_model(removed->name, error);
    *pulled = wi_versions_read_link(parent, removed->last, removed->name) != 0;
    if (unlinkat(parent, removed->last, 0) != 0 || fsync(parent) != 0)
        return wi_path_failed(removed->directory, "the model cannot be removed", error);
    return WI_OK;
}

enum wi_code wi_versions_remove(
    const char *directory, const char *name, int *pulled, uint64_t *freed, struct wi_error *error)
{
    struct removed removed = {.directory = directory, .name = name};
    *pulled = 0;
    *freed = 0;
    if (wi_model_check_name(name, error) != WI_OK)
        return WI_INVALID_FIELD;
    int store = removed.store =
        wi_model_name_variant(name) ? -1 : wi_versions_open_store(directory);
    removed.parent = store >= 0 ? wi_path_open_above(store, name, 0, &removed.last) : -1;
    enum wi_code code = WI_OK;
    if (removed.parent >= 0)
        code = remove_in(&removed, pulled, freed, error);
    else if (wi_model_name_variant(name) || wi_is_missing(errno))
        code = no_model(name, error);
    else
        code = wi_path_failed(directory, "the model cannot be looked for", error);
    if (code == WI_OK)
        wi_made_remove(store, name, freed);
    if (code == WI_OK && strchr(name, '/')) {
        char *owner = wi_strndup(name, strcspn(name, "/"));
        unlinkat(store, owner, AT_REMOVEDIR); /* where that was its last model */
        free(owner);
    }
    wi_close(removed.parent);
    wi_close(store);
    return code;
}

/* --- what was left behind --------------------------------------------------------------------- */

struct sweep {
    const char *directory;
    const struct wi_versions_use *use;
    const struct wi_strings *staged; /* IDs that stay */
    unsigned keep;
    int store;
    uint64_t freed;
    size_t *held;
};

/* Whether the staging folder of that ID will not be continued. */
static int is_given_up(const struct sweep *sweep, int pulling, const char *id)
{
    if (wi_upload_is_id(id))
        return wi_upload_is_over(pulling, id);
    if (wi_made_is_id(id))
        return !wi_strings_contain(&sweep->use->stagings, id);
    return id[0] != '.' && !wi_strings_contain(sweep->staged, id);
}

static int sweep_pulling(void *context, int pulling, const char *name, const struct stat *status)
{
    struct sweep *sweep = context;
    if (strncmp(name, ".gone-", 6) == 0)
        wi_path_remove(pulling, name, &sweep->freed);
    else if (is_given_up(sweep, pulling, name))
        wi_versions_discard(sweep->store, pulling, name, &sweep->freed);
    return 0;
}

static void sweep_versions(void *context, const char *name)
{
    struct sweep *sweep = context;
    sweep->freed += wi_versions_prune(sweep->directory, name, sweep->keep, sweep->use, sweep->held);
}

/* An owner's folder that holds nothing. */
static int sweep_owner(void *context, int pulled, const char *name, const struct stat *status)
{
    unlinkat(pulled, name, AT_REMOVEDIR);
    return 0;
}

uint64_t wi_versions_gc(const char *directory, unsigned keep, int stagings,
    const struct wi_versions_use *use, size_t *held)
{
    struct wi_strings staged = {0};
    int known = wi_staging_list(directory, &staged) == 0, passes = !known && wi_is_shortage(errno);
    struct sweep sweep = {.directory = directory,
        .use = use,
        .staged = stagings ? &use->stagings : &staged,
        .keep = keep,
        .held = held,
        .store = wi_versions_open_store(directory)};
    if (!stagings) /* one that begins just now has no request yet */
        for (size_t i = 0; i < use->stagings.count; i++)
            wi_strings_add(&staged, use->stagings.items[i]);
    if (sweep.store >= 0) {
        if (known)
            wi_path_each_in(sweep.store, WI_STORE_STAGING, sweep_pulling, &sweep);
        if (!passes) /* else there may be a version to which a name is yet to lead */
            wi_versions_each_name(sweep.store, WI_STORE_VERSIONS, sweep_versions, &sweep);
        wi_path_each_in(sweep.store, WI_STORE_VERSIONS, sweep_owner, &sweep);
        wi_made_sweep(sweep.store, directory, &sweep.freed);
        wi_blobs_sweep(sweep.store, &sweep.freed);
        close(sweep.store);
    }
    wi_strings_clear(&staged);
    return sweep.freed;
}
