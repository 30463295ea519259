/* The names of models; see model_names.h. */
#include "api/model_names.h"

#include <string.h>

struct walk {
    const struct wi_api *api;
    json_t *aliased; /* {NAME: [what else it is called]} */
    wi_api_name_fn *each;
    void *context;
};

/* A variant that an alias names is the model's that is listed. */
static json_t *find_aliased(const struct wi_aliases *aliases)
{
    json_t *out = json_object();
    for (size_t i = 0; i < aliases->count; i++) {
        const struct wi_alias *alias = &aliases->items[i];
        size_t length = strcspn(alias->model, ":");
        json_t *names = json_object_getn(out, alias->model, length);
        if (!names && (names = json_array()))
            json_object_setn_new(out, alias->model, length, names);
        json_array_append_new(names, json_string(alias->name));
    }
    return out;
}

static void name_model(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    const struct walk *walk = context;
    const char *name = row ? row->name : model->name;
    const json_t *alias;
    size_t i;
    if (problem)
        return;
    if (!wi_aliases_find(wi_repository_aliases(walk->api->deps.repository), name))
        walk->each(walk->context, name, row, model);
    json_array_foreach(json_object_get(walk->aliased, name), i, alias)
        walk->each(walk->context, json_string_value(alias), row, model);
}

void wi_api_each_name(const struct wi_api *api, wi_api_name_fn *each, void *context)
{
    struct wi_repository *repository = api->deps.repository;
    struct walk walk = {api, find_aliased(wi_repository_aliases(repository)), each, context};
    wi_repository_each(repository, name_model, &walk);
    json_decref(walk.aliased);
}

int64_t wi_api_changed_at(const struct wi_api *api, const struct wi_model *model)
{
    int64_t latest = 0;
    for (size_t i = 0; model && i < model->manifest.count; i++)
        if (model->manifest.files[i].identity.modified.tv_sec > latest)
            latest = model->manifest.files[i].identity.modified.tv_sec;
    return latest > 0 ? latest : api->started_at / 1000;
}
