/* The bytes of one file on disk, hashed in the order in which they are written. */
#include "models/arrive/hub/hub_part.h"

#include "base/hash.h"
#include "base/memory.h"
#include "models/arrive/hub/part_place.h"
#include "terms/model/view.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (1u << 20)

struct wi_partial {
    struct wi_part_place place; /* of no file when it is done */
    struct wi_hub_file file;
    struct wi_hasher *hasher;
    struct wi_leaf_hasher *leaves; /* NULL: they are not wanted */
    uint64_t hashed, there;        /* bytes; all of those that are there once they were read back */
};

/* --- opening ---------------------------------------------------------------------------------- */

/* git hashes "blob LENGTH", a NUL and the content. */
static void begin_hash(struct wi_partial *part)
{
    int sha1 = part->file.digest == WI_HUB_GIT_SHA1;
    char head[64];
    wi_hasher_free(part->hasher);
    part->hasher = wi_hasher_new(sha1 ? WI_SHA1 : WI_SHA256);
    if (part->leaves)
        wi_part_compute_leaves(part);
    part->hashed = 0;
    if (sha1) {
        int length = snprintf(head, sizeof head, "blob %" PRIu64, part->file.bytes);
        wi_hasher_add(part->hasher, head, (size_t)length + 1);
    }
}

/* Begins with what was opened: all of it is to be read back, unless it is too long; of a part only
 * the bytes before the first gap (leaf_file.h). */
static enum wi_code part_begin(struct wi_partial *part, struct wi_error *error)
{
    begin_hash(part);
    if (part->place.size > part->file.bytes)
        return wi_part_begin_anew(part, error);
    part->there = part->place.named ? part->place.size : wi_part_place_gathered(&part->place);
    return WI_OK;
}

static void free_part(struct wi_partial *part)
{
    wi_part_place_clear(&part->place);
    wi_hasher_free(part->hasher);
    wi_leaf_hasher_free(part->leaves);
    free(part);
}

struct wi_partial *wi_part_open(
    int folder_fd, const struct wi_hub_file *file, struct wi_error *error)
{
    struct wi_partial *part = wi_alloc(sizeof *part);
    part->file = *file;
    wi_part_place_init(&part->place, folder_fd, file->path, file->bytes, file->hash);
    part->file.path = part->place.path;
    part->file.remote = NULL;
    if (wi_part_place_open(&part->place, error) == WI_OK && part_begin(part, error) == WI_OK)
        return part;
    free_part(part);
    return NULL;
}

void wi_part_close(struct wi_partial *part)
{
    if (part == NULL)
        return;
    const struct wi_part_place *place = &part->place;
    if (place->fd >= 0 && !place->named && part->hashed == 0 && part->there == 0)
        unlinkat(place->folder, place->part, 0);
    free_part(part);
}

void wi_part_compute_leaves(struct wi_partial *part)
{
    wi_leaf_hasher_free(part->leaves);
    part->leaves = wi_leaf_hasher_new();
}

void wi_part_take_leaves(struct wi_partial *part, struct wi_leaves *leaves)
{
    if (part->leaves)
        wi_leaf_hasher_end(part->leaves, leaves);
}

int wi_part_is_done(const struct wi_partial *part)
{
    return part->place.fd < 0;
}

uint64_t wi_part_bytes(const struct wi_partial *part)
{
    return part->hashed;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static void hash_bytes(struct wi_partial *part, const void *bytes, size_t size)
{
    wi_hasher_add(part->hasher, bytes, size);
    if (part->leaves)
        wi_leaf_hasher_add(part->leaves, bytes, size);
    part->hashed += size;
}

/* Hashed first: that fetches the bytes from the core that received them while it computes, and the
 * kernel's copy finds them near. */
enum wi_code wi_part_add(
    struct wi_partial *part, const void *bytes, size_t size, struct wi_error *error)
{
    uint64_t at = part->hashed;
    assert(part->place.fd >= 0 && !part->place.named && at == part->there &&
           size <= part->file.bytes - at);
    hash_bytes(part, bytes, size);
    part->there = part->hashed;
    if (wi_part_place_write(&part->place, at, bytes, size) != 0) {
        enum wi_code code = wi_part_place_fail(&part->place, "written", errno, error);
        return ftruncate(part->place.fd, (off_t)at) == 0 ? code
                                                         : error->code; /* for the next time */
    }
    if (wi_part_place_is_due(&part->place, size))
        wi_part_place_send(&part->place);
    return WI_OK;
}

enum wi_code wi_part_begin_anew(struct wi_partial *part, struct wi_error *error)
{
    enum wi_code code = wi_part_place_begin_anew(&part->place, error);
    return code == WI_OK ? part_begin(part, error) : code;
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
           pread(part->place.fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
           wi_guess_is_pointer(head, sizeof head);
}

static enum wi_code part_verify(struct wi_partial *part, struct wi_error *error)
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

enum wi_code wi_part_finish(struct wi_partial *part, struct wi_error *error)
{
    assert(!part->place.named && part->hashed == part->file.bytes);
    enum wi_code code = part_verify(part, error);
    return code == WI_OK ? wi_part_place_publish(&part->place, error) : code;
}

/* --- what was there --------------------------------------------------------------------------- */

/* All of the file with the name was read: it is the one that is wanted, or of another commit. */
static int judge_named(struct wi_partial *part, struct wi_error *error)
{
    char hex[WI_HASH_HEX_SIZE];
    if (has_hash(part, hex)) {
        wi_part_place_close(&part->place);
        return 0;
    }
    unlinkat(part->place.folder, part->file.path, 0);
    if (wi_part_place_open_part(&part->place, error) != WI_OK || part_begin(part, error) != WI_OK)
        return -1;
    return part->there > 0;
}

int wi_part_read_back(struct wi_partial *part, uint64_t most, struct wi_error *error)
{
    uint64_t stop = part->there - part->hashed > most ? part->hashed + most : part->there;
    char *bytes = part->hashed < stop ? wi_alloc(READ_BYTES) : NULL;
    while (part->hashed < stop) {
        uint64_t left = stop - part->hashed;
        ssize_t n = pread(
            part->place.fd, bytes, left < READ_BYTES ? left : READ_BYTES, (off_t)part->hashed);
        if (n <= 0) {
            free(bytes);
            wi_part_place_fail(&part->place, "read", n < 0 ? errno : EIO, error);
            return -1;
        }
        hash_bytes(part, bytes, (size_t)n);
    }
    free(bytes);
    if (part->hashed < part->there)
        return 1;
    return part->place.named ? judge_named(part, error) : 0;
}
