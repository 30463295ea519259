/*
 * One examination of one node: challenges and known answers for each platform, one after the other,
 * while the node does its other work. The result is evidence, which verdict.h judges.
 */
#ifndef WI_OWNERS_PROOF_EXAMINE_H
#define WI_OWNERS_PROOF_EXAMINE_H

#include "owners/proof/verdict.h"
#include "work/run/run.h"

struct wi_examine_order {
    const struct wi_run_deps *runs; /* borrowed while any examination lasts */
    const char *node;               /* copied */
    unsigned platforms;             /* bits of enum wi_platform */
    int times; /* 1: larger challenges while each takes under a second; 0: the first only */
    void *context;
    void (*on_step)(void *context); /* there is more evidence; may be NULL */
    /* The end: what was found by then, by platform, which is freed when it returns. */
    void (*on_done)(void *context, const struct wi_evidence evidence[WI_PLATFORM_COUNT]);
};

/* The platforms on which the node has the engine `kernels`. */
unsigned wi_examine_platforms(const struct wi_node_info *node);

struct wi_examination;
/* Never calls back from inside. */
struct wi_examination *wi_examine(const struct wi_examine_order *order);
/* The examination is no longer wanted: no callback comes. NULL is fine. */
void wi_examine_abandon(struct wi_examination *examination);

#endif
