/* The parts of the model store: the order in which they are made, take a configuration, and end. */
#include "models/models.h"

#include "base/memory.h"
#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/pulls.h"
#include "models/arrive/source/neighbours.h"
#include "models/arrive/source/sources.h"
#include "models/catalog/library/repository.h"
#include "models/catalog/library/uploads.h"
#include "models/share/blockstore/blockstore.h"
#include "models/share/copies/copies.h"
#include "models/share/copies/pulled.h"
#include <stdlib.h>

/* A wi_models with what no other room needs. */
struct store {
    struct wi_models parts; /* first */
    struct wi_models_deps deps;
    struct wi_config *config;
    struct wi_hash_cache *hashes;
    struct wi_copies *copies;
    struct wi_pulled *pulled;
};

static struct store *store_of(struct wi_models *models)
{
    return (struct store *)models;
}

static void store_take_config(struct store *store, struct wi_config *config)
{
    const struct wi_gguf_limits limits = {.memory = config->pool.model_budget,
        .context = (uint64_t)config->models.context,
        .slots = (uint64_t)config->models.slots};
    store->config = config;
    wi_repository_set_limits(store->parts.repository, &limits);
    wi_repository_set_aliases(store->parts.repository, &config->aliases);
    wi_versions_work_set(
        store->parts.versions, config->models.quota, (unsigned)config->models.keep_versions);
}

static void store_make_catalog(struct store *store, struct wi_config *config)
{
    const struct wi_models_deps *deps = &store->deps;
    store->hashes = wi_hash_cache_new(deps->db);
    store->parts.repository =
        wi_repository_new(deps->loop, config->models.directory, store->hashes);
    wi_repository_tell(store->parts.repository, deps->listener);
    wi_repository_keep_runs(store->parts.repository, deps->db);
    store->parts.versions = wi_versions_work_new(deps->loop, store->parts.repository);
    store->parts.uploads =
        wi_uploads_new(deps->loop, store->parts.repository, store->parts.versions);
    store_take_config(store, config);
}

static void store_make_pulls(struct store *store)
{
    const struct wi_models_deps *deps = &store->deps;
    store->parts.sources = wi_sources_new();
    store->parts.neighbours = wi_neighbours_new(deps->loop, deps->http, deps->id);
    store->parts.pulls = wi_pulls_new(deps, &store->parts, store->config);
}

struct wi_models *wi_models_new(const struct wi_models_deps *deps, struct wi_config *config)
{
    struct store *store = wi_alloc(sizeof *store);
    store->deps = *deps;
    store_make_catalog(store, config);
    store->parts.blocks = wi_blockstore_new(&store->deps, &store->parts);
    store_make_pulls(store);
    return &store->parts;
}

void wi_models_share(
    struct wi_models *models, void (*on_takes)(void *context, uint64_t bytes), void *context)
{
    struct store *store = store_of(models);
    store->copies = wi_copies_new(&store->deps, models, on_takes, context, store->config);
    store->pulled = wi_pulled_new(models, store->deps.id, store->config);
}

/* As far as others may have them. */
static void each_served(void *context, wi_served_fn *each, void *data)
{
    const struct store *store = context;
    const struct wi_pin *pin;
    if (store->config->content.serve == WI_SERVE_NO)
        return;
    for (size_t i = 0; (pin = wi_blockstore_at(store->parts.blocks, i)); i++)
        if (!pin->stale)
            each(data, pin->cid_text);
}

void wi_models_join(
    struct wi_models *models, struct wi_rows *rows, wi_member_find_fn *find, void *cluster)
{
    const struct wi_shared_content_deps deps = {.rows = rows,
        .find = find,
        .find_context = cluster,
        .served = each_served,
        .served_context = store_of(models)};
    if (rows)
        models->shared = wi_shared_content_new(&deps);
}

void wi_models_resume(struct wi_models *models)
{
    wi_versions_collect(models->versions, 0, NULL, NULL);
    wi_pulls_resume(models->pulls);
}

void wi_models_check(const struct wi_config *config, struct wi_problems *problems)
{
    struct wi_hub hub = {0};
    struct wi_error error;
    for (size_t i = 0; i < config->hub_count; i++)
        if (wi_hub_open(&hub, &config->hubs[i], &error) != WI_OK)
            wi_problems_add_error(problems, &error);
    wi_hub_clear(&hub);
}

void wi_models_reload(struct wi_models *models, struct wi_config *config)
{
    struct store *store = store_of(models);
    store_take_config(store, config);
    wi_repository_reset(models->repository, config->models.directory);
    wi_blockstore_reset(models->blocks);
    wi_pulls_reload(models->pulls, config);
    wi_copies_reload(store->copies, config);
    wi_pulled_reload(store->pulled, config);
}

void wi_models_close(struct wi_models *models)
{
    if (!models)
        return;
    wi_copies_free(store_of(models)->copies);
    wi_pulled_free(store_of(models)->pulled);
    wi_pulls_free(models->pulls);
    wi_shared_content_free(models->shared);
    wi_blockstore_free(models->blocks);
    wi_neighbours_free(models->neighbours);
    wi_sources_free(models->sources);
    wi_uploads_free(models->uploads);
    wi_versions_work_free(models->versions);
    wi_repository_free(models->repository);
}

void wi_models_free(struct wi_models *models)
{
    if (!models)
        return;
    wi_hash_cache_free(store_of(models)->hashes);
    free(store_of(models));
}
