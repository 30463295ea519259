/*
 * Judges a platform of a node by the evidence: one pure function from evidence to verdict. A label
 * is a claim; a correct product, and the time it took, are evidence. The times of a node that we
 * did not start are claims, too.
 */
#ifndef WI_OWNERS_PROOF_VERDICT_H
#define WI_OWNERS_PROOF_VERDICT_H

#include "nodes/bridge/bridge.h"
#include "owners/proof/freivalds.h"

enum wi_proof_verdict {
    WI_PROOF_SIMULATED, /* by its own report */
    WI_PROOF_WRONG,     /* a product or a known answer is not right */
    WI_PROOF_NOT_TESTED,
    WI_PROOF_RIGHT,    /* for wasm and native, which claim no hardware */
    WI_PROOF_SOFTWARE, /* its adapter says so, or has no name and is not fast */
    WI_PROOF_UNPROVEN, /* it may be a GPU, which cannot be proven from here */
    WI_PROOF_HARDWARE  /* a session of ours with a named and fast adapter */
};
extern const char *const wi_proof_names[]; /* "simulated", "wrong", "not tested" …, ended by NULL */

/* An adapter is fast if it computes the largest product in at most this fraction of WASM's time. */
#define WI_PROOF_SPEED 0.5
#define WI_EVIDENCE_KERNELS 64

struct wi_evidence {
    enum wi_platform platform;
    int simulated, joined;
    int unsent; /* the node was not asked at all, because there was no place or no time */
    int has_adapter;
    struct wi_adapter adapter;
    struct wi_challenge_result {
        int asked, answered, right;
        double ms;      /* by the node's clock, once answered */
        double wasm_ms; /* for the same size on its WASM; 0: unknown, or it is WASM */
    } challenges[WI_CHALLENGES];
    size_t kernels_tried; /* those with a known answer that were answered */
    const char *kernels_wrong[WI_EVIDENCE_KERNELS]; /* names in the table of kernels */
    size_t kernels_wrong_count;
    char reason[200]; /* why it is not tested, or the first fault; "": neither */
};

enum wi_proof_verdict wi_proof_judge(const struct wi_evidence *evidence);
/* Whether it gave a wrong product. */
int wi_proof_has_failed(const struct wi_evidence *evidence);
/* Whether every requested product was given and right, and nothing is wrong. */
int wi_proof_is_passed(const struct wi_evidence *evidence);

#endif
