/*
 * Hashes of files that are known already, by device and inode and, to see a change, by size and
 * time of modification. Held in memory, and kept in the database. A file that was modified less
 * than two seconds before it was hashed is not remembered: within the clock's grain it could be
 * modified again and look the same.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_HASH_CACHE_H
#define WI_MODELS_CATALOG_LIBRARY_HASH_CACHE_H

#include "models/catalog/library/manifest.h"
#include "settings/store/db.h"

/* Beyond these nothing new is remembered. */
#define WI_HASH_CACHE_MAX 50000

struct wi_hash_cache;
/* Reads what `db` (borrowed; NULL: nothing is kept) remembers; what is not well-formed is ignored.
 * Blocks. */
struct wi_hash_cache *wi_hash_cache_new(struct wi_db *db);
/* Once no reading of a model is under way any more: those use it from their thread. NULL is fine.
 */
void wi_hash_cache_free(struct wi_hash_cache *cache);

/* From any thread: 1 and the hash of the file, or 0. A NULL cache knows nothing. */
int wi_hash_cache_get(struct wi_hash_cache *cache, const struct wi_file_identity *identity,
    char hash[WI_MANIFEST_HEX]);
/* On the loop: nobody but us has written this file, which we hashed as we did, so that its age does
 * not matter. NULL is fine. */
void wi_hash_cache_know(
    struct wi_hash_cache *cache, const struct wi_file_identity *identity, const char *hash);
/* On the loop: this file was hashed from `began_at` (Unix seconds) on. NULL is fine. */
void wi_hash_cache_put(struct wi_hash_cache *cache, const struct wi_file_identity *identity,
    const char *hash, int64_t began_at);

struct wi_file_stamp {
    char *path;
    struct wi_file_identity identity; /* zero: it was not there */
};

/* Zero-initialise; free with wi_file_stamps_clear. */
struct wi_file_stamps {
    struct wi_file_stamp *items;
    size_t count;
};

/* Looks at the file or folder FOLDER/NAME; 1 if it is there. */
int wi_file_stamps_add(struct wi_file_stamps *stamps, const char *folder, const char *name);
/* Whether nothing has changed of what was looked at; 0 for an empty list. */
int wi_file_stamps_hold(const struct wi_file_stamps *stamps);
void wi_file_stamps_move(
    struct wi_file_stamps *to, struct wi_file_stamps *from); /* `from` becomes empty */
void wi_file_stamps_clear(struct wi_file_stamps *stamps);

#endif
