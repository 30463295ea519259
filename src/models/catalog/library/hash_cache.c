/* One table under one lock: a worker asks it for each file of a model that it reads. */
#include "models/catalog/library/hash_cache.h"

#include "base/hash.h"
#include "base/memory.h"
#include "base/table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define GRAIN_S 2

/* The key of the hash table: without padding, which would be uninitialised. */
struct place {
    uint64_t device, inode;
};

struct known {
    struct place place;
    struct wi_file_identity identity;
    char hash[WI_MANIFEST_HEX];
    UT_hash_handle hh;
};

struct wi_hash_cache {
    uv_mutex_t mutex; /* over `table` */
    struct known *table;
    struct wi_db *db;
};

/* Whether there was room for it. */
static int cache_set(
    struct wi_hash_cache *cache, const struct wi_file_identity *identity, const char *hash)
{
    struct place place = {identity->device, identity->inode};
    struct known *known;
    uv_mutex_lock(&cache->mutex);
    HASH_FIND(hh, cache->table, &place, sizeof place, known);
    if (!known && HASH_COUNT(cache->table) < WI_HASH_CACHE_MAX) {
        known = wi_alloc(sizeof *known);
        known->place = place;
        HASH_ADD(hh, cache->table, place, sizeof place, known);
    }
    if (known) {
        known->identity = *identity;
        snprintf(known->hash, sizeof known->hash, "%s", hash);
    }
    uv_mutex_unlock(&cache->mutex);
    return known != NULL;
}

/* Keys are "DEVICE INODE", values "[SIZE,LINKS,MODIFIED,CHANGED,HASH]", with times as seconds and
 * nanoseconds. */
static void cache_restore(void *context, const char *key, const char *value)
{
    unsigned char digest[WI_HASH_SIZE];
    struct wi_file_identity identity = {0};
    uintmax_t device, inode, links;
    intmax_t size, modified, changed;
    char hash[WI_MANIFEST_HEX];
    if (sscanf(key, "%ju %ju", &device, &inode) != 2 ||
        sscanf(value, "[%jd,%ju,%jd,%ld,%jd,%ld,\"%64[0-9a-f]\"]", &size, &links, &modified,
            &identity.modified.tv_nsec, &changed, &identity.changed.tv_nsec, hash) != 7 ||
        wi_hash_from_hex(hash, digest) != 0)
        return;
    identity.device = (dev_t)device;
    identity.inode = (ino_t)inode;
    identity.size = (off_t)size;
    identity.links = (nlink_t)links;
    identity.modified.tv_sec = (time_t)modified;
    identity.changed.tv_sec = (time_t)changed;
    cache_set(context, &identity, hash);
}

struct wi_hash_cache *wi_hash_cache_new(struct wi_db *db)
{
    struct wi_hash_cache *cache = wi_alloc(sizeof *cache);
    uv_mutex_init(&cache->mutex);
    cache->db = db;
    wi_db_each(db, WI_DB_FILE_HASHES, 0, cache_restore, cache);
    return cache;
}

void wi_hash_cache_free(struct wi_hash_cache *cache)
{
    struct known *known;
    if (!cache)
        return;
    while ((known = WI_TABLE_TAKE(cache->table)))
        free(known);
    uv_mutex_destroy(&cache->mutex);
    free(cache);
}

int wi_hash_cache_get(struct wi_hash_cache *cache, const struct wi_file_identity *identity,
    char hash[WI_MANIFEST_HEX])
{
    struct place place = {identity->device, identity->inode};
    struct known *known;
    int found = 0;
    if (!cache)
        return 0;
    uv_mutex_lock(&cache->mutex);
    HASH_FIND(hh, cache->table, &place, sizeof place, known);
    if (known && wi_file_identity_same(&known->identity, identity)) {
        memcpy(hash, known->hash, WI_MANIFEST_HEX);
        found = 1;
    }
    uv_mutex_unlock(&cache->mutex);
    return found;
}

void wi_hash_cache_know(
    struct wi_hash_cache *cache, const struct wi_file_identity *identity, const char *hash)
{
    char key[64], value[256];
    if (!cache || !cache_set(cache, identity, hash))
        return;
    snprintf(key, sizeof key, "%ju %ju", (uintmax_t)identity->device, (uintmax_t)identity->inode);
    snprintf(value, sizeof value, "[%jd,%ju,%jd,%ld,%jd,%ld,\"%s\"]", (intmax_t)identity->size,
        (uintmax_t)identity->links, (intmax_t)identity->modified.tv_sec, identity->modified.tv_nsec,
        (intmax_t)identity->changed.tv_sec, identity->changed.tv_nsec, hash);
    wi_db_put(cache->db, WI_DB_FILE_HASHES, 0, key, value);
}

void wi_hash_cache_put(struct wi_hash_cache *cache, const struct wi_file_identity *identity,
    const char *hash, int64_t began_at)
{
    if ((int64_t)identity->modified.tv_sec + GRAIN_S <= began_at)
        wi_hash_cache_know(cache, identity, hash);
}

/* --- what files looked like ------------------------------------------------------------------- */

static struct wi_file_identity path_identity(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return (struct wi_file_identity){0};
    return wi_file_identity_of(&status);
}

void wi_file_stamps_add(struct wi_file_stamps *stamps, const char *folder, const char *name)
{
    struct wi_file_stamp *stamp = WI_APPEND(stamps->items, stamps->count);
    stamp->path = wi_sprintf("%s/%s", folder, name);
    stamp->identity = path_identity(stamp->path);
}

int wi_file_stamps_hold(const struct wi_file_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++) {
        struct wi_file_identity now = path_identity(stamps->items[i].path);
        if (!wi_file_identity_same(&now, &stamps->items[i].identity))
            return 0;
    }
    return stamps->count > 0;
}

void wi_file_stamps_clear(struct wi_file_stamps *stamps)
{
    for (size_t i = 0; i < stamps->count; i++)
        free(stamps->items[i].path);
    free(stamps->items);
    *stamps = (struct wi_file_stamps){0};
}
