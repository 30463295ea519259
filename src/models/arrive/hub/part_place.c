/* The temporary file of an arriving file: opened, written to, and given its name. */
#include "models/arrive/hub/part_place.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "models/share/content/tree.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of one write at most: for a larger write the kernel looks for an equally large stretch of
 * free memory, which has not been used recently and costs more to fill. */
#define WRITE_BYTES (256u << 10)
#define EARLY_BYTES (8u << 20) /* so many are sent on their way at once */

enum wi_code wi_part_place_fail(
    const struct wi_part_place *place, const char *verb, int number, struct wi_error *error)
{
    if (wi_is_full(number))
        return wi_error_set(error, WI_NO_ROOM, "",
            "the disk has no room for %.255s, which has %" PRIu64 " bytes", place->path,
            place->bytes);
    return wi_error_set(error, wi_is_shortage(number) ? WI_UNAVAILABLE : WI_STORAGE_FAILED, "",
        "%.255s cannot be %s: %s", place->path, verb, strerror(number));
}

/* The dot in front keeps it apart from every path that a model's file may have. A long name is cut,
 * since both may have 255 bytes. */
void wi_part_place_init(
    struct wi_part_place *place, int folder, const char *path, uint64_t bytes, const char *digits)
{
    const char *last = wi_text_basename(path);
    *place = (struct wi_part_place){.folder = folder,
        .fd = -1,
        .path = wi_strdup(path),
        .part = wi_sprintf("%.*s.%.240s.%.8s", (int)(last - path), path, last, digits),
        .bytes = bytes};
}

void wi_part_place_close(struct wi_part_place *place)
{
    if (place->fd >= 0)
        close(place->fd);
    place->fd = -1;
}

void wi_part_place_clear(struct wi_part_place *place)
{
    wi_part_place_close(place);
    free(place->path);
    free(place->part);
}

static int make_folders(const struct wi_part_place *place)
{
    char *path = wi_strdup(place->path);
    int result = 0;
    for (char *slash = strchr(path, '/'); slash && result == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdirat(place->folder, path, 0755) != 0 && errno != EEXIST)
            result = -1;
        *slash = '/';
    }
    free(path);
    return result;
}

/* `flags`: what is there, or with O_EXCL a new one. */
static enum wi_code open_part(struct wi_part_place *place, int flags, struct wi_error *error)
{
    struct stat status;
    wi_part_place_close(place);
    place->named = 0;
    place->fd =
        openat(place->folder, place->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
    if (place->fd < 0 || fstat(place->fd, &status) != 0)
        return wi_part_place_fail(place, "made", errno, error);
    place->size = (uint64_t)status.st_size;
    return S_ISREG(status.st_mode) ? WI_OK : wi_part_place_fail(place, "made", EEXIST, error);
}

enum wi_code wi_part_place_open_part(struct wi_part_place *place, struct wi_error *error)
{
    return open_part(place, 0, error);
}

enum wi_code wi_part_place_begin_anew(struct wi_part_place *place, struct wi_error *error)
{
    if (unlinkat(place->folder, place->part, 0) != 0 && errno != ENOENT)
        return wi_part_place_fail(place, "removed", errno, error);
    return open_part(place, O_EXCL, error);
}

/* The file as it may lie there under its own name: this one, or another. 1 if it is open, 0 if
 * there is none as long, -1 with errno. */
static int open_named(struct wi_part_place *place)
{
    struct stat status;
    place->fd = openat(place->folder, place->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (place->fd < 0)
        return wi_is_shortage(errno) ? -1 : 0;
    if (fstat(place->fd, &status) != 0)
        return -1;
    place->size = (uint64_t)status.st_size;
    place->named = S_ISREG(status.st_mode) && place->size == place->bytes;
    return place->named;
}

enum wi_code wi_part_place_open(struct wi_part_place *place, struct wi_error *error)
{
    if (make_folders(place) != 0)
        return wi_part_place_fail(place, "made", errno, error);
    int named = open_named(place);
    if (named < 0)
        return wi_part_place_fail(place, "looked at", errno, error);
    return named ? WI_OK : open_part(place, 0, error);
}

uint64_t wi_part_place_gathered(const struct wi_part_place *place)
{
    off_t hole = lseek(place->fd, 0, SEEK_HOLE);
    if (hole < 0 || (uint64_t)hole >= place->size)
        return place->size;
    return (uint64_t)hole / WI_LEAF_BYTES * WI_LEAF_BYTES; /* disks know gaps by their own blocks */
}

/* Writing out is not begun often: each time it may wait for the disk's queue. */
int wi_part_place_write(struct wi_part_place *place, uint64_t at, const void *bytes, size_t size)
{
    size_t written = 0;
    while (written < size) {
        size_t piece = size - written < WRITE_BYTES ? size - written : WRITE_BYTES;
        ssize_t n = pwrite(place->fd, (const char *)bytes + written, piece, (off_t)(at + written));
        if (n < 0 && errno != EINTR)
            return -1;
        written += n > 0 ? (size_t)n : 0;
    }
    if (atomic_fetch_add(&place->unsent, size) + size >= EARLY_BYTES) {
        atomic_store(&place->unsent, 0);
        sync_file_range(place->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    return 0;
}

/* Bytes that cannot get to the disk go: the kernel says so once, and the next time they would be
 * read back from its memory and synced without success. Without its name a file is looked at once
 * more. */
enum wi_code wi_part_place_publish(struct wi_part_place *place, struct wi_error *error)
{
    if (fsync(place->fd) != 0) {
        int number = errno;
        unlinkat(place->folder, place->part, 0);
        return wi_part_place_fail(place, "kept", number, error);
    }
    if (renameat(place->folder, place->part, place->folder, place->path) != 0)
        return wi_part_place_fail(place, "kept", errno, error);
    wi_part_place_close(place);
    return WI_OK;
}
