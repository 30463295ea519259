/*
 * Routing. Until measurements decide, the rules are fixed: `auto` takes WebGPU where the adapter is
 * real, else WASM; a software adapter runs only when WebGPU is named. Among the nodes that can, the
 * least loaded wins, and one that has the model loaded is worth a little waiting.
 */
#include "pool/route.h"

#include <stdio.h>
#include <string.h>

/* Loading a model costs about as much as waiting for this many attempts. */
#define LOAD_COST 2

static int is_listed(const struct wi_config_browser *browser, enum wi_platform platform)
{
    return !browser || browser->platforms.count == 0 ||
           wi_strings_contain(&browser->platforms, wi_platform_names[platform]);
}

/* Why this platform may not even be tried on the node; NULL if it may. */
static const char *why_not(const struct wi_candidate *candidate, enum wi_platform platform)
{
    enum wi_gpu gpu = candidate->browser ? candidate->browser->gpu : WI_GPU_AUTO;

    if (platform == WI_WEBGL)
        return "webgl runs no ONNX models";
    if (!is_listed(candidate->browser, platform))
        return "the configuration does not list it in the browser's platforms";
    if (platform == WI_WASM || platform == WI_WEBNN)
        return NULL;
    if (gpu == WI_GPU_OFF)
        return "the configuration says gpu = off";
    if (gpu == WI_GPU_HARDWARE && candidate->info->platforms[platform].has_adapter &&
        candidate->info->platforms[platform].adapter.is_fallback)
        return "the adapter is a software one, and the configuration says gpu = hardware";
    return NULL;
}

static int can_run(const struct wi_candidate *candidate, enum wi_platform platform)
{
    return candidate->info->platforms[platform].available && !why_not(candidate, platform);
}

static int has_hardware(const struct wi_candidate *candidate)
{
    return can_run(candidate, WI_WEBGPU) && candidate->info->platforms[WI_WEBGPU].has_adapter &&
           !candidate->info->platforms[WI_WEBGPU].adapter.is_fallback;
}

static void add_platform(struct wi_choice *choice, enum wi_platform platform)
{
    choice->platforms[choice->platform_count++] = platform;
}

static void refuse_platform(struct wi_choice *choice, enum wi_platform platform, const char *reason)
{
    choice->refusal.given = 1;
    choice->refusal.platform = platform;
    snprintf(choice->refusal.reason, sizeof(choice->refusal.reason), "%s", reason);
}

static enum wi_code unsupported(
    const struct wi_candidate *candidate, const struct wi_demand *demand, struct wi_error *error)
{
    char names[64] = "";
    const char *wanted = demand->has_platform ? wi_platform_names[demand->platform] : "auto";
    const char *reason =
        demand->has_platform ? candidate->info->platforms[demand->platform].reason : "";

    for (int i = 0; i < WI_PLATFORM_COUNT; i++)
        if (can_run(candidate, i))
            snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
                *names ? ", " : "", wi_platform_names[i]);
    if (demand->has_platform && demand->platform == WI_WEBGL)
        wi_error_set(error, WI_PLATFORM_UNSUPPORTED, "platform",
            "webgl runs no ONNX models; name another platform or allow the fallback");
    else
        wi_error_set(error, WI_PLATFORM_UNSUPPORTED, "platform",
            "no node can run the model on %s%s%s", wanted, *reason ? ": " : "", reason);
    wi_error_allow(error, "%s", *names ? names : "none");
    return WI_PLATFORM_UNSUPPORTED;
}

enum wi_code wi_route_platforms(const struct wi_candidate *candidate,
    const struct wi_demand *demand, struct wi_choice *choice, struct wi_error *error)
{
    choice->platform_count = 0;
    choice->refusal.given = 0;
    if (demand->has_platform && demand->platform == WI_SIMULATED) {
        add_platform(choice, WI_SIMULATED);
        return WI_OK;
    }
    /* Built-in models compute nothing, so they run everywhere and need no platform. */
    if (demand->model->builtin) {
        add_platform(choice, demand->has_platform ? demand->platform : WI_WASM);
        return WI_OK;
    }
    if (!demand->has_platform) {
        if (has_hardware(candidate))
            add_platform(choice, WI_WEBGPU);
    } else if (demand->fallback && demand->platform != WI_WASM) {
        /* Tried there even if it is known not to work, so that the answer says why it fell back. */
        const char *refusal = why_not(candidate, demand->platform);
        if (refusal)
            refuse_platform(choice, demand->platform, refusal);
        else
            add_platform(choice, demand->platform);
    } else if (can_run(candidate, demand->platform)) {
        add_platform(choice, demand->platform);
    }
    if ((!demand->has_platform || (demand->fallback && demand->platform != WI_WASM)) &&
        can_run(candidate, WI_WASM))
        add_platform(choice, WI_WASM);
    return choice->platform_count > 0 ? WI_OK : unsupported(candidate, demand, error);
}

static int wants_simulation(const struct wi_demand *demand)
{
    return demand->has_platform && demand->platform == WI_SIMULATED;
}

/* A simulated node gets only what asks for one by the platform's name, and nobody else gets that.
 */
static int matches(const struct wi_candidate *candidate, const struct wi_demand *demand)
{
    return wants_simulation(demand) == candidate->info->platforms[WI_SIMULATED].available &&
           (!demand->node || strcmp(candidate->info->id, demand->node) == 0) &&
           (!demand->browser || strcmp(candidate->info->kind, demand->browser) == 0);
}

static int has_room(const struct wi_candidate *candidate, const struct wi_demand *demand)
{
    if (!candidate->open)
        return 0;
    return demand->model->builtin ? candidate->builtins < WI_DEPTH_BUILTIN
                                  : candidate->models < WI_DEPTH_MODEL;
}

static size_t cost(const struct wi_candidate *candidate, const struct wi_demand *demand)
{
    size_t load = demand->model->builtin || candidate->has_model ? 0 : LOAD_COST;

    return candidate->builtins + candidate->models + load;
}

/* Why no candidate came through. */
static enum wi_pick refuse(const struct wi_demand *demand, int node_known, struct wi_error *error)
{
    if (demand->node && !node_known)
        wi_error_set(error, WI_NODE_NOT_FOUND, "node", "there is no node %.80s", demand->node);
    else if (wants_simulation(demand) || (demand->node && !demand->browser))
        wi_error_set(error, WI_UNAVAILABLE, "platform",
            wants_simulation(demand)
                ? "no simulated node that the request allows is there"
                : "the node is simulated and runs only what asks for the platform simulated");
    else if (demand->node)
        wi_error_set(error, WI_UNAVAILABLE, "browser", "the node %.80s is no %.40s", demand->node,
            demand->browser);
    else
        wi_error_set(error, WI_UNAVAILABLE, demand->browser ? "browser" : "",
            "no node%s%.40s is there", demand->browser ? " of browser " : "",
            demand->browser ? demand->browser : "");
    return WI_PICK_NEVER;
}

enum wi_pick wi_route(const struct wi_candidate *candidates, size_t count,
    const struct wi_demand *demand, struct wi_choice *choice, struct wi_error *error)
{
    const struct wi_candidate *best = NULL, *avoided = NULL;
    size_t able = 0, matching = 0;
    int node_known = 0;

    for (size_t i = 0; i < count; i++) {
        const struct wi_candidate *candidate = &candidates[i];
        struct wi_choice platforms;
        node_known |= demand->node && strcmp(candidate->info->id, demand->node) == 0;
        if (!matches(candidate, demand))
            continue;
        matching++;
        if (wi_route_platforms(candidate, demand, &platforms, error) != WI_OK)
            continue;
        able++;
        if (demand->avoid && strcmp(candidate->info->id, demand->avoid) == 0) {
            avoided = candidate;
            continue;
        }
        if (has_room(candidate, demand) && (!best || cost(candidate, demand) < cost(best, demand)))
            best = candidate;
    }
    if (matching == 0)
        return refuse(demand, node_known, error);
    if (able == 0)
        return WI_PICK_NEVER; /* wi_route_platforms said why */
    if (!best && avoided && able == 1 && has_room(avoided, demand))
        best = avoided;
    if (!best)
        return WI_PICK_WAIT;
    wi_route_platforms(best, demand, choice, NULL);
    snprintf(choice->node, sizeof(choice->node), "%s", best->info->id);
    return WI_PICK_NODE;
}
