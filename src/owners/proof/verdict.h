/*
 * What a platform of a node is, by what it has shown: one pure function from evidence to verdict. A
 * label is a claim; that a product is right, and how long it took, is what a node has shown. The
 * times of a node that we did not start are claims too.
 */
#ifndef WI_OWNERS_PROOF_VERDICT_H
#define WI_OWNERS_PROOF_VERDICT_H

#include "nodes/bridge/bridge.h"

enum wi_proof_verdict {
    WI_PROOF_SIMULATED, /* it says so */
    WI_PROOF_WRONG,     /* one product or known answer is not right */
    WI_PROOF_NOT_TESTED,
    WI_PROOF_RIGHT,    /* of wasm and native, which claim no hardware */
    WI_PROOF_SOFTWARE, /* the adapter says so, or names nothing and is not fast */
    WI_PROOF_UNPROVEN, /* it may be a GPU: that cannot be shown from here */
    WI_PROOF_HARDWARE  /* a session of ours with an adapter that has a name, and fast */
};
extern const char *const wi_proof_names[]; /* "simulated", "wrong", "not tested" …, ended by NULL */

/* The sides of the matrices, one challenge after the other. */
#define WI_CHALLENGES 3
extern const unsigned wi_challenge_sizes[WI_CHALLENGES];
/* An adapter is fast that computes the largest product in at most this part of what WASM takes. */
#define WI_PROOF_SPEED 0.5
#define WI_EVIDENCE_KERNELS 64

struct wi_evidence {
    enum wi_platform platform;
    int simulated, joined;
    int has_adapter;
    struct wi_adapter adapter;
    struct wi_challenge_result {
        int asked, answered, right;
        double ms;      /* by the node's clock, once it is answered */
        double wasm_ms; /* of a product of the same size on its WASM; 0: unknown, or it is WASM */
    } challenges[WI_CHALLENGES];
    size_t kernels_tried;                           /* whose answer is known, and came */
    const char *kernels_wrong[WI_EVIDENCE_KERNELS]; /* names in the table of kernels */
    size_t kernels_wrong_count;
    char reason[200]; /* why it is not tested, or what was wrong first; "": neither */
};

enum wi_proof_verdict wi_proof_judge(const struct wi_evidence *evidence);
/* Whether a product that it gave is not right. */
int wi_proof_has_failed(const struct wi_evidence *evidence);
/* Whether every product that was asked for is there and right, and nothing is wrong. */
int wi_proof_is_passed(const struct wi_evidence *evidence);

#endif
