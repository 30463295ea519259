/* The life of what endpoints keep between requests; see endpoints.h. */
#include "api/endpoints/endpoints.h"

#include "api/endpoints/cluster/cluster_endpoint.h"
#include "api/endpoints/infer.h"
#include "api/endpoints/watch/history_page.h"
#include "api/http/endpoints.h"
#include "base/memory.h"
#include "owners/quantizer/quantizer.h"
#include "settings/store/rows_store.h"
#include <assert.h>
#include <stdlib.h>

static int run_is_heard(void *context, const char *client, const struct wi_inference *asked)
{
    const struct wi_api *api = context;
    return wi_captures_may_note(asked) ||
           wi_channels_are_heard(wi_api_channels_of(api->endpoints->channels), client);
}

static void on_run_ended(void *context, const struct wi_run_ending *ending)
{
    struct wi_api *api = context;
    wi_captures_note(&api->endpoints->captures, ending);
    wi_channels_tell(wi_api_channels_of(api->endpoints->channels), ending);
}

static struct wi_run_deps runs_of(struct wi_api *api)
{
    const struct wi_server_deps *deps = &api->deps;
    return (struct wi_run_deps){.loop = deps->loop,
        .config = deps->config,
        .jobs = deps->jobs,
        .pool = deps->pool,
        .repository = deps->repository,
        .pulls = deps->pulls,
        .budget = deps->budget,
        .heavy = api->heavy,
        .on_outcome = wi_infer_count,
        .on_failure = wi_infer_count_failure,
        .is_heard = run_is_heard,
        .on_ended = on_run_ended,
        .on_stored = wi_infer_count_stored,
        .on_rest = wi_infer_rest,
        .context = api};
}

/* In a cluster its members share them; else they are in the database. */
static enum wi_code open_stored_jobs(struct wi_endpoints *endpoints, struct wi_cluster *cluster,
    struct wi_db *db, struct wi_error *error)
{
    struct wi_durable_deps deps = {.runs = endpoints->runs};
    struct wi_record_sweep found = {0};
    enum wi_code code = WI_OK;
    if (cluster) {
        wi_cluster_jobs(cluster, &deps.store); /* what there is comes with the connection */
        deps.may_run_elsewhere = wi_cluster_may_run_elsewhere;
        deps.context = cluster;
    } else if (db) {
        code = wi_rows_open(db, WI_DURABLE_CRASHES_MAX, &deps.store, &found, error);
    }
    if (code != WI_OK || !deps.store.context)
        return code;
    endpoints->durable = wi_durable_new(&deps, &found);
    wi_record_sweep_clear(&found);
    return WI_OK;
}

static enum wi_code listen_to_subscribers(
    struct wi_endpoints *endpoints, const struct wi_api *api, struct wi_error *error)
{
    const struct wi_channel_listener_deps deps = {.loop = api->deps.loop,
        .lws = api->deps.lws,
        .budget = api->deps.budget,
        .channels = wi_api_channels_of(endpoints->channels),
        .config = api->deps.config,
        .rules = api->access,
        .beat_ms = api->deps.times.beat};
    if (!deps.lws || !deps.config->channels.listen)
        return WI_OK;
    endpoints->channel_listener = wi_channel_listener_new(&deps, error);
    return endpoints->channel_listener ? WI_OK : error->code;
}

enum wi_code wi_endpoints_new(struct wi_api *api, struct wi_error *error)
{
    struct wi_endpoints *endpoints = wi_alloc(sizeof *endpoints);
    endpoints->runs = runs_of(api);
    if (api->deps.quantizer) {
        endpoints->maker = wi_demand_maker(api->deps.quantizer);
        endpoints->runs.maker = &endpoints->maker;
    }
    endpoints->streams = wi_api_streams_new(api);
    endpoints->hearings = wi_hearings_new(api);
    endpoints->lists = wi_api_lists_new(api);
    endpoints->watchers = wi_api_watchers_new(api);
    endpoints->channels = wi_api_channels_new(api);
    endpoints->text_load = wi_text_load_new();
    endpoints->openapi = wi_openapi_document_new(api);
    endpoints->steps = wi_history_timer_new(api);
    api->endpoints = endpoints; /* jobs that are found to be late or poisonous end at once */
    if (open_stored_jobs(endpoints, api->deps.cluster, api->deps.db, error) != WI_OK ||
        listen_to_subscribers(endpoints, api, error) != WI_OK) {
        wi_endpoints_free(endpoints);
        api->endpoints = NULL;
        return error->code;
    }
    wi_api_cluster_join(api);
    return WI_OK;
}

void wi_endpoints_check(const struct wi_config *config, struct wi_problems *problems)
{
    wi_channel_listener_check(config, problems);
}

enum wi_code wi_endpoints_check_reload(const struct wi_endpoints *endpoints,
    const struct wi_config *config, const struct wi_access_rules *rules, struct wi_error *error)
{
    return wi_channel_listener_check_reload(endpoints->channel_listener, config, rules, error);
}

void wi_endpoints_reload(struct wi_endpoints *endpoints, const struct wi_config *config,
    const struct wi_access_rules *rules)
{
    endpoints->runs.config = config;
    wi_durable_reload(endpoints->durable, config);
    wi_api_lists_renew(endpoints->lists);
    wi_api_watchers_end(endpoints->watchers); /* they come again, with the tokens that hold now */
    wi_api_channels_end(endpoints->channels); /* these too */
    wi_channel_listener_reload(endpoints->channel_listener, config, rules);
}

void wi_endpoints_quiesce(struct wi_endpoints *endpoints)
{
    endpoints->runs.pulls = NULL;
    endpoints->runs.maker = NULL;
    wi_api_cluster_leave(endpoints->runs.context);
    wi_durable_quiesce(endpoints->durable);
    wi_api_streams_quiesce(endpoints->streams);
    wi_hearings_quiesce(endpoints->hearings);
    wi_api_watchers_look(endpoints->watchers);
    wi_channel_listener_quiesce(endpoints->channel_listener);
}

void wi_endpoints_finish(struct wi_endpoints *endpoints)
{
    wi_api_streams_finish(endpoints->streams);
    wi_hearings_finish(endpoints->hearings);
    wi_progress_answers_finish(endpoints);
    wi_api_senders_finish(endpoints);
    wi_api_watchers_end(endpoints->watchers);
    wi_api_channels_end(endpoints->channels);
    wi_channel_listener_finish(endpoints->channel_listener);
}

int wi_endpoints_are_busy(const struct wi_endpoints *endpoints)
{
    return wi_channel_listener_is_busy(endpoints->channel_listener);
}

void wi_endpoints_free(struct wi_endpoints *endpoints)
{
    if (!endpoints)
        return;
    wi_durable_free(endpoints->durable);
    wi_api_streams_free(endpoints->streams);
    wi_hearings_free(endpoints->hearings);
    assert(!endpoints->progress_answers);
    assert(!endpoints->senders);
    wi_api_backup_forsake(endpoints->backup);
    wi_api_lists_free(endpoints->lists);
    wi_api_watchers_free(endpoints->watchers);
    wi_channel_listener_free(endpoints->channel_listener);
    wi_api_channels_free(endpoints->channels);
    wi_text_load_free(endpoints->text_load);
    wi_openapi_document_free(endpoints->openapi);
    wi_timer_free(endpoints->steps);
    wi_captures_clear(&endpoints->captures);
    free(endpoints);
}
