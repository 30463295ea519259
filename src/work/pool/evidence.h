/*
 * What was found of a node or a place, and what follows from it by the table in
 * work/pool/facts/rules.h. All that sets a lasting state about a node or a place goes through here:
 * a smaller share of work, a verdict, a hold, a quarantine.
 */
#ifndef WI_WORK_POOL_EVIDENCE_H
#define WI_WORK_POOL_EVIDENCE_H

#include "work/pool/facts/rules.h"
#include "work/pool/pool.h"

struct wi_evidence_found {
    enum wi_evidence_kind kind;
    const char *node; /* whose answer it was; it may be gone. NULL: nobody's in particular */
    int joined;       /* that node has joined: what a key says of a place is not looked at */
    const char *key;  /* of the verdict, wi_verdict_key; NULL: it is about no model */
    /* Its detail is the reason that people read. May be all zero: the table says which verdict
     * follows. WI_TRUSTED speaks for the node: it is set, and nothing else follows. */
    struct wi_finding finding;
};

/* Books what was found and changes what the table lets it change. The effects that it had, a
 * verdict only where it is news; the node may be gone afterwards. */
unsigned wi_pool_found(struct wi_pool *pool, const struct wi_evidence_found *found);
/* An answer of a joined node was compared, and was right: it counts beside those that were not.
 * That an answer came, and so ended well, the pool books by itself. */
void wi_pool_found_well(struct wi_pool *pool, const char *node_id);

/* An admin forgives the node what was counted of it: it gets its share of work again, and is not
 * held for it. WI_OK, or WI_NODE_NOT_FOUND. */
enum wi_code wi_pool_forgive(struct wi_pool *pool, const char *node_id, struct wi_error *error);

/* {"limits":[{"effect","evidence","reason","since","until","undone_by"}],"conduct":{KIND: count}}:
 * why the node gets less work than others, or none, and how its last answers were; "conduct" is
 * null of a session of ours. Reasons, which may name others' models, are there with `everything`
 * only. New reference; NULL if there is no such node. */
json_t *wi_pool_found_json(const struct wi_pool *pool, const char *node_id, int everything);
/* How much was found of each kind since the start. */
void wi_pool_found_counts(const struct wi_pool *pool, uint64_t counts[WI_EVIDENCE_COUNT]);

#endif
