/* See published.h. */
#include "api/endpoints/models/published.h"

#include "api/http/metrics.h"
#include <string.h>

/* Names in a warning. */
#define NAMED 5

struct each {
    wi_pin_fn *each;
    void *context;
};

static void pass_on(void *context, const struct wi_pin *pin)
{
    const struct each *each = context;
    if (pin->kind == WI_PIN_PUBLISHED)
        each->each(each->context, pin);
}

/* Calls `each` for published models, not for copies of models that others have published. */
static void each_pin(const struct wi_api *api, wi_pin_fn *each, void *context)
{
    struct each all = {each, context};
    if (api->deps.blocks)
        wi_blockstore_each(api->deps.blocks, pass_on, &all);
}

/* --- in lists --------------------------------------------------------------------------------- */

static json_t *pin_json(const struct wi_pin *pin)
{
    json_t *version = pin->version > 0 ? json_integer(pin->version) : json_null();
    return json_pack("{s:s, s:s, s:I, s:b, s:o, s:I}", "name", pin->model, "cid", pin->cid_text,
        "bytes", (json_int_t)pin->bytes, "stale", pin->stale, "version", version, "published_at",
        (json_int_t)pin->published_at);
}

/* The pins that the JSON is made of, and where it goes. */
struct wanted {
    const char *after, *last; /* as of wi_api_published_index */
    json_t *out;
};

/* As strcmp, of the model's name without a variant. */
static int compare_base(const char *model, const char *name)
{
    size_t length = wi_model_name_base(model);
    int order = strncmp(model, name, length);
    return order != 0 ? order : -(name[length] != '\0');
}

static int pin_is_wanted(const struct wanted *wanted, const struct wi_pin *pin)
{
    return compare_base(pin->model, wanted->after) > 0 &&
           (!wanted->last || compare_base(pin->model, wanted->last) <= 0);
}

static void pin_append(json_t *index, const struct wi_pin *pin)
{
    size_t length = wi_model_name_base(pin->model);
    json_t *list = json_object_getn(index, pin->model, length);
    if (!list && (list = json_array()))
        json_object_setn_new(index, pin->model, length, list);
    json_array_append_new(list, pin_json(pin));
}

static void add_to_index(void *context, const struct wi_pin *pin)
{
    const struct wanted *wanted = context;
    if (pin_is_wanted(wanted, pin))
        pin_append(wanted->out, pin);
}

json_t *wi_api_published_index(const struct wi_api *api, const char *after, const char *last)
{
    struct wanted wanted = {after, last, json_object()};
    if (api->deps.blocks)
        wi_blockstore_check(api->deps.blocks);
    each_pin(api, add_to_index, &wanted);
    return wanted.out;
}

static void add_to_list(void *context, const struct wi_pin *pin)
{
    const struct wanted *wanted = context;
    if (pin_is_wanted(wanted, pin))
        json_array_append_new(wanted->out, pin_json(pin));
}

json_t *wi_api_published_json(const struct wi_api *api, const char *after, const char *last)
{
    struct wanted wanted = {after, last, json_array()};
    each_pin(api, add_to_list, &wanted);
    return wanted.out;
}

void wi_api_add_published(const json_t *index, const char *name, json_t *row)
{
    json_t *list = json_object_getn(index, name, wi_model_name_base(name));
    if (list)
        json_object_set(row, "published", list);
}

struct of_one {
    const char *name;
    size_t length; /* of it, without a variant */
    json_t *list;  /* NULL: there is none */
};

static void add_of_one(void *context, const struct wi_pin *pin)
{
    struct of_one *one = context;
    if (wi_model_name_base(pin->model) != one->length ||
        memcmp(pin->model, one->name, one->length) != 0)
        return;
    if (!one->list)
        one->list = json_array();
    json_array_append_new(one->list, pin_json(pin));
}

void wi_api_add_pins(const struct wi_api *api, const char *name, json_t *row)
{
    struct of_one one = {name, wi_model_name_base(name), NULL};
    if (api->deps.blocks)
        wi_blockstore_check(api->deps.blocks);
    each_pin(api, add_of_one, &one);
    if (one.list)
        json_object_set_new(row, "published", one.list);
}

int wi_api_is_served(const struct wi_api *api)
{
    return api->deps.config->content.serve != WI_SERVE_NO;
}

/* --- taking them back ------------------------------------------------------------------------- */

struct gathered {
    const char *name;
    struct wi_strings names;
};

static void pin_gather(void *context, const struct wi_pin *pin)
{
    struct gathered *gathered = context;
    size_t length = wi_model_name_base(pin->model);
    if (strlen(gathered->name) == length && memcmp(gathered->name, pin->model, length) == 0)
        wi_strings_add(&gathered->names, pin->model);
}

enum wi_code wi_api_unpublish_all(
    const struct wi_api *api, const char *name, json_t *cids, struct wi_error *error)
{
    struct gathered gathered = {.name = name};
    enum wi_code code = WI_OK;
    each_pin(api, pin_gather, &gathered);
    for (size_t i = 0; i < gathered.names.count && code == WI_OK; i++) {
        char cid[WI_CID_TEXT];
        code = wi_blockstore_unpublish(api->deps.blocks, gathered.names.items[i], cid, error);
        if (code == WI_OK)
            json_array_append_new(cids, json_string(cid));
    }
    wi_strings_clear(&gathered.names);
    return code;
}

/* --- for the operator ------------------------------------------------------------------------- */

struct sums {
    uint64_t count, stale, bytes;
    struct wi_buffer stale_names; /* the first of them */
};

static void add_up(void *context, const struct wi_pin *pin)
{
    struct sums *sums = context;
    sums->count++;
    sums->bytes += pin->bytes;
    if (pin->stale && sums->stale++ < NAMED)
        wi_buffer_strings(&sums->stale_names, sums->stale_names.size ? ", " : "", pin->model, NULL);
}

void wi_api_published_warnings(const struct wi_api *api, json_t *warnings)
{
    struct sums sums = {0};
    each_pin(api, add_up, &sums);
    if (sums.stale > 0)
        json_array_append_new(warnings,
            json_sprintf("files have changed of what is published as %s%s, which is not served "
                         "until it is published again (webinfer publish) or its files are back",
                sums.stale_names.text, sums.stale > NAMED ? " and others" : ""));
    wi_buffer_clear(&sums.stale_names);
}

static void put_gauge(struct wi_buffer *out, const char *name, const char *help, uint64_t value)
{
    wi_metric_head(out, name, "gauge", help);
    wi_metric_value(out, name, (double)value);
}

static void add_up_copy(void *context, const struct wi_pin *pin)
{
    struct sums *sums = context;
    if (pin->kind == WI_PIN_PUBLISHED || pin->kind == WI_PIN_PULLED)
        return;
    sums->count++;
    sums->bytes += pin->bytes;
}

void wi_api_published_metrics(const struct wi_api *api, struct wi_buffer *out)
{
    struct sums sums = {0}, copies = {0};
    if (api->deps.blocks)
        wi_blockstore_check(api->deps.blocks);
    each_pin(api, add_up, &sums);
    wi_buffer_clear(&sums.stale_names);
    if (api->deps.blocks)
        wi_blockstore_each(api->deps.blocks, add_up_copy, &copies);
    put_gauge(out, "webinfer_content_copies", "Models that are here as copies for neighbours.",
        copies.count);
    put_gauge(out, "webinfer_content_copy_bytes", "Bytes of the files of those.", copies.bytes);
    put_gauge(out, "webinfer_published_models", "Models that are published.", sums.count);
    put_gauge(out, "webinfer_published_models_stale",
        "Those of them whose files are not any more what was published.", sums.stale);
    put_gauge(
        out, "webinfer_published_bytes", "Bytes of the files that were published.", sums.bytes);
}
