/* See pulled.h. One model is hashed at a time; of most the hashes are known since they came. */
#include "models/share/copies/pulled.h"

#include "base/log.h"
#include "base/memory.h"
#include "models/arrive/hub/hub.h"
#include "models/arrive/hub/pulls.h"
#include "models/share/blockstore/blockstore.h"
#include <stdlib.h>
#include <string.h>

struct wi_pulled {
    const struct wi_models *models;
    const char *id; /* this daemon's */
    const struct wi_config *config;
    struct wi_strings names; /* of models that are to be served, the oldest first */
    size_t next;
    struct wi_repository_lookup *lookup;
    struct wi_publishing *holding;
};

static int has_token(const struct wi_config_hub *hub)
{
    return hub->token_file && *hub->token_file;
}

/* It is not known from which of the sources a model came that was pulled by its CID. */
static int any_source_has_token(const struct wi_config *config)
{
    for (size_t i = 0; i < config->hub_count; i++)
        if (wi_hub_facts[config->hubs[i].layout].has_blocks && has_token(&config->hubs[i]))
            return 1;
    return 0;
}

/* Nor whether it came from a member of the cluster, which may give it to members and nodes alone:
 * these get it here, too, and no one else. */
static int members_may_mind(const struct wi_pulled *pulled)
{
    return pulled->models->shared && pulled->config->content.anyone;
}

static int may_be_served(const struct wi_pulled *pulled, const struct wi_pull_info *info)
{
    const struct wi_config *config = pulled->config;
    const struct wi_config_hub *hub = wi_config_find_hub(config, info->hub);
    if (config->content.serve != WI_SERVE_ALL || info->copy)
        return 0;
    if (strcmp(info->hub, WI_HUB_CONTENT) == 0 || (hub && wi_hub_facts[hub->layout].has_blocks))
        return !any_source_has_token(config) && !members_may_mind(pulled);
    return hub && !has_token(hub);
}

static void pulled_go_on(struct wi_pulled *pulled);

static void pulled_pass(struct wi_pulled *pulled)
{
    pulled->next++;
    pulled_go_on(pulled);
}

static void on_held(void *context, const struct wi_pin *pin, const struct wi_error *error)
{
    struct wi_pulled *pulled = context;
    pulled->holding = NULL;
    if (error)
        wi_info("content", pulled->names.items[pulled->next], "is not served: %s", error->detail);
    pulled_pass(pulled);
}

static void on_model(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct wi_pulled *pulled = context;
    const struct wi_pin *pin =
        error ? NULL : wi_blockstore_pin(pulled->models->blocks, model->name);
    pulled->lookup = NULL;
    if (error || (pin && pin->kind != WI_PIN_PULLED)) /* it is served as what it is */
        pulled_pass(pulled);
    else
        pulled->holding = wi_blockstore_hold(
            pulled->models->blocks, model, WI_PIN_PULLED, NULL, pulled->id, on_held, pulled);
}

static void pulled_go_on(struct wi_pulled *pulled)
{
    if (pulled->lookup || pulled->holding)
        return;
    if (pulled->next == pulled->names.count) {
        wi_strings_clear(&pulled->names);
        pulled->next = 0;
        return;
    }
    struct wi_repository_lookup *lookup = wi_repository_find(
        pulled->models->repository, pulled->names.items[pulled->next], on_model, pulled);
    if (lookup) /* else it has called back already */
        pulled->lookup = lookup;
}

static void on_done(void *context, const struct wi_pull_info *info)
{
    struct wi_pulled *pulled = context;
    if (!may_be_served(pulled, info))
        return;
    char *name = info->variant ? wi_model_name_with(info->name, info->variant) : NULL;
    wi_strings_add(&pulled->names, name ? name : info->name);
    free(name);
    pulled_go_on(pulled);
}

static void stop_serving(struct wi_pulled *pulled)
{
    const struct wi_pin *pin;
    struct wi_error error;
    for (size_t i = 0; (pin = wi_blockstore_at(pulled->models->blocks, i));) {
        if (pin->kind != WI_PIN_PULLED) {
            i++;
        } else if (wi_blockstore_let_go(pulled->models->blocks, pin->model, &error) != WI_OK) {
            wi_warn("content", pin->model, "%s", error.detail);
            i++;
        }
    }
}

static void pulled_end(struct wi_pulled *pulled)
{
    wi_repository_cancel(WI_TAKE(pulled->lookup));
    wi_blockstore_cancel(WI_TAKE(pulled->holding));
    wi_strings_clear(&pulled->names);
    pulled->next = 0;
}

struct wi_pulled *wi_pulled_new(
    const struct wi_models *models, const char *id, const struct wi_config *config)
{
    struct wi_pulled *pulled = wi_alloc(sizeof *pulled);
    pulled->models = models;
    pulled->id = id;
    wi_pulls_on_done(models->pulls, on_done, pulled);
    wi_pulled_reload(pulled, config);
    return pulled;
}

void wi_pulled_reload(struct wi_pulled *pulled, const struct wi_config *config)
{
    pulled->config = config;
    if (config->content.serve == WI_SERVE_ALL)
        return;
    pulled_end(pulled);
    stop_serving(pulled);
}

void wi_pulled_free(struct wi_pulled *pulled)
{
    if (!pulled)
        return;
    wi_pulls_on_done(pulled->models->pulls, NULL, NULL);
    pulled_end(pulled);
    free(pulled);
}
