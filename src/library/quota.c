/* Who goes when there is no room: a sorted list and a sum. */
#include "library/quota.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void wi_quota_add(struct wi_quota *quota, const struct wi_quota_row *row)
{
    size_t count = quota->count++;
    if ((count & (count - 1)) == 0) /* at every power of two there is no more room */
        quota->rows = wi_realloc_array(quota->rows, count ? 2 * count : 1, sizeof *quota->rows);
    quota->rows[count] = *row;
    quota->rows[count].name = wi_strdup(row->name);
    quota->rows[count].path = wi_strdup(row->path);
    quota->rows[count].evict = 0;
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
static int compare(const void *a, const void *b)
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
        qsort(quota->rows, quota->count, sizeof *quota->rows, compare);
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
