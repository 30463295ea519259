/* The files of an upload: sent, looked at, held. */
#include "models/catalog/library/uploads.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "models/catalog/library/store_path.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 };

/* --- folders and files ------------------------------------------------------------------------ */

static enum wi_code upload_fail(
    const char *path, const char *verb, uint64_t bytes, struct wi_error *error)
{
    int why = errno;
    if (wi_is_full(why))
        return wi_error_set(error, WI_NO_ROOM, "path",
            "the disk has no room for %.200s, which has %" PRIu64 " bytes", path, bytes);
    return wi_error_set(error, wi_is_shortage(why) ? WI_UNAVAILABLE : WI_STORAGE_FAILED, "path",
        "%.200s cannot be %s: %s", path, verb, strerror(why));
}

/* Takes a lock without waiting for it. */
static enum wi_code file_lock(int fd, int how, const char *otherwise, struct wi_error *error)
{
    if (flock(fd, how | LOCK_NB) == 0)
        return WI_OK;
    return wi_error_set(error, WI_CONFLICT, NULL, "%s", otherwise);
}

static const struct wi_source_file *find_file(const struct wi_source *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->files[i].path, path) == 0)
            return &files->files[i];
    return NULL;
}

/* --- sending a file --------------------------------------------------------------------------- */

/* Opens the upload unless it is being published. */
static enum wi_code enter_to_write(
    const char *directory, const char *id, struct wi_upload_place *place, struct wi_error *error)
{
    enum wi_code code = wi_upload_enter(directory, id, place, error);
    if (code != WI_OK)
        return code;
    code = file_lock(place->files, LOCK_SH, "the upload is being published", error);
    if (code != WI_OK)
        wi_upload_leave(place);
    return code;
}

/* One that is whole may have another name elsewhere: it is not opened for writing. */
static enum wi_code part_open(
    const struct wi_upload_place *place, struct wi_upload_part *part, struct wi_error *error)
{
    const struct wi_source_file *file = find_file(&place->order.files, part->path);
    struct stat status;
    if (!file)
        return wi_error_set(error, WI_INVALID_FIELD, "path",
            "%.200s was not announced for this upload", part->path);
    part->end = file->bytes;
    int whole = fstatat(place->files, part->path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                (uint64_t)status.st_size == part->end;
    part->fd = whole ? openat(place->files, part->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
                     : wi_upload_make_file(place->files, part->path);
    part->is_open = part->fd >= 0;
    if (part->fd < 0 || fstat(part->fd, &status) != 0)
        return upload_fail(part->path, "opened", part->end, error);
    enum wi_code code = file_lock(part->fd, LOCK_EX,
        "another request is already sending this file; wait until it has ended", error);
    if (code != WI_OK)
        return code;
    if (fstat(part->fd, &status) != 0)
        return upload_fail(part->path, "looked at", part->end, error);
    part->begin = (uint64_t)status.st_size;
    if (part->begin == part->position)
        return WI_OK;
    wi_error_set(error, WI_CONFLICT, "position",
        "there are %" PRIu64 " bytes of %.200s here, not %" PRIu64 "; continue after them",
        part->begin, part->path, part->position);
    return wi_error_expect(error, "%" PRIu64, part->begin);
}

/* Whether it is still the upload's file: it may have been dropped and created again. */
static int is_still_there(int folder, const struct wi_upload_part *part)
{
    struct stat mine, there;
    return fstat(part->fd, &mine) == 0 &&
           fstatat(folder, part->path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

static enum wi_code refuse_more(struct wi_upload_part *part, size_t size, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, "path",
        "%.200s was announced with %" PRIu64 " bytes, and this request has at least %" PRIu64
        " for it from position %" PRIu64 " on; nothing of it was kept",
        part->path, part->end, part->position - part->begin + size, part->begin);
    wi_error_expect(error, "at most %" PRIu64 " bytes", part->end - part->begin);
    if (part->position > part->begin && ftruncate(part->fd, (off_t)part->begin) == 0)
        part->position = part->begin;
    return WI_INVALID_FIELD;
}

static enum wi_code part_write(struct wi_upload_part *part, const struct wi_upload_place *place,
    const void *bytes, size_t size, struct wi_error *error)
{
    if (!is_still_there(place->files, part)) {
        wi_error_set(error, WI_CONFLICT, "position",
            "%.200s was replaced in the meantime; send it from position 0", part->path);
        return wi_error_expect(error, "0");
    }
    if (size > part->end - part->position)
        return refuse_more(part, size, error);
    if (wi_write_all(part->fd, bytes, size) != 0)
        return upload_fail(part->path, "written", part->end, error);
    part->position += size;
    return WI_OK;
}

enum wi_code wi_upload_part_add(
    struct wi_upload_part *part, const void *bytes, size_t size, struct wi_error *error)
{
    struct wi_upload_place place;
    enum wi_code code = enter_to_write(part->directory, part->id, &place, error);
    if (code != WI_OK)
        return code;
    if (!part->is_open) {
        code = part_open(&place, part, error);
        if (code != WI_OK)
            wi_upload_part_close(part);
    }
    if (code == WI_OK)
        code = part_write(part, &place, bytes, size, error);
    wi_upload_leave(&place);
    return code;
}

void wi_upload_part_close(struct wi_upload_part *part)
{
    if (part->is_open)
        wi_close(part->fd);
    part->is_open = 0;
}

/* --- holding ---------------------------------------------------------------------------------- */

static enum wi_code enter_to_end(
    const char *directory, const char *id, struct wi_upload_place *place, struct wi_error *error)
{
    struct stat status;
    enum wi_code code = wi_upload_enter(directory, id, place, error);
    if (code != WI_OK)
        return code;
    code = file_lock(place->request, LOCK_EX, "the upload is being published or removed", error);
    if (code == WI_OK && (fstat(place->request, &status) != 0 || status.st_nlink == 0))
        code = wi_upload_missing(id, error); /* until its end somebody else held it */
    if (code != WI_OK)
        wi_upload_leave(place);
    return code;
}

int wi_upload_hold(const char *directory, const char *id, struct wi_error *error)
{
    struct wi_upload_place place;
    if (enter_to_end(directory, id, &place, error) != WI_OK)
        return -1;
    int fd = place.request;
    place.request = -1;
    wi_upload_leave(&place);
    return fd;
}

/* --- whether the files are what was announced ------------------------------------------------- */

struct wi_upload_check {
    struct wi_upload_place place;
    struct wi_hasher *hasher;
    size_t next; /* the file that is looked at */
    int fd;      /* of it; -1: not opened yet */
    unsigned char chunk[CHUNK];
};

static enum wi_code check_lengths(const struct wi_upload_place *place, struct wi_error *error)
{
    for (size_t i = 0; i < place->order.files.count; i++) {
        const struct wi_source_file *file = &place->order.files.files[i];
        struct stat status = {0};
        int there = fstatat(place->files, file->path, &status, AT_SYMLINK_NOFOLLOW) == 0;
        if (there && S_ISREG(status.st_mode) && (uint64_t)status.st_size == file->bytes)
            continue;
        wi_error_set(error, WI_CONFLICT, "path",
            "%.200s is not all here: of its %" PRIu64 " bytes there are %" PRIu64
            "; send the rest, then publish",
            file->path, file->bytes, (uint64_t)status.st_size);
        return wi_error_expect(error, "%" PRIu64, (uint64_t)status.st_size);
    }
    return WI_OK;
}

static struct wi_upload_check *check_open(
    const char *directory, const char *id, struct wi_error *error)
{
    struct wi_upload_place place;
    if (enter_to_end(directory, id, &place, error) != WI_OK)
        return NULL;
    if (file_lock(place.files, LOCK_EX,
            "a file of the upload is still being sent; publish the upload afterwards",
            error) != WI_OK ||
        check_lengths(&place, error) != WI_OK) {
        wi_upload_leave(&place);
        return NULL;
    }
    struct wi_upload_check *check = wi_alloc(sizeof *check);
    check->place = place;
    check->hasher = wi_hasher_new(WI_SHA256);
    check->fd = -1;
    return check;
}

/* All of it was read: whether it is what was announced. */
static int end_file(
    struct wi_upload_check *check, const struct wi_source_file *file, struct wi_error *error)
{
    char hex[WI_HASH_HEX_SIZE];
    if (fsync(check->fd) != 0)
        return upload_fail(file->path, "brought to disk", file->bytes, error), -1;
    wi_close(check->fd);
    check->fd = -1;
    check->next++;
    wi_hasher_end(check->hasher, hex);
    if (strcmp(hex, file->hash) == 0)
        return 0;
    unlinkat(check->place.files, file->path, 0);
    wi_error_set(error, WI_MODEL_INVALID, "path",
        "%.200s differs from what was announced: its SHA-256 is %s; send the file again from "
        "position 0",
        file->path, hex);
    wi_error_expect(error, "%s", file->hash);
    return -1;
}

static int check_some(struct wi_upload_check *check, uint64_t most, struct wi_error *error)
{
    const struct wi_source *files = &check->place.order.files;
    for (uint64_t done = 0; done < most && check->next < files->count;) {
        const struct wi_source_file *file = &files->files[check->next];
        if (check->fd < 0)
            check->fd = openat(check->place.files, file->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        ssize_t size = check->fd < 0 ? -1 : read(check->fd, check->chunk, sizeof check->chunk);
        if (size < 0)
            return upload_fail(file->path, "read", file->bytes, error), -1;
        wi_hasher_add(check->hasher, check->chunk, (size_t)size);
        if (size == 0 && end_file(check, file, error) != 0)
            return -1;
        done += (uint64_t)size;
    }
    return check->next < files->count;
}

int wi_upload_check(const char *directory, const char *id, uint64_t most,
    struct wi_upload_check **check, struct wi_error *error)
{
    if (!*check)
        *check = check_open(directory, id, error);
    return *check ? check_some(*check, most, error) : -1;
}

const struct wi_upload_order *wi_upload_check_order(const struct wi_upload_check *check)
{
    return &check->place.order;
}

void wi_upload_check_close(struct wi_upload_check *check)
{
    if (!check)
        return;
    wi_close(check->fd);
    wi_hasher_free(check->hasher);
    wi_upload_leave(&check->place);
    free(check);
}
