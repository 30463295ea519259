/* See decide.h. */
#include "models/share/copies/decide.h"

#include "base/hash.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define NEVER (-1.0)

/* NEVER: it does not hold. */
struct wi_copies_since {
    struct wi_cid cid;
    double lacking, gone; /* too few copies; the origin is there and has it published no longer */
};

/* --- all rows of one CID ---------------------------------------------------------------------- */

struct group {
    const struct wi_copies_situation *situation;
    const struct wi_copies_row **rows;
    size_t count;
    size_t copies; /* daemons that have it, perhaps under several names */
    uint64_t runs; /* on all of them together */
    int published;
    struct wi_copies_since since;
};

static int compare_cids(const struct wi_cid *a, const struct wi_cid *b)
{
    int hashes = memcmp(a->hash, b->hash, sizeof a->hash);
    return hashes ? hashes : (int)a->codec - (int)b->codec;
}

static int compare_rows(const void *a, const void *b)
{
    const struct wi_copies_row *x = *(const struct wi_copies_row *const *)a;
    const struct wi_copies_row *y = *(const struct wi_copies_row *const *)b;
    int cids = compare_cids(&x->cid, &y->cid);
    return cids ? cids : x->daemon < y->daemon ? -1 : x->daemon > y->daemon;
}

static int compare_since(const void *a, const void *b)
{
    const struct wi_copies_since *x = a, *y = b;
    return compare_cids(&x->cid, &y->cid);
}

static int group_has(const struct group *group, size_t daemon)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->rows[i]->daemon == daemon)
            return 1;
    return 0;
}

/* Counts. A daemon reports the same number of runs for each of a model's names. */
static void group_sum(struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct wi_copies_row *row = group->rows[i];
        group->published |= row->published;
        if (i > 0 && row->daemon == group->rows[i - 1]->daemon)
            continue;
        group->copies++;
        group->runs += row->runs;
    }
}

/* If daemons give different origins, this daemon's counts, which comes first. */
static int origin_is_there(const struct group *group)
{
    const struct wi_copies_situation *situation = group->situation;
    for (size_t i = 0; i < situation->daemon_count; i++)
        if (strcmp(group->rows[0]->origin, situation->daemons[i].id) == 0)
            return 1;
    return 0;
}

/* --- whose turn it is ------------------------------------------------------------------------- */

/* Whether this daemon is the one of those without it that is to pull it. */
static int is_ours_to_pull(const struct group *group)
{
    const struct wi_copies_situation *situation = group->situation;
    unsigned char least[WI_HASH_SIZE], hash[WI_HASH_SIZE];
    size_t chosen = situation->daemon_count;
    char cid[WI_CID_TEXT];
    wi_cid_print(&group->rows[0]->cid, cid);
    for (size_t i = 0; i < situation->daemon_count; i++) {
        if (situation->daemons[i].takes < group->rows[0]->bytes ||
            situation->daemons[i].takes == 0 || group_has(group, i))
            continue;
        char *text = wi_sprintf("%s%s", cid, situation->daemons[i].id);
        wi_hash(text, strlen(text), hash);
        free(text);
        if (chosen == situation->daemon_count || memcmp(hash, least, sizeof hash) < 0) {
            memcpy(least, hash, sizeof hash);
            chosen = i;
        }
    }
    return chosen == 0;
}

/* --- conditions and how long they have held --------------------------------------------------- */

static double state_since(int holds, double before, double now)
{
    return !holds ? NEVER : before == NEVER ? now : before;
}

static int is_long(const struct wi_copies_situation *situation, double since_ms)
{
    return since_ms != NEVER &&
           situation->now_ms - since_ms >= WI_COPIES_INTERVALS * situation->interval_ms;
}

static void group_remember(struct group *group, const struct wi_copies_memory *memory)
{
    const struct wi_copies_situation *situation = group->situation;
    const struct wi_copies_since wanted = {
        .cid = group->rows[0]->cid, .lacking = NEVER, .gone = NEVER};
    const struct wi_copies_since *before =
        memory->_count > 0
            ? bsearch(&wanted, memory->_items, memory->_count, sizeof wanted, compare_since)
            : NULL;
    int there = origin_is_there(group);
    /* A published model is still wanted when its origin is gone: that is the purpose of copies. */
    int is_wanted = group->published || (*group->rows[0]->origin && !there);
    int lacking = is_wanted && group->copies < situation->replicas;
    int gone = !group->published && there;
    group->since = before ? *before : wanted;
    group->since.lacking = state_since(lacking, group->since.lacking, situation->now_ms);
    group->since.gone = state_since(gone, group->since.gone, situation->now_ms);
}

/* --- the decision ----------------------------------------------------------------------------- */

/* What ran most goes first; of the rest the order is that of the CIDs. */
static void decide_group(
    const struct group *group, struct wi_copies_decision *decision, uint64_t *most)
{
    const struct wi_copies_situation *situation = group->situation;
    enum wi_copies_fate fate = is_long(situation, group->since.gone) ? WI_COPY_DROP
                               : group->copies > situation->replicas ? WI_COPY_SPARE
                                                                     : WI_COPY_KEEP;
    for (size_t i = 0; i < group->count; i++)
        decision->fates[group->rows[i] - situation->rows] = fate;
    if (!is_long(situation, group->since.lacking) || group_has(group, 0) ||
        !is_ours_to_pull(group) || (decision->pull && group->runs <= *most))
        return;
    decision->pull = group->rows[0];
    *most = group->runs;
}

static size_t count_same(const struct wi_copies_row *const *rows, size_t count)
{
    size_t same = 1;
    while (same < count && wi_cid_equal(&rows[same]->cid, &rows[0]->cid))
        same++;
    return same;
}

void wi_copies_decide(const struct wi_copies_situation *situation, struct wi_copies_memory *memory,
    struct wi_copies_decision *decision)
{
    size_t count = situation->count;
    const struct wi_copies_row **rows = wi_alloc((count + 1) * sizeof *rows);
    struct wi_copies_memory next = {wi_alloc((count + 1) * sizeof *next._items), 0};
    uint64_t most = 0;
    *decision =
        (struct wi_copies_decision){.fates = wi_alloc((count + 1) * sizeof *decision->fates)};
    for (size_t i = 0; i < count; i++)
        rows[i] = &situation->rows[i];
    qsort(rows, count, sizeof *rows, compare_rows);
    for (size_t i = 0; i < count;) {
        struct group group = {
            .situation = situation, .rows = rows + i, .count = count_same(rows + i, count - i)};
        group_sum(&group);
        group_remember(&group, memory);
        decide_group(&group, decision, &most);
        next._items[next._count++] = group.since;
        i += group.count;
    }
    free(rows);
    wi_copies_memory_clear(memory);
    *memory = next;
}

void wi_copies_decision_clear(struct wi_copies_decision *decision)
{
    free(decision->fates);
    *decision = (struct wi_copies_decision){0};
}

void wi_copies_memory_clear(struct wi_copies_memory *memory)
{
    free(memory->_items);
    *memory = (struct wi_copies_memory){0};
}
