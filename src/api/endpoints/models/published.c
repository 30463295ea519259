/* See published.h. */
#include "api/endpoints/models/published.h"

#include "api/http/metrics.h"
#include "wire/describe/schemas.h"
#include <string.h>

/* Names in a warning. */
#define NAMED 5

/* The next published model from `*at` on, which is advanced past it, unlike copies of models that
 * others have published; NULL: there are no more. */
static const struct wi_pin *next_pin(const struct wi_api *api, size_t *at)
{
    const struct wi_pin *pin;
    while ((pin = wi_blockstore_at(api->deps.blocks, (*at)++)) && pin->kind != WI_PIN_PUBLISHED)
        ;
    return pin;
}

static void pins_check(const struct wi_api *api)
{
    if (api->deps.blocks)
        wi_blockstore_check(api->deps.blocks);
}

/* --- in lists --------------------------------------------------------------------------------- */

static json_t *pin_json(const struct wi_pin *pin)
{
    return wi_form_json(
        "Pin", pin->model, pin->cid_text, pin->bytes, pin->stale, pin->version, pin->published_at);
}

/* As strcmp, of the model's name without a variant. */
static int compare_base(const char *model, const char *name)
{
    size_t length = wi_model_name_base(model);
    int order = strncmp(model, name, length);
    return order != 0 ? order : -(name[length] != '\0');
}

/* Likewise of those between `after` and `last`, as of wi_api_published_index. */
static const struct wi_pin *next_between(
    const struct wi_api *api, const char *after, const char *last, size_t *at)
{
    const struct wi_pin *pin;
    while ((pin = next_pin(api, at)) &&
           (compare_base(pin->model, after) <= 0 || (last && compare_base(pin->model, last) > 0)))
        ;
    return pin;
}

json_t *wi_api_published_index(const struct wi_api *api, const char *after, const char *last)
{
    json_t *index = json_object(), *list;
    const struct wi_pin *pin;
    pins_check(api);
    for (size_t at = 0; (pin = next_between(api, after, last, &at));) {
        size_t length = wi_model_name_base(pin->model);
        if (!(list = json_object_getn(index, pin->model, length)) && (list = json_array()))
            json_object_setn_new(index, pin->model, length, list);
        json_array_append_new(list, pin_json(pin));
    }
    return index;
}

json_t *wi_api_published_json(const struct wi_api *api, const char *after, const char *last)
{
    json_t *list = json_array();
    const struct wi_pin *pin;
    for (size_t at = 0; (pin = next_between(api, after, last, &at));)
        json_array_append_new(list, pin_json(pin));
    return list;
}

void wi_api_add_published(const json_t *index, const char *name, json_t *row)
{
    json_t *list = json_object_getn(index, name, wi_model_name_base(name));
    if (list)
        json_object_set(row, "published", list);
}

/* Whether the pin is of the model of that name without a variant, which has `length` bytes. */
static int pin_is_of(const struct wi_pin *pin, const char *name, size_t length)
{
    return wi_model_name_base(pin->model) == length && memcmp(pin->model, name, length) == 0;
}

void wi_api_add_pins(const struct wi_api *api, const char *name, json_t *row)
{
    json_t *list = json_array();
    const struct wi_pin *pin;
    pins_check(api);
    for (size_t at = 0; (pin = next_pin(api, &at));)
        if (pin_is_of(pin, name, wi_model_name_base(name)))
            json_array_append_new(list, pin_json(pin));
    if (json_array_size(list) > 0)
        json_object_set(row, "published", list);
    json_decref(list);
}

int wi_api_is_served(const struct wi_api *api)
{
    return api->deps.config->content.serve != WI_SERVE_NO;
}

/* --- taking them back ------------------------------------------------------------------------- */

enum wi_code wi_api_unpublish_all(
    const struct wi_api *api, const char *name, json_t *cids, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    const struct wi_pin *pin;
    for (size_t at = 0; code == WI_OK && (pin = next_pin(api, &at));) {
        char cid[WI_CID_TEXT];
        if (!pin_is_of(pin, name, strlen(name)))
            continue;
        code = wi_blockstore_unpublish(api->deps.blocks, pin->model, cid, error);
        at--; /* the next takes its place */
        if (code == WI_OK)
            json_array_append_new(cids, json_string(cid));
    }
    return code;
}

/* --- for the operator ------------------------------------------------------------------------- */

struct sums {
    uint64_t count, stale, bytes, copies, copied; /* copies: of models of others; bytes of those */
    struct wi_buffer stale_names;                 /* the first of them */
};

static struct sums sums_of(const struct wi_api *api)
{
    struct sums sums = {0};
    const struct wi_pin *pin;
    for (size_t i = 0; (pin = wi_blockstore_at(api->deps.blocks, i)); i++) {
        int published = pin->kind == WI_PIN_PUBLISHED;
        int copy = !published && pin->kind != WI_PIN_PULLED;
        sums.count += (uint64_t)published;
        sums.bytes += published ? pin->bytes : 0;
        sums.copies += (uint64_t)copy;
        sums.copied += copy ? pin->bytes : 0;
        if (published && pin->stale && sums.stale++ < NAMED)
            wi_buffer_strings(
                &sums.stale_names, sums.stale_names.size ? ", " : "", pin->model, NULL);
    }
    return sums;
}

void wi_api_published_warnings(const struct wi_api *api, json_t *warnings)
{
    struct sums sums = sums_of(api);
    if (sums.stale > 0)
        json_array_append_new(warnings,
            json_sprintf("files have changed of what is published as %s%s, which is not served "
                         "until it is published again (webinfer publish) or its files are back",
                sums.stale_names.text, sums.stale > NAMED ? " and others" : ""));
    wi_buffer_clear(&sums.stale_names);
}

void wi_api_published_metrics(const struct wi_api *api, struct wi_buffer *out)
{
    pins_check(api);
    struct sums sums = sums_of(api);
    wi_buffer_clear(&sums.stale_names);
    const struct wi_metric rows[] = {
        {"webinfer_content_copies", "Models that are here as copies for neighbours.", sums.copies},
        {"webinfer_content_copy_bytes", "Bytes of the files of these copies.", sums.copied},
        {"webinfer_published_models", "Models that are published.", sums.count},
        {"webinfer_published_models_stale",
            "Published models whose files have changed since they were published.", sums.stale},
        {"webinfer_published_bytes", "Bytes of the files that were published.", sums.bytes},
    };
    WI_METRIC_ROWS(out, rows);
}
