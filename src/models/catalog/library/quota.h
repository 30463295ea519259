/*
 * Room in the store: what is to go so that a pull fits. What was added, or is in use, never goes.
 * Earlier versions go first; then current ones that neighbours have whole, so that they can be had
 * again from nearby; then the others; and of each kind the one first that was used longest ago.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_QUOTA_H
#define WI_MODELS_CATALOG_LIBRARY_QUOTA_H

#include "base/error.h"
#include "models/catalog/library/versions.h"

/* What takes room: a version of a model that was pulled, a model that was added, or what pulls
 * under way have so far. */
struct wi_quota_row {
    char *name;       /* of the model; "" for pulls under way */
    unsigned version; /* 0: not pulled */
    int current;
    int in_use;
    int elsewhere;  /* neighbours have all of its files */
    char *path;     /* of its folder in the store; NULL: it has none */
    uint64_t bytes; /* that go with it; what several share counts for the one that goes last */
    int64_t used_at;
    int evict; /* the plan: it is to go */
};

/* Zero-initialise; free with wi_quota_clear. */
struct wi_quota {
    struct wi_quota_row *rows;
    size_t count;
};
void wi_quota_add(struct wi_quota *quota, const struct wi_quota_row *row); /* copies the texts */
void wi_quota_clear(struct wi_quota *quota);

/* Puts what may go first, in the order in which it goes, and then what stays. Public for tests. */
void wi_quota_sort(struct wi_quota *quota);
/* Marks in `quota` what has to go so that `needed` bytes more make no more than `limit` (0: no
 * limit, nothing goes). Pure. WI_OK, or WI_STORAGE_FAILED that says by how much it does not fit;
 * then nothing is marked. */
enum wi_code wi_quota_plan(
    struct wi_quota *quota, uint64_t limit, uint64_t needed, struct wi_error *error);

/* Fills an empty list from the store; blocks. What the pull `id` (NULL: none) has so far is left
 * out: who asks for room for all of its files would count it twice. What of `use` is elsewhere gets
 * sorted. */
void wi_quota_scan(
    const char *directory, const char *id, struct wi_versions_use *use, struct wi_quota *quota);
/* Removes what is marked; blocks. Of a current version the name alone goes, and is added to
 * `names`: wi_versions_prune frees what nobody has begun to use meanwhile. Returns the bytes freed.
 */
uint64_t wi_quota_evict(
    const char *directory, const struct wi_quota *quota, struct wi_strings *names);
/* WI_OK, or WI_STORAGE_FAILED if the file system has no room for so many bytes of the pull `id`
 * (NULL: of something else), of which some may be there, or reserved, already; blocks. */
enum wi_code wi_quota_check_disk(
    const char *directory, const char *id, uint64_t needed, struct wi_error *error);

#endif
