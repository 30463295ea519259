/*
 * GET /v1/status, the whole state in one document; whether the service is alive and ready; and the
 * list of endpoints.
 */
#include "api/endpoints/status.h"

#include "api/endpoints/endpoints.h"
#include "api/endpoints/models/models.h"
#include "api/endpoints/models/published.h"
#include "api/endpoints/nodes_endpoint.h"
#include "api/endpoints/proof/quarantine_endpoint.h"
#include "api/http/request.h"
#include "base/clock.h"
#include "owners/durable/durable.h"
#include "wire/describe/schemas.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* How many objects are listed where there may be any number: of jobs under way, the newest; of
 * nodes under quarantine, the latest; of nodes and models, the first. */
#define SHOWN 100

static json_t *counters_json(const struct wi_api *api, const struct wi_job_counters *jobs)
{
    struct wi_pool_counters pool;
    const struct wi_bridge_counters *bridge = wi_bridge_counters(api->deps.bridge);
    wi_pool_counters(api->deps.pool, &pool);
#define I(value) (json_int_t)(value)
    return json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I},"
                     " s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I},"
                     " s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}}",
        "jobs", "accepted", I(jobs->accepted), "completed", I(jobs->completed), "failed",
        I(jobs->failed), "cancelled", I(jobs->cancelled), "expired", I(jobs->expired), "rejected",
        I(jobs->rejected), "retried", I(jobs->retried), "lost", I(jobs->lost), "late",
        I(jobs->late), "sessions", "started", I(pool.sessions_started), "broken",
        I(pool.sessions_broken), "closed", I(pool.sessions_closed), "worn", I(pool.sessions_worn),
        "starting", I(pool.states[WI_SESSION_STARTING]), "idle", I(pool.states[WI_SESSION_READY]),
        "leased", I(pool.states[WI_SESSION_BUSY]), "live", I(pool.live), "bridge", "connections",
        I(bridge->connections), "refused", I(bridge->refused), "frames_in", I(bridge->frames_in),
        "frames_out", I(bridge->frames_out), "bytes_in", I(bridge->bytes_in), "bytes_out",
        I(bridge->bytes_out), "malformed", I(bridge->malformed), "late_answers",
        I(bridge->late_answers));
#undef I
}

json_t *wi_api_warnings_json(const struct wi_api *api)
{
    json_t *warnings = json_array();
    wi_pool_add_warnings(api->deps.pool, warnings);
    if (wi_access_tokens(api->access)->count == 0)
        json_array_append_new(warnings,
            json_string("the API asks for no tokens: every program on this machine may use it"));
    json_t *unstored = wi_durable_warning(api->endpoints->durable);
    if (unstored)
        json_array_append_new(warnings, unstored);
    wi_api_published_warnings(api, warnings);
    if (api->deps.cluster)
        wi_cluster_add_warnings(api->deps.cluster, warnings);
    return warnings;
}

/* What is under way for those whose jobs `asker` may see, oldest last, so that it can be looked at
 * and cancelled. */
static json_t *jobs_json(const struct wi_request *asker)
{
    const struct wi_api *api = asker->api;
    const char *scope = wi_request_scope(asker);
    json_t *jobs = json_array();
    for (const struct wi_request *request = api->requests; request; request = request->next) {
        int visible = *request->job && (!scope || strcmp(wi_request_client(request), scope) == 0);
        json_t *job = visible ? wi_jobs_describe(api->deps.jobs, request->job) : NULL;
        if (!job)
            continue;
        json_object_set_new(job, "request_id", json_string(request->id));
        if (request->alias)
            json_object_set_new(job, "client_id", json_string(request->alias));
        json_array_append_new(jobs, job);
        if (json_array_size(jobs) >= SHOWN)
            break;
    }
    return jobs;
}

/* The state of live sound. */
static json_t *sound_json(const struct wi_api *api)
{
    struct wi_hearings_counters c;
    wi_hearings_counters(api->endpoints->hearings, &c);
    return json_pack("{s:I, s:I, s:I}", "streams", (json_int_t)c.live, "waiting_ms",
        (json_int_t)c.waiting_ms, "lag_ms", (json_int_t)c.lag_ms);
}

/* Durable jobs: those in the database now, and the outcomes of others since the start. */
static json_t *stored_jobs_json(const struct wi_api *api)
{
    struct wi_durable_counters stored;

    wi_durable_counters(api->endpoints->durable, &stored);
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "queued", (json_int_t)stored.queued, "running",
        (json_int_t)stored.running, "done", (json_int_t)stored.done, "failed",
        (json_int_t)stored.failed, "cancelled", (json_int_t)stored.cancelled);
}

/* For an admin who puts models there: absolute, since its working directory is another. */
static json_t *models_directory_json(const struct wi_api *api)
{
    const char *directory = api->deps.config->models.directory;
    char here[PATH_MAX];
    if (*directory == '/' || !getcwd(here, sizeof here))
        return json_string(directory);
    return json_sprintf("%s/%s", here, directory);
}

/* NULL: it is in no cluster. */
static json_t *cluster_state_json(const struct wi_api *api)
{
    struct wi_cluster_view view;
    if (!api->deps.cluster)
        return NULL;
    wi_cluster_look(api->deps.cluster, &view);
    return json_string(wi_cluster_state_names[view.state]);
}

/* With what each kind can do, which is large: only here. */
static json_t *kinds_json(const struct wi_api *api)
{
    json_t *kinds = wi_pool_kinds_json(api->deps.pool), *kind;
    const char *name;
    json_object_foreach(kinds, name, kind)
    {
        const struct wi_node_info *page = wi_pool_kind_page(api->deps.pool, name);
        json_object_update_new(
            kind, wi_form_json("Kind", page ? wi_api_abilities_json(page) : NULL));
    }
    return kinds;
}

const char *wi_api_problem(const struct wi_api *api, int *ready, struct wi_error *error)
{
    int has_node = wi_pool_ready(api->deps.pool, error) == WI_OK;
    *ready = has_node && !api->closing;
    if (api->closing)
        return "shutting down";
    if (!has_node)
        return error->detail;
    return wi_admission_is_full(api->admission, &api->deps.config->api, &api->connections, error)
               ? error->detail
               : NULL;
}

void wi_handle_status(struct wi_request *request)
{
    struct wi_api *api = request->api;
    const struct wi_server_deps *deps = &api->deps;
    struct wi_job_counters jobs;
    struct wi_error error;
    size_t nodes_more, models_more, quarantined_more;
    int ready;
    wi_jobs_counters(deps->jobs, &jobs);
    const char *problem = wi_api_problem(api, &ready, &error);
    json_t *nodes = wi_pool_nodes_json(deps->pool, SHOWN, &nodes_more);
    json_t *models = wi_api_models_json(api, SHOWN, &models_more);
    json_t *quarantined = wi_api_quarantined_json(request, SHOWN, &quarantined_more);
    json_t *queue = json_pack("{s:I, s:I, s:I, s:o}", "waiting", (json_int_t)jobs.waiting,
        "running", (json_int_t)jobs.running, "limit", (json_int_t)deps->config->pool.max_queue,
        "jobs", jobs_json(request));
    json_t *memory = json_pack("{s:I, s:I}", "used", (json_int_t)deps->budget->used, "budget",
        (json_int_t)deps->budget->limit);
    wi_request_answer_json(request, 200,
        wi_form_json("Status", deps->version, (wi_now_ms() - api->started_ms) / 1000,
            api->started_at, ready, problem,
            json_pack(
                "{s:s, s:I}", "url", api->url, "connections", (json_int_t)api->connections.count),
            json_pack("{s:s}", "url", wi_bridge_url(deps->bridge)), queue, memory, sound_json(api),
            stored_jobs_json(api), wi_pool_sessions_json(deps->pool),
            deps->config->pool.max_connections, nodes, nodes_more, kinds_json(api),
            request->rank == WI_RANK_ADMIN ? models_directory_json(api) : NULL, models, models_more,
            wi_api_numerics_json(api), wi_api_cross_checks_json(api), quarantined, quarantined_more,
            cluster_state_json(api), counters_json(api, &jobs), wi_api_warnings_json(api)));
}

/* --- whether it lives, whether it is ready, and what there is --------------------------------- */

void wi_handle_healthz(struct wi_request *request)
{
    wi_request_answer_json(request, 200, wi_form_json("Alive", "ok"));
}

static enum wi_code check_ready(const struct wi_api *api, struct wi_error *error)
{
    if (api->closing)
        return wi_error_set(error, WI_SHUTTING_DOWN, NULL, "the server is shutting down");
    return wi_pool_ready(api->deps.pool, error);
}

void wi_handle_readyz(struct wi_request *request)
{
    struct wi_error error;
    struct wi_api *api = request->api;
    if (check_ready(api, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
    } else {
        /* requests that need no database are still served */
        json_t *unstored = wi_durable_warning(api->endpoints->durable);
        json_t *warnings = unstored ? json_pack("[o]", unstored) : NULL;
        wi_request_answer_json(request, 200, wi_form_json("Ready", "ready", warnings));
    }
}

void wi_handle_kserve_live(struct wi_request *request)
{
    wi_request_answer_json(request, 200, wi_form_json("KserveLive", 1));
}

void wi_handle_kserve_ready(struct wi_request *request)
{
    struct wi_error error;
    if (check_ready(request->api, &error) == WI_OK)
        wi_request_answer_json(request, 200, wi_form_json("KserveReady", 1));
    else
        wi_request_answer_error(request, &error);
}

void wi_handle_root(struct wi_request *request)
{
    struct wi_buffer out = {0};
    const struct wi_route *routes = request->api->routes;
    wi_buffer_puts(&out, "{\"name\":\"webinfer\",\"version\":");
    wi_buffer_json_string(&out, request->api->deps.version);
    wi_buffer_puts(&out, ",\"endpoints\":[");
    for (const struct wi_route *route = routes; route->method; route++)
        wi_buffer_printf(&out,
            "%s\n  {\"method\":\"%s\",\"path\":\"%s\",\"rank\":\"%s\",\"for\":\"%s\"}",
            route == routes ? "" : ",", route->method, route->pattern, wi_rank_names[route->rank],
            route->summary);
    wi_buffer_puts(&out, "\n]}\n");
    wi_request_answer_text(request, 200, "application/json", &out);
    wi_request_add_header(request, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
}
