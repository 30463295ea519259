/*
 * Records evidence about a node or a place, and its consequences by the table in
 * work/pool/facts/rules.h. Every lasting state of a node or a place is set here: a smaller share of
 * work, a verdict, a hold, a quarantine.
 */
#ifndef WI_WORK_POOL_EVIDENCE_H
#define WI_WORK_POOL_EVIDENCE_H

#include "work/pool/facts/rules.h"
#include "work/pool/pool.h"

struct wi_evidence_found {
    enum wi_evidence_kind kind;
    const char *node; /* the node that answered; it may be gone. NULL: no particular one */
    int joined;       /* the node is a joined one: the place in the key is ignored */
    const char *key;  /* of the verdict, wi_verdict_key; NULL: not about a model */
    /* A key of the same form at the place that has answered: for a relay, whose places are held one
     * by one. NULL: that of `key`. */
    const char *place;
    /* Its detail is the reason shown to people. May be all zero: the table determines the verdict.
     * WI_TRUSTED speaks for the node: the verdict is set, and has no other effect. */
    struct wi_finding finding;
};

/* Records the evidence and applies the effects that the table allows. Returns the effects; a
 * verdict is among them only if it is new. The node may be gone afterwards. */
unsigned wi_pool_found(struct wi_pool *pool, const struct wi_evidence_found *found);
/* An answer of a joined node was compared, and was right: it counts along with those that were not.
 * The pool itself records that an answer came, and so ended well. */
void wi_pool_found_well(struct wi_pool *pool, const char *node_id);

/* An admin clears the evidence against the node: it gets its share of work again, and is not held
 * for it, nor are the places of a relay. WI_OK, or WI_NODE_NOT_FOUND. */
enum wi_code wi_pool_forgive(struct wi_pool *pool, const char *node_id, struct wi_error *error);

/* {"limits":[{"effect","evidence","reason","since","until","undone_by"}],"conduct":{KIND: count}}:
 * why the node gets less work than others, or none, and how its last answers were; "conduct" is
 * null for a session of ours. Reasons, which may name the models of others, are included only with
 * `everything`. New reference; NULL if there is no such node. */
json_t *wi_pool_found_json(const struct wi_pool *pool, const char *node_id, int everything);
/* The amount of evidence of each kind since the start. */
void wi_pool_found_counts(const struct wi_pool *pool, uint64_t counts[WI_EVIDENCE_COUNT]);

#endif
