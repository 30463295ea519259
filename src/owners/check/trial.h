/*
 * One cross-check: an answer of a node that joined, held against what browsers of ours compute, or
 * a kernel's against the known one.
 *
 * A node that is gone before an input of ours is asked of it makes place for another of its party.
 *
 *   FIRST → GIVEN → it agrees, or it cannot be told
 *                 → it differs for a client's input, which is a suspicion: FIRST, with one of ours
 *                 → it differs for one of ours: NUDGED → SECOND → FIRST, with another → wrong
 *   KNOWN → it is right, or wrong
 */
#ifndef WI_OWNERS_CHECK_TRIAL_H
#define WI_OWNERS_CHECK_TRIAL_H

#include "owners/check/private.h"

/* Whose answer is waited for. */
enum wi_trial_step {
    WI_TRIAL_FIRST,  /* of a browser of ours */
    WI_TRIAL_GIVEN,  /* of the node, where it is not the client's */
    WI_TRIAL_NUDGED, /* of that browser, to nearly the same numbers: whether they tell anything */
    WI_TRIAL_SECOND, /* of a second place of ours */
    WI_TRIAL_KNOWN,  /* of the node, to a kernel of which the right one is known */
    WI_TRIAL_STEP_COUNT
};

enum wi_trial_end {
    WI_TRIAL_AGREED,
    WI_TRIAL_WRONG,
    WI_TRIAL_SUSPECTED, /* a client's input differed, and none of ours, or they do not tell */
    WI_TRIAL_DISPUTED,  /* two places of ours did not agree with each other */
    WI_TRIAL_UNABLE,    /* nobody of ours computes it, or it cannot be told */
    WI_TRIAL_DROPPED
};

struct wi_trial;
/* Whom it tells. None may free it but after on_end. */
struct wi_trial_owner {
    void *context;
    /* It holds other bytes now. 0, or -1: there is no room for them. */
    int (*on_grown)(void *context, struct wi_trial *trial);
    /* It has found no node for too long: wi_trial_go_on is called later. */
    void (*on_wait)(void *context, struct wi_trial *trial);
    void (*on_end)(void *context, struct wi_trial *trial, enum wi_trial_end end);
};

struct wi_trial {
    const struct wi_checks *checks;
    struct wi_trial_owner owner;
    const struct wi_inference *asked; /* a reference: what each run of it is made from */
    const struct wi_inference *nudge; /* the same with nearly the same numbers; or NULL */
    char node[WI_ID_SIZE], kind[32];  /* who gave it, and what browser it says it is */
    char party[WI_PARTY_SIZE];        /* whose node it is */
    enum wi_platform platform;        /* on which it says it was computed */
    char key[WI_VERDICT_KEY_SIZE];    /* of the verdict on that place of its party */
    /* What the node is asked looks like that client's: its owner's word, its time, and whether it
     * may fall back. */
    char *client;
    double timeout_ms;
    int fallback;
    int direct;           /* answers themselves are compared, and not what graphs put out */
    double prompt_tokens; /* of a client's prompt that is asked again; 0: none is */
    size_t answer;        /* of a known one: its index (terms/kernel/answers.h) */

    enum wi_trial_step step;
    int is_ours; /* the input */
    struct wi_draws draws;
    double off; /* how far the last one that differed was; 0: none did */
    struct wi_check_leg first, given, nudged, second;
    char first_kind[32]; /* of the browser of ours that gave `first` */
    enum wi_platform due_on;
    int was_refused; /* we have not asked for that platform after all */
    struct wi_run *under_way;
    struct wi_work *work;
    struct wi_comparison comparison; /* of the last two that were compared */

    /* The owner's. */
    int active;
    size_t bytes; /* that it was charged with */
    struct wi_trial *prev, *next;
};

/* `client` (NULL: nobody in particular) and `asked`, a reference, are taken over; what is zero may
 * be filled by the caller, `given` too. Nothing is asked yet. */
struct wi_trial *wi_trial_new(const struct wi_checks *checks, const struct wi_trial_owner *owner,
    const struct wi_inference *asked, char *client);
/* What is missing next: an answer or the comparison. It may be over when this returns. */
void wi_trial_go_on(struct wi_trial *trial);
size_t wi_trial_bytes(const struct wi_trial *trial);
/* Nothing of it may be under way. */
void wi_trial_free(struct wi_trial *trial);
/* At the end of the loop, whatever is: no callback comes. */
void wi_trial_abandon(struct wi_trial *trial);

#endif
