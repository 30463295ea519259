/*
 * The endpoints of Ollama's API that run no model: the version, the models that there are, those
 * that are loaded, and what one of them is. Only models that Ollama's API can run are listed.
 */

#include "api/endpoints/models/lists.h"
#include "api/endpoints/models/model_remove.h"
#include "api/endpoints/models/model_use.h"
#include "api/endpoints/models/models.h"
#include "api/endpoints/models/pull_endpoint.h"
#include "api/endpoints/openapi.h"
#include "api/http/step.h"
#include "base/clock.h"
#include "base/text.h"
#include "wire/describe/schemas.h"
#include "wire/ollama/ollama.h"
#include "wire/text.h"
#include <stdio.h>
#include <string.h>

/* The version of Ollama whose API this is: clients refuse older ones. */
#define API_VERSION "0.12.11"
/* When a model is unloaded that never is: clients read a time. */
#define NEVER_MS INT64_C(253402300799000)

/* --- names ----------------------------------------------------------------------------------- */

/* Ollama's models have a tag behind their names, and the usual one is latest. */
static json_t *name_tag(const char *name, const char *variant)
{
    if (wi_model_name_variant(name))
        return json_string(name);
    return json_sprintf("%s:%s", name, variant ? variant : WI_VARIANT_LATEST);
}

static const char *name_untag(const char *name, char out[WI_ROUTE_ARGUMENT_MAX])
{
    const char *variant = wi_model_name_variant(name);
    int is_latest = variant && strcmp(variant, WI_VARIANT_LATEST) == 0;
    size_t length = is_latest ? wi_model_name_base(name) : strlen(name);
    snprintf(out, WI_ROUTE_ARGUMENT_MAX, "%.*s", (int)length, name);
    return out;
}

#define NAME_ROW(struct_name, member)                                                              \
    WI_PARAM(struct_name, member, STRING, .min = 1, .max = WI_MODEL_NAME_MAX + 16)
struct named {
    const char *model, *name;
};
const struct wi_param wi_ollama_name_params[] = {
    NAME_ROW(named, model), NAME_ROW(named, name), WI_PARAM_END};

struct show {
    const char *model, *name;
    json_t *ignored;
};
#define IGNORED_ROW(title)                                                                         \
    WI_PARAM_AS(title, show, ignored, ANY, .help = "Accepted, but has no effect.")
const struct wi_param wi_ollama_show_params[] = {NAME_ROW(show, model), NAME_ROW(show, name),
    IGNORED_ROW("verbose"), IGNORED_ROW("system"), IGNORED_ROW("template"), IGNORED_ROW("options"),
    WI_PARAM_END};

/* Reads the body by `table` into `read`, a struct that begins with what "model" and "name" say, of
 * which either names the model: `name` becomes it, without the tag latest. Returns the body; NULL:
 * the request was answered with what is wrong. */
static json_t *read_named(struct wi_request *request, const struct wi_param *table, void *read,
    char name[WI_ROUTE_ARGUMENT_MAX])
{
    struct wi_error error;
    const struct named *named = read; /* as every such struct begins */
    json_t *body = wi_request_read_body(request, table, read);
    if (body && (named->model || named->name)) {
        name_untag(named->model ? named->model : named->name, name);
    } else if (body) {
        wi_parameters_missing("model", &error);
        wi_request_answer_error(request, &error);
        json_decref(body);
        body = NULL;
    }
    return body;
}

/* --- what a model is ------------------------------------------------------------------------- */

static int does_any(const struct wi_model *model, enum wi_task_kind first, enum wi_task_kind second)
{
    return wi_task_list_has(&model->facts.tasks, first) ||
           wi_task_list_has(&model->facts.tasks, second);
}

static int takes_gguf_options(const struct wi_model *model)
{
    return wi_formats[model->format]->gguf_options;
}

static int model_embeds(const struct wi_model *model)
{
    return takes_gguf_options(model) ? model->type == WI_TYPE_TEXT_EMBEDDING
                                     : does_any(model, WI_TASK_EMBED, WI_TASK_EMBED);
}

static int model_writes(const struct wi_model *model)
{
    return takes_gguf_options(model)
               ? model->type != WI_TYPE_TEXT_EMBEDDING
               : does_any(model, WI_TASK_CHAT, WI_TASK_COMPLETE) ||
                     does_any(model, WI_TASK_TEXT2TEXT, WI_TASK_VISUAL_QUESTION);
}

/* For a model that has not been read, its folder shows what it may be. */
static int is_listed(const struct wi_list_row *row, const struct wi_model *model)
{
    if (!model)
        return wi_formats[row->format]->does_tasks;
    return !model->builtin && wi_text_is_for(model) && (model_embeds(model) || model_writes(model));
}

static json_t *capabilities_json(const struct wi_model *model)
{
    json_t *list = json_array();
    if (model_writes(model))
        json_array_append_new(list, json_string("completion"));
    if (takes_gguf_options(model) ? model_writes(model)
                                  : does_any(model, WI_TASK_CHAT, WI_TASK_CHAT))
        json_array_append_new(list, json_string("tools"));
    if (does_any(model, WI_TASK_VISUAL_QUESTION, WI_TASK_VISUAL_QUESTION))
        json_array_append_new(list, json_string("vision"));
    if (model_embeds(model))
        json_array_append_new(list, json_string("embedding"));
    return list;
}

/* "8.0B", "137M": as people write it. */
static json_t *parameters_json(uint64_t count)
{
    double number = (double)count;
    if (count == 0)
        return json_string("");
    if (number >= 1e9)
        return json_sprintf("%.1fB", number / 1e9);
    if (number >= 1e6)
        return json_sprintf("%.0fM", number / 1e6);
    return json_sprintf("%.0fK", number / 1e3);
}

static const char *family_of(const struct wi_model *model)
{
    size_t at = model ? wi_formats[model->format]->family : 0;
    return at > 0 ? (const char *)&model->facts + at : "";
}

static const char *quantization_of(const struct wi_model *model, const char *variant)
{
    const char *told =
        model ? wi_formats[model->format]->precision(&model->facts, variant) : variant;
    return told ? told : "";
}

static json_t *details_json(
    enum wi_model_format format, const struct wi_model *model, const char *variant)
{
    const char *family = family_of(model);
    return wi_form_json("OllamaDetails", "", wi_formats[format]->name, family,
        *family ? json_pack("[s]", family) : json_array(),
        parameters_json(model ? model->facts.gguf.parameters : 0), quantization_of(model, variant));
}

static json_t *time_json(int64_t ms)
{
    char text[WI_TIME_SIZE];
    wi_format_time(ms, text);
    return json_string(text);
}

/* --- GET /api/version ------------------------------------------------------------------------ */

void wi_handle_ollama_version(struct wi_request *request)
{
    wi_request_answer_json(
        request, 200, wi_form_json("OllamaVersion", API_VERSION, request->api->deps.version));
}

/* --- GET /api/tags --------------------------------------------------------------------------- */

struct tags {
    const struct wi_api *api;
    const struct wi_list_row *row;
    const struct wi_model *model; /* as of wi_repository_each_after */
    struct wi_buffer *out;
};

/* `model` is NULL where this is not the variant that was read. */
static void add_entry(const struct tags *tags, const char *name, const char *tag,
    const struct wi_model *model, const struct wi_variant *variant)
{
    json_t *named = name_tag(name, tag);
    if (!named)
        return; /* a folder's name that is not UTF-8 */
    wi_api_list_add(tags->out,
        wi_form_json("OllamaModel", json_incref(named), named,
            time_json(wi_api_changed_at(tags->api, model) * 1000), variant->bytes,
            model ? model->hash : "", details_json(tags->row->format, model, variant->name)));
}

/* By its name alone it is the preferred variant; where there are several, each has a tag. */
static void add_name(void *context, const char *name)
{
    const struct tags *tags = context;
    const struct wi_model *model = tags->model;
    const struct wi_variants *variants = &tags->row->variants;
    for (size_t i = 0; i < variants->count; i++) {
        const struct wi_variant *variant = &variants->items[i];
        const struct wi_model *read =
            model && model->variant && strcmp(model->variant, variant->name) == 0 ? model : NULL;
        if (i == 0)
            add_entry(tags, name, NULL, read, variant);
        if (variants->count > 1)
            add_entry(tags, name, variant->name, read, variant);
    }
}

static void print_tags(struct wi_buffer *out, const struct wi_api *api,
    const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    struct tags tags = {api, row, model, out};
    if (row && !problem && is_listed(row, model))
        wi_api_each_name(api, row->name, add_name, &tags);
}

static void on_tags(struct wi_request *request, void *work, struct wi_blob *list)
{
    struct wi_buffer head = {0}, tail = {0};
    wi_buffer_puts(&head, "{\"models\":[");
    wi_buffer_puts(&tail, "]}\n");
    wi_api_list_answer(request, &head, list, &tail);
}

void wi_handle_ollama_tags(struct wi_request *request)
{
    wi_api_list_fresh(request, WI_API_LIST_OLLAMA, print_tags, on_tags, NULL, NULL);
}

/* --- GET /api/ps ----------------------------------------------------------------------------- */

struct loaded {
    const struct wi_api *api;
    json_t *models; /* by name */
};

/* A language model without requests is unloaded after a while; each request extends its stay. */
static int64_t expires_ms(const struct wi_api *api, const char *name)
{
    int64_t after = api->deps.config->models.idle_unload;
    int64_t used = wi_repository_used_at(api->deps.repository, name) * 1000;
    if (after == 0)
        return NEVER_MS;
    return (used > 0 ? used : wi_wall_ms()) + after;
}

static json_t *new_loaded(const struct wi_api *api, const char *name, const json_t *status)
{
    const char *hash = json_string_value(json_object_get(status, "hash"));
    const struct wi_model *model =
        hash ? wi_repository_by_hash(api->deps.repository, name, hash) : NULL;
    json_t *named = name_tag(name, NULL);
    if (!named || !model || model->builtin || !wi_text_is_for(model)) {
        json_decref(named);
        return NULL;
    }
    const json_t *slots = json_object_get(status, "slots");
    return wi_form_json("OllamaLoaded", json_incref(named), named, 0, 0, hash,
        details_json(model->format, model, model->variant), time_json(expires_ms(api, name)),
        json_integer_value(json_object_get(slots, "context")));
}

static void add_bytes(json_t *entry, const char *member, json_int_t bytes)
{
    json_t *sum = json_object_get(entry, member);
    json_integer_set(sum, json_integer_value(sum) + bytes);
}

/* A model that several nodes have is there once, and takes the memory of all. */
static void add_loaded(
    void *context, const struct wi_node_info *node, const char *name, const json_t *status)
{
    const struct loaded *loaded = context;
    const char *state = json_string_value(json_object_get(status, "state"));
    const char *platform = json_string_value(json_object_get(status, "platform"));
    json_int_t bytes = json_integer_value(json_object_get(status, "bytes"));
    json_t *entry = json_object_get(loaded->models, name);
    if (!state || strcmp(state, "loaded") != 0)
        return;
    if (!entry && (entry = new_loaded(loaded->api, name, status)))
        json_object_set_new(loaded->models, name, entry);
    if (!entry || bytes <= 0)
        return;
    add_bytes(entry, "size", bytes);
    if (platform && strncmp(platform, "web", 3) == 0)
        add_bytes(entry, "size_vram", bytes);
}

void wi_handle_ollama_ps(struct wi_request *request)
{
    struct loaded loaded = {request->api, json_object()};
    json_t *list = json_array(), *entry;
    const char *name;
    wi_api_each_loaded(request->api->deps.bridge, add_loaded, &loaded);
    json_object_foreach(loaded.models, name, entry) json_array_append(list, entry);
    json_decref(loaded.models);
    wi_request_answer_json(request, 200, wi_form_json("OllamaRunning", list));
}

/* --- POST /api/show -------------------------------------------------------------------------- */

static void put_count(json_t *to, const char *family, const char *member, uint64_t number)
{
    char name[WI_GGUF_NAME_MAX + 32];
    snprintf(name, sizeof name, "%s.%s", family, member);
    if (number > 0)
        json_object_set_new(to, name, json_integer((json_int_t)number));
}

/* The names are those of GGUF files. */
static json_t *info_json(const struct wi_model *model)
{
    const struct wi_gguf_info *info = &model->facts.gguf;
    const char *family = *family_of(model) ? family_of(model) : "model";
    json_t *out = json_pack("{s:s}", "general.architecture", family);
    put_count(out, "general", "parameter_count", info->parameters);
    if (*info->architecture && info->file_type >= 0)
        json_object_set_new(out, "general.file_type", json_integer(info->file_type));
    put_count(out, family, "context_length", model->facts.context);
    put_count(out, family, "embedding_length", info->embedding_length);
    put_count(out, family, "block_count", info->block_count);
    put_count(out, family, "feed_forward_length", info->feed_forward_length);
    put_count(out, family, "attention.head_count", info->head_count);
    put_count(out, family, "vocab_size", model->facts.vocabulary);
    return out;
}

static void on_model(struct wi_request *request, void *work, struct wi_model *model)
{
    if (model->builtin || !wi_text_is_for(model)) {
        wi_request_answer_refusal(request, WI_MODEL_NOT_FOUND, "model",
            "%.160s is not a language model, and Ollama's API is only for these; see GET "
            "/v1/models/%.160s",
            model->name, model->name);
        return;
    }
    wi_request_answer_json(request, 200,
        wi_form_json("OllamaShown", "", json_sprintf("FROM %s", model->name), "", "", "",
            json_array(), details_json(model->format, model, model->variant), info_json(model),
            capabilities_json(model), time_json(wi_api_changed_at(request->api, model) * 1000)));
}

void wi_handle_ollama_show(struct wi_request *request)
{
    struct show show = {0};
    char name[WI_ROUTE_ARGUMENT_MAX];
    json_t *body = read_named(request, wi_ollama_show_params, &show, name);
    if (body)
        wi_request_find_model(request, name, on_model, NULL, NULL);
    json_decref(body);
}

/* --- POST /api/pull -------------------------------------------------------------------------- */

struct pull {
    const char *model, *name;
    int stream;
    json_t *insecure;
};
const struct wi_param wi_ollama_pull_params[] = {
    WI_PARAM(pull, model, STRING, .min = 1, .max = WI_ROUTE_ARGUMENT_MAX - 1,
        .help = "ORG/NAME[:VARIANT[@REVISION]] on the configured hub."),
    WI_PARAM(pull, name, STRING, .min = 1, .max = WI_ROUTE_ARGUMENT_MAX - 1,
        .help = "The older name of model."),
    WI_PARAM(pull, stream, BOOL),
    WI_PARAM(pull, insecure, ANY, .help = "Accepted, but has no effect."),
    WI_PARAM_END,
};

/* Ollama's clients name a hub as a host before the model; there is one here, by configuration. */
static const char *reference_of(const char *name)
{
    static const char *const hosts[] = {"hf.co/", "huggingface.co/"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strncmp(name, hosts[i], strlen(hosts[i])) == 0)
            return name + strlen(hosts[i]);
    return name;
}

/* Clients draw a bar for each digest: here it is one for all files, by the commit that they are of.
 */
static void write_line(struct wi_buffer *out, const struct wi_pull_info *info)
{
    const char *digest = info->commit ? info->commit : info->name;
    json_t *line;
    if (info->state == WI_PULL_DOWNLOADING)
        line = wi_form_json("OllamaPulling", json_sprintf("pulling %s", info->name), digest,
            info->total, info->done);
    else
        line = wi_form_json("OllamaPulling",
            info->state == WI_PULL_DONE        ? "success"
            : info->state == WI_PULL_VERIFYING ? "verifying sha256 digest"
                                               : "writing manifest",
            NULL, -1, -1);
    wi_buffer_json(out, line);
    wi_buffer_puts(out, "\n");
    json_decref(line);
}

static void begin_pull(struct wi_request *request, const struct pull *pull, const char *reference)
{
    const struct wi_pull_want want = {.reference = reference_of(reference)};
    struct wi_pull_info info;
    struct wi_error error;
    if (wi_pulls_start(request->api->deps.pulls, &want, &info, &error) == WI_OK)
        wi_api_pull_tell(request, info.asked, write_line, !pull->stream);
    else
        wi_request_answer_error(request, &error);
}

void wi_handle_ollama_pull(struct wi_request *request)
{
    struct pull pull = {.stream = 1};
    char reference[WI_ROUTE_ARGUMENT_MAX];
    json_t *body = wi_api_has_pulls(request)
                       ? read_named(request, wi_ollama_pull_params, &pull, reference)
                       : NULL;
    if (body)
        begin_pull(request, &pull, reference);
    json_decref(body);
}

/* --- DELETE /api/delete ---------------------------------------------------------------------- */

void wi_handle_ollama_delete(struct wi_request *request)
{
    struct named named = {0};
    json_t *body = read_named(request, wi_ollama_name_params, &named, request->argument);
    if (body)
        wi_api_remove_model(request, 0);
    json_decref(body);
}
