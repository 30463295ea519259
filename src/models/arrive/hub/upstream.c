/*
 * The source of a pull's files: a hub; all sources that have a CID, including other members of the
 * cluster and those that a router names; or a neighbour, which tells the CID of its model.
 * Neighbours that may have files of a hub are asked before the hub. Each kind of source lists the
 * files and has them fetched. Models of a hub are listed and fetched as files (hub_list.h,
 * fetch.h), after neighbours have brought what they have of them (near.h); models with a CID are
 * fetched block by block (content_pull.h).
 */
#include "models/arrive/hub/pull_private.h"
#include <stdlib.h>

/* Those of the configuration that the pull was begun with. */
static void set_sources(const struct wi_pull *pull)
{
    wi_gateways_set(&pull->plan->gateways, pull->models->sources, pull->models->neighbours);
}

/* Where the leaves of what comes are kept, as it may be given to others; NULL: nowhere. */
static const char *store_of(const struct wi_pull *pull)
{
    const struct wi_config *config = pull->order->config;
    return config->content.serve != WI_SERVE_NO || wi_gateways_has(config, 1)
               ? config->models.directory
               : NULL;
}

/* How blocks are fetched, whatever they are. */
static struct wi_content_order order_of(const struct wi_pull *pull)
{
    const struct wi_config *config = pull->order->config;
    return (struct wi_content_order){.loop = pull->deps->loop,
        .http = pull->deps->http,
        .limit = pull->limit,
        .blocks = pull->models->blocks,
        .store = store_of(pull),
        .library = config->models.directory,
        .stall_ms = (uint64_t)config->content.stall,
        .folder = pull->folder};
}

/* --- a hub ------------------------------------------------------------------------------------ */

static void list_hub(struct wi_pull *pull)
{
    struct wi_pull_plan *plan = pull->plan;
    pull->upstream.list = wi_hub_list_start(pull->deps->loop, pull->deps->http, &plan->hub,
        &plan->order.parsed, pull->events->on_tree, pull);
}

/* Of a hub that is asked behind neighbours what they have brought counts, too. */
static struct wi_fetch_progress behind_near(
    struct wi_pull *pull, const struct wi_fetch_progress *progress)
{
    struct wi_fetch_progress all = *progress;
    struct wi_brought *brought = &pull->upstream.brought;
    all.fetched += pull->upstream.near_fetched;
    if (brought->count > 0) {
        wi_brought_take(brought, pull->plan->hub.name, progress->fetched, 0);
        all.sources = brought->sources;
        all.source_count = brought->count;
    }
    return all;
}

static void on_hub_progress(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_pull *pull = context;
    struct wi_fetch_progress all = behind_near(pull, progress);
    pull->events->on_progress(pull, &all);
}

static void on_hub_end(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    struct wi_fetch_progress all = behind_near(pull, progress);
    pull->upstream.fetch = NULL;
    pull->events->on_fetched(pull, &all, error);
}

/* What it went on with may have come from neighbours. */
static int on_wrong_file(void *context, size_t file)
{
    const struct wi_pull *pull = context;
    return pull->upstream.near && wi_near_was_wrong(pull->upstream.near, file);
}

static void fetch_from_hub(struct wi_pull *pull)
{
    const struct wi_fetch_order order = {.hub = &pull->plan->hub,
        .repository = pull->order->parsed.repository,
        .files = pull->files,
        .folder = pull->folder,
        .limit = pull->limit,
        .store = store_of(pull),
        .on_wrong = on_wrong_file};
    pull->upstream.fetch = wi_fetch_start(
        pull->deps->loop, pull->deps->http, &order, on_hub_progress, on_hub_end, pull);
}

static void on_near_end(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_pull *pull = context;
    pull->upstream.near_fetched = progress->fetched;
    for (size_t i = 0; i < progress->source_count; i++)
        wi_brought_take(
            &pull->upstream.brought, progress->sources[i].name, progress->sources[i].bytes, 1);
    fetch_from_hub(pull);
}

/* Neighbours first, once, where there are some. */
static void fetch_of_hub(struct wi_pull *pull)
{
    const struct wi_near_order order = {.content = order_of(pull),
        .neighbours = pull->models->neighbours,
        .files = pull->files,
        .hub = pull->order->config->content.hub_shares ? &pull->plan->hub : NULL,
        .repository = pull->order->parsed.repository};
    pull->upstream.near_fetched = 0;
    if (pull->upstream.near || pull->plan->gateways.count == 0) {
        fetch_from_hub(pull);
        return;
    }
    set_sources(pull);
    pull->upstream.near = wi_near_start(&order, pull->events->on_progress, on_near_end, pull);
}

/* --- content ---------------------------------------------------------------------------------- */

static void members_release(struct wi_upstream *upstream)
{
    while (upstream->member_count > 0)
        wi_block_source_release(upstream->members[--upstream->member_count]);
}

static void on_server(void *context, const struct wi_content_server *server)
{
    struct wi_pull *pull = context;
    struct wi_upstream *upstream = &pull->upstream;
    upstream->members[upstream->member_count++] =
        wi_sources_member(pull->models->sources, server->name, server->url, server->key);
}

/* Those that live and serve it now. */
static void members_find(struct wi_pull *pull, const struct wi_cid *cid)
{
    members_release(&pull->upstream);
    if (pull->models->shared)
        wi_shared_content_each(pull->models->shared, cid, on_server, pull);
}

static void start_content(struct wi_pull *pull, const struct wi_hub_reference *reference)
{
    struct wi_content_order order = order_of(pull);
    wi_content_pull_free(pull->upstream.content);
    members_find(pull, &reference->root);
    order.sources = pull->models->sources;
    order.members = pull->models->shared ? pull->upstream.members : NULL;
    order.member_count = pull->upstream.member_count;
    order.router = pull->upstream.router;
    order.reference = reference;
    order.bytes_max = pull->plan->bytes_max;
    pull->upstream.content = wi_content_pull_new(&order);
    wi_content_pull_list(
        pull->upstream.content, pull->events->on_waiting, pull->events->on_tree, pull);
}

static void on_router_known(void *context)
{
    struct wi_pull *pull = context;
    start_content(pull, &pull->order->parsed);
}

/* The router once, also where the list is tried again. */
static void list_content(struct wi_pull *pull)
{
    const struct wi_pull_order *order = pull->order;
    const char *routing = order->config->content.routing;
    set_sources(pull);
    if (pull->upstream.router || !routing) {
        start_content(pull, &order->parsed);
        return;
    }
    uint64_t wait_ms = pull->plan->gateways.count > 0 ? WI_ROUTER_WAIT_MS : WI_ROUTER_ALONE_MS;
    pull->upstream.router = wi_router_ask(pull->deps->loop, pull->deps->http, pull->models->sources,
        routing, &order->parsed.root, wait_ms, on_router_known, pull);
}

/* --- a neighbour's model, by its name there --------------------------------------------------- */

static void on_neighbours_known(void *context)
{
    struct wi_pull *pull = context;
    const struct wi_pull_order *order = pull->order;
    struct wi_hub_reference *named = &pull->upstream.named;
    struct wi_cid cid;
    struct wi_error error;
    pull->upstream.wait = NULL;
    set_sources(pull); /* it is known now who is ourselves */
    if (wi_neighbours_model(pull->models->neighbours, order->hub->name, order->parsed.repository,
            order->parsed.variant, &cid, &error) != WI_OK) {
        pull->events->on_tree(pull, NULL, &error);
        return;
    }
    wi_content_pull_free(WI_TAKE(pull->upstream.content));
    wi_hub_reference_clear(named);
    wi_hub_reference_of_cid(&cid, named);
    start_content(pull, named);
}

static void list_neighbour(struct wi_pull *pull)
{
    set_sources(pull);
    pull->upstream.wait = wi_neighbours_ask(
        pull->models->neighbours, 0, WI_NEIGHBOURS_NAMED_MS, on_neighbours_known, pull);
}

/* --- from outside ----------------------------------------------------------------------------- */

void wi_upstream_stop(struct wi_pull *pull)
{
    struct wi_upstream *upstream = &pull->upstream;
    wi_hub_list_cancel(upstream->list);
    wi_fetch_cancel(upstream->fetch);
    wi_neighbours_cancel(upstream->wait);
    wi_content_pull_free(upstream->content);
    wi_hub_reference_clear(&upstream->named);
    wi_router_free(upstream->router);
    members_release(upstream);
    wi_near_free(upstream->near);
    wi_brought_clear(&upstream->brought);
    *upstream = (struct wi_upstream){0};
}

void wi_upstream_list(struct wi_pull *pull)
{
    if (!wi_pull_order_by_content(pull->order))
        list_hub(pull);
    else if (pull->order->hub)
        list_neighbour(pull);
    else
        list_content(pull);
}

int wi_upstream_awaits_members(const struct wi_pull *pull)
{
    const struct wi_pull_order *order = pull->order;
    const struct wi_shared_content *shared = pull->models->shared;
    return shared && !order->hub && wi_shared_content_may_come(shared, &order->parsed.root);
}

static void on_measured(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    struct wi_pull *pull = context;
    pull->upstream.fetch = NULL;
    pull->events->on_measured(pull, error);
}

int wi_upstream_measure(struct wi_pull *pull)
{
    int unknown = 0;
    for (size_t i = 0; i < pull->files->count; i++)
        unknown |= pull->files->files[i].bytes == WI_HUB_BYTES_UNKNOWN;
    if (!unknown)
        return -1;
    const struct wi_fetch_order order = {.hub = &pull->plan->hub,
        .repository = pull->order->parsed.repository,
        .files = pull->files,
        .measured = pull->files};
    pull->upstream.fetch = wi_fetch_start(
        pull->deps->loop, pull->deps->http, &order, pull->events->on_waiting, on_measured, pull);
    return 0;
}

/* What they have goes first where room is made, which is not for copies. */
int wi_upstream_ask_around(struct wi_pull *pull)
{
    const struct wi_pull_order *order = pull->order;
    struct wi_neighbours *neighbours = pull->models->neighbours;
    if (order->copy || order->config->models.quota == 0 || pull->plan->gateways.count == 0 ||
        !neighbours)
        return -1;
    set_sources(pull);
    pull->upstream.wait = wi_neighbours_ask(
        neighbours, WI_NEIGHBOURS_FRESH_MS, WI_NEIGHBOURS_WAIT_MS, pull->events->on_around, pull);
    return 0;
}

void wi_upstream_fetch(struct wi_pull *pull)
{
    if (wi_pull_order_by_content(pull->order))
        wi_content_pull_fetch(pull->upstream.content, pull->files, pull->events->on_progress,
            pull->events->on_fetched, pull);
    else
        fetch_of_hub(pull);
}
