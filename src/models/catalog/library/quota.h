/*
 * Room in the store: decides what to remove so that a pull fits. Models that were added and
 * versions that are in use are never removed. Earlier versions go first; then current ones that
 * neighbours have completely, since they can be fetched again from nearby; then the others. Within
 * each kind the least recently used goes first.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_QUOTA_H
#define WI_MODELS_CATALOG_LIBRARY_QUOTA_H

#include "base/error.h"
#include "models/catalog/library/versions.h"

/* An item that takes room: a version of a pulled model, a model that was added, or what running
 * pulls have so far. */
struct wi_quota_row {
    char *name;       /* of the model; "" for running pulls */
    unsigned version; /* 0: not pulled */
    int current;
    int in_use;
    int elsewhere;  /* neighbours have all of its files */
    char *path;     /* of its folder in the store; NULL: it has none */
    uint64_t bytes; /* freed with it; shared bytes count for the item that goes last */
    int64_t used_at;
    int evict; /* the plan: it is to be removed */
};

/* Zero-initialise; free with wi_quota_clear. */
struct wi_quota {
    struct wi_quota_row *rows;
    size_t count;
};
void wi_quota_add(struct wi_quota *quota, const struct wi_quota_row *row); /* copies the texts */
void wi_quota_clear(struct wi_quota *quota);

/* Sorts: first the items that may be removed, in the order of removal, then those that stay. Public
 * for tests. */
void wi_quota_sort(struct wi_quota *quota);
/* Marks in `quota` what has to be removed so that `needed` more bytes stay within `limit` (0: no
 * limit, nothing is removed). Pure. WI_OK, or WI_STORAGE_FAILED that says by how much it does not
 * fit; then nothing is marked. */
enum wi_code wi_quota_plan(
    struct wi_quota *quota, uint64_t limit, uint64_t needed, struct wi_error *error);

/* Fills an empty list from the store; blocks. The bytes that the pull `id` (NULL: none) has so far
 * are left out, since a request for room for all of its files includes them. Sorts `elsewhere` of
 * `use`. */
void wi_quota_scan(
    const char *directory, const char *id, struct wi_versions_use *use, struct wi_quota *quota);
/* Removes what is marked; blocks. For a current version only the name is removed, and added to
 * `names`; wi_versions_prune then frees the version unless it has come into use meanwhile. Returns
 * the bytes freed. */
uint64_t wi_quota_evict(
    const char *directory, const struct wi_quota *quota, struct wi_strings *names);
/* WI_OK, or WI_STORAGE_FAILED if the file system lacks room for `needed` bytes of the pull `id`
 * (NULL: of something else), some of which may be there, or reserved, already; blocks. */
enum wi_code wi_quota_check_disk(
    const char *directory, const char *id, uint64_t needed, struct wi_error *error);

#endif
