/* Choosing a node: the functions that are not in pool.h. */
#ifndef WI_WORK_POOL_PICK_PRIVATE_H
#define WI_WORK_POOL_PICK_PRIVATE_H

#include "base/pcg32.h"
#include "work/pool/private.h"
#include "work/pool/route.h"

struct pool_chooser {
    struct wi_pcg32 random;          /* predicting its choices gains a client nothing */
    struct wi_candidate *candidates; /* room for a choice among `capacity` classes */
    struct wi_route_option *options;
    size_t capacity;
    uint64_t probes; /* requested so far */
};
struct pool_chooser *wi_pool_chooser_new(void);
void wi_pool_chooser_free(struct pool_chooser *chooser); /* NULL is fine */

/* The options that were judged; valid until the next choice. */
struct pool_judged {
    const struct wi_route_option *options;
    size_t count;
    const struct wi_route_option *chosen; /* NULL: none was chosen */
};

/* The result of wi_pool_pick. Unless `really`, it has no effects: no random numbers are drawn, and
 * no kind is requested. */
enum wi_pick wi_pool_consider(struct wi_pool *pool, const struct wi_demand *demand, int really,
    struct wi_choice *choice, struct pool_judged *judged, struct wi_error *error);

/* --- collect.c -------------------------------------------------------------------------------- */

/* What is known of the places that a demand may go to, before anything is judged. */

/* Fills `candidates`, which has room for each class of nodes, and sets the `count` of those that
 * the pins allow. Returns WI_OK, or WI_NODE_NOT_FOUND for the node that the demand names. */
enum wi_code wi_pool_collect(const struct wi_pool *pool, const struct wi_demand *demand, double now,
    struct wi_candidate *candidates, size_t *count, struct wi_error *error);
/* A page as it was, as if it were there and had nothing to do; `places` has room for each
 * platform. */
void wi_pool_imagine(const struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_node_info *page, const struct wi_config_browser *browser,
    struct wi_place *places, struct wi_candidate *candidate);

/* --- pending.c -------------------------------------------------------------------------------- */

/* Browsers that are not running yet: whether one could serve a demand that the present nodes
 * cannot, or why none will come. */

/* None of the present nodes can ever take the demand. WI_PICK_WAIT: a browser that may serve it is
 * pending; with `request` it is requested. WI_PICK_NEVER: none is. `error` (may be NULL) has the
 * reason of wi_route, which is replaced if it is WI_UNAVAILABLE because the pins allow no node
 * (`has_candidates` 0). */
enum wi_pick wi_pool_await(struct wi_pool *pool, const struct wi_demand *demand, int request,
    int has_candidates, struct wi_error *error);

/* Whether a browser that we could start may serve the demand. Public for tests. */
int wi_pool_could_bring(const struct wi_pool *pool, const struct wi_demand *demand);
/* Whether a kind that the demand allows is pending and has no node yet (except those that are about
 * to end), so that it may serve the demand. Kinds that are known to be unable to are excluded
 * (facts/abilities.h). With `request` each such kind is requested. Public for tests. */
int wi_pool_is_pending(struct wi_pool *pool, const struct wi_demand *demand, int request);
/* Whether a browser of this kind is pending or can come, so that a job that needs one may wait. */
int wi_pool_kind_is_hopeful(const struct wi_pool *pool, const struct pool_kind *kind);
/* Whether routing would give the demand to none of the pages that the kind has shown, so that no
 * other of it need be waited for; `error` (may be NULL) gives the reason, as wi_route does. `due`
 * (may be NULL) receives whether that is to be tested again. */
int wi_pool_kind_cannot(const struct wi_pool *pool, const struct pool_kind *kind,
    const struct wi_demand *demand, int *due, struct wi_error *error);
/* WI_UNAVAILABLE with the reason that there is no node (of `browser`, NULL for any). */
enum wi_code wi_pool_explain(
    const struct wi_pool *pool, const char *browser, struct wi_error *error);

/* --- relocate.c ------------------------------------------------------------------------------- */

/* Moves a model to a place where it is known to run faster. Each single request goes where it
 * will be done soonest, including loading, so no request pays for loading a model elsewhere when
 * only many requests gain by it. Instead, the losses are summed up by model and place: for each
 * measured and trusted place, how much longer requests run where they go now. Once the sum has
 * reached the time to load the model at that place, the model is loaded there, alongside the
 * clients' requests, and the next request finds it there. If no browser of the kind is running,
 * one is requested once the sum has also reached the time to start it. The cost is then deducted
 * from the sum.  So the total cost for a model is never more than twice the cost that it would
 * have had if the number of future requests had been known: either as much was lost as the move
 * costs, or the move was worth it (the ski rental rule: rent until the rent paid equals the
 * price). A model without requests is not loaded. */

/* Records the loss of a demand that goes to `client` (NULL: it waits), one of the `count` options
 * that were judged, and moves its model if that is due. Also requests a preferred kind if [pool]
 * adaptive_scaling is on and the demand names no browser. */
void wi_pool_relocate(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count, const struct wi_route_option *client);
/* The loss so far for such an option, in ms, and the loss at which the model is moved there; 0 if
 * the model is there, or is not known to be faster there than at `client`, where requests go
 * now. */
struct wi_relocation {
    double lost_ms, cost_ms;
};
struct wi_relocation wi_pool_relocation(
    const struct wi_route_option *option, const struct wi_route_option *client);
/* The same for a kind of browser of which none is running. */
struct wi_relocation wi_pool_relocation_to_kind(const struct wi_pool *pool,
    const struct wi_demand *demand, const char *kind, const struct wi_route_option *client);
/* Requests a session of the kind that is preferred for such models, if none is running and no
 * measurement says that it would be slower than `client`. Public for tests. */
void wi_pool_request_preferred(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count, const struct wi_route_option *client);

/* --- judge.c ---------------------------------------------------------------------------------- */

/* The rules by which a place may take a demand, and how long it would take there; a part of
 * routing, and likewise pure. */

/* Judges every platform of the candidates that the pins allow, in their order; returns the number
 * of options. */
size_t wi_judge(const struct wi_candidate *candidates, size_t count, const struct wi_demand *demand,
    const struct wi_terms *terms, struct wi_route_option *options);

/* Whether the pins allow the candidate. A simulated node only gets requests that ask for one by the
 * platform's name, and other nodes never get those. */
int wi_judge_matches(const struct wi_candidate *candidate, const struct wi_demand *demand);
/* Whether the request is only for simulated nodes. */
int wi_judge_simulated(const struct wi_demand *demand);
/* The reason that nodes like this one cannot serve the demand on any platform: they have no engine
 * for the model, cannot send parts, or cannot continue another node's work. NULL if they can. */
const char *wi_judge_unfit(const struct wi_node_info *info, const struct wi_demand *demand);
/* The reason that the node cannot load the model: its engine cannot read the files, or its user
 * allows no model of that size. NULL if it can. */
const char *wi_judge_unloadable(const struct wi_node_info *info, const struct wi_model *model);
/* The reason that this platform may not even be tried on the node for the model; NULL if it may. */
const char *wi_judge_barred(const struct wi_candidate *candidate, const struct wi_inference *asked,
    enum wi_platform platform);
/* Whether it may be tried and is available. */
int wi_judge_can_run(const struct wi_candidate *candidate, const struct wi_inference *asked,
    enum wi_platform platform);

#endif
