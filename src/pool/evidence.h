/*
 * What a finding may change: one table of evidence and effects, which webinfer-proof(7) prints. All
 * that sets a lasting state about a node or a place goes through here: a smaller share of work, a
 * verdict, a hold, a quarantine.
 *
 * Two rules are behind the table. An input that a client or a joined node chose condemns nobody
 * else: it raises a suspicion, and an input of ours decides. What a joined node shows counts for
 * its own party (struct wi_node_info) until a node of another token shows the same, and never for
 * the sessions that the service starts.
 */
#ifndef WI_POOL_EVIDENCE_H
#define WI_POOL_EVIDENCE_H

#include "pool/facts/conduct.h"
#include "pool/facts/verdicts.h"
#include "pool/pool.h"

enum wi_evidence_kind {
    WI_EVIDENCE_CLAIM,        /* a page says that it cannot run the model on that platform */
    WI_EVIDENCE_ENDING,       /* a request ended badly at the node, and well at another */
    WI_EVIDENCE_OPEN,         /* an answer cannot be judged, by the choice of who gave it */
    WI_EVIDENCE_CLIENT_INPUT, /* an answer to a client's input differs from ours */
    WI_EVIDENCE_OUR_INPUT,    /* answers to inputs of ours differ from ours */
    WI_EVIDENCE_KNOWN_ANSWER, /* a kernel's answer differs from the known one */
    WI_EVIDENCE_CHALLENGE,    /* a product of the challenge is not right */
    WI_EVIDENCE_COUNT
};

/* Effects, as bits. */
#define WI_EFFECT_SHARE 1u      /* it gets only what nothing else has room for */
#define WI_EFFECT_VERDICT 2u    /* a verdict on the model at the place: of ours, or of the party */
#define WI_EFFECT_HOLD 4u       /* it gets no work */
#define WI_EFFECT_QUARANTINE 8u /* it is sent away, and its token refused */
#define WI_EFFECT_COUNT 4

/* One effect of a kind of evidence on a node: once there are `count` such among its last
 * WI_CONDUCT_LENGTH answers (pool/facts/conduct.h), for `for_ms` (0: until it is undone). */
struct wi_evidence_rule {
    enum wi_evidence_kind kind;
    int joined; /* about a joined node; 0: about a session of ours */
    unsigned effect;
    unsigned count; /* 1 of what is not counted */
    int64_t for_ms;
    const char *undone;      /* by what, for people */
    enum wi_verdict verdict; /* of WI_EFFECT_VERDICT, whatever the finding says */
};
extern const struct wi_evidence_rule wi_evidence_rules[]; /* ended by one without an effect */
extern const char *const wi_evidence_names[];             /* "claim", "ending" …, ended by NULL */
extern const char *const wi_evidence_texts[];             /* what each is, for people */
extern const char *const wi_effect_names[]; /* "share", "verdict" …, in the order of the bits */

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
