/*
 * One cross-check: the answer of a joined node is compared with the answer of our own browsers, or
 * a kernel's answer with the known one.
 *
 * A node that goes away before it is given an input of ours is replaced by another of its party.
 *
 *   FIRST → GIVEN → it agrees, or it cannot be told
 *                 → it differs for a client's input, which is a suspicion: FIRST, with one of ours
 *                 → it differs for one of ours: NUDGED → SECOND → FIRST, with another → wrong
 *   KNOWN → it is right, or wrong
 */
#ifndef WI_OWNERS_CHECK_TRIAL_H
#define WI_OWNERS_CHECK_TRIAL_H

#include "owners/check/private.h"

/* The answer that is waited for. */
enum wi_trial_step {
    WI_TRIAL_FIRST,  /* of a browser of ours */
    WI_TRIAL_GIVEN,  /* of the node, if it is not the one to the client */
    WI_TRIAL_NUDGED, /* of that browser to nearly the same numbers: whether they are conclusive */
    WI_TRIAL_SECOND, /* of a second place of ours */
    WI_TRIAL_KNOWN,  /* of the node, for a kernel whose right answer is known */
    WI_TRIAL_STEP_COUNT
};

enum wi_trial_end {
    WI_TRIAL_AGREED,
    WI_TRIAL_WRONG,
    WI_TRIAL_SUSPECTED, /* a client's input differed, and ours did not or are inconclusive */
    WI_TRIAL_DISPUTED,  /* two places of ours disagreed with each other */
    WI_TRIAL_UNABLE,    /* no browser of ours computes it, or it is inconclusive */
    WI_TRIAL_DROPPED
};

/* Made and filled by cross.c: `step` is the first answer that is missing. */
struct wi_trial {
    const struct wi_checks *checks;
    const struct wi_inference *asked; /* a reference, from which each run is made */
    const struct wi_inference *nudge; /* the same with nearly the same numbers; or NULL */
    char node[WI_ID_SIZE], kind[32];  /* the node that answered, and the browser it claims to be */
    char party[WI_PARTY_SIZE];        /* the party of the node */
    enum wi_platform platform;        /* on which the node claims to have computed it */
    char key[WI_VERDICT_KEY_SIZE];    /* of the verdict on that place for its party */
    /* Requests to the node look like that client's: with its name as owner, its time limit, and
     * whether it may fall back. */
    char *client; /* owned; NULL: no particular one */
    double timeout_ms;
    int fallback;
    int direct;           /* the answers are compared, and not the outputs of the graphs */
    double prompt_tokens; /* of a client's prompt that is repeated; 0: none */
    size_t answer;        /* index of a known answer (terms/kernel/answers.h) */

    enum wi_trial_step step;
    int is_ours; /* the input is ours */
    struct wi_draws draws;
    double off; /* the difference of the last input that differed; 0: none did */
    struct wi_check_leg first, given, nudged, second;
    char first_kind[32]; /* of the browser of ours that gave `first` */
    enum wi_platform due_on;
    int was_refused; /* a run for that platform was refused */
    struct wi_run *under_way;
    struct wi_work *work;
    struct wi_comparison comparison; /* of the latest two that were compared */

    /* Of cross.c. */
    int active;
    size_t bytes; /* bytes charged for it */
    struct wi_trial *prev, *next;
};

/* Begins the next missing step: an answer or the comparison. The trial may be over when this
 * returns. */
void wi_trial_go_on(struct wi_trial *trial);
size_t wi_trial_bytes(const struct wi_trial *trial);
/* Neither a run nor a comparison may be under way. */
void wi_trial_free(struct wi_trial *trial);
/* At the end of the loop, whatever is under way: no callback comes. */
void wi_trial_abandon(struct wi_trial *trial);

/* --- cross.c: what follows for all cross-checks ----------------------------------------------- */

/* The number of bytes that it holds has changed. Returns 0, or -1 if there is no room for them. */
int wi_cross_grow(struct wi_trial *trial);
/* It has found no node for too long: wi_trial_go_on is called later. */
void wi_cross_wait(struct wi_trial *trial);
/* Counts it, and frees it. */
void wi_cross_end(struct wi_trial *trial, enum wi_trial_end end);

#endif
