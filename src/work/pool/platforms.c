/* What may run on a node, and on which platform, by its browser's section and what it can do. */
#include "work/pool/platforms.h"

#include <stdio.h>
#include <string.h>

int wi_demand_keep(enum wi_strangers strangers, int text)
{
    return strangers == WI_STRANGERS_NONE || (strangers == WI_STRANGERS_TENSORS && text);
}

const char *wi_route_unfit(const struct wi_node_info *info, const struct wi_demand *demand)
{
    enum wi_engine engine = demand->asked->model->engine;

    if (!info->engines[engine].available)
        return "it has no engine for such models";
    if (demand->ours_only && !*info->session && !wi_platforms_simulated(demand))
        return "it was not started by the service, which gives no such work to others ([pool] "
               "strangers)";
    if (demand->asked->benchmark.runs && !info->benchmarks)
        return "it does not take benchmarks";
    if (demand->continues && !info->engines[engine].can_continue)
        return "its engine cannot continue what another node has begun";
    if (demand->several && !info->engines[engine].continues_several)
        return "its engine cannot continue several answers that another node has begun";
    return NULL;
}

static int platform_is_listed(const struct wi_config_browser *browser, enum wi_platform platform)
{
    return !browser || browser->platforms.count == 0 ||
           wi_strings_contain(&browser->platforms, wi_platform_names[platform]);
}

static const char too_large[] = "a file of the model is larger than its WebAssembly, with "
                                "addresses of 32 bits, can read: split "
                                "it, or allow Chromium or Firefox";

/* Whether each of the model's files is one that the engine can read. */
static int reads_files(const struct wi_node_info *info, const struct wi_model *model)
{
    int64_t most = info->engines[model->engine].file_max;
    for (size_t i = 0; most > 0 && i < model->manifest.count; i++)
        if (model->manifest.files[i].bytes > (uint64_t)most)
            return 0;
    return 1;
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

const char *wi_platforms_why_not(const struct wi_candidate *candidate,
    const struct wi_inference *asked, enum wi_platform platform)
{
    const struct wi_model *model = asked->model;
    enum wi_gpu gpu = candidate->browser ? candidate->browser->gpu : WI_GPU_AUTO;

    if (platform == WI_SIMULATED)
        return NULL;
    if (platform == WI_NATIVE)
        return candidate->info->platforms[platform].available ? NULL
                                                              : "browsers compute nothing natively";
    if (!(wi_engines[model->engine].platforms & 1u << platform))
        return "the engine that runs the model does not compute on it";
    if (!platform_is_listed(candidate->browser, platform))
        return "the configuration does not list it in the browser's platforms";
    if (!reads_files(candidate->info, model))
        return too_large;
    if (platform == WI_WASM)
        return NULL;
    if (asked->empty == WI_EMPTY_USED)
        return "the graph computes with a tensor without elements, which only wasm does";
    if (asked->empty && candidate->prospects[platform].verdict == WI_UNABLE)
        return "such a tensor without elements has failed there before";
    if (platform == WI_WEBNN)
        return NULL;
    if (gpu == WI_GPU_OFF)
        return "the configuration says gpu = off";
    if (gpu == WI_GPU_HARDWARE && candidate->info->platforms[platform].has_adapter &&
        candidate->info->platforms[platform].adapter.is_fallback)
        return "the adapter is a software one, and the configuration says gpu = hardware";
    return platform == WI_WEBGPU ? why_no_gpu(candidate->info, model) : NULL;
}

int wi_platforms_can_run(const struct wi_candidate *candidate, const struct wi_inference *asked,
    enum wi_platform platform)
{
    return candidate->info->platforms[platform].available &&
           !wi_platforms_why_not(candidate, asked, platform);
}

int wi_platforms_software(const struct wi_candidate *candidate, enum wi_platform platform)
{
    return candidate->info->platforms[platform].has_adapter &&
           candidate->info->platforms[platform].adapter.is_fallback;
}

void wi_platforms_add(struct wi_choice *choice, enum wi_platform platform)
{
    choice->platforms[choice->platform_count++] = platform;
}

static void refuse_platform(struct wi_choice *choice, enum wi_platform platform, const char *reason)
{
    choice->refusal.given = 1;
    choice->refusal.platform = platform;
    snprintf(choice->refusal.reason, sizeof choice->refusal.reason, "%s", reason);
}

/* Of the platform that is named: what bars it, else what the node says. Of all: what bars each. */
static const char *why_unable(const struct wi_candidate *candidate, const struct wi_demand *demand)
{
    const struct wi_inference *asked = demand->asked;
    if (!asked->has_platform)
        return reads_files(candidate->info, asked->model) ? "" : too_large;
    const char *barred = wi_platforms_why_not(candidate, asked, asked->platform);

    return barred ? barred : candidate->info->platforms[asked->platform].reason;
}

enum wi_code wi_platforms_unsupported(
    const struct wi_candidate *candidate, const struct wi_demand *demand, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    enum wi_engine engine = asked->model->engine;
    char names[64] = "";
    const char *wanted = asked->has_platform ? wi_platform_names[asked->platform] : "auto";
    const char *reason = why_unable(candidate, demand);

    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        if (wi_platforms_can_run(candidate, asked, i))
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

int wi_platforms_simulated(const struct wi_demand *demand)
{
    return demand->asked->has_platform && demand->asked->platform == WI_SIMULATED;
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

enum wi_code wi_route_platforms(const struct wi_candidate *candidate,
    const struct wi_demand *demand, struct wi_choice *choice, struct wi_error *error)
{
    const struct wi_inference *asked = demand->asked;
    int may_fall_back = asked->fallback && asked->platform != WI_WASM;
    const char *refusal = wi_platforms_why_not(candidate, asked, asked->platform);

    choice->platform_count = 0;
    choice->refusal.given = 0;
    if (wi_platforms_simulated(demand)) {
        wi_platforms_add(choice, WI_SIMULATED);
        return WI_OK;
    }
    if (asked->model->builtin) {
        wi_platforms_add(choice, builtin_platform(candidate, demand));
        if (asked->has_platform && choice->platforms[0] != asked->platform)
            refuse_platform(choice, asked->platform, refusal);
        return WI_OK;
    }
    /* Tried there even if it is known not to work, so that the answer says why it fell back. */
    if (wi_platforms_can_run(candidate, asked, asked->platform) || (may_fall_back && !refusal))
        wi_platforms_add(choice, asked->platform);
    else if (may_fall_back)
        refuse_platform(choice, asked->platform, refusal);
    if (may_fall_back && asked->platform == WI_WEBGPU &&
        wi_platforms_can_run(candidate, asked, WI_WEBGL))
        wi_platforms_add(choice, WI_WEBGL);
    if (may_fall_back && wi_platforms_can_run(candidate, asked, WI_WASM))
        wi_platforms_add(choice, WI_WASM);
    return choice->platform_count > 0 ? WI_OK : wi_platforms_unsupported(candidate, demand, error);
}

int wi_route_is_able(const struct wi_route_option *option)
{
    return option->standing <= WI_STANDING_DRAINING;
}

int wi_route_is_ready(const struct wi_route_option *option)
{
    return option->standing == WI_STANDING_READY;
}

/* Within one position a GPU or an accelerator comes before WASM, and that before a software
 * adapter. */
double wi_route_prior(const struct wi_route_option *option)
{
    int rank = option->candidate->prospects[option->platform].rank;
    double within = option->platform == WI_WEBGPU  ? 0
                    : option->platform == WI_WEBNN ? 0.2
                    : option->platform == WI_WEBGL ? 0.3
                                                   : 0.4;

    if (wi_platforms_software(option->candidate, option->platform))
        within = 0.6;
    return 1 + rank + within;
}
