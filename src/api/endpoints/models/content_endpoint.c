/* See content_endpoint.h. */
#include "api/endpoints/models/content_endpoint.h"

#include "api/endpoints/models/published.h"
#include "api/http/metrics.h"
#include "base/clock.h"
#include "base/memory.h"
#include "wire/describe/schemas.h"
#include <inttypes.h>
#include <stdlib.h>

/* How long a request waits for neighbours that have not said what they have. */
#define WAIT_MS 1000
/* Models that are listed, the others counted. */
#define MODELS_MAX 1000

/* --- sources ---------------------------------------------------------------------------------- */

static const char *state_name(enum wi_block_source_state state)
{
    static const char *const names[] = {
        [WI_SOURCE_READY] = "ready", [WI_SOURCE_RESTING] = "resting", [WI_SOURCE_OUT] = "out"};
    return names[state];
}

/* The time on the wall; 0 where it is ready, or never is. */
static json_int_t source_until(const struct wi_block_source_info *info)
{
    if (info->state == WI_SOURCE_READY || info->until_ms >= WI_NEVER)
        return 0;
    return wi_wall_ms() + (json_int_t)(info->until_ms - wi_awake_ms());
}

/* The configuration takes no URL with a user or a query in it, so that it holds no secret. */
static void add_source(void *list, const struct wi_block_source_info *info)
{
    json_array_append_new(list,
        wi_form_json("BlockSource", info->name, info->url, info->kind == WI_SOURCE_IS_STRANGER,
            state_name(info->state), source_until(info), *info->reason ? info->reason : NULL,
            info->bytes, info->blocks, info->wrong, info->bytes_per_second, info->seen_ms));
}

static json_t *sources_json(const struct wi_api *api)
{
    json_t *list = json_array();
    if (api->deps.sources)
        wi_sources_each(api->deps.sources, add_source, list);
    return list;
}

/* --- models ----------------------------------------------------------------------------------- */

/* First the models published here and the copies of others, then those that neighbours have
 * published. */
struct models {
    json_t *list, *by_cid; /* the rows; the same, {CID: [row]}, with those that are counted */
    size_t more;           /* that are counted */
};

/* `pin` is the part of it that is here; NULL: none is. */
static void add_model(struct models *models, const char *cid, const char *name, uint64_t bytes,
    const struct wi_pin *pin)
{
    json_t *same = json_object_get(models->by_cid, cid);
    int stale = pin && pin->stale, copy = pin && pin->kind != WI_PIN_PUBLISHED;
    if (!same && (same = json_array()))
        json_object_set_new(models->by_cid, cid, same);
    if (json_array_size(models->list) >= MODELS_MAX) {
        models->more++;
        return;
    }
    json_t *row = wi_form_json(
        "ContentModel", cid, name, bytes, pin != NULL, copy, stale, pin && !stale, json_array());
    json_array_append(same, row);
    json_array_append_new(models->list, row);
}

static void add_copy(json_t *row, const char *where)
{
    json_int_t copies = json_integer_value(json_object_get(row, "copies"));
    json_object_set_new(row, "copies", json_integer(copies + 1));
    json_array_append_new(json_object_get(row, "where"), json_string(where));
}

static void add_offered(void *context, const struct wi_offered *offered)
{
    struct models *models = context;
    char cid[WI_CID_TEXT];
    wi_cid_print(offered->cid, cid);
    if (!json_object_get(models->by_cid, cid) && offered->published)
        add_model(models, cid, offered->name, offered->bytes, NULL);
    json_t *list = json_object_get(models->by_cid, cid);
    for (size_t i = 0; i < json_array_size(list); i++)
        add_copy(json_array_get(list, i), offered->neighbour);
}

static json_t *models_json(const struct wi_api *api, size_t *more)
{
    struct models models = {json_array(), json_object(), 0};
    const struct wi_pin *pin;
    if (api->deps.blocks)
        wi_blockstore_check(api->deps.blocks);
    for (size_t i = 0; (pin = wi_blockstore_at(api->deps.blocks, i)); i++)
        if (pin->kind != WI_PIN_PULLED)
            add_model(&models, pin->cid_text, pin->model, pin->bytes, pin);
    if (api->deps.neighbours)
        wi_neighbours_offered(api->deps.neighbours, add_offered, &models);
    json_decref(models.by_cid);
    *more = models.more;
    return models.list;
}

/* --- the answer ------------------------------------------------------------------------------- */

/* A request that waits until neighbours have said what they have. */
struct asker {
    struct wi_request *request;
    struct wi_neighbours_wait *wait;
};

static void content_answer(struct wi_request *request)
{
    const struct wi_api *api = request->api;
    size_t more;
    json_t *models = models_json(api, &more);
    wi_request_answer_json(request, 200,
        wi_form_json("Content", wi_api_is_served(api), sources_json(api), models, more));
}

static void free_asker(void *work)
{
    struct asker *asker = work;
    wi_neighbours_cancel(asker->wait);
    free(asker);
}

static void on_known(void *context)
{
    struct asker *asker = context;
    asker->wait = NULL;
    content_answer(asker->request);
    free_asker(asker);
}

void wi_handle_content(struct wi_request *request)
{
    struct wi_neighbours *neighbours = request->api->deps.neighbours;
    if (!neighbours) {
        content_answer(request);
        return;
    }
    struct asker *asker = wi_alloc(sizeof *asker);
    asker->request = request;
    asker->wait = wi_neighbours_ask(neighbours, WI_NEIGHBOURS_FRESH_MS, WAIT_MS, on_known, asker);
    wi_request_wait(request, free_asker, asker);
}

/* --- metrics ---------------------------------------------------------------------------------- */

/* One counter of each source that is configured. */
struct counter {
    struct wi_buffer *out;
    const char *name, *help;
    size_t at; /* in struct wi_block_source_info */
};

static void put_source_count(void *context, const struct wi_block_source_info *info)
{
    const struct counter *counter = context;
    const void *at = (const char *)info + counter->at;
    if (info->kind != WI_SOURCE_IS_CONFIGURED)
        return;
    wi_buffer_strings(counter->out, counter->name, "{source=", NULL);
    wi_metric_label(counter->out, info->name);
    wi_buffer_printf(counter->out, "} %" PRIu64 "\n", *(const uint64_t *)at);
}

void wi_api_sources_metrics(const struct wi_api *api, struct wi_buffer *out)
{
    struct counter counters[] = {
        {out, "webinfer_source_bytes_total", "Bytes of correct blocks from a source.",
            offsetof(struct wi_block_source_info, bytes)},
        {out, "webinfer_source_blocks_total", "Correct blocks from a source.",
            offsetof(struct wi_block_source_info, blocks)},
        {out, "webinfer_source_wrong_blocks_total", "Wrong blocks from a source.",
            offsetof(struct wi_block_source_info, wrong)},
    };
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        wi_metric_head(out, counters[i].name, "counter", counters[i].help);
        if (api->deps.sources)
            wi_sources_each(api->deps.sources, put_source_count, &counters[i]);
    }
}
