/* Declarations that the files of this folder share; no other file includes this header. */
#ifndef WI_OWNERS_CHECK_PRIVATE_H
#define WI_OWNERS_CHECK_PRIVATE_H

#include "base/loop.h"
#include "base/memory.h"
#include "owners/check/check.h"
#include "owners/check/draws.h"
#include "terms/tensor/compare.h"

/* An answer to compare, with where it came from. */
struct wi_check_leg {
    int there;
    int joined; /* from a page that is not ours */
    int raw;    /* of a task: the outputs are those of its graphs */
    struct wi_tensors outputs;
};

/* The input that a run uses. A client's choice may happen to make every honest platform differ
 * (sums that cancel, ties), or may be made to: it can make a place trusted, but never wrong. */
enum wi_check_step {
    WI_CHECK_CLIENTS, /* the tensors that the client sent */
    WI_CHECK_DRAWN,   /* inputs of ours like these, because the client's differed */
    WI_CHECK_OURS,    /* an input of ours: for a task, or for a place that was wrong */
    WI_CHECK_PROMPT,  /* the client's own prompt, because ours agreed */
    WI_CHECK_LONG,    /* one of ours of the same length, because the prompt differed */
    WI_CHECK_STEP_COUNT
};

struct wi_check_run {
    struct wi_check_run *next;
    struct wi_checks *checks;         /* NULL: the comparison is no longer wanted */
    const struct wi_inference *asked; /* a reference, from which each job of the step is made */
    enum wi_check_step step;
    const struct wi_inference *nudge; /* the same with nearly the same numbers; or NULL */
    /* The client's own prompt, which is used once our inputs agree, and only on `client_node`,
     * which has already answered it. A reference; NULL: there is none. For tensors `client_node` is
     * the node that answered for the place in question, and is asked again if the place is
     * suspected. */
    const struct wi_inference *client;
    double client_tokens; /* about how many it has */
    char client_node[WI_ID_SIZE];
    struct wi_draws draws;
    char browser[32]; /* the place in question */
    enum wi_platform platform;
    char *who; /* the client that brought a new set of inputs; NULL: not about a new set */
    char shapes[WI_INPUT_SHAPES_SIZE]; /* of the client's inputs; "" for a task */
    struct wi_probe requested; /* what led to it; no deadline: the guard began it by itself */
    double deadline_ms;
    int compares; /* 0: it only measures */
    struct wi_check_leg wasm, other, nudged;
    struct wi_check_leg *due; /* the one of these that the run under way is for */
    /* About the place in question, once its node is known: the verdict's key, the earlier verdict,
     * and whether it is on a joined node. */
    char key[WI_VERDICT_KEY_SIZE];
    enum wi_verdict known;
    int joined;
    struct wi_run *under_way;
    struct wi_work *work;
    struct wi_comparison comparison, nearness; /* for the place; for nearly the same numbers */
    double ratio;                              /* the worst of those that agreed before */
    double off; /* the difference of the client's input; 0: it did not differ */
};

struct wi_checks {
    struct wi_run_deps deps;
    struct wi_pool *pool;
    struct wi_turn *turn; /* submits the runs that the last turn began */
    struct wi_cross *cross;
    struct wi_check_run *runs;
    double recheck; /* sums up pinned answers of trusted platforms until a recheck is due */
    int stopped;
    struct wi_check_counters counters;
};

/* --- legs.c: answers to compare, and the browsers that give them ------------------------------ */

/* Fills one of the two answers to compare, sharing its tensors; `node` gave it. */
void wi_check_fill_leg(struct wi_check_leg *leg, const struct wi_node_info *node,
    const json_t *result, const struct wi_tensors *outputs);
void wi_check_clear_leg(struct wi_check_leg *leg);
/* Whether it was really computed on that platform. */
int wi_check_is_on(const json_t *executed_on, enum wi_platform platform);

/* The tolerance for the model's own precision, never for the precision that a node claims. */
const struct wi_tolerance *wi_check_tolerance(const struct wi_inference *asked);
/* Fit for a worker thread. */
void wi_check_compare_legs(const struct wi_inference *asked, const struct wi_check_leg *reference,
    const struct wi_check_leg *got, struct wi_comparison *out);
/* More bytes than this are compared off the loop: a value takes about 5 ns. */
#define WI_CHECK_INLINE_MAX (64 * 1024)

/* Whether the engine refuses the model for any input. */
int wi_check_is_refusal(const struct wi_error *error);
/* Whether the page itself reported the error, so that neither the connection nor the load caused
 * it. */
int wi_check_is_of_the_model(const struct wi_error *error);
/* That, or it refused the input: either happens every time. */
int wi_check_is_of_the_request(const struct wi_error *error);

/* Makes the key of the verdict on `asked`, for its set of inputs, on that platform of the node. */
void wi_check_make_key(char key[WI_VERDICT_KEY_SIZE], const struct wi_inference *asked,
    const struct wi_node_info *node, enum wi_platform platform);
/* A browser of ours with WASM, of that kind (NULL: any); NULL if there is none. */
const struct wi_node_info *wi_check_find_ours(const struct wi_pool *pool, const char *kind);
/* Whether any kind may compute what is asked: each decodes a client's picture in its own way. */
int wi_check_is_of_any_kind(const struct wi_inference *asked);
/* The browser of ours whose WASM is the reference: of that kind, or of any that may compute it.
 * NULL if there is none; then a joined node of that kind may be used. */
const struct wi_node_info *wi_check_measure(
    const struct wi_pool *pool, const struct wi_inference *asked, const char *kind);

/* --- check_run.c: one run --------------------------------------------------------------------- */

/* Begins the next missing step: an answer, the comparison, or nothing, which ends the run. */
void wi_check_run_next(struct wi_check_run *run);
/* It was dropped because of too much other work; routing may request it again. */
void wi_check_crowded_out(
    struct wi_checks *checks, const struct wi_model *model, const struct wi_probe *requested);
/* Ends it without any report. */
void wi_check_run_drop(struct wi_check_run *run);
/* Called when it is in no list any more. */
void wi_check_run_free(struct wi_check_run *run);
/* Bytes of its inputs and answers. */
size_t wi_check_run_bytes(const struct wi_check_run *run);
/* Sets the place in question. */
void wi_check_name_place(struct wi_check_run *run, const struct wi_inference *asked,
    const struct wi_node_info *node, enum wi_platform platform);

/* --- check.c: what a client's answer leads to ------------------------------------------------- */

/* What a node has answered a client; all of it is borrowed. */
struct wi_answered {
    const struct wi_inference *asked, *sent; /* by the client, and which of its graphs ran there */
    const char *client;                      /* NULL counts as one, too */
    const struct wi_node_info *node;
    enum wi_platform platform; /* on which it was computed */
    const struct wi_job_result *result;
};

/* --- trial.c: one cross-check ----------------------------------------------------------------- */

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

    /* Of cross_trials.c. */
    struct wi_cross_trials *among; /* borrowed */
    int active;
    size_t bytes; /* bytes charged for it */
    struct wi_trial *prev, *next;
};

/* Begins the next missing step: an answer or the comparison. The trial may be over when this
 * returns. */
void wi_trial_go_on(struct wi_trial *trial);
/* At the end of the loop, whatever is under way: no callback comes. */
void wi_trial_abandon(struct wi_trial *trial);

/* --- cross_trials.c: the cross-checks that wait and run --------------------------------------- */

/* Zero-initialise but for `turn`. */
struct wi_cross_trials {
    struct wi_turn *turn; /* begins those that wait; cross.c owns it */
    struct wi_trial *all; /* the oldest first */
    size_t active;
    struct wi_cross_counters counters;
};

size_t wi_trial_bytes(const struct wi_trial *trial);
/* Drops what was asked, and all answers. */
void wi_trial_clear(struct wi_trial *trial);
/* Neither a run nor a comparison may be under way. */
void wi_trial_free(struct wi_trial *trial);

/* The number of bytes that it holds has changed. Returns 0, or -1 if there is no room for them. */
int wi_cross_grow(struct wi_trial *trial);
/* It has found no node for too long: wi_trial_go_on is called later. */
void wi_cross_wait(struct wi_trial *trial);
/* Counts it, and frees it. */
void wi_cross_end(struct wi_trial *trial, enum wi_trial_end end);

/* --- cross.c: joined nodes' answers, computed again by us ------------------------------------- */

struct wi_cross;
/* `checks` is borrowed; its dependencies and its pool are there already. */
struct wi_cross *wi_cross_new(const struct wi_checks *checks);
void wi_cross_stop(struct wi_cross *cross);
void wi_cross_free(struct wi_cross *cross);
/* A joined node has answered, which may be computed again later. `result->numerics` is filled, and
 * `sent` is unchanged since it was sent. */
void wi_cross_consider(struct wi_cross *cross, const struct wi_answered *answered);
void wi_cross_count(const struct wi_cross *cross, struct wi_cross_counters *counters);

#endif
