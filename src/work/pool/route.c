/*
 * Routing: of the platforms of all candidates, as judged by judge.c, the allowed one with the
 * lowest expected completion time is taken; or the demand waits, or is refused, and why.
 */
#include "work/pool/pick_private.h"

#include "base/text.h"
#include "work/pool/route_probe.h"
#include <stdio.h>
#include <string.h>

/* Waiting for a better place must pay by this factor. */
#define WORTH_WAITING 1.5

const char *const wi_standing_names[] = {"ready", "busy", "full", "closed", "paused", "held",
    "draining", "unavailable", "barred", "unchecked", "wrong", "unable", "short", "software",
    "other"};

/* --- the best of them ------------------------------------------------------------------------- */

static int is_better(const struct wi_route_option *one, const struct wi_route_option *other)
{
    if (!other || one->expected_ms != other->expected_ms)
        return !other || one->expected_ms < other->expected_ms;
    if (one->prior != other->prior)
        return one->prior < other->prior;
    return one->candidate->worked < other->candidate->worked;
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

static int option_is_ready(const struct wi_route_option *option)
{
    return option->standing == WI_STANDING_READY;
}

static int option_is_trusted(const struct wi_route_option *option)
{
    return option_is_ready(option) && !option->candidate->doubted;
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
    return best_of(options, count, option_is_ready);
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
    best->standing = WI_STANDING_READY;
    best->why = "";
    return best;
}

/* --- which platforms are tried there ---------------------------------------------------------- */

static void choice_add(struct wi_choice *choice, enum wi_platform platform)
{
    choice->platforms[choice->platform_count++] = platform;
}

static void refuse_platform(struct wi_choice *choice, enum wi_platform platform, const char *reason)
{
    choice->refusal.given = 1;
    choice->refusal.platform = platform;
    wi_text_copy(choice->refusal.reason, sizeof choice->refusal.reason, reason);
}

/* Of the platform that is named: what bars it, else what the node says. Of all: what bars each. */
static const char *why_unable(const struct wi_candidate *candidate, const struct wi_demand *demand)
{
    const struct wi_inference *asked = demand->asked;
    const char *unloadable = wi_judge_unloadable(candidate->info, asked->model);

    if (!asked->has_platform)
        return unloadable ? unloadable : "";
    const char *barred = wi_judge_barred(candidate, asked, asked->platform);

    return barred ? barred : candidate->info->platforms[asked->platform].reason;
}

/* Names the platforms that the candidate has instead. */
static enum wi_code refuse_unsupported(
    const struct wi_candidate *candidate, const struct wi_demand *demand, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    enum wi_engine engine = asked->model->engine;
    char names[64] = "";
    const char *wanted = asked->has_platform ? wi_platform_names[asked->platform] : "auto";
    const char *reason = why_unable(candidate, demand);

    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        if (wi_judge_can_run(candidate, asked, i))
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                *names ? ", " : "", wi_platform_names[i]);
    if (asked->has_platform && asked->platform < WI_NATIVE &&
        !(wi_engines[engine].platforms & 1u << asked->platform))
        wi_error_set(error, WI_PLATFORM_UNSUPPORTED, "platform",
            "%s does not run the models of the engine %s; name another platform or allow the "
            "fallback",
            wanted, wi_engine_names[engine]);
    else
        wi_error_set(error, WI_PLATFORM_UNSUPPORTED, "platform",
            "no node can run the model on %s%s%s", wanted, *reason ? ": " : "", reason);
    return wi_error_allow(error, "%s", *names ? names : "none");
}

/* Built-in models compute nothing, so they run everywhere and need no platform; but a node names
 * one of its own as what it ran on, and a browser has nothing native to name. */
static enum wi_platform builtin_platform(
    const struct wi_candidate *candidate, const struct wi_demand *demand)
{
    const struct wi_inference *asked = demand->asked;
    int native = candidate->info->platforms[WI_NATIVE].available;

    if (asked->has_platform && (asked->platform != WI_NATIVE || native))
        return asked->platform;
    return native && !candidate->info->platforms[WI_WASM].available ? WI_NATIVE : WI_WASM;
}

/* The platforms to try there, in order, for a demand that names one or for a built-in model. WI_OK
 * or WI_PLATFORM_UNSUPPORTED. */
static enum wi_code choose_platforms(const struct wi_candidate *candidate,
    const struct wi_demand *demand, struct wi_choice *choice, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    int may_fall_back = asked->fallback && asked->platform != WI_WASM;
    const char *refusal = wi_judge_barred(candidate, asked, asked->platform);

    choice->platform_count = 0;
    choice->refusal.given = 0;
    if (wi_judge_simulated(demand)) {
        choice_add(choice, WI_SIMULATED);
        return WI_OK;
    }
    if (asked->model->builtin) {
        choice_add(choice, builtin_platform(candidate, demand));
        if (asked->has_platform && choice->platforms[0] != asked->platform)
            refuse_platform(choice, asked->platform, refusal);
        return WI_OK;
    }
    /* Tried there even if it is known not to work, so that the answer says why it fell back. */
    if (wi_judge_can_run(candidate, asked, asked->platform) || (may_fall_back && !refusal))
        choice_add(choice, asked->platform);
    else if (may_fall_back)
        refuse_platform(choice, asked->platform, refusal);
    if (may_fall_back && asked->platform == WI_WEBGPU &&
        wi_judge_can_run(candidate, asked, WI_WEBGL))
        choice_add(choice, WI_WEBGL);
    if (may_fall_back && wi_judge_can_run(candidate, asked, WI_WASM))
        choice_add(choice, WI_WASM);
    return choice->platform_count > 0 ? WI_OK : refuse_unsupported(candidate, demand, error);
}

static void option_take(
    const struct wi_route_option *option, const struct wi_demand *demand, struct wi_choice *choice)
{
    const struct wi_inference *asked = demand->asked;
    if (asked->has_platform || asked->model->builtin) {
        choose_platforms(option->candidate, demand, choice, NULL);
    } else {
        choice->platform_count = 0;
        choice->refusal.given = 0;
        choice_add(choice, option->platform);
        if (option->platform != WI_WASM && wi_judge_can_run(option->candidate, asked, WI_WASM))
            choice_add(choice, WI_WASM);
    }
    wi_join(choice->node, sizeof choice->node, option->node, NULL);
}

/* --- why a demand goes nowhere ---------------------------------------------------------------- */

/* One that has what the demand needs of a node, else NULL. */
static const struct wi_candidate *find_fit(
    const struct wi_route_option *options, size_t count, const struct wi_demand *demand)
{
    for (size_t i = count; i > 0; i--)
        if (!wi_judge_unfit(options[i - 1].candidate->info, demand))
            return options[i - 1].candidate;
    return NULL;
}

/* No candidate has what the demand needs of a node. */
static enum wi_pick refuse_unfit(const struct wi_route_option *options, size_t count,
    const struct wi_demand *demand, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    int has_engine = 0, has_ours = !demand->ours_only, measures = !asked->benchmark.runs;
    int at_home = !demand->no_relays;

    for (size_t i = 0; i < count; i++) {
        const struct wi_node_info *info = options[i].candidate->info;
        has_engine |= info->engines[asked->model->engine].available;
        has_ours |= *info->session != '\0';
        measures |= info->benchmarks;
        at_home |= !*info->relay;
    }
    if (!has_engine)
        wi_error_set(error, WI_PLATFORM_UNSUPPORTED, "model_name",
            "no node has the engine that runs such models, which is %s",
            wi_engine_names[asked->model->engine]);
    else if (!at_home)
        wi_error_set(error, WI_UNAVAILABLE, "relay",
            "the only nodes that the request allows are relays, and what came through a relay goes "
            "to no other; ask another daemon");
    else if (!measures)
        wi_error_set(error, WI_UNAVAILABLE, "", "no node that the request allows takes benchmarks");
    else if (!has_ours && asked->program)
        wi_error_set(error, WI_UNAVAILABLE, "",
            "a source runs only in browsers that the service has started, and the request allows "
            "no such node");
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

/* Whether all are of relays that do not have the model. */
static int are_absent(const struct wi_route_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!options[i].candidate->prospects[options[i].platform].absent)
            return 0;
    return count > 0;
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
    if (are_absent(options, count)) {
        wi_error_set(error, WI_UNAVAILABLE, "model_name",
            "the only nodes that the request allows are relays, and the daemons behind them do not "
            "have %.128s: pull it there",
            asked->model->name);
        return WI_PICK_NEVER;
    }
    if (!candidate && (count > 0 || !wi_engines[asked->model->engine].platforms))
        return refuse_unfit(options, count, demand, error);
    if (count == 0 && (wi_judge_simulated(demand) || (asked->node && !asked->browser)))
        wi_error_set(error, WI_UNAVAILABLE, "platform",
            wi_judge_simulated(demand)
                ? "there is no simulated node that the request allows"
                : "the node is simulated and runs only what asks for the platform simulated");
    else if (count == 0 && asked->node)
        wi_error_set(error, WI_UNAVAILABLE, "browser",
            "the node %.80s is not a browser of kind %.40s", asked->node, asked->browser);
    else if (count == 0)
        wi_error_set(error, WI_UNAVAILABLE, asked->browser ? "browser" : "",
            "there is no node%s%.40s", asked->browser ? " of browser " : "",
            asked->browser ? asked->browser : "");
    else if (asked->has_platform)
        choose_platforms(candidate, demand, &ignored, error);
    else
        refuse_unsupported(candidate, demand, error);
    return WI_PICK_NEVER;
}

/* What could take it is draining, all of it. */
static enum wi_pick refuse_draining(const struct wi_demand *demand, struct wi_error *error)
{
    if (demand->asked->node)
        wi_error_set(error, WI_UNAVAILABLE, "node",
            "the node %.80s is draining and takes no new work: name another node, or none",
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
    size_t made = wi_judge(candidates, count, demand, terms, options);

    memset(&choice->probe, 0, sizeof choice->probe);
    if (!best_of(options, made, wi_route_is_able))
        return options_refuse(options, made, demand, error);
    struct wi_route_option *best = best_now(options, made, demand);
    if (!best && !demand->second)
        best = take_avoided(options, made);
    if (!best && only_draining(options, made))
        return refuse_draining(demand, error);
    if (!best)
        return WI_PICK_WAIT;
    struct wi_route_option *awaited = demand->second ? NULL : best_of(options, made, is_awaited);
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
