/*
 * Objects as in lists, without members that change by themselves: ages, traffic, and times of last
 * use. A row and two functions for each kind.
 */
#include "api/endpoints/watch/watched.h"

#include "api/endpoints/models/models.h"
#include "api/endpoints/models/pull_endpoint.h"
#include "api/endpoints/models/quantize.h"
#include "api/endpoints/nodes_endpoint.h"
#include "api/endpoints/status.h"
#include "wire/describe/schemas.h"

/* Names of models that are looked up at a time. */
#define MODELS 32

/* --- the whole ------------------------------------------------------------------------------- */

static json_t *kinds_json(const struct wi_api *api)
{
    json_t *kinds = wi_pool_kinds_json(api->deps.pool), *kind;
    const char *name;
    json_object_foreach(kinds, name, kind)
    {
        json_object_del(kind, "next_start_ms");
        json_object_del(kind, "sessions");
        json_object_del(kind, "transitions");
    }
    return kinds;
}

static json_t *status_json(const struct wi_api *api, const char *id, const char *client)
{
    struct wi_pool_counters pool;
    struct wi_error error;
    int ready;
    const char *problem = wi_api_problem(api, &ready, &error);
    wi_pool_counters(api->deps.pool, &pool);
    json_t *nodes = json_pack("{s:I, s:I, s:I}", "count", (json_int_t)pool.nodes, "open",
        (json_int_t)pool.open_nodes, "quarantined",
        (json_int_t)wi_bridge_quarantined_count(api->deps.bridge));
    return wi_form_json("WatchedStatus", api->deps.version, api->started_at, ready, problem,
        json_pack("{s:s}", "url", api->url),
        json_pack("{s:s}", "url", wi_bridge_url(api->deps.bridge)), nodes, kinds_json(api),
        wi_api_warnings_json(api));
}

static json_t *queue_json(const struct wi_api *api, const char *id, const char *client)
{
    struct wi_job_counters jobs;
    wi_jobs_counters(api->deps.jobs, &jobs);
    return wi_form_json(
        "WatchedQueue", jobs.waiting, jobs.running, api->deps.config->pool.max_queue);
}

/* There is one, without an id. */
static void list_one(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids)
{
    wi_strings_add(ids, "");
}

/* --- browsers and nodes ---------------------------------------------------------------------- */

static json_t *session_json(const struct wi_api *api, const char *id, const char *client)
{
    return wi_pool_session_json(api->deps.pool, id);
}

static void list_sessions(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids)
{
    wi_pool_list_sessions(api->deps.pool, ids, WI_WATCHED_MOST);
}

static json_t *node_json(const struct wi_api *api, const char *id, const char *client)
{
    return wi_api_node_json(api, id, client == NULL);
}

static void list_nodes(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids)
{
    wi_pool_list_nodes(api->deps.pool, ids, WI_WATCHED_MOST);
}

/* --- models, jobs and pulls ------------------------------------------------------------------ */

static json_t *model_json(const struct wi_api *api, const char *name, const char *client)
{
    struct wi_pool_counters pool;
    wi_pool_counters(api->deps.pool, &pool);
    return wi_api_model_json(api, name, pool.nodes <= WI_WATCHED_MOST);
}

static void add_name(
    void *names, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    wi_strings_add(names, row ? row->name : model->name);
}

static void list_models(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *names)
{
    (void)wi_repository_each_after(
        api->deps.repository, after ? after : "", MODELS, add_name, names);
}

/* A client that may not see the job is not told of it. */
static json_t *job_json(const struct wi_api *api, const char *id, const char *client)
{
    return wi_jobs_describe(api->deps.jobs, id);
}

static void list_jobs(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids)
{
    wi_jobs_list(api->deps.jobs, client, ids, WI_WATCHED_MOST);
}

/* A variant that is made here has the name of a variant, which no pull has. */
static json_t *making_json(const struct wi_api *api, const char *name)
{
    struct wi_making_info info;
    if (!api->deps.quantizer || wi_quantizer_find(api->deps.quantizer, name, &info) != 0 ||
        strcmp(info.name, name) != 0)
        return NULL;
    return wi_api_making_json(&info);
}

static json_t *pull_json(const struct wi_api *api, const char *name, const char *client)
{
    struct wi_pull_info info;
    json_t *making = making_json(api, name);
    if (making)
        return making;
    if (!api->deps.pulls || wi_pulls_find(api->deps.pulls, name, &info) != 0 ||
        strcmp(info.name, name) != 0)
        return NULL; /* it has another name by now */
    return wi_api_pull_json(&info);
}

static void add_pull(void *ids, const struct wi_pull_info *info)
{
    wi_strings_add(ids, info->name);
}

static void add_making(void *ids, const struct wi_making_info *info)
{
    wi_strings_add(ids, info->name);
}

static void list_pulls(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *names)
{
    if (api->deps.pulls)
        wi_pulls_each(api->deps.pulls, add_pull, names);
    if (api->deps.quantizer)
        wi_quantizer_each(api->deps.quantizer, add_making, names);
}

/* --- all kinds ------------------------------------------------------------------------------- */

static const struct {
    json_t *(*object)(const struct wi_api *api, const char *id, const char *client);
    void (*list)(
        const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids);
    int in_pages;            /* else all are listed at once */
    const char *left_out[7]; /* members that are not known until a client asks */
} kinds[WI_CHANGE_KINDS] = {[WI_CHANGE_STATUS] = {status_json, list_one, 0, {NULL}},
    [WI_CHANGE_QUEUE] = {queue_json, list_one, 0, {NULL}},
    [WI_CHANGE_SESSION] = {session_json, list_sessions, 0, {"age_ms", "memory_bytes"}},
    [WI_CHANGE_NODE] = {node_json, list_nodes, 0,
        {"busy_since_ms", "last_seen_ms", "rtt_ms", "heartbeats_lost", "bytes_in", "bytes_out"}},
    [WI_CHANGE_MODEL] = {model_json, list_models, 1, {"files", "numerics", "last_used_at"}},
    [WI_CHANGE_JOB] = {job_json, list_jobs, 0, {"age_ms", "parts"}},
    [WI_CHANGE_PULL] = {pull_json, list_pulls, 0, {"seconds"}}};

json_t *wi_watched_object(
    void *context, enum wi_change_kind kind, const char *id, const char *client)
{
    json_t *object = kinds[kind].object(context, id, client);
    for (const char *const *name = kinds[kind].left_out; object && *name; name++)
        json_object_del(object, *name);
    return object;
}

void wi_watched_list(void *context, enum wi_change_kind kind, const char *client, const char *after,
    struct wi_strings *ids)
{
    if (!after || kinds[kind].in_pages)
        kinds[kind].list(context, client, after, ids);
}
