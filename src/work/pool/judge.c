/*
 * Judging: whether a place may take a demand, by the rules in the order in which they apply, and
 * how long it is expected to take there. Measurements count; an unmeasured place is expected to be
 * as good as the preferences say, relative to the measured ones.
 */
#include "work/pool/pick_private.h"

#include <string.h>

/* Failures count for certain here at most. */
#define FAILURE_MAX 0.95

/* --- which work a node takes ------------------------------------------------------------------ */

int wi_judge_simulated(const struct wi_demand *demand)
{
    return demand->asked->has_platform && demand->asked->platform == WI_SIMULATED;
}

int wi_judge_matches(const struct wi_candidate *candidate, const struct wi_demand *demand)
{
    return wi_judge_simulated(demand) == candidate->info->platforms[WI_SIMULATED].available &&
           (!demand->asked->browser || strcmp(candidate->info->kind, demand->asked->browser) == 0);
}

const char *wi_judge_unfit(const struct wi_node_info *info, const struct wi_demand *demand)
{
    enum wi_engine engine = demand->asked->model->engine;

    if (!info->engines[engine].available)
        return "it has no engine for such models";
    if (demand->ours_only && !*info->session && demand->asked->program)
        return "it was not started by the service, and a client's source runs in no other browser";
    if (demand->ours_only && !*info->session && !(demand->lent && *info->relay) &&
        !wi_judge_simulated(demand))
        return "it was not started by the service, which gives no such work to others ([pool] "
               "strangers)";
    if (demand->no_relays && *info->relay)
        return "it is a relay, and what came through a relay goes to no other";
    if (demand->asked->benchmark.runs && !info->benchmarks)
        return "it does not take benchmarks";
    if (demand->continues && !info->engines[engine].can_continue)
        return "its engine cannot continue what another node has begun";
    if (demand->several && !info->engines[engine].continues_several)
        return "its engine cannot continue several answers that another node has begun";
    return NULL;
}

/* --- which platforms may be tried ------------------------------------------------------------- */

static int platform_is_listed(const struct wi_config_browser *browser, enum wi_platform platform)
{
    return !browser || browser->platforms.count == 0 ||
           wi_strings_contain(&browser->platforms, wi_platform_names[platform]);
}

static const char *why_unreadable(const struct wi_node_info *info, const struct wi_model *model)
{
    int64_t most = info->engines[model->engine].file_max;
    for (size_t i = 0; most > 0 && i < model->manifest.count; i++)
        if (model->manifest.files[i].bytes > (uint64_t)most)
            return "a file of the model is larger than its WebAssembly, with addresses of 32 bits, "
                   "can read: split it, or allow Chromium or Firefox";
    return NULL;
}

/* Its page would refuse it. */
static int is_too_large(const struct wi_node_info *info, const struct wi_model *model)
{
    return info->memory_limit > 0 &&
           wi_manifest_bytes(&model->manifest) > (uint64_t)info->memory_limit;
}

const char *wi_judge_unloadable(const struct wi_node_info *info, const struct wi_model *model)
{
    return is_too_large(info, model) ? "the model is larger than its user allows models there to "
                                       "be: use a smaller variant"
                                     : why_unreadable(info, model);
}

static int is_software(const struct wi_node_info *info, enum wi_platform platform)
{
    return info->platforms[platform].has_adapter && info->platforms[platform].adapter.is_fallback;
}

/* Of a GPU that is there: why the model is not for it. */
static const char *why_no_gpu(const struct wi_node_info *info, const struct wi_model *model)
{
    const struct wi_format *format = wi_formats[model->format];
    int f16 = info->platforms[WI_WEBGPU].f16, is_choosy = wi_engines[model->engine].is_choosy;

    if (!f16 && format->needs_f16 && format->needs_f16(model->variant))
        return "the variant computes in 16-bit floats, and the adapter has no shader-f16";
    if (!f16 && is_choosy && info->platforms[WI_WEBGPU].available)
        return "the engine that runs the model computes there in 16-bit floats, and the adapter "
               "has no shader-f16";
    if (is_choosy && !info->engines[model->engine].on_webgpu)
        return "the engine that runs the model cannot use a GPU on the node: a browser needs JSPI "
               "for that";
    return NULL;
}

const char *wi_judge_barred(const struct wi_candidate *candidate, const struct wi_inference *asked,
    enum wi_platform platform)
{
    const struct wi_model *model = asked->model;
    enum wi_gpu gpu = candidate->browser ? candidate->browser->gpu : WI_GPU_AUTO;
    const char *unloadable;

    if (!wi_inference_lists(asked, platform))
        return "the request does not list it in relay.platforms";
    if (candidate->prospects[platform].absent)
        return "the daemon behind the relay does not have the model";
    if (candidate->prospects[platform].held)
        return "answers from there were found to be wrong, and the place is held because of that";
    if (platform == WI_SIMULATED)
        return NULL;
    if (platform == WI_NATIVE)
        return candidate->info->platforms[platform].available ? NULL
                                                              : "browsers compute nothing natively";
    if (!(wi_engines[model->engine].platforms & 1u << platform))
        return "the engine that runs the model does not compute on it";
    if (!platform_is_listed(candidate->browser, platform))
        return "the configuration does not list it in the browser's platforms";
    if ((unloadable = wi_judge_unloadable(candidate->info, model)))
        return unloadable;
    if (platform == WI_WASM)
        return NULL;
    if (asked->empty == WI_EMPTY_USED)
        return "the graph computes with a tensor without elements, which only wasm does";
    if (asked->empty && candidate->prospects[platform].verdict == WI_UNABLE)
        return "such a tensor without elements has failed there before";
    if (platform == WI_WEBNN)
        return NULL;
    if (gpu == WI_GPU_OFF)
        return "the configuration has gpu = off";
    if (gpu == WI_GPU_HARDWARE && is_software(candidate->info, platform))
        return "the adapter is a software adapter, and the configuration has gpu = hardware";
    return platform == WI_WEBGPU ? why_no_gpu(candidate->info, model) : NULL;
}

int wi_judge_can_run(const struct wi_candidate *candidate, const struct wi_inference *asked,
    enum wi_platform platform)
{
    return candidate->info->platforms[platform].available &&
           !wi_judge_barred(candidate, asked, platform);
}

/* The factor by preference: 1 for the best possible place, more for worse ones. Within one position
 * a GPU or an accelerator comes before WASM, and that before a software adapter. */
static double option_prior(const struct wi_route_option *option)
{
    int rank = option->candidate->prospects[option->platform].rank;
    double within = option->platform == WI_WEBGPU  ? 0
                    : option->platform == WI_WEBNN ? 0.2
                    : option->platform == WI_WEBGL ? 0.3
                                                   : 0.4;

    if (option->is_software)
        within = 0.6;
    return 1 + rank + within;
}

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
    else if (option->is_software && !option->measured)
        option_set(option, WI_STANDING_SOFTWARE,
            "the adapter is a software adapter, and was not found to be faster");
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
            "its nodes have not yet proved that they compute correctly, or are held because of "
            "findings");
    else if (candidate->open == 0)
        option_set(option, WI_STANDING_CLOSED,
            "its nodes have lost their connection, or too much data is waiting to be sent to them");
    else if (!candidate->any.node)
        option_set(option, WI_STANDING_FULL, "its nodes have as much work as allowed");
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
    const char *barred = wi_judge_barred(candidate, asked, option->platform);
    const char *unfit = wi_judge_unfit(candidate->info, demand);

    option->is_hopeless = wi_engines[asked->model->engine].is_choosy && option->is_software;
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
    if (demand->asked->has_platform)
        return;
    for (size_t i = 0; i < count; i++)
        if (wi_route_is_able(&options[i]))
            return;
    for (size_t i = 0; i < count; i++) {
        if (options[i].standing == WI_STANDING_UNCHECKED) {
            option_set(&options[i], WI_STANDING_READY, "");
            judge_room(&options[i], demand);
        }
    }
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
        reference->prior = best->prior;
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

    if (demand->asked->model->builtin)
        option->run_ms = 0;
    else if (!option->measured && !option->cold) { /* then run_ms is a bound, or nothing */
        double assumed = reference->run_ms * option->prior / reference->prior;
        if (option->run_ms < assumed)
            option->run_ms = assumed;
    }
    choose_node(option,
        demand->asked->model->builtin ? 0
        : e->loads > 0                ? e->load_ms
                                      : reference->load_ms,
        terms);
    choose_familiar(option);
    double redo = option->load_ms + option->run_ms;
    option->failure_ms =
        failure / (1 - failure) * (redo > WI_ROUTE_FAILURE_MS ? redo : WI_ROUTE_FAILURE_MS);
    option->expected_ms = option->queue_ms + option->load_ms + option->run_ms + option->failure_ms;
}

/* --- all together ----------------------------------------------------------------------------- */

size_t wi_judge(const struct wi_candidate *candidates, size_t count, const struct wi_demand *demand,
    const struct wi_terms *terms, struct wi_route_option *options)
{
    enum wi_platform wanted = demand->asked->has_platform ? demand->asked->platform : WI_WASM;
    struct reference reference;
    size_t made = 0;

    for (size_t i = 0; i < count; i++) {
        const struct wi_candidate *candidate = &candidates[i];
        if (!wi_judge_matches(candidate, demand))
            continue;
        for (int p = 0; p < WI_PLATFORM_COUNT; p++) {
            struct wi_route_option *option = &options[made++];
            *option = (struct wi_route_option){.candidate = candidate,
                .platform = p,
                .is_software = is_software(candidate->info, p)};
            option->prior = option_prior(option);
            option_recall(option, demand);
            judge_option(option, demand, terms, wanted);
        }
    }
    allow_fallback(options, made, demand);
    allow_unchecked(options, made, demand);
    find_reference(options, made, &reference);
    for (size_t i = 0; i < made; i++)
        option_expect(&options[i], demand, &reference, terms);
    return made;
}
