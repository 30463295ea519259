/*
 * The head of a file of leaves: "wileaves", the number 1 in 8 bytes, the file's length in 8 bytes,
 * both little-endian, and a SHA-256 over that, the file's SHA-256 and its leaves. So a file that
 * was cut, changed or renamed is detected before it is used.
 */
#include "models/share/blockstore/leaves.h"

#include "base/buffer.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/memory.h"
#include "models/catalog/library/blobs.h"
#include "models/catalog/library/store_path.h"
#include "models/share/blockstore/keep.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)256 * 1024)
#define PREFIX "sha256-"
#define NAME_SIZE (sizeof PREFIX + 2 * WI_HASH_SIZE)
#define LEAD_SIZE 24 /* of the head without its hash */
#define HEAD_SIZE (LEAD_SIZE + WI_HASH_SIZE)

/* --- computing -------------------------------------------------------------------------------- */

/* The two hashes of a file that are computed side by side. */
struct pass {
    struct wi_hasher *whole;
    struct wi_leaf_hasher *leaves;
    atomic_int *stop;
    atomic_ullong *done;
};

/* 0 where all `bytes` were read, or -1 with errno. */
static int read_through(const struct pass *pass, int fd, uint64_t bytes)
{
    unsigned char *chunk = wi_alloc(CHUNK);
    uint64_t at = 0;
    int why = 0;
    while (at < bytes && why == 0) {
        size_t size = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;
        ssize_t n = pread(fd, chunk, size, (off_t)at);
        if (n <= 0) {
            why = n < 0 ? errno : -1;
        } else {
            wi_hasher_add(pass->whole, chunk, (size_t)n);
            wi_leaf_hasher_add(pass->leaves, chunk, (size_t)n);
            at += (uint64_t)n;
            if (pass->done)
                atomic_fetch_add(pass->done, (unsigned long long)n);
            if (pass->stop && atomic_load(pass->stop))
                why = ECANCELED;
        }
    }
    free(chunk);
    errno = why == -1 ? 0 : why;
    return why ? -1 : 0;
}

int wi_leaves_compute(int fd, uint64_t bytes, atomic_int *stop, atomic_ullong *done,
    struct wi_leaves *leaves, char sha256[WI_HASH_HEX_SIZE])
{
    const struct pass pass = {wi_hasher_new(WI_SHA256), wi_leaf_hasher_new(), stop, done};
    int result = read_through(&pass, fd, bytes), why = errno;
    if (result == 0) {
        wi_hasher_end(pass.whole, sha256);
        wi_leaf_hasher_end(pass.leaves, leaves);
    }
    wi_hasher_free(pass.whole);
    wi_leaf_hasher_free(pass.leaves);
    errno = why;
    return result;
}

/* --- the file --------------------------------------------------------------------------------- */

static void head_put_number(unsigned char *to, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(number >> (8 * i));
}

/* `hashes` of `count` leaves are not copied. */
static void make_head(const char *sha256, uint64_t bytes, const unsigned char *hashes, size_t count,
    unsigned char head[HEAD_SIZE])
{
    struct wi_hasher *hasher = wi_hasher_new(WI_SHA256);
    char hex[WI_HASH_HEX_SIZE];
    memcpy(head, "wileaves", 8);
    head_put_number(head + 8, 1);
    head_put_number(head + 16, bytes);
    wi_hasher_add(hasher, head, LEAD_SIZE);
    wi_hasher_add(hasher, sha256, 2 * WI_HASH_SIZE);
    wi_hasher_add(hasher, hashes, count * WI_HASH_SIZE);
    wi_hasher_end(hasher, hex);
    wi_hasher_free(hasher);
    wi_hash_from_hex(hex, head + LEAD_SIZE);
}

static void blob_make_name(const char *sha256, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, PREFIX "%s", sha256);
}

/* An empty file has one. */
static uint64_t leaves_of(uint64_t bytes)
{
    return bytes ? (bytes - 1) / WI_LEAF_BYTES + 1 : 1;
}

static int is_whole(const char *sha256, uint64_t bytes, const unsigned char *text, size_t size)
{
    unsigned char head[HEAD_SIZE];
    if (size < HEAD_SIZE || (size - HEAD_SIZE) % WI_HASH_SIZE != 0 ||
        (size - HEAD_SIZE) / WI_HASH_SIZE != leaves_of(bytes))
        return 0;
    make_head(sha256, bytes, text + HEAD_SIZE, (size - HEAD_SIZE) / WI_HASH_SIZE, head);
    return memcmp(head, text, HEAD_SIZE) == 0;
}

int wi_leaves_read(int folder, const char *sha256, uint64_t bytes, struct wi_leaves *leaves)
{
    char name[NAME_SIZE];
    size_t size;
    if (folder < 0 || leaves_of(bytes) > (SIZE_MAX - HEAD_SIZE) / WI_HASH_SIZE)
        return -1;
    blob_make_name(sha256, name);
    char *text =
        wi_path_read(folder, name, HEAD_SIZE + (size_t)leaves_of(bytes) * WI_HASH_SIZE, &size);
    if (!text && errno == ENOENT)
        return -1;
    int whole = text && is_whole(sha256, bytes, (const unsigned char *)text, size);
    if (whole) {
        leaves->count = (size_t)leaves_of(bytes);
        leaves->bytes = bytes;
        leaves->hashes = wi_realloc_array(NULL, leaves->count, WI_HASH_SIZE);
        memcpy(leaves->hashes, text + HEAD_SIZE, leaves->count * WI_HASH_SIZE);
    } else {
        wi_warn("content", NULL, "%s is no list of the leaves of %llu bytes and is not used", name,
            (unsigned long long)bytes);
    }
    free(text);
    return whole ? 0 : -1;
}

int wi_leaves_write(int folder, const char *sha256, const struct wi_leaves *leaves)
{
    unsigned char head[HEAD_SIZE];
    char name[NAME_SIZE], temporary[WI_ID_SIZE];
    struct wi_buffer text = {0};
    make_head(sha256, leaves->bytes, leaves->hashes[0], leaves->count, head);
    wi_buffer_add(&text, head, sizeof head);
    wi_buffer_add(&text, leaves->hashes, leaves->count * WI_HASH_SIZE);
    blob_make_name(sha256, name);
    int result = wi_keep_stage(folder, text.text, text.size, temporary);
    if (result == 0)
        result = wi_keep_commit(folder, temporary, name);
    if (result == 0)
        result = fsync(folder);
    wi_buffer_clear(&text);
    return result;
}

int wi_leaves_keep(
    const char *directory, const char *sha256, const struct wi_leaves *leaves, time_t until)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = until}};
    char name[NAME_SIZE];
    int folder = wi_keep_open(directory, WI_KEEP_LEAVES, 1);
    int result = folder < 0 ? -1 : wi_leaves_write(folder, sha256, leaves);
    blob_make_name(sha256, name);
    if (result == 0 && until)
        result = utimensat(folder, name, times, 0);
    wi_close(folder);
    return result;
}

/* The file of that name in the open folder (-1: there is none), which is closed. */
static int folder_open_file(int folder, const char *sha256)
{
    char name[NAME_SIZE];
    blob_make_name(sha256, name);
    int fd = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    wi_close(folder);
    return fd;
}

int wi_leaves_open(const char *directory, const char *sha256, uint64_t bytes, uint64_t *size)
{
    struct stat status;
    int fd = folder_open_file(wi_keep_open(directory, WI_KEEP_LEAVES, 0), sha256);
    *size = HEAD_SIZE + leaves_of(bytes) * WI_HASH_SIZE;
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        (uint64_t)status.st_size == *size)
        return fd;
    wi_close(fd);
    return -1;
}

/* --- whose they are --------------------------------------------------------------------------- */

struct each {
    wi_leaves_take_fn *take;
    void *context;
    int blobs;
};

/* Whether that is the name of leaves. */
static int is_ours(const char *name, const struct stat *status)
{
    return strlen(name) == NAME_SIZE - 1 && strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
           S_ISREG(status->st_mode);
}

/* 1 and its length if there is a blob, which is called as its leaves are; else 0. */
static int find_blob(int blobs, const char *name, uint64_t *bytes)
{
    struct stat status;
    if (blobs < 0 || fstatat(blobs, name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode))
        return 0;
    *bytes = (uint64_t)status.st_size;
    return 1;
}

static int take_one(void *context, int folder, const char *name, const struct stat *status)
{
    const struct each *each = context;
    const char *sha256 = name + strlen(PREFIX);
    struct wi_leaves leaves = {0};
    uint64_t bytes;
    int ends = 0;
    if (is_ours(name, status) && find_blob(each->blobs, name, &bytes) &&
        wi_leaves_read(folder, sha256, bytes, &leaves) == 0)
        ends = each->take(each->context, sha256, &leaves);
    wi_leaves_clear(&leaves);
    return ends;
}

static int open_blobs(const char *directory)
{
    int store = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int blobs = store < 0 ? -1 : wi_path_open(store, WI_STORE_BLOBS);
    wi_close(store);
    return blobs;
}

void wi_leaves_each(const char *directory, wi_leaves_take_fn *take, void *context)
{
    struct each each = {take, context, open_blobs(directory)};
    int folder = each.blobs < 0 ? -1 : wi_keep_open(directory, WI_KEEP_LEAVES, 0);
    if (folder >= 0)
        wi_path_each(folder, take_one, &each);
    wi_close(folder);
    wi_close(each.blobs);
}

int wi_leaves_open_file(const char *directory, const char *sha256)
{
    return folder_open_file(open_blobs(directory), sha256);
}

/* --- files that are no longer needed ---------------------------------------------------------- */

struct sweep {
    wi_leaves_wanted_fn *is_wanted;
    const void *context;
    int blobs, nobody_writes;
};

static int sweep_one(void *context, int folder, const char *name, const struct stat *status)
{
    const struct sweep *sweep = context;
    uint64_t bytes;
    int goes = is_ours(name, status) && status->st_mtim.tv_sec <= time(NULL) &&
               !find_blob(sweep->blobs, name, &bytes) &&
               !sweep->is_wanted(sweep->context, name + strlen(PREFIX));
    if (goes || (sweep->nobody_writes && wi_keep_is_temporary(name)))
        unlinkat(folder, name, 0);
    return 0;
}

void wi_leaves_sweep(
    const char *directory, int nobody_writes, wi_leaves_wanted_fn *is_wanted, const void *context)
{
    struct sweep sweep = {is_wanted, context, open_blobs(directory), nobody_writes};
    int folder = wi_keep_open(directory, WI_KEEP_LEAVES, 0);
    if (folder >= 0)
        wi_path_each(folder, sweep_one, &sweep);
    wi_close(folder);
    wi_close(sweep.blobs);
}
