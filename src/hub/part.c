/* The bytes of one file on disk, hashed in the order in which they are written. */
#include "hub/part.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/view.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (1u << 20)
#define EARLY_BYTES (8u << 20) /* are sent on their way to the disk together, before the end */

struct wi_partial {
    int folder; /* borrowed */
    int fd;     /* of the part, or of the file itself, for reading; -1 when it is done */
    int named;  /* `fd` is the file's, under its own name */
    struct wi_hub_file file;
    char *path; /* of the part */
    struct wi_hasher *hasher;
    uint64_t hashed, there; /* bytes; all of those that are there once they were read back */
    uint64_t unsent;        /* bytes written since the last were sent on their way */
};

static enum wi_code fail(
    const struct wi_partial *part, const char *verb, int number, struct wi_error *error)
{
    if (number == ENOSPC || number == EDQUOT)
        return wi_error_set(error, WI_NO_ROOM, "",
            "the disk has no room for %.255s, which has %" PRIu64 " bytes", part->file.path,
            part->file.bytes);
    return wi_error_set(error, wi_is_shortage(number) ? WI_UNAVAILABLE : WI_STORAGE_FAILED, "",
        "%.255s cannot be %s: %s", part->file.path, verb, strerror(number));
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The folders in which the file lies. */
static int make_folders(const struct wi_partial *part)
{
    char *path = wi_strdup(part->file.path);
    int result = 0;
    for (char *slash = strchr(path, '/'); slash && result == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdirat(part->folder, path, 0755) != 0 && errno != EEXIST)
            result = -1;
        *slash = '/';
    }
    free(path);
    return result;
}

/* git hashes "blob LENGTH", a NUL and the content. */
static void begin_hash(struct wi_partial *part)
{
    int sha1 = part->file.digest == WI_HUB_GIT_SHA1;
    char head[64];
    wi_hasher_free(part->hasher);
    part->hasher = wi_hasher_new(sha1 ? WI_SHA1 : WI_SHA256);
    part->hashed = 0;
    if (sha1) {
        int length = snprintf(head, sizeof head, "blob %" PRIu64, part->file.bytes);
        wi_hasher_add(part->hasher, head, (size_t)length + 1);
    }
}

static void close_bytes(struct wi_partial *part)
{
    if (part->fd >= 0)
        close(part->fd);
    part->fd = -1;
}

/* `flags`: what is there, or with O_EXCL a new one. */
static enum wi_code open_part(struct wi_partial *part, int flags, struct wi_error *error)
{
    struct stat status;
    close_bytes(part);
    part->named = 0;
    begin_hash(part);
    part->fd =
        openat(part->folder, part->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
    if (part->fd < 0 || fstat(part->fd, &status) != 0)
        return fail(part, "made", errno, error);
    part->there = (uint64_t)status.st_size;
    if (!S_ISREG(status.st_mode))
        return fail(part, "made", EEXIST, error);
    return part->there > part->file.bytes ? wi_part_begin_anew(part, error) : WI_OK;
}

/* The file as it may lie there under its own name: this one, or that of another commit. 1 if it is
 * open, 0 if there is none as long, -1 with errno. */
static int open_named(struct wi_partial *part)
{
    struct stat status;
    part->fd =
        openat(part->folder, part->file.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (part->fd < 0)
        return wi_is_shortage(errno) ? -1 : 0;
    if (fstat(part->fd, &status) != 0)
        return -1;
    part->there = (uint64_t)status.st_size;
    part->named = S_ISREG(status.st_mode) && part->there == part->file.bytes;
    return part->named;
}

static enum wi_code open_bytes(struct wi_partial *part, struct wi_error *error)
{
    int named = open_named(part);
    if (named < 0)
        return fail(part, "looked at", errno, error);
    begin_hash(part);
    return named ? WI_OK : open_part(part, 0, error);
}

/* The dot in front keeps it apart from every path that a hub may name. A long name is cut, since
 * both may have 255 bytes. */
static char *path_of_part(const struct wi_hub_file *file)
{
    const char *last = wi_text_basename(file->path);
    return wi_sprintf("%.*s.%.240s.%.8s", (int)(last - file->path), file->path, last, file->hash);
}

static void free_part(struct wi_partial *part)
{
    close_bytes(part);
    wi_hasher_free(part->hasher);
    free(part->path);
    free(part->file.path);
    free(part);
}

struct wi_partial *wi_part_open(
    int folder_fd, const struct wi_hub_file *file, struct wi_error *error)
{
    struct wi_partial *part = wi_alloc(sizeof *part);
    part->folder = folder_fd;
    part->fd = -1;
    part->file = *file;
    part->file.path = wi_strdup(file->path);
    part->file.remote = NULL;
    part->path = path_of_part(file);
    enum wi_code code =
        make_folders(part) == 0 ? open_bytes(part, error) : fail(part, "made", errno, error);
    if (code == WI_OK)
        return part;
    free_part(part);
    return NULL;
}

void wi_part_close(struct wi_partial *part)
{
    if (part == NULL)
        return;
    if (part->fd >= 0 && !part->named && part->hashed == 0 && part->there == 0)
        unlinkat(part->folder, part->path, 0);
    free_part(part);
}

int wi_part_is_done(const struct wi_partial *part)
{
    return part->fd < 0;
}

uint64_t wi_part_bytes(const struct wi_partial *part)
{
    return part->hashed;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void hash_bytes(struct wi_partial *part, const void *bytes, size_t size)
{
    wi_hasher_add(part->hasher, bytes, size);
    part->hashed += size;
}

static int write_all(const struct wi_partial *part, uint64_t at, const char *bytes, size_t size)
{
    size_t written = 0;
    while (written < size) {
        ssize_t n = pwrite(part->fd, bytes + written, size - written, (off_t)(at + written));
        if (n < 0 && errno != EINTR)
            return -1;
        written += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* So that the sync at the end finds little left to do. More often would cost: each call may wait
 * for the disk's queue, and the hash with it. */
static void send_early(struct wi_partial *part, size_t size)
{
    part->unsent += size;
    if (part->unsent < EARLY_BYTES)
        return;
    part->unsent = 0;
    sync_file_range(part->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* Hashed first: that fetches the bytes from the core that received them while it computes, and the
 * kernel's copy finds them near. */
enum wi_code wi_part_add(
    struct wi_partial *part, const void *bytes, size_t size, struct wi_error *error)
{
    uint64_t at = part->hashed;
    assert(part->fd >= 0 && !part->named && at == part->there && size <= part->file.bytes - at);
    hash_bytes(part, bytes, size);
    part->there = part->hashed;
    if (write_all(part, at, bytes, size) != 0) {
        enum wi_code code = fail(part, "written", errno, error);
        return ftruncate(part->fd, (off_t)at) == 0 ? code : error->code; /* for the next time */
    }
    send_early(part, size);
    return WI_OK;
}

enum wi_code wi_part_begin_anew(struct wi_partial *part, struct wi_error *error)
{
    if (unlinkat(part->folder, part->path, 0) != 0 && errno != ENOENT)
        return fail(part, "removed", errno, error);
    return open_part(part, O_EXCL, error);
}

/* --- the end ---------------------------------------------------------------------------------- */

static int has_hash(struct wi_partial *part, char hex[WI_HASH_HEX_SIZE])
{
    wi_hasher_end(part->hasher, hex);
    return strcmp(hex, part->file.hash) == 0;
}

/* What a clone without Git LFS leaves in the place of a large file. */
static int is_pointer(const struct wi_partial *part)
{
    unsigned char head[WI_GUESS_BYTES];
    return part->file.bytes < 1024 &&
           pread(part->fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
           wi_guess_is_pointer(head, sizeof head);
}

static enum wi_code verify(struct wi_partial *part, struct wi_error *error)
{
    char hex[WI_HASH_HEX_SIZE];
    struct wi_error ignored;
    if (!has_hash(part, hex))
        wi_error_set(error, WI_DOWNLOAD_CORRUPT, "",
            "%.200s arrived with the hash %.64s instead of %s", part->file.path, hex,
            part->file.hash);
    else if (is_pointer(part))
        wi_error_set(error, WI_DOWNLOAD_CORRUPT, "",
            "%.200s is not there on the hub, only a pointer of Git LFS in its place: it was copied "
            "without \"git lfs pull\"",
            part->file.path);
    else
        return WI_OK;
    return wi_part_begin_anew(part, &ignored) == WI_OK ? WI_DOWNLOAD_CORRUPT
                                                       : (*error = ignored).code;
}

/* The name must be on disk no earlier than the bytes. That it gets there is not worth a wait for
 * each file: without it the file is looked at once more. Bytes that cannot get there go: the kernel
 * says so once, and the next time they would be read back from its memory and synced without
 * success. */
static int publish(struct wi_partial *part)
{
    if (fsync(part->fd) != 0) {
        int number = errno;
        unlinkat(part->folder, part->path, 0);
        errno = number;
        return -1;
    }
    return renameat(part->folder, part->path, part->folder, part->file.path);
}

enum wi_code wi_part_finish(struct wi_partial *part, struct wi_error *error)
{
    assert(!part->named && part->hashed == part->file.bytes);
    enum wi_code code = verify(part, error);
    if (code != WI_OK)
        return code;
    if (publish(part) != 0)
        return fail(part, "kept", errno, error);
    close_bytes(part);
    return WI_OK;
}

/* --- what was there --------------------------------------------------------------------------- */

/* All of the file with the name was read: it is the one that is wanted, or of another commit. */
static int judge_named(struct wi_partial *part, struct wi_error *error)
{
    char hex[WI_HASH_HEX_SIZE];
    if (has_hash(part, hex)) {
        close_bytes(part);
        return 0;
    }
    unlinkat(part->folder, part->file.path, 0);
    if (open_part(part, 0, error) != WI_OK)
        return -1;
    return part->there > 0;
}

int wi_part_read_back(struct wi_partial *part, uint64_t most, struct wi_error *error)
{
    uint64_t stop = part->there - part->hashed > most ? part->hashed + most : part->there;
    char *bytes = part->hashed < stop ? wi_alloc(READ_BYTES) : NULL;
    while (part->hashed < stop) {
        uint64_t left = stop - part->hashed;
        ssize_t n =
            pread(part->fd, bytes, left < READ_BYTES ? left : READ_BYTES, (off_t)part->hashed);
        if (n <= 0) {
            free(bytes);
            fail(part, "read", n < 0 ? errno : EIO, error);
            return -1;
        }
        hash_bytes(part, bytes, (size_t)n);
    }
    free(bytes);
    if (part->hashed < part->there)
        return 1;
    return part->named ? judge_named(part, error) : 0;
}
