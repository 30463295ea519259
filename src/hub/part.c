/* The bytes of one file on disk. What PATH.ranges says is believed only until the hash is known. */
#include "hub/part.h"

#include "base/memory.h"
#include "hub/record.h"
#include "model/open.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (1u << 20)
#define EARLY_BYTES (8u << 20) /* are sent on their way to the disk together, before the end */
#define POINTER "version https://git-lfs.github.com/spec/v1"

struct wi_part {
    int folder; /* borrowed */
    int fd;     /* of PATH.part; -1 when it is done */
    struct wi_hub_file file;
    char *part_path, *ranges_path;
    struct wi_ranges there;
    EVP_MD_CTX *hash; /* NULL: nothing is hashed yet */
    uint64_t hashed;
    uint64_t unsent; /* bytes written since the last were sent on their way */
};

static enum wi_code fail(
    const struct wi_part *part, const char *verb, int number, struct wi_error *error)
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
static int make_folders(const struct wi_part *part)
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

static int load_ranges(struct wi_part *part)
{
    return wi_record_load(part->folder, part->ranges_path, &part->file, &part->there);
}

/* A file of another commit may lie there under the same path and be as long. 1 if it is this one,
 * else 0, with that gone; -1 with errno if nobody can say now. */
static int is_whole(struct wi_part *part)
{
    struct stat status;
    int known = 0;
    if (fstatat(part->folder, part->file.path, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    if (S_ISREG(status.st_mode) && (uint64_t)status.st_size == part->file.bytes)
        known = load_ranges(part);
    if (known < 0)
        return -1;
    if (known && wi_ranges_bytes(&part->there) == part->file.bytes)
        return 1;
    wi_ranges_clear(&part->there);
    unlinkat(part->folder, part->file.path, 0);
    return 0;
}

/* A file system that cannot reserve room says so when there is none left. */
static enum wi_code open_bytes(struct wi_part *part, struct wi_error *error)
{
    struct stat status;
    part->fd =
        openat(part->folder, part->part_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (part->fd < 0 || fstat(part->fd, &status) != 0)
        return fail(part, "made", errno, error);
    int known = (uint64_t)status.st_size == part->file.bytes ? load_ranges(part) : 0;
    if (known < 0)
        return fail(part, "looked at", errno, error);
    if ((uint64_t)status.st_size != part->file.bytes &&
        ftruncate(part->fd, (off_t)part->file.bytes) != 0)
        return fail(part, "made", errno, error);
    if (part->file.bytes > 0 && fallocate(part->fd, 0, 0, (off_t)part->file.bytes) != 0 &&
        errno != EOPNOTSUPP && errno != ENOSYS)
        return fail(part, "made", errno, error);
    return WI_OK;
}

static void free_part(struct wi_part *part)
{
    if (part->fd >= 0)
        close(part->fd);
    EVP_MD_CTX_free(part->hash);
    wi_ranges_clear(&part->there);
    free(part->part_path);
    free(part->ranges_path);
    free(part->file.path);
    free(part);
}

struct wi_part *wi_part_open(int folder_fd, const struct wi_hub_file *file, struct wi_error *error)
{
    struct wi_part *part = wi_alloc(sizeof *part);
    part->folder = folder_fd;
    part->fd = -1;
    part->file = *file;
    part->file.path = wi_strdup(file->path);
    part->file.remote = NULL;
    part->part_path = wi_sprintf("%s.part", file->path);
    part->ranges_path = wi_sprintf("%s.ranges", file->path);
    int whole = is_whole(part);
    if (whole > 0)
        return part;
    enum wi_code code = WI_OK;
    if (whole < 0)
        code = fail(part, "looked at", errno, error);
    else if (make_folders(part) != 0)
        code = fail(part, "made", errno, error);
    else
        code = open_bytes(part, error);
    if (code == WI_OK)
        return part;
    free_part(part);
    return NULL;
}

int wi_part_is_done(const struct wi_part *part)
{
    return part->fd < 0;
}

const struct wi_ranges *wi_part_ranges(const struct wi_part *part)
{
    return &part->there;
}

void wi_part_save(struct wi_part *part)
{
    if (part->fd >= 0)
        wi_record_save(part->folder, part->ranges_path, &part->file, &part->there);
}

void wi_part_close(struct wi_part *part)
{
    if (part == NULL)
        return;
    if (part->fd >= 0 && part->there.count == 0) {
        unlinkat(part->folder, part->part_path, 0);
        unlinkat(part->folder, part->ranges_path, 0);
    } else {
        wi_part_save(part);
    }
    free_part(part);
}

/* --- bytes ------------------------------------------------------------------------------------ */

/* git hashes "blob LENGTH", a NUL and the content. */
static void begin_hash(struct wi_part *part)
{
    int sha1 = part->file.digest == WI_HUB_GIT_SHA1;
    char head[64];
    part->hash = EVP_MD_CTX_new();
    part->hashed = 0;
    EVP_DigestInit_ex(part->hash, sha1 ? EVP_sha1() : EVP_sha256(), NULL);
    if (sha1) {
        int length = snprintf(head, sizeof head, "blob %" PRIu64, part->file.bytes);
        EVP_DigestUpdate(part->hash, head, (size_t)length + 1);
    }
}

static void hash_bytes(struct wi_part *part, const void *bytes, size_t size)
{
    if (part->hash == NULL)
        begin_hash(part);
    EVP_DigestUpdate(part->hash, bytes, size);
    part->hashed += size;
}

static int write_all(const struct wi_part *part, uint64_t at, const char *bytes, size_t size)
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
static void send_early(struct wi_part *part, size_t size)
{
    part->unsent += size;
    if (part->unsent < EARLY_BYTES)
        return;
    part->unsent = 0;
    sync_file_range(part->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* Hashed first: that fetches the bytes from the core that received them while it computes, and the
 * kernel's copy finds them near. */
enum wi_code wi_part_write(
    struct wi_part *part, uint64_t at, const void *bytes, size_t size, struct wi_error *error)
{
    if (at == part->hashed)
        hash_bytes(part, bytes, size);
    if (write_all(part, at, bytes, size) != 0)
        return fail(part, "written", errno, error);
    send_early(part, size);
    wi_ranges_add(&part->there, at, at + size);
    return WI_OK;
}

int wi_part_catch_up(struct wi_part *part, uint64_t most, struct wi_error *error)
{
    uint64_t reach = wi_ranges_reach(&part->there, part->hashed);
    uint64_t stop = reach - part->hashed > most ? part->hashed + most : reach;
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
    return part->hashed < reach;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* What a clone without Git LFS leaves in the place of a large file. */
static int is_pointer(const struct wi_part *part)
{
    char text[sizeof POINTER - 1];
    return part->file.bytes < 1024 &&
           pread(part->fd, text, sizeof text, 0) == (ssize_t)sizeof text &&
           memcmp(text, POINTER, sizeof text) == 0;
}

static void begin_anew(struct wi_part *part)
{
    wi_ranges_clear(&part->there);
    EVP_MD_CTX_free(part->hash);
    part->hash = NULL;
    part->hashed = 0;
    wi_part_save(part);
}

static enum wi_code verify(struct wi_part *part, struct wi_error *error)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned size = 0;
    if (part->hash == NULL)
        begin_hash(part);
    EVP_DigestFinal_ex(part->hash, digest, &size);
    for (unsigned i = 0; i < size; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (strcmp(hex, part->file.hash) != 0)
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
    begin_anew(part);
    return WI_DOWNLOAD_CORRUPT;
}

/* The name must be on disk no earlier than the bytes. That it gets there is not worth a wait for
 * each file: without it the file is looked at once more. */
static int publish(struct wi_part *part)
{
    wi_part_save(part);
    if (fsync(part->fd) != 0)
        return -1;
    return renameat(part->folder, part->part_path, part->folder, part->file.path);
}

enum wi_code wi_part_finish(struct wi_part *part, struct wi_error *error)
{
    enum wi_code code = verify(part, error);
    if (code != WI_OK)
        return code;
    if (publish(part) != 0) {
        code = fail(part, "kept", errno, error);
        begin_anew(part);
        return code;
    }
    close(part->fd);
    part->fd = -1;
    return WI_OK;
}
