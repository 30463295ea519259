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

/* A run, and the file of the pin that it looks at. */
struct look {
    const struct wi_gather *gather;
    struct wi_pin *pin;
    struct wi_outline *outline; /* that is made; NULL: it and leaves are not wanted */
    char *folder;               /* of the model's files */
    int store;                  /* the folder that keeps leaves; -1: there is none */
    struct wi_pin_file *file;
    struct wi_file_identity now;
    int fd;
};

/* Reads the file: WI_OK if it has the bytes that are meant. */
static enum wi_code look_compute(
    const struct look *look, struct wi_leaves *leaves, struct wi_error *error)
{
    const struct wi_pin_file *file = look->file;
    char sha256[WI_HASH_HEX_SIZE];
    struct stat status;
    if (wi_leaves_compute(
            look->fd, file->bytes, look->gather->stop, look->gather->done, leaves, sha256) != 0)
        return cannot_read(file->path, error);
    if (fstat(look->fd, &status) == 0) {
        struct wi_file_identity after = wi_file_identity_of(&status);
        int still = wi_file_identity_same(&after, &look->now);
        if (still && strcmp(sha256, file->sha256) == 0)
            return WI_OK;
        if (still)
            look->file->refused = after;
    }
    wi_leaves_clear(leaves);
    return has_changed(file->path, error);
}

static enum wi_code look_at_open(
    const struct look *look, struct wi_leaves *leaves, struct wi_error *error)
{
    const struct wi_gather *gather = look->gather;
    const struct wi_pin_file *file = look->file;
    if ((uint64_t)look->now.size != file->bytes ||
        wi_file_identity_same(&look->file->refused, &look->now))
        return has_changed(file->path, error);
    if (is_seen(&look->file->seen, &look->now) &&
        (!look->outline || wi_leaves_read(look->store, file->sha256, file->bytes, leaves) == 0)) {
        if (gather->done)
            atomic_fetch_add(gather->done, file->bytes);
        look->file->seen = look->now;
        return WI_OK;
    }
    enum wi_code code = look_compute(look, leaves, error);
    if (code != WI_OK)
        return code;
    look->file->seen = look->now;
    if (look->outline && wi_leaves_write(look->store, file->sha256, leaves) != 0 &&
        gather->must_keep)
        return wi_keep_failed(gather->directory, error);
    return WI_OK;
}

static enum wi_code look_at_file(
    struct look *look, size_t i, struct wi_leaves *leaves, struct wi_error *error)
{
    struct stat status;
    look->file = &look->pin->files[i];
    look->fd =
        wi_open_inside(look->gather->directory, look->folder, look->file->path, &status, error);
    if (look->fd < 0)
        return error->code == WI_UNAVAILABLE ? WI_UNAVAILABLE : (error->code = WI_CONFLICT);
    look->now = wi_file_identity_of(&status);
    enum wi_code code = look_at_open(look, leaves, error);
    wi_close(look->fd);
    return code;
}

static enum wi_code look_at_all(struct look *look, struct wi_error *error)
{
    struct wi_outline *outline = look->outline;
    struct wi_pin *pin = look->pin;
    enum wi_code code = WI_OK;
    for (size_t i = 0; code == WI_OK && i < pin->count; i++) {
        struct wi_leaves leaves = {0};
        code = look_at_file(look, i, &leaves, error);
        if (code == WI_OK && outline) {
            wi_outline_add(outline, look->file->path, &look->file->seen, &leaves);
            pin->files[i].cid = outline->files[i].root.cid;
        }
        wi_leaves_clear(&leaves);
    }
    return code;
}

static enum wi_code gather_outline(
    struct look *look, struct wi_outline **outline, struct wi_error *error)
{
    struct wi_pin *pin = look->pin;
    struct wi_outline *made = wi_outline_new(look->gather->directory, look->folder);
    look->outline = made;
    enum wi_code code = look_at_all(look, error);
    if (code == WI_OK)
        code = wi_outline_end(made, &pin->cid, error);
    if (code == WI_OK) {
        wi_cid_print(&pin->cid, pin->cid_text);
        *outline = made;
    } else {
        wi_outline_unref(made);
    }
    return code;
}

enum wi_code wi_gather_run(const struct wi_gather *gather, struct wi_pin *pin,
    struct wi_outline **outline, struct wi_error *error)
{
    struct look look = {.gather = gather,
        .pin = pin,
        .folder = wi_pin_folder(pin, gather->directory),
        .store = outline ? wi_keep_open(gather->directory, WI_KEEP_LEAVES, 1) : -1};
    enum wi_code code;
    if (outline && look.store < 0 && gather->must_keep)
        code = wi_keep_failed(gather->directory, error);
    else if (outline)
        code = gather_outline(&look, outline, error);
    else
        code = look_at_all(&look, error);
    wi_close(look.store);
    free(look.folder);
    return code;
}
