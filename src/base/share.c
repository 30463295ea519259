/*
 * Limits on what one party takes of shared resources; see share.h. The toll is a generic cell rate
 * algorithm: each nanosecond advances the time up to which the party has used its part by 1/part
 * nanoseconds, and the party waits while that time is in the future. It is never more than one
 * second in the past, which is the burst.
 */
#include "base/share.h"

#include "base/memory.h"
#include "base/table.h"
#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#define TOLL_BURST_MS 1000
#define NS_PER_MS 1e6

struct wi_named_share {
    struct wi_share share; /* first: the one is found by the other's address */
    size_t users;
    UT_hash_handle hh;
    char name[];
};

/* --- memory ---------------------------------------------------------------------------------- */

static uint64_t share_left(uint64_t limit, uint64_t used)
{
    return used < limit ? limit - used : 0;
}

uint64_t wi_share_room(const struct wi_share *share)
{
    const struct wi_budget *budget = share->budget;
    if (!budget)
        return UINT64_MAX;
    uint64_t used = wi_budget_in_use(budget);
    uint64_t room = share_left(budget->limit, used), own = room;
    for (; share; share = share->parent) {
        uint64_t part = share_left(budget->limit / WI_SHARE_PARTIES, share->held);
        own = part < own ? part : own;
    }
    uint64_t common = share_left(budget->limit / 2, used);
    return own > common ? own : common;
}

void wi_share_note(struct wi_share *share, uint64_t bytes)
{
    for (; share; share = share->parent)
        share->held += bytes;
}

void wi_share_forget(struct wi_share *share, uint64_t bytes)
{
    for (; share; share = share->parent) {
        assert(bytes <= share->held);
        share->held -= bytes;
    }
}

void wi_share_force(struct wi_share *share, uint64_t bytes)
{
    wi_budget_make_room(share->budget, bytes);
    wi_budget_force(share->budget, bytes);
    wi_share_note(share, bytes);
}

void wi_share_give(struct wi_share *share, uint64_t bytes)
{
    wi_budget_give(share->budget, bytes);
    wi_share_forget(share, bytes);
}

struct wi_share *wi_shares_ref(struct wi_shares *shares, const char *name)
{
    struct wi_named_share *party;
    size_t length = strlen(name);
    HASH_FIND(hh, shares->parties, name, length, party);
    if (!party) {
        party = wi_alloc(sizeof *party + length + 1);
        party->share.budget = shares->budget;
        memcpy(party->name, name, length);
        HASH_ADD_KEYPTR(hh, shares->parties, party->name, length, party);
    }
    party->users++;
    return &party->share;
}

int wi_shares_alone(const struct wi_shares *shares, const struct wi_share *share)
{
    return HASH_COUNT(shares->parties) == 1 && &shares->parties->share == share;
}

void wi_shares_unref(struct wi_shares *shares, struct wi_share *share)
{
    struct wi_named_share *party = (struct wi_named_share *)share;
    if (!party || --party->users > 0)
        return;
    assert(party->share.held == 0);
    HASH_DEL(shares->parties, party);
    free(party);
}

/* --- kept items: a list in the order in which they came, and a sum for each client ------------ */

void wi_kept_add(
    struct wi_kept *kept, struct wi_kept_item *item, const char *client, uint64_t bytes)
{
    wi_kept_remove(kept, item);
    item->_share = wi_shares_ref(&kept->_clients, client);
    item->_bytes = bytes;
    wi_share_note(item->_share, bytes);
    kept->bytes += bytes;
    DL_APPEND2(kept->_items, item, _before, _after);
}

void wi_kept_remove(struct wi_kept *kept, struct wi_kept_item *item)
{
    if (!item->_share)
        return;
    DL_DELETE2(kept->_items, item, _before, _after);
    kept->bytes -= item->_bytes;
    wi_share_forget(item->_share, item->_bytes);
    wi_shares_unref(&kept->_clients, item->_share);
    item->_share = NULL;
}

struct wi_kept_item *wi_kept_excess(const struct wi_kept *kept, const struct wi_kept_item *item)
{
    struct wi_kept_item *oldest = kept->_items;
    /* Others' sums have not grown. */
    if (item->_share && item->_share->held > WI_KEPT_CLIENT_MAX)
        while (oldest->_share != item->_share)
            oldest = oldest->_after;
    else if (kept->bytes <= kept->budget->limit / WI_KEPT_PART)
        return NULL;
    return oldest;
}

/* --- pace ------------------------------------------------------------------------------------ */

void wi_pace_begin(struct wi_pace *pace, double now_ms, uint64_t bytes)
{
    pace->_since_ms = now_ms;
    pace->_bytes = bytes;
}

void wi_pace_skip(struct wi_pace *pace, double ms)
{
    pace->_since_ms += ms;
}

double wi_pace_deadline(
    struct wi_pace *pace, const struct wi_pace_rule *rule, double now_ms, uint64_t bytes)
{
    if ((double)(bytes - pace->_bytes) >= rule->window_ms * rule->bytes_per_ms)
        wi_pace_begin(pace, now_ms, bytes);
    return pace->_since_ms + rule->window_ms;
}

/* --- the loop's time ------------------------------------------------------------------------- */

void wi_toll_pay(struct wi_toll *toll, double now_ms, uint64_t ns)
{
    for (; toll; toll = toll->parent) {
        if (toll->_paid_ms < now_ms - TOLL_BURST_MS)
            toll->_paid_ms = now_ms - TOLL_BURST_MS;
        toll->_paid_ms += (double)ns / NS_PER_MS / toll->part;
    }
}

double wi_toll_wait(const struct wi_toll *toll, double now_ms)
{
    double wait = 0;
    for (; toll; toll = toll->parent)
        if (toll->_paid_ms - now_ms > wait)
            wait = toll->_paid_ms - now_ms;
    return wait;
}
