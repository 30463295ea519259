/* GET /v1/models and /v1/models/NAME: what the repository has, what each takes, where it is loaded.
 */
#include "api/endpoints/models/models.h"

#include "api/endpoints/models/model_use.h"
#include "api/endpoints/models/published.h"
#include "api/endpoints/models/pull.h"
#include "api/endpoints/models/quantize.h"
#include "api/endpoints/nodes.h"
#include "api/http/query.h"
#include "api/http/request.h"
#include "api/http/step.h"
#include "base/memory.h"
#include "library/versions.h"
#include "pool/facts/verdicts.h"
#include "wire/probe.h"
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- where they came from, which versions there are, when it was used ------------------------ */

static json_t *version_json(const struct wi_version *version)
{
    return json_pack("{s:I, s:b, s:s?, s:s?, s:I, s:I}", "version", (json_int_t)version->number,
        "current", version->current, "revision", version->source.revision, "commit",
        version->source.commit, "bytes", (json_int_t)wi_source_bytes(&version->source), "pulled_at",
        (json_int_t)version->source.pulled_at);
}

/* Of one that was uploaded nobody knows where it came from. */
static void add_source(const struct wi_source *source, json_t *out)
{
    if (source->hub)
        json_object_set_new(out, "source", wi_source_json(source));
}

/* Adds `last_used_at`, and of a model that was pulled or uploaded `source` and `versions`. */
static void add_versions(
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

struct look {
    char *directory, *name;
    json_t *found;
    struct wi_versions versions;
};

static void free_look(void *work)
{
    struct look *look = work;
    wi_versions_clear(&look->versions);
    json_decref(look->found);
    free(look->directory);
    free(look->name);
    free(look);
}

static void read_versions(void *work)
{
    struct look *look = work;
    wi_versions_list(look->directory, look->name, &look->versions);
}

static void on_versions(struct wi_request *request, void *work)
{
    struct look *look = work;
    add_versions(request->api, look->name, &look->versions, look->found);
    wi_request_answer_json(request, 200, json_incref(look->found));
    free_look(look);
}

static void add_pins(const struct wi_api *api, const char *name, json_t *out)
{
    json_t *published = wi_api_published_index(api);
    wi_api_add_published(published, name, out);
    json_decref(published);
}

/* Answers with `found` (taken over), completed so from the store's folder, which takes a thread's
 * moment for a model that was pulled. */
static void answer_model(struct wi_request *request, const struct wi_model *model, json_t *found)
{
    static const struct wi_versions none;
    char *name = wi_model_name_without(model->name);
    int is_built_in = wi_model_is_built_in(model);
    if (!found || is_built_in || model->version == 0) {
        if (found && !is_built_in)
            add_versions(request->api, name, &none, found);
        wi_request_answer_json(request, 200, found);
        free(name);
        return;
    }
    struct look *look = wi_alloc(sizeof *look);
    look->directory = wi_strdup(wi_repository_directory(request->api->deps.repository));
    look->name = name;
    look->found = found;
    wi_request_compute(request, read_versions, on_versions, look, free_look);
}

/* --- where models are loaded ----------------------------------------------------------------- */

static void add_loaded(
    void *context, const struct wi_node_info *node, const char *name, const json_t *model)
{
    json_t *list = json_object_get(context, name), *copy;
    if (!list)
        return;
    copy = json_copy((json_t *)model);
    json_object_del(copy, "name");
    json_object_set_new(copy, "node", json_string(node->id));
    json_array_append_new(list, copy);
}

/* Fills the lists of `loaded`, {NAME: []}, with what nodes tell of these models, in one walk over
 * the nodes. */
static void find_loaded(const struct wi_api *api, json_t *loaded)
{
    wi_api_each_loaded(api->deps.bridge, add_loaded, loaded);
}

static json_t *loaded_json(const json_t *loaded, const char *name)
{
    json_t *list = json_object_get(loaded, name);
    return list ? json_incref(list) : json_array();
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

/* What the numerics guard found of one model, {"exempt", "verdicts"}. */
static json_t *numerics_json(const struct wi_api *api, const struct wi_model *model)
{
    const char *random = model->facts.signature.random;
    json_t *exempt = *random ? json_sprintf("it draws random numbers (%s)", random) : json_null();

    return json_pack("{s:o, s:o}", "exempt", exempt, "verdicts",
        wi_verdicts_json(wi_pool_verdicts(api->deps.pool), model->hash));
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
}

/* What OpenAI's clients look for in a model. */
static json_t *openai_json(const struct wi_api *api, const char *name, const struct wi_model *model)
{
    const char *slash = strchr(name, '/');
    return json_pack("{s:s, s:s, s:I, s:o}", "id", name, "object", "model", "created",
        (json_int_t)wi_api_changed_at(api, model), "owned_by",
        slash ? json_stringn(name, (size_t)(slash - name)) : json_string("webinfer"));
}

/* `model` is NULL where it has not been read; `problem` says why it cannot be, or is NULL. */
static json_t *model_json(const struct wi_api *api, const json_t *loaded, const char *name,
    const struct wi_model *model, const char *problem)
{
    enum wi_model_type type = model ? model->type : wi_model_type_of_name(name);
    json_t *out = json_pack("{s:s, s:s?}", "name", name, "type", wi_model_type_name(type));
    if (!out)
        return NULL; /* a folder's name that is not UTF-8 */
    if (model && wi_model_is_built_in(model))
        add_built_in(api, model, out);
    else if (model)
        add_content(api, model, out);
    json_object_set_new(out, "loaded", loaded_json(loaded, name));
    if (problem) {
        json_t *text = json_string(problem);
        json_object_set_new(out, "problem", text ? text : json_string("it cannot be read"));
    }
    return out;
}

/* --- models under all their names ------------------------------------------------------------- */

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
        size_t length = wi_model_name_base(alias->model);
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

/* Of the models that wi_repository_each_after would tell of. */
static void each_name_after(
    const struct wi_api *api, const char *after, size_t limit, wi_api_name_fn *each, void *context)
{
    struct wi_repository *repository = api->deps.repository;
    struct walk walk = {api, find_aliased(wi_repository_aliases(repository)), each, context};
    (void)wi_repository_each_after(repository, after, limit, name_model, &walk);
    json_decref(walk.aliased);
}

void wi_api_each_name(const struct wi_api *api, wi_api_name_fn *each, void *context)
{
    each_name_after(api, "", SIZE_MAX, each, context);
}

/* --- the list -------------------------------------------------------------------------------- */

/* What the folder tells of a model that has not been read: a model's format and variants, and how
 * large the preferred one is. */
static void add_row(const struct wi_list_row *row, const struct wi_model *model, json_t *entry)
{
    if (model)
        return;
    json_object_set_new(entry, "format", json_string(wi_formats[row->format]->name));
    if (row->variants.count == 0)
        return;
    const struct wi_variant *first = &row->variants.items[0];
    json_object_set_new(entry, "variant", json_string(first->name));
    json_object_set_new(entry, "bytes", json_integer((json_int_t)first->bytes));
    json_object_set_new(entry, "variants", variants_json(&row->variants));
}

/* What is put together of a page, or of all. */
struct listing {
    const struct wi_api *api;
    const char *after;
    size_t limit;
    json_t *loaded;    /* {NAME: [what its nodes tell of it]} */
    json_t *published; /* of wi_api_published_index */
    json_t *list;
    int more; /* there are others behind it */
};

static struct listing begin_listing(const struct wi_api *api, const struct wi_page *page)
{
    return (struct listing){.api = api,
        .after = page->after,
        .limit = page->limit > 0 ? (size_t)page->limit : SIZE_MAX,
        .list = json_array()};
}

static void want_loaded(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    json_object_set_new(context, row ? row->name : model->name, json_array());
}

static void add_model(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    struct listing *listing = context;
    const char *name = row ? row->name : model->name;
    json_t *entry = model_json(listing->api, listing->loaded, name, model, problem);
    if (entry && row) {
        add_row(row, model, entry);
        add_versions(listing->api, name, &row->versions, entry);
        wi_api_add_published(listing->published, name, entry);
    }
    if (entry)
        json_array_append_new(listing->list, entry);
}

static void list_models(struct listing *listing)
{
    struct wi_repository *repository = listing->api->deps.repository;
    listing->loaded = json_object();
    listing->published = wi_api_published_index(listing->api);
    wi_repository_each_after(
        repository, listing->after, listing->limit, want_loaded, listing->loaded);
    find_loaded(listing->api, listing->loaded);
    listing->more =
        wi_repository_each_after(repository, listing->after, listing->limit, add_model, listing);
    json_decref(listing->loaded);
    json_decref(listing->published);
}

json_t *wi_api_models_json(const struct wi_api *api)
{
    struct listing listing = begin_listing(api, &(struct wi_page){.after = ""});
    list_models(&listing);
    return listing.list;
}

json_t *wi_api_model_json(const struct wi_api *api, const char *name, int where)
{
    struct listing listing = {.api = api,
        .loaded = json_pack("{s:[]}", name),
        .published = wi_api_published_index(api),
        .list = json_array()};
    if (where)
        find_loaded(api, listing.loaded);
    (void)wi_repository_one(api->deps.repository, name, add_model, &listing);
    json_t *found = json_incref(json_array_get(listing.list, 0));
    if (!where)
        json_object_del(found, "loaded");
    json_decref(listing.loaded);
    json_decref(listing.published);
    json_decref(listing.list);
    return found;
}

/* The same as OpenAI's clients read it. */
static void add_openai(
    void *context, const char *name, const struct wi_list_row *row, const struct wi_model *model)
{
    const struct listing *listing = context;
    json_array_append_new(listing->list, openai_json(listing->api, name, model));
}

static json_t *list_openai(const struct wi_api *api, const struct wi_page *page)
{
    struct listing listing = begin_listing(api, page);
    each_name_after(api, listing.after, listing.limit, add_openai, &listing);
    return listing.list;
}

/* What lies in the folder as if it were a model, and why it is none. */
static json_t *ignored_json(const struct wi_list *list)
{
    json_t *out = json_array();
    for (size_t i = 0; i < list->ignored_count; i++)
        json_array_append_new(out, json_pack("{s:s, s:s}", "name", list->ignored[i].name, "reason",
                                       list->ignored[i].problem));
    return out;
}

static json_t *aliases_json(const struct wi_aliases *aliases)
{
    json_t *out = json_object();
    for (size_t i = 0; i < aliases->count; i++)
        json_object_set_new(out, aliases->items[i].name, json_string(aliases->items[i].model));
    return out;
}

/* The most that a model can have here, whatever else goes for it. */
static json_t *room_json(const struct wi_api *api, const struct wi_list *list)
{
    uint64_t quota = api->deps.config->models.quota, room = list->disk_bytes;
    if (quota > 0 && (room == 0 || quota < room))
        room = quota;
    return room > 0 ? json_integer((json_int_t)room) : json_null();
}

static json_t *list_json(
    const struct wi_api *api, const struct wi_page *page, const struct wi_list *list)
{
    struct listing listing = begin_listing(api, page);
    list_models(&listing);
    json_t *pulls = wi_api_pulls_json(api->deps.pulls);
    wi_api_add_makings(api->deps.quantizer, pulls);
    json_t *answer = json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "object", "list",
        "data", list_openai(api, page), "models", listing.list, "pulls", pulls, "ignored",
        ignored_json(list), "ignored_more", (json_int_t)list->ignored_more, "aliases",
        aliases_json(wi_repository_aliases(api->deps.repository)), "published",
        wi_api_published_json(api), "room", room_json(api, list));
    if (page->limit > 0)
        json_object_set_new(answer, "next", wi_page_next(listing.list, "name", listing.more));
    return answer;
}

struct list_wait {
    struct wi_page page;
    json_t *arguments; /* the page's text lies in it */
};

static void free_list_wait(void *work)
{
    struct list_wait *wait = work;
    json_decref(wait->arguments);
    free(wait);
}

static void on_list(struct wi_request *request, void *work)
{
    const struct list_wait *wait = work;
    const struct wi_api *api = request->api;
    const struct wi_list *list = wi_listing_now(wi_repository_listing(api->deps.repository));
    wi_request_answer_json(request, 200, list_json(api, &wait->page, list));
    free_list_wait(work);
}

/* Who asks for the list alone has just put something there, more often than not: it is worth
 * waiting until the folder has been read again, beside the loop. */
void wi_handle_models(struct wi_request *request)
{
    struct list_wait *wait = wi_alloc(sizeof *wait);
    struct wi_error error;
    if (wi_page_read(request, &wait->page, &wait->arguments, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        free_list_wait(wait);
        return;
    }
    wi_request_list(request, on_list, wait, free_list_wait);
}

/* --- one ------------------------------------------------------------------------------------- */

/* Whether a pull of that name is under way. */
static int is_pulling(const struct wi_api *api, const char *name, struct wi_pull_info *info)
{
    return api->deps.pulls && wi_pulls_find(api->deps.pulls, name, info) == 0 &&
           info->state != WI_PULL_DONE && info->state != WI_PULL_FAILED;
}

static void on_model(struct wi_request *request, void *work, struct wi_model *model)
{
    struct wi_pull_info info;
    json_t *loaded = json_pack("{s:[]}", model->name);
    find_loaded(request->api, loaded);
    json_t *found = model_json(request->api, loaded, model->name, model, NULL);
    if (found)
        json_object_update_new(found, openai_json(request->api, model->name, model));
    if (found && is_pulling(request->api, model->name, &info))
        json_object_set_new(found, "pulling", wi_api_pull_json(&info));
    if (found)
        add_pins(request->api, model->name, found);
    json_decref(loaded);
    answer_model(request, model, found);
}

/* It may be on its way, or not have got here. */
static void on_missing(struct wi_request *request, void *work, const struct wi_error *failure)
{
    const struct wi_api *api = request->api;
    struct wi_pull_info info;
    struct wi_error error = *failure;
    if (failure->code == WI_MODEL_NOT_FOUND && is_pulling(api, request->argument, &info)) {
        wi_request_answer_json(request, 200,
            json_pack("{s:s, s:o}", "name", info.name, "pulling", wi_api_pull_json(&info)));
        return;
    }
    if (failure->code == WI_MODEL_NOT_FOUND && api->deps.pulls &&
        wi_pulls_find(api->deps.pulls, request->argument, &info) == 0 && info.error)
        wi_error_set(&error, WI_MODEL_NOT_FOUND, "model_name",
            "there is no model %.160s: its pull failed: %.300s", info.name, info.error->detail);
    wi_request_answer_error(request, &error);
}

void wi_api_answer_with_model(struct wi_request *request, const char *name)
{
    wi_request_find_model(request, name, on_model, NULL, NULL);
}

void wi_handle_model(struct wi_request *request)
{
    wi_request_look_for_model(request, request->argument, on_model, on_missing, NULL, NULL);
}

int64_t wi_api_changed_at(const struct wi_api *api, const struct wi_model *model)
{
    int64_t latest = 0;
    for (size_t i = 0; model && i < model->manifest.count; i++)
        if (model->manifest.files[i].identity.modified.tv_sec > latest)
            latest = model->manifest.files[i].identity.modified.tv_sec;
    return latest > 0 ? latest : api->started_at / 1000;
}

/* --- a request that stands for clients' ------------------------------------------------------- */

#define SAMPLE_SEED 1 /* as wire/benchmark: the same each time */

/* `prefix` and the tensor's bytes in base64. */
static json_t *encode(const char *prefix, const struct wi_tensor *tensor)
{
    size_t before = strlen(prefix);
    char *text = wi_alloc(before + (tensor->size + 2) / 3 * 4 + 1);
    memcpy(text, prefix, before);
    EVP_EncodeBlock((unsigned char *)text + before, wi_tensor_bytes(tensor), (int)tensor->size);
    json_t *value = json_string(text);
    free(text);
    return value;
}

/* An input as a client writes it: bytes that lie beside it come into it. */
static json_t *input_json(const struct wi_inference *asked)
{
    json_t *prompt = json_object_get(asked->input, "prompt");
    if (prompt && json_object_size(asked->input) == 1)
        return json_incref(prompt); /* a text alone is a string */
    json_t *input = json_copy(asked->input);
    const json_t *sound = json_object_get(asked->input, "audio");
    if (json_object_get(input, "image"))
        json_object_set_new(
            input, "image", encode("data:image/png;base64,", &asked->tensors.items[0]));
    if (!sound)
        return input;
    json_object_set(input, "sampling_rate", json_object_get(sound, "sampling_rate"));
    json_object_set(input, "channels", json_object_get(sound, "channels"));
    json_object_set_new(input, "format", json_string("s16le"));
    json_object_set_new(input, "audio", encode("", &asked->tensors.items[0]));
    return input;
}

/* 0, or -1: a tensor's numbers cannot be JSON. */
static int put_inputs(struct wi_buffer *out, const struct wi_inference *asked)
{
    const struct wi_tensors *tensors = &asked->tensors;
    if (asked->input) {
        json_t *input = input_json(asked);
        wi_buffer_json(out, input);
        json_decref(input);
        return 0;
    }
    wi_buffer_puts(out, "[");
    for (size_t i = 0; i < tensors->count; i++) {
        if (wi_datatype_needs_binary(tensors->items[i].datatype))
            return -1;
        wi_buffer_puts(out, i > 0 ? "," : "");
        wi_tensor_to_json(out, &tensors->items[i], 0);
    }
    wi_buffer_puts(out, "]");
    return 0;
}

static int put_sample(struct wi_buffer *out, const struct wi_inference *asked)
{
    wi_buffer_puts(out, "{\"model_name\":");
    wi_buffer_json_string(out, asked->model->name);
    if (asked->task != WI_TASK_NONE)
        wi_buffer_strings(out, ",\"task\":\"", wi_task_name(asked->task), "\"", NULL);
    wi_buffer_puts(out, ",\"inputs\":");
    int failed = put_inputs(out, asked);
    if (asked->options) {
        wi_buffer_puts(out, ",\"options\":");
        wi_buffer_json(out, asked->options);
    }
    wi_buffer_puts(out, "}\n");
    return failed;
}

static void on_sampled(struct wi_request *request, void *work, struct wi_model *model)
{
    struct wi_inference *asked = wi_probe_usual(model, WI_TASK_NONE, SAMPLE_SEED);
    struct wi_buffer text = {0};
    struct wi_error error;
    if (asked && put_sample(&text, asked) == 0) {
        wi_request_answer_text(request, 200, "application/json", &text);
    } else {
        wi_error_set(&error, WI_INPUT_INVALID, "model",
            "no inputs can be made up for %s that could be JSON", model->name);
        wi_request_answer_error(request, &error);
    }
    if (asked)
        wi_inference_release(asked);
    wi_buffer_clear(&text);
}

void wi_handle_model_sample(struct wi_request *request)
{
    wi_request_find_model(request, request->argument, on_sampled, NULL, NULL);
}

/* --- the numerics guard ----------------------------------------------------------------------- */

struct count {
    const char *name;
    uint64_t value;
};

#define PROBE_RESULTS 6

static void read_probes(const struct wi_api *api, struct count out[PROBE_RESULTS])
{
    struct wi_check_counters c;
    wi_checks_counters(api->deps.checks, &c);
    const struct count counts[PROBE_RESULTS] = {{"trusted", c.trusted}, {"wrong", c.wrong},
        {"unable", c.unable}, {"measured", c.measured}, {"failed", c.failed},
        {"dropped", c.dropped}};
    for (int i = 0; i < PROBE_RESULTS; i++)
        out[i] = counts[i];
}

json_t *wi_api_numerics_json(const struct wi_api *api)
{
    struct count probes[PROBE_RESULTS];
    size_t verdicts[WI_VERDICT_COUNT];
    int checks = api->deps.config->pool.numerics == WI_NUMERICS_CHECK;
    json_t *by_verdict = json_object(), *by_result = json_object();

    wi_verdicts_count(wi_pool_verdicts(api->deps.pool), verdicts);
    for (int i = WI_UNKNOWN + 1; i < WI_VERDICT_COUNT; i++)
        json_object_set_new(by_verdict, wi_verdict_names[i], json_integer((json_int_t)verdicts[i]));
    read_probes(api, probes);
    for (int i = 0; i < PROBE_RESULTS; i++)
        json_object_set_new(by_result, probes[i].name, json_integer((json_int_t)probes[i].value));
    return json_pack("{s:s, s:o, s:o}", "mode", checks ? "check" : "off", "verdicts", by_verdict,
        "probes", by_result);
}

void wi_api_numerics_metrics(const struct wi_api *api, struct wi_buffer *out)
{
    struct count probes[PROBE_RESULTS];
    size_t verdicts[WI_VERDICT_COUNT];

    wi_metric_head(out, "webinfer_probes_total", "counter",
        "Runs beside the clients' path, to check or to measure a platform, by how they ended.");
    read_probes(api, probes);
    for (int i = 0; i < PROBE_RESULTS; i++)
        wi_buffer_printf(out, "webinfer_probes_total{result=\"%s\"} %llu\n", probes[i].name,
            (unsigned long long)probes[i].value);
    wi_metric_head(
        out, "webinfer_verdicts", "gauge", "What is known of a model on a platform, by verdict.");
    wi_verdicts_count(wi_pool_verdicts(api->deps.pool), verdicts);
    for (int i = WI_UNKNOWN + 1; i < WI_VERDICT_COUNT; i++)
        wi_buffer_printf(
            out, "webinfer_verdicts{verdict=\"%s\"} %zu\n", wi_verdict_names[i], verdicts[i]);
}
