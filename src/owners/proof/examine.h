/*
 * One look at one node: challenges and known answers for each platform, one after the other, beside
 * what else the node does. What comes of it is evidence, which verdict.h judges.
 */
#ifndef WI_OWNERS_PROOF_EXAMINE_H
#define WI_OWNERS_PROOF_EXAMINE_H

#include "owners/proof/verdict.h"
#include "work/run/run.h"

struct wi_examine_order {
    const struct wi_run_deps *runs; /* borrowed; as long as any examination lasts */
    const char *node;               /* copied */
    unsigned platforms;             /* bits of enum wi_platform */
    int times; /* challenges become larger while the last took under a second; else the first alone
                */
    void *context;
    void (*on_step)(void *context); /* something more is known; may be NULL */
    /* The end; the evidence may be read in it, and is gone when it returns. */
    void (*on_done)(void *context);
};

/* The platforms on which the node has the engine `kernels`. */
unsigned wi_examine_platforms(const struct wi_node_info *node);

struct wi_examination;
/* Nothing happens inside the call. */
struct wi_examination *wi_examine(const struct wi_examine_order *order);
/* What is known so far of a platform that was ordered. */
const struct wi_evidence *wi_examine_evidence(
    const struct wi_examination *examination, enum wi_platform platform);
/* Whether the node could not be asked at all of that platform, for want of a place or of time, so
 * that it says nothing of it. */
int wi_examine_was_unsent(const struct wi_examination *examination, enum wi_platform platform);
/* Nobody wants it any more: no callback comes. NULL is fine. */
void wi_examine_abandon(struct wi_examination *examination);

#endif
