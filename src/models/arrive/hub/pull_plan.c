/* What is asked for, which is checked at once, and what a thread makes of it; see pull_plan.h. */
#include "models/arrive/hub/pull_plan.h"

#include "base/buffer.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "models/arrive/hub/choose.h"
#include "models/catalog/library/store_path.h"
#include "models/catalog/library/versions.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* --- from what is wanted ---------------------------------------------------------------------- */

/* The hubs that have models by name are those that may be meant. */
static enum wi_code refuse_hub(
    const struct wi_config *config, const char *name, struct wi_error *error)
{
    struct wi_buffer names = {0};
    for (size_t i = 0; i < config->hub_count; i++)
        if (wi_hub_facts[config->hubs[i].layout].has_models)
            wi_buffer_strings(&names, names.size ? ", " : "", config->hubs[i].name, NULL);
    wi_error_set(error, WI_INVALID_FIELD, "hub",
        "the configuration has no [hub.%.60s]; its hubs are %.200s", name,
        names.text ? names.text : "none");
    wi_error_allow(error, "%s", names.text ? names.text : "");
    wi_buffer_clear(&names);
    return WI_INVALID_FIELD;
}

static enum wi_code read_hub(struct wi_pull_order *order, const struct wi_pull_want *want,
    const struct wi_config *config, struct wi_error *error)
{
    const char *name = want->hub ? want->hub : config->models.hub;
    order->hub = wi_config_find_hub(config, name);
    if (!order->hub)
        return refuse_hub(config, name, error);
    if (wi_hub_facts[order->hub->layout].has_models)
        return wi_hub_reference_parse(
            want->reference, &wi_hub_layouts[order->hub->layout].rules, &order->parsed, error);
    wi_error_set(error, WI_INVALID_FIELD, "hub",
        "hub %.60s serves content by CID only, and has no models by name", name);
    return wi_error_expect(error, "ipfs://CID as the model, and no hub");
}

/* It comes from all who have it. */
static enum wi_code order_read_content(
    struct wi_pull_order *order, const struct wi_pull_want *want, struct wi_error *error)
{
    if (!want->hub)
        return wi_hub_reference_parse_content(want->reference, &order->parsed, error);
    wi_error_set(error, WI_INVALID_FIELD, "hub",
        "%.120s is the same on every hub, and all hubs with the layout ipfs or webinfer are asked",
        want->reference);
    return wi_error_allow(error, "no hub with ipfs://");
}

static enum wi_code choose_name(struct wi_pull_order *order, const struct wi_pull_want *want,
    const struct wi_config *config, struct wi_error *error)
{
    const struct wi_hub_reference *parsed = &order->parsed;
    char *own = wi_hub_reference_name(parsed);
    int is_own = !want->as || strcmp(want->as, own) == 0;
    order->unnamed = parsed->is_content && *parsed->path && !want->as;
    order->name = is_own ? own : wi_strdup(want->as);
    order->asked = wi_strdup(order->name);
    if (!is_own)
        free(own);
    return parsed->is_content && is_own && (order->unnamed || !*parsed->path)
               ? WI_OK
               : wi_aliases_allow(&config->aliases, order->name, "as", error);
}

char *wi_pull_order_print(const struct wi_pull_order *order)
{
    json_t *files = json_array();
    for (size_t i = 0; i < order->files.count; i++)
        json_array_append_new(files, json_string(order->files.items[i]));
    const struct wi_hub_reference *parsed = &order->parsed;
    int by_path = parsed->is_content && *parsed->path && wi_name_is_content(order->asked);
    json_t *value = json_pack("{s:s, s:s?, s:s?, s:s?, s:o}", "model", order->reference, "as",
        by_path ? NULL : order->asked, "hub", parsed->is_content ? NULL : wi_pull_order_hub(order),
        "precision", order->precision, "files", files);
    if (order->copy)
        json_object_set_new(value, "copy", json_true());
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    return text;
}

enum wi_code wi_pull_order_fill(struct wi_pull_order *order, const struct wi_pull_want *want,
    struct wi_config *config, struct wi_error *error)
{
    enum wi_code code = wi_hub_reference_is_content(want->reference)
                            ? order_read_content(order, want, error)
                            : read_hub(order, want, config, error);
    if (code == WI_OK)
        code = choose_name(order, want, config, error);
    if (code != WI_OK) {
        wi_pull_order_clear(order);
        return code;
    }
    order->config = config;
    order->reference = wi_strdup(want->reference);
    order->precision = wi_strdup(want->precision);
    if (want->files)
        wi_strings_copy(&order->files, want->files);
    /* The same request, copy or not, finds what was fetched for it before; another one for the same
     * name does not. */
    char *text = wi_pull_order_print(order), hex[WI_HASH_HEX_SIZE];
    unsigned char hash[WI_HASH_SIZE];
    wi_hash(text, strlen(text), hash);
    wi_hash_hex(hash, hex);
    snprintf(order->id, sizeof order->id, "%.32s", hex);
    free(text);
    order->copy = want->copy;
    return WI_OK;
}

/* --- written down ----------------------------------------------------------------------------- */

/* 0, or -1 for what no client can have asked for. */
static int read_patterns(const json_t *list, struct wi_strings *patterns)
{
    if (json_array_size(list) > WI_PULL_PATTERNS_MAX)
        return -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        size_t length = json_string_length(item);
        if (length < 1 || length > WI_PULL_PATTERN_MAX)
            return -1;
        wi_strings_add(patterns, json_string_value(item));
    }
    return 0;
}

enum wi_code wi_pull_order_read(
    struct wi_pull_order *order, const char *text, struct wi_config *config, struct wi_error *error)
{
    struct wi_pull_want want = {0};
    struct wi_strings files = {0};
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    int good = read_patterns(json_object_get(value, "files"), &files) == 0;
    want.reference = json_string_value(json_object_get(value, "model"));
    want.as = json_string_value(json_object_get(value, "as"));
    want.hub = json_string_value(json_object_get(value, "hub"));
    want.precision = json_string_value(json_object_get(value, "precision"));
    want.files = &files;
    want.copy = json_is_true(json_object_get(value, "copy"));
    int is_named = want.reference && (want.as || wi_hub_reference_is_content(want.reference));
    enum wi_code code =
        good && is_named ? wi_pull_order_fill(order, &want, config, error)
                         : wi_error_set(error, WI_BAD_JSON, NULL, "it is not a request for a pull");
    wi_strings_clear(&files);
    json_decref(value);
    return code;
}

/* --- the order itself ------------------------------------------------------------------------- */

void wi_pull_order_clear(struct wi_pull_order *order)
{
    free(order->name);
    free(order->asked);
    free(order->reference);
    free(order->precision);
    wi_strings_clear(&order->files);
    wi_hub_reference_clear(&order->parsed);
    *order = (struct wi_pull_order){0};
}

const char *wi_pull_order_hub(const struct wi_pull_order *order)
{
    return order->hub ? order->hub->name : WI_HUB_CONTENT;
}

int wi_pull_order_by_content(const struct wi_pull_order *order)
{
    return !order->hub || wi_hub_facts[order->hub->layout].has_blocks;
}

/* One run on a thread. It outlives its plan's pull, and frees the plan then. */
struct wi_pull_thread {
    struct wi_pull_plan *plan;
    enum wi_code (*run)(struct wi_pull_thread *thread);
    wi_pull_plan_fn *on_done;
    void *context;
    int last; /* the plan goes with it */
    struct wi_hub_tree tree;
    struct wi_pull_chosen chosen; /* becomes the plan's on the loop */
    enum wi_code code;
    struct wi_error error;
    struct wi_work *work;
};

static void clear_chosen(struct wi_pull_chosen *chosen)
{
    wi_hub_tree_clear(&chosen->files);
    free(chosen->variant);
    *chosen = (struct wi_pull_chosen){0};
}

/* --- the plan -------------------------------------------------------------------------------- */

struct wi_pull_plan *wi_pull_plan_new(struct wi_pull_order *order)
{
    struct wi_pull_plan *plan = wi_alloc(sizeof *plan);
    plan->order = WI_TAKE(*order);
    wi_config_ref(plan->order.config);
    return plan;
}

void wi_pull_plan_free(struct wi_pull_plan *plan)
{
    if (plan->thread) {
        plan->thread->last = 1;
        wi_pull_plan_cancel(plan);
        return;
    }
    wi_config_unref(plan->order.config);
    wi_pull_order_clear(&plan->order);
    wi_hub_clear(&plan->hub);
    wi_gateways_clear(&plan->gateways);
    wi_source_clear(&plan->current);
    clear_chosen(&plan->chosen);
    free(plan);
}

/* --- the thread ------------------------------------------------------------------------------ */

static void thread_run(void *data)
{
    struct wi_pull_thread *thread = data;
    thread->code = thread->run(thread);
}

static void on_run(void *data, int cancelled)
{
    struct wi_pull_thread *thread = data;
    struct wi_pull_plan *plan = thread->plan;
    const int failed = thread->code != WI_OK;
    plan->thread = NULL;
    if (!cancelled) {
        if (!failed)
            plan->chosen = WI_TAKE(thread->chosen);
        thread->on_done(thread->context, failed ? &thread->error : NULL);
    }
    if (thread->last)
        wi_pull_plan_free(plan);
    wi_hub_tree_clear(&thread->tree);
    clear_chosen(&thread->chosen);
    free(thread);
}

/* `thread` says what it is to do, and with what. */
static void thread_start(uv_loop_t *loop, struct wi_pull_thread thread)
{
    struct wi_pull_thread *own = thread.plan->thread = wi_alloc(sizeof *own);
    *own = thread;
    own->work = wi_work_start(loop, thread_run, on_run, own);
}

void wi_pull_plan_cancel(struct wi_pull_plan *plan)
{
    if (plan->thread)
        wi_work_abandon(plan->thread->work);
}

/* --- what is here ---------------------------------------------------------------------------- */

static enum wi_code find_current(struct wi_pull_plan *plan, struct wi_error *error)
{
    const char *directory = plan->order.config->models.directory;
    struct wi_versions versions = {0};
    enum wi_code code = WI_OK;
    if (wi_versions_list(directory, plan->order.name, &versions) != 0)
        code = wi_path_failed(directory, "the versions of the model cannot be seen", error);
    wi_source_clear(&plan->current);
    for (size_t i = 0; code == WI_OK && i < versions.count; i++)
        if (versions.items[i].current)
            plan->current = WI_TAKE(versions.items[i].source);
    wi_versions_clear(&versions);
    return code;
}

/* No more than the quota, which copies may have apart, nor than the whole disk. */
static uint64_t most_bytes(const struct wi_pull_order *order)
{
    const struct wi_config *config = order->config;
    uint64_t apart = order->copy ? config->content.replica_quota : 0;
    uint64_t quota = apart > 0 ? apart : config->models.quota;
    uint64_t most = quota > 0 ? quota : UINT64_MAX;
    struct statvfs disk;
    if (statvfs(config->models.directory, &disk) != 0)
        return most;
    uint64_t all = (uint64_t)disk.f_blocks * disk.f_frsize;
    return all < most ? all : most;
}

static enum wi_code plan_look(struct wi_pull_thread *thread)
{
    struct wi_pull_plan *plan = thread->plan;
    const struct wi_pull_order *order = &plan->order;
    enum wi_code code = find_current(plan, &thread->error);
    plan->bytes_max = most_bytes(order);
    if (!order->hub || wi_gateways_has(order->config, 1))
        wi_gateways_open(&plan->gateways, order->config);
    return code == WI_OK && !wi_pull_order_by_content(order)
               ? wi_hub_open(&plan->hub, order->hub, &thread->error)
               : code;
}

void wi_pull_plan_look(
    struct wi_pull_plan *plan, uv_loop_t *loop, wi_pull_plan_fn *on_done, void *context)
{
    thread_start(
        loop, (struct wi_pull_thread){plan, plan_look, .on_done = on_done, .context = context});
}

/* --- what is chosen of a repository ---------------------------------------------------------- */

/* Whether all that was chosen is here, under the same paths. */
static int has_all(const struct wi_source *current, const struct wi_hub_tree *chosen)
{
    size_t found = 0;
    for (size_t i = 0; i < chosen->count; i++)
        for (size_t k = 0; k < current->count; k++)
            found += strcmp(current->files[k].path, chosen->files[i].path) == 0 &&
                     strcmp(current->files[k].hash, chosen->files[i].hash) == 0;
    return chosen->count > 0 && found == chosen->count;
}

/* Finds the file that is here at `path`: under that path on the hub, or in a subfolder. */
static const struct wi_hub_file *find_on_hub(
    const struct wi_hub_tree *tree, const struct wi_source_file *here)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct wi_hub_file *file = &tree->files[i];
        if (strcmp(file->hash, here->hash) == 0 &&
            (strcmp(file->path, here->path) == 0 ||
                strcmp(wi_text_basename(file->path), here->path) == 0))
            return file;
    }
    return NULL;
}

static void chosen_keep(
    const struct wi_source *current, const struct wi_hub_tree *tree, struct wi_hub_tree *chosen)
{
    for (size_t i = 0; i < current->count && chosen->count < WI_MODEL_FILES_MAX; i++) {
        const char *path = current->files[i].path;
        const struct wi_hub_file *file =
            wi_hub_tree_has(chosen, path) ? NULL : find_on_hub(tree, &current->files[i]);
        if (file)
            wi_hub_tree_add(chosen, file, path);
    }
}

/* Whether what is here came from the same place. */
static int is_related(const struct wi_source *current, const struct wi_pull_order *order)
{
    return current->repository && current->hub &&
           strcmp(current->hub, wi_pull_order_hub(order)) == 0 &&
           (order->parsed.is_content ? wi_hub_reference_is_content(current->repository)
                                     : strcmp(current->repository, order->parsed.repository) == 0);
}

static enum wi_code plan_choose(struct wi_pull_thread *thread)
{
    struct wi_pull_plan *plan = thread->plan;
    const struct wi_pull_order *order = &plan->order;
    struct wi_pull_chosen *chosen = &thread->chosen;
    const struct wi_hub_want want = {.variant = order->parsed.variant,
        .precision = order->precision,
        .files = &order->files,
        .memory = order->config->pool.model_budget};
    enum wi_code code = plan->named ? find_current(plan, &thread->error) : WI_OK;
    if (code == WI_OK)
        code =
            wi_hub_choose(&thread->tree, &want, &chosen->files, &chosen->variant, &thread->error);
    if (code != WI_OK)
        return code;
    chosen->all_here = has_all(&plan->current, &chosen->files);
    if (!chosen->all_here && is_related(&plan->current, order))
        chosen_keep(&plan->current, &thread->tree, &chosen->files);
    return WI_OK;
}

void wi_pull_plan_name(struct wi_pull_plan *plan, const char *name)
{
    free(plan->order.name);
    plan->order.name = wi_strdup(name);
    plan->order.unnamed = 0;
    plan->named = 1;
}

void wi_pull_plan_choose(struct wi_pull_plan *plan, uv_loop_t *loop, const struct wi_hub_tree *tree,
    wi_pull_plan_fn *on_done, void *context)
{
    struct wi_pull_thread thread = {plan, plan_choose, .on_done = on_done, .context = context};
    wi_hub_tree_copy(&thread.tree, tree);
    thread_start(loop, thread);
}
