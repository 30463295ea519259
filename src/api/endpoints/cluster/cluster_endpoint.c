/* GET /v1/cluster: the members that this daemon sees; and what its own record tells the others. */
#include "api/endpoints/cluster/cluster_endpoint.h"

#include "api/endpoints/endpoints.h"
#include "base/clock.h"
#include "base/net/address.h"
#include "cluster/cluster.h"
#include "models/models.h"
#include "nodes/bridge/bridge.h"
#include "wire/describe/schemas.h"

/* --- the own record --------------------------------------------------------------------------- */

static void add_models(struct wi_cluster_member *member, const struct wi_list *list)
{
    wi_strings_clear(&member->models);
    for (size_t i = 0; i < list->model_count && i < WI_MEMBER_MODELS_MAX; i++)
        wi_strings_add(&member->models, list->models[i].name);
    member->model_count = list->model_count;
}

/* "0.0.0.0" is no address at which others can reach this machine. */
static const char *url_for_others(const char *url, const char *listen)
{
    union wi_address address;
    return wi_address_parse(listen, &address) == 0 && wi_address_is_any(&address) ? "" : url;
}

static void describe_self(void *context, struct wi_cluster_member *member, int models)
{
    struct wi_api *api = context;
    const struct wi_config *config = api->deps.config;
    struct wi_job_counters jobs;
    struct wi_pool_counters pool;
    wi_jobs_counters(api->deps.jobs, &jobs);
    wi_pool_counters(api->deps.pool, &pool);
    member->waiting = jobs.waiting;
    member->running = jobs.running;
    member->nodes = pool.open_nodes;
    wi_text_copy(member->api, sizeof member->api, url_for_others(api->url, config->api.listen));
    wi_text_copy(member->bridge, sizeof member->bridge, wi_bridge_url(api->deps.bridge));
    if (models)
        add_models(member, wi_repository_list(api->deps.repository));
}

void wi_api_cluster_join(struct wi_api *api)
{
    if (api->deps.cluster)
        wi_cluster_join(api->deps.cluster, describe_self, api);
}

void wi_api_cluster_leave(struct wi_api *api)
{
    wi_cluster_leave(api->deps.cluster);
}

/* --- the answer ------------------------------------------------------------------------------- */

/* NULL for "". */
static const char *text_given(const char *text)
{
    return *text ? text : NULL;
}

static json_t *member_json(const struct wi_seen *seen, const struct wi_cluster_view *view)
{
    const struct wi_cluster_member *member = &seen->member;
    json_t *models = json_array();
    for (size_t i = 0; i < member->models.count; i++)
        json_array_append_new(models, json_string(member->models.items[i]));
    return wi_form_json("ClusterMember", member->name,
        strcmp(member->instance, view->instance) == 0, member->instance, member->version,
        text_given(member->api), text_given(member->bridge), models, member->model_count,
        json_pack("{s:I, s:I, s:I}", "waiting", (json_int_t)member->waiting, "running",
            (json_int_t)member->running, "nodes", (json_int_t)member->nodes),
        wi_awake_ms() - seen->changed_ms, seen->skew_ms);
}

static json_t *members_json(const struct wi_cluster_view *view)
{
    json_t *list = json_array();
    for (const struct wi_seen *seen = wi_members_next(view->members, NULL); seen;
         seen = wi_members_next(view->members, seen->member.name))
        json_array_append_new(list, member_json(seen, view));
    return list;
}

static json_t *problem_json(const struct wi_broker_problem *problem)
{
    return problem ? json_pack("{s:s, s:s}", "code", wi_broker_fault_names[problem->fault],
                         "detail", problem->detail)
                   : json_null();
}

/* Of members, of the jobs and rows that they share, and of what they say. */
static json_t *ignored_json(const struct wi_cluster_view *view)
{
    static const struct wi_row_counters none;
    const struct wi_members *members = view->members;
    const struct wi_row_counters *rows = view->rows ? view->rows : &none;
    const struct wi_row_counters *talk = view->talk ? view->talk : &none;
    return json_pack("{s:I, s:I, s:I}", "garbage",
        (json_int_t)(members->garbage + view->jobs.garbage + rows->garbage + talk->garbage),
        "other_version",
        (json_int_t)(members->other_version + view->jobs.other_version + rows->other_version +
                     talk->other_version),
        "left_out", (json_int_t)(members->left_out + rows->left_out));
}

void wi_handle_cluster(struct wi_request *request)
{
    static const struct wi_members none;
    struct wi_cluster_view view = {.members = &none};
    struct wi_cluster *cluster = request->api->deps.cluster;
    if (cluster)
        wi_cluster_look(cluster, &view);
    wi_request_answer_json(request, 200,
        wi_form_json("Cluster", cluster ? wi_cluster_state_names[view.state] : "off", view.name,
            view.server, problem_json(view.problem), members_json(&view), ignored_json(&view)));
}
