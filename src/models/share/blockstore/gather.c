/* See gather.h. */
#include "models/share/blockstore/gather.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include "models/share/blockstore/keep.h"
#include "models/share/blockstore/leaves.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- one file --------------------------------------------------------------------------------- */

static enum wi_code has_changed(const char *path, struct wi_error *error)
{
    return wi_error_set(error, WI_CONFLICT, path, "%.200s has changed", path);
}

/* The number of a device is not the same after each start of the machine, and not written down. */
static int is_seen(const struct wi_file_identity *seen, const struct wi_file_identity *now)
{
    struct wi_file_identity same = *seen;
    if (same.device == 0)
        same.device = now->device;
    return wi_file_identity_same(&same, now);
}

static enum wi_code cannot_read(const char *path, struct wi_error *error)
{
    if (errno == 0)
        return has_changed(path, error);
    if (errno == ECANCELED || wi_is_shortage(errno))
        return wi_error_set(
            error, WI_UNAVAILABLE, path, "%.200s cannot be read now: %s", path, strerror(errno));
    return wi_error_set(
        error, WI_CONFLICT, path, "%.200s cannot be read: %s", path, strerror(errno));
}

/* A file of the record as it is looked at. */
struct looked {
    const struct wi_pin_file *file;
    struct wi_file_identity *seen, *refused; /* the record's */
    struct wi_file_identity now;
    int fd;
};

/* Reads the file: WI_OK if it has the bytes that are meant. */
static enum wi_code leaves_compute(const struct wi_gather *gather, const struct looked *looked,
    struct wi_leaves *leaves, struct wi_error *error)
{
    const struct wi_pin_file *file = looked->file;
    char sha256[WI_HASH_HEX_SIZE];
    struct stat status;
    if (wi_leaves_compute(looked->fd, file->bytes, gather->stop, gather->done, leaves, sha256) != 0)
        return cannot_read(file->path, error);
    if (fstat(looked->fd, &status) == 0) {
        struct wi_file_identity after = wi_file_identity_of(&status);
        int still = wi_file_identity_same(&after, &looked->now);
        if (still && strcmp(sha256, file->sha256) == 0)
            return WI_OK;
        if (still)
            *looked->refused = after;
    }
    wi_leaves_clear(leaves);
    return has_changed(file->path, error);
}

/* Where the leaves are kept, and whether they are wanted. */
struct kept {
    int folder; /* -1: there is none */
    int wanted;
};

static enum wi_code gather_look_at(const struct wi_gather *gather, const struct kept *kept,
    const struct looked *looked, struct wi_leaves *leaves, struct wi_error *error)
{
    const struct wi_pin_file *file = looked->file;
    if ((uint64_t)looked->now.size != file->bytes ||
        wi_file_identity_same(looked->refused, &looked->now))
        return has_changed(file->path, error);
    if (is_seen(looked->seen, &looked->now) &&
        (!kept->wanted || wi_leaves_read(kept->folder, file->sha256, file->bytes, leaves) == 0)) {
        if (gather->done)
            atomic_fetch_add(gather->done, file->bytes);
        *looked->seen = looked->now;
        return WI_OK;
    }
    enum wi_code code = leaves_compute(gather, looked, leaves, error);
    if (code != WI_OK)
        return code;
    *looked->seen = looked->now;
    if (kept->wanted && wi_leaves_write(kept->folder, file->sha256, leaves) != 0 &&
        gather->must_keep)
        return wi_keep_failed(gather->directory, error);
    return WI_OK;
}

static enum wi_code gather_file(const struct wi_gather *gather, const struct kept *kept,
    const char *folder, struct wi_pin_record *record, size_t i, struct wi_leaves *leaves,
    struct wi_error *error)
{
    struct looked looked = {
        .file = &record->pin.files[i], .seen = &record->seen[i], .refused = &record->refused[i]};
    struct stat status;
    looked.fd = wi_open_inside(gather->directory, folder, looked.file->path, &status, error);
    if (looked.fd < 0)
        return error->code == WI_UNAVAILABLE ? WI_UNAVAILABLE : (error->code = WI_CONFLICT);
    looked.now = wi_file_identity_of(&status);
    enum wi_code code = gather_look_at(gather, kept, &looked, leaves, error);
    wi_close(looked.fd);
    return code;
}

/* --- all of them ------------------------------------------------------------------------------ */

static enum wi_code gather_files(const struct wi_gather *gather, const struct kept *kept,
    const char *folder, struct wi_pin_record *record, struct wi_outline *outline,
    struct wi_tree_root *roots, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    for (size_t i = 0; code == WI_OK && i < record->pin.count; i++) {
        struct wi_pin_file *file = &record->pin.files[i];
        struct wi_leaves leaves = {0};
        code = gather_file(gather, kept, folder, record, i, &leaves, error);
        if (code == WI_OK && outline) {
            wi_outline_add(outline, file->path, &record->seen[i], &leaves, &roots[i]);
            file->cid = roots[i].cid;
        }
        wi_leaves_clear(&leaves);
    }
    return code;
}

static enum wi_code gather_outline(const struct wi_gather *gather, int leaves, const char *folder,
    struct wi_pin_record *record, struct wi_outline **outline, struct wi_error *error)
{
    const struct kept kept = {leaves, 1};
    struct wi_outline *made = wi_outline_new(gather->directory, folder);
    struct wi_tree_root *roots = wi_realloc_array(NULL, record->pin.count, sizeof *roots);
    enum wi_code code = gather_files(gather, &kept, folder, record, made, roots, error);
    if (code == WI_OK)
        code = wi_outline_end(made, roots, &record->pin.cid, error);
    free(roots);
    if (code == WI_OK) {
        wi_cid_print(&record->pin.cid, record->pin.cid_text);
        *outline = made;
    } else {
        wi_outline_unref(made);
    }
    return code;
}

enum wi_code wi_gather_run(const struct wi_gather *gather, struct wi_pin_record *record,
    struct wi_outline **outline, struct wi_error *error)
{
    const struct kept none = {-1, 0};
    char *folder = wi_pin_folder(record, gather->directory);
    int leaves = outline ? wi_keep_make(gather->directory, WI_KEEP_LEAVES) : -1;
    enum wi_code code;
    if (outline && leaves < 0 && gather->must_keep)
        code = wi_keep_failed(gather->directory, error);
    else if (outline)
        code = gather_outline(gather, leaves, folder, record, outline, error);
    else
        code = gather_files(gather, &none, folder, record, NULL, NULL, error);
    wi_close(leaves);
    free(folder);
    return code;
}
