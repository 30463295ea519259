/* Variants that were made here: listed, staged, published, and removed with their model. */
#include "models/catalog/library/made.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "models/catalog/library/store_path.h"
#include "models/catalog/library/versions.h"
#include "terms/format/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTES ".made.json"
#define COPY_MAX ((size_t)64 << 20) /* of one call: a signal may end it */

int wi_made_is_id(const char *id)
{
    return strncmp(id, WI_MADE_PREFIX "-", sizeof WI_MADE_PREFIX) == 0;
}

char *wi_made_folder(const char *directory, const char *name, const char *variant)
{
    char *place = wi_versions_place(WI_STORE_MADE, name), *folder;
    folder = wi_sprintf("%s/%s/%s", directory, place, variant);
    free(place);
    return folder;
}

/* --- which there are -------------------------------------------------------------------------- */

struct listing {
    const char *directory, *name;
    enum wi_model_format format;
    struct wi_variants *variants;
    int failed; /* errno of a shortage, or 0 */
};

/* NULL for what does not say of which files it was made. */
static json_t *read_notes(const char *folder)
{
    char *path = wi_sprintf("%s/" NOTES, folder);
    size_t size;
    char *text = wi_path_read(AT_FDCWD, path, WI_MADE_NOTES_MAX, &size);
    json_t *notes = text ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(text);
    free(path);
    if (json_is_string(json_object_get(notes, "of")))
        return notes;
    json_decref(notes);
    return NULL;
}

/* Of the folder's files only those of the variant that it is named for. */
static void add_found(
    struct listing *listing, const char *variant, const struct wi_folder *folder, json_t *notes)
{
    struct wi_variants found = {0};
    wi_format_find_variants(listing->format, folder->files, folder->count, &found);
    for (size_t i = 0; i < found.count; i++)
        if (strcmp(found.items[i].name, variant) == 0) {
            struct wi_variant *added = wi_variants_add(listing->variants);
            *added = WI_TAKE(found.items[i]);
            added->notes = json_incref(notes);
            if (added->webgpu)
                added->webgpu->notes = json_incref(notes);
        }
    wi_variants_clear(&found);
}

static int add_made(void *context, int place, const char *variant, const struct stat *status)
{
    struct listing *listing = context;
    struct wi_folder folder = {0};
    if (!S_ISDIR(status->st_mode) || variant[0] == '.' ||
        wi_variants_get(listing->variants, variant))
        return 0;
    char *path = wi_made_folder(listing->directory, listing->name, variant);
    json_t *notes = read_notes(path);
    if (notes && wi_folder_read_as(path, listing->format, &folder) == 0)
        add_found(listing, variant, &folder, notes);
    else if (wi_is_shortage(errno))
        listing->failed = errno;
    json_decref(notes);
    wi_folder_clear(&folder);
    free(path);
    return 0;
}

int wi_made_list(const char *directory, const char *name, enum wi_model_format format,
    struct wi_variants *variants)
{
    struct listing listing = {directory, name, format, variants, 0};
    char *place = wi_versions_place(WI_STORE_MADE, name);
    int store = wi_versions_open_store(directory);
    int seen = store >= 0 && wi_path_each_in(store, place, add_made, &listing) == 0;
    if (!seen && wi_is_shortage(errno))
        listing.failed = errno;
    wi_close(store);
    free(place);
    errno = listing.failed;
    return listing.failed ? -1 : 0;
}

int wi_made_is_of(const json_t *notes, const char *hash)
{
    const char *of = json_string_value(json_object_get(notes, "of"));
    return of && strcmp(of, hash) == 0;
}

/* --- staging ---------------------------------------------------------------------------------- */

static int copy_bytes(int from, int to, off_t left)
{
    while (left > 0) {
        size_t most = (uint64_t)left < COPY_MAX ? (size_t)left : COPY_MAX;
        ssize_t copied = copy_file_range(from, NULL, to, NULL, most, 0);
        if (copied < 0 && errno == EINTR)
            continue;
        if (copied <= 0)
            return -1;
        left -= copied;
    }
    return fsync(to);
}

/* A copy, not a link: who put the model there may write into its files. `to` is an open folder. */
static enum wi_code copy_file(const char *directory, const char *folder, const char *path, int to,
    const char *name, struct wi_error *error)
{
    struct stat status;
    int from = wi_open_inside(directory, folder, path, &status, error);
    if (from < 0)
        return error->code;
    int copy = openat(to, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    int copied = copy >= 0 && copy_bytes(from, copy, status.st_size) == 0;
    enum wi_code code =
        copied ? WI_OK : wi_path_failed(directory, "the variant cannot be written", error);
    wi_close(copy);
    wi_close(from);
    return code;
}

/* One that ends in a slash is a folder. */
static enum wi_code copy_entry(
    const char *directory, const char *folder, int files, const char *path, struct wi_error *error)
{
    const char *last;
    int to = wi_path_open_above(files, path, 1, &last);
    enum wi_code code = WI_OK;
    if (to < 0)
        code = wi_path_failed(directory, "the variant cannot be written", error);
    else if (*last)
        code = copy_file(directory, folder, path, to, last, error);
    wi_close(to);
    return code;
}

enum wi_code wi_made_stage(const char *directory, const char *id, const char *folder,
    const struct wi_strings *common, struct wi_staging *staging, struct wi_error *error)
{
    enum wi_code code = wi_staging_open(directory, id, "{}", staging, error);
    if (code != WI_OK)
        return code;
    int files = open(staging->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (files < 0)
        code = wi_path_failed(directory, "nothing can be staged", error);
    for (size_t i = 0; i < common->count && code == WI_OK; i++)
        code = copy_entry(directory, folder, files, common->items[i], error);
    wi_close(files);
    return code;
}

/* --- publishing ------------------------------------------------------------------------------- */

/* What another program has written is to be on disk before it has a name. */
static int made_complete(int files, const char *notes)
{
    unlinkat(files, NOTES, 0);
    return wi_file_write(files, NOTES, notes, strlen(notes), 0644) == 0 ? wi_path_sync(files, 1)
                                                                        : -1;
}

/* What is there, made of other files, changes places with it and goes with the staging, so that
 * there is one at any time. A file system that knows no exchange has none for a moment. */
static int variant_replace(int store, int staging, int place, const char *variant)
{
    uint64_t freed = 0;
    if (renameat2(staging, WI_STAGING_FILES, place, variant, RENAME_EXCHANGE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    wi_versions_discard(store, place, variant, &freed);
    return renameat(staging, WI_STAGING_FILES, place, variant);
}

static int move_into_place(int store, int staging, const char *name, const char *variant)
{
    char *path = wi_versions_place(WI_STORE_MADE, name);
    struct stat status;
    int place = wi_path_make(store, path), result = -1;
    if (place >= 0 && fstatat(place, variant, &status, AT_SYMLINK_NOFOLLOW) == 0)
        result = variant_replace(store, staging, place, variant);
    else if (place >= 0)
        result = renameat(staging, WI_STAGING_FILES, place, variant);
    if (result == 0 && (fsync(place) != 0 || fsync(staging) != 0))
        result = -1;
    wi_close(place);
    free(path);
    return result;
}

enum wi_code wi_made_publish(const char *directory, const char *id, const char *name,
    const char *variant, const char *notes, struct wi_error *error)
{
    char *path = wi_sprintf(WI_STORE_STAGING "/%s", id);
    int store = wi_versions_open_store(directory);
    int staging = store >= 0 ? wi_path_open(store, path) : -1;
    int files = staging >= 0 ? wi_path_open(staging, WI_STAGING_FILES) : -1;
    int done = files >= 0 && made_complete(files, notes) == 0 &&
               move_into_place(store, staging, name, variant) == 0;
    enum wi_code code =
        done ? WI_OK : wi_path_failed(directory, "the variant cannot be published", error);
    wi_close(files);
    wi_close(staging);
    wi_close(store);
    free(path);
    if (done)
        wi_staging_drop(directory, id);
    return code;
}

/* --- removing --------------------------------------------------------------------------------- */

void wi_made_remove(int store, const char *name, uint64_t *freed)
{
    char *place = wi_versions_place(WI_STORE_MADE, name), *slash = strrchr(place, '/');
    *slash = '\0';
    int owner = wi_path_open(store, place);
    if (owner >= 0)
        wi_versions_discard(store, owner, slash + 1, freed);
    unlinkat(store, place, AT_REMOVEDIR); /* where it holds nothing any more */
    wi_close(owner);
    free(place);
}

struct sweep {
    int store;
    const char *directory;
    uint64_t *freed;
};

/* Only of a model that is certain to be gone. */
static void sweep_name(void *context, const char *name)
{
    const struct sweep *sweep = context;
    enum wi_model_format format;
    char *path = wi_sprintf("%s/%s", sweep->directory, name);
    if (wi_folder_format(path, &format) != 0 && wi_is_missing(errno))
        wi_made_remove(sweep->store, name, sweep->freed);
    free(path);
}

void wi_made_sweep(int store, const char *directory, uint64_t *freed)
{
    struct sweep sweep = {store, directory, freed};
    wi_versions_each_name(store, WI_STORE_MADE, sweep_name, &sweep);
}
