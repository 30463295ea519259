/*
 * Routing: every platform of every candidate is judged and gets an expected completion time; the
 * lowest time of the allowed ones wins. Measurements count; an unmeasured place is expected to be
 * as good as the preferences say, relative to the measured ones.
 */
#include "work/pool/route.h"

#include "base/text.h"
#include "work/pool/platforms.h"
#include "work/pool/route_probe.h"
#include <string.h>

/* Waiting for a better place must pay by this factor. */
#define WORTH_WAITING 1.5
/* Failures count for certain here at most. */
#define FAILURE_MAX 0.95

const char *const wi_standing_names[] = {"ready", "busy", "full", "closed", "paused", "held",
    "draining", "unavailable", "barred", "unchecked", "wrong", "unable", "short", "software",
    "other"};

/* --- the standing of each option -------------------------------------------------------------- */

static void option_set(struct wi_route_option *option, enum wi_standing standing, const char *why)
{
    option->standing = standing;
    option->why = why;
}

/* Whether `auto` may use it, but for the wait. */
static void judge_trust(struct wi_route_option *option, const struct wi_terms *terms)
{
    const struct wi_prospect *prospect = &option->candidate->prospects[option->platform];
    int checks = terms->numerics == WI_NUMERICS_CHECK && option->platform != WI_WASM;

    if (checks && prospect->verdict == WI_WRONG)
        option_set(option, WI_STANDING_WRONG, "its answer differed from that of wasm");
    else if (prospect->verdict == WI_UNABLE)
        option_set(option, WI_STANDING_UNABLE, "it was tried and cannot run the model");
    else if (wi_platforms_software(option->candidate, option->platform) && !option->measured)
        option_set(option, WI_STANDING_SOFTWARE,
            "the adapter is a software one, and was not measured to be faster");
    else if (checks && prospect->verdict == WI_UNKNOWN)
        option_set(option, WI_STANDING_UNCHECKED,
            prospect->rests ? "the comparison with wasm was inconclusive, and is tried again later"
                            : "its answer has not been compared with that of wasm yet");
}

/* Whether a node could be given it now: one that has the model, or an idle one. */
static void judge_room(struct wi_route_option *option, const struct wi_demand *demand)
{
    const struct wi_candidate *candidate = option->candidate;

    if (candidate->open == 0 && candidate->away == 0)
        option_set(option, WI_STANDING_DRAINING, "its nodes are draining");
    else if (candidate->open == 0 && candidate->paused == candidate->away)
        option_set(option, WI_STANDING_PAUSED, "its nodes were paused by the people who lend them");
    else if (candidate->open == 0 && candidate->held == candidate->away)
        option_set(option, WI_STANDING_HELD,
            "its nodes have not shown yet that they compute right, or are held for what was found");
    else if (candidate->open == 0)
        option_set(option, WI_STANDING_CLOSED,
            "its nodes have lost their connection, or too much data is waiting to be sent to them");
    else if (!candidate->any.node)
        option_set(option, WI_STANDING_FULL, "its nodes have as much work as they may have");
    else if (!candidate->any_idle && !candidate->prospects[option->platform].warm.node &&
             !demand->asked->model->builtin && !demand->second &&
             demand->waited_ms < WI_ROUTE_PATIENCE_MS)
        option_set(option, WI_STANDING_BUSY, "its nodes work on other models");
}

static void judge_option(struct wi_route_option *option, const struct wi_demand *demand,
    const struct wi_terms *terms, enum wi_platform wanted)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_candidate *candidate = option->candidate;
    const char *barred = wi_platforms_why_not(candidate, asked, option->platform);
    const char *unfit = wi_route_unfit(candidate->info, demand);

    option->is_hopeless = wi_engines[asked->model->engine].is_choosy &&
                          wi_platforms_software(candidate, option->platform);
    option_set(option, WI_STANDING_READY, "");
    if (unfit)
        option_set(option, WI_STANDING_UNAVAILABLE, unfit);
    else if (asked->model->builtin && option->platform != wanted)
        option_set(option, WI_STANDING_OTHER, "a built-in model computes nothing");
    else if (barred && (!asked->model->builtin || wanted == WI_NATIVE))
        option_set(option, WI_STANDING_BARRED, barred);
    else if (asked->model->builtin)
        judge_room(option, demand);
    else if (!candidate->info->platforms[option->platform].available)
        option_set(
            option, WI_STANDING_UNAVAILABLE, candidate->info->platforms[option->platform].reason);
    else if (asked->has_platform && option->platform != wanted)
        option_set(option, WI_STANDING_OTHER, "the request names another platform");
    else if (candidate->prospects[option->platform].is_short)
        option_set(option, WI_STANDING_SHORT,
            "it lacked the memory for the model; a smaller variant runs there");
    else if (!asked->has_platform)
        judge_trust(option, terms);
    if (option->standing == WI_STANDING_READY && !asked->model->builtin)
        judge_room(option, demand);
}

/* --- expected times --------------------------------------------------------------------------- */

/* Recalls the measured time of such a run. The times of first runs, or the limits they exceeded,
 * are not used for text. */
static void option_recall(struct wi_route_option *option, const struct wi_demand *demand)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_estimate *e = &option->candidate->prospects[option->platform].estimate;
    int is_text = asked->prompt_tokens > 0;
    double run_ms = wi_estimate_run_ms(e, asked->prompt_tokens, asked->answer_tokens);

    option->is_text = is_text;
    option->measured = run_ms >= 0;
    option->cold = !is_text && e->cold;
    if (option->measured)
        option->run_ms = run_ms;
    else
        option->run_ms = is_text ? 0 : e->run_ms;
}

/* What is known best: others are compared with it by their preference. */
struct reference {
    double run_ms, load_ms, prior;
};

static void find_reference(
    const struct wi_route_option *options, size_t count, struct reference *reference)
{
    const struct wi_route_option *best = NULL;

    *reference = (struct reference){WI_ESTIMATE_UNKNOWN_RUN_MS, WI_ESTIMATE_UNKNOWN_LOAD_MS, 1};
    for (size_t i = 0; i < count; i++) {
        const struct wi_route_option *option = &options[i];
        const struct wi_estimate *e = &option->candidate->prospects[option->platform].estimate;
        /* A first run is better than nothing to compare with. */
        if ((!option->measured && !option->cold) || (best && best->measured > option->measured) ||
            (best && best->measured == option->measured && option->run_ms >= reference->run_ms))
            continue;
        best = option;
        reference->run_ms = option->run_ms;
        reference->load_ms = e->loads > 0 ? e->load_ms : WI_ESTIMATE_UNKNOWN_LOAD_MS;
    }
    if (best)
        reference->prior = wi_route_prior(best);
}

/* Where it would go: to a node that has the model, unless loading it elsewhere is the shorter
 * wait. */
static void choose_node(
    struct wi_route_option *option, double load_ms, const struct wi_terms *terms)
{
    const struct wi_candidate *candidate = option->candidate;
    const struct wi_prospect *prospect = &candidate->prospects[option->platform];
    double slots = (double)(candidate->open > 0 ? candidate->open : 1) * candidate->slots;

    if (option->standing == WI_STANDING_FULL) { /* and what waits for it before this one */
        option->warm = prospect->loaded > 0;
        option->queue_ms = (candidate->full_ms > 0 ? candidate->full_ms : 0) +
                           (double)terms->waiting * option->run_ms / slots;
    } else if (prospect->warm.node &&
               (!candidate->any.node ||
                   prospect->warm.ahead_ms <= candidate->any.ahead_ms + load_ms)) {
        option->warm = 1;
        option->node = prospect->warm.node;
        option->queue_ms = prospect->warm.ahead_ms;
    } else {
        option->node = candidate->any.node;
        option->queue_ms = candidate->any.ahead_ms;
    }
    option->load_ms = option->warm ? 0 : load_ms;
}

/* A conversation goes on where it was, unless waiting for that node takes longer than computing its
 * beginning again. */
static void choose_familiar(struct wi_route_option *option)
{
    const struct wi_prospect *prospect = &option->candidate->prospects[option->platform];
    double token_ms = prospect->estimate.prompt_ms;
    double saved = prospect->known_tokens * (token_ms > 0 ? token_ms : WI_ROUTE_PROMPT_TOKEN_MS);

    if (!prospect->known.node || option->standing != WI_STANDING_READY ||
        prospect->known.ahead_ms > option->queue_ms + option->load_ms + saved)
        return;
    option->warm = 1;
    option->node = prospect->known.node;
    option->queue_ms = prospect->known.ahead_ms;
    option->load_ms = 0;
    option->run_ms = option->run_ms > saved ? option->run_ms - saved : 0;
}

static void option_expect(struct wi_route_option *option, const struct wi_demand *demand,
    const struct reference *reference, const struct wi_terms *terms)
{
    const struct wi_estimate *e = &option->candidate->prospects[option->platform].estimate;
    double failure = e->failure < FAILURE_MAX ? e->failure : FAILURE_MAX;
    double redo;

    if (demand->asked->model->builtin)
        option->run_ms = 0;
    else if (!option->measured && !option->cold) { /* then run_ms is a bound, or nothing */
        double assumed = reference->run_ms * wi_route_prior(option) / reference->prior;
        if (option->run_ms < assumed)
            option->run_ms = assumed;
    }
    choose_node(option,
        demand->asked->model->builtin ? 0
        : e->loads > 0                ? e->load_ms
                                      : reference->load_ms,
        terms);
    choose_familiar(option);
    redo = option->load_ms + option->run_ms;
    option->failure_ms =
        failure / (1 - failure) * (redo > WI_ROUTE_FAILURE_MS ? redo : WI_ROUTE_FAILURE_MS);
    option->expected_ms = option->queue_ms + option->load_ms + option->run_ms + option->failure_ms;
}

/* --- the choice ------------------------------------------------------------------------------- */

int wi_route_matches(const struct wi_candidate *candidate, const struct wi_demand *demand)
{
    return wi_platforms_simulated(demand) == candidate->info->platforms[WI_SIMULATED].available &&
           (!demand->asked->browser || strcmp(candidate->info->kind, demand->asked->browser) == 0);
}

static size_t count_able(const struct wi_route_option *options, size_t count)
{
    size_t able = 0;

    for (size_t i = 0; i < count; i++)
        able += (size_t)wi_route_is_able(&options[i]);
    return able;
}

/* Judges every platform of the candidates that the pins allow; the number of options. */
static size_t judge_all(const struct wi_candidate *candidates, size_t count,
    const struct wi_demand *demand, const struct wi_terms *terms, struct wi_route_option *options)
{
    enum wi_platform wanted = demand->asked->has_platform ? demand->asked->platform : WI_WASM;
    size_t made = 0;

    for (size_t i = 0; i < count; i++) {
        for (int p = 0; p < WI_PLATFORM_COUNT && wi_route_matches(&candidates[i], demand); p++) {
            struct wi_route_option *option = &options[made++];
            *option = (struct wi_route_option){.candidate = &candidates[i], .platform = p};
            option_recall(option, demand);
            judge_option(option, demand, terms, wanted);
        }
    }
    return made;
}

/* The request names a platform that none of the open nodes has, and allows the fallback. */
static void allow_fallback(
    struct wi_route_option *options, size_t count, const struct wi_demand *demand)
{
    const struct wi_inference *asked = demand->asked;
    if (!asked->has_platform || !asked->fallback || asked->platform == WI_WASM ||
        asked->platform == WI_SIMULATED)
        return;
    for (size_t i = 0; i < count; i++)
        if (options[i].standing < WI_STANDING_CLOSED)
            return;
    for (size_t i = 0; i < count; i++) {
        if (options[i].platform == WI_WASM && options[i].standing == WI_STANDING_OTHER &&
            !options[i].candidate->prospects[WI_WASM].is_short) {
            option_set(&options[i], WI_STANDING_READY, "");
            judge_room(&options[i], demand);
        }
    }
}

/* Where nothing has WASM there is nothing to compare with: what is not known to be wrong must do,
 * and its answers are marked as unchecked. */
static void allow_unchecked(
    struct wi_route_option *options, size_t count, const struct wi_demand *demand)
{
    if (demand->asked->has_platform || count_able(options, count) > 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (options[i].standing == WI_STANDING_UNCHECKED) {
            option_set(&options[i], WI_STANDING_READY, "");
            judge_room(&options[i], demand);
        }
    }
}

static int is_better(const struct wi_route_option *one, const struct wi_route_option *other)
{
    if (!other || one->expected_ms != other->expected_ms)
        return !other || one->expected_ms < other->expected_ms;
    double prior = wi_route_prior(one), others = wi_route_prior(other);
    return prior != others ? prior < others : one->candidate->worked < other->candidate->worked;
}

/* Whether its time comes: where only the node that failed the job before has room, it does not. */
static int is_awaited(const struct wi_route_option *option)
{
    return option->standing == WI_STANDING_BUSY ||
           (option->standing == WI_STANDING_FULL && option->candidate->full_ms >= 0);
}

static struct wi_route_option *best_of(
    struct wi_route_option *options, size_t count, int (*fits)(const struct wi_route_option *))
{
    struct wi_route_option *best = NULL;

    for (size_t i = 0; i < count; i++)
        if (fits(&options[i]) && is_better(&options[i], best))
            best = &options[i];
    return best;
}

static int option_is_trusted(const struct wi_route_option *option)
{
    return wi_route_is_ready(option) && !option->candidate->doubted;
}

static int is_busy(const struct wi_route_option *option)
{
    return option->standing == WI_STANDING_BUSY && !option->candidate->doubted;
}

static int is_ours(const struct wi_route_option *option)
{
    return option_is_trusted(option) && *option->candidate->info->session;
}

/* The best that may be taken now: what has let its deadlines pass only where nothing else has room,
 * and for a second opinion of ours if any is there. */
static struct wi_route_option *best_now(
    struct wi_route_option *options, size_t count, const struct wi_demand *demand)
{
    struct wi_route_option *best = demand->second ? best_of(options, count, is_ours) : NULL;

    if (!best)
        best = best_of(options, count, option_is_trusted);
    if (best || best_of(options, count, is_busy))
        return best;
    return best_of(options, count, wi_route_is_ready);
}

/* The node that failed the job before is taken again only where it is the only one that takes work:
 * what is away may come back late, or never. */
static struct wi_route_option *take_avoided(struct wi_route_option *options, size_t count)
{
    struct wi_route_option *best = NULL;
    const struct wi_candidate *last = NULL;
    size_t nodes = 0;

    for (size_t i = 0; i < count; i++) {
        if (!wi_route_is_able(&options[i]))
            continue;
        nodes += options[i].candidate != last ? options[i].candidate->open : 0;
        last = options[i].candidate;
        if (options[i].candidate->avoided.node && is_better(&options[i], best))
            best = &options[i];
    }
    if (nodes != 1 || !best)
        return NULL;
    best->node = best->candidate->avoided.node;
    option_set(best, WI_STANDING_READY, "");
    return best;
}

static void option_take(
    const struct wi_route_option *option, const struct wi_demand *demand, struct wi_choice *choice)
{
    const struct wi_inference *asked = demand->asked;
    if (asked->has_platform || asked->model->builtin) {
        wi_route_platforms(option->candidate, demand, choice, NULL);
    } else {
        choice->platform_count = 0;
        choice->refusal.given = 0;
        wi_platforms_add(choice, option->platform);
        if (option->platform != WI_WASM && wi_platforms_can_run(option->candidate, asked, WI_WASM))
            wi_platforms_add(choice, WI_WASM);
    }
    wi_join(choice->node, sizeof choice->node, option->node, NULL);
}

/* --- why a demand goes nowhere ---------------------------------------------------------------- */

/* One that has what the demand needs of a node, else NULL. */
static const struct wi_candidate *find_fit(
    const struct wi_route_option *options, size_t count, const struct wi_demand *demand)
{
    for (size_t i = count; i > 0; i--)
        if (!wi_route_unfit(options[i - 1].candidate->info, demand))
            return options[i - 1].candidate;
    return NULL;
}

/* No candidate has what the demand needs of a node. */
static enum wi_pick refuse_unfit(const struct wi_route_option *options, size_t count,
    const struct wi_demand *demand, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    int has_engine = 0, has_ours = !demand->ours_only, measures = !asked->benchmark.runs;

    for (size_t i = 0; i < count; i++) {
        const struct wi_node_info *info = options[i].candidate->info;
        has_engine |= info->engines[asked->model->engine].available;
        has_ours |= *info->session != '\0';
        measures |= info->benchmarks;
    }
    if (!has_engine)
        wi_error_set(error, WI_PLATFORM_UNSUPPORTED, "model_name",
            "no node has the engine that runs such models, which is %s",
            wi_engine_names[asked->model->engine]);
    else if (!measures)
        wi_error_set(error, WI_UNAVAILABLE, "", "no node that the request allows takes benchmarks");
    else if (!has_ours)
        wi_error_set(error, WI_UNAVAILABLE, "",
            "the only nodes that the request allows were not started by the service, which gives "
            "such work only to nodes of its own: [pool] strangers says which work others get");
    else
        wi_error_set(error, WI_UNAVAILABLE, "",
            "no other node can continue the answer that its node had begun");
    return WI_PICK_NEVER;
}

int wi_route_lacks_memory(const struct wi_route_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].standing == WI_STANDING_SHORT)
            return 1;
    return 0;
}

/* Nothing could ever take it. `options` are the `count` that were judged: of the candidates that
 * the pins allow. WI_PICK_NEVER, with `error` filled as wi_route says. */
static enum wi_pick options_refuse(const struct wi_route_option *options, size_t count,
    const struct wi_demand *demand, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    const struct wi_candidate *candidate = find_fit(options, count, demand);
    struct wi_choice ignored;

    if (wi_route_lacks_memory(options, count)) {
        wi_error_set(error, WI_MODEL_TOO_LARGE, "model_name",
            "no node that could run it had the memory for %s", asked->model->name);
        return WI_PICK_NEVER;
    }
    if (!candidate && (count > 0 || !wi_engines[asked->model->engine].platforms))
        return refuse_unfit(options, count, demand, error);
    if (count == 0 && (wi_platforms_simulated(demand) || (asked->node && !asked->browser)))
        wi_error_set(error, WI_UNAVAILABLE, "platform",
            wi_platforms_simulated(demand)
                ? "there is no simulated node that the request allows"
                : "the node is simulated and runs only what asks for the platform simulated");
    else if (count == 0 && asked->node)
        wi_error_set(error, WI_UNAVAILABLE, "browser", "the node %.80s is not a browser of kind %.40s", asked->node,
            asked->browser);
    else if (count == 0)
        wi_error_set(error, WI_UNAVAILABLE, asked->browser ? "browser" : "",
            "no node%s%.40s is there", asked->browser ? " of browser " : "",
            asked->browser ? asked->browser : "");
    else if (asked->has_platform)
        wi_route_platforms(candidate, demand, &ignored, error);
    else
        wi_platforms_unsupported(candidate, demand, error);
    return WI_PICK_NEVER;
}

/* What could take it is draining, all of it. */
static enum wi_pick refuse_draining(const struct wi_demand *demand, struct wi_error *error)
{
    if (demand->asked->node)
        wi_error_set(error, WI_UNAVAILABLE, "node",
            "the node %.80s is draining and takes no new work: leave it out, or name another",
            demand->asked->node);
    else
        wi_error_set(error, WI_UNAVAILABLE, "",
            "every node that could run it is draining and takes no new work; POST "
            "/v1/nodes/ID/undrain takes one back");
    return WI_PICK_NEVER;
}

/* --- all together ----------------------------------------------------------------------------- */

/* Whether all that could run it is draining, so that there is nothing to wait for. */
static int only_draining(const struct wi_route_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (options[i].standing < WI_STANDING_DRAINING)
            return 0;
    return 1;
}

enum wi_pick wi_route(const struct wi_candidate *candidates, size_t count,
    const struct wi_demand *demand, const struct wi_terms *terms, struct wi_route_option *options,
    struct wi_choice *choice, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    size_t made = judge_all(candidates, count, demand, terms, options);
    struct wi_route_option *best, *awaited;
    struct reference reference;

    memset(&choice->probe, 0, sizeof choice->probe);
    allow_fallback(options, made, demand);
    allow_unchecked(options, made, demand);
    find_reference(options, made, &reference);
    for (size_t i = 0; i < made; i++)
        option_expect(&options[i], demand, &reference, terms);
    if (count_able(options, made) == 0)
        return options_refuse(options, made, demand, error);
    best = best_now(options, made, demand);
    if (!best && !demand->second)
        best = take_avoided(options, made);
    if (!best && only_draining(options, made))
        return refuse_draining(demand, error);
    if (!best)
        return WI_PICK_WAIT;
    awaited = demand->second ? NULL : best_of(options, made, is_awaited);
    if (awaited && awaited->measured && best->measured && !asked->model->builtin &&
        awaited->expected_ms * WORTH_WAITING < best->expected_ms)
        return WI_PICK_WAIT;
    if (!asked->has_platform && !asked->model->builtin &&
        (!asked->stream || asked->prompt_tokens > 0))
        wi_route_probe(options, made, best, terms, choice);
    best->chosen = 1;
    option_take(best, demand, choice);
    return WI_PICK_NODE;
}
