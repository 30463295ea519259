/*
 * The effects of evidence: the only table of them, which webinfer-proof(7) prints.
 *
 * It follows two rules. An input chosen by a client or a joined node can never condemn others: it
 * only raises a suspicion, and an input of ours decides. Evidence from a joined node counts for its
 * own party (struct wi_node_info) until a node of another token shows the same, and never for the
 * sessions that the service starts. Of a relay, only the place that was wrong is held: other
 * browsers of the daemon behind it may well be right.
 */
#ifndef WI_WORK_POOL_FACTS_RULES_H
#define WI_WORK_POOL_FACTS_RULES_H

#include "work/pool/facts/standings.h"
#include "work/pool/facts/verdicts.h"

enum wi_evidence_kind {
    WI_EVIDENCE_CLAIM,    /* a page claims that it cannot run the model on that platform */
    WI_EVIDENCE_ENDING,   /* a request ended badly at the node, and well in a browser of ours */
    WI_EVIDENCE_DISPUTED, /* a request ended badly at the node, and well at another joined one; or
                             it gave wrong blocks to nodes of two tokens */
    WI_EVIDENCE_OPEN,     /* an answer cannot be judged, by the node's choice */
    WI_EVIDENCE_CLIENT_INPUT, /* an answer to a client's input differs from ours */
    WI_EVIDENCE_OUR_INPUT,    /* answers to inputs of ours differ from ours */
    WI_EVIDENCE_KNOWN_ANSWER, /* a kernel's answer differs from the known one */
    WI_EVIDENCE_CHALLENGE,    /* a product of a challenge is wrong */
    WI_EVIDENCE_COUNT
};

/* Effects, as bits. */
#define WI_EFFECT_SHARE 1u      /* it only gets work that nothing else has room for */
#define WI_EFFECT_VERDICT 2u    /* a verdict on the model at the place: ours, or the party's */
#define WI_EFFECT_HOLD 4u       /* it gets no work; of a relay, the place gets none */
#define WI_EFFECT_QUARANTINE 8u /* it is disconnected, and its token is refused */
#define WI_EFFECT_COUNT 4

/* The nodes that a rule is about. */
enum wi_evidence_about {
    WI_ABOUT_OURS,   /* of our sessions */
    WI_ABOUT_JOINED, /* joined, but no relays */
    WI_ABOUT_RELAY
};

/* One effect of a kind of evidence on a node: it applies once there are `count` pieces of it among
 * the node's last WI_CONDUCT_LENGTH answers (work/pool/facts/standings.h), for `for_ms` (0: until
 * it is undone). */
struct wi_evidence_rule {
    enum wi_evidence_kind kind;
    enum wi_evidence_about about;
    unsigned effect;
    unsigned count; /* 1 for evidence that is not counted */
    int64_t for_ms;
    const char *undone;      /* how it is undone, for people */
    enum wi_verdict verdict; /* for WI_EFFECT_VERDICT, regardless of the finding */
};
extern const struct wi_evidence_rule wi_evidence_rules[]; /* ended by one without an effect */
extern const char *const wi_evidence_names[];             /* "claim", "ending" …, ended by NULL */
extern const char *const wi_evidence_texts[];             /* descriptions, for people */
extern const char *const wi_effect_names[]; /* "share", "verdict" …, in the order of the bits */

#endif
