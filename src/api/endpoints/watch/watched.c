/*
 * Objects as lists have them, without what changes by itself: ages, traffic, and what has been used
 * when. A row and two functions for each kind.
 */
#include "api/endpoints/watch/watched.h"

#include "api/endpoints/models/models.h"
#include "api/endpoints/models/pull.h"
#include "api/endpoints/models/quantize.h"
#include "api/endpoints/nodes.h"
#include "api/endpoints/status.h"

/* Names of models that are looked up at a time. */
#define MODELS 32

/* What is not known of it until somebody asks. */
static void leave_out(json_t *object, const char *const *names)
{
    for (; object && *names; names++)
        json_object_del(object, *names);
}

/* --- the whole ------------------------------------------------------------------------------- */

static json_t *kinds_json(const struct wi_api *api)
{
    static const char *const moving[] = {"next_start_ms", "sessions", "transitions", NULL};
    json_t *kinds = wi_pool_kinds_json(api->deps.pool), *kind;
    const char *name;
    json_object_foreach(kinds, name, kind) leave_out(kind, moving);
    return kinds;
}

static json_t *status_json(const struct wi_api *api, const char *id, const char *client)
{
    struct wi_pool_counters pool;
    struct wi_error error;
    int ready;
    (void)id;
    (void)client;
    const char *problem = wi_api_problem(api, &ready, &error);
    wi_pool_counters(api->deps.pool, &pool);
    return json_pack("{s:s, s:I, s:b, s:s?, s:{s:s}, s:{s:s}, s:{s:I, s:I, s:I}, s:o, s:o}",
        "version", api->deps.version, "started_at", (json_int_t)api->started_at, "ready", ready,
        "problem", problem, "api", "url", api->url, "bridge", "url",
        wi_bridge_url(api->deps.bridge), "nodes", "count", (json_int_t)pool.nodes, "open",
        (json_int_t)pool.open_nodes, "quarantined",
        (json_int_t)wi_bridge_quarantined_count(api->deps.bridge), "kinds", kinds_json(api),
        "warnings", wi_api_warnings_json(api));
}

static json_t *queue_json(const struct wi_api *api, const char *id, const char *client)
{
    struct wi_job_counters jobs;
    (void)id;
    (void)client;
    wi_jobs_counters(api->deps.jobs, &jobs);
    return json_pack("{s:I, s:I, s:I}", "waiting", (json_int_t)jobs.waiting, "running",
        (json_int_t)jobs.running, "limit", (json_int_t)api->deps.config->pool.max_queue);
}

/* There is one, without an id. */
static void list_one(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids)
{
    (void)api;
    (void)client;
    if (!after)
        wi_strings_add(ids, "");
}

/* --- browsers and nodes ---------------------------------------------------------------------- */

static json_t *session_json(const struct wi_api *api, const char *id, const char *client)
{
    static const char *const moving[] = {"age_ms", "memory_bytes", NULL};
    json_t *session = wi_pool_session_json(api->deps.pool, id);
    (void)client;
    leave_out(session, moving);
    return session;
}

static void list_sessions(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids)
{
    (void)client;
    if (!after)
        wi_pool_list_sessions(api->deps.pool, ids, WI_WATCHED_MOST);
}

static json_t *node_json(const struct wi_api *api, const char *id, const char *client)
{
    static const char *const moving[] = {
        "busy_since_ms", "last_seen_ms", "rtt_ms", "bytes_in", "bytes_out", NULL};
    json_t *node = wi_api_node_json(api, id, client == NULL);
    leave_out(node, moving);
    return node;
}

static void list_nodes(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids)
{
    (void)client;
    if (!after)
        wi_pool_list_nodes(api->deps.pool, ids, WI_WATCHED_MOST);
}

/* --- models, jobs and pulls ------------------------------------------------------------------ */

static json_t *model_json(const struct wi_api *api, const char *name, const char *client)
{
    static const char *const moving[] = {"files", "numerics", "last_used_at", NULL};
    struct wi_pool_counters pool;
    (void)client;
    wi_pool_counters(api->deps.pool, &pool);
    json_t *model = wi_api_model_json(api, name, pool.nodes <= WI_WATCHED_MOST);
    leave_out(model, moving);
    return model;
}

static void add_name(
    void *names, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    (void)problem;
    wi_strings_add(names, row ? row->name : model->name);
}

static void list_models(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *names)
{
    (void)client;
    (void)wi_repository_each_after(
        api->deps.repository, after ? after : "", MODELS, add_name, names);
}

static json_t *job_json(const struct wi_api *api, const char *id, const char *client)
{
    static const char *const moving[] = {"age_ms", "parts", NULL};
    json_t *job = wi_jobs_describe(api->deps.jobs, id);
    (void)client; /* who may not see it is not told of it */
    leave_out(job, moving);
    return job;
}

static void list_jobs(
    const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids)
{
    if (!after)
        wi_jobs_list(api->deps.jobs, client, ids, WI_WATCHED_MOST);
}

/* What is made here has the name of a variant, as no pull has. */
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
    static const char *const moving[] = {"seconds", NULL};
    struct wi_pull_info info;
    json_t *making = making_json(api, name);
    (void)client;
    if (making) {
        leave_out(making, moving);
        return making;
    }
    if (!api->deps.pulls || wi_pulls_find(api->deps.pulls, name, &info) != 0 ||
        strcmp(info.name, name) != 0)
        return NULL; /* it has another name by now */
    json_t *pull = wi_api_pull_json(&info);
    leave_out(pull, moving);
    return pull;
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
    (void)client;
    if (!after && api->deps.pulls)
        wi_pulls_each(api->deps.pulls, add_pull, names);
    if (!after && api->deps.quantizer)
        wi_quantizer_each(api->deps.quantizer, add_making, names);
}

/* --- all kinds ------------------------------------------------------------------------------- */

static const struct {
    json_t *(*object)(const struct wi_api *api, const char *id, const char *client);
    void (*list)(
        const struct wi_api *api, const char *client, const char *after, struct wi_strings *ids);
} kinds[WI_CHANGE_KINDS] = {[WI_CHANGE_STATUS] = {status_json, list_one},
    [WI_CHANGE_QUEUE] = {queue_json, list_one},
    [WI_CHANGE_SESSION] = {session_json, list_sessions},
    [WI_CHANGE_NODE] = {node_json, list_nodes},
    [WI_CHANGE_MODEL] = {model_json, list_models},
    [WI_CHANGE_JOB] = {job_json, list_jobs},
    [WI_CHANGE_PULL] = {pull_json, list_pulls}};

static json_t *object(void *context, enum wi_change_kind kind, const char *id, const char *client)
{
    return kinds[kind].object(context, id, client);
}

static void list(void *context, enum wi_change_kind kind, const char *client, const char *after,
    struct wi_strings *ids)
{
    kinds[kind].list(context, client, after, ids);
}

struct wi_news_source wi_watched_source(struct wi_api *api)
{
    return (struct wi_news_source){.context = api, .object = object, .list = list};
}
