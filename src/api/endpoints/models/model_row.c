/* A model as lists show it; see model_row.h. */
#include "api/endpoints/models/model_row.h"

#include "api/endpoints/endpoints.h"
#include "api/endpoints/models/model_use.h"
#include "api/endpoints/models/models.h"
#include "base/memory.h"
#include "wire/describe/schemas.h"
#include "work/pool/facts/verdicts.h"
#include <stdint.h>
#include <string.h>

/* --- where they came from, which versions there are, when it was used ------------------------ */

static json_t *version_json(const struct wi_version *version)
{
    return wi_form_json("Version", version->number, version->current, version->source.revision,
        version->source.commit, wi_source_bytes(&version->source), version->source.pulled_at);
}

/* The source of a model that was uploaded is not known. */
static void add_source(const struct wi_source *source, json_t *out)
{
    if (source->hub)
        json_object_set_new(out, "source", wi_source_json(source));
}

void wi_api_add_versions(
    const struct wi_api *api, const char *name, const struct wi_versions *versions, json_t *out)
{
    int64_t used_at = wi_repository_used_at(api->deps.repository, name);
    json_t *list = json_array();
    for (size_t i = 0; i < versions->count; i++) {
        const struct wi_version *version = &versions->items[i];
        if (version->used_at > used_at)
            used_at = version->used_at;
        if (version->current)
            add_source(&version->source, out);
        json_array_append_new(list, version_json(version));
    }
    json_object_set_new(
        out, "last_used_at", used_at > 0 ? json_integer((json_int_t)used_at) : json_null());
    if (versions->count > 0)
        json_object_set(out, "versions", list);
    json_decref(list);
}

/* --- where models are loaded ----------------------------------------------------------------- */

static void add_loaded(
    void *context, const struct wi_node_info *node, const char *name, const json_t *model)
{
    struct wi_api_loaded *loaded = context;
    json_t *list = json_object_get(loaded->lists, name), *copy;
    if (!list)
        return;
    if (loaded->count >= WI_API_LOADED_MANY && json_array_size(list) >= loaded->most) {
        json_int_t more = json_integer_value(json_object_get(loaded->more, name));
        json_object_set_new(loaded->more, name, json_integer(more + 1));
        return;
    }
    copy = json_copy((json_t *)model);
    json_object_del(copy, "name");
    json_object_set_new(copy, "node", json_string(node->id));
    json_array_append_new(list, copy);
    loaded->count++;
}

struct wi_api_loaded wi_api_loaded_new(size_t most)
{
    return (struct wi_api_loaded){json_object(), json_object(), most, 0};
}

void wi_api_loaded_want(struct wi_api_loaded *loaded, const char *name)
{
    json_object_set_new(loaded->lists, name, json_array());
}

void wi_api_loaded_find(struct wi_api_loaded *loaded, const struct wi_api *api)
{
    wi_api_each_loaded(api->deps.bridge, add_loaded, loaded);
}

void wi_api_loaded_clear(struct wi_api_loaded *loaded)
{
    json_decref(loaded->lists);
    json_decref(loaded->more);
}

static void show_loaded(const struct wi_api_loaded *loaded, const char *name, json_t *out)
{
    json_t *list = json_object_get(loaded->lists, name);
    json_object_set_new(out, "loaded", list ? json_incref(list) : json_array());
    if (loaded->most < SIZE_MAX)
        json_object_set_new(out, "loaded_more",
            json_integer(json_integer_value(json_object_get(loaded->more, name))));
}

/* --- what it is made of ---------------------------------------------------------------------- */

static json_t *files_json(const struct wi_manifest *manifest)
{
    json_t *list = json_array();
    for (size_t i = 0; i < manifest->count; i++) {
        const struct wi_model_file *file = &manifest->files[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "path", file->path, "bytes",
                                        (json_int_t)file->bytes, "hash", file->hash));
    }
    return list;
}

static json_t *variants_json(const struct wi_variants *variants)
{
    json_t *list = json_array();
    for (size_t i = 0; i < variants->count; i++) {
        const struct wi_variant *variant = &variants->items[i], *webgpu = variant->webgpu;
        json_t *one = json_pack("{s:s, s:I, s:I, s:O*}", "name", variant->name, "bytes",
            (json_int_t)variant->bytes, "file_count", (json_int_t)variant->files.count, "made",
            variant->notes);
        if (webgpu)
            json_object_set_new(one, "webgpu",
                json_pack("{s:I, s:I}", "bytes", (json_int_t)webgpu->bytes, "file_count",
                    (json_int_t)webgpu->files.count));
        json_array_append_new(list, one);
    }
    return list;
}

static void add_warnings(const struct wi_model *model, json_t *out)
{
    struct wi_strings warnings = {0};
    json_t *list = json_array();
    wi_model_warnings(model, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        json_array_append_new(list, json_string(warnings.items[i]));
    json_object_set_new(out, "warnings", list);
    wi_strings_clear(&warnings);
}

/* The findings of the numerics guard for one model, {"exempt", "verdicts"}. */
static json_t *numerics_json(const struct wi_api *api, const struct wi_model *model)
{
    const char *random = model->facts.signature.random;
    json_t *exempt = *random ? json_sprintf("it draws random numbers (%s)", random) : json_null();

    return json_pack("{s:o, s:o}", "exempt", exempt, "verdicts",
        wi_verdicts_json(wi_pool_verdicts(api->deps.pool), model->hash));
}

/* Whether requests for it may run as a batch. */
static json_t *batching_json(const struct wi_api *api, const struct wi_model *model)
{
    char *obstacle = wi_jobs_batch_obstacle(api->deps.jobs, model);
    json_t *batching = json_pack("{s:b, s:s?}", "possible", obstacle == NULL, "reason", obstacle);
    free(obstacle);
    return batching;
}

/* Only of an ONNX file there is something to tell. */
static void add_capture(const struct wi_api *api, const struct wi_model *model, json_t *out)
{
    json_t *capture = wi_captures_json(&api->endpoints->captures, model);
    if (capture)
        json_object_set_new(out, "graph_capture", capture);
}

static void add_content(const struct wi_api *api, const struct wi_model *model, json_t *out)
{
    json_object_set_new(out, "format", json_string(wi_formats[model->format]->name));
    json_object_set_new(out, "hash", json_string(model->hash));
    json_object_set_new(
        out, "bytes", json_integer((json_int_t)wi_manifest_bytes(&model->manifest)));
    json_object_set_new(out, "files", files_json(&model->manifest));
    if (model->variant) {
        json_object_set_new(out, "variant", json_string(model->variant));
        json_object_set_new(out, "variants", variants_json(&model->variants));
    }
    wi_formats[model->format]->show(&model->facts, model->variant, out);
    json_object_set_new(out, "numerics", numerics_json(api, model));
    json_object_set_new(out, "batching", batching_json(api, model));
    add_capture(api, model, out);
    add_warnings(model, out);
}

static void add_built_in(const struct wi_api *api, const struct wi_model *model, json_t *out)
{
    const struct wi_onnx_signature *signature = &model->facts.signature;
    json_object_set_new(out, "builtin", json_true());
    if (!model->kernels)
        return;
    json_object_set_new(out, "hash", json_string(model->hash));
    json_object_set_new(
        out, "inputs", wi_onnx_values_json(signature->inputs, signature->input_count));
    json_object_set_new(
        out, "outputs", wi_onnx_values_json(signature->outputs, signature->output_count));
    json_object_set_new(out, "numerics", numerics_json(api, model));
    json_object_set_new(out, "batching", batching_json(api, model));
}

int64_t wi_api_changed_at(const struct wi_api *api, const struct wi_model *model)
{
    int64_t latest = 0;
    for (size_t i = 0; model && i < model->manifest.count; i++)
        if (model->manifest.files[i].identity.modified.tv_sec > latest)
            latest = model->manifest.files[i].identity.modified.tv_sec;
    return latest > 0 ? latest : api->started_at / 1000;
}

json_t *wi_api_openai_json(const struct wi_api *api, const char *name, const struct wi_model *model)
{
    const char *slash = strchr(name, '/');
    return wi_form_json("OpenaiModel", name, "model", wi_api_changed_at(api, model),
        slash ? json_stringn(name, (size_t)(slash - name)) : json_string("webinfer"));
}

json_t *wi_api_show_model(const struct wi_api *api, const struct wi_api_loaded *loaded,
    const char *name, const struct wi_model *model, const char *problem)
{
    enum wi_model_type type = model ? model->type : wi_model_type_of_name(name);
    json_t *out = json_pack("{s:s, s:s?}", "name", name, "type", wi_model_type_name(type));
    if (!out)
        return NULL; /* a folder's name that is not UTF-8 */
    if (model && wi_model_is_built_in(model))
        add_built_in(api, model, out);
    else if (model)
        add_content(api, model, out);
    show_loaded(loaded, name, out);
    if (problem) {
        json_t *text = json_string(problem);
        json_object_set_new(out, "problem", text ? text : json_string("it cannot be read"));
    }
    return out;
}

/* --- a row of the list ------------------------------------------------------------------------ */

/* The size of a model without variants that was pulled; which files another one has is known once
 * its graph has been read, for that names them. */
static void add_pulled_bytes(const struct wi_list_row *row, json_t *entry)
{
    for (size_t i = 0; i < row->versions.count; i++) {
        const struct wi_version *version = &row->versions.items[i];
        if (version->current && version->source.count > 0)
            json_object_set_new(
                entry, "bytes", json_integer((json_int_t)wi_source_bytes(&version->source)));
    }
}

/* The facts that the folder shows of a model that has not been read: its format and variants, and
 * the size of the preferred one. */
static void add_row(const struct wi_list_row *row, const struct wi_model *model, json_t *entry)
{
    if (model)
        return;
    json_object_set_new(entry, "format", json_string(wi_formats[row->format]->name));
    if (row->variants.count == 0) {
        add_pulled_bytes(row, entry);
        return;
    }
    const struct wi_variant *first = &row->variants.items[0];
    json_object_set_new(entry, "variant", json_string(first->name));
    json_object_set_new(entry, "bytes", json_integer((json_int_t)first->bytes));
    json_object_set_new(entry, "variants", variants_json(&row->variants));
}

json_t *wi_api_model_row(const struct wi_api *api, const struct wi_api_loaded *loaded,
    const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    const char *name = row ? row->name : model->name;
    json_t *entry = wi_api_show_model(api, loaded, name, model, problem);
    if (entry && row) {
        add_row(row, model, entry);
        wi_api_add_versions(api, name, &row->versions, entry);
    }
    return entry;
}
