/* See members.h. */
#include "cluster/members.h"

#include <stdlib.h>
#include <string.h>

static void seen_free(struct wi_seen *seen)
{
    wi_member_clear(&seen->member);
    free(seen);
}

void wi_members_clear(struct wi_members *members)
{
    for (size_t i = 0; i < members->count; i++)
        seen_free(members->items[i]);
    *members = (struct wi_members){0};
}

/* Its index, or `count`: there is none. */
static size_t seen_find(const struct wi_members *members, const char *key)
{
    size_t i = 0;
    while (i < members->count && strcmp(members->items[i]->key, key) != 0)
        i++;
    return i;
}

static void seen_remove(struct wi_members *members, size_t index)
{
    if (index >= members->count)
        return;
    seen_free(members->items[index]);
    members->items[index] = members->items[--members->count];
}

/* The row of the key, made if there is room; NULL: there is none. */
static struct wi_seen *seen_of(struct wi_members *members, const char *key)
{
    size_t index = seen_find(members, key);
    if (index < members->count)
        return members->items[index];
    if (members->count == WI_MEMBERS_MAX) {
        members->left_out++;
        return NULL;
    }
    struct wi_seen *seen = wi_alloc(sizeof *seen);
    wi_text_copy(seen->key, sizeof seen->key, key);
    members->items[members->count++] = seen;
    return seen;
}

/* Returns 1 if its clock has just been found to be off. */
static int seen_set_skew(struct wi_seen *seen, int64_t wall_ms)
{
    seen->skew_ms = seen->member.at - wall_ms;
    int skewed = llabs(seen->skew_ms) > WI_MEMBER_SKEW_MS, is_new = skewed && !seen->skewed;
    seen->skewed = skewed;
    return is_new;
}

static const struct wi_seen *seen_take(struct wi_members *members,
    const struct wi_member_entry *entry, struct wi_cluster_member *member, double now_ms,
    int64_t wall_ms)
{
    struct wi_seen *seen = seen_of(members, entry->key);
    if (seen == NULL || seen->revision == entry->revision) {
        wi_member_clear(member);
        return NULL;
    }
    int is_known = seen->revision != 0;
    wi_member_clear(&seen->member);
    seen->member = *member;
    seen->revision = entry->revision;
    seen->changed_ms = now_ms;
    seen->lives |= is_known || !entry->replayed;
    return !entry->replayed && seen_set_skew(seen, wall_ms) ? seen : NULL;
}

const struct wi_seen *wi_members_take(
    struct wi_members *members, const struct wi_member_entry *entry, double now_ms, int64_t wall_ms)
{
    struct wi_cluster_member member = {0};
    if (entry->removed) {
        seen_remove(members, seen_find(members, entry->key));
        return NULL;
    }
    switch (wi_member_read(&member, entry->key, entry->text, entry->size)) {
    case WI_READ_GOOD:
        return seen_take(members, entry, &member, now_ms, wall_ms);
    case WI_READ_OTHER_VERSION:
        members->other_version++;
        return NULL;
    default:
        members->garbage++;
        return NULL;
    }
}

void wi_members_expire(struct wi_members *members, double now_ms)
{
    for (size_t i = members->count; i-- > 0;)
        if (now_ms - members->items[i]->changed_ms >= WI_MEMBER_GONE_MS)
            seen_remove(members, i);
}

const struct wi_seen *wi_members_next(const struct wi_members *members, const char *after)
{
    const struct wi_seen *next = NULL;
    for (size_t i = 0; i < members->count; i++) {
        const struct wi_seen *seen = members->items[i];
        if (seen->lives && (!after || strcmp(seen->member.name, after) > 0) &&
            (!next || strcmp(seen->member.name, next->member.name) < 0))
            next = seen;
    }
    return next;
}

int wi_members_view_has(const struct wi_members_view *view, const char *instance)
{
    for (size_t i = 0; i < view->count; i++)
        if (strcmp(view->living[i], instance) == 0)
            return 1;
    return 0;
}

/* --- the own name ----------------------------------------------------------------------------- */

void wi_name_claim_take(
    struct wi_name_claim *claim, const struct wi_member_entry *entry, double now_ms)
{
    struct wi_cluster_member member = {0};
    if (entry->removed) {
        *claim = (struct wi_name_claim){0};
        return;
    }
    if (claim->exists && claim->revision == entry->revision)
        return;
    wi_member_read(&member, entry->key, entry->text, entry->size);
    claim->lives = claim->exists || !entry->replayed;
    claim->exists = 1;
    claim->revision = entry->revision;
    claim->changed_ms = now_ms;
    wi_text_copy(claim->instance, sizeof claim->instance, member.instance);
    wi_member_clear(&member);
}

enum wi_claim_state wi_name_claim_judge(
    const struct wi_name_claim *claim, const char *instance, double now_ms)
{
    if (!claim->exists)
        return WI_CLAIM_FREE;
    if (strcmp(claim->instance, instance) == 0)
        return WI_CLAIM_OURS;
    if (now_ms - claim->changed_ms >= WI_MEMBER_GONE_MS)
        return WI_CLAIM_STALE;
    return claim->lives && claim->instance[0] ? WI_CLAIM_TAKEN : WI_CLAIM_WAIT;
}
