/* GET /v1/models and /v1/models/NAME: what the store has, what each takes, where it is loaded. */
#include "api/nodes.h"

#include "api/numerics.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* --- where a model is loaded --------------------------------------------------------------- */

struct loaded_search {
    const struct wi_api *api;
    const char *name;
    json_t *found;
};

static void find_loaded(void *context, const struct wi_node_info *node)
{
    struct loaded_search *search = context;
    struct wi_node_state state;
    const json_t *entry;
    size_t i;
    if (wi_bridge_node_state(search->api->deps.bridge, node->id, &state) != 0)
        return;
    json_array_foreach(state.models, i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));
        if (!name || strcmp(name, search->name) != 0)
            continue;
        json_t *copy = json_copy((json_t *)entry);
        json_object_del(copy, "name");
        json_object_set_new(copy, "node", json_string(node->id));
        json_array_append_new(search->found, copy);
    }
}

static json_t *loaded_json(const struct wi_api *api, const char *name)
{
    struct loaded_search search = {api, name, json_array()};
    wi_bridge_each(api->deps.bridge, find_loaded, &search);
    return search.found;
}

/* --- what it takes and gives --------------------------------------------------------------- */

static json_t *values_json(const struct wi_onnx_value *values, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct wi_onnx_value *value = &values[i];
        json_t *shape = NULL;
        if (value->has_shape) {
            shape = json_array();
            for (unsigned d = 0; d < value->rank; d++)
                json_array_append_new(shape, json_integer(value->dims[d]));
        }
        json_array_append_new(list,
            json_pack("{s:s, s:s?, s:o?}", "name", value->name, "datatype",
                value->has_datatype ? wi_datatype_name(value->datatype) : NULL, "shape", shape));
    }
    return list;
}

/* `model` is NULL where it has not been read; `problem` says why it cannot be, or is NULL. */
static json_t *model_json(
    const struct wi_api *api, const char *name, const struct wi_model *model, const char *problem)
{
    enum wi_model_type type = model ? model->type : wi_model_type_of_name(name);
    json_t *out = json_pack("{s:s, s:s?}", "name", name, "type", wi_model_type_name(type));
    if (!out)
        return NULL; /* a folder's name that is not UTF-8 */
    if (model && !model->builtin) {
        json_object_set_new(out, "hash", json_string(model->hash));
        json_object_set_new(out, "bytes", json_integer((json_int_t)model->size));
        json_object_set_new(out, "opset", json_integer(model->signature.opset));
        json_object_set_new(
            out, "inputs", values_json(model->signature.inputs, model->signature.input_count));
        json_object_set_new(
            out, "outputs", values_json(model->signature.outputs, model->signature.output_count));
        json_object_set_new(out, "takes_picture", json_boolean(model->takes_picture));
        json_object_set_new(out, "numerics", wi_api_model_numerics_json(api, model));
    }
    if (model && model->builtin)
        json_object_set_new(out, "builtin", json_true());
    json_object_set_new(out, "loaded", loaded_json(api, name));
    if (problem) {
        json_t *text = json_string(problem);
        json_object_set_new(out, "problem", text ? text : json_string("it cannot be read"));
    }
    return out;
}

/* --- the list -------------------------------------------------------------------------------- */

struct listing {
    const struct wi_api *api;
    json_t *list;
    int has_echo;
};

static void add_model(
    void *context, const char *name, const struct wi_model *model, const char *problem)
{
    struct listing *listing = context;
    listing->has_echo |= strcmp(name, "builtin/echo") == 0;
    json_t *entry = model_json(listing->api, name, model, problem);
    if (entry)
        json_array_append_new(listing->list, entry);
}

json_t *wi_api_models_json(const struct wi_api *api)
{
    struct listing listing = {api, json_array(), 0};
    wi_store_each(api->deps.store, add_model, &listing);
    if (!listing.has_echo)
        json_array_insert_new(listing.list, 0,
            json_pack("{s:s, s:n, s:b, s:o}", "name", "builtin/echo", "type", "builtin", 1,
                "loaded", json_array()));
    return listing.list;
}

void wi_handle_models(struct wi_request *request)
{
    wi_request_answer_json(
        request, 200, json_pack("{s:o}", "models", wi_api_models_json(request->api)));
}

/* --- one ------------------------------------------------------------------------------------- */

struct look_up {
    struct wi_request *request;
    struct wi_store_lookup *lookup;
};

static void cancel_look_up(void *work)
{
    struct look_up *look_up = work;
    wi_store_cancel(look_up->lookup);
    free(look_up);
}

static void on_model(void *context, struct wi_model *model, const struct wi_error *error)
{
    struct look_up *look_up = context;
    struct wi_request *request = look_up->request;
    if (error)
        wi_request_answer_error(request, error);
    else
        wi_request_answer_json(request, 200, model_json(request->api, model->name, model, NULL));
    free(look_up);
}

void wi_handle_model(struct wi_request *request)
{
    struct look_up *look_up = wi_alloc(sizeof *look_up);
    look_up->request = request;
    struct wi_store_lookup *lookup =
        wi_store_find(request->api->deps.store, request->argument, on_model, look_up);
    if (!lookup)
        return;
    look_up->lookup = lookup;
    wi_request_wait(request, cancel_look_up, look_up);
}
