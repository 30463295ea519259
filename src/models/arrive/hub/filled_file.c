/*
 * A file that is filled in any order, or from its first byte on. The hash of the whole file is
 * computed from the first byte on: bytes that arrive in order are hashed from memory, and bytes
 * that were skipped are read back by the thread that closes the gap. Only one thread at a time
 * hashes, and it holds no lock meanwhile.
 */
#include "models/arrive/hub/filled_file.h"

#include "base/descriptors.h"
#include "base/memory.h"
#include "models/arrive/hub/part_place.h"
#include "terms/model/view.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (1u << 20)
#define CATCH_UP (UINT64_C(4) << 20) /* bytes that are read back for one leaf that has come */

/* A stretch between leaves; while those are not known, one that has come. */
struct gap {
    uint64_t at, size, got;
};

struct wi_filled {
    struct wi_part_place place;  /* of no file when it is done */
    struct wi_filled_plan plan;  /* without its texts */
    char must[WI_HASH_HEX_SIZE]; /* its hash; "": not known */
    uint64_t found;              /* bytes of the opening that may count */
    struct gap *gaps;            /* in the order of the file */
    size_t gap_count;
    size_t looked; /* leaves read back; all of them, before others may come */
    struct wi_hasher *hasher;
    struct wi_leaf_hasher *tree; /* NULL: its leaves are not computed */
    char hex[WI_HASH_HEX_SIZE];  /* once it is done */
    pthread_mutex_t lock;        /* over what follows */
    unsigned char *there;        /* by leaf */
    uint64_t bytes;              /* that are there */
    uint64_t hashed;             /* from the first one on */
    size_t next_leaf, next_gap;  /* the first that are not hashed whole */
    int hashing;                 /* a thread is at it */
    int empty;                   /* nothing of it is left */
};

/* --- what is there ---------------------------------------------------------------------------- */

static const struct wi_leaf *leaf_at(const struct wi_filled *file, size_t index)
{
    return &file->plan.leaves[index];
}

static void note_leaf(struct wi_filled *file, size_t index)
{
    file->there[index] = 1;
    file->bytes += leaf_at(file, index)->bytes;
}

/* Up to where the bytes behind those that were hashed are there: the end of the leaf or gap in
 * which they lie; 0 if they are not, or if all were hashed. */
static uint64_t ready_until(struct wi_filled *file)
{
    const struct wi_leaf *leaf =
        file->next_leaf < file->plan.count ? leaf_at(file, file->next_leaf) : NULL;
    const struct gap *gap = file->next_gap < file->gap_count ? &file->gaps[file->next_gap] : NULL;
    if (leaf && leaf->at <= file->hashed)
        return file->there[file->next_leaf] ? leaf->at + leaf->bytes : 0;
    return gap && gap->got == gap->size ? gap->at + gap->size : 0;
}

static int is_hashed(const struct wi_filled *file, uint64_t at, uint64_t size)
{
    return at + size <= file->hashed;
}

/* Passes over what has been hashed whole, and over leaves of no bytes. */
static void file_pass(struct wi_filled *file)
{
    const struct wi_leaf *leaves = file->plan.leaves;
    size_t leaf = file->next_leaf, gap = file->next_gap;
    while (leaf < file->plan.count && is_hashed(file, leaves[leaf].at, leaves[leaf].bytes))
        leaf++;
    while (gap < file->gap_count && is_hashed(file, file->gaps[gap].at, file->gaps[gap].size))
        gap++;
    file->next_leaf = leaf;
    file->next_gap = gap;
}

/* --- hashed in order -------------------------------------------------------------------------- */

/* git hashes "blob LENGTH", a NUL and the content. */
static void begin_hash(struct wi_filled *file)
{
    int is_git = file->plan.digest == WI_HUB_GIT_SHA1;
    char head[64];
    wi_hasher_free(file->hasher);
    file->hasher = wi_hasher_new(is_git ? WI_SHA1 : WI_SHA256);
    if (file->tree)
        wi_filled_compute_leaves(file);
    if (is_git) {
        int length = snprintf(head, sizeof head, "blob %" PRIu64, file->plan.bytes);
        wi_hasher_add(file->hasher, head, (size_t)length + 1);
    }
}

static void hash_bytes(struct wi_filled *file, const void *bytes, size_t size)
{
    wi_hasher_add(file->hasher, bytes, size);
    if (file->tree)
        wi_leaf_hasher_add(file->tree, bytes, size);
}

/* Of one that was hashed to its end. */
static int has_hash(struct wi_filled *file)
{
    wi_hasher_end(file->hasher, file->hex);
    return !*file->must || strcmp(file->hex, file->must) == 0;
}

static int hash_stretch(struct wi_filled *file, uint64_t at, uint64_t until)
{
    unsigned char *bytes = wi_realloc_array(NULL, READ_BYTES, 1);
    int result = 0;
    while (at < until && result == 0) {
        size_t size = until - at < READ_BYTES ? (size_t)(until - at) : READ_BYTES;
        ssize_t n = pread(file->place.fd, bytes, size, (off_t)at);
        if (n > 0)
            hash_bytes(file, bytes, (size_t)n);
        else if (n == 0 || errno != EINTR)
            result = n < 0 ? errno : EIO;
        at += n > 0 ? (uint64_t)n : 0;
    }
    free(bytes);
    return result;
}

/* With the lock, and `hashing` set by the caller: reads back and hashes about `most` bytes of those
 * that are there in order. 0, or what went wrong. */
static int catch_up(struct wi_filled *file, uint64_t most)
{
    uint64_t until, done = 0;
    int result = 0;
    while (result == 0 && done < most && (until = ready_until(file)) > 0) {
        uint64_t from = file->hashed, left = most - done;
        until = until - from < left ? until : from + left;
        pthread_mutex_unlock(&file->lock);
        result = hash_stretch(file, from, until);
        pthread_mutex_lock(&file->lock);
        done += until - from;
        file->hashed = until;
        file_pass(file);
    }
    return result;
}

/* With the lock: the leaf is there now, and its bytes are at hand. */
static int hash_leaf(struct wi_filled *file, size_t index, const void *bytes)
{
    const struct wi_leaf *leaf = leaf_at(file, index);
    int result = 0;
    if (file->hashing)
        return 0;
    file->hashing = 1;
    if (file->hashed == leaf->at) {
        pthread_mutex_unlock(&file->lock);
        wi_hasher_add(file->hasher, bytes, leaf->bytes);
        pthread_mutex_lock(&file->lock);
        file->hashed += leaf->bytes;
        file_pass(file);
    }
    result = catch_up(file, CATCH_UP);
    file->hashing = 0;
    return result;
}

/* --- opening ---------------------------------------------------------------------------------- */

static void add_gap(struct wi_filled *file, uint64_t at, uint64_t until)
{
    if (at >= until)
        return;
    *WI_APPEND(file->gaps, file->gap_count) = (struct gap){.at = at, .size = until - at};
}

static void find_gaps(struct wi_filled *file)
{
    uint64_t at = 0;
    for (size_t i = 0; i < file->plan.count; i++) {
        add_gap(file, at, leaf_at(file, i)->at);
        at = leaf_at(file, i)->at + leaf_at(file, i)->bytes;
    }
    add_gap(file, at, file->plan.bytes);
}

/* One that has a name may be any file, which others have as well: only what is ours alone is gone
 * on with. */
static enum wi_code take_name(struct wi_filled *file, struct wi_error *error)
{
    struct wi_part_place *place = &file->place;
    struct stat status;
    int own = fstat(place->fd, &status) == 0 && status.st_nlink == 1;
    wi_part_place_close(place);
    if (own ? renameat(place->folder, place->path, place->folder, place->part) != 0
            : unlinkat(place->folder, place->path, 0) != 0)
        return wi_part_place_fail(place, "made", errno, error);
    return wi_part_place_open_part(place, error);
}

static void free_file(struct wi_filled *file)
{
    wi_part_place_clear(&file->place);
    wi_hasher_free(file->hasher);
    wi_leaf_hasher_free(file->tree);
    pthread_mutex_destroy(&file->lock);
    free(file->gaps);
    free(file->there);
    free(file);
}

/* Nothing is known of what was opened. In order, the bytes of a part behind its first gap do not
 * count. */
static enum wi_code file_begin(struct wi_filled *file, struct wi_error *error)
{
    struct wi_part_place *place = &file->place;
    begin_hash(file);
    file->hashed = file->bytes = 0;
    file->looked = file->next_leaf = file->next_gap = 0;
    memset(file->there, 0, file->plan.count);
    if (place->size > file->plan.bytes && wi_part_place_begin_anew(place, error) != WI_OK)
        return error->code;
    file->found =
        file->plan.in_order && !place->named ? wi_part_place_gathered(place) : place->size;
    return WI_OK;
}

struct wi_filled *wi_filled_open(
    int folder_fd, const struct wi_filled_plan *plan, struct wi_error *error)
{
    struct wi_filled *file = wi_alloc(sizeof *file);
    char digits[WI_HASH_HEX_SIZE];
    wi_hash_hex(plan->cid.hash, digits);
    wi_part_place_init(
        &file->place, folder_fd, plan->path, plan->bytes, plan->hash ? plan->hash : digits);
    file->plan = *plan;
    file->plan.path = NULL;
    file->plan.hash = NULL;
    snprintf(file->must, sizeof file->must, "%s", plan->hash ? plan->hash : "");
    file->there = wi_alloc(plan->count + 1);
    pthread_mutex_init(&file->lock, NULL);
    if (!plan->unknown)
        find_gaps(file);
    enum wi_code code = wi_part_place_open(&file->place, error);
    if (code == WI_OK && plan->unknown && file->place.named)
        code = take_name(file, error);
    if (code == WI_OK && file_begin(file, error) == WI_OK)
        return file;
    free_file(file);
    return NULL;
}

struct wi_filled *wi_filled_open_row(
    int folder_fd, const struct wi_hub_file *row, struct wi_error *error)
{
    const struct wi_filled_plan plan = {.path = row->path,
        .bytes = row->bytes,
        .hash = row->hash,
        .digest = row->digest,
        .in_order = 1};
    return wi_filled_open(folder_fd, &plan, error);
}

enum wi_code wi_filled_begin_anew(struct wi_filled *file, struct wi_error *error)
{
    enum wi_code code = wi_part_place_begin_anew(&file->place, error);
    return code == WI_OK ? file_begin(file, error) : code;
}

void wi_filled_leave(struct wi_filled *file)
{
    const struct wi_part_place *place = &file->place;
    if (place->fd >= 0 && !place->named && !file->plan.unknown && file->looked == file->plan.count)
        file->empty = ftruncate(place->fd, (off_t)file->hashed) == 0 && file->hashed == 0;
}

void wi_filled_close(struct wi_filled *file)
{
    if (file == NULL)
        return;
    const struct wi_part_place *place = &file->place;
    int is_empty = file->empty || (file->bytes == 0 && file->found == 0);
    if (place->fd >= 0 && !place->named && is_empty)
        unlinkat(place->folder, place->part, 0);
    free_file(file);
}

static struct gap *find_gap(struct wi_filled *file, uint64_t at);

void wi_filled_know(struct wi_filled *file, const struct wi_leaf *leaves, size_t count)
{
    struct gap *came = WI_TAKE(file->gaps);
    size_t came_count = WI_TAKE(file->gap_count);
    assert(file->plan.unknown);
    file->plan.unknown = 0;
    file->plan.leaves = leaves;
    file->plan.count = count;
    free(file->there);
    file->there = wi_alloc(count + 1);
    find_gaps(file);
    for (size_t i = 0; i < came_count; i++)
        find_gap(file, came[i].at)->got += came[i].size;
    free(came);
}

/* --- what was there --------------------------------------------------------------------------- */

/* 1 if the file has the leaf's bytes, which are in `bytes` then; 0 if not; -1 with errno. */
static int read_leaf(const struct wi_filled *file, const struct wi_leaf *leaf, void *bytes)
{
    if (leaf->at + leaf->bytes > file->place.size)
        return 0;
    if (leaf->bytes > 0 && lseek(file->place.fd, (off_t)leaf->at, SEEK_DATA) != (off_t)leaf->at)
        return 0; /* nothing was ever written there */
    ssize_t got = wi_read_all(file->place.fd, bytes, leaf->bytes, leaf->at);
    return got < 0 ? -1 : got == (ssize_t)leaf->bytes;
}

/* Looks at the next leaf. 0, or -1 with errno. */
static int leaf_look(struct wi_filled *file, void *bytes)
{
    const struct wi_leaf *leaf = leaf_at(file, file->looked);
    int found = read_leaf(file, leaf, bytes);
    struct wi_cid cid;
    if (found < 0)
        return -1;
    if (found > 0)
        wi_cid_of(leaf->cid.codec, bytes, leaf->bytes, &cid);
    if (found > 0 && wi_cid_equal(&cid, &leaf->cid)) {
        note_leaf(file, file->looked);
        if (leaf->at == file->hashed) {
            wi_hasher_add(file->hasher, bytes, leaf->bytes);
            file->hashed += leaf->bytes;
            file_pass(file);
        }
    }
    file->looked++;
    return 0;
}

/* All of the file with the name was read: it is the one that is wanted, or another. */
static int judge_named(struct wi_filled *file, struct wi_error *error)
{
    if (file->hashed == file->plan.bytes && has_hash(file)) {
        wi_part_place_close(&file->place);
        return 0;
    }
    unlinkat(file->place.folder, file->place.path, 0);
    if (wi_part_place_open_part(&file->place, error) != WI_OK || file_begin(file, error) != WI_OK)
        return -1;
    return !file->plan.in_order || file->found > 0;
}

/* 0, or what went wrong. */
static int look_at_leaves(struct wi_filled *file, uint64_t most)
{
    uint64_t done = 0;
    void *bytes = wi_realloc_array(NULL, WI_BLOCK_MAX, 1);
    int result = 0;
    while (result == 0 && file->looked < file->plan.count && done < most) {
        done += leaf_at(file, file->looked)->bytes;
        result = leaf_look(file, bytes) == 0 ? 0 : errno;
    }
    free(bytes);
    return result;
}

static int look_in_order(struct wi_filled *file, uint64_t most)
{
    uint64_t left = file->found > file->hashed ? file->found - file->hashed : 0;
    uint64_t until = file->hashed + (left < most ? left : most);
    int result = left > 0 ? hash_stretch(file, file->hashed, until) : 0;
    file->hashed = file->bytes = until;
    return result;
}

int wi_filled_read_back(struct wi_filled *file, uint64_t most, struct wi_error *error)
{
    int in_order = file->plan.in_order;
    int result = in_order ? look_in_order(file, most) : look_at_leaves(file, most);
    if (result != 0) {
        wi_part_place_fail(&file->place, "read", result, error);
        return -1;
    }
    if (in_order ? file->hashed < file->found : file->looked < file->plan.count)
        return 1;
    return file->place.named ? judge_named(file, error) : 0;
}

int wi_filled_is_done(const struct wi_filled *file)
{
    return file->place.fd < 0;
}

int wi_filled_has(struct wi_filled *file, size_t leaf)
{
    pthread_mutex_lock(&file->lock);
    int there = file->there[leaf];
    pthread_mutex_unlock(&file->lock);
    return there;
}

uint64_t wi_filled_bytes(struct wi_filled *file)
{
    pthread_mutex_lock(&file->lock);
    uint64_t bytes = file->bytes;
    pthread_mutex_unlock(&file->lock);
    return bytes;
}

/* --- bytes ------------------------------------------------------------------------------------ */

enum wi_code wi_filled_add(
    struct wi_filled *file, size_t leaf, const void *bytes, struct wi_error *error)
{
    const struct wi_leaf *place = leaf_at(file, leaf);
    assert(file->place.fd >= 0 && !file->place.named && file->looked == file->plan.count);
    if (wi_filled_has(file, leaf))
        return WI_OK;
    if (wi_part_place_write(&file->place, place->at, bytes, place->bytes) != 0)
        return wi_part_place_fail(&file->place, "written", errno, error);
    pthread_mutex_lock(&file->lock);
    int result = 0;
    if (!file->there[leaf]) {
        note_leaf(file, leaf);
        result = hash_leaf(file, leaf, bytes);
    }
    pthread_mutex_unlock(&file->lock);
    return result == 0 ? WI_OK : wi_part_place_fail(&file->place, "read", result, error);
}

/* The gap that contains the byte. */
static struct gap *find_gap(struct wi_filled *file, uint64_t at)
{
    size_t low = 0, high = file->gap_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (file->gaps[middle].at + file->gaps[middle].size <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < file->gap_count && file->gaps[low].at <= at ? &file->gaps[low] : NULL;
}

/* With the lock. */
static void note_put(struct wi_filled *file, uint64_t at, size_t size)
{
    struct gap *last = file->gap_count > 0 ? &file->gaps[file->gap_count - 1] : NULL;
    file->bytes += size;
    if (!file->plan.unknown)
        find_gap(file, at)->got += size;
    else if (last && last->at + last->size == at)
        last->size += size;
    else
        add_gap(file, at, at + size);
}

int wi_filled_read(struct wi_filled *file, uint64_t at, void *bytes, size_t size)
{
    const struct wi_leaf stretch = {.at = at, .bytes = (uint32_t)size};
    return file->place.fd >= 0 && at <= file->plan.bytes && read_leaf(file, &stretch, bytes) == 1
               ? 0
               : -1;
}

enum wi_code wi_filled_put(
    struct wi_filled *file, uint64_t at, const void *bytes, size_t size, struct wi_error *error)
{
    assert(file->place.fd >= 0 && !file->place.named && size <= file->plan.bytes - at);
    if (size == 0)
        return WI_OK;
    if (bytes && wi_part_place_write(&file->place, at, bytes, size) != 0)
        return wi_part_place_fail(&file->place, "written", errno, error);
    pthread_mutex_lock(&file->lock);
    note_put(file, at, size);
    pthread_mutex_unlock(&file->lock);
    return WI_OK;
}

/* Hashed first: that fetches the bytes from the core that received them while it computes, and the
 * kernel's copy finds them near. */
enum wi_code wi_filled_append(
    struct wi_filled *file, const void *bytes, size_t size, struct wi_error *error)
{
    uint64_t at = file->hashed;
    assert(file->place.fd >= 0 && !file->place.named && at >= file->found &&
           size <= file->plan.bytes - at);
    hash_bytes(file, bytes, size);
    file->hashed = file->bytes = at + size;
    if (wi_part_place_write(&file->place, at, bytes, size) == 0)
        return WI_OK;
    enum wi_code code = wi_part_place_fail(&file->place, "written", errno, error);
    return ftruncate(file->place.fd, (off_t)at) == 0 ? code : error->code; /* for the next time */
}

void wi_filled_compute_leaves(struct wi_filled *file)
{
    wi_leaf_hasher_free(file->tree);
    file->tree = wi_leaf_hasher_new();
}

void wi_filled_take_leaves(struct wi_filled *file, struct wi_leaves *leaves)
{
    if (file->tree)
        wi_leaf_hasher_end(file->tree, leaves);
}

/* --- the end ---------------------------------------------------------------------------------- */

int wi_filled_hash(struct wi_filled *file, uint64_t most, struct wi_error *error)
{
    pthread_mutex_lock(&file->lock);
    assert(file->bytes == file->plan.bytes && !file->hashing);
    int result = catch_up(file, most);
    int more = file->hashed < file->plan.bytes;
    pthread_mutex_unlock(&file->lock);
    if (result == 0)
        return more;
    wi_part_place_fail(&file->place, "read", result, error);
    return -1;
}

/* What a clone without Git LFS leaves in the place of a large file. */
static int is_pointer(const struct wi_filled *file)
{
    unsigned char head[WI_GUESS_BYTES];
    return file->plan.in_order && file->plan.bytes < 1024 &&
           pread(file->place.fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
           wi_guess_is_pointer(head, sizeof head);
}

static enum wi_code file_verify(struct wi_filled *file, struct wi_error *error)
{
    if (!has_hash(file))
        return wi_error_set(error, WI_DOWNLOAD_CORRUPT, "",
            file->plan.in_order ? "%.200s arrived with the hash %.64s instead of %s"
                                : "%.200s has the SHA-256 %.64s by its leaves instead of %s",
            file->place.path, file->hex, file->must);
    if (is_pointer(file))
        return wi_error_set(error, WI_DOWNLOAD_CORRUPT, "",
            "the hub has only a Git LFS pointer instead of %.200s: the files were copied without "
            "\"git lfs pull\"",
            file->place.path);
    return WI_OK;
}

enum wi_code wi_filled_finish(struct wi_filled *file, struct wi_error *error)
{
    struct wi_error failed;
    assert(!file->place.named && file->hashed == file->plan.bytes);
    if (file_verify(file, error) == WI_OK)
        return wi_part_place_publish(&file->place, error);
    if (!file->plan.in_order)
        unlinkat(file->place.folder, file->place.part, 0);
    else if (wi_filled_begin_anew(file, &failed) != WI_OK)
        *error = failed;
    return error->code;
}

void wi_filled_sha256(const struct wi_filled *file, char hex[WI_HASH_HEX_SIZE])
{
    memcpy(hex, file->hex, WI_HASH_HEX_SIZE);
}
