/* Who goes when there is no room: what takes room in the store is measured, a sorted list and a sum
 * decide, and what is to go is removed. */
#include "models/catalog/library/quota.h"

#include "base/descriptors.h"
#include "base/table.h"
#include "models/catalog/library/blobs.h"
#include "models/catalog/library/store_path.h"
#include "models/catalog/library/versions.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* --- deciding --------------------------------------------------------------------------------- */

void wi_quota_add(struct wi_quota *quota, const struct wi_quota_row *row)
{
    struct wi_quota_row *own = WI_APPEND(quota->rows, quota->count);
    *own = *row;
    own->name = wi_strdup(row->name);
    own->path = wi_strdup(row->path);
    own->evict = 0;
}

void wi_quota_clear(struct wi_quota *quota)
{
    for (size_t i = 0; i < quota->count; i++) {
        free(quota->rows[i].name);
        free(quota->rows[i].path);
    }
    free(quota->rows);
    *quota = (struct wi_quota){0};
}

static int may_go(const struct wi_quota_row *row)
{
    return row->version > 0 && !row->in_use;
}

/* Earlier versions first, then what neighbours have, then the one that was used longest ago; the
 * name makes it the same every time. */
static int rows_compare(const void *a, const void *b)
{
    const struct wi_quota_row *x = a, *y = b;
    if (may_go(x) != may_go(y))
        return may_go(x) ? -1 : 1;
    if (x->current != y->current)
        return x->current - y->current;
    if (x->elsewhere != y->elsewhere)
        return y->elsewhere - x->elsewhere;
    if (x->used_at != y->used_at)
        return x->used_at < y->used_at ? -1 : 1;
    int names = strcmp(x->name, y->name);
    return names ? names : x->version < y->version ? -1 : x->version > y->version;
}

void wi_quota_sort(struct wi_quota *quota)
{
    if (quota->count > 0)
        qsort(quota->rows, quota->count, sizeof *quota->rows, rows_compare);
}

static enum wi_code too_large(
    uint64_t limit, uint64_t needed, uint64_t total, uint64_t evictable, struct wi_error *error)
{
    uint64_t least = total - evictable + needed;
    return wi_error_set(error, WI_STORAGE_FAILED, "models.quota",
        "the model has %" PRIu64 " bytes, and the store may have %" PRIu64
        " ([models] quota): it has %" PRIu64 ", of which %" PRIu64
        " could go (pulled, and not in use); that is %" PRIu64 " bytes too many",
        needed, limit, total, evictable, least - limit);
}

enum wi_code wi_quota_plan(
    struct wi_quota *quota, uint64_t limit, uint64_t needed, struct wi_error *error)
{
    uint64_t total = 0, evictable = 0;
    for (size_t i = 0; i < quota->count; i++) {
        total += quota->rows[i].bytes;
        evictable += may_go(&quota->rows[i]) ? quota->rows[i].bytes : 0;
    }
    if (limit == 0)
        return WI_OK;
    if (needed > limit || total - evictable > limit - needed)
        return too_large(limit, needed, total, evictable, error);
    wi_quota_sort(quota);
    for (size_t i = 0; total > limit - needed; i++) {
        struct wi_quota_row *row = &quota->rows[i];
        row->evict = 1;
        total -= row->bytes;
    }
    return WI_OK;
}

/* --- measuring -------------------------------------------------------------------------------- */

/* So many entries are looked at; a store of more is counted in part. */
enum { DEPTH_MAX = 8, LOOKS_MAX = 1000000 };

/* A file with several names counts once. */
struct seen {
    uint64_t inode;
    UT_hash_handle hh;
};

struct scan {
    const char *directory, *id;
    const struct wi_versions_use *use;
    struct wi_quota *quota;
    struct seen *seen;
    int store, depth, looks;
    /* Of the last folder that was measured: */
    uint64_t bytes;
    uint64_t own;       /* of them, in files with no other name */
    uint64_t allocated; /* of those, on disk */
};

static uint64_t bytes_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- bytes ------------------------------------------------------------------------------------ */

static int is_seen(struct scan *scan, ino_t inode)
{
    struct seen *seen;
    uint64_t key = inode;
    HASH_FIND(hh, scan->seen, &key, sizeof key, seen);
    if (seen)
        return 1;
    seen = wi_alloc(sizeof *seen);
    seen->inode = key;
    HASH_ADD(hh, scan->seen, inode, sizeof seen->inode, seen);
    return 0;
}

static void scan_add_file(struct scan *scan, const struct stat *status)
{
    if (status->st_nlink > 1 && is_seen(scan, status->st_ino))
        return;
    scan->bytes += (uint64_t)status->st_size;
    if (status->st_nlink > 1)
        return;
    scan->own += (uint64_t)status->st_size;
    scan->allocated += (uint64_t)status->st_blocks * 512; /* by definition, on Linux */
}

static int scan_add_entry(void *context, int folder, const char *name, const struct stat *status)
{
    struct scan *scan = context;
    if (++scan->looks > LOOKS_MAX)
        return 1;
    if (S_ISREG(status->st_mode))
        scan_add_file(scan, status);
    if (S_ISDIR(status->st_mode) && scan->depth < DEPTH_MAX) {
        scan->depth++;
        wi_path_each_in(folder, name, scan_add_entry, scan);
        scan->depth--;
    }
    return 0;
}

static uint64_t scan_measure(struct scan *scan, const char *path)
{
    scan->bytes = scan->own = scan->allocated = 0;
    wi_path_each_in(scan->store, path, scan_add_entry, scan);
    return scan->bytes;
}

static void forget_seen(struct scan *scan)
{
    struct seen *seen;
    while ((seen = WI_TABLE_TAKE(scan->seen)))
        free(seen);
}

/* What the pull `id` (NULL: none) has in files of its own, and what of the disk that takes. */
static uint64_t measure_own(const char *directory, const char *id, uint64_t *allocated)
{
    struct scan scan = {.store = id ? wi_versions_open_store(directory) : -1};
    char *path = wi_sprintf(WI_STORE_STAGING "/%s", id ? id : "");
    if (scan.store >= 0)
        scan_measure(&scan, path);
    forget_seen(&scan);
    free(path);
    wi_close(scan.store);
    *allocated = scan.allocated;
    return scan.own;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* A model of which no hub is known cannot be had again. */
static int is_to_stay(const struct wi_versions_use *use, const char *name, const char *folder,
    const struct wi_version *version)
{
    return wi_strings_contain(&use->folders, folder) || wi_strings_contain(&use->pinned, folder) ||
           (version->current && (wi_strings_contain(&use->names, name) || !version->source.hub));
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, WI_HASH_SIZE);
}

/* Whether neighbours have all of its files. */
static int is_elsewhere(const struct wi_versions_use *use, const struct wi_source *source)
{
    for (size_t i = 0; i < source->count; i++) {
        unsigned char hash[WI_HASH_SIZE];
        if (use->elsewhere_count == 0 || wi_hash_from_hex(source->files[i].sha256, hash) != 0 ||
            !bsearch(hash, use->elsewhere, use->elsewhere_count, WI_HASH_SIZE, compare_hashes))
            return 0;
    }
    return source->count > 0;
}

static void add_version(
    struct scan *scan, const char *name, const char *place, const struct wi_version *version)
{
    char *path = wi_sprintf("%s/%u", place, version->number);
    char *folder = wi_versions_folder(scan->directory, name, version->number);
    int is_apart = wi_strings_contain(&scan->use->apart, folder);
    const struct wi_quota_row row = {.name = (char *)name,
        .version = version->number,
        .current = version->current,
        .in_use = is_to_stay(scan->use, name, folder, version),
        .elsewhere = is_elsewhere(scan->use, &version->source),
        .path = is_apart ? NULL : path,
        .used_at = version->used_at};
    wi_quota_add(scan->quota, &row);
    free(folder);
    free(path);
}

/* If it cannot be told now which version is current, none of them may be removed. */
static void add_versions(void *context, const char *name)
{
    struct scan *scan = context;
    struct wi_versions versions = {0};
    char *place = wi_versions_place(WI_STORE_VERSIONS, name);
    const struct wi_quota_row all = {
        .name = (char *)name, .current = 1, .in_use = 1, .path = place};
    if (wi_versions_list(scan->directory, name, &versions) != 0)
        wi_quota_add(scan->quota, &all);
    else
        for (size_t i = 0; i < versions.count; i++)
            add_version(scan, name, place, &versions.items[i]);
    free(place);
    wi_versions_clear(&versions);
}

/* Models that people put there, and what is staged. */
static int take_other(void *context, int store, const char *name, const struct stat *status)
{
    struct scan *scan = context;
    struct wi_quota_row row = {
        .name = name[0] == '.' ? "" : (char *)name, .current = 1, .in_use = 1};
    if (strcmp(name, WI_STORE_VERSIONS) == 0 || strcmp(name, WI_STORE_BLOBS) == 0 ||
        strcmp(name, WI_STORE_CONTENT) == 0) /* which is 0.003 % of what is published */
        return 0;
    if (S_ISDIR(status->st_mode))
        row.path = (char *)name;
    else if (S_ISREG(status->st_mode))
        row.bytes = (uint64_t)status->st_size;
    wi_quota_add(scan->quota, &row);
    return 0;
}

/* What several share counts for the one that goes last, and what of it stays for what stays. */
static void measure_rows(struct scan *scan)
{
    uint64_t allocated, own = measure_own(scan->directory, scan->id, &allocated);
    wi_quota_sort(scan->quota);
    for (size_t i = scan->quota->count; i-- > 0;) {
        struct wi_quota_row *row = &scan->quota->rows[i];
        if (row->path)
            row->bytes = scan_measure(scan, row->path);
        if (row->path && strcmp(row->path, WI_STORE_STAGING) == 0)
            row->bytes -= bytes_least(row->bytes, own);
    }
}

void wi_quota_scan(
    const char *directory, const char *id, struct wi_versions_use *use, struct wi_quota *quota)
{
    struct scan scan = {.directory = directory, .id = id, .use = use, .quota = quota};
    scan.store = wi_versions_open_store(directory);
    if (scan.store < 0)
        return;
    if (use->elsewhere_count > 0)
        qsort(use->elsewhere, use->elsewhere_count, WI_HASH_SIZE, compare_hashes);
    wi_versions_each_name(scan.store, WI_STORE_VERSIONS, add_versions, &scan);
    wi_path_each(scan.store, take_other, &scan);
    measure_rows(&scan);
    forget_seen(&scan);
    close(scan.store);
}

/* --- making room ------------------------------------------------------------------------------ */

uint64_t wi_quota_evict(
    const char *directory, const struct wi_quota *quota, struct wi_strings *names)
{
    struct wi_error error;
    uint64_t freed = 0, bytes;
    int pulled;
    for (size_t i = 0; i < quota->count; i++) {
        const struct wi_quota_row *row = &quota->rows[i];
        if (row->evict && !row->current)
            freed += wi_versions_remove_one(directory, row->name, row->version);
        else if (row->evict &&
                 wi_versions_remove(directory, row->name, &pulled, &bytes, &error) == WI_OK)
            wi_strings_add(names, row->name);
    }
    return freed;
}

enum wi_code wi_quota_check_disk(
    const char *directory, const char *id, uint64_t needed, struct wi_error *error)
{
    struct statvfs disk;
    uint64_t here;
    measure_own(directory, id, &here);
    if (statvfs(directory, &disk) != 0)
        return wi_path_failed(directory, "nothing can be kept", error);
    uint64_t room = (uint64_t)disk.f_bavail * disk.f_frsize;
    needed -= bytes_least(here, needed);
    if (needed <= room)
        return WI_OK;
    return wi_error_set(error, WI_STORAGE_FAILED, "",
        "the model has %" PRIu64 " bytes more than are here already, and the disk of %.200s has "
        "room for %" PRIu64 ": %" PRIu64 " bytes too few; remove something there",
        needed, directory, room, needed - room);
}
