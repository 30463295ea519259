/* A table by party; see standings.h. */
#include "work/pool/facts/standings.h"

#include "base/memory.h"
#include "base/table.h"
#include "base/text.h"
#include "work/pool/facts/owners.h"
#include "work/pool/facts/place.h"
#include <stdlib.h>
#include <string.h>

/* --- conduct ---------------------------------------------------------------------------------- */

const char *const wi_conduct_names[] = {
    "ended", "ending", "disputed", "right", "open", "suspicion", NULL};

static int conduct_is_of_ends(enum wi_conduct_kind kind)
{
    return kind <= WI_CONDUCT_DISPUTED;
}

void wi_conduct_note(struct wi_conduct *conduct, enum wi_conduct_kind kind)
{
    struct wi_conduct_ring *ring = conduct_is_of_ends(kind) ? &conduct->ended : &conduct->judged;

    ring->kinds[ring->next] = (uint8_t)kind;
    ring->next = (ring->next + 1) % WI_CONDUCT_LENGTH;
    if (ring->count < WI_CONDUCT_LENGTH)
        ring->count++;
}

/* The one at `i` of those that are kept, the oldest first. */
static enum wi_conduct_kind ring_at(const struct wi_conduct_ring *ring, unsigned i)
{
    unsigned first = ring->next + WI_CONDUCT_LENGTH - ring->count;

    return (enum wi_conduct_kind)ring->kinds[(first + i) % WI_CONDUCT_LENGTH];
}

unsigned wi_conduct_count(const struct wi_conduct *conduct, enum wi_conduct_kind kind)
{
    const struct wi_conduct_ring *ring =
        conduct_is_of_ends(kind) ? &conduct->ended : &conduct->judged;
    unsigned count = 0, right = 0;

    for (unsigned i = 0; i < ring->count; i++) {
        enum wi_conduct_kind one = ring_at(ring, i);
        right = one == WI_CONDUCT_RIGHT ? right + 1 : 0;
        count += one == kind;
        if (kind == WI_CONDUCT_SUSPICION && right == WI_CONDUCT_CLEARS)
            count = 0;
    }
    return count;
}

/* --- standings -------------------------------------------------------------------------------- */

struct kept {
    char party[WI_PARTY_SIZE];
    char node[WI_ID_SIZE]; /* the last that left */
    int64_t at;
    struct pool_node_standing standing;
    struct wi_owned owned;
    UT_hash_handle hh;
};

struct wi_standings {
    struct kept *items;
    struct wi_owners owners;
};

struct wi_standings *wi_standings_new(void)
{
    return wi_alloc(sizeof(struct wi_standings));
}

static void standings_drop(struct wi_standings *standings, struct kept *kept)
{
    HASH_DEL(standings->items, kept);
    wi_owners_remove(&standings->owners, &kept->owned);
    free(kept);
}

void wi_standings_free(struct wi_standings *standings)
{
    while (standings && standings->items)
        standings_drop(standings, standings->items);
    free(standings);
}

static struct kept *standings_find(const struct wi_standings *standings, const char *party)
{
    return WI_TABLE_FIND(standings->items, party, strlen(party));
}

/* NULL: there is room for one with faults alone. The engine and the platform do not matter: the
 * key's party does. */
static struct kept *standings_add(
    struct wi_standings *standings, const char *party, unsigned faults)
{
    static const struct wi_owners_most most = {
        .joined = WI_STANDINGS_MAX, .token = WI_STANDINGS_TOKEN_MAX};
    struct wi_node_info node = {0};

    wi_text_copy(node.party, sizeof node.party, party);
    const struct wi_place place = wi_place_of(&node, WI_ENGINE_ORT, WI_WASM);
    struct wi_owned *surplus = wi_owners_surplus(&standings->owners, place.key, &most);
    if (surplus && faults == 0)
        return NULL;
    if (surplus)
        standings_drop(standings, WI_OWNED_RECORD(surplus, struct kept, owned));
    struct kept *kept = wi_alloc(sizeof *kept);
    wi_text_copy(kept->party, sizeof kept->party, party);
    HASH_ADD_STR(standings->items, party, kept);
    wi_owners_add(&standings->owners, &kept->owned, place.key);
    return kept;
}

/* A hold weighs more than all that is counted. */
static unsigned standing_faults(const struct pool_node_standing *standing)
{
    unsigned faults = standing->hold.since ? 2 * WI_CONDUCT_LENGTH + 1 : 0;

    for (int kind = 0; kind < WI_CONDUCT_COUNT; kind++)
        if (kind != WI_CONDUCT_ENDED && kind != WI_CONDUCT_RIGHT)
            faults += wi_conduct_count(&standing->conduct, (enum wi_conduct_kind)kind);
    return faults;
}

static int kept_is_old(const struct kept *kept, int64_t now)
{
    return now - kept->at >= WI_STANDINGS_MS;
}

void wi_standings_keep(struct wi_standings *standings, const char *party, const char *node_id,
    const struct pool_node_standing *standing, int64_t now)
{
    struct kept *kept = standings_find(standings, party);
    unsigned faults = standing_faults(standing);

    if (!kept && !(kept = standings_add(standings, party, faults)))
        return;
    wi_owned_renew(&kept->owned);
    wi_text_copy(kept->node, sizeof kept->node, node_id);
    if (!kept_is_old(kept, now) && faults < standing_faults(&kept->standing))
        return;
    kept->standing = *standing;
    kept->at = now;
}

const struct pool_node_standing *wi_standings_of_party(
    const struct wi_standings *standings, const char *party, int64_t now)
{
    const struct kept *kept = standings_find(standings, party);

    return kept && !kept_is_old(kept, now) ? &kept->standing : NULL;
}

struct pool_node_standing *wi_standings_of_node(
    const struct wi_standings *standings, const char *node_id)
{
    for (struct kept *kept = standings->items; kept; kept = kept->hh.next)
        if (strcmp(kept->node, node_id) == 0)
            return &kept->standing;
    return NULL;
}

void wi_standings_forget(struct wi_standings *standings, const char *party)
{
    struct kept *kept = standings_find(standings, party);

    if (kept)
        standings_drop(standings, kept);
}
