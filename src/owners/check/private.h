/* What the files of this folder share; nobody else includes it. */
#ifndef WI_OWNERS_CHECK_PRIVATE_H
#define WI_OWNERS_CHECK_PRIVATE_H

#include "base/loop.h"
#include "base/memory.h"
#include "owners/check/check.h"
#include "owners/check/draws.h"
#include "terms/tensor/compare.h"
#include "work/run/run.h"

/* An answer to compare, with where it came from. */
struct wi_check_leg {
    int there;
    int joined; /* from a page that is not ours */
    int raw;    /* of a task: the outputs are what its graphs put out */
    struct wi_tensors outputs;
};

/* Which input a run asks about. What a client chose may be such that every honest platform is off
 * (sums that cancel, ties), or be made so: it makes a place trusted, but never wrong. */
enum wi_check_step {
    WI_CHECK_CLIENTS, /* the tensors that the client sent */
    WI_CHECK_DRAWN,   /* some of ours like these, since the client's differed */
    WI_CHECK_OURS,    /* an input of ours: for a task, or for a place that was wrong */
    WI_CHECK_PROMPT,  /* the client's own prompt, since ours agreed */
    WI_CHECK_LONG,    /* one of ours as long, since that differed */
    WI_CHECK_STEP_COUNT
};

struct wi_check_run {
    struct wi_check_run *next;
    struct wi_checks *checks;         /* NULL: nobody waits for the comparison any more */
    const struct wi_inference *asked; /* a reference: what each job of the step is made from */
    enum wi_check_step step;
    const struct wi_inference *nudge; /* the same with nearly the same numbers; or NULL */
    /* The client's own prompt, which is asked once what is ours agrees, and only of `client_node`:
     * it has answered it. A reference; NULL: there is none. Of tensors `client_node` is who
     * answered for the place in question, and is asked again where it is suspected. */
    const struct wi_inference *client;
    double client_tokens; /* about so many it has */
    char client_node[WI_ID_SIZE];
    struct wi_draws draws;
    char browser[32]; /* the place in question */
    enum wi_platform platform;
    char *who; /* the client who brought a new set; NULL: it is about none */
    char shapes[WI_INPUT_SHAPES_SIZE]; /* of the client's inputs; "" of a task */
    struct wi_probe requested;         /* what led to it; without a deadline it was our own idea */
    double deadline_ms;
    int compares; /* 0: it only measures */
    struct wi_check_leg wasm, other, nudged;
    struct wi_check_leg *due; /* of these: what the run under way is for */
    /* Of the place in question, once its node is known: the verdict's key, what was known, and
     * whether it is of a node that joined. */
    char key[WI_VERDICT_KEY_SIZE];
    enum wi_verdict known;
    int joined;
    struct wi_run *under_way;
    struct wi_work *work;
    struct wi_comparison comparison, nearness; /* of the place; of nearly the same numbers */
    double ratio;                              /* the worst of what agreed before */
    double off; /* of the client's input that differed; 0: none did */
};

struct wi_checks {
    struct wi_run_deps deps;
    struct wi_pool *pool;
    struct wi_turn *turn; /* submits what the last turn began */
    struct wi_cross *cross;
    struct wi_check_run *runs;
    size_t count;
    double recheck; /* pinned answers of trusted platforms add up to a second look */
    int stopped;
    struct wi_check_counters counters;
};

/* --- legs.c: answers to compare, and who gives them --------------------------------------------
 */

/* An answer as one of the two to compare, its tensors shared; `node` is who gave it. */
void wi_check_fill_leg(struct wi_check_leg *leg, const struct wi_node_info *node,
    const json_t *result, const struct wi_tensors *outputs);
void wi_check_clear_leg(struct wi_check_leg *leg);
/* What a page's report says: on which platform, -1 for none that we know; simulated. */
int wi_check_platform_of(const json_t *executed_on);
int wi_check_is_simulated(const json_t *executed_on);

/* By what the model itself has, never by what a node says that it computed in. */
const struct wi_tolerance *wi_check_tolerance(const struct wi_inference *asked);
/* Fit for a worker thread. */
void wi_check_compare_legs(const struct wi_inference *asked, const struct wi_check_leg *reference,
    const struct wi_check_leg *got, struct wi_comparison *out);
/* More bytes than that are compared off the loop: a value costs about 5 ns. */
#define WI_CHECK_INLINE_MAX (64 * 1024)

/* The engine does not take the model, whatever the input. */
int wi_check_is_refusal(const struct wi_error *error);
/* Whether the page itself said so: neither the way there nor the load is to blame. */
int wi_check_is_of_the_model(const struct wi_error *error);
/* That, or it would not have the input: that is so each time. */
int wi_check_is_of_the_request(const struct wi_error *error);

/* Of the verdict on what is asked, for its set of inputs, on that platform of the node. */
void wi_check_make_key(char key[WI_VERDICT_KEY_SIZE], const struct wi_inference *asked,
    const struct wi_node_info *node, enum wi_platform platform);
/* A browser of ours with WASM, of that kind (NULL: any); NULL if there is none. */
const struct wi_node_info *wi_check_find_ours(const struct wi_pool *pool, const char *kind);

/* --- run.c: one run --------------------------------------------------------------------------- */

/* What is missing next: an answer, the comparison, or nothing, which ends it. */
void wi_check_run_next(struct wi_check_run *run);
/* There was too much else to do for it; routing may ask again. */
void wi_check_crowded_out(
    struct wi_checks *checks, const struct wi_model *model, const struct wi_probe *requested);
/* Ends it without a word. */
void wi_check_run_drop(struct wi_check_run *run);
/* When it is in no list any more. */
void wi_check_run_free(struct wi_check_run *run);
/* Of inputs and answers. */
size_t wi_check_run_bytes(const struct wi_check_run *run);
/* That is the place in question. */
void wi_check_name_place(struct wi_check_run *run, const struct wi_inference *asked,
    const struct wi_node_info *node, enum wi_platform platform);
/* The browser of ours whose WASM is the measure: of the same kind, or of any, but for a client's
 * picture, which each kind decodes in its own way. NULL if there is none; then a stranger of that
 * kind may do. */
const struct wi_node_info *wi_check_measure(const struct wi_check_run *run);

/* --- cross.c: joined nodes' answers, computed again by us --------------------------------------
 */

struct wi_cross;
/* `checks` is borrowed; its dependencies and its pool are there already. */
struct wi_cross *wi_cross_new(const struct wi_checks *checks);
void wi_cross_stop(struct wi_cross *cross);
void wi_cross_free(struct wi_cross *cross);
/* `node`, which joined, has answered `client` (NULL is one, too) on `platform`, and `sent` is what
 * it was asked: perhaps that is computed again, later. `result->numerics` is filled, and `sent` as
 * it was sent. */
void wi_cross_consider(struct wi_cross *cross, const struct wi_inference *sent, const char *client,
    const struct wi_node_info *node, enum wi_platform platform, const struct wi_job_result *result);
void wi_cross_count(const struct wi_cross *cross, struct wi_cross_counters *counters);

#endif
