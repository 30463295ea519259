/*
 * DELETE /v1/models/NAME and POST /v1/models/gc: removal from the store. The nodes that hold the
 * model are told to unload it. A model that requests run on, or that is being sent as a CAR or
 * block by block, stays, unless ?force=true says otherwise: then those requests end with what they
 * have.
 */
#include "api/endpoints/models/model_remove.h"

#include "api/endpoints/models/model_use.h"
#include "api/endpoints/models/published.h"
#include "base/memory.h"
#include "models/models.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>
#include <string.h>

/* --- the answer ------------------------------------------------------------------------------- */

struct removal {
    struct wi_request *request;
    struct wi_versions_task *task;
    json_t *unpublished; /* CIDs */
};

static void free_removal(void *work)
{
    struct removal *removal = work;
    wi_versions_cancel(removal->task);
    json_decref(removal->unpublished);
    free(removal);
}

/* Says also that a model which could not be removed is no longer published. */
static void removal_refuse(struct removal *removal, const struct wi_error *failure)
{
    struct wi_error error = *failure;
    if (json_array_size(removal->unpublished) > 0)
        wi_error_set(&error, failure->code, failure->field, "%.400s; it is no longer published",
            failure->detail);
    wi_request_answer_error(removal->request, &error);
}

static json_t *removed_json(const struct removal *removal, uint64_t freed)
{
    int is_some = json_array_size(removal->unpublished) > 0;
    return wi_form_json("Removed", removal->request->argument, "removed", freed,
        is_some ? json_incref(removal->unpublished) : NULL);
}

static void on_removed(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    struct removal *removal = context;
    removal->task = NULL;
    if (error)
        removal_refuse(removal, error);
    else
        wi_request_answer_json(removal->request, 200, removed_json(removal, result->bytes));
    free_removal(removal);
}

static void collection_cancel(void *task)
{
    wi_versions_cancel(task);
}

static void on_collected(
    void *context, const struct wi_versions_result *result, const struct wi_error *error)
{
    (void)error; /* there is none */
    wi_request_answer_json(context, 200, wi_form_json("Collected", result->bytes));
}

/* --- whether it may go ------------------------------------------------------------------------ */

static enum wi_code read_force(const struct wi_request *request, int *force, struct wi_error *error)
{
    const char *text = MHD_lookup_connection_value(request->mhd, MHD_GET_ARGUMENT_KIND, "force");
    *force = text && strcmp(text, "true") == 0;
    if (!text || *force || strcmp(text, "false") == 0)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "force", "\"%.60s\" is neither true nor false", text);
    return wi_error_allow(error, "true, false");
}

static enum wi_code check_name(const struct wi_api *api, const char *name, struct wi_error *error)
{
    const struct wi_alias *alias =
        wi_aliases_find(wi_repository_aliases(api->deps.repository), name);
    if (wi_model_check_name(name, error) != WI_OK)
        return WI_INVALID_FIELD;
    if (wi_model_name_variant(name))
        return wi_error_set(error, WI_INVALID_FIELD, "model_name",
            "a model is removed with all its variants: name %.*s", (int)wi_model_name_base(name),
            name);
    if (strncmp(name, "builtin/", 8) == 0)
        return wi_error_set(error, WI_CONFLICT, "model_name", "%.160s is part of the daemon", name);
    if (alias)
        return wi_error_set(error, WI_CONFLICT, "model_name",
            "%.160s is only an alias in the configuration, for %.160s: name that model", name,
            alias->model);
    return WI_OK;
}

/* A model that nodes hold but no request uses is unloaded first. */
static enum wi_code check_use(const struct wi_api *api, const char *name, struct wi_error *error)
{
    int requests = wi_repository_uses(api->deps.repository, name);
    int read = api->deps.blocks && wi_blockstore_is_read(api->deps.blocks, name);
    if (!requests && !read)
        return WI_OK;
    return wi_error_set(error, WI_CONFLICT, "model_name",
        "%.160s is in use: %s; wait until this ends, or force the removal (?force=true, webinfer "
        "rm --force)",
        name, requests ? "requests are running on it" : "its published files are being sent");
}

static void unload_everywhere(const struct wi_api *api, const char *name)
{
    struct wi_strings ids = {0}, names = {0};
    wi_api_find_nodes(api->deps.bridge, name, &ids, &names);
    for (size_t i = 0; i < ids.count; i++)
        wi_bridge_unload(api->deps.bridge, ids.items[i], names.items[i]);
    wi_strings_clear(&ids);
    wi_strings_clear(&names);
}

/* A published model is pinned, and would stay: so it is unpublished first. */
static void remove_model(struct wi_request *request, int force)
{
    const struct wi_api *api = request->api;
    struct removal *removal = wi_alloc(sizeof *removal);
    struct wi_error error;
    removal->request = request;
    removal->unpublished = json_array();
    if ((!force && check_use(api, request->argument, &error) != WI_OK) ||
        wi_api_unpublish_all(api, request->argument, removal->unpublished, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        free_removal(removal);
        return;
    }
    unload_everywhere(api, request->argument);
    removal->task =
        wi_versions_take_away(api->deps.versions, request->argument, on_removed, removal);
    wi_request_wait(request, free_removal, removal);
}

void wi_api_remove_model(struct wi_request *request, int force)
{
    struct wi_error error;
    if (check_name(request->api, request->argument, &error) == WI_OK)
        remove_model(request, force);
    else
        wi_request_answer_error(request, &error);
}

void wi_handle_model_remove(struct wi_request *request)
{
    struct wi_error error;
    int force;
    if (read_force(request, &force, &error) == WI_OK)
        wi_api_remove_model(request, force);
    else
        wi_request_answer_error(request, &error);
}

void wi_handle_models_gc(struct wi_request *request)
{
    wi_request_wait(request, collection_cancel,
        wi_versions_collect(request->api->deps.versions, 1, on_collected, request));
}
