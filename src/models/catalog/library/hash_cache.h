/*
 * Known hashes of files, by device and inode and, to detect a change, by size and time of
 * modification. They are held in memory, and kept in the database. A file that was modified less
 * than two seconds before it was hashed is not remembered: within the clock's resolution it could
 * be modified again and look the same.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_HASH_CACHE_H
#define WI_MODELS_CATALOG_LIBRARY_HASH_CACHE_H

#include "settings/store/db.h"
#include "terms/model/manifest.h"

/* Hashes that are remembered; beyond that nothing new is added. */
#define WI_HASH_CACHE_MAX 50000

struct wi_hash_cache;
/* Reads the hashes in `db` (borrowed; NULL: nothing is kept); malformed ones are ignored.
 * Blocks. */
struct wi_hash_cache *wi_hash_cache_new(struct wi_db *db);
/* To be called when no reading of a model is running any more: readings use the cache from their
 * thread. NULL is fine. */
void wi_hash_cache_free(struct wi_hash_cache *cache);

/* From any thread: 1 and the hash of the file, or 0. A NULL cache knows nothing. */
int wi_hash_cache_get(struct wi_hash_cache *cache, const struct wi_file_identity *identity,
    char hash[WI_MANIFEST_HEX]);
/* On the loop: notes the hash of a file that only this daemon has written, and hashed while
 * writing, so that its age does not matter. NULL is fine. */
void wi_hash_cache_know(
    struct wi_hash_cache *cache, const struct wi_file_identity *identity, const char *hash);
/* On the loop: notes the hash of a file; hashing began at `began_at` (Unix seconds). NULL is
 * fine. */
void wi_hash_cache_put(struct wi_hash_cache *cache, const struct wi_file_identity *identity,
    const char *hash, int64_t began_at);

struct wi_file_stamp {
    char *path;
    struct wi_file_identity identity; /* zero: it did not exist */
};

/* Zero-initialise; free with wi_file_stamps_clear. */
struct wi_file_stamps {
    struct wi_file_stamp *items;
    size_t count;
};

/* Adds the file or folder FOLDER/NAME. */
void wi_file_stamps_add(struct wi_file_stamps *stamps, const char *folder, const char *name);
/* Whether nothing in the list has changed; 0 for an empty list. */
int wi_file_stamps_hold(const struct wi_file_stamps *stamps);
void wi_file_stamps_clear(struct wi_file_stamps *stamps);

#endif
