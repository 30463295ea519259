/* What follows from what was found; see evidence.h. */
#include "work/pool/evidence.h"
#include "work/pool/facts/verdicts_records.h"
#include "work/pool/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "nodes/bridge/quarantine.h"
#include "wire/describe/schemas.h"
#include <string.h>

/* --- what is counted -------------------------------------------------------------------------- */

/* As which of a node's answers it counts; WI_CONDUCT_ENDED: it decides by itself. */
static const enum wi_conduct_kind conducts[WI_EVIDENCE_COUNT] = {
    [WI_EVIDENCE_ENDING] = WI_CONDUCT_ENDING,
    [WI_EVIDENCE_DISPUTED] = WI_CONDUCT_DISPUTED,
    [WI_EVIDENCE_OPEN] = WI_CONDUCT_OPEN,
    [WI_EVIDENCE_CLIENT_INPUT] = WI_CONDUCT_SUSPICION,
};

/* NULL if it is gone, or of a session of ours. */
static struct pool_node *node_find_joined(const struct wi_pool *pool, const char *node_id)
{
    struct pool_node *node = node_id ? wi_pool_nodes_find(pool->nodes, node_id) : NULL;

    return node && !*node->session ? node : NULL;
}

/* Of a joined node, or of one that was; NULL if nothing is known of it. */
static struct pool_node_standing *standing_find(const struct wi_pool *pool, const char *node_id)
{
    struct pool_node *node = node_find_joined(pool, node_id);

    return node ? &node->standing : node_id ? wi_standings_of_node(pool->standings, node_id) : NULL;
}

static unsigned evidence_count(
    const struct pool_node_standing *standing, enum wi_evidence_kind kind)
{
    enum wi_conduct_kind conduct = conducts[kind];

    return conduct == WI_CONDUCT_ENDED ? 1 : wi_conduct_count(&standing->conduct, conduct);
}

/* The place in a verdict's key, that of a relay; 0, or -1 if it is another's. */
static int read_via(const char *key, struct wi_place *place)
{
    struct verdict_parts parts;

    if (!key || wi_verdict_key_read(key, &parts) != 0 || !*wi_party_via(parts.place.party))
        return -1;
    *place = parts.place;
    return 0;
}

static const char *found_place(const struct wi_evidence_found *found)
{
    return found->place ? found->place : found->key;
}

static enum wi_evidence_about evidence_about(
    const struct wi_pool *pool, const struct wi_evidence_found *found)
{
    const struct pool_node *node = node_find_joined(pool, found->node);
    struct wi_place place;

    if (!found->joined)
        return WI_ABOUT_OURS;
    return (node && *wi_party_via(node->party)) || read_via(found_place(found), &place) == 0
               ? WI_ABOUT_RELAY
               : WI_ABOUT_JOINED;
}

/* How often it was found, this time included. */
static unsigned evidence_book(struct wi_pool *pool, const struct wi_evidence_found *found)
{
    struct pool_node_standing *standing = standing_find(pool, found->node);
    enum wi_conduct_kind conduct = conducts[found->kind];

    pool->found[found->kind]++;
    if (!standing || conduct == WI_CONDUCT_ENDED)
        return 1;
    wi_conduct_note(&standing->conduct, conduct);
    return evidence_count(standing, found->kind);
}

/* The rule by which such answers give a joined node less work; NULL: there is none. */
static const struct wi_evidence_rule *standing_lessens(
    const struct pool_node *node, const struct pool_node_standing *standing)
{
    enum wi_evidence_about about = *wi_party_via(node->party) ? WI_ABOUT_RELAY : WI_ABOUT_JOINED;

    for (const struct wi_evidence_rule *rule = wi_evidence_rules; rule->effect; rule++)
        if (rule->about == about && rule->effect == WI_EFFECT_SHARE &&
            evidence_count(standing, rule->kind) >= rule->count)
            return rule;
    return NULL;
}

/* --- effects ---------------------------------------------------------------------------------- */

static const char *evidence_reason(const struct wi_evidence_found *found)
{
    const char *detail = found->finding.detail;

    return detail && *detail ? detail : wi_evidence_texts[found->kind];
}

/* What could not be judged is asked again after a pause, whatever is known. */
static unsigned evidence_decide(
    struct wi_pool *pool, const struct wi_evidence_found *found, enum wi_verdict verdict)
{
    struct wi_finding finding = found->finding;

    if (!found->key)
        return 0;
    finding.verdict = verdict;
    if (found->kind == WI_EVIDENCE_OPEN) {
        wi_verdicts_pause(pool->verdicts, found->key, evidence_reason(found));
        return 0;
    }
    return wi_verdicts_set(pool->verdicts, found->key, &finding) ? WI_EFFECT_VERDICT : 0;
}

static struct pool_node_limit node_limit(const struct wi_evidence_found *found,
    const struct wi_evidence_rule *rule, const struct pool_node_limit *before)
{
    struct pool_node_limit limit = {.since = before->since ? before->since : wi_steady_ms(),
        .until = rule->for_ms ? wi_steady_ms() + rule->for_ms : 0,
        .evidence = wi_evidence_names[found->kind],
        .undone = rule->undone};

    wi_text_printable(limit.reason, sizeof limit.reason, evidence_reason(found));
    return limit;
}

static void node_lessen(struct wi_pool *pool, struct pool_node *node,
    const struct wi_evidence_found *found, const struct wi_evidence_rule *rule)
{
    struct pool_node_limit *less = &node->standing.less, before = *less;

    *less = node_limit(found, rule, &before);
    if (before.since)
        return;
    wi_warn("pool", node->id, "is used only if no other node has room: %s", less->reason);
    wi_pool_place_anew(pool, node);
    wi_pool_tell_capacity(pool->wake);
}

static void node_hold(struct wi_pool *pool, struct pool_node *node,
    const struct wi_evidence_found *found, const struct wi_evidence_rule *rule)
{
    struct pool_node_limit *hold = &node->standing.hold, before = *hold;

    *hold = node_limit(found, rule, &before);
    if (!before.since)
        wi_warn("pool", node->id, "gets no work for now: %s", hold->reason);
    wi_pool_node_hold(pool->nodes, node, WI_POOL_HELD_FOUND, 1);
    wi_pool_tell_capacity(pool->wake);
}

/* Its other places go on. */
static unsigned place_hold(struct wi_pool *pool, const struct wi_evidence_found *found,
    const struct wi_evidence_rule *rule)
{
    static const struct pool_node_limit none;
    struct wi_place place;

    if (read_via(found_place(found), &place) != 0)
        return 0;
    const struct pool_node_limit limit = node_limit(found, rule, &none);
    if (wi_place_holds_add(pool->place_holds, place.key, &limit))
        wi_warn("pool", found->node, "%s/%s via %s gets no work for now: %s", place.kind,
            wi_platform_names[place.platform], wi_party_via(place.party), limit.reason);
    wi_pool_tell_capacity(pool->wake);
    return WI_EFFECT_HOLD;
}

/* One that is gone is known to the bridge for a while. Once its token is taken again, it begins
 * afresh. */
static unsigned node_send_away(struct wi_pool *pool, const struct wi_evidence_found *found,
    const struct wi_evidence_rule *rule)
{
    struct pool_node_standing *standing = standing_find(pool, found->node);
    const struct wi_quarantine_cause cause = {
        wi_evidence_names[found->kind], evidence_reason(found), rule->for_ms};

    if (standing)
        standing->conduct = (struct wi_conduct){0};
    if (!found->node || wi_bridge_quarantine(pool->bridge, found->node, &cause) != 0)
        return 0;
    wi_pool_tell_capacity(pool->wake);
    return WI_EFFECT_QUARANTINE;
}

static unsigned evidence_apply(struct wi_pool *pool, const struct wi_evidence_found *found,
    const struct wi_evidence_rule *rule)
{
    struct pool_node *node = node_find_joined(pool, found->node);

    if (rule->effect == WI_EFFECT_VERDICT)
        return evidence_decide(pool, found, rule->verdict);
    if (rule->effect == WI_EFFECT_QUARANTINE)
        return node_send_away(pool, found, rule);
    if (rule->effect == WI_EFFECT_HOLD && rule->about == WI_ABOUT_RELAY)
        return place_hold(pool, found, rule);
    if (!node)
        return 0;
    if (rule->effect == WI_EFFECT_HOLD)
        node_hold(pool, node, found, rule);
    else
        node_lessen(pool, node, found, rule);
    return rule->effect;
}

unsigned wi_pool_found(struct wi_pool *pool, const struct wi_evidence_found *found)
{
    struct wi_evidence_found own = *found;
    char id[WI_ID_SIZE];
    unsigned had = 0;

    if (found->finding.verdict == WI_TRUSTED)
        return evidence_decide(pool, found, WI_TRUSTED);
    wi_text_copy(id, sizeof id, found->node); /* which may be the node's own text */
    own.node = found->node ? id : NULL;
    unsigned count = evidence_book(pool, &own);
    enum wi_evidence_about about = evidence_about(pool, &own);
    for (const struct wi_evidence_rule *rule = wi_evidence_rules; rule->effect; rule++)
        if (rule->kind == own.kind && rule->about == about && count >= rule->count)
            had |= evidence_apply(pool, &own, rule);
    return had;
}

/* --- what outlives a node --------------------------------------------------------------------- */

void wi_pool_remember(struct wi_pool *pool, const struct pool_node *node)
{
    if (!*node->session)
        wi_standings_keep(pool->standings, node->party, node->id, &node->standing, wi_steady_ms());
}

/* More may have been found since the node left. */
void wi_pool_recall(struct wi_pool *pool, struct pool_node *node)
{
    const struct pool_node_standing *kept =
        *node->session ? NULL : wi_standings_of_party(pool->standings, node->party, wi_steady_ms());

    if (!kept)
        return;
    node->standing = *kept;
    if (kept->hold.since)
        wi_pool_node_hold(pool->nodes, node, WI_POOL_HELD_FOUND, 1);
    const struct wi_evidence_rule *rule = standing_lessens(node, kept);
    if (rule && !node->standing.less.since)
        node_lessen(pool, node, &(struct wi_evidence_found){.kind = rule->kind}, rule);
    wi_pool_place_anew(pool, node);
}

/* --- what ends them --------------------------------------------------------------------------- */

void wi_pool_reconsider(struct wi_pool *pool, struct pool_node *node)
{
    if (!node->standing.less.since || standing_lessens(node, &node->standing))
        return;
    wi_info("pool", node->id, "gets its share of work again");
    node->standing.less = (struct pool_node_limit){0};
    wi_pool_place_anew(pool, node);
    wi_pool_tell_capacity(pool->wake);
}

static void node_let_go(struct wi_pool *pool, struct pool_node *node)
{
    wi_info("pool", node->id, "is no longer held because of findings");
    node->standing.hold = (struct pool_node_limit){0};
    wi_pool_node_hold(pool->nodes, node, WI_POOL_HELD_FOUND, 0);
    wi_pool_tell_capacity(pool->wake);
}

void wi_pool_found_well(struct wi_pool *pool, const char *node_id)
{
    struct pool_node *node = node_find_joined(pool, node_id);

    if (!node)
        return;
    wi_conduct_note(&node->standing.conduct, WI_CONDUCT_RIGHT);
    wi_pool_reconsider(pool, node);
}

void wi_pool_found_look(struct wi_pool *pool, int64_t now)
{
    for (struct pool_node *node = pool->nodes->all; node; node = node->hh.next) {
        const struct pool_node_limit *limit = &node->standing.hold;
        if (limit->since && limit->until && limit->until <= now)
            node_let_go(pool, node);
    }
}

enum wi_code wi_pool_forgive(struct wi_pool *pool, const char *node_id, struct wi_error *error)
{
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (!node)
        return wi_error_set(error, WI_NODE_NOT_FOUND, "node", "there is no node %.80s", node_id);
    struct pool_node_standing *standing = &node->standing;
    standing->conduct = (struct wi_conduct){0};
    wi_standings_forget(pool->standings, node->party);
    wi_pool_reconsider(pool, node);
    if (standing->hold.since)
        node_let_go(pool, node);
    if (*wi_party_via(node->party) && wi_place_holds_lift(pool->place_holds, node->party) > 0)
        wi_pool_tell_capacity(pool->wake);
    return WI_OK;
}

void wi_pool_hold(struct wi_pool *pool, const char *node_id, int held)
{
    struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);
    unsigned was_held = node ? node->held & WI_POOL_HELD_UNPROVEN : 0;

    if (!node || !was_held == !held)
        return;
    wi_pool_node_hold(pool->nodes, node, WI_POOL_HELD_UNPROVEN, held);
    wi_pool_tell_capacity(pool->wake);
}

/* --- for people ------------------------------------------------------------------------------- */

/* `place`: the only one that it is about; NULL: it is about the node. */
static json_t *limit_json(unsigned effect, const struct wi_place *place,
    const struct pool_node_limit *limit, int everything)
{
    const char *name = "";

    for (unsigned i = 0; i < WI_EFFECT_COUNT; i++)
        if (effect & 1u << i)
            name = wi_effect_names[i];
    return wi_form_json("NodeLimit", name, place ? wi_platform_names[place->platform] : NULL,
        place ? wi_engine_names[place->engine] : NULL, limit->evidence,
        everything ? limit->reason : NULL, limit->since, limit->until, limit->undone);
}

/* What limits a node without evidence against it. */
static const struct pool_node_limit limit_late = {.evidence = "deadlines",
    .undone = "it answers again",
    .reason = "it let several deadlines in a row pass in silence"};
static const struct pool_node_limit limit_throttled = {.evidence = "throttled",
    .undone = "its page says that it no longer runs slowly",
    .reason = "its page says that it runs slowly at present, as its user or its browser wants"};
static const struct pool_node_limit limit_unproven = {.evidence = "unproven",
    .undone = "it answers a challenge correctly",
    .reason = "it has not yet proved that it computes correctly"};

struct listing {
    json_t *list;
    const struct pool_node *node;
    int everything;
};

/* A party may have several relays, one for each kind of browser. */
static void list_place_hold(
    void *context, const struct wi_place *place, const struct pool_node_limit *limit)
{
    const struct listing *listing = context;
    const struct wi_fleet_class *class = listing->node->place.class;

    if (!class || strcmp(class->info.kind, place->kind) != 0)
        return;
    json_array_append_new(
        listing->list, limit_json(WI_EFFECT_HOLD, place, limit, listing->everything));
}

static json_t *node_limits_json(
    const struct wi_pool *pool, const struct pool_node *node, int everything)
{
    json_t *list = json_array();

    if (node->missed >= WI_POOL_DOUBTED)
        json_array_append_new(list, limit_json(WI_EFFECT_SHARE, NULL, &limit_late, everything));
    if (node->standing.less.since)
        json_array_append_new(
            list, limit_json(WI_EFFECT_SHARE, NULL, &node->standing.less, everything));
    if (node->throttled)
        json_array_append_new(
            list, limit_json(WI_EFFECT_SHARE, NULL, &limit_throttled, everything));
    if (node->held & WI_POOL_HELD_UNPROVEN)
        json_array_append_new(list, limit_json(WI_EFFECT_HOLD, NULL, &limit_unproven, everything));
    if (node->held & WI_POOL_HELD_FOUND)
        json_array_append_new(
            list, limit_json(WI_EFFECT_HOLD, NULL, &node->standing.hold, everything));
    struct listing listing = {list, node, everything};
    if (*wi_party_via(node->party))
        wi_place_holds_each(
            pool->place_holds, node->party, wi_steady_ms(), list_place_hold, &listing);
    return list;
}

static json_t *conduct_json(const struct wi_conduct *conduct)
{
    json_t *object = json_object();

    for (unsigned i = 0; i < WI_CONDUCT_COUNT; i++)
        json_object_set_new(object, wi_conduct_names[i],
            json_integer((json_int_t)wi_conduct_count(conduct, (enum wi_conduct_kind)i)));
    return object;
}

json_t *wi_pool_found_json(const struct wi_pool *pool, const char *node_id, int everything)
{
    const struct pool_node *node = wi_pool_nodes_find(pool->nodes, node_id);

    if (!node)
        return NULL;
    return json_pack("{s:o, s:o}", "limits", node_limits_json(pool, node, everything), "conduct",
        *node->session ? json_null() : conduct_json(&node->standing.conduct));
}

void wi_pool_found_counts(const struct wi_pool *pool, uint64_t counts[WI_EVIDENCE_COUNT])
{
    memcpy(counts, pool->found, sizeof pool->found);
}
