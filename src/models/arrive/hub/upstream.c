/*
 * See upstream.h. Models of a hub are listed and fetched as files (hub_list.h, fetch.h), after
 * neighbours have brought what they have of them (near.h); models with a CID are fetched block by
 * block (content_pull.h).
 */
#include "models/arrive/hub/upstream.h"

#include "models/arrive/hub/brought.h"
#include "models/arrive/hub/content_pull.h"
#include "models/arrive/hub/near.h"
#include <stdlib.h>

typedef void step_fn(struct wi_upstream *upstream);

/* Who says what there is, and has it brought. */
struct authority {
    step_fn *list;
    step_fn *fetch;
};

struct wi_upstream {
    const struct wi_pulls_deps *deps;
    struct wi_pull_plan *plan;
    const struct wi_upstream_callbacks *back;
    const struct authority *authority;
    const char *folder;
    /* What is under way. */
    struct wi_hub_list *list;
    struct wi_fetch *fetch;
    uint64_t *lengths; /* while they are measured */
    struct wi_neighbours_wait *wait;
    /* For as long as it lasts. */
    struct wi_content_pull *content; /* of a CID */
    struct wi_router *router;        /* NULL: there is none, or it was not asked yet */
    struct wi_near *near;            /* of a hub's files; NULL: no neighbours */
    struct wi_brought brought;       /* by neighbours, and then by the hub; empty: by it alone */
    uint64_t near_fetched;           /* in the fetch that is under way */
};

/* Those of the configuration that the pull was begun with. */
static void set_sources(const struct wi_upstream *upstream)
{
    wi_gateways_set(&upstream->plan->gateways, upstream->deps->sources, upstream->deps->neighbours);
}

/* Where the leaves of what comes are kept, as it may be given to others; NULL: nowhere. */
static const char *store_of(const struct wi_upstream *upstream)
{
    const struct wi_config *config = upstream->plan->order.config;
    return config->content.serve != WI_SERVE_NO || wi_gateways_has(config, 1)
               ? config->models.directory
               : NULL;
}

/* --- a hub ------------------------------------------------------------------------------------ */

static void on_listed(void *context, const struct wi_hub_tree *tree, const struct wi_error *error)
{
    struct wi_upstream *upstream = context;
    upstream->list = NULL;
    upstream->back->on_tree(upstream->back->context, tree, error);
}

static void list_hub(struct wi_upstream *upstream)
{
    struct wi_pull_plan *plan = upstream->plan;
    upstream->list = wi_hub_list_start(upstream->deps->loop, upstream->deps->http, &plan->hub,
        &plan->order.parsed, on_listed, upstream);
}

/* Of a hub that is asked behind neighbours what they have brought counts, too. */
static struct wi_fetch_progress behind_near(
    struct wi_upstream *upstream, const struct wi_fetch_progress *progress)
{
    struct wi_fetch_progress all = *progress;
    struct wi_brought *brought = &upstream->brought;
    all.fetched += upstream->near_fetched;
    if (brought->count > 0) {
        wi_brought_take(brought, upstream->plan->hub.name, progress->fetched, 0);
        all.sources = brought->sources;
        all.source_count = brought->count;
    }
    return all;
}

static void on_hub_progress(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_upstream *upstream = context;
    struct wi_fetch_progress all = behind_near(upstream, progress);
    upstream->back->on_progress(upstream->back->context, &all);
}

static void on_hub_end(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    struct wi_upstream *upstream = context;
    struct wi_fetch_progress all = behind_near(upstream, progress);
    upstream->fetch = NULL;
    upstream->back->on_fetched(upstream->back->context, &all, error);
}

/* What it went on with may have come from neighbours. */
static int on_wrong_file(void *context, size_t file)
{
    const struct wi_upstream *upstream = context;
    return upstream->near && wi_near_was_wrong(upstream->near, file);
}

static void fetch_from_hub(struct wi_upstream *upstream)
{
    const struct wi_fetch_order order = {.hub = &upstream->plan->hub,
        .repository = upstream->plan->order.parsed.repository,
        .files = &upstream->plan->chosen.files,
        .folder = upstream->folder,
        .limit = upstream->deps->limit,
        .store = store_of(upstream),
        .on_wrong = on_wrong_file};
    upstream->fetch = wi_fetch_start(
        upstream->deps->loop, upstream->deps->http, &order, on_hub_progress, on_hub_end, upstream);
}

static void on_near_progress(void *context, const struct wi_fetch_progress *progress)
{
    const struct wi_upstream *upstream = context;
    upstream->back->on_progress(upstream->back->context, progress);
}

static void on_near_end(void *context, const struct wi_fetch_progress *progress)
{
    struct wi_upstream *upstream = context;
    upstream->near_fetched = progress->fetched;
    for (size_t i = 0; i < progress->source_count; i++)
        wi_brought_take(
            &upstream->brought, progress->sources[i].name, progress->sources[i].bytes, 1);
    fetch_from_hub(upstream);
}

/* Neighbours first, once, where there are some. */
static void fetch_of_hub(struct wi_upstream *upstream)
{
    const struct wi_pulls_deps *deps = upstream->deps;
    struct wi_pull_plan *plan = upstream->plan;
    const struct wi_config *config = plan->order.config;
    const struct wi_near_order order = {.loop = deps->loop,
        .http = deps->http,
        .neighbours = deps->neighbours,
        .limit = deps->limit,
        .blocks = deps->blocks,
        .store = store_of(upstream),
        .library = config->models.directory,
        .stall_ms = (uint64_t)config->content.stall,
        .files = &plan->chosen.files,
        .hub = config->content.hub_shares ? &plan->hub : NULL,
        .repository = plan->order.parsed.repository,
        .folder = upstream->folder};
    upstream->near_fetched = 0;
    if (upstream->near || plan->gateways.count == 0) {
        fetch_from_hub(upstream);
        return;
    }
    set_sources(upstream);
    upstream->near = wi_near_start(&order, on_near_progress, on_near_end, upstream);
}

static const struct authority hub = {list_hub, fetch_of_hub};

/* --- content ---------------------------------------------------------------------------------- */

static void start_content(struct wi_upstream *upstream, const struct wi_hub_reference *reference)
{
    const struct wi_pulls_deps *deps = upstream->deps;
    const struct wi_config *config = upstream->plan->order.config;
    const struct wi_content_order order = {.loop = deps->loop,
        .http = deps->http,
        .sources = deps->sources,
        .router = upstream->router,
        .limit = deps->limit,
        .blocks = deps->blocks,
        .store = store_of(upstream),
        .library = config->models.directory,
        .stall_ms = (uint64_t)config->content.stall,
        .reference = reference,
        .folder = upstream->folder,
        .bytes_max = upstream->plan->bytes_max};
    const struct wi_upstream_callbacks *back = upstream->back;
    wi_content_pull_free(upstream->content);
    upstream->content = wi_content_pull_new(&order);
    wi_content_pull_list(upstream->content, back->on_waiting, back->on_tree, back->context);
}

static void on_router_known(void *context)
{
    struct wi_upstream *upstream = context;
    start_content(upstream, &upstream->plan->order.parsed);
}

/* The router once, also where the list is tried again. */
static void list_content(struct wi_upstream *upstream)
{
    const struct wi_pull_order *order = &upstream->plan->order;
    const char *routing = order->config->content.routing;
    set_sources(upstream);
    if (upstream->router || !routing) {
        start_content(upstream, &order->parsed);
        return;
    }
    uint64_t wait_ms = upstream->plan->gateways.count > 0 ? WI_ROUTER_WAIT_MS : WI_ROUTER_ALONE_MS;
    upstream->router = wi_router_ask(upstream->deps->loop, upstream->deps->http,
        upstream->deps->sources, routing, &order->parsed.root, wait_ms, on_router_known, upstream);
}

static void fetch_content(struct wi_upstream *upstream)
{
    const struct wi_upstream_callbacks *back = upstream->back;
    wi_content_pull_fetch(upstream->content, &upstream->plan->chosen.files, back->on_progress,
        back->on_fetched, back->context);
}

static const struct authority content = {list_content, fetch_content};

/* --- a neighbour's model, by its name there --------------------------------------------------- */

static void on_neighbours_known(void *context)
{
    struct wi_upstream *upstream = context;
    const struct wi_pull_order *order = &upstream->plan->order;
    struct wi_hub_reference reference;
    struct wi_cid cid;
    struct wi_error error;
    upstream->wait = NULL;
    set_sources(upstream); /* it is known now who is ourselves */
    if (wi_neighbours_model(upstream->deps->neighbours, order->hub->name, order->parsed.repository,
            order->parsed.variant, &cid, &error) != WI_OK) {
        upstream->back->on_tree(upstream->back->context, NULL, &error);
        return;
    }
    wi_hub_reference_of_cid(&cid, &reference);
    start_content(upstream, &reference);
    wi_hub_reference_clear(&reference);
}

static void list_neighbour(struct wi_upstream *upstream)
{
    set_sources(upstream);
    upstream->wait = wi_neighbours_ask(
        upstream->deps->neighbours, 0, WI_NEIGHBOURS_NAMED_MS, on_neighbours_known, upstream);
}

static const struct authority neighbour = {list_neighbour, fetch_content};

/* --- from outside ----------------------------------------------------------------------------- */

struct wi_upstream *wi_upstream_new(const struct wi_pulls_deps *deps, struct wi_pull_plan *plan,
    const struct wi_upstream_callbacks *back)
{
    struct wi_upstream *upstream = wi_alloc(sizeof *upstream);
    const struct authority *by_content = plan->order.hub ? &neighbour : &content;
    upstream->deps = deps;
    upstream->plan = plan;
    upstream->back = back;
    upstream->authority = wi_pull_order_by_content(&plan->order) ? by_content : &hub;
    return upstream;
}

void wi_upstream_free(struct wi_upstream *upstream)
{
    if (!upstream)
        return;
    wi_hub_list_cancel(upstream->list);
    wi_fetch_cancel(upstream->fetch);
    wi_neighbours_cancel(upstream->wait);
    wi_content_pull_free(upstream->content);
    wi_router_free(upstream->router);
    wi_near_free(upstream->near);
    wi_brought_clear(&upstream->brought);
    free(upstream->lengths);
    free(upstream);
}

void wi_upstream_list(struct wi_upstream *upstream, const char *folder)
{
    upstream->folder = folder;
    upstream->authority->list(upstream);
}

static void on_measuring(void *context, const struct wi_fetch_progress *progress)
{
    const struct wi_upstream *upstream = context;
    upstream->back->on_waiting(upstream->back->context, progress);
}

static void on_measured(
    void *context, const struct wi_fetch_progress *progress, const struct wi_error *error)
{
    struct wi_upstream *upstream = context;
    struct wi_hub_tree *files = &upstream->plan->chosen.files;
    (void)progress;
    upstream->fetch = NULL;
    for (size_t i = 0; !error && i < files->count; i++)
        if (files->files[i].bytes == WI_HUB_BYTES_UNKNOWN)
            wi_hub_tree_set_bytes(files, i, upstream->lengths[i]);
    upstream->back->on_measured(upstream->back->context, error);
}

int wi_upstream_measure(struct wi_upstream *upstream)
{
    const struct wi_hub_tree *files = &upstream->plan->chosen.files;
    int unknown = 0;
    upstream->lengths =
        wi_realloc_array(upstream->lengths, files->count + 1, sizeof *upstream->lengths);
    for (size_t i = 0; i < files->count; i++) {
        upstream->lengths[i] = files->files[i].bytes;
        unknown |= upstream->lengths[i] == WI_HUB_BYTES_UNKNOWN;
    }
    if (!unknown)
        return -1;
    const struct wi_fetch_order order = {.hub = &upstream->plan->hub,
        .repository = upstream->plan->order.parsed.repository,
        .files = files,
        .lengths = upstream->lengths};
    upstream->fetch = wi_fetch_start(
        upstream->deps->loop, upstream->deps->http, &order, on_measuring, on_measured, upstream);
    return 0;
}

static void on_around(void *context)
{
    struct wi_upstream *upstream = context;
    upstream->wait = NULL;
    upstream->back->on_around(upstream->back->context);
}

/* What they have goes first where room is made, which is not for copies. */
int wi_upstream_ask_around(struct wi_upstream *upstream)
{
    const struct wi_pull_order *order = &upstream->plan->order;
    struct wi_neighbours *neighbours = upstream->deps->neighbours;
    if (order->copy || order->config->models.quota == 0 || upstream->plan->gateways.count == 0 ||
        !neighbours)
        return -1;
    set_sources(upstream);
    upstream->wait = wi_neighbours_ask(
        neighbours, WI_NEIGHBOURS_FRESH_MS, WI_NEIGHBOURS_WAIT_MS, on_around, upstream);
    return 0;
}

void wi_upstream_fetch(struct wi_upstream *upstream)
{
    upstream->authority->fetch(upstream);
}

const char *wi_upstream_reason(const struct wi_upstream *upstream)
{
    return upstream->router ? wi_router_reason(upstream->router) : NULL;
}
