/* What a pull is to bring; see pull.h. */
#include "hub/pull.h"

#include "base/memory.h"
#include "base/text.h"
#include "hub/layout.h"
#include <stdlib.h>
#include <string.h>

/* --- from what is wanted ---------------------------------------------------------------------- */

static enum wi_code read_hub(struct wi_pull_order *order, const struct wi_pull_want *want,
    const struct wi_config *config, struct wi_error *error)
{
    enum wi_code code = wi_hub_find(config, want->hub, &order->hub, error);
    if (code != WI_OK)
        return code;
    if (wi_gateways_has_neighbours(config)) {
        order->stall_ms = (uint64_t)config->content.stall;
        order->hub_shares = config->content.hub_shares;
        wi_gateways_find(&order->gateways, config);
    }
    if (order->hub.layout != WI_HUB_IPFS)
        return wi_hub_reference_parse(want->reference, order->hub.layout, &order->parsed, error);
    wi_error_set(error, WI_INVALID_FIELD, "hub",
        "hub %.60s brings content by its CID, and has no models by name", order->hub.name);
    return wi_error_expect(error, "ipfs://CID as the model, and no hub");
}

/* It comes from all who have it. */
static enum wi_code read_content(struct wi_pull_order *order, const struct wi_pull_want *want,
    const struct wi_config *config, struct wi_error *error)
{
    if (want->hub) {
        wi_error_set(error, WI_INVALID_FIELD, "hub",
            "%.120s is the same wherever it comes from, and all hubs of the layouts ipfs and "
            "webinfer are "
            "asked",
            want->reference);
        return wi_error_allow(error, "no hub with ipfs://");
    }
    order->hub.name = wi_strdup(WI_HUB_CONTENT);
    order->stall_ms = (uint64_t)config->content.stall;
    order->routing = wi_strdup(config->content.routing);
    wi_gateways_find(&order->gateways, config);
    return wi_hub_reference_parse_content(want->reference, &order->parsed, error);
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

enum wi_code wi_pull_order_fill(struct wi_pull_order *order, const struct wi_pull_want *want,
    const struct wi_config *config, struct wi_error *error)
{
    enum wi_code code = wi_hub_reference_is_content(want->reference)
                            ? read_content(order, want, config, error)
                            : read_hub(order, want, config, error);
    if (code == WI_OK)
        code = choose_name(order, want, config, error);
    if (code != WI_OK) {
        wi_pull_order_clear(order);
        return code;
    }
    order->reference = wi_strdup(want->reference);
    order->precision = wi_strdup(want->precision);
    if (want->files)
        wi_strings_copy(&order->files, want->files);
    order->directory = wi_strdup(config->models.directory);
    order->keeps_leaves =
        config->content.serve != WI_SERVE_NO || wi_gateways_has_neighbours(config);
    order->memory = config->pool.model_budget;
    order->copy = want->copy;
    order->apart = want->copy && config->content.replica_quota > 0;
    order->quota = order->apart ? config->content.replica_quota : config->models.quota;
    return WI_OK;
}

void wi_pull_order_name(struct wi_pull_order *order, const char *name)
{
    free(order->name);
    order->name = wi_strdup(name);
    order->unnamed = 0;
}

/* --- the same --------------------------------------------------------------------------------- */

int wi_pull_order_same(const struct wi_pull_order *a, const struct wi_pull_order *b)
{
    return wi_text_equal(a->asked, b->asked) && wi_text_equal(a->reference, b->reference) &&
           wi_text_equal(a->precision, b->precision) && wi_text_equal(a->hub.name, b->hub.name) &&
           wi_strings_equal(&a->files, &b->files);
}

/* --- written down ----------------------------------------------------------------------------- */

/* By what was asked for alone: it names the folder where what comes is gathered. */
char *wi_pull_order_print(const struct wi_pull_order *order)
{
    json_t *files = json_array();
    for (size_t i = 0; i < order->files.count; i++)
        json_array_append_new(files, json_string(order->files.items[i]));
    const struct wi_hub_reference *parsed = &order->parsed;
    int by_path = parsed->is_content && *parsed->path && wi_name_is_content(order->asked);
    json_t *value = json_pack("{s:s, s:s?, s:s?, s:s?, s:o}", "model", order->reference, "as",
        by_path ? NULL : order->asked, "hub", parsed->is_content ? NULL : order->hub.name,
        "precision", order->precision, "files", files);
    if (order->copy)
        json_object_set_new(value, "copy", json_true());
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    return text;
}

/* 0, or -1 for what no client can have asked for. */
static int read_patterns(const json_t *list, struct wi_strings *patterns)
{
    const json_t *item;
    size_t i;
    if (json_array_size(list) > WI_PULL_PATTERNS_MAX)
        return -1;
    json_array_foreach(list, i, item)
    {
        size_t length = json_string_length(item);
        if (length < 1 || length > WI_PULL_PATTERN_MAX)
            return -1;
        wi_strings_add(patterns, json_string_value(item));
    }
    return 0;
}

enum wi_code wi_pull_order_read(struct wi_pull_order *order, const char *text,
    const struct wi_config *config, struct wi_error *error)
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
    enum wi_code code = good && is_named
                            ? wi_pull_order_fill(order, &want, config, error)
                            : wi_error_set(error, WI_BAD_JSON, NULL, "it is no request for a pull");
    wi_strings_clear(&files);
    json_decref(value);
    return code;
}

void wi_pull_order_clear(struct wi_pull_order *order)
{
    free(order->name);
    free(order->asked);
    free(order->reference);
    free(order->precision);
    wi_strings_clear(&order->files);
    wi_hub_clear(&order->hub);
    wi_hub_reference_clear(&order->parsed);
    wi_gateways_clear(&order->gateways);
    free(order->routing);
    free(order->directory);
    *order = (struct wi_pull_order){0};
}
