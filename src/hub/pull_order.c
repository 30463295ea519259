/* What a pull is to bring; see pull.h. */
#include "hub/pull.h"

#include <stdlib.h>
#include <string.h>

/* The name of a plain hub's repository here: its last two segments. */
static const char *name_of(const char *repository)
{
    const char *at = repository + strlen(repository);
    for (int slashes = 0; at > repository; at--)
        if (at[-1] == '/' && ++slashes == 2)
            break;
    return at;
}

enum wi_code wi_pull_order_fill(struct wi_pull_order *order, const struct wi_pull_want *want,
    const struct wi_config *config, struct wi_error *error)
{
    enum wi_code code = wi_hub_find(config, want->hub, &order->hub, error);
    if (code == WI_OK)
        code = wi_hub_reference_parse(want->reference, order->hub.layout, &order->parsed, error);
    if (code == WI_OK) {
        order->name = wi_strdup(want->as ? want->as : name_of(order->parsed.repository));
        code = wi_aliases_allow(&config->aliases, order->name, "as", error);
    }
    if (code != WI_OK) {
        wi_pull_order_clear(order);
        return code;
    }
    order->reference = wi_strdup(want->reference);
    order->precision = wi_strdup(want->precision);
    if (want->files)
        wi_strings_copy(&order->files, want->files);
    order->directory = wi_strdup(config->models.directory);
    order->memory = config->pool.model_budget;
    return WI_OK;
}

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

int wi_pull_order_same(const struct wi_pull_order *a, const struct wi_pull_order *b)
{
    if (!same_text(a->name, b->name) || !same_text(a->reference, b->reference) ||
        !same_text(a->precision, b->precision) || !same_text(a->hub.name, b->hub.name) ||
        a->files.count != b->files.count)
        return 0;
    for (size_t i = 0; i < a->files.count; i++)
        if (strcmp(a->files.items[i], b->files.items[i]) != 0)
            return 0;
    return 1;
}

char *wi_pull_order_print(const struct wi_pull_order *order)
{
    json_t *files = json_array();
    for (size_t i = 0; i < order->files.count; i++)
        json_array_append_new(files, json_string(order->files.items[i]));
    json_t *value = json_pack("{s:s, s:s, s:s, s:s?, s:o}", "model", order->reference, "as",
        order->name, "hub", order->hub.name, "precision", order->precision, "files", files);
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
    enum wi_code code = good && want.reference && want.as
                            ? wi_pull_order_fill(order, &want, config, error)
                            : wi_error_set(error, WI_BAD_JSON, NULL, "it is no request for a pull");
    wi_strings_clear(&files);
    json_decref(value);
    return code;
}

void wi_pull_order_clear(struct wi_pull_order *order)
{
    free(order->name);
    free(order->reference);
    free(order->precision);
    wi_strings_clear(&order->files);
    wi_hub_clear(&order->hub);
    wi_hub_reference_clear(&order->parsed);
    free(order->directory);
    *order = (struct wi_pull_order){0};
}
