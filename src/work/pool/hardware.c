/* What routing thinks of a demand, told: the same judgement as for a request, printed. */
#include "work/pool/pick_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "wire/describe/schemas.h"
#include "work/pool/facts/batching.h"
#include "work/pool/facts/verdicts.h"
#include "work/pool/preferences.h"
#include <stdio.h>
#include <stdlib.h>

static json_t *adapter_json(const struct wi_node_info *info, enum wi_platform platform)
{
    const struct wi_adapter *adapter = &info->platforms[platform].adapter;

    if (!info->platforms[platform].has_adapter)
        return json_null();
    return wi_form_json("Adapter", adapter->vendor, adapter->architecture, adapter->description,
        adapter->is_fallback);
}

/* Negative where it was not measured. */
static double per_second(double token_ms)
{
    return token_ms > 0 ? 1000 / token_ms : -1;
}

static json_t *estimate_json(const struct wi_estimate *e)
{
    if (!e->measured_at)
        return json_null();
    double gain = wi_batching_gain(e);
    int64_t most = (int64_t)wi_estimate_batch_most(e, wi_wall_ms());
    return wi_form_json("Estimate", e->load_ms, e->run_ms, e->failure, e->loads, e->runs,
        e->measured_at, per_second(e->prompt_ms), per_second(e->token_ms), gain > 0 ? gain : -1,
        most > 0 ? most : -1);
}

/* What requests have lost by not running there, and at how much the model is moved there; null
 * where it is not known to be faster there, or is there already. */
static json_t *relocation_json(const struct wi_relocation *relocation)
{
    if (relocation->cost_ms <= 0)
        return json_null();
    return wi_form_json("Moves", relocation->lost_ms, relocation->cost_ms);
}

static json_t *option_json(const struct wi_route_option *option, const struct wi_model *model,
    const struct wi_route_option *client)
{
    const struct wi_candidate *candidate = option->candidate;
    const char *version = candidate->info->engines[model->engine].version;
    const struct wi_prospect *prospect = &candidate->prospects[option->platform];
    const char *via = candidate->info->relay;
    json_t *out = json_pack("{s:s, s:s, s:b, s:o, s:s*, s:s, s:s, s:s?, s:s, s:s, s:b, s:o}",
        "browser", candidate->info->kind, "browser_version", candidate->info->browser_version,
        "joined", !*candidate->info->session, "token", wi_party_token_json(candidate->info->party),
        "via", *via ? via : NULL, "platform", wi_platform_names[option->platform], "engine",
        wi_engine_names[model->engine], "engine_version", *version ? version : NULL, "standing",
        wi_standing_names[option->standing], "why", option->why, "chosen", option->chosen,
        "adapter", adapter_json(candidate->info, option->platform));

    struct wi_relocation relocation =
        client ? wi_pool_relocation(option, client) : (struct wi_relocation){0};

    if (option->standing == WI_STANDING_UNAVAILABLE || option->standing == WI_STANDING_BARRED)
        return out;
    json_object_update_new(
        out, json_pack("{s:I, s:I, s:I, s:I, s:b, s:b, s:s?, s:i, s:o}", "nodes",
                 (json_int_t)candidate->nodes, "open_nodes", (json_int_t)candidate->open, "slots",
                 (json_int_t)candidate->slots, "loaded_nodes", (json_int_t)prospect->loaded, "warm",
                 option->warm, "measured", option->measured, "verdict",
                 model->builtin ? NULL : wi_verdict_names[prospect->verdict], "preference",
                 prospect->rank, "estimate", estimate_json(&prospect->estimate)));
    json_object_update_new(
        out, json_pack("{s:f, s:f, s:f, s:f, s:f, s:o}", "expected_ms", option->expected_ms,
                 "queue_ms", option->queue_ms, "load_ms", option->load_ms, "run_ms", option->run_ms,
                 "failure_ms", option->failure_ms, "moves", relocation_json(&relocation)));
    return out;
}

/* The chosen one first, then what is nearest to being chosen. */
static int options_compare(const void *a, const void *b)
{
    const struct wi_route_option *one = *(const struct wi_route_option *const *)a;
    const struct wi_route_option *other = *(const struct wi_route_option *const *)b;

    if (one->chosen != other->chosen)
        return other->chosen - one->chosen;
    if (one->standing != other->standing)
        return one->standing < other->standing ? -1 : 1;
    return (one->expected_ms > other->expected_ms) - (one->expected_ms < other->expected_ms);
}

static json_t *options_json(const struct pool_judged *judged, const struct wi_demand *demand)
{
    size_t count = judged->count;
    const struct wi_route_option **sorted = wi_realloc_array(NULL, count + 1, sizeof *sorted);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        sorted[i] = &judged->options[i];
    qsort(sorted, count, sizeof *sorted, options_compare);
    for (size_t i = 0; i < count; i++)
        if (sorted[i]->platform < WI_NATIVE || /* what browsers have; the others few nodes */
            sorted[i]->candidate->info->platforms[sorted[i]->platform].available)
            json_array_append_new(
                list, option_json(sorted[i], demand->asked->model, judged->chosen));
    free(sorted);
    return list;
}

/* What was measured on browsers of a kind, where the model runs fastest; NULL: nothing. */
static json_t *measured_json(
    const struct wi_pool *pool, const struct wi_model *model, const char *kind)
{
    struct wi_place place;
    const struct wi_estimate *best = wi_estimates_best(pool->estimates, model->hash, kind, &place);

    if (!best)
        return NULL;
    return wi_form_json("Measured", place.browser_version, wi_platform_names[place.platform],
        wi_engine_names[place.engine], *place.engine_version ? place.engine_version : NULL,
        estimate_json(best));
}

/* Configured kinds without a node, and why each has none. */
static json_t *passed_over_json(const struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *client)
{
    json_t *list = json_array();

    for (size_t i = 0; i < pool->kinds->count; i++) {
        const struct pool_kind *kind = &pool->kinds->all[i];
        struct wi_error error = {0};
        if (wi_pool_has_kind(pool, kind->name))
            continue;
        wi_pool_explain(pool, kind->name, &error);
        if (!kind->installed && !kind->given && wi_pool_kind_is_on(kind))
            snprintf(error.detail, sizeof error.detail, "it is not installed");
        else if (wi_pool_kind_is_hopeful(pool, kind) &&
                 wi_pool_sessions_count(pool->sessions, kind->name, WI_SESSION_STATE_COUNT) == 0)
            snprintf(error.detail, sizeof error.detail,
                "no %.31s is running; one is started when it is preferred or named and there is "
                "room for it",
                kind->name);
        if (wi_pool_kind_is_hopeful(pool, kind))
            (void)wi_pool_kind_cannot(pool, kind, demand, NULL, &error);
        struct wi_relocation relocation =
            client ? wi_pool_relocation_to_kind(pool, demand, kind->name, client)
                   : (struct wi_relocation){0};
        json_array_append_new(
            list, json_pack("{s:s, s:b, s:s, s:o, s:o?}", "browser", kind->name, "installed",
                      kind->installed, "why", error.detail, "moves", relocation_json(&relocation),
                      "measured", measured_json(pool, demand->asked->model, kind->name)));
    }
    return list;
}

/* Of those that could run it but not now, the one that would be first. */
static const struct wi_route_option *find_awaited(const struct pool_judged *judged)
{
    const struct wi_route_option *found = NULL;

    for (size_t i = 0; i < judged->count; i++) {
        const struct wi_route_option *option = &judged->options[i];
        if (option->standing > WI_STANDING_READY && option->standing <= WI_STANDING_DRAINING &&
            (!found || option->expected_ms < found->expected_ms))
            found = option;
    }
    return found;
}

static json_t *reason_json(
    const struct pool_judged *judged, enum wi_pick pick, const struct wi_error *error)
{
    const struct wi_route_option *awaited = find_awaited(judged);
    size_t ready = 0;

    for (size_t i = 0; i < judged->count; i++)
        ready += judged->options[i].standing == WI_STANDING_READY;
    if (pick == WI_PICK_NEVER)
        return json_string(error->detail);
    if (pick == WI_PICK_WAIT && !awaited)
        return json_string("a browser that may be able to run it is starting or can be started");
    if (pick == WI_PICK_WAIT)
        return json_sprintf("it would wait for %s on %s: %s", awaited->candidate->info->kind,
            wi_platform_names[awaited->platform], awaited->why);
    if (ready == 1)
        return json_string("no other node or platform is ready for it");
    return json_sprintf("the least expected time of %zu that are ready, %s", ready,
        judged->chosen->measured ? "as measured"
                                 : "not measured yet, so that [browser_preferences] counts");
}

static json_t *would_run_json(const struct wi_choice *choice, const struct wi_route_option *chosen)
{
    json_t *platforms = json_array();

    for (size_t i = 0; i < choice->platform_count; i++)
        json_array_append_new(platforms, json_string(wi_platform_names[choice->platforms[i]]));
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:f}", "node", choice->node, "browser",
        chosen->candidate->info->kind, "browser_version", chosen->candidate->info->browser_version,
        "platform", wi_platform_names[choice->platforms[0]], "platforms", platforms, "warm",
        chosen->warm, "expected_ms", chosen->expected_ms);
}

static json_t *preferences_json(const struct wi_pool *pool, enum wi_model_type type)
{
    const struct wi_strings *list = wi_preferences_of(&pool->config->browser_preferences, type);
    json_t *out = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(out, json_string(list->items[i]));
    return out;
}

json_t *wi_pool_hardware_json(struct wi_pool *pool, const struct wi_demand *demand)
{
    const struct wi_inference *asked = demand->asked;
    static const char *const decisions[] = {"run", "wait", "never"};
    const struct wi_config_pool *config = &pool->config->pool;
    struct wi_choice choice = {0};
    struct wi_error error = {0};
    struct pool_judged judged;
    enum wi_pick pick = wi_pool_consider(pool, demand, 0, &choice, &judged, &error);
    json_t *probe = NULL;

    if (pick == WI_PICK_NODE && choice.probe.wanted)
        probe = json_pack("{s:s, s:s, s:f}", "browser", choice.probe.browser, "platform",
            wi_platform_names[choice.probe.platform], "deadline_ms", choice.probe.deadline_ms);
    return wi_form_json("Hardware", asked->model->name, asked->model->hash,
        wi_model_type_name(asked->type), decisions[pick], reason_json(&judged, pick, &error),
        pick == WI_PICK_NODE ? would_run_json(&choice, judged.chosen) : NULL,
        pick == WI_PICK_NEVER ? wi_code_name(error.code) : NULL,
        preferences_json(pool, asked->type),
        config->numerics == WI_NUMERICS_CHECK ? "check" : "off", config->exploration,
        config->recheck, probe, options_json(&judged, demand),
        passed_over_json(pool, demand, judged.chosen));
}
